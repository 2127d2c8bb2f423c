package ginadapter

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/internal/bridge"
)

// A chain is the middlewares of one Wrap, around its method next.
type chain struct{ handler http.Handler }

// A call is one request on its way through a chain. It is the context of the
// request that the middlewares get, which leads from there back to the Gin
// context, the writer that they get (as a netWriter), and the writer that the
// handlers get if a middleware has wrapped that one (as a ginWriter).
//
// It is not pooled: a goroutine that outlives the request may keep it.
type call struct {
	context.Context // of request
	chain           *chain
	c               *gin.Context
	request         *http.Request      // c.Request, as it was
	writer          gin.ResponseWriter // c.Writer, as it was
	preset          int                // the status before anything ran: 404 or 405 if no route matches
	copied          http.Request       // of request; in here it is no allocation of its own
	gate            bridge.Gate
	nextReturned    bool // without a panic; guarded by gate

	// pending is a status without a body that the handlers have left, and that
	// was told to the middlewares: not to be sent as long as Gin may add to it.
	pending atomic.Int32

	// The state of the ginWriter, used by next alone.
	inside http.ResponseWriter // what the middlewares have made of the netWriter
	status int
	size   int // -1: nothing was sent
}

// serve runs the middlewares.
func (ch *chain) serve(c *gin.Context) {
	call := &call{
		Context: c.Request.Context(), chain: ch, c: c,
		request: c.Request, writer: c.Writer, preset: c.Writer.Status(),
	}
	r := &call.copied
	*r = *c.Request.WithContext(call)
	if route := c.FullPath(); route != "" {
		r.Pattern = route
		for _, param := range c.Params {
			bridge.SetPathValue(r, param.Key, param.Value)
		}
	}
	call.run(r)
	if !call.nextReturned {
		c.Abort()
		if !call.writer.Written() {
			call.writer.WriteHeader(http.StatusOK) // what net/http makes of silence
			call.writer.WriteHeaderNow()
		}
	}
}

func (call *call) run(r *http.Request) {
	defer call.end(r)
	call.chain.handler.ServeHTTP((*netWriter)(call), r)
}

func (call *call) end(r *http.Request) {
	call.gate.Close()
	bridge.ReturnForms(call.request, r)
}

// next is the innermost handler of the chain: it runs the handlers that come after
// the Wrap.
func (ch *chain) next(w http.ResponseWriter, r *http.Request) {
	call := ch.find(w, r)
	if !call.gate.Enter() {
		return // the request is over
	}
	defer call.leave()
	c := call.c
	c.Request = r
	if nw, ok := w.(*netWriter); ok && nw == (*netWriter)(call) {
		c.Next()
	} else {
		call.nextInside(w)
	}
	call.nextReturned = true
}

// leave puts everything back.
func (call *call) leave() {
	c := call.c
	bridge.ReturnForms(call.request, c.Request)
	c.Request, c.Writer = call.request, call.writer
	call.gate.Leave()
}

// nextInside runs the handlers with the writer that a middleware has put in place
// of ours. Failures are answered in there, so that the middleware gets to see the
// answer.
func (call *call) nextInside(w http.ResponseWriter) {
	c := call.c
	call.inside, call.status, call.size = w, call.preset, notWritten
	gw := (*ginWriter)(call)
	c.Writer = gw
	if rd := watching(call.writer, call.request); rd != nil {
		inner := watch(c, rd)
		inner.inner = true
		c.Next()
		inner.finish(c)
	} else {
		c.Next()
	}
	if !gw.Written() && (call.status != http.StatusOK || call.preset != http.StatusOK) {
		call.pending.Store(int32(call.status))
		w.WriteHeader(call.status)
	}
}

// find returns the call that a request belongs to. The context leads to it or, if
// a middleware has put another in its place, the writer.
func (ch *chain) find(w http.ResponseWriter, r *http.Request) *call {
	if call, ok := r.Context().Value(ch).(*call); ok {
		return call
	}
	nw, ok := bridge.FindWriter(w, func(nw *netWriter) bool { return nw.chain == ch })
	if !ok {
		panic("ginadapter: a middleware has replaced both the context of the request and the writer")
	}
	return (*call)(nw)
}

// Value implements context.Context.
func (call *call) Value(key any) any {
	if key == call.chain {
		return call
	}
	return call.Context.Value(key)
}

// A netWriter is the call as the writer for net/http middlewares. Gin's own
// remembers a status until the first byte, and the last one counts; this one sends
// it at once, and the first one counts. It writes nothing when the request is over:
// Gin's writer may then be that of another one.
type netWriter call

func (w *netWriter) Header() http.Header {
	if w.gate.Closed() {
		return make(http.Header)
	}
	return w.writer.Header()
}

func (w *netWriter) WriteHeader(status int) {
	switch {
	case w.gate.Closed():
	case bridge.IsInformational(status):
		// To Gin's writer it would be the status of the answer.
		if raw := rawWriter(w.writer); raw != nil {
			raw.WriteHeader(status)
		}
	case w.writer.Written():
	case status == int(w.pending.Load()):
		w.writer.WriteHeader(status)
	default:
		w.writer.WriteHeader(status)
		w.writer.WriteHeaderNow()
	}
}

// begin sends a 200 if no status was set, whatever Gin has preset for a request
// that matches no route.
func (w *netWriter) begin() {
	if !w.writer.Written() && !w.gate.Entered() {
		w.WriteHeader(http.StatusOK)
	}
}

func (w *netWriter) Write(p []byte) (int, error) {
	if w.gate.Closed() {
		return 0, bridge.ErrOver
	}
	if len(p) == 0 && w.pending.Load() != 0 {
		return 0, nil // http.TimeoutHandler writes a body that is empty
	}
	w.begin()
	return w.writer.Write(p)
}

func (w *netWriter) WriteString(s string) (int, error) {
	if w.gate.Closed() {
		return 0, bridge.ErrOver
	}
	w.begin()
	return w.writer.WriteString(s)
}

func (w *netWriter) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController calls.
func (w *netWriter) FlushError() error {
	if w.gate.Closed() {
		return bridge.ErrOver
	}
	raw := rawWriter(w.writer)
	if raw != nil && !bridge.CanFlush(raw) {
		return http.ErrNotSupported
	}
	w.begin()
	w.writer.Flush()
	if _, ok := raw.(http.Flusher); raw != nil && !ok {
		return http.NewResponseController(raw).Flush() // Gin's own does not unwrap it
	}
	return nil
}

func (w *netWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.gate.Closed() {
		return nil, nil, bridge.ErrOver
	}
	return hijack(w.writer)
}

// Push is HTTP/2's server push.
func (w *netWriter) Push(target string, opts *http.PushOptions) error {
	if w.gate.Closed() {
		return bridge.ErrOver
	}
	if pusher := w.writer.Pusher(); pusher != nil {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// Unwrap is for http.ResponseController. It returns nil when the request is over.
func (w *netWriter) Unwrap() http.ResponseWriter {
	if w.gate.Closed() {
		return nil
	}
	return w.writer
}

// A ginWriter is the call as the writer for the handlers behind a middleware that
// has wrapped the netWriter: all they write goes through that middleware.
type ginWriter call

const notWritten = -1

var errWritten = errors.New("ginadapter: hijack after a part of the body was written")

func (w *ginWriter) Header() http.Header { return w.inside.Header() }

// WriteHeader remembers the status, as Gin's does.
func (w *ginWriter) WriteHeader(status int) {
	switch {
	case bridge.IsInformational(status):
		w.inside.WriteHeader(status)
	case status > 0 && !w.Written():
		w.status = status
	}
}

func (w *ginWriter) WriteHeaderNow() {
	if !w.Written() {
		w.size = 0
		w.inside.WriteHeader(w.status)
	}
}

func (w *ginWriter) Write(p []byte) (int, error) {
	w.WriteHeaderNow()
	n, err := w.inside.Write(p)
	w.size += n
	return n, err
}

func (w *ginWriter) WriteString(s string) (int, error) {
	w.WriteHeaderNow()
	n, err := io.WriteString(w.inside, s)
	w.size += n
	return n, err
}

func (w *ginWriter) Status() int   { return w.status }
func (w *ginWriter) Size() int     { return w.size }
func (w *ginWriter) Written() bool { return w.size != notWritten }

// Flush does nothing if the middleware's writer neither flushes nor unwraps, as
// with net/http.
func (w *ginWriter) Flush() {
	w.WriteHeaderNow()
	_ = http.NewResponseController(w.inside).Flush()
}

func (w *ginWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.size > 0 {
		return nil, nil, errWritten
	}
	conn, rw, err := http.NewResponseController(w.inside).Hijack()
	if err == nil {
		w.size = 0
	}
	return conn, rw, err
}

// CloseNotify is what c.Stream waits for.
func (w *ginWriter) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(w.request.Context(), func() { gone <- true })
	return gone
}

func (w *ginWriter) Pusher() http.Pusher {
	pusher, _ := w.inside.(http.Pusher)
	return pusher
}

// Unwrap is for http.ResponseController.
func (w *ginWriter) Unwrap() http.ResponseWriter { return w.inside }

// rawWriter returns the writer that Gin was called with, or nil if one in between
// does not unwrap.
func rawWriter(w http.ResponseWriter) http.ResponseWriter {
	for {
		if _, ok := w.(gin.ResponseWriter); !ok {
			return w
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// hijack takes the connection over, where there is one to take: Gin's own writer
// panics if there is none, with HTTP/2.
func hijack(w gin.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	last := http.ResponseWriter(w)
	for {
		u, ok := last.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		last = u.Unwrap()
	}
	if _, ok := last.(http.Hijacker); !ok {
		return nil, nil, http.ErrNotSupported
	}
	return w.Hijack()
}
