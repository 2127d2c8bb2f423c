package echoadapter_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/assert"
)

// What the tests need of one version of Echo is here.

// closures is what Echo allocates for each middleware of a request.
const closures = 0.0

func newEcho() *echo.Echo {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	return e
}

func responseOf(c *echo.Context) *echo.Response {
	response, err := echo.UnwrapResponse(c.Response())
	if err != nil {
		panic(err)
	}
	return response
}

func handleError(c *echo.Context, err error) { c.Echo().HTTPErrorHandler(c, err) }

func wrapping(outer *echo.HTTPError, inner error) error { return outer.Wrap(inner) }

// calling sets an HTTPErrorHandler that calls another one, with an error of its own around.
func calling(e *echo.Echo, other echo.HTTPErrorHandler) {
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		c.Response().Header().Set("X-Path", c.Path()+c.Request().URL.Path)
		other(c, fmt.Errorf("x: %w", err))
	}
}

func panicking(e *echo.Echo) {
	e.HTTPErrorHandler = func(c *echo.Context, err error) { panic("!") }
}

// telling sets an HTTPErrorHandler that looks at the error, as those that log do.
func telling(t *testing.T, e *echo.Echo) {
	e.HTTPErrorHandler = func(c *echo.Context, err error) {
		assert.ErrorIs(t, err, echo.ErrNotFound)
		assert.Contains(t, err.Error(), "no request has failed")
		_ = c.JSON(404, err.Error())
	}
}

// ignoring sets an HTTPErrorHandler that does not look whether the response is
// committed.
func ignoring(e *echo.Echo) {
	e.HTTPErrorHandler = func(c *echo.Context, err error) { _ = c.String(500, "E") }
}

// opaque is a writer that does not unwrap.
type opaque struct{ w http.ResponseWriter }

func (o opaque) Header() http.Header         { return o.w.Header() }
func (o opaque) WriteHeader(status int)      { o.w.WriteHeader(status) }
func (o opaque) Write(p []byte) (int, error) { return o.w.Write(p) }

// TestSetResponse tests a response that does not lead to Echo's own.
func TestSetResponse(t *testing.T) {
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			before := c.Response()
			c.SetResponse(opaque{before})
			defer c.SetResponse(before)
			return next(c)
		}
	})
	e.Use(echoadapter.Wrap(errjson.Recover))
	e.GET("/", echoadapter.Handle(func(*echo.Context) (string, error) { return "hi", nil }))
	e.GET("/fail", echoadapter.Handle(func(*echo.Context) (string, error) { return "", errjson.Gone("Gone.") }))
	c := adaptertest.Serve(t, e)
	assert.Equal(t, "200; Content-Length: 5; Content-Type: application/json; \"hi\"", c.Get("/"))
	assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get("/fail"))
}
