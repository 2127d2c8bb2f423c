package errjson

import (
	"fmt"
	"log/slog"
	"net/http"
	"unicode/utf8"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/statustext"
)

// The largest texts in a record, in bytes. Their sum is below 16 KiB.
const (
	maxLogError = 6 << 10
	maxLogStack = 6 << 10
	maxLogAttrs = 2 << 10
	maxLogPath  = 1 << 10
	maxLogShort = 256
)

// log writes the record of the error. The status is the one that the client gets.
func (f *failure) log(e *Error, state state, status int) {
	logger, ctx, level := f.config.logger(), f.r.Context(), slog.LevelDebug
	switch {
	case f.config.LogLevel != nil:
		level = f.callLogLevel(e)
	case e.Status >= 500:
		level = slog.LevelError
	}
	if state == stateComplete && status < 400 && f.config.LogLevel == nil && !f.isPanic() {
		level = min(level, slog.LevelWarn) // the request itself has succeeded
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	var buf [9]slog.Attr
	attrs := append(buf[:0],
		slog.String("method", clip(f.r.Method, maxLogShort)),
		slog.String("path", clip(f.r.URL.Path, maxLogPath)),
	)
	if state <= stateHeld {
		status = e.Status
	}
	if status != 0 { // otherwise unknown
		attrs = append(attrs, slog.Int("status", status))
	}
	// fmt recovers a panic in an Error method.
	attrs = append(attrs, slog.String("error", clip(fmt.Sprint(f.cause), maxLogError)))
	if value, ok := logValueOf(f.cause); ok {
		attrs = append(attrs, slog.Attr{Key: "error_attrs", Value: value})
	}
	if f.r.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", clip(f.r.Pattern, maxLogShort)))
	}
	if f.requestID != "" {
		attrs = append(attrs, slog.String("request_id", clip(f.requestID, maxLogShort)))
	}
	if len(f.stack) > 0 && e.Status >= 500 {
		attrs = append(attrs, slog.String("stack", f.stack.Text(maxLogStack)))
	}
	logger.LogAttrs(ctx, level, f.logMessage(e, state), attrs...)
}

func (f *failure) logMessage(e *Error, state state) string {
	switch {
	case e.Status == statustext.ClientClosedRequest:
		return "client disconnected"
	case e.Status >= 500 && f.isPanic():
		return "handler panicked"
	case state == stateStarted:
		return "error in the middle of a response"
	case state > stateHeld:
		return "error after the response"
	case e.Status < 500:
		return "request rejected"
	}
	return "request failed"
}

// isPanic reports whether the error is a panic, of this or of another handler.
func (f *failure) isPanic() bool { return f.panicked || f.stack != nil }

func (c *Config) logger() *slog.Logger {
	if c.Logger != nil {
		return c.Logger
	}
	return slog.Default()
}

// wantsStack reports whether the stack of a panic may be logged or reported.
func (c *Config) wantsStack(r *http.Request) bool {
	return c.Report != nil || c.LogLevel != nil || c.logger().Enabled(r.Context(), slog.LevelError)
}

func (f *failure) callReport(e *Error) {
	defer f.recoverHook("panic in Config.Report")
	f.config.Report(f.r, e)
}

func (f *failure) callRequestID() string {
	defer f.recoverHook("panic in Config.RequestID")
	return f.config.RequestID(f.r)
}

func (f *failure) callLogLevel(e *Error) slog.Level {
	defer f.recoverHook("panic in Config.LogLevel")
	return f.config.LogLevel(e)
}

// recoverHook is deferred by the calls of hooks. A panic in a hook must not prevent the response.
func (f *failure) recoverHook(msg string) {
	if v := recover(); v != nil {
		p := errtree.NewPanic(v, true)
		f.config.logger().LogAttrs(f.r.Context(), slog.LevelError, msg,
			slog.String("error", clip(p.Error(), maxLogError)),
			slog.String("stack", p.Stack().Text(maxLogStack)))
	}
}

// logValueOf returns the value of the first slog.LogValuer in the tree of err, with at most
// maxLogAttrs bytes of text.
func logValueOf(err error) (value slog.Value, ok bool) {
	defer func() {
		if recover() != nil { // in a method of the error
			ok = false
		}
	}()
	errtree.Walk(err, func(node error) errtree.Next {
		if _, ok = node.(slog.LogValuer); ok {
			value = slog.AnyValue(node)
			return errtree.Stop
		}
		return errtree.Descend
	})
	if !ok {
		return value, false
	}
	room := maxLogAttrs
	return clipValue(value, &room), true
}

// clipValue resolves a value and cuts its texts to room bytes in all.
func clipValue(v slog.Value, room *int) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		var attrs []slog.Attr
		for _, attr := range v.Group() {
			if *room -= len(attr.Key); *room <= 0 {
				break
			}
			attrs = append(attrs, slog.Attr{Key: attr.Key, Value: clipValue(attr.Value, room)})
		}
		return slog.GroupValue(attrs...)
	case slog.KindString, slog.KindAny:
		text := clip(v.String(), max(0, *room))
		*room -= len(text)
		return slog.StringValue(text)
	}
	return v
}

// clip cuts s to at most n bytes, at the end of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	n = max(0, n-len(mark))
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}
