package adapter_test

import (
	"bytes"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/status"
	"github.com/stretchr/testify/assert"
)

func TestCompose(t *testing.T) {
	var order []string
	note := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	last := func(http.ResponseWriter, *http.Request) { order = append(order, "last") }
	adapter.Compose([]func(http.Handler) http.Handler{note("a"), note("b")}, last).ServeHTTP(nil, nil)
	adapter.Compose(nil, last).ServeHTTP(nil, nil)
	assert.Equal(t, []string{"a", "b", "last", "last"}, order)
	assert.Panics(t, func() { adapter.Compose([]func(http.Handler) http.Handler{nil}, last) })
}

func TestGate(t *testing.T) {
	var g adapter.Gate
	assert.False(t, g.Entered())
	assert.True(t, g.Enter())
	assert.True(t, g.Entered(), "a goroutine is inside")

	var group sync.WaitGroup
	closed := make(chan struct{})
	group.Go(func() { g.Close(); close(closed) })
	select {
	case <-closed:
		t.Error("Close does not wait")
	case <-time.After(10 * time.Millisecond):
	}
	assert.False(t, g.Closed())
	g.Leave()
	group.Wait()
	assert.True(t, g.Closed())
	assert.False(t, g.Enter())
	assert.True(t, g.Entered(), "a goroutine was inside")
}

func TestFindWriter(t *testing.T) {
	rec := httptest.NewRecorder()
	found, ok := adapter.FindWriter(wrapper{wrapper{rec}}, func(*httptest.ResponseRecorder) bool { return true })
	assert.True(t, ok)
	assert.Same(t, rec, found)
	_, ok = adapter.FindWriter(wrapper{rec}, func(*httptest.ResponseRecorder) bool { return false })
	assert.False(t, ok)
	_, ok = adapter.FindWriter(nil, func(*httptest.ResponseRecorder) bool { return true })
	assert.False(t, ok)
}

func TestWithPattern(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	assert.Same(t, r, adapter.WithPattern(r, ""))
	with := adapter.WithPattern(r, "/items/:id")
	assert.Equal(t, "/items/:id", with.Pattern)
	assert.Empty(t, r.Pattern, "r is not changed")
	assert.Same(t, with, adapter.WithPattern(with, "/items/:id"))
	assert.Equal(t, "/other", adapter.WithPattern(with, "/other").Pattern, "the pattern of an outer router is replaced")
}

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestWriteValue(t *testing.T) {
	write := func(value any) (string, error) {
		w := httptest.NewRecorder()
		err := adapter.WriteValue(w, httptest.NewRequest("GET", "/", nil), value)
		return http.StatusText(w.Code) + " " + w.Body.String(), err
	}
	resp := status.Accepted(1)
	for _, v := range []struct {
		value any
		want  string
	}{{1, "OK 1\n"}, {nil, "OK null\n"}, {resp, "Accepted 1\n"}, {&resp, "Accepted 1\n"}, {(*status.Response)(nil), "OK null\n"}} {
		got, err := write(v.value)
		assert.NoError(t, err)
		assert.Equal(t, v.want, got)
	}
	got, err := write(func() {})
	assert.Error(t, err)
	assert.Equal(t, "OK ", got, "nothing was written")
}

func TestLogSent(t *testing.T) {
	var log bytes.Buffer
	var reported []int
	rd := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})),
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) },
	})
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	adapter.LogSent(rd, w, r, 201, errors.New("rollback failed"))
	adapter.LogSent(rd, w, r, 503, errors.New("no connection"))
	assert.Equal(t, []int{500, 500}, reported)
	assert.Equal(t, `level=WARN msg="error after the response" method=GET path=/ status=201 error="rollback failed"
level=ERROR msg="error after the response" method=GET path=/ status=503 error="no connection"
`, log.String())
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { adapter.LogSent(rd, w, r, 200, http.ErrAbortHandler) })

	// Without a renderer, those around the writer are used.
	reported = nil
	rd.Render(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		adapter.LogSent(nil, w, r, 200, errors.New("rollback failed"))
	})).ServeHTTP(w, r)
	assert.Equal(t, []int{500}, reported)
	assert.Empty(t, w.Body.String(), "nothing is written")
}

// TestSetPathValues tests that the values of a copied request are its own.
func TestSetPathValues(t *testing.T) {
	one := func(name, value string) iter.Seq2[string, string] { return maps.All(map[string]string{name: value}) }
	r := httptest.NewRequest("GET", "/", nil)
	r.SetPathValue("outer", "1")
	copied := r.WithContext(t.Context())
	adapter.SetPathValues(copied, one("id", "7"))
	assert.Equal(t, "7", copied.PathValue("id"))
	assert.Equal(t, "1", copied.PathValue("outer"), "those of a router outside stay")
	assert.Empty(t, r.PathValue("id"), "the original is not changed")

	again := copied.WithContext(t.Context())
	values := one("id", "7")
	assert.Zero(t, testing.AllocsPerRun(10, func() { adapter.SetPathValues(again, values) }), "it is there already")

	mux := http.NewServeMux()
	mux.HandleFunc("/tenants/{id}/", func(_ http.ResponseWriter, r *http.Request) {
		copied := r.WithContext(t.Context())
		adapter.SetPathValues(copied, one("id", "8"))
		assert.Equal(t, "8", copied.PathValue("id"))
		assert.Equal(t, "7", r.PathValue("id"))
		copied.Header.Set("X-Shared", "1")
		assert.Equal(t, "1", r.Header.Get("X-Shared"), "the headers are shared")
		assert.Same(t, r.URL, copied.URL)
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tenants/7/items/8", nil))
}

func TestWrite(t *testing.T) {
	ours := errjson.NewRenderer(errjson.Config{Format: tagged("ours")})
	other := errjson.NewRenderer(errjson.Config{Format: tagged("other")})
	inner := errjson.NewRenderer(errjson.Config{Format: tagged("inner")})
	for name, v := range map[string]struct {
		outer *errjson.Renderer
		want  string
	}{
		"the writer names it":      {ours, "{\"inner\":410}\n"},
		"the writer names another": {other, "{\"ours\":410}\n"},
		"no renderer":              {ours, "{\"inner\":410}\n"},
	} {
		w := httptest.NewRecorder()
		v.outer.Render(inner.Render(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rd := ours
			if name == "no renderer" {
				rd = nil
			}
			adapter.Write(rd, w, r, errjson.Gone(""))
		}))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		assert.Equal(t, v.want, w.Body.String(), name)
	}
}

func tagged(tag string) errjson.Format {
	return func(_ *http.Request, e *errjson.Error) errjson.Response {
		return errjson.Response{Body: map[string]int{tag: e.Status}}
	}
}
