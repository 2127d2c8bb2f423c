package adaptertest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/hipflask/hipflask/status"
)

// TestNetHTTP runs the suite without a framework: what the adapters are measured
// by.
func TestNetHTTP(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Kind: adaptertest.NetHTTP,
		New: func(rd *errjson.Renderer) adaptertest.App {
			wrap := errjson.Wrap
			if rd != nil {
				wrap = rd.Wrap
			}
			return &app{mux: http.NewServeMux(), wrap: wrap}
		},
	})
}

type app struct {
	mux         *http.ServeMux
	wrap        adaptertest.Middleware
	middlewares []adaptertest.Middleware
	once        sync.Once
	handler     http.Handler
	group       bool
	prefix      string
}

func around(h http.Handler, middlewares []adaptertest.Middleware) http.Handler {
	for _, m := range slices.Backward(middlewares) {
		h = m(h)
	}
	return h
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.once.Do(func() { a.handler = a.wrap(around(a.mux, a.middlewares)) })
	a.handler.ServeHTTP(w, r)
}

func (a *app) Use(m ...adaptertest.Middleware) { a.middlewares = append(a.middlewares, m...) }

func (a *app) UseNative(func(adaptertest.C, func() error) error) {
	panic("net/http has no middlewares of its own")
}

func (a *app) Group(prefix string) adaptertest.App {
	return &app{mux: a.mux, group: true, prefix: prefix}
}

var param = regexp.MustCompile(`:(\w+)`)

func (a *app) Handle(method, path string, handler func(adaptertest.C) error, m ...adaptertest.Middleware) {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler(c{w, r}); err != nil {
			errjson.Write(w, r, err)
		}
	})
	h = around(h, m)
	if a.group {
		h = around(h, a.middlewares)
	}
	pattern := a.prefix + param.ReplaceAllString(path, "{$1}")
	if path == "/" {
		pattern += "{$}"
	}
	a.mux.Handle(method+" "+pattern, h)
}

func (a *app) CORS(policy adaptertest.Policy) {
	a.Use(policy.(interface {
		Wrap(http.Handler) http.Handler
	}).Wrap)
}

func (a *app) Value(method, path string, fn func(adaptertest.C) (any, error), m ...adaptertest.Middleware) {
	a.Handle(method, path, func(x adaptertest.C) error {
		status.Handler(func(r *http.Request) (any, error) { return fn(x) }).ServeHTTP(x.Writer(), x.Request())
		return nil
	}, m...)
}

func (a *app) Body(path string, handler func(adaptertest.C) error) {
	a.Handle("POST", path, handler, bodyjson.New[adaptertest.Item](bodyjson.Config{}))
}

type c struct {
	w http.ResponseWriter
	r *http.Request
}

func (c c) Request() *http.Request      { return c.r }
func (c c) Writer() http.ResponseWriter { return c.w }
func (c c) Identity() any               { return c.r }
func (c c) Multipart() error            { return c.r.ParseMultipartForm(1) }

func (c c) Item() (adaptertest.Item, error) { return bodyjson.Get[adaptertest.Item](c.r) }
func (c c) Bind(v any) error                { return json.NewDecoder(c.r.Body).Decode(v) }

func (c c) String(status int, body string) error {
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	c.w.WriteHeader(status)
	_, err := io.WriteString(c.w, body)
	return err
}
