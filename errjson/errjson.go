// Package errjson answers every failure of an HTTP server as JSON, in one shape:
// errors that handlers return, panics, the router's own 404 and 405, and the
// plain text of [http.Error].
//
//	errs := errjson.NewRenderer(errjson.Config{})
//	chain := alice.New(errs.Wrap, cors.Wrap).Then(router)
//
// # Place in a chain
//
// [Wrap] stands outermost, around everything whose failures it is to answer:
// a middleware outside of it that panics or calls http.Error is not covered.
// Three kinds of middleware belong outside all the same: those that log the
// status of the answer, those that compress it, and those that trace it. CORS
// belongs inside, so that its header fields are there when the error is
// answered, and stay.
//
// A [Renderer.Render] further inside adds rules, or another format, for a part of
// the service, as a blueprint does in Flask; what it leaves unset it has from the
// one outside. Behind http.TimeoutHandler, which moves a handler to another
// goroutine, a second Recover keeps the panic's stack for the log.
//
// # A failure's way
//
// [Write] is the one door: the status package, bodyjson and the adapters answer
// through it, and a handler may, too. It finds the renderers around the handler,
// asks their rules what the error means, logs it, reports it, and then:
//
//   - Nothing was sent yet: header fields that describe the body that will not
//     come are dropped (Content-Length, ETag, Cache-Control and so on), others
//     stay (Set-Cookie, Vary, CORS), and the error is sent.
//   - Something was sent: nothing is added; the panic with
//     [http.ErrAbortHandler] makes net/http break the connection, so that the
//     client does not take a part for the whole.
//
// Success is not buffered. An answer with a status of 400–599 is held only while it
// may be the plain text of a router or of http.Error: until its first byte, or, if
// that is one of a text, its end or a Flush. JSON, HTML and all else pass untouched,
// and so does JSON that http.Error has labelled as text.
package errjson

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"github.com/hipflask/hipflask/internal/header"
	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/scope"
)

// statusClientClosedRequest is what a request is recorded as whose client went
// away before the answer: the code that nginx uses.
const statusClientClosedRequest = 499

// Config says how a [Renderer] answers. The zero value is ready: no rules, the
// [Simple] format, and logs to [slog.Default]. Where a Renderer stands inside
// another, a field that is nil has the value of the one outside.
type Config struct {
	// Logger gets failures with a status of 500 or more at level Error, the
	// others at level Debug, with the request's context.
	Logger *slog.Logger
	// Format is the shape of the answers.
	Format Format
	// Rules say what errors mean. See [Rule] for their order.
	Rules []Rule
	// Report, if set, is called once for each failure after the rules, for
	// Sentry, OpenTelemetry and the like. It must not change the error. A panic's
	// stack is found with errors.As and a type with StackTrace() []uintptr.
	Report func(*http.Request, *Error)
	// RequestID, if set, returns what identifies the request in the log and in
	// the member "request_id" of the answer; the empty string is left out, and a
	// panic counts as one and is logged.
	RequestID func(*http.Request) string
	// DangerouslyExposeCause puts the text of the cause into the answers, as
	// the member "cause". It is for development only: causes name tables, hosts
	// and files.
	DangerouslyExposeCause bool
}

// A Renderer answers failures. It is safe for concurrent use.
type Renderer struct {
	config Config
	rules  ruleSet
	alone  scopes      // this Renderer and no other
	mark   *scope.Mark // leads to this Renderer
}

// NewRenderer returns a Renderer. Later changes to config have no effect on it.
func NewRenderer(config Config) *Renderer {
	rd := &Renderer{config: config, rules: newRuleSet(config.Rules)}
	rd.alone = scopes{rd}
	rd.mark = scope.NewMark(rd)
	return rd
}

var defaultRenderer = NewRenderer(Config{})

// Wrap is [Renderer.Wrap] with the default configuration.
func Wrap(next http.Handler) http.Handler { return defaultRenderer.Wrap(next) }

// Recover is [Renderer.Recover] with the default configuration.
func Recover(next http.Handler) http.Handler { return defaultRenderer.Recover(next) }

// Render is [Renderer.Render] with the default configuration.
func Render(next http.Handler) http.Handler { return defaultRenderer.Render(next) }

// Wrap is [Renderer.Recover] and [Renderer.Render] in one.
func (rd *Renderer) Wrap(next http.Handler) http.Handler {
	return rd.middleware(next, true, renders)
}

// Recover answers a panic of next as JSON: with the error, if the panic's value is
// one that is or wraps an HTTP error, or that a rule takes; else with a 500 that
// tells nothing. Errors that are returned, and the texts of routers, are not its
// business.
//
// A panic with [http.ErrAbortHandler], also one that is wrapped, goes on as the
// bare value, which net/http takes as the wish to break the connection.
func (rd *Renderer) Recover(next http.Handler) http.Handler {
	return rd.middleware(next, true, 0)
}

// Render makes rd the renderer of everything inside next: [Write] answers with it,
// and it turns plain-text answers with a status of 400–599, such as those of
// routers and of [http.Error], into JSON. Of these a 4xx keeps its text as the
// message, 1 KiB of it at most; that of a 5xx is logged, and not sent. Status and
// header fields stay. A text that is a JSON object or array passes as it is.
func (rd *Renderer) Render(next http.Handler) http.Handler {
	return rd.middleware(next, false, renders)
}

func (rd *Renderer) middleware(next http.Handler, recovers bool, flags flags) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, tw := track(w, r, rd, flags)
		if flags.has(renders) {
			defer rd.mark.Enter(r).Leave()
		}
		done := false
		defer func() {
			if done {
				return
			}
			defer t.close()
			if !recovers {
				t.unwind()
			} else if v := recover(); v != nil { // nil: runtime.Goexit
				t.panicked(v, r)
			}
		}()
		next.ServeHTTP(tw, r)
		t.finish()
		t.close()
		done = true
	})
}

// panicked answers a panic that was recovered.
func (t *tracker) panicked(v any, r *http.Request) {
	f := failure{w: t, r: r, tracker: t, panicked: true}
	f.scopes = appendScopes(nil, t.innermost(), r, t)
	err, ok := v.(error)
	if e, isHTTP := err.(*Error); isHTTP {
		f.err = e // of an Abort: it was meant to be
	} else {
		p := newPanicError(v, f.scopes.wantStack(r), 1)
		f.err, f.cause, f.stack = err, p, p.stack
		if !ok {
			f.err = p
		}
	}
	f.answer()
}

// Write answers a request with err, by the rules and the format of the innermost
// Render or Wrap around the handler, or with the default configuration where
// there is none. It finds them through w and the writers that w unwraps to, or
// else through r. A nil err is a fault of the program, and answered with a 500.
//
// What an error means where no rule says it: an HTTP error has its own status
// (see [Rule]); [FieldError] is a 422 with all of them; [http.MaxBytesError] a 413
// that closes the connection; [context.DeadlineExceeded] a 504; anything else a
// 500. A [context.Canceled] of a request that is cancelled is recorded as 499,
// without a body, for there is nobody to read it.
//
// If a part of another answer was sent before, Write panics with
// [http.ErrAbortHandler]. It does so as well if err is that, or says that the
// connection to the client is broken (EPIPE, ECONNRESET), which is recorded as
// 499. If an error was sent before, Write only logs. What was sent is not known
// where there is no Recover, Render or Wrap around the handler, or none that w
// unwraps to.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	if taker, ok := w.(scope.Taker); ok {
		taker.TakeError(err)
		return
	}
	f := failure{w: w, r: r, err: err, tracker: trackerOf(w)}
	f.scopes = appendScopes(nil, w, r, nil)
	if f.scopes == nil {
		f.scopes = defaultRenderer.alone
	}
	f.answer()
}

// Write is the function [Write] with rd as the innermost renderer.
func (rd *Renderer) Write(w http.ResponseWriter, r *http.Request, err error) {
	f := failure{w: w, r: r, err: err, tracker: trackerOf(w)}
	f.scopes = appendScopes(rd.alone, w, r, nil)
	f.answer()
}

// A failure is an error on its way to the client.
type failure struct {
	w        http.ResponseWriter
	r        *http.Request
	err      error // as it came, and what the rules are asked about
	cause    error // what is logged: the panic that brought err, or what a rule names; else err
	stack    stack // of that panic, or of one on the way
	panicked bool  // the handler has been left by a panic
	held     bool  // err stands for a plain-text answer with its own header
	scopes   scopes
	tracker  *tracker // what was sent so far; nil if that is not known

	requestID string
	vary      bool // the format was chosen by the Accept field
}

// answer is the way of every failure, from the error to the wire.
func (f *failure) answer() {
	aborted, gone := f.examine()
	if aborted {
		panic(http.ErrAbortHandler) // bare: net/http knows it by ==, and logs one that is wrapped
	}
	if f.cause == nil {
		f.cause = f.err
	}
	f.requestID = f.identify()

	buf := jsonenc.Get()
	var e *Error
	var contentType string
	again := f.tracker.answered()
	switch {
	case gone:
		e = known(statusClientClosedRequest, f.err)
	case again:
		e, f.cause = scopes(nil).resolve(f.r, f.err, f.cause) // rules and formats are asked once
	default:
		e, contentType = f.render(buf)
	}
	f.log(e)
	if !again || f.panicked {
		f.report(e)
	}

	switch state := f.tracker.sent(); {
	case state == stateHijacked:
		if f.panicked {
			panic(http.ErrAbortHandler) // the connection is not ours, nor is it net/http's
		}
	case again, state == stateClosed:
		// The client has an answer that is whole.
	case state == stateCommitted || gone:
		panic(http.ErrAbortHandler)
	default:
		f.send(e, contentType, buf.B)
	}
	buf.Free()
}

// examine asks the error for what decides over the connection. It is the first
// to call methods of the error, and replaces one whose methods panic, such as a
// nil pointer.
func (f *failure) examine() (aborted, gone bool) {
	if e, ok := f.err.(*Error); ok && e != nil && e.Err == nil {
		return false, false // the common case, and nothing to ask
	}
	defer func() {
		if v := recover(); v != nil {
			f.err = fmt.Errorf("errjson: a method of the error panics: %v: %v", v, f.err)
			aborted, gone = false, false
		}
	}()
	if f.err == nil {
		f.err = errors.New("errjson: the error to answer with is nil")
	}
	if f.stack == nil {
		f.stack = stackOf(f.err) // of a panic that an adapter has recovered
	}
	return errors.Is(f.err, http.ErrAbortHandler), f.clientGone()
}

// render asks the rules and the format, and encodes the answer into buf. Whatever
// goes wrong in there is answered with a constant.
func (f *failure) render(buf *jsonenc.Buffer) (e *Error, contentType string) {
	defer func() {
		if v := recover(); v != nil {
			p := newPanicError(v, f.scopes.wantStack(f.r), 0)
			f.stack = p.stack
			e, contentType = f.renderFault(buf, fmt.Errorf("in a rule or format: %w", p))
		}
	}()
	e, f.cause = f.scopes.resolve(f.r, f.err, f.cause)
	if !isStatus(e.Status) { // a fault of the program, answered as any other
		f.cause = errors.Join(fmt.Errorf("errjson: %d is not the status of an error", e.Status), f.cause)
		e = known(http.StatusInternalServerError, f.cause)
	}
	e = f.prepare(e)
	var body any
	if fn := f.scopes.onStatus(e.Status); fn != nil {
		contentType, body = "application/json", fn(f.r, e)
	}
	if body == nil {
		contentType, body = f.scopes.format()(f.r, e)
	}
	if _, ok := body.(negotiated); ok {
		f.vary = true
	}
	if err := encode(buf, body); err != nil {
		return f.renderFault(buf, fmt.Errorf("encoding the answer: %w", err))
	}
	return e, contentType
}

// renderFault renders the constant answer for a failure that cannot be rendered.
// The fault and the failure are both logged.
func (f *failure) renderFault(buf *jsonenc.Buffer, fault error) (*Error, string) {
	f.cause = errors.Join(fmt.Errorf("errjson: %w", fault), f.cause)
	f.vary = false
	e := known(http.StatusInternalServerError, f.cause)
	if f.requestID != "" {
		e.extra = &extra{requestID: f.requestID}
	}
	buf.B = buf.B[:0]
	_ = (*simple)(e).appendJSON(buf) // cannot fail without details
	return e, "application/json"
}

// prepare fills in what formats may rely on, in a copy if anything is to fill in:
// an Error may be shared.
func (f *failure) prepare(e *Error) *Error {
	expose := f.scopes.expose() && (f.err != error(e) || e.Err != nil)
	if e.Message != "" && f.requestID == "" && !expose {
		return e
	}
	c := *e
	if c.Message == "" {
		c.Message = sentence(c.Status)
	}
	if f.requestID != "" || expose {
		c.extra = &extra{requestID: f.requestID}
		if expose {
			c.extra.cause = fmt.Sprint(f.cause)
		}
	}
	return &c
}

// send writes the answer. Nothing was sent before.
func (f *failure) send(e *Error, contentType string, body []byte) {
	h := f.w.Header()
	f.tracker.dropHeader(h, f.held)
	header.Merge(h, e.Header)
	if f.vary {
		header.Merge(h, http.Header{"Vary": {"Accept"}})
	}

	f.tracker.beginAnswer()
	defer f.tracker.endAnswer()
	if e.Status == statusClientClosedRequest && f.r.Context().Err() != nil {
		delete(h, "Content-Type")
		delete(h, "Content-Length")
		f.w.WriteHeader(e.Status)
		return
	}
	// One array for the values: each header field's slice is full, so that
	// whoever appends to one does not write into the next.
	values := [...]string{contentType, header.Length(len(body)), "nosniff"}
	h["Content-Type"] = values[0:1:1]
	h["Content-Length"] = values[1:2:2]
	h["X-Content-Type-Options"] = values[2:3:3]

	f.w.WriteHeader(e.Status)
	// RFC 9110, Section 9.3.2: the answer to HEAD has the header fields that
	// the answer to GET would have, and no content.
	if f.r.Method != http.MethodHead {
		_, _ = f.w.Write(body) // nobody is left to tell about an error
	}
}

// clientGone reports whether the failure says that the connection to the client
// is broken. The same errors come from other connections, such as one to a
// database, which have other ends, and from the pipes of processes.
func (f *failure) clientGone() bool {
	if !errors.Is(f.err, syscall.EPIPE) && !errors.Is(f.err, syscall.ECONNRESET) {
		return false
	}
	if _, ok := errors.AsType[*fs.PathError](f.err); ok {
		return false
	}
	op, ok := errors.AsType[*net.OpError](f.err)
	if !ok || op.Source == nil && op.Addr == nil {
		return true
	}
	// The client's own address is not to rely on: middlewares that know of a
	// proxy replace it.
	if local, ok := f.r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && op.Source != nil {
		return op.Source.String() == local.String()
	}
	return op.Addr != nil && op.Addr.String() == f.r.RemoteAddr
}
