package echoadapter_test

import (
	"net/http"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v5"
)

// TestConformance runs the suite that the adapters share.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Kind:     adaptertest.Echo,
		Closures: closures,
		New: func(rd *errjson.Renderer) adaptertest.App {
			e, a := newApp(rd)
			return app{e, e, a}
		},
	})
}

// A router is an application or a group.
type router interface {
	Use(...echo.MiddlewareFunc)
	Group(string, ...echo.MiddlewareFunc) *echo.Group
	Add(string, string, echo.HandlerFunc, ...echo.MiddlewareFunc) echo.RouteInfo
}

// An app implements adaptertest.PreApp.
type app struct {
	*echo.Echo
	router  router
	adapter *echoadapter.Adapter
}

func (a app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.Echo.ServeHTTP(w, requestForEcho(r))
}

func (a app) Use(m ...adaptertest.Middleware) { a.router.Use(a.adapter.Wrap(m...)) }
func (a app) Pre(m ...adaptertest.Middleware) { a.Echo.Pre(a.adapter.Wrap(m...)) }

func (a app) UseNative(fn func(adaptertest.C, func() error) error) {
	a.router.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			return fn(echoC{c}, func() error { return next(c) })
		}
	})
}

func (a app) Group(prefix string) adaptertest.App {
	return app{a.Echo, a.router.Group(prefix), a.adapter}
}

func (a app) Handle(
	method, path string, handler func(adaptertest.C) error, m ...adaptertest.Middleware) {
	h := func(c *echo.Context) error { return handler(echoC{c}) }
	a.router.Add(method, path, h, a.wrapped(m)...)
}

// wrapped returns a Wrap of the middlewares if there are any.
func (a app) wrapped(m []adaptertest.Middleware) []echo.MiddlewareFunc {
	if len(m) == 0 {
		return nil
	}
	return []echo.MiddlewareFunc{a.adapter.Wrap(m...)}
}

func (a app) CORS(policy adaptertest.Policy) { a.router.Use(a.adapter.CORS(policy)) }

func (a app) Value(
	method, path string, fn func(adaptertest.C) (any, error), m ...adaptertest.Middleware) {
	h := echoadapter.Handle(func(c *echo.Context) (any, error) { return fn(echoC{c}) })
	a.router.Add(method, path, h, a.wrapped(m)...)
}

func (a app) Body(path string, handler func(adaptertest.C) error) {
	h := func(c *echo.Context) error { return handler(echoC{c}) }
	a.router.Add("POST", path, h, echoadapter.Body[adaptertest.Item](bodyjson.Config{}))
}

// echoC implements adaptertest.C.
type echoC struct{ c *echo.Context }

func (e echoC) Request() *http.Request      { return e.c.Request() }
func (e echoC) Writer() http.ResponseWriter { return e.c.Response() }
func (e echoC) Identity() any               { return e.c }

func (e echoC) Item() (adaptertest.Item, error) { return echoadapter.Get[adaptertest.Item](e.c) }
func (e echoC) Bind(v any) error                { return e.c.Bind(v) }

func (e echoC) String(status int, body string) error { return e.c.String(status, body) }

func (e echoC) Multipart() error { return e.c.Request().ParseMultipartForm(1) }
