package ginadapter

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adapter"
	"github.com/hipflask/hipflask/internal/statustext"
)

// An errorsWriter is the writer for the handlers after Errors. Gin sends a status without a body at
// once, for example in c.AbortWithStatus. An errorsWriter holds back a status of 400–599 until
// there is a body. Without a body, the status is sent as an error.
type errorsWriter struct {
	gin.ResponseWriter                   // the one before
	c                  *gin.Context      // of the engine that it belongs to
	renderer           *errjson.Renderer // may be nil; see New
	encoding           string            // the Content-Encoding before the handlers, of a compressor outside
	status             int               // the last one of WriteHeader
	head               bool              // the method is HEAD
	held               bool              // WriteHeaderNow was called with an error status
	inner              bool              // it is inside a Wrap that is inside an Errors
}

// installErrors puts an errorsWriter in place of c.Writer.
func installErrors(c *gin.Context, rd *errjson.Renderer) *errorsWriter {
	e := &errorsWriter{
		ResponseWriter: c.Writer, c: c, renderer: rd,
		head: c.Request.Method == http.MethodHead, encoding: encodingOf(c.Writer.Header()),
	}
	c.Writer = e
	return e
}

// finish sends the error of the handlers, unless they have sent a response.
func (e *errorsWriter) finish(c *gin.Context) {
	c.Writer = e.ResponseWriter
	err := e.errorOf(c)
	bodiless := e.status >= 300 && e.status < 400 || e.status == http.StatusNoContent
	switch {
	case err == nil:
		e.release()
	case !e.ResponseWriter.Written() && !bodiless:
		e.send(c, err)
	case !e.inner:
		if handled := c.GetInt(handledKey); handled == 0 {
			logSent(c, e, err)
		} else if handled < len(c.Errors) {
			logSent(c, e, lastFirst(c.Errors[handled:]))
		}
	}
}

// sendPanic sends a panic that was recovered. After a part of a response it breaks the connection.
func (e *errorsWriter) sendPanic(c *gin.Context, err error) {
	c.Writer = e.ResponseWriter
	c.Abort() // Gin would run the next handler
	if e.ResponseWriter.Written() {
		logSent(c, e, err)
		panic(http.ErrAbortHandler)
	}
	e.send(c, err)
}

// errorOf returns the error of the handlers, or nil.
func (e *errorsWriter) errorOf(c *gin.Context) error {
	status := e.ResponseWriter.Status()
	if len(c.Errors) == 0 {
		if e.ResponseWriter.Written() || !statustext.IsError(status) || e.describesBody() ||
			status == statustext.ClientClosedRequest {
			return nil
		}
		return &errjson.Error{Status: status}
	}
	if !e.ResponseWriter.Written() {
		status = e.status // not the one that Gin has set for a missing route
	}
	err, public := lastFirst(c.Errors), c.Errors.Last().IsType(gin.ErrorTypePublic)
	if !statustext.IsError(status) {
		switch {
		case c.Errors.Last().IsType(gin.ErrorTypeBind):
			status = http.StatusBadRequest // as Gin's own Bind
		case public:
			status = http.StatusInternalServerError
		}
	}
	if !statustext.IsError(status) || knowsStatus(err) {
		return err
	}
	fallback := &errjson.Error{Status: status, Err: err}
	if public {
		fallback.Message = c.Errors.Last().Error()
	}
	return &fallbackError{err, fallback}
}

// A fallbackError is an error with the HTTP error for it, which is used if the error is not an HTTP
// error itself and no rule matches it.
type fallbackError struct {
	error
	fallback *errjson.Error
}

func (e *fallbackError) Unwrap() []error { return []error{e.error, e.fallback} }

// lastFirst returns the errors as one, the last one first: Gin's users send the last one.
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

// knowsStatus reports whether errjson has a better status for err than one set by the handler.
func knowsStatus(err error) bool {
	return is[errjson.FieldError](err) || is[*errjson.FieldError](err) ||
		is[*http.MaxBytesError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// handledKey is the gin.Context key for the number of c.Errors that were sent or logged: two Errors,
// one inside the other, see the same c.Errors.
const handledKey = "github.com/hipflask/hipflask/adapters/gin"

// logSent logs and reports an error after a response was sent by w.
func logSent(c *gin.Context, w gin.ResponseWriter, err error) {
	c.Set(handledKey, len(c.Errors))
	var rd *errjson.Renderer
	if e := errorsWriterOf(c, w); e != nil {
		rd = e.renderer
	}
	r := adapter.WithPattern(c.Request, c.FullPath())
	adapter.LogSent(rd, w, r, w.Status(), err)
}

// send sends an error. Nothing was sent before.
func (e *errorsWriter) send(c *gin.Context, err error) {
	if errorsWriterOf(c, e.ResponseWriter) != nil { // Set makes a map
		c.Set(handledKey, len(c.Errors))
	}
	// A handler may have set it for the body that is not sent now.
	if h := e.ResponseWriter.Header(); encodingOf(h) != e.encoding {
		h.Del("Content-Encoding")
	}
	e.held = false
	adapter.Write(e.renderer, e, adapter.WithPattern(c.Request, c.FullPath()), err)
	e.ResponseWriter.WriteHeaderNow() // for HEAD: Gin would add the body of its 404
}

func encodingOf(h http.Header) string {
	if values := h["Content-Encoding"]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// release sends a status that is held back.
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
	case !e.ResponseWriter.Written() && statustext.IsError(e.Status()) && !e.describesBody():
		e.held = true
	default:
		e.ResponseWriter.WriteHeaderNow()
	}
}

// describesBody reports whether the response to HEAD has the headers of one with a body.
func (e *errorsWriter) describesBody() bool {
	return e.head && len(e.Header()["Content-Length"]) > 0
}

func (e *errorsWriter) Write(p []byte) (int, error) {
	if len(p) == 0 && e.held {
		return 0, nil // not a body
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

// Unwrap is called by http.ResponseController.
func (e *errorsWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Renderer is called by errjson. An errorsWriter inside a Wrap does not name its renderer: other
// renderers may be between it and the Errors.
func (e *errorsWriter) Renderer() *errjson.Renderer {
	if e.inner {
		return nil
	}
	return e.renderer
}

// errorsWriterOf returns the writer of the innermost Errors of c's engine that w leads to, or nil.
// An engine may be inside another one, whose Errors does not see the errors in c. Native writers of
// Gin, such as that of gin-contrib/gzip, embed a gin.ResponseWriter and do not unwrap it.
func errorsWriterOf(c *gin.Context, w gin.ResponseWriter) *errorsWriter {
	for {
		var next http.ResponseWriter
		switch u := w.(type) {
		case *errorsWriter:
			if u.c == c {
				return u
			}
			return nil
		case handlerWriter:
			w = u.x.writer
			continue
		case interface{ Unwrap() http.ResponseWriter }:
			next = u.Unwrap()
		default:
			next = embeddedWriter(w)
		}
		inner, ok := next.(gin.ResponseWriter)
		if !ok {
			return nil
		}
		w = inner
	}
}

// embeddedWriter returns the gin.ResponseWriter that a struct embeds, or nil.
func embeddedWriter(w gin.ResponseWriter) http.ResponseWriter {
	v := reflect.Indirect(reflect.ValueOf(w))
	if v.Kind() != reflect.Struct {
		return nil
	}
	field, ok := v.Type().FieldByName("ResponseWriter")
	if !ok || !field.Anonymous || len(field.Index) != 1 {
		return nil
	}
	embedded, _ := v.FieldByIndex(field.Index).Interface().(gin.ResponseWriter)
	if embedded == nil {
		return nil
	}
	return embedded
}

// isPartSent reports whether a part of a response was sent. A status that is held back was not. An
// error status without a body, as BindJSON sends it without an Errors, is a whole response.
func isPartSent(c *gin.Context) bool {
	if e := errorsWriterOf(c, c.Writer); e != nil && e.held {
		return false
	}
	w := c.Writer
	return w.Written() && (w.Size() != 0 || !statustext.IsError(w.Status()))
}
