package ginadapter

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
	"github.com/hipflask/hipflask/internal/scope"
)

// An errorsWriter is the writer for the handlers after Errors. Gin sends a status
// without a body at once, in c.AbortWithStatus for instance; this writer holds one
// of 400–599 until there is a body, and if none comes, the error is answered.
//
// It is the value of mark as well, which leads handlers and middlewares that have
// another writer to the renderer.
type errorsWriter struct {
	gin.ResponseWriter // Gin's own
	renderer           *errjson.Renderer
	mark               scope.Link
	encoding           string // the Content-Encoding on entry, of a compressor outside
	status             int    // what WriteHeader was last called with
	head               bool   // the request is one of HEAD
	held               bool   // the status was to be sent
	inner              bool   // it is inside of a Wrap that is inside of an Errors
}

// watch puts an errorsWriter in place of c.Writer.
func watch(c *gin.Context, rd *errjson.Renderer) *errorsWriter {
	e := &errorsWriter{
		ResponseWriter: c.Writer, renderer: rd,
		head: c.Request.Method == http.MethodHead, encoding: encodingOf(c.Writer.Header()),
	}
	c.Writer = e
	return e
}

// unwatch puts c.Writer back.
func (e *errorsWriter) unwatch(c *gin.Context) {
	e.mark.Leave()
	c.Writer = e.ResponseWriter
}

// finish answers if the handlers have failed, and have not answered themselves.
func (e *errorsWriter) finish(c *gin.Context) {
	e.unwatch(c)
	err := e.failure(c)
	switch bodiless := e.status >= 300 && e.status < 400 || e.status == http.StatusNoContent; {
	case err == nil:
		e.release()
	case !e.ResponseWriter.Written() && !bodiless:
		e.answer(c, err)
	case !e.inner && c.GetString(answeredKey) == "":
		e.record(c, err)
	}
}

// panicked answers a panic that was recovered.
func (e *errorsWriter) panicked(c *gin.Context, v any) {
	err := newPanicError(v)
	e.unwatch(c)
	c.Abort() // Gin would go on with the handler after the one that panicked
	if e.ResponseWriter.Written() {
		e.record(c, err)
		panic(http.ErrAbortHandler)
	}
	e.answer(c, err)
}

// failure returns what the handlers have failed with, or nil.
func (e *errorsWriter) failure(c *gin.Context) error {
	status := e.ResponseWriter.Status()
	if len(c.Errors) == 0 {
		if e.ResponseWriter.Written() || !isError(status) || e.describesBody() || status == statusClientClosedRequest {
			return nil
		}
		return &errjson.Error{Status: status}
	}
	if !e.ResponseWriter.Written() {
		status = e.status // and not what Gin has preset
	}
	err, public := lastFirst(c.Errors), c.Errors.Last().IsType(gin.ErrorTypePublic)
	if !isError(status) {
		switch {
		case c.Errors.Last().IsType(gin.ErrorTypeBind):
			status = http.StatusBadRequest // as Gin's own Bind answers
		case public:
			status = http.StatusInternalServerError
		}
	}
	if !isError(status) || hasStatus(err) {
		return err
	}
	fallback := &errjson.Error{Status: status, Err: err}
	if public {
		fallback.Message = c.Errors.Last().Error()
	}
	return &fallbackError{err, fallback}
}

// A fallbackError is an error with what it means if it is no HTTP error itself, and
// is not taken by a rule.
type fallbackError struct {
	error
	fallback *errjson.Error
}

func (e *fallbackError) Unwrap() []error { return []error{e.error, e.fallback} }

// lastFirst returns the errors as one, the last one first: it is what Gin's users
// answer with.
func lastFirst(errs []*gin.Error) error {
	if len(errs) == 1 {
		return errs[0].Err
	}
	joined := make([]error, 0, len(errs))
	for _, e := range slices.Backward(errs) {
		joined = append(joined, e.Err)
	}
	return errors.Join(joined...)
}

// hasStatus reports whether errjson knows more of an error than a status set for
// it says.
func hasStatus(err error) bool {
	return is[errjson.FieldError](err) || is[*errjson.FieldError](err) || is[*http.MaxBytesError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// answeredKey is where the context has that a failure was answered, or recorded.
const answeredKey = "github.com/hipflask/hipflask/adapters/gin"

// record has an error logged and reported that cannot be answered.
func (e *errorsWriter) record(c *gin.Context, err error) {
	c.Set(answeredKey, "recorded")
	bridge.Record(e.renderer, bridge.WithPattern(c.Request, c.FullPath()), err)
}

// answer sends an error. Nothing was sent before.
func (e *errorsWriter) answer(c *gin.Context, err error) {
	c.Set(answeredKey, "answered")
	// A handler may have meant to compress what does not come now.
	if h := e.ResponseWriter.Header(); encodingOf(h) != e.encoding {
		h.Del("Content-Encoding")
	}
	e.held = false
	errjson.Write(e, bridge.WithPattern(c.Request, c.FullPath()), err)
	e.ResponseWriter.WriteHeaderNow() // for HEAD: Gin would add the body of its 404
}

func encodingOf(h http.Header) string {
	if values := h["Content-Encoding"]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// release sends a status that is held.
func (e *errorsWriter) release() {
	if e.held {
		e.held = false
		e.ResponseWriter.WriteHeaderNow()
	}
}

func (e *errorsWriter) WriteHeader(status int) {
	if e.held || status <= 0 {
		return
	}
	e.status = status
	e.ResponseWriter.WriteHeader(status)
}

func (e *errorsWriter) WriteHeaderNow() {
	switch {
	case e.held:
	case !e.ResponseWriter.Written() && isError(e.Status()) && !e.describesBody():
		e.held = true
	default:
		e.ResponseWriter.WriteHeaderNow()
	}
}

// describesBody reports whether the answer to a HEAD request has the header fields
// of one with a body.
func (e *errorsWriter) describesBody() bool {
	return e.head && len(e.Header()["Content-Length"]) > 0
}

func (e *errorsWriter) Write(p []byte) (int, error) {
	if len(p) == 0 && e.held {
		return 0, nil // is no body
	}
	e.release()
	return e.ResponseWriter.Write(p)
}

func (e *errorsWriter) WriteString(s string) (int, error) {
	e.release()
	return e.ResponseWriter.WriteString(s)
}

func (e *errorsWriter) Flush() {
	e.release()
	e.ResponseWriter.Flush()
}

func (e *errorsWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	e.release()
	return hijack(e.ResponseWriter)
}

// Written reports what Gin's own writer would.
func (e *errorsWriter) Written() bool { return e.held || e.ResponseWriter.Written() }

// Size reports what Gin's own writer would.
func (e *errorsWriter) Size() int {
	if e.held {
		return 0
	}
	return e.ResponseWriter.Size()
}

// Unwrap is for http.ResponseController.
func (e *errorsWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Renderer is how errjson.Write finds the renderer. It has its place where the
// Errors is: between an inner one and that, there may be others.
func (e *errorsWriter) Renderer() *errjson.Renderer {
	if e.inner {
		return nil
	}
	return e.renderer
}

// watching returns the renderer of the innermost Errors that a writer or a request
// leads to, or nil.
func watching(w http.ResponseWriter, r *http.Request) *errjson.Renderer {
	if e, ok := bridge.FindWriter(w, func(*errorsWriter) bool { return true }); ok {
		return e.renderer
	}
	for mark := range scope.Marks(r) {
		if e, ok := mark.(*errorsWriter); ok {
			return e.renderer
		}
	}
	return nil
}

func rendererOf(c *gin.Context) *errjson.Renderer {
	return bridge.Renderer(watching(c.Writer, c.Request))
}

// isSent reports whether a part of an answer was sent. A status that is held is
// none.
func isSent(c *gin.Context) bool {
	if e, ok := c.Writer.(*errorsWriter); ok {
		return e.ResponseWriter.Written()
	}
	return c.Writer.Written()
}

// statusClientClosedRequest is what errjson has written if the client is gone.
const statusClientClosedRequest = 499

func isError(status int) bool { return status >= 400 && status <= 599 }

// A panicError is the value of a panic as an error.
type panicError struct {
	value any
	stack []uintptr
}

// newPanicError must be called by a function that was deferred by what the panic
// has ended: its frames are still on the stack then.
func newPanicError(v any) *panicError {
	stack := make([]uintptr, 64)
	return &panicError{value: v, stack: stack[:runtime.Callers(4, stack)]}
}

// Error relies on fmt, which survives an Error or String method that panics.
func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Unwrap returns the panic's value if that is an error.
func (p *panicError) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// StackTrace is for logs and reporters.
func (p *panicError) StackTrace() []uintptr { return p.stack }
