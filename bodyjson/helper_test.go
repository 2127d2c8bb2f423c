package bodyjson_test

import (
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
)

// rejectGrace is the time in which a client may continue to send a rejected body.
const rejectGrace = 20 * time.Millisecond

// TestMain keeps the log of the failures that are wanted out of the tests' own.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	bodyjson.SetRejectGrace(rejectGrace)
	os.Exit(m.Run())
}

// allocated returns the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// inUse returns the bytes in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
