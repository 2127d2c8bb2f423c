package echoadapter_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echov4"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/stretchr/testify/assert"
)

// This file has the parts of the tests that differ between the versions of Echo.

// closures is the number of allocations of Echo for each middleware of a request. Echo v4 builds
// the chain of its middlewares for each request.
const closures = 1.0

// rewritesReplaced reports whether Echo routes by the rewritten path of a request that a middleware
// has replaced. Echo v4 routes by its own request.
const rewritesReplaced = false

func newEcho() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	return e
}

func responseOf(c echo.Context) *echo.Response { return c.Response() }

// handleError calls the HTTPErrorHandler.
func handleError(c echo.Context, err error) { c.Error(err) }

func wrapping(outer *echo.HTTPError, inner error) error { return outer.SetInternal(inner) }

// handleErrors sets an HTTPErrorHandler that calls fn.
func handleErrors(e *echo.Echo, fn func(c echo.Context, err error)) {
	e.HTTPErrorHandler = func(err error, c echo.Context) { fn(c, err) }
}

// callErrorHandler calls a.ErrorHandler.
func callErrorHandler(a *echoadapter.Adapter, c echo.Context, err error) { a.ErrorHandler(err, c) }

// requestForEcho returns the request for the application.
func requestForEcho(r *http.Request) *http.Request { return r }

// TestHTTPError tests an HTTPError whose message is not a string, and one that contains another
// one.
func TestHTTPError(t *testing.T) {
	for _, v := range []struct {
		name string
		err  error
		want string
	}{
		{"map", echo.NewHTTPError(422, map[string]any{"name": "too short"}),
			`"details":{"name":"too short"}}`},
		{"error", echo.NewHTTPError(422, errors.New("The name is too short.")),
			`"message":"The name is too short.","status":422}`},
		{"HTTPError in another one",
			echo.NewHTTPError(400, "Outer.").SetInternal(echo.NewHTTPError(409, "Inner.")),
			`"message":"Inner.","status":409}`},
		{"empty message", &echo.HTTPError{Code: 410}, adaptertest.Failure(410, "")},
	} {
		t.Run(v.name, func(t *testing.T) {
			e, _ := newApp(nil)
			e.GET("/", func(echo.Context) error { return v.err })
			assert.Contains(t, adaptertest.Serve(t, e).Get("/"), v.want)
		})
	}
}

// TestPanicReturned documents that a Recover with DisableErrorHandler hides the panic: its error is
// the one of a handler.
func TestPanicReturned(t *testing.T) {
	var log eventLog
	e, _ := newApp(errjson.NewRenderer(log.config()))
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisableErrorHandler: true}))
	e.GET("/", func(c echo.Context) error {
		_ = c.String(200, "first")
		panic("secret")
	})
	assert.Contains(t, adaptertest.Serve(t, e).Get("/"), "200; ")
	assert.Equal(t, []string{"WARN error after the response 200"}, log.records(t))
}

// TestPanicOutside tests that an error is not taken for a panic if the application itself is served
// by a deferred function during a panic.
func TestPanicOutside(t *testing.T) {
	var log eventLog
	e, _ := newApp(errjson.NewRenderer(log.config()))
	e.GET("/", func(c echo.Context) error { return errors.Join(c.String(200, "sent"), errSecret) })
	fallback := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				e.ServeHTTP(w, r)
			}
		}()
		panic("!")
	})
	assert.Contains(t, adaptertest.Serve(t, fallback).Get("/"), "; sent")
	assert.Equal(t, []string{"WARN error after the response 200"}, log.records(t))
}
