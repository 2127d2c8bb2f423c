package echoadapter_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echov4"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
)

// What the tests need of one version of Echo is here.

// closures is what Echo allocates for each middleware of a request: it builds the
// chain anew every time.
const closures = 1.0

func newEcho() *echo.Echo {
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	return e
}

func responseOf(c echo.Context) *echo.Response { return c.Response() }

func handleError(c echo.Context, err error) { c.Error(err) }

func wrapping(outer *echo.HTTPError, inner error) error { return outer.SetInternal(inner) }

// calling sets an HTTPErrorHandler that calls another one, with an error of its own around.
func calling(e *echo.Echo, other echo.HTTPErrorHandler) {
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		c.Response().Header().Set("X-Path", c.Path()+c.Request().URL.Path)
		other(fmt.Errorf("x: %w", err), c)
	}
}

func panicking(e *echo.Echo) {
	e.HTTPErrorHandler = func(err error, c echo.Context) { panic("!") }
}

// telling sets an HTTPErrorHandler that looks at the error, as those that log do.
func telling(t *testing.T, e *echo.Echo) {
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		assert.ErrorIs(t, err, echo.ErrNotFound)
		assert.Contains(t, err.Error(), "no request has failed")
		_ = c.JSON(404, err.Error())
	}
}

// ignoring sets an HTTPErrorHandler that does not look whether the response is
// committed.
func ignoring(e *echo.Echo) {
	e.HTTPErrorHandler = func(err error, c echo.Context) { _ = c.String(500, "E") }
}

// TestHTTPError tests the messages of an HTTPError that are no text, and the one
// inside of another.
func TestHTTPError(t *testing.T) {
	for _, v := range []struct {
		name string
		err  error
		want string
	}{
		{"a map", echo.NewHTTPError(422, map[string]any{"name": "too short"}),
			`"details":{"name":"too short"}}`},
		{"an error", echo.NewHTTPError(422, errors.New("The name is too short.")),
			`"message":"The name is too short.","status":422}`},
		{"an HTTPError inside of one", echo.NewHTTPError(400, "Outer.").SetInternal(echo.NewHTTPError(409, "Inner.")),
			`"message":"Inner.","status":409}`},
		{"no message", &echo.HTTPError{Code: 410}, adaptertest.Failure(410, "")},
	} {
		t.Run(v.name, func(t *testing.T) {
			e := newEcho()
			e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
			e.GET("/", func(echo.Context) error { return v.err })
			assert.Contains(t, adaptertest.Serve(t, e).Get("/"), v.want)
		})
	}
}
