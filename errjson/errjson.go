// Package errjson sends every error of an HTTP server as JSON, in one format: errors that handlers
// return, panics, the router's own 404 and 405, and the plain text of [http.Error].
//
//	errs := errjson.NewRenderer(errjson.Config{})
//	chain := alice.New(errs.Wrap, cors.Wrap).Then(router)
//
// # Place in a chain
//
// [Renderer.Wrap] goes outermost, around everything whose errors it sends. It does not see the
// panics and the plain text of a middleware outside it. Three kinds of middleware belong outside
// all the same: those that log, trace or compress the response. CORS belongs inside: its headers
// are set before an error is sent, and they stay.
//
// A [Renderer.Render] inside adds rules or another format for a part of a service, as a blueprint
// does in Flask. It inherits the fields of [Config] that it does not set.
//
// # How an error is sent
//
// [Write] sends an error. Package status, package bodyjson and the adapters report errors with
// Write, and handlers may also call it. Write follows the response writer and its Unwrap methods
// to the renderers around the handler, the innermost first. [Default] is the outermost one. The
// rules of these renderers map the error to a status and a message. Write logs the error, calls
// Config.Report, and then:
//
//   - If nothing was sent, it removes the headers that describe the handler's body (such as
//     Content-Length, ETag and Cache-Control) and sends the error. Other headers stay (such as
//     Set-Cookie, Vary and those of CORS).
//   - If a part of another response was sent, it panics with [http.ErrAbortHandler]. net/http then
//     breaks the connection, and the client cannot mistake the part for the whole.
//
// A writer without an Unwrap method, such as the one of [http.TimeoutHandler], ends the search:
// behind it the default renderer sends the error. [SetDefault] gives a service one format
// everywhere. A Render behind such a writer gives rules there.
//
// Responses of 200–399 are not buffered. A response of 400–599 is held back while it may be the
// plain text of a router or of http.Error: until its first byte or, if that begins a text, until
// its end or a Flush. JSON, HTML and other content types pass unchanged, and so does a JSON text
// that http.Error has sent. [Passthrough] lets plain text pass.
//
// # Compression
//
// A compressor belongs outside Wrap. If it is inside and has set a Content-Encoding, plain text
// passes as it is, compressed. An error that is written through a compressor, or through any other
// writer that is not errjson's, keeps the Content-Encoding that is set, as with http.Error. A
// handler that sets a Content-Encoding itself must remove it before it fails behind such a writer.
package errjson

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/hipflask/hipflask/internal/errtree"
)

// Config configures a [Renderer]. The zero value has no rules, uses the [Simple] format and logs to
// [slog.Default]. If a Renderer is inside another one, its nil fields have the values of the outer
// Renderer.
type Config struct {
	// Logger gets one record for each error, with the context of the request and at most 16 KiB
	// of text.
	Logger *slog.Logger
	// LogLevel returns the level of an error's record. The default is Error for a status of 500
	// or more, and Debug for others. An error below 500 that has, or wraps an error that has, a
	// method LogLevel() slog.Level is logged at that level by default: package bodyjson logs
	// validation errors whose text the client does not see at Warn. Status 499 means that the client
	// has disconnected.
	LogLevel func(*Error) slog.Level
	// Format is the format of the responses.
	Format Format
	// Rules map errors to HTTP errors and to response bodies. See [Rule] for their order.
	Rules []Rule
	// Report is called after the rules, for error reporters and metrics. It is called once for
	// each error response, for each error after a part of a response was sent, and for each
	// panic. It is not called for an error after an error response, which is only logged.
	//
	//	Report: func(r *http.Request, e *errjson.Error) {
	//		if e.Status >= 500 {
	//			sentry.CaptureException(e)
	//		}
	//	},
	//
	// Report must not change the error. [errors.As] with a type that has a method
	// StackTrace() []uintptr finds the stack of a panic.
	Report func(*http.Request, *Error)
	// RequestID returns the ID of a request, for the log and the response. An empty ID is
	// omitted. If RequestID panics, the panic is logged and the ID is treated as empty.
	RequestID func(*http.Request) string
	// DangerouslyExposeCause adds the text of the cause to the responses, for development.
	// Causes contain the names of tables, hosts and files. The field is not inherited: the
	// innermost Renderer decides.
	DangerouslyExposeCause bool
}

// A Renderer sends errors. It is safe for concurrent use.
type Renderer struct {
	config   Config
	rules    ruleSet
	inherits bool // it sets no field, so that an outer Renderer decides everything
}

// NewRenderer returns a Renderer. It copies config.
func NewRenderer(config Config) *Renderer {
	return &Renderer{
		config: config, rules: newRuleSet(config.Rules),
		inherits: config.Logger == nil && config.LogLevel == nil && config.Format == nil &&
			len(config.Rules) == 0 && config.Report == nil && config.RequestID == nil,
	}
}

var defaultRenderer atomic.Pointer[Renderer]

func init() { defaultRenderer.Store(NewRenderer(Config{})) }

// Default returns the default Renderer. It is the outermost one for every error, and the only one
// where no other is found.
func Default() *Renderer { return defaultRenderer.Load() }

// SetDefault makes rd the default [Renderer]. Requests use it from then on. SetDefault panics if rd
// is nil.
func SetDefault(rd *Renderer) {
	if rd == nil {
		panic("errjson: SetDefault: nil Renderer")
	}
	defaultRenderer.Store(rd)
}

// Wrap is [Renderer.Wrap] of the default Renderer at the time of the request.
func Wrap(next http.Handler) http.Handler {
	return &middleware{next: next, recovers: true, renders: true}
}

// Wrap combines [Renderer.Recover] and [Renderer.Render].
func (rd *Renderer) Wrap(next http.Handler) http.Handler {
	return &middleware{rd: rd, next: next, recovers: true, renders: true}
}

// Recover sends the panics of next as errors. A panic value that is or wraps an HTTP error, or that
// a rule matches, is sent as that error. Any other value is a 500 without its text. Recover changes
// neither returned errors nor the plain text of routers.
//
// A panic value that is or wraps [http.ErrAbortHandler] is passed on as the bare value, which makes
// net/http break the connection.
func (rd *Renderer) Recover(next http.Handler) http.Handler {
	return &middleware{rd: rd, next: next, recovers: true}
}

// Render makes rd the innermost Renderer for [Write] inside next. It also converts plain-text
// responses of 400–599, such as those of routers and of [http.Error], to errors. The text of a 4xx,
// at most 1 KiB, becomes the message. The text of a 5xx is logged and not sent. The status and
// other headers stay. A text that is a JSON object or array passes unchanged.
//
// An OnStatus of an outer Renderer comes before a Map and a MapIs of rd, as [Rule] says: for a part
// of a service with its own body for a status, give rd an OnStatus for that status.
func (rd *Renderer) Render(next http.Handler) http.Handler {
	return &middleware{rd: rd, next: next, renders: true}
}

// A middleware calls next with a tracker in place of the writer.
type middleware struct {
	rd       *Renderer // nil: the default one
	next     http.Handler
	recovers bool
	renders  bool
}

func (m *middleware) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rd := m.rd
	if rd == nil {
		rd = Default()
	}
	t, tracked := track(w, r)
	if m.renders {
		t.rd = rd
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		defer t.returned.Store(true)
		if !m.recovers {
			t.passPanic()
		} else if v := recover(); v != nil { // nil: runtime.Goexit
			if !m.renders {
				t.rd = rd
			}
			t.sendPanic(v, errtree.NewPanic(v, t.wantsStack(v)))
		}
	}()
	m.next.ServeHTTP(tracked, r)
	if t.isHeld() {
		t.sendHeld()
	}
	t.returned.Store(true)
	returned = true
}

// Write sends err with the rules and the format of the renderers around the handler. See the
// comment of the package for how it finds them.
//
// An error that no rule matches is sent as follows. An HTTP error has its own status (see [Rule]).
// [FieldError] values are one 422. [http.MaxBytesError] is a 413 that closes the connection. A
// malformed form or query is a 400. [context.DeadlineExceeded] is a 504, and [context.Canceled] too if
// the deadline of the request has passed. A read timeout of this connection is a 408. A cancelled or
// broken request whose context is cancelled is logged as a 499; the client has disconnected. Any
// other error is a 500. A nil err is an error of the program, and also a 500.
//
// If a part of another response was sent, Write panics with [http.ErrAbortHandler]. It does the
// same if err is ErrAbortHandler, or reports that the connection to the client is broken (EPIPE or
// ECONNRESET), which is logged as a 499. If an error response was sent, Write only logs. Write
// knows whether a response has started only if w is, or unwraps to, a writer of Wrap, Recover or
// Render.
func Write(w http.ResponseWriter, r *http.Request, err error) { write(nil, w, r, err) }

// Write is the function [Write] with rd as the innermost Renderer.
func (rd *Renderer) Write(w http.ResponseWriter, r *http.Request, err error) {
	write(rd, w, r, err)
}

// Handler returns a handler that calls fn and sends the error that fn returns with [Write]. fn
// writes the response itself if it returns nil. fn must be safe for concurrent use.
func Handler(fn func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			Write(w, r, err)
		}
	})
}

// Passthrough returns a handler whose plain-text responses are sent as they are: for health checks,
// metrics, and protocols that define the text. Writers between it and the renderers must have an Unwrap
// method. Panics of next and errors given to [Write] are still sent by the renderers around it.
func Passthrough(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := trackerOf(w); t != nil && t.flags&passText == 0 {
			t.setFlag(passText)
			defer t.clearFlag(passText)
		}
		next.ServeHTTP(w, r)
	})
}

// Abort panics with err. It leaves a handler from code that cannot return an error, as abort does
// in Flask. [Renderer.Recover] and [Renderer.Wrap] send err as if the handler had returned it.
// Without one of them, net/http logs the panic and closes the connection. A nil err is sent as a
// 500.
func Abort(err error) { panic(err) }
