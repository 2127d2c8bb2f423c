package ginadapter

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/form"
	"github.com/hipflask/hipflask/params"
)

// An Adapter has the middlewares for one renderer. It is safe for concurrent use.
type Adapter struct{ errs *errjson.Renderer }

// New returns an Adapter whose middlewares send errors with errs. If errs is nil, the renderers around
// the engine send them, and [errjson.Default] is the outermost one.
func New(errs *errjson.Renderer) *Adapter { return &Adapter{errs} }

// Errors is a middleware that sends, logs and reports every error of the handlers after it, once:
//
//   - A panic. One that carries an HTTP error is sent as that error. One with
//     [http.ErrAbortHandler], or after a part of a response was sent, is passed on as
//     ErrAbortHandler: net/http breaks the connection.
//   - An error of c.Error, [Fail], [Handle] or [Body]. An HTTP error, or one that a rule matches,
//     has its own status. Otherwise the status is the one of c.Status or c.AbortWithError if that
//     is an error status, or else 500. Of several errors the last one counts, except that one with
//     a status comes first. All of them are logged. The text of a [gin.ErrorTypePublic] is the
//     message. If a response was sent, the error is only logged and reported, with the status of
//     that response.
//   - A status of 400–599 without a body, such as that of c.AbortWithStatus and c.BindJSON, and
//     Gin's own 404 and 405.
//   - An error that a net/http middleware inside [Adapter.Wrap] gives to [errjson.Write].
//
// Errors never changes the body of a handler, whatever its status, nor a 204 and redirects.
func (a *Adapter) Errors(c *gin.Context) {
	e := installErrors(c, a.errs)
	defer func() {
		if v := recover(); v != nil {
			e.sendPanic(c, errtree.NewPanic(v, true))
		}
	}()
	c.Next()
	e.finish(c)
}

// Wrap returns a Gin middleware of net/http middlewares, the first one outermost. It calls each of
// these functions once, and not for each request.
//
// The handlers after it run when the middlewares call their next handler. They get its request,
// with the context values in c.Request.Context(), and its writer if a middleware has replaced that.
// If the next handler is not called, or does not return because of a panic that a middleware
// recovers, the handlers are aborted. Afterwards c.Request and c.Writer are the previous ones. The
// next handler may be called from another goroutine. Wrap returns when the handlers have returned,
// and a later call does nothing.
//
// The middlewares find the route in the request's Pattern, and its parameters with PathValue. Their
// writer follows net/http: the first status counts, and without a write the response is a 200. It
// has the optional interfaces that work.
//
// The handlers of [gin.WrapH] behind a Wrap also find the route. A net/http handler alone is a
// middleware that ignores its next handler:
//
//	router.GET(path, a.Wrap(func(http.Handler) http.Handler { return h }))
//
// Wrap panics if a middleware is nil. The handler panics if a middleware calls its next handler
// with neither the context nor the writer that it was called with, or one derived from them.
func (a *Adapter) Wrap(middlewares ...func(http.Handler) http.Handler) gin.HandlerFunc {
	ch := &chain{adapter: a}
	ch.handler = adapter.Compose(middlewares, ch.runRest)
	return ch.serve
}

// CORS applies a policy, a *corsmw.Middleware or *corsmw.Routes, without the cost of a Wrap. It
// responds to preflights and aborts the handlers after it.
//
// Use it on the engine, before any route is registered. Gin runs the middlewares of a group, and
// those added after a route, only for requests that match a route. A preflight matches none.
func (a *Adapter) CORS(policy interface {
	Apply(w http.ResponseWriter, r *http.Request) (answered bool)
}) gin.HandlerFunc {
	return func(c *gin.Context) {
		var allow []string
		if c.Writer.Status() == http.StatusMethodNotAllowed {
			// Gin has set it for its own 405, and not for the response to a preflight.
			allow = c.Writer.Header()["Allow"]
			delete(c.Writer.Header(), "Allow")
		}
		if policy.Apply(c.Writer, c.Request) {
			c.Writer.WriteHeaderNow()
			c.Abort()
			return
		}
		if allow != nil {
			c.Writer.Header()["Allow"] = allow
		}
	}
}

// Body returns a middleware that decodes the body of each request as a T. The handlers after it run
// if the body is valid, and get the value with [Get]. Otherwise the request fails as with [Fail].
// The validation functions are those of [bodyjson.New].
//
// Body does not read binding tags. To check them, give cfg the validator of Gin, with the package
// github.com/hipflask/hipflask/adapters/validator:
//
//	cfg.Validate = validatoradapter.New(binding.Validator.Engine().(*validator.Validate))
//
// The body can be read again, for example by c.ShouldBindJSON. That function uses another parser,
// encoding/json, which matches names in any case and uses the last of duplicate names. Its value can
// therefore differ from the one that Body has checked: prefer Get.
//
// It panics as [bodyjson.New] does.
func Body[T any](cfg bodyjson.Config, validate ...func(context.Context, *T) error) gin.HandlerFunc {
	decode := bodyjson.NewFunc(cfg, validate...)
	return func(c *gin.Context) {
		err := decode(c.Writer, c.Request, func(r *http.Request) error {
			before := c.Request
			c.Request = r
			defer func() {
				form.RemoveFiles(c.Request, before)
				c.Request = before
			}()
			c.Next()
			return nil
		})
		if err != nil {
			Fail(c, err)
		}
	}
}

// Get returns the body of the request as a T: the value of [Body], or else it decodes the body. See
// [bodyjson.Get] for its errors. Return an error from a [Handle] or give it to [Fail].
func Get[T any](c *gin.Context) (T, error) {
	return bodyjson.Get[T](c.Request)
}

// Params returns the parameters of the request: the query, the headers, and the path parameters of
// the route. See package params.
func Params(c *gin.Context) *params.Params {
	return params.OfPath(c.Request, c.Params.Get)
}

// Handle returns a handler that sends the value of fn as [status.Handler] does: a [status.Response]
// as it is, and any other value as the body of a 200. An error is sent as by [Fail]. If fn has
// written a response and returns no error, that is the response. If it returns an error then, the
// connection is broken: the client must not mistake a part of a response for the whole. An error
// status without a body, as of c.BindJSON, is a whole response, and the error is only logged.
func Handle[T any](fn func(*gin.Context) (T, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		value, err := fn(c)
		switch {
		case err != nil && isPartSent(c):
			c.Abort()
			logSent(c, c.Writer, err)
			panic(http.ErrAbortHandler)
		case err != nil:
			Fail(c, err)
		case c.Writer.Written():
		default:
			if err := adapter.WriteValue(c.Writer, c.Request, value); err != nil {
				Fail(c, err)
				return
			}
			c.Writer.WriteHeaderNow()
		}
	}
}

// Fail ends a request with an error: it calls c.Error and c.Abort. [Adapter.Errors] sends the error
// when the handlers have returned. The handlers in between see it in c.Errors. Without an Errors,
// Fail sends the error at once with [errjson.Write]. A nil err is an error of the program, and a
// 500.
//
// If a part of a response was sent, the client gets no more. To break the connection, so that the
// client does not mistake the part for the whole, fail with [http.ErrAbortHandler].
func Fail(c *gin.Context, err error) {
	if err == nil {
		err = errors.New("ginadapter: the error is nil")
	}
	_ = c.Error(err) // it returns the gin.Error
	c.Abort()
	switch {
	case errorsWriterOf(c, c.Writer) != nil:
	case c.Writer.Written():
		logSent(c, c.Writer, err)
	default:
		errjson.Write(c.Writer, adapter.WithPattern(c.Request, c.FullPath()), err)
		c.Writer.WriteHeaderNow()
	}
}
