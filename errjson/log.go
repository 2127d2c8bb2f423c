package errjson

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
)

// log writes the one record of a failure.
func (f *failure) log(e *Error) {
	level, msg := slog.LevelError, "request failed"
	switch {
	case e.Status == statusClientClosedRequest:
		level, msg = slog.LevelDebug, "client gone"
	case e.Status < 500:
		level, msg = slog.LevelDebug, "request refused"
	case f.panicked || f.stack != nil:
		msg = "panic while serving a request"
	}
	logger := f.scopes.logger()
	ctx := f.r.Context()
	if !logger.Enabled(ctx, level) {
		return
	}
	var buf [8]slog.Attr
	attrs := append(buf[:0],
		slog.String("method", f.r.Method),
		slog.String("path", f.r.URL.Path),
		slog.Int("status", e.Status),
		slog.String("error", fmt.Sprint(f.cause)), // fmt survives an Error method that panics
	)
	if f.r.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", f.r.Pattern))
	}
	if f.requestID != "" {
		attrs = append(attrs, slog.String("request_id", f.requestID))
	}
	if len(f.stack) > 0 && level == slog.LevelError {
		attrs = append(attrs, slog.String("stack", f.stack.String()))
	}
	logger.LogAttrs(ctx, level, msg, attrs...)
}

// report tells the hook.
func (f *failure) report(e *Error) {
	fn := f.scopes.reporter()
	if fn == nil {
		return
	}
	defer f.guard("panic in Config.Report")
	fn(f.r, e)
}

// identify returns what identifies the request, or the empty string.
func (f *failure) identify() string {
	fn := f.scopes.identifier()
	if fn == nil {
		return ""
	}
	defer f.guard("panic in Config.RequestID")
	return fn(f.r)
}

// guard is deferred around a hook, whose panic must not keep the answer back.
func (f *failure) guard(msg string) {
	if v := recover(); v != nil {
		p := newPanicError(v, true, 0)
		f.scopes.logger().LogAttrs(f.r.Context(), slog.LevelError, msg,
			slog.String("error", p.Error()), slog.String("stack", p.stack.String()))
	}
}

func (s scopes) logger() *slog.Logger {
	for _, rd := range s {
		if rd.config.Logger != nil {
			return rd.config.Logger
		}
	}
	return slog.Default()
}

func (s scopes) format() Format {
	for _, rd := range s {
		if rd.config.Format != nil {
			return rd.config.Format
		}
	}
	return Simple
}

func (s scopes) reporter() func(*http.Request, *Error) {
	for _, rd := range s {
		if rd.config.Report != nil {
			return rd.config.Report
		}
	}
	return nil
}

func (s scopes) identifier() func(*http.Request) string {
	for _, rd := range s {
		if rd.config.RequestID != nil {
			return rd.config.RequestID
		}
	}
	return nil
}

func (s scopes) expose() bool {
	for _, rd := range s {
		if rd.config.DangerouslyExposeCause {
			return true
		}
	}
	return false
}

// A panicError is the value of a panic as an error, with the stack.
type panicError struct {
	value any
	stack stack
}

// newPanicError must be called where the frames of the panic are still on the
// stack: above is how many calls deep in the deferred function. The stack then
// begins with the function that has panicked. To collect it takes longer than all
// else that is done about a panic, so it is not done for nobody.
func newPanicError(v any, wantStack bool, above int) *panicError {
	p := &panicError{value: v}
	if wantStack {
		var pcs [64]uintptr
		// What is left out: Callers, this function, the deferred one, gopanic.
		p.stack = append(p.stack, pcs[:runtime.Callers(4+above, pcs[:])]...)
	}
	return p
}

// wantStack reports whether the stack of a panic will be read.
func (s scopes) wantStack(r *http.Request) bool {
	return s.reporter() != nil || s.logger().Enabled(r.Context(), slog.LevelError)
}

// Error relies on fmt, which survives an Error or String method that panics.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Unwrap returns the panic's value if that is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// StackTrace returns the program counters of the stack, as reporters look for
// them.
func (p *panicError) StackTrace() []uintptr { return p.stack }

// stackOf returns the stack of the panic that err stands for, one of ours or of an
// adapter, or nil.
func stackOf(err error) (found stack) {
	walk(err, func(node error) bool {
		p, ok := node.(interface{ StackTrace() []uintptr })
		if ok {
			found = p.StackTrace()
		}
		return ok
	})
	return found
}

// A stack is resolved only where somebody reads it.
type stack []uintptr

func (s stack) String() string {
	var b strings.Builder
	b.Grow(128 * len(s))
	frames := runtime.CallersFrames(s)
	for {
		frame, more := frames.Next()
		b.WriteString(frame.Function)
		b.WriteString("\n\t")
		b.WriteString(frame.File)
		b.WriteByte(':')
		var line [20]byte
		b.Write(strconv.AppendInt(line[:0], int64(frame.Line), 10))
		if !more {
			return b.String()
		}
		b.WriteByte('\n')
	}
}
