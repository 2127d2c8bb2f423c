package echoadapter

import (
	"errors"
	"iter"
	"net/http"
	"runtime"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/labstack/echo/v4"
)

// This file has the code that differs between the versions of Echo. adapters/echo has its own
// compat.go with the same names. The other files of this folder are generated from those in
// adapters/echo.

// responseWriter is the type of c.Response().
type responseWriter = *echo.Response

// echoResponse returns w, which is the response of Echo.
func echoResponse(w *echo.Response) *echo.Response { return w }

// below returns the writer below Echo's response outside the Wrap.
func (x *exchange) below() http.ResponseWriter {
	if x.former.writer != nil {
		return below(x.former.writer) // setHandlersWriter has replaced it
	}
	return below(x.response)
}

// newResponse returns a response of Echo that writes to w.
func newResponse(c echo.Context, w http.ResponseWriter) *echo.Response {
	return echo.NewResponse(w, c.Echo())
}

// setHandlersWriter makes handlersWriter the writer below the c.Response() of the handlers, which
// must be an *echo.Response.
func (x *exchange) setHandlersWriter() {
	x.former.writer = x.response.Writer
	x.handlersWriter = netWriter{exchange: x, interfaces: x.writer.interfaces, forHandlers: true}
	x.response.Writer = x.handlersWriter.withInterfaces()
}

// formerResponse restores the c.Response() that setHandlersWriter or runBehind has replaced.
type formerResponse struct{ writer http.ResponseWriter } // of the response; nil if not replaced

func (former formerResponse) restore(x *exchange) {
	x.c.SetResponse(x.response)
	if former.writer != nil {
		x.response.Writer = former.writer
	}
}

// handlersNext returns the writer that handlersWriter writes to.
func (x *exchange) handlersNext() http.ResponseWriter { return x.former.writer }

// handlersUnwrap returns the writer that handlersWriter unwraps to.
func (x *exchange) handlersUnwrap() http.ResponseWriter { return x.below() }

func hasPathValues(c echo.Context) bool { return len(c.ParamNames()) > 0 }

// pathValues yields the names and the values of the route's parameters.
func pathValues(c echo.Context) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		values := c.ParamValues()
		for i, name := range c.ParamNames() {
			if !yield(name, values[i]) {
				return
			}
		}
	}
}

// callErrorHandler calls the HTTPErrorHandler of the application.
func callErrorHandler(c echo.Context, err error) { c.Echo().HTTPErrorHandler(err, c) }

// httpError returns the status and the message of an error of Echo, or nil if err is another error.
func httpError(err error) *errjson.Error {
	he, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return nil
	}
	// errjson uses the first error with a status. An HTTPError of Echo v4 has no such method.
	if coder, ok := errors.AsType[statusCoder](err); ok && !errors.Is(he, coder) {
		return nil
	}
	if inner, ok := he.Internal.(*echo.HTTPError); ok {
		he = inner // as in Echo's own HTTPErrorHandler
	}
	e := &errjson.Error{Status: he.Code}
	switch message := he.Message.(type) {
	case nil:
	case string:
		e.Message = message
	case error:
		e.Message = message.Error()
	default:
		e.Details = message
	}
	return e
}

type statusCoder interface {
	error
	StatusCode() int
}

// recoveredPanic returns the panic that err stands for, or nil. Echo's Recover calls the
// HTTPErrorHandler in its deferred function, where the frames of the panic are still on the stack.
func recoveredPanic(err error) error {
	var buf [64]uintptr
	frames := runtime.CallersFrames(buf[:runtime.Callers(1, buf[:])])
	for {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			return errtree.NewPanic(err, true)
		case frame.Function == serveHTTP, !more:
			return nil
		}
	}
}

// serveHTTP is the function below which a panic is not one of the application.
const serveHTTP = "github.com/labstack/echo/v4.(*Echo).ServeHTTP"
