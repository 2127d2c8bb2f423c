package bodyjson_test

import (
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// rejectGrace is the time in which a client may continue to send a rejected body.
const rejectGrace = 20 * time.Millisecond

// TestMain discards the log of expected errors.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	bodyjson.SetRejectGrace(rejectGrace)
	os.Exit(m.Run())
}

// allocated returns the total number of bytes allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// inUse returns the number of bytes in use after a garbage collection.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // frees the buffers of pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// detailsOf returns the field errors of e, or its syntax error.
func detailsOf(e *errjson.Error) []errjson.FieldError {
	if s, ok := e.Details.(errjson.SyntaxError); ok {
		return []errjson.FieldError{errjson.FieldError(s)}
	}
	return e.Fields()
}
