package ginadapter

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
)

// Wrap makes one Gin middleware of net/http middlewares, the first one outermost.
// They are composed once, here: a middleware's function is not called for each
// request.
//
// The handlers after it run when the middlewares call their next handler, with
// the request and, if one of them has put another in its place, the writer that
// it is called with; the context values of that request are there in
// c.Request.Context(). If the next handler is not called, or does not return
// because of a panic that a middleware recovers, the handlers after it are
// aborted. Afterwards c.Request and c.Writer are what they were. The next handler
// may be called from another goroutine; Wrap returns only when it has ended, and
// calling it later does nothing.
//
// The middlewares find the route in the request's Pattern, and its parameters with
// PathValue. To them, the response is one of net/http: the first status counts,
// and to return without writing is a 200.
//
// The handlers of [gin.WrapH] behind a Wrap find the route, too. A net/http handler
// alone is a middleware that ignores its next handler:
//
//	router.GET(path, ginadapter.Wrap(func(http.Handler) http.Handler { return h }))
//
// Wrap panics if a middleware is nil. The handler panics if a middleware calls its
// next handler with neither the context nor the writer, or one derived from it,
// that it was called with.
func Wrap(middlewares ...func(http.Handler) http.Handler) gin.HandlerFunc {
	ch := new(chain)
	ch.handler = bridge.Compose(middlewares, ch.next)
	return ch.serve
}

// Errors makes rd the renderer of the application: whatever fails in the handlers
// after it is answered, logged and reported by rd, once:
//
//   - a panic. One that carries an HTTP error is answered as that error; one with
//     [http.ErrAbortHandler], or after a part of an answer was sent, goes on as
//     the bare value, which net/http takes as the wish to break the connection.
//   - an error of c.Error, [Fail], [Handle] or [Body]. One with a status of its own,
//     or that a rule takes, has that status; any other has the one set with c.Status
//     or c.AbortWithError if that is one of an error; else it is a 500. Of several
//     errors the last counts, but one with a status goes before one without; all are
//     logged. The text of a [gin.ErrorTypePublic] is the message. Where another
//     answer was given, the error is only logged and reported.
//   - a status of 400–599 without a body, such as that of c.AbortWithStatus and
//     c.BindJSON, and Gin's own 404 and 405.
//   - what net/http middlewares inside of a [Wrap] give to [errjson.Write].
//
// A body that a handler writes is never touched, whatever its status, nor are a
// 204 and redirects. A nil rd stands for the default configuration.
func Errors(rd *errjson.Renderer) gin.HandlerFunc {
	rd = bridge.Renderer(rd)
	return func(c *gin.Context) {
		e := watch(c, rd)
		e.mark.Enter(c.Request, e)
		defer func() {
			if v := recover(); v != nil {
				e.panicked(c, v)
			}
		}()
		c.Next()
		e.finish(c)
	}
}

// CORS applies a policy, a *corsmw.Middleware or *corsmw.Routes, natively: it costs
// what the policy costs. A preflight is answered, and the handlers after it are
// aborted.
//
// It belongs to the engine, before any route is registered. Gin runs the
// middlewares of a group, and those added after a route, only for requests that
// match a route; a preflight matches none.
func CORS(policy interface {
	Apply(w http.ResponseWriter, r *http.Request) (answered bool)
}) gin.HandlerFunc {
	return func(c *gin.Context) {
		if policy.Apply(c.Writer, c.Request) {
			c.Writer.WriteHeaderNow()
			c.Abort()
		}
	}
}

// Body decodes the body of each request as a T: the handlers after it run only if
// there is one, and get it with [Get]. Any other request fails, as with [Fail].
// The body can be read again, by c.ShouldBindJSON for instance.
//
// It panics as [bodyjson.New] does.
func Body[T any](cfg bodyjson.Config) gin.HandlerFunc {
	handler := bodyjson.New[T](cfg)(http.HandlerFunc(runBody))
	return func(c *gin.Context) {
		call := &bodyCall{ResponseWriter: c.Writer, c: c}
		handler.ServeHTTP(call, c.Request)
		if call.err != nil {
			Fail(c, call.err)
		}
	}
}

// Get returns the body of the request as a T: what [Body] has decoded, or else what
// it decodes now. See [bodyjson.Get], also for its errors, which are to be returned
// from a [Handle] or given to [Fail].
func Get[T any](c *gin.Context) (T, error) {
	return bodyjson.Get[T](c.Request)
}

// Handle answers with what fn returns, as [status.Handler] does: a
// [status.Response] as it says, any other value as the body of a 200, and an error
// as with [Fail]. If fn has written an answer itself and returns no error, that is
// the answer; if it returns one, the connection is broken, so that the client does
// not take a part for the whole.
func Handle[T any](fn func(*gin.Context) (T, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		value, err := fn(c)
		sent := isSent(c)
		switch {
		case err != nil && sent:
			c.Abort()
			bridge.Record(rendererOf(c), bridge.WithPattern(c.Request, c.FullPath()), err)
			panic(http.ErrAbortHandler)
		case err != nil:
			Fail(c, err)
		case sent || c.Writer.Written():
		default:
			if err := bridge.Answer(c.Writer, c.Request, value); err != nil {
				Fail(c, err)
				return
			}
			c.Writer.WriteHeaderNow()
		}
	}
}

// Fail ends a request with an error: it calls c.Error and c.Abort. Nothing is sent
// yet; [Errors] answers when the handlers have returned, so that those in between
// see the error in c.Errors. Without an Errors it is answered now, with the
// default configuration. A nil err is a fault of the program, and answered with a
// 500.
//
// If a part of an answer was sent, that is all the client gets. To break the
// connection, so that it does not take the part for the whole, fail with
// [http.ErrAbortHandler].
func Fail(c *gin.Context, err error) {
	if err == nil {
		err = errors.New("ginadapter: the error to fail with is nil")
	}
	_ = c.Error(err) // returns what it has added to c.Errors
	c.Abort()
	if watching(c.Writer, c.Request) == nil && !c.Writer.Written() {
		errjson.Write(c.Writer, c.Request, err)
		c.Writer.WriteHeaderNow()
	}
}

// A bodyCall is the writer that bodyjson is called with. It takes the error, and
// leads to the context.
type bodyCall struct {
	gin.ResponseWriter
	c   *gin.Context
	err error
}

// TakeError is called by errjson.Write.
func (call *bodyCall) TakeError(err error) { call.err = err }

// Unwrap is for http.ResponseController.
func (call *bodyCall) Unwrap() http.ResponseWriter { return call.ResponseWriter }

// runBody is called by bodyjson for a body that is good.
func runBody(w http.ResponseWriter, r *http.Request) {
	c := w.(*bodyCall).c // bodyjson passes the writer on as it is
	before := c.Request
	c.Request = r
	defer func() {
		bridge.ReturnForms(before, c.Request)
		c.Request = before
	}()
	c.Next()
}
