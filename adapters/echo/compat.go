package echoadapter

import (
	"cmp"
	"errors"
	"iter"
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

// This file has the code that differs between the versions of Echo. adapters/echov4 has its own
// compat.go with the same names. Its other files are generated from those in this folder.

// responseWriter is the type of c.Response().
type responseWriter = http.ResponseWriter

// echoResponse returns the response of Echo that w is or unwraps to, or nil.
func echoResponse(w http.ResponseWriter) *echo.Response {
	if response, ok := w.(*echo.Response); ok {
		return response // the common case
	}
	response, err := echo.UnwrapResponse(w)
	if err != nil {
		return nil
	}
	return response
}

// below returns the writer below Echo's response outside the Wrap.
func (x *exchange) below() http.ResponseWriter {
	if response := echoResponse(x.response); response != nil {
		return below(response)
	}
	return x.response
}

// newResponse returns a response of Echo that writes to w.
func newResponse(c *echo.Context, w http.ResponseWriter) *echo.Response {
	return echo.NewResponse(w, c.Echo().Logger)
}

// setHandlersWriter makes handlersWriter the c.Response() of the handlers. It unwraps to Echo's
// response, for echo.UnwrapResponse.
func (x *exchange) setHandlersWriter() {
	x.handlersWriter = netWriter{exchange: x, interfaces: x.writer.interfaces, forHandlers: true}
	x.c.SetResponse(x.handlersWriter.withInterfaces())
}

// formerResponse restores the c.Response() that setHandlersWriter or runBehind has replaced.
type formerResponse struct{}

func (formerResponse) restore(x *exchange) { x.c.SetResponse(x.response) }

// handlersNext returns the writer that handlersWriter writes to.
func (x *exchange) handlersNext() http.ResponseWriter { return x.response }

// handlersUnwrap returns the writer that handlersWriter unwraps to.
func (x *exchange) handlersUnwrap() http.ResponseWriter { return x.response }

func hasPathValues(c *echo.Context) bool { return len(c.PathValues()) > 0 }

// pathValues yields the names and the values of the route's parameters.
func pathValues(c *echo.Context) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, param := range c.PathValues() {
			if !yield(param.Name, param.Value) {
				return
			}
		}
	}
}

// callErrorHandler calls the HTTPErrorHandler of the application.
func callErrorHandler(c *echo.Context, err error) { c.Echo().HTTPErrorHandler(c, err) }

// httpError returns the status and the message of an error of Echo, or nil if err is another error.
func httpError(err error) *errjson.Error {
	var first echo.HTTPStatusCoder // errjson also uses the first error with a status
	if !errors.As(err, &first) {
		return nil
	}
	switch e := first.(type) {
	case *echo.HTTPError:
		return &errjson.Error{Status: e.Code, Message: e.Message}
	case *echo.ProblemError:
		return &errjson.Error{
			Status: e.Status, Message: cmp.Or(e.Detail, e.Title), Type: e.Type, Title: e.Title, Instance: e.Instance,
		}
	}
	return nil
}

// recoveredPanic returns the panic that err stands for, or nil. The error of Echo's Recover has a
// type of its own, except with DisablePrintStack.
func recoveredPanic(err error) error {
	if _, ok := errors.AsType[*middleware.PanicStackError](err); !ok {
		return nil
	}
	return errtree.NewPanic(err, false) // the stack is a part of the text of err
}
