package bridge_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
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
	bridge.Compose([]func(http.Handler) http.Handler{note("a"), note("b")}, last).ServeHTTP(nil, nil)
	bridge.Compose(nil, last).ServeHTTP(nil, nil)
	assert.Equal(t, []string{"a", "b", "last", "last"}, order)
	assert.Panics(t, func() { bridge.Compose([]func(http.Handler) http.Handler{nil}, last) })
}

func TestGate(t *testing.T) {
	var g bridge.Gate
	assert.False(t, g.Entered())
	assert.True(t, g.Enter())
	assert.True(t, g.Entered(), "somebody is inside")

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
	assert.True(t, g.Entered(), "somebody was inside")
}

func TestReturnForms(t *testing.T) {
	to, from := httptest.NewRequest("POST", "/?a=1", nil), httptest.NewRequest("POST", "/?a=2", nil)
	assert.NoError(t, from.ParseForm())
	bridge.ReturnForms(to, from)
	assert.Equal(t, "2", to.Form.Get("a"))
	assert.NotNil(t, to.PostForm)
	again := httptest.NewRequest("POST", "/?a=3", nil)
	assert.NoError(t, again.ParseForm())
	bridge.ReturnForms(to, again)
	assert.Equal(t, "2", to.Form.Get("a"), "what is there stays")
}

func TestFindWriter(t *testing.T) {
	rec := httptest.NewRecorder()
	found, ok := bridge.FindWriter(wrapper{wrapper{rec}}, func(*httptest.ResponseRecorder) bool { return true })
	assert.True(t, ok)
	assert.Same(t, rec, found)
	_, ok = bridge.FindWriter(wrapper{rec}, func(*httptest.ResponseRecorder) bool { return false })
	assert.False(t, ok)
	_, ok = bridge.FindWriter(nil, func(*httptest.ResponseRecorder) bool { return true })
	assert.False(t, ok)
}

func TestCanFlush(t *testing.T) {
	assert.True(t, bridge.CanFlush(wrapper{httptest.NewRecorder()}))
	assert.True(t, bridge.CanFlush(struct {
		http.ResponseWriter
		flushError
	}{}))
	assert.False(t, bridge.CanFlush(wrapper{bridge.Nowhere{}}))
	assert.False(t, bridge.CanFlush(nil))
}

type flushError struct{}

func (flushError) FlushError() error { return nil }

func TestWithPattern(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	assert.Same(t, r, bridge.WithPattern(r, ""))
	with := bridge.WithPattern(r, "/items/:id")
	assert.Equal(t, "/items/:id", with.Pattern)
	assert.Empty(t, r.Pattern, "r is not written")
	assert.Same(t, with, bridge.WithPattern(with, "/items/:id"))
	assert.Equal(t, "/other", bridge.WithPattern(with, "/other").Pattern, "that of a router outside gives way")
}

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestIsInformational(t *testing.T) {
	for code, want := range map[int]bool{99: false, 100: true, 101: false, 103: true, 199: true, 200: false} {
		assert.Equal(t, want, bridge.IsInformational(code), code)
	}
}

func TestAnswer(t *testing.T) {
	answer := func(value any) (string, error) {
		w := httptest.NewRecorder()
		err := bridge.Answer(w, httptest.NewRequest("GET", "/", nil), value)
		return http.StatusText(w.Code) + " " + w.Body.String(), err
	}
	resp := status.Accepted(1)
	for _, v := range []struct {
		value any
		want  string
	}{{1, "OK 1\n"}, {nil, "OK null\n"}, {resp, "Accepted 1\n"}, {&resp, "Accepted 1\n"}, {(*status.Response)(nil), "OK null\n"}} {
		got, err := answer(v.value)
		assert.NoError(t, err)
		assert.Equal(t, v.want, got)
	}
	got, err := answer(func() {})
	assert.Error(t, err)
	assert.Equal(t, "OK ", got, "nothing was sent")
}

func TestRecord(t *testing.T) {
	var reported []int
	rd := errjson.NewRenderer(errjson.Config{Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) }})
	assert.Same(t, rd, bridge.Renderer(rd))
	assert.NotNil(t, bridge.Renderer(nil))
	r := httptest.NewRequest("GET", "/", nil)
	bridge.Record(rd, r, errors.New("secret"))
	assert.Equal(t, []int{500}, reported)
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { bridge.Record(rd, r, http.ErrAbortHandler) })
}

func TestApp(t *testing.T) {
	ours := errjson.NewRenderer(errjson.Config{Format: errjson.Restful})
	notFound := errors.New("not found")
	answering := func(q *bridge.Question) {
		q.NotFound = notFound
		assert.ErrorIs(t, q, notFound)
		assert.ErrorContains(t, q, "no request has failed")
		q.Answer = ours
	}
	asked := 0
	app := bridge.NewApp("key", func(q *bridge.Question) { asked++; answering(q) })
	again := bridge.NewApp("key", answering)
	answer := func(enter ...*bridge.App) string {
		r := httptest.NewRequest("GET", "/", nil)
		for _, a := range enter {
			a.Enter(r)
		}
		w := httptest.NewRecorder()
		errjson.Write(w, r, errjson.Gone("Gone."))
		return w.Body.String()
	}
	assert.Equal(t, "{\"message\":\"Gone.\"}\n", answer(app, again))
	assert.Equal(t, "{\"message\":\"Gone.\"}\n", answer(app))
	assert.Equal(t, 1, asked)
	for name, ask := range map[string]func(*bridge.Question){
		"none of ours": func(*bridge.Question) {}, "one that panics": func(*bridge.Question) { panic("!") },
	} {
		assert.Contains(t, answer(bridge.NewApp("other", ask)), `"status":410`, name)
	}

	// Inside of an application, Write answers at the place of its renderer.
	inner := errjson.NewRenderer(errjson.Config{Format: errjson.Problem})
	for name, v := range map[string]struct {
		rd   *errjson.Renderer
		want string
	}{
		"that of the application": {ours, `"title":"Gone"`},
		"another":                 {errjson.NewRenderer(errjson.Config{Format: errjson.Simple}), `"error":"Gone"`},
	} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		app.Enter(r)
		inner.Render(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			bridge.Write(v.rd, w, r, errjson.Gone("Gone."))
		})).ServeHTTP(w, r)
		assert.Contains(t, w.Body.String(), v.want, name)
	}
}

func TestSetPathValue(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	bridge.SetPathValue(r, "id", "7")
	assert.Equal(t, "7", r.PathValue("id"))
	// A copy shares the map: that the value is there already must not be written.
	copied := r.WithContext(t.Context())
	assert.Zero(t, testing.AllocsPerRun(10, func() { bridge.SetPathValue(copied, "id", "7") }))

	// Nor must a value of the same name that a router outside has found.
	bridge.SetPathValue(copied, "id", "8")
	assert.Equal(t, "8", copied.PathValue("id"))
	assert.Equal(t, "7", r.PathValue("id"))
	mux := http.NewServeMux()
	mux.HandleFunc("/tenants/{id}/", func(_ http.ResponseWriter, r *http.Request) {
		copied := r.WithContext(t.Context())
		bridge.SetPathValue(copied, "id", "8")
		assert.Equal(t, "8", copied.PathValue("id"))
		assert.Equal(t, "7", r.PathValue("id"))
		copied.Header.Set("X-Shared", "1")
		assert.Equal(t, "1", r.Header.Get("X-Shared"), "all else is shared")
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tenants/7/items/8", nil))
}
