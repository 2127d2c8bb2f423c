package echoadapter

import (
	"errors"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
	"github.com/labstack/echo/v4"
)

// Wrap makes one Echo middleware of net/http middlewares, the first one outermost.
// They are composed once, here: a middleware's function is not called for each
// request. It may be used for an application, a group, a route, and with Pre.
//
// The handlers after it run when the middlewares call their next handler, with
// the request and, if one of them has put another in its place, the writer that
// it is called with; the context values of that request are there in
// c.Request().Context(). Afterwards c.Request() and c.Response() are what they
// were. The next handler may be called again, of which the last outcome counts,
// and from another goroutine; Wrap returns only when it has ended, and calling it
// later does nothing.
//
// The error of a handler is returned to the middlewares of Echo outside. If a
// middleware has put another writer in place, and nothing was sent, it is
// answered first, by the application's HTTPErrorHandler, through that writer: a
// middleware that records, compresses or delays an answer gets to see the one
// that is sent. The HTTPErrorHandler is then called a second time, as by Echo's
// own middlewares, and must look whether the response is committed; that of
// [ErrorHandler] does.
//
// What a middleware gives to [errjson.Write] is answered by the renderer of
// [ErrorHandler] if the application has one, and its HTTPErrorHandler calls it. To
// find it, the HTTPErrorHandler is called once with an error and a response that
// are not part of any request.
//
// The middlewares find the route in the request's Pattern, and its parameters with
// PathValue, but not with Pre.
//
// Behind a Wrap, that all holds for the handlers of [echo.WrapHandler] as well: they
// find the route, its parameters and the renderer.
//
// Wrap panics if a middleware is nil. The handler panics if a middleware calls its
// next handler with neither the context nor the writer, or one derived from it,
// that it was called with.
func Wrap(middlewares ...func(http.Handler) http.Handler) echo.MiddlewareFunc {
	ch := new(chain)
	ch.handler = bridge.Compose(middlewares, ch.next)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { return ch.serve(c, next) }
	}
}

// ErrorHandler makes rd the renderer of an application:
//
//	e.HTTPErrorHandler = echoadapter.ErrorHandler(errs)
//
// Whatever error a handler or middleware returns is answered, logged and reported
// by rd, once. An [echo.HTTPError], also one that is wrapped, has its status and
// its message, which is put into the details if it is no text; other errors with a
// method StatusCode have their status.
//
// If the response is committed, nothing is sent: the error is logged and reported,
// unless that was done before. To break the connection after a part of an answer
// was sent, so that the client does not take it for the whole, return
// [http.ErrAbortHandler].
//
// A panic is no error: it needs Echo's Recover, or errjson's in a [Wrap]. A nil rd
// stands for the default configuration.
func ErrorHandler(rd *errjson.Renderer) echo.HTTPErrorHandler {
	rd = bridge.Renderer(rd)
	return func(err error, c echo.Context) {
		if q, ok := errors.AsType[*bridge.Question](err); ok {
			q.Answer = rd
			return
		}
		answered := c.Get(answeredKey) != nil
		c.Set(answeredKey, true)
		switch {
		case !c.Response().Committed:
			bridge.Write(rd, c.Response(), bridge.WithPattern(c.Request(), c.Path()), meaning(err))
		case !answered:
			bridge.Record(rd, bridge.WithPattern(c.Request(), c.Path()), meaning(err))
		}
	}
}

// CORS applies a policy, a *corsmw.Middleware or *corsmw.Routes, natively: it costs
// what the policy costs. A preflight is answered, and goes no further.
//
// It belongs to the application, with Use or Pre, or to a group; a preflight
// matches none of the routes.
func CORS(policy interface {
	Apply(w http.ResponseWriter, r *http.Request) (answered bool)
}) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if policy.Apply(c.Response(), c.Request()) {
				return nil
			}
			return next(c)
		}
	}
}

// Body decodes the body of each request as a T: the handlers after it run only if
// there is one, and get it with [Get]. Any other request fails with an error. The
// body can be read again, by c.Bind for instance.
//
// It panics as [bodyjson.New] does.
func Body[T any](cfg bodyjson.Config) echo.MiddlewareFunc {
	handler := bodyjson.New[T](cfg)(http.HandlerFunc(runBody))
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			call := &bodyCall{ResponseWriter: c.Response(), c: c, next: next}
			handler.ServeHTTP(call, c.Request())
			return call.err
		}
	}
}

// Get returns the body of the request as a T: what [Body] has decoded, or else what
// it decodes now. See [bodyjson.Get], also for its errors, which are to be
// returned.
func Get[T any](c echo.Context) (T, error) {
	return bodyjson.Get[T](c.Request())
}

// Handle answers with what fn returns, as [status.Handler] does: a
// [status.Response] as it says, and any other value as the body of a 200. An error
// is returned, for the HTTPErrorHandler. If fn has written an answer itself and
// returns no error, that is the answer.
func Handle[T any](fn func(echo.Context) (T, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		value, err := fn(c)
		if err != nil || c.Response().Committed {
			return err
		}
		return bridge.Answer(c.Response(), c.Request(), value)
	}
}

// A bodyCall is the writer that bodyjson is called with. It takes the error, and
// leads to the context and the handlers.
type bodyCall struct {
	http.ResponseWriter
	c    echo.Context
	next echo.HandlerFunc
	err  error
}

// TakeError is called by errjson.Write.
func (call *bodyCall) TakeError(err error) { call.err = err }

// Unwrap is for http.ResponseController.
func (call *bodyCall) Unwrap() http.ResponseWriter { return call.ResponseWriter }

// runBody is called by bodyjson for a body that is good.
func runBody(w http.ResponseWriter, r *http.Request) {
	call := w.(*bodyCall) // bodyjson passes the writer on as it is
	before := call.c.Request()
	call.c.SetRequest(r)
	defer func() {
		bridge.ReturnForms(before, call.c.Request())
		call.c.SetRequest(before)
	}()
	call.err = call.next(call.c)
}
