package ginadapter

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/internal/form"
	"github.com/hipflask/hipflask/internal/statustext"
	"github.com/hipflask/hipflask/internal/writer"
)

// A chain is the middlewares of one Wrap, around its method runRest.
type chain struct {
	adapter *Adapter
	handler http.Handler
}

// An exchange is one request in a chain. It is the context of the request that the middlewares get,
// and leads from there back to the Gin context.
//
// It is not pooled: a goroutine that outlives the request may keep it.
type exchange struct {
	chain        *chain
	c            *gin.Context
	request      *http.Request      // c.Request before the chain
	writer       gin.ResponseWriter // c.Writer before the chain
	routerStatus int                // the status that Gin has set; 404 or 405 without a route
	routerAllow  *string            // the value of the Allow header that Gin has set with a 405
	copied       http.Request       // the request for the middlewares; no allocation of its own
	gate         adapter.Gate
	nextReturned bool // runRest has returned without a panic; guarded by gate

	// bodilessStatus is a status without a body that the handlers have set and that the middlewares
	// know. It is not sent while Gin may add a body.
	bodilessStatus atomic.Int32

	// The state of the handlerWriter, which only runRest uses.
	inside http.ResponseWriter // the writer of the middlewares
	status int
	size   int // notWritten, or the bytes of the body
}

// serve runs the middlewares.
func (ch *chain) serve(c *gin.Context) {
	x := &exchange{
		chain: ch, c: c, request: c.Request, writer: c.Writer, routerStatus: c.Writer.Status(),
	}
	if x.routerStatus == http.StatusMethodNotAllowed {
		x.routerAllow = firstAllow(c.Writer.Header())
	}
	r := &x.copied
	*r = *c.Request.WithContext(x)
	if route := c.FullPath(); route != "" {
		r.Pattern = route
		if len(c.Params) > 0 {
			adapter.SetPathValues(r, pathValues(c.Params))
		}
	}
	x.run(r)
	if !x.nextReturned {
		c.Abort()
		if !x.writer.Written() {
			x.writer.WriteHeader(http.StatusOK) // as net/http does
			x.writer.WriteHeaderNow()
		}
	}
}

func pathValues(params gin.Params) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, param := range params {
			if !yield(param.Key, param.Value) {
				return
			}
		}
	}
}

func (x *exchange) run(r *http.Request) {
	defer func() {
		x.gate.Close()
		form.RemoveFiles(r, x.request)
	}()
	x.chain.handler.ServeHTTP(x.middlewareWriter(), r)
}

// runRest is the innermost handler of the chain. It runs the handlers that come after the Wrap.
func (ch *chain) runRest(w http.ResponseWriter, r *http.Request) {
	var x *exchange
	own, ok := w.(exchangeWriter)
	isOwn := ok && own.exchange().chain == ch
	if isOwn {
		x = own.exchange()
	} else {
		x = ch.find(w, r)
	}
	if !x.gate.Enter() {
		return // the request has ended
	}
	defer x.leave()
	x.c.Request = r
	if isOwn {
		x.c.Next()
	} else {
		x.runInside(w)
	}
	x.nextReturned = true
}

// leave restores the context. If Engine.HandleContext has reset it, its writer stays, so that the
// exchanges and the Errors outside also see that.
func (x *exchange) leave() {
	form.RemoveFiles(x.c.Request, x.request)
	x.c.Request = x.request
	if !x.wasReset() {
		x.c.Writer = x.writer
	}
	x.gate.Leave()
}

// wasReset reports whether a handler has called Engine.HandleContext, which puts Gin's own writer
// back and sends a response by it.
func (x *exchange) wasReset() bool {
	switch x.c.Writer.(type) {
	case *errorsWriter, handlerWriter:
		return false // the common case
	}
	return x.c.Writer == ownWriter(x.writer)
}

// runInside runs the handlers with the writer of a middleware. Their errors are sent inside, so
// that the middleware gets the response.
func (x *exchange) runInside(w http.ResponseWriter) {
	c := x.c
	x.inside, x.status, x.size = w, x.routerStatus, notWritten
	gw := handlerWriter{x}
	c.Writer = gw
	var inner *errorsWriter
	if outer := errorsWriterOf(c, x.writer); outer != nil {
		inner = installErrors(c, outer.renderer)
		inner.inner = true
	}
	c.Next()
	if x.wasReset() {
		return
	}
	if inner != nil {
		inner.finish(c)
	}
	hasStatus := x.status != http.StatusOK || x.routerStatus != http.StatusOK
	if !gw.Written() && hasStatus {
		x.bodilessStatus.Store(int32(x.status))
		w.WriteHeader(x.status)
	}
}

// find returns the exchange of a request. Its context leads to it or, if a middleware has replaced
// the context, the writer does.
func (ch *chain) find(w http.ResponseWriter, r *http.Request) *exchange {
	if x, ok := r.Context().Value(ch).(*exchange); ok {
		return x
	}
	isOwn := func(w exchangeWriter) bool { return w.exchange().chain == ch }
	own, ok := adapter.FindWriter(w, isOwn)
	if !ok {
		panic("ginadapter: a middleware has replaced both " +
			"the context of the request and the writer")
	}
	return own.exchange()
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

// middlewareWriter returns the writer for the middlewares. It has the optional interfaces that work.
func (x *exchange) middlewareWriter() http.ResponseWriter {
	w := netWriter{x}
	raw := rawWriter(x.writer)
	if raw == nil { // a native writer hides it, and has all interfaces itself
		return http1Writer{flushWriter{w}}
	}
	switch canFlush, canHijack := writer.Capabilities(raw); {
	case !canFlush:
		return w
	case canHijack:
		return http1Writer{flushWriter{w}}
	case x.writer.Pusher() != nil:
		return http2Writer{flushWriter{w}}
	}
	return flushWriter{w}
}

// An exchangeWriter is a writer of a chain for its middlewares.
type exchangeWriter interface{ exchange() *exchange }

// A netWriter is the writer for net/http middlewares. Gin's writer remembers a status until the
// first byte, and the last status counts. A netWriter sends a status at once, and the first status
// counts. It writes nothing after the request has ended, because Gin's writer may serve another
// request then.
//
// Structs of one pointer need no allocation as interface values.
type (
	netWriter   struct{ x *exchange }
	flushWriter struct{ netWriter }   // Flusher
	http1Writer struct{ flushWriter } // Flusher, Hijacker
	http2Writer struct{ flushWriter } // Flusher, Pusher
)

func (w netWriter) exchange() *exchange { return w.x }

// Renderer is called by errjson. A netWriter names a renderer only if the writer that it unwraps to
// leads to no other one, whose place would be further outside: if it is the outermost Wrap of an
// engine without an Errors, or if a native writer hides the Errors.
func (w netWriter) Renderer() *errjson.Renderer {
	outer := w.x.writer
	if _, ok := adapter.FindWriter(outer, func(exchangeWriter) bool { return true }); ok {
		return nil
	}
	if _, ok := adapter.FindWriter(outer, func(*errorsWriter) bool { return true }); ok {
		return nil
	}
	if hidden := errorsWriterOf(w.x.c, outer); hidden != nil {
		return hidden.renderer
	}
	return w.x.chain.adapter.errs
}

func (w netWriter) Header() http.Header {
	if w.x.gate.Closed() {
		return make(http.Header)
	}
	return w.x.writer.Header()
}

func (w netWriter) WriteHeader(status int) {
	x := w.x
	switch {
	case x.gate.Closed():
	case statustext.IsInformational(status):
		// Gin's writer would make it the status of the response.
		if raw := rawWriter(x.writer); raw != nil {
			raw.WriteHeader(status)
		}
	case x.writer.Written():
	case status == int(x.bodilessStatus.Load()):
		x.writer.WriteHeader(status)
	default:
		x.removeAllow(status)
		x.writer.WriteHeader(status)
		x.writer.WriteHeaderNow()
	}
}

// removeAllow removes the Allow header that Gin has set with a 405, if a middleware responds with
// another status. A preflight response would have it otherwise.
func (x *exchange) removeAllow(status int) {
	if x.routerAllow != nil && status != http.StatusMethodNotAllowed &&
		x.routerAllow == firstAllow(x.writer.Header()) {
		x.writer.Header().Del("Allow")
	}
}

// firstAllow returns the first value of the Allow header, which is another one after a change.
func firstAllow(h http.Header) *string {
	if values := h["Allow"]; len(values) > 0 {
		return &values[0]
	}
	return nil
}

// start sends a 200 if no status was set, also for a request without a route.
func (w netWriter) start() {
	if !w.x.writer.Written() && !w.x.gate.Entered() {
		w.WriteHeader(http.StatusOK)
	}
}

func (w netWriter) Write(p []byte) (int, error) {
	if w.x.gate.Closed() {
		return 0, adapter.ErrRequestEnded
	}
	if len(p) == 0 && w.x.bodilessStatus.Load() != 0 {
		return 0, nil // http.TimeoutHandler writes an empty body
	}
	w.start()
	return w.x.writer.Write(p)
}

func (w netWriter) WriteString(s string) (int, error) {
	if w.x.gate.Closed() {
		return 0, adapter.ErrRequestEnded
	}
	w.start()
	return w.x.writer.WriteString(s)
}

// FlushError is called by http.ResponseController, which would find the Flush method of Gin's
// writer otherwise.
func (netWriter) FlushError() error { return http.ErrNotSupported }

func (w flushWriter) Flush() { _ = w.FlushError() }

// FlushError is called by http.ResponseController.
func (w flushWriter) FlushError() error {
	if w.x.gate.Closed() {
		return adapter.ErrRequestEnded
	}
	w.start()
	w.x.writer.Flush()
	raw := rawWriter(w.x.writer)
	if _, ok := raw.(http.Flusher); raw != nil && !ok {
		return http.NewResponseController(raw).Flush() // Gin's writer does not unwrap raw
	}
	return nil
}

func (w http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.x.gate.Closed() {
		return nil, nil, adapter.ErrRequestEnded
	}
	return hijack(w.x.writer)
}

// Push is HTTP/2's server push.
func (w http2Writer) Push(target string, opts *http.PushOptions) error {
	if w.x.gate.Closed() {
		return adapter.ErrRequestEnded
	}
	return w.x.writer.Pusher().Push(target, opts)
}

// Unwrap is called by http.ResponseController. It returns nil after the request has ended.
func (w netWriter) Unwrap() http.ResponseWriter {
	if w.x.gate.Closed() {
		return nil
	}
	return w.x.writer
}

// A handlerWriter is the writer for the handlers behind a middleware with a writer of its own. It
// writes through that writer.
type handlerWriter struct{ x *exchange }

const notWritten = -1

var errWritten = errors.New("ginadapter: hijack after a part of the body was written")

func (w handlerWriter) Header() http.Header { return w.x.inside.Header() }

// WriteHeader remembers the status, as Gin's writer does.
func (w handlerWriter) WriteHeader(status int) {
	switch {
	case statustext.IsInformational(status):
		w.x.inside.WriteHeader(status)
	case status > 0 && !w.Written():
		w.x.status = status
	}
}

func (w handlerWriter) WriteHeaderNow() {
	if !w.Written() {
		w.x.size = 0
		w.x.inside.WriteHeader(w.x.status)
	}
}

func (w handlerWriter) Write(p []byte) (int, error) {
	w.WriteHeaderNow()
	n, err := w.x.inside.Write(p)
	w.x.size += n
	return n, err
}

func (w handlerWriter) WriteString(s string) (int, error) {
	w.WriteHeaderNow()
	n, err := io.WriteString(w.x.inside, s)
	w.x.size += n
	return n, err
}

func (w handlerWriter) Status() int   { return w.x.status }
func (w handlerWriter) Size() int     { return w.x.size }
func (w handlerWriter) Written() bool { return w.x.size != notWritten }

// Flush does nothing if the middleware's writer can neither flush nor unwrap, as in net/http.
func (w handlerWriter) Flush() {
	w.WriteHeaderNow()
	_ = http.NewResponseController(w.x.inside).Flush()
}

func (w handlerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.x.size > 0 {
		return nil, nil, errWritten
	}
	conn, rw, err := http.NewResponseController(w.x.inside).Hijack()
	if err == nil {
		w.x.size = 0
	}
	return conn, rw, err
}

// CloseNotify is called by c.Stream.
func (w handlerWriter) CloseNotify() <-chan bool {
	closed := make(chan bool, 1)
	context.AfterFunc(w.x.request.Context(), func() { closed <- true })
	return closed
}

func (w handlerWriter) Pusher() http.Pusher {
	pusher, _ := w.x.inside.(http.Pusher)
	return pusher
}

// Unwrap is called by http.ResponseController.
func (w handlerWriter) Unwrap() http.ResponseWriter { return w.x.inside }

// rawWriter returns the writer that Gin was called with, or that of a middleware of another Wrap. It
// returns nil if a native writer does not unwrap.
func rawWriter(w gin.ResponseWriter) http.ResponseWriter {
	for {
		var next http.ResponseWriter
		switch u := w.(type) {
		case *errorsWriter:
			w = u.ResponseWriter
			continue
		case handlerWriter:
			return u.x.inside
		default:
			next = writer.Unwrap(w)
		}
		inner, ok := next.(gin.ResponseWriter)
		if !ok {
			return next
		}
		w = inner
	}
}

// ownWriter returns the writer of Gin's own below w, or nil if a writer hides it.
func ownWriter(w gin.ResponseWriter) gin.ResponseWriter {
	for {
		var next http.ResponseWriter
		switch u := w.(type) {
		case *errorsWriter:
			next = u.ResponseWriter
		case handlerWriter:
			next = u.x.writer
		case interface{ Unwrap() http.ResponseWriter }:
			next = u.Unwrap()
		default:
			next = embeddedWriter(w)
		}
		switch inner := next.(type) {
		case nil:
			return nil
		case gin.ResponseWriter:
			w = inner
		default:
			return w
		}
	}
}

// hijack hijacks the connection if that is possible. Gin's own writer panics with HTTP/2.
func hijack(w gin.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	last := http.ResponseWriter(w)
	for next := last; next != nil; next = writer.Unwrap(next) {
		last = next
	}
	if _, ok := last.(http.Hijacker); !ok {
		return nil, nil, http.ErrNotSupported
	}
	return w.Hijack()
}
