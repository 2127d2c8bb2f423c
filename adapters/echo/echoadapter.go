package echoadapter

import (
	"context"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/params"
	"github.com/labstack/echo/v5"
)

// An Adapter runs net/http middlewares in an Echo application and sends the errors of the
// application. The zero value is New(nil). An Adapter is safe for concurrent use.
type Adapter struct {
	errs *errjson.Renderer // see New
}

// New returns an Adapter that sends errors with errs. If errs is nil, the renderers around the
// application send them. [errjson.Default] is the outermost of these, and is called for each
// request.
func New(errs *errjson.Renderer) *Adapter { return &Adapter{errs: errs} }

// Wrap returns an Echo middleware that runs net/http middlewares, the first one outermost. It works
// for an application, a group or a route, and with Pre. Wrap calls each of the functions once, not
// for each request.
//
// The next handler of the last middleware runs the rest of the Echo handlers. They get the request
// of that call and write to its writer. After they have returned, c.Request() and c.Response() have
// their former values.
//
// A middleware may call its next handler several times. The last result counts. It may call the
// next handler in another goroutine. The Echo middleware returns after the handlers have returned.
// It ignores later calls.
//
// An error of a handler is returned to the Echo middlewares outside. If a middleware has replaced
// the writer and the response is not committed, the HTTPErrorHandler first sends the error through
// that writer. A middleware that records, compresses or delays responses thus gets the error
// response. Echo then calls the HTTPErrorHandler again. The HTTPErrorHandler must check whether the
// response is committed, as [Adapter.ErrorHandler] does.
//
// [errjson.Write] uses the Adapter's renderer in the middlewares and in the handlers, including
// those of [echo.WrapHandler]. Behind a middleware's writer without an Unwrap method it uses the
// default renderer.
//
// In the middlewares, the Pattern of the request is the route, and PathValue returns the
// parameters. With Pre the route is not known yet. If the middlewares pass on the request
// unchanged, the handlers then get Echo's own request, and a Rewrite can change it.
//
// Wrap panics if a middleware is nil. A middleware must pass on a context that is derived from its
// own, or a writer that unwraps to its own. Otherwise the Echo middleware panics.
func (a *Adapter) Wrap(middlewares ...func(http.Handler) http.Handler) echo.MiddlewareFunc {
	ch := &chain{errs: a.errs}
	ch.handler = adapter.Compose(middlewares, ch.runRest)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error { return ch.serve(c, next) }
	}
}

// ErrorHandler is an [echo.HTTPErrorHandler]:
//
//	e.HTTPErrorHandler = a.ErrorHandler
//
// It sends, logs and reports the error of a request with the Adapter's renderer. An
// [echo.HTTPError] keeps its status and its message, even if another error wraps it. Other errors
// with a method StatusCode() int keep their status.
//
// If the response is committed, ErrorHandler sends nothing. It logs and reports the error with the
// status that was sent. It ignores the error if it has handled an error of the request before. A
// handler breaks the connection by returning [http.ErrAbortHandler].
//
// Panics need Echo's Recover, or errjson's Recover in a [Adapter.Wrap]. If the error comes from
// Echo's Recover and the response is committed, ErrorHandler logs the panic and panics with
// http.ErrAbortHandler. net/http then breaks the connection, and the client cannot mistake a part
// of the response for the whole.
func (a *Adapter) ErrorHandler(c *echo.Context, err error) {
	handled := c.Get(handledKey) != nil
	c.Set(handledKey, true)
	r := adapter.WithPattern(c.Request(), c.Path())
	sent := sentResponse(c.Response())
	if sent == nil {
		adapter.Write(a.errs, c.Response(), r, meaning(err))
		return
	}
	if handled {
		return
	}
	panicked := recoveredPanic(err)
	if panicked != nil {
		err = panicked
	}
	adapter.LogSent(a.errs, c.Response(), r, sent.Status, meaning(err))
	if panicked != nil {
		panic(http.ErrAbortHandler)
	}
}

// CORS returns an Echo middleware that applies a policy, a *corsmw.Middleware or a *corsmw.Routes.
// It responds to preflights itself. It is cheaper than a [Adapter.Wrap] of the policy, which copies
// the request.
//
// It belongs to the application, with Use or Pre, or to a group. On a route it never gets a
// preflight.
func (a *Adapter) CORS(policy interface {
	Apply(w http.ResponseWriter, r *http.Request) (answered bool)
}) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if policy.Apply(c.Response(), c.Request()) {
				return nil
			}
			return next(c)
		}
	}
}

// Body returns an Echo middleware that decodes the request body as a T. If the body is valid, the
// handlers after it run and get the value with [Get]. They can read the body again, with c.Bind for
// example. If the body is invalid, the middleware returns the error. The validation functions are
// those of [bodyjson.New].
//
// Body panics as [bodyjson.New] does.
func Body[T any](cfg bodyjson.Config, validate ...func(context.Context, *T) error) echo.MiddlewareFunc {
	decode := bodyjson.NewFunc(cfg, validate...)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			return decode(c.Response(), c.Request(), func(r *http.Request) error {
				before := c.Request()
				c.SetRequest(r)
				defer c.SetRequest(before)
				return next(c)
			})
		}
	}
}

// Get returns the request body as a T. That is the value of [Body]. Without a Body, Get decodes the
// body when it is called. A handler must return the error of Get. See [bodyjson.Get].
func Get[T any](c *echo.Context) (T, error) {
	return bodyjson.Get[T](c.Request())
}

// Params returns the parameters of the request: the query, the headers, and the path parameters of
// the route. See package params.
func Params(c *echo.Context) *params.Params {
	return params.OfPath(c.Request(), func(name string) (string, bool) {
		for n, value := range pathValues(c) {
			if n == name {
				return value, true
			}
		}
		return "", false
	})
}

// Handle returns an Echo handler that sends the value of fn, as [status.Handler] does. A
// [status.Response] has its own status and headers. Any other value is the body of a 200. An error
// of fn is returned. If fn has written a response itself and returns a nil error, the value is
// ignored.
func Handle[T any](fn func(*echo.Context) (T, error)) echo.HandlerFunc {
	return func(c *echo.Context) error {
		value, err := fn(c)
		if err != nil || isCommitted(c.Response()) {
			return err
		}
		return adapter.WriteValue(c.Response(), c.Request(), value)
	}
}

// handledKey is the key in Echo's context that is set once an error of the request was sent or
// logged.
const handledKey = "github.com/hipflask/hipflask/adapters/echo"

// meaning returns an error of Echo with the HTTP error for it. It returns other errors unchanged.
func meaning(err error) error {
	e := httpError(err)
	if e == nil {
		return err
	}
	if e.Message == http.StatusText(e.Status) {
		e.Message = "" // errjson has a sentence for each status
	}
	return &withMeaning{err, [2]error{e, err}}
}

// withMeaning is an error with the HTTP error for it, which is used if no rule matches the error.
type withMeaning struct {
	error
	tree [2]error // the HTTP error and the error
}

func (e *withMeaning) Unwrap() []error { return e.tree[:] }

// sentResponse returns the response of Echo of which a part was sent, or nil. That is the response
// of the handlers or, if a middleware has committed it before them, the one outside a Wrap.
func sentResponse(w responseWriter) *echo.Response {
	if isCommitted(w) {
		return echoResponse(w)
	}
	own, ok := adapter.FindWriter(w, func(own ownWriter) bool {
		return isCommitted(own.self().exchange.response)
	})
	if !ok {
		return nil
	}
	return echoResponse(own.self().exchange.response)
}

// isCommitted reports whether the response of Echo that w is, or unwraps to, is committed.
func isCommitted(w responseWriter) bool {
	response := echoResponse(w)
	return response != nil && response.Committed
}
