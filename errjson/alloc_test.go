package errjson_test

import (
	"io"
	"log/slog"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/errjson"
)

// A forgetful writer costs nothing.
type forgetful struct{ header http.Header }

func (w *forgetful) Header() http.Header         { return w.header }
func (w *forgetful) Write(p []byte) (int, error) { return len(p), nil }
func (w *forgetful) WriteHeader(int)             {}

// A forgetful writer of HTTP/1.1.
type forgetfulHTTP1 struct {
	forgetful
	http.Hijacker
}

func (w *forgetfulHTTP1) ReadFrom(src io.Reader) (int64, error) { return io.Copy(io.Discard, src) }

// measure returns the allocations and the bytes that one request costs.
func measure(handler http.Handler, w http.ResponseWriter, r *http.Request) (allocs, bytes float64) {
	serve := func() {
		clear(w.Header())
		handler.ServeHTTP(w, r)
	}
	allocs = testing.AllocsPerRun(100, serve)
	const runs = 1000
	bytes = math.Inf(1)
	for range 10 { // the least: other goroutines allocate, too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			serve()
		}
		runtime.ReadMemStats(&after)
		bytes = min(bytes, float64(after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return allocs, bytes
}

func TestAllocations(t *testing.T) {
	rd := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	body := []byte(strings.Repeat("x", 100_000))
	notFound := errjson.NotFound("No item 7.")
	file := strings.NewReader(string(body))
	writers := map[string]http.ResponseWriter{
		"HTTP/1.1": &forgetfulHTTP1{forgetful: forgetful{http.Header{}}},
		"HTTP/2":   &forgetful{http.Header{}},
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		allocs  float64
		bytes   float64
	}{
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, 1, 48},
		{"success", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			for range 10 {
				_, _ = w.Write(body)
			}
		}, 1, 48},
		{"copied", func(w http.ResponseWriter, _ *http.Request) {
			file.Reset(string(body[:0])) // no conversion of the body is to be measured
			_, _ = io.Copy(w, file)
		}, 1, 48},
		{"a Render inside", quiet.Render(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP, 2, 48 + 48},
		{"an error", func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, notFound) }, 2, 48 + 48},
		{"the text of a router", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("404 page not found\n"))
		}, 4, 304},
	} {
		for name, w := range writers {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				allocs, bytes := measure(rd.Wrap(c.handler), w, get("/"))
				if raceEnabled {
					return // the handler has run, and the counts are not the package's
				}
				assert.LessOrEqual(t, allocs, c.allocs)
				assert.LessOrEqual(t, bytes, c.bytes+1) // of the measurement
				if c.allocs == 1 {
					assert.Equal(t, 1.0, allocs)
				}
			})
		}
	}
}
