package errjson

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/header"
	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/neterr"
	"github.com/hipflask/hipflask/internal/statustext"
)

// A failure is an error that is to be sent.
type failure struct {
	w        http.ResponseWriter
	r        *http.Request
	err      error         // as it came; the rules get it
	cause    error         // for the log: the panic with err, the cause that a rule sets, or err
	stack    errtree.Stack // of a panic
	panicked bool          // a panic has left the handler
	isPanic  bool          // err is a panic, of this or of another handler
	text     bool          // err stands for a plain-text response
	tracker  *tracker

	config    Config // the values of the renderers for this failure
	requestID string
}

// maxStackRenderers is the number of renderers that a failure needs no allocation for.
const maxStackRenderers = 4

// write sends err by the renderers around w, or by first and these.
func write(first *Renderer, w http.ResponseWriter, r *http.Request, err error) {
	f := failure{w: w, r: r, err: err, tracker: trackerOf(w)}
	if f.tracker != nil {
		// For a goroutine that outlives the handler, this orders the reads below after its end.
		f.tracker.returned.Load()
	}
	var list [maxStackRenderers]*Renderer
	f.send(appendRenderers(appendRenderer(list[:0], first), w))
}

// sendPanic sends a panic that t has recovered, with the panic value and the error for it.
func (t *tracker) sendPanic(value any, p *errtree.Panic) {
	f := failure{w: t, r: t.r, tracker: t, panicked: true, isPanic: true}
	switch value := value.(type) {
	case *Error:
		f.err = value // of an Abort
	case error:
		f.err, f.cause, f.stack = value, p, p.Stack()
	default:
		f.err, f.cause, f.stack = p, p, p.Stack()
	}
	var list [maxStackRenderers]*Renderer
	f.send(appendRenderers(list[:0], t.panicOrigin()))
}

// wantsStack reports whether the stack of a panic may be logged or reported.
func (t *tracker) wantsStack(value any) bool {
	if _, isAbort := value.(*Error); isAbort {
		return false
	}
	var list [maxStackRenderers]*Renderer
	config := effectiveConfig(appendRenderers(list[:0], t.panicOrigin()))
	return config.wantsStack(t.r)
}

// effectiveConfig returns the Config for a failure: each field is that of the innermost renderer
// that sets it.
func effectiveConfig(renderers []*Renderer) (c Config) {
	c.DangerouslyExposeCause = renderers[0].config.DangerouslyExposeCause
	for _, rd := range renderers {
		if c.Logger == nil {
			c.Logger = rd.config.Logger
		}
		if c.LogLevel == nil {
			c.LogLevel = rd.config.LogLevel
		}
		if c.Format == nil {
			c.Format = rd.config.Format
		}
		if c.Report == nil {
			c.Report = rd.config.Report
		}
		if c.RequestID == nil {
			c.RequestID = rd.config.RequestID
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Format == nil {
		c.Format = Simple
	}
	return c
}

// kind is what an error says about the connection.
type kind uint8

const (
	kindOrdinary kind = iota // nothing
	kindAbort                // the handler wants to break it: http.ErrAbortHandler
	kindBroken               // it is broken
)

// action is what send does with an error.
type action uint8

const (
	actRespond   action = iota // log it and send it
	actLog                     // log it
	actAbort                   // log it and break the connection
	actOnlyAbort               // break the connection
)

// decide returns what to do with an error of a kind, by how much of the response was sent. panicked
// means that a panic has left the handler.
func decide(kind kind, state state, panicked bool) action {
	switch {
	case state == stateReturned:
		return actLog
	case kind == kindAbort:
		return actOnlyAbort
	case state == stateHijacked && panicked:
		return actAbort
	case state == stateHijacked, state == stateComplete, state == stateErrorSent:
		return actLog
	case state == stateStarted, kind == kindBroken:
		return actAbort
	}
	return actRespond
}

// send logs, reports and sends the error by the renderers, the innermost first, or breaks the
// connection.
func (f *failure) send(renderers []*Renderer) {
	kind := f.inspect()
	state, status := f.state()
	action := decide(kind, state, f.panicked)
	if action == actOnlyAbort {
		panic(http.ErrAbortHandler) // the bare value: net/http compares with ==
	}
	f.config = effectiveConfig(renderers)
	if f.cause == nil {
		f.cause = f.err
	}
	if f.config.RequestID != nil {
		f.requestID = f.callRequestID()
	}

	buf := jsonenc.Get()
	var e *Error
	var resp Response
	switch {
	case kind == kindBroken:
		e = newError(statustext.ClientClosedRequest, f.err)
	case state == stateErrorSent:
		e = f.resolveAgain()
	default:
		e, resp = f.render(buf, renderers)
	}
	f.log(e, state, status)
	if f.config.Report != nil && (state != stateErrorSent || f.panicked) {
		f.callReport(e)
	}
	switch action {
	case actRespond:
		f.write(e, resp, buf.B)
	case actAbort:
		panic(http.ErrAbortHandler)
	}
	buf.Free()
}

// inspect returns the kind of the error. It is the first to call the methods of the error, and
// replaces an error whose methods panic, such as a nil pointer.
func (f *failure) inspect() (k kind) {
	if e, ok := f.err.(*Error); ok && e != nil && e.Err == nil {
		return kindOrdinary // the common case
	}
	defer func() {
		if v := recover(); v != nil {
			f.err = fmt.Errorf("errjson: a method of %T panics: %v: %v", f.err, v, f.err)
			k = kindOrdinary
		}
	}()
	if f.err == nil {
		f.err = errors.New("errjson: the error is nil")
	}
	if v := reflect.ValueOf(f.err); v.Kind() == reflect.Pointer && v.IsNil() {
		_ = f.err.Error() // panics for most types
	}
	if f.stack == nil {
		f.stack = errtree.StackOf(f.err)
	}
	if !f.isPanic {
		_, f.isPanic = errors.AsType[*errtree.Panic](f.err) // an adapter has recovered it
	}
	switch {
	case errors.Is(f.err, http.ErrAbortHandler):
		return kindAbort
	case neterr.IsBroken(f.r, f.err):
		return kindBroken
	}
	return kindOrdinary
}

// state returns how much of the response was sent, and its status or 0.
func (f *failure) state() (state, int) {
	t := f.tracker
	if asTracker(f.w) == nil {
		// The writers of adapters know the responses of their framework's handlers.
		if s, ok := f.w.(interface{ SentStatus() int }); ok {
			return stateComplete, s.SentStatus()
		}
	}
	switch {
	case t == nil:
		return stateOpen, 0
	case t.returned.Load():
		return stateReturned, 0
	case t.isHeldOutside():
		return stateHeld, 0
	case t.state == stateDiscarding:
		return stateErrorSent, int(t.status)
	case t.state == stateHijacked:
		return t.state, 0
	default:
		return t.state, int(t.status)
	}
}

// resolveAgain returns the HTTP error for an error after an error response. It calls no rules: these
// are called once per response.
func (f *failure) resolveAgain() (e *Error) {
	defer func() {
		if recover() != nil { // in a method of the error
			e = newError(http.StatusInternalServerError, f.cause)
		}
	}()
	e, f.cause = resolve(nil, f.r, f.err, f.cause)
	return e
}

// render applies the rules and the format, and encodes the body of the response into buf. If any of
// these panics or fails, it returns a constant response.
func (f *failure) render(buf *jsonenc.Buffer, renderers []*Renderer) (e *Error, resp Response) {
	defer func() {
		if v := recover(); v != nil {
			p := errtree.NewPanic(v, f.config.wantsStack(f.r))
			f.stack, f.isPanic = p.Stack(), true
			e, resp = f.renderConstant(buf, fmt.Errorf("in a rule or format: %w", p))
		}
	}()
	e, f.cause = resolve(renderers, f.r, f.err, f.cause)
	if !statustext.IsError(e.Status) {
		f.cause = errors.Join(fmt.Errorf("errjson: %d is not an error status", e.Status), f.cause)
		e = newError(http.StatusInternalServerError, f.cause)
	}
	e = f.complete(e)
	if fn := onStatus(renderers, e.Status); fn != nil {
		resp.Body = fn(f.r, e)
	}
	if resp.Body == nil {
		resp = f.config.Format(f.r, e)
	}
	if resp.ContentType == "" {
		resp.ContentType = "application/json"
	}
	if err := encodeBody(buf, resp); err != nil {
		return f.renderConstant(buf, fmt.Errorf("encoding the response: %w", err))
	}
	return e, resp
}

// renderConstant renders a 500 that cannot fail, and adds the reason to the logged cause.
func (f *failure) renderConstant(buf *jsonenc.Buffer, reason error) (*Error, Response) {
	f.cause = errors.Join(fmt.Errorf("errjson: %w", reason), f.cause)
	e := newError(http.StatusInternalServerError, f.cause)
	if f.requestID != "" {
		e.rendering = &rendering{requestID: f.requestID}
	}
	buf.B = buf.B[:0]
	_ = (*simple)(e).appendJSON(buf) // fails only for details
	return e, Response{ContentType: "application/json"}
}

// complete returns e with a message, the request ID and the exposed cause. It copies e if it
// changes it, because an Error may be shared.
func (f *failure) complete(e *Error) *Error {
	expose := f.config.DangerouslyExposeCause && (f.err != error(e) || e.Err != nil)
	if e.Message != "" && f.requestID == "" && !expose {
		return e
	}
	c := *e
	if c.Message == "" {
		c.Message = statustext.Message(c.Status)
	}
	if f.requestID != "" || expose {
		c.rendering = &rendering{requestID: f.requestID}
		if expose {
			c.rendering.exposedCause = fmt.Sprint(f.cause)
		}
	}
	return &c
}

// write writes the response. Nothing was sent before.
func (f *failure) write(e *Error, resp Response, body []byte) {
	h := f.w.Header()
	f.removeHeaders(h)
	if len(e.Header) > 0 || len(resp.Header) > 0 {
		header.Merge(h, e.Header)
		header.Merge(h, resp.Header)
	}
	knowsLength := f.knowsLength(h)

	f.tracker.setFlag(sendingError)
	defer f.tracker.clearFlag(sendingError)
	if e.Status == statustext.ClientClosedRequest && f.r.Context().Err() != nil {
		delete(h, "Content-Type")
		delete(h, "Content-Length")
		f.w.WriteHeader(e.Status)
		return
	}
	// One array backs the values. Each slice is full, so that an append to one does not write
	// into the next.
	values := [...]string{resp.ContentType, "nosniff", ""}
	h["Content-Type"] = values[0:1:1]
	h["X-Content-Type-Options"] = values[1:2:2]
	if knowsLength {
		values[2] = header.Length(len(body))
		h["Content-Length"] = values[2:3:3]
	} else {
		delete(h, "Content-Length")
	}
	f.w.WriteHeader(e.Status)
	// RFC 9110, Section 9.3.2: the response to HEAD has no content.
	if f.r.Method != http.MethodHead {
		_, _ = f.w.Write(body) // the client has disconnected if this fails
	}
}

// removeHeaders removes the headers that describe the handler's body, and restores those of the
// middlewares outside.
//
// The headers of a text keep its rules for caching and ranges: they were set for its status. Behind
// a foreign writer a Content-Encoding stays, as with http.Error: that writer may be a compressor.
func (f *failure) removeHeaders(h http.Header) {
	var entry http.Header
	if f.tracker != nil && f.tracker.rare != nil {
		entry = f.tracker.rare.entry
	}
	switch {
	case len(h) == 0 && entry == nil:
	case f.text:
		header.ReplaceRepresentation(h, entry, "Cache-Control", "Expires", "Content-Range")
	case asTracker(f.w) == nil:
		header.ReplaceRepresentation(h, entry, "Content-Encoding")
	default:
		header.ReplaceRepresentation(h, entry)
	}
}

// knowsLength reports whether the length of the body is that of the content on the wire. A
// compressor that has set a Content-Encoding changes it. The response to HEAD without a text may
// have another text for GET.
func (f *failure) knowsLength(h http.Header) bool {
	if len(h) > 0 && len(h["Content-Encoding"]) > 0 {
		return false
	}
	return !f.text || f.r.Method != http.MethodHead || f.tracker.flags&wroteText != 0
}
