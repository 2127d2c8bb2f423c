package echoadapter

import (
	"net/http"
	"reflect"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/internal/form"
	"github.com/labstack/echo/v5"
)

// A chain is the middlewares of one Wrap around its method runRest.
type chain struct {
	errs    *errjson.Renderer // of the Adapter; may be nil
	handler http.Handler
}

// An exchange is one request on its way through a chain. It is the context of the request for the
// middlewares, and leads from the request that they pass on back to itself.
//
// It is the only allocation of a Wrap. It is not pooled, because a goroutine that outlives the
// request may keep it.
type exchange struct {
	chain *chain
	c     *echo.Context
	next  echo.HandlerFunc // the rest of the Echo handlers

	request  *http.Request  // c.Request() outside the Wrap
	response responseWriter // c.Response() outside the Wrap

	copied         http.Request // the request for the middlewares, a copy of request
	writer         netWriter    // the writer for the middlewares
	handlersWriter netWriter    // the writer for the handlers if the middlewares pass on theirs
	former         formerResponse

	gate adapter.Gate
	err  error // the last result of next; guarded by gate
}

// The methods of a context.Context are those of the original request's context, and Value also finds
// the exchange by its chain.

func (x *exchange) Deadline() (time.Time, bool) { return x.request.Context().Deadline() }
func (x *exchange) Done() <-chan struct{}       { return x.request.Context().Done() }
func (x *exchange) Err() error                  { return x.request.Context().Err() }

func (x *exchange) Value(key any) any {
	if key == x.chain {
		return x
	}
	return x.request.Context().Value(key)
}

// serve runs the middlewares for a request.
func (ch *chain) serve(c *echo.Context, next echo.HandlerFunc) error {
	x := &exchange{chain: ch, c: c, next: next, request: c.Request(), response: c.Response()}
	x.copied = *x.request.WithContext(x)
	if route := c.Path(); route != "" {
		x.copied.Pattern = route
		if hasPathValues(c) {
			adapter.SetPathValues(&x.copied, pathValues(c))
		}
	}
	x.writer = netWriter{exchange: x, interfaces: interfacesOf(x.below())}
	x.runMiddlewares()
	return x.err
}

func (x *exchange) runMiddlewares() {
	defer x.end()
	x.chain.handler.ServeHTTP(x.writer.withInterfaces(), &x.copied)
}

// end waits until no goroutine runs the handlers, and removes the files of the middlewares.
func (x *exchange) end() {
	x.gate.Close()
	form.RemoveFiles(&x.copied, x.request)
}

// runRest is the innermost handler of the chain. It runs the rest of the Echo handlers with the
// writer and the request that the middlewares pass on.
func (ch *chain) runRest(w http.ResponseWriter, r *http.Request) {
	var x *exchange
	own, isOwn := w.(ownWriter)
	if isOwn = isOwn && own.self().exchange.chain == ch; isOwn {
		x = own.self().exchange
	} else {
		x = ch.find(w, r)
	}
	if !x.gate.Enter() {
		return // the Wrap has returned
	}
	defer x.leave()
	if x.c.Path() == "" && x.isUnchanged(r) {
		r = x.request // Echo has not routed it yet, and may route by no other
	}
	x.c.SetRequest(r)
	if isOwn {
		x.setHandlersWriter()
		x.err = x.next(x.c)
	} else {
		x.err = x.runBehind(w)
	}
}

// runBehind runs the rest of the Echo handlers with a writer of a middleware. It sends their error
// through that writer, so that the middleware gets the error response.
func (x *exchange) runBehind(w http.ResponseWriter) error {
	response := newResponse(x.c, w)
	response.Status = http.StatusOK // as in a new context
	x.c.SetResponse(response)
	err := x.next(x.c)
	if err != nil && sentResponse(response) == nil {
		callErrorHandler(x.c, err)
	}
	return err
}

// leave restores the context after runRest, and removes the files of the handlers. The middlewares
// may still use the files of their own request.
func (x *exchange) leave() {
	if r := x.c.Request(); r.MultipartForm != x.copied.MultipartForm {
		form.RemoveFiles(r, x.request)
	}
	x.c.SetRequest(x.request)
	x.former.restore(x)
	x.gate.Leave()
}

// find returns the exchange of a request. The context leads to it or, if a middleware has replaced
// the context, the writer.
func (ch *chain) find(w http.ResponseWriter, r *http.Request) *exchange {
	if x, ok := r.Context().Value(ch).(*exchange); ok {
		return x
	}
	own, ok := adapter.FindWriter(w, func(own ownWriter) bool {
		return own.self().exchange.chain == ch
	})
	if !ok {
		panic("echoadapter: a middleware has replaced " +
			"both the context of the request and the writer")
	}
	return own.self().exchange
}

// isUnchanged reports whether r is the request that the middlewares got, with the same fields. Many
// middlewares set a field, such as Body or RemoteAddr, without copying the request.
func (x *exchange) isUnchanged(r *http.Request) bool {
	if r != &x.copied {
		return false
	}
	original := reflect.ValueOf(x.request).Elem()
	for field, value := range reflect.ValueOf(r).Elem().Fields() {
		if !field.IsExported() {
			continue
		}
		was := original.FieldByIndex(field.Index)
		switch value.Kind() {
		case reflect.Map, reflect.Slice, reflect.Func:
			if value.UnsafePointer() != was.UnsafePointer() {
				return false
			}
		default:
			if !value.Comparable() || !value.Equal(was) {
				return false
			}
		}
	}
	return true
}
