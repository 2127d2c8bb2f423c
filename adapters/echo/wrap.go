package echoadapter

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
	"github.com/labstack/echo/v5"
)

// A chain is the middlewares of one Wrap, around its method next.
type chain struct {
	handler http.Handler
	app     atomic.Pointer[bridge.App]
}

// A call is one request on its way through a chain. It is the context of the
// request that the middlewares get, which leads from there back to the Echo
// context, and, as a netWriter, the writer that they get.
//
// It is not pooled: a goroutine that outlives the request may keep it.
type call struct {
	context.Context // of request
	chain           *chain
	c               *echo.Context
	app             *bridge.App
	next            echo.HandlerFunc
	request         *http.Request       // c.Request(), as it was
	response        http.ResponseWriter // c.Response(), as it was
	copied          http.Request        // of request; in here it is no allocation of its own
	gate            bridge.Gate
	err             error // what next has returned last; guarded by gate
}

// serve runs the middlewares.
func (ch *chain) serve(c *echo.Context, next echo.HandlerFunc) error {
	request := c.Request()
	call := &call{
		Context: request.Context(), chain: ch, c: c, app: ch.appOf(c.Echo()), next: next,
		request: request, response: c.Response(),
	}
	r := &call.copied
	*r = *request.WithContext(call)
	call.app.Enter(r)
	if route := c.Path(); route != "" {
		r.Pattern = route
		for _, param := range c.PathValues() {
			bridge.SetPathValue(r, param.Name, param.Value)
		}
	}
	call.run(r)
	return call.err
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
	c.SetRequest(r)
	if nw, ok := w.(*netWriter); ok && nw == (*netWriter)(call) {
		call.err = call.next(c)
		return
	}
	response := echo.NewResponse(w, c.Echo().Logger)
	response.Status = http.StatusOK // as that of a new context
	c.SetResponse(response)
	call.err = call.next(c)
	if call.err != nil && !response.Committed {
		c.Echo().HTTPErrorHandler(c, call.err)
	}
}

// leave puts everything back.
func (call *call) leave() {
	c := call.c
	bridge.ReturnForms(call.request, c.Request())
	c.SetRequest(call.request)
	c.SetResponse(call.response)
	call.gate.Leave()
}

// find returns the call that a request belongs to. The context leads to it or, if
// a middleware has put another in its place, the writer.
func (ch *chain) find(w http.ResponseWriter, r *http.Request) *call {
	if call, ok := r.Context().Value(ch).(*call); ok {
		return call
	}
	nw, ok := bridge.FindWriter(w, func(nw *netWriter) bool { return nw.chain == ch })
	if !ok {
		panic("echoadapter: a middleware has replaced both the context of the request and the writer")
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

// A netWriter is the call as the writer for net/http middlewares. It writes nothing
// when the request is over: Echo's response may then be that of another one.
type netWriter call

func (w *netWriter) Header() http.Header {
	if w.gate.Closed() {
		return make(http.Header)
	}
	return w.response.Header()
}

func (w *netWriter) WriteHeader(status int) {
	if w.gate.Closed() {
		return
	}
	if bridge.IsInformational(status) {
		// To Echo's response it would be the status of the answer.
		if raw := rawWriter(w.response); raw != nil {
			raw.WriteHeader(status)
		}
		return
	}
	w.response.WriteHeader(status)
}

func (w *netWriter) Write(p []byte) (int, error) {
	if w.gate.Closed() {
		return 0, bridge.ErrOver
	}
	return w.response.Write(p)
}

func (w *netWriter) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController calls. It sends a 200 if no status was
// set. Echo's own leaves that to net/http, and does not know of it.
func (w *netWriter) FlushError() error {
	if w.gate.Closed() {
		return bridge.ErrOver
	}
	if raw := rawWriter(w.response); raw != nil && !bridge.CanFlush(raw) {
		return http.ErrNotSupported // Echo's own panics
	}
	if !isCommitted(w.response) {
		w.response.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.response).Flush()
}

func (w *netWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.gate.Closed() {
		return nil, nil, bridge.ErrOver
	}
	conn, rw, err := http.NewResponseController(w.response).Hijack()
	if response, _ := echo.UnwrapResponse(w.response); response != nil && err == nil {
		response.Committed = true // nobody can add to it
	}
	return conn, rw, err
}

// Push is HTTP/2's server push.
func (w *netWriter) Push(target string, opts *http.PushOptions) error {
	if w.gate.Closed() {
		return bridge.ErrOver
	}
	if pusher, ok := rawWriter(w.response).(http.Pusher); ok {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// Unwrap is for http.ResponseController. It returns nil when the request is over.
func (w *netWriter) Unwrap() http.ResponseWriter {
	if w.gate.Closed() {
		return nil
	}
	return w.response
}

// Renderer is how errjson.Write finds the renderer of the application. That has
// its place at the outermost of the calls.
func (w *netWriter) Renderer() *errjson.Renderer {
	if _, ok := bridge.FindWriter(w.response, func(*netWriter) bool { return true }); ok {
		return nil
	}
	return w.app.Renderer()
}

// rawWriter returns the writer that Echo was called with, or nil.
func rawWriter(w http.ResponseWriter) http.ResponseWriter {
	if response, err := echo.UnwrapResponse(w); err == nil {
		return response.Unwrap()
	}
	return nil
}

// isCommitted reports whether a part of the answer was sent.
func isCommitted(w http.ResponseWriter) bool {
	response, err := echo.UnwrapResponse(w)
	return err == nil && response.Committed
}
