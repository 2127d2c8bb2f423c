package bodyjson_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

// A quietWriter is an http.ResponseWriter that discards the response.
type quietWriter struct{ header http.Header }

func (w quietWriter) Header() http.Header         { return w.header }
func (w quietWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w quietWriter) WriteHeader(int)             {}

// A plainBody is a body that implements io.ReadCloser only.
type plainBody struct{ r bytes.Reader }

func (b *plainBody) Read(p []byte) (int, error) { return b.r.Read(p) }
func (b *plainBody) Close() error               { return nil }

type account struct {
	ID     int     `json:"id" required:"true"`
	Name   string  `json:"name" required:"true"`
	Email  string  `json:"email" required:"true"`
	Age    int     `json:"age"`
	Score  float64 `json:"score"`
	Active bool    `json:"active"`
	Role   string  `json:"role"`
}

// allocations returns the number of allocations for one request with a small body. floor is the
// number for the v2 decoder alone, including one for the value.
func allocations[T any](t *testing.T, mw func(http.Handler) http.Handler, handler http.HandlerFunc) (all, floor float64) {
	t.Helper()
	data := []byte(`{"id":12345,"name":"Ada Lovelace the First","email":"ada.lovelace@example.com","age":36,"score":9.75,"active":true,"role":"administrator"}`)
	r := post("")
	body := new(plainBody)
	h := mw(handler)
	w := quietWriter{http.Header{}}
	all = testing.AllocsPerRun(200, func() {
		body.r.Reset(data)
		r.Body, r.ContentLength = body, int64(len(data))
		h.ServeHTTP(w, r)
	})
	require.Empty(t, w.header, "the request was rejected")
	floor = testing.AllocsPerRun(200, func() {
		if err := json.Unmarshal(data, new(T)); err != nil {
			t.Error(err)
		}
	})
	return all, floor
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates memory
	}
	nothing := func(http.ResponseWriter, *http.Request) {}
	t.Run("typed", func(t *testing.T) {
		all, floor := allocations[account](t, bodyjson.New[account](bodyjson.Config{}), func(_ http.ResponseWriter, r *http.Request) {
			_, _ = bodyjson.FromContext[account](r.Context())
			_, _ = bodyjson.Get[account](r)
		})
		assert.LessOrEqual(t, all, floor+2, "the maximum")
		assert.LessOrEqual(t, all, 2.0, "the current number: one with the value, and one for all strings")
	})
	t.Run("any", func(t *testing.T) {
		all, floor := allocations[any](t, bodyjson.New[any](bodyjson.Config{}), nothing)
		assert.Less(t, all, floor)
		assert.LessOrEqual(t, all, 10.0, "the request, the map, six values in interfaces, and one block for all strings")
	})
	t.Run("Lazy without Get", func(t *testing.T) {
		all, _ := allocations[account](t, bodyjson.Lazy(bodyjson.Config{}), nothing)
		assert.LessOrEqual(t, all, 1.0)
	})
	t.Run("Lazy with Get", func(t *testing.T) {
		all, _ := allocations[account](t, bodyjson.Lazy(bodyjson.Config{}), func(_ http.ResponseWriter, r *http.Request) {
			_, _ = bodyjson.Get[account](r)
			_, _ = bodyjson.Get[account](r)
		})
		assert.LessOrEqual(t, all, 3.0, "including the cached result")
	})
}
