package echoadapter_test

import (
	"log/slog"
	"net/http"
	"testing"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/assert"
)

// This file has the parts of the tests that differ between the versions of Echo.

// closures is the number of allocations of Echo for each middleware of a request.
const closures = 0.0

// rewritesReplaced reports whether Echo routes by the rewritten path of a request that a middleware
// has replaced.
const rewritesReplaced = true

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

// handleError calls the HTTPErrorHandler.
func handleError(c *echo.Context, err error) { c.Echo().HTTPErrorHandler(c, err) }

func wrapping(outer *echo.HTTPError, inner error) error { return outer.Wrap(inner) }

// handleErrors sets an HTTPErrorHandler that calls fn.
func handleErrors(e *echo.Echo, fn func(c *echo.Context, err error)) { e.HTTPErrorHandler = fn }

// callErrorHandler calls a.ErrorHandler.
func callErrorHandler(a *echoadapter.Adapter, c *echo.Context, err error) { a.ErrorHandler(c, err) }

// requestForEcho returns a copy of the request in the test that the caller's request is not
// changed. The router of Echo v5 sets the Pattern of its request.
func requestForEcho(r *http.Request) *http.Request {
	if r.PathValue("outer") != "" {
		return r.WithContext(r.Context())
	}
	return r
}

// opaque is a writer that does not unwrap.
type opaque struct{ w http.ResponseWriter }

func (o opaque) Header() http.Header         { return o.w.Header() }
func (o opaque) WriteHeader(status int)      { o.w.WriteHeader(status) }
func (o opaque) Write(p []byte) (int, error) { return o.w.Write(p) }

// TestOpaqueResponse tests a c.Response() that does not unwrap to Echo's own response.
func TestOpaqueResponse(t *testing.T) {
	e, a := newApp(nil)
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			before := c.Response()
			c.SetResponse(opaque{before})
			defer c.SetResponse(before)
			return next(c)
		}
	})
	e.Use(a.Wrap(errjson.Default().Recover))
	e.GET("/", echoadapter.Handle(func(*echo.Context) (string, error) { return "hi", nil }))
	e.GET("/fail", echoadapter.Handle(func(*echo.Context) (string, error) {
		return "", errjson.Gone("Gone.")
	}))
	c := adaptertest.Serve(t, e)
	assert.Equal(t, "200; Content-Length: 5; Content-Type: application/json; \"hi\"", c.Get("/"))
	assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get("/fail"))
}

// TestProblemError tests Echo's error type for RFC 9457.
func TestProblemError(t *testing.T) {
	for name, v := range map[string]struct {
		err  error
		want string
	}{
		"detail": {
			&echo.ProblemError{Status: 403, Title: "No credit.", Detail: "The balance is 30."},
			adaptertest.Failure(403, "The balance is 30."),
		},
		"title": {&echo.ProblemError{Status: 403, Title: "No credit."},
			adaptertest.Failure(403, "No credit.")},
		"status": {&echo.ProblemError{Status: 403}, adaptertest.Failure(403, "")},
		"empty":  {&echo.ProblemError{}, adaptertest.Failure(500, "")},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := newApp(nil)
			e.GET("/", func(*echo.Context) error { return v.err })
			assert.Equal(t, v.want, adaptertest.Serve(t, e).Get("/"))
		})
	}
}

// TestProblemErrorMembers tests that the members of RFC 9457 are kept.
func TestProblemErrorMembers(t *testing.T) {
	e, _ := newApp(errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: slog.New(slog.DiscardHandler)}))
	e.GET("/", func(*echo.Context) error {
		return &echo.ProblemError{
			Type: "https://example.com/probs/out-of-credit", Title: "You do not have enough credit.", Status: 403,
			Detail: "Your balance is 30.", Instance: "/account/12345",
		}
	})
	assert.Equal(t, "403; Content-Length: 164; Content-Type: application/problem+json; X-Content-Type-Options: nosniff; "+
		`{"type":"https://example.com/probs/out-of-credit","title":"You do not have enough credit.","status":403,`+
		`"detail":"Your balance is 30.","instance":"/account/12345"}`, adaptertest.Serve(t, e).Get("/"))
}

// TestPanicWithoutStack documents that a Recover with DisablePrintStack hides the panic: its error
// is the one of a handler.
func TestPanicWithoutStack(t *testing.T) {
	var log eventLog
	e, _ := newApp(errjson.NewRenderer(log.config()))
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true}))
	e.GET("/", func(c *echo.Context) error {
		_ = c.String(200, "first")
		panic("secret")
	})
	assert.Contains(t, adaptertest.Serve(t, e).Get("/"), "200; ")
	assert.Equal(t, []string{"WARN error after the response 200"}, log.records(t))
}
