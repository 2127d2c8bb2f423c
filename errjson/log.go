package errjson

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/logtext"
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
	logger, ctx, level := f.config.Logger, f.r.Context(), f.defaultLevel(e)
	if f.config.LogLevel != nil {
		level = f.callLogLevel(e, level)
	}
	if state == stateComplete && status < 400 && f.config.LogLevel == nil && !f.isPanic {
		level = min(level, slog.LevelWarn) // the request itself has succeeded
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	var buf [9]slog.Attr
	attrs := append(buf[:0],
		slog.String("method", logtext.Clip(f.r.Method, maxLogShort)),
		slog.String("path", logtext.Clip(f.r.URL.Path, maxLogPath)),
	)
	if state <= stateHeld {
		status = e.Status
	}
	if status != 0 { // otherwise unknown
		attrs = append(attrs, slog.Int("status", status))
	}
	// fmt recovers a panic in an Error method.
	attrs = append(attrs, slog.String("error", logtext.Clip(fmt.Sprint(f.cause), maxLogError)))
	if value, ok := logtext.Value(f.cause, maxLogAttrs); ok {
		attrs = append(attrs, slog.Attr{Key: "error_attrs", Value: value})
	}
	if f.r.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", logtext.Clip(f.r.Pattern, maxLogShort)))
	}
	if f.requestID != "" {
		attrs = append(attrs, slog.String("request_id", logtext.Clip(f.requestID, maxLogShort)))
	}
	if len(f.stack) > 0 && e.Status >= 500 {
		attrs = append(attrs, slog.String("stack", f.stack.Text(maxLogStack)))
	}
	logger.LogAttrs(ctx, level, f.logMessage(e, state), attrs...)
}

// defaultLevel returns the level of an error without Config.LogLevel.
func (f *failure) defaultLevel(e *Error) (level slog.Level) {
	level = slog.LevelDebug
	if e.Status >= 500 {
		return slog.LevelError
	}
	if e.Err != nil {
		defer f.recoverHook("panic in a LogLevel method")
		var leveled interface{ LogLevel() slog.Level }
		if errors.As(e.Err, &leveled) {
			return leveled.LogLevel()
		}
	}
	return level
}

func (f *failure) logMessage(e *Error, state state) string {
	switch {
	case e.Status == statustext.ClientClosedRequest:
		return "client disconnected"
	case e.Status >= 500 && f.isPanic:
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

// wantsStack reports whether the stack of a panic may be logged or reported.
func (c *Config) wantsStack(r *http.Request) bool {
	return c.Report != nil || c.LogLevel != nil || c.Logger.Enabled(r.Context(), slog.LevelError)
}

func (f *failure) callReport(e *Error) {
	defer f.recoverHook("panic in Config.Report")
	f.config.Report(f.r, e)
}

func (f *failure) callRequestID() string {
	defer f.recoverHook("panic in Config.RequestID")
	return f.config.RequestID(f.r)
}

// callLogLevel returns the result of Config.LogLevel, or level if it panics.
func (f *failure) callLogLevel(e *Error, level slog.Level) (result slog.Level) {
	result = level
	defer f.recoverHook("panic in Config.LogLevel")
	return f.config.LogLevel(e)
}

// recoverHook is deferred by the calls of hooks. A panic in a hook must not prevent the response.
func (f *failure) recoverHook(msg string) {
	if v := recover(); v != nil {
		p := errtree.NewPanic(v, true)
		f.config.Logger.LogAttrs(f.r.Context(), slog.LevelError, msg,
			slog.String("error", logtext.Clip(p.Error(), maxLogError)),
			slog.String("stack", p.Stack().Text(maxLogStack)))
	}
}
