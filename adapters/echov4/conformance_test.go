package echoadapter_test

import (
	"net/http"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echov4"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v4"
)

// TestConformance runs the suite that all adapters share.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Kind:     adaptertest.Echo,
		Closures: closures,
		New: func(rd *errjson.Renderer) adaptertest.App {
			e := newEcho()
			e.HTTPErrorHandler = echoadapter.ErrorHandler(rd)
			return app{e, e}
		},
	})
}

// router is what an application and a group have in common.
type router interface {
	Use(...echo.MiddlewareFunc)
	Group(string, ...echo.MiddlewareFunc) *echo.Group
	Add(string, string, echo.HandlerFunc, ...echo.MiddlewareFunc) *echo.Route
}

// app is an application or a group as the suite wants it.
type app struct {
	*echo.Echo
	router router
}

func (a app) Use(m ...adaptertest.Middleware) { a.router.Use(echoadapter.Wrap(m...)) }
func (a app) Pre(m ...adaptertest.Middleware) { a.Echo.Pre(echoadapter.Wrap(m...)) }

func (a app) UseNative(fn func(adaptertest.C, func() error) error) {
	a.router.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			return fn(echoC{c}, func() error { return next(c) })
		}
	})
}

func (a app) Group(prefix string) adaptertest.App { return app{a.Echo, a.router.Group(prefix)} }

func (a app) Handle(method, path string, handler func(adaptertest.C) error, m ...adaptertest.Middleware) {
	a.router.Add(method, path, func(c echo.Context) error { return handler(echoC{c}) }, wrapped(m)...)
}

// wrapped returns a Wrap of the middlewares, or none if there are none.
func wrapped(m []adaptertest.Middleware) []echo.MiddlewareFunc {
	if len(m) == 0 {
		return nil
	}
	return []echo.MiddlewareFunc{echoadapter.Wrap(m...)}
}

func (a app) CORS(policy adaptertest.Policy) { a.router.Use(echoadapter.CORS(policy)) }

func (a app) Value(method, path string, fn func(adaptertest.C) (any, error), m ...adaptertest.Middleware) {
	a.router.Add(method, path, echoadapter.Handle(func(c echo.Context) (any, error) { return fn(echoC{c}) }), wrapped(m)...)
}

func (a app) Body(path string, handler func(adaptertest.C) error) {
	a.router.Add("POST", path, func(c echo.Context) error { return handler(echoC{c}) },
		echoadapter.Body[adaptertest.Item](bodyjson.Config{}))
}

type echoC struct{ c echo.Context }

func (e echoC) Request() *http.Request      { return e.c.Request() }
func (e echoC) Writer() http.ResponseWriter { return e.c.Response() }
func (e echoC) Identity() any               { return e.c }

func (e echoC) Item() (adaptertest.Item, error) { return echoadapter.Get[adaptertest.Item](e.c) }
func (e echoC) Bind(v any) error                { return e.c.Bind(v) }

func (e echoC) String(status int, body string) error { return e.c.String(status, body) }

func (e echoC) Multipart() error { return e.c.Request().ParseMultipartForm(1) }
