package bodyjson_test

import (
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
)

// TestMain keeps the log of the failures that are wanted out of the tests' own.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	bodyjson.SetRejectGrace(20 * time.Millisecond)
	os.Exit(m.Run())
}

// allocated returns the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
