package adapter

import (
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/writer"
)

// FindWriter follows w and its Unwrap methods and returns the first W for which match reports true.
func FindWriter[W any](w http.ResponseWriter, match func(W) bool) (found W, ok bool) {
	for ; w != nil; w = writer.Unwrap(w) {
		if found, ok := w.(W); ok && match(found) {
			return found, true
		}
	}
	return found, false
}

// Write sends err with [errjson.Write] if rd is nil or w names rd, so that the renderers inside come
// first. Otherwise rd is the innermost renderer.
func Write(rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, err error) {
	named := func(n interface{ Renderer() *errjson.Renderer }) bool { return n.Renderer() == rd }
	if rd != nil {
		if _, ok := FindWriter(w, named); !ok {
			rd.Write(w, r, err)
			return
		}
	}
	errjson.Write(w, r, err)
}

// LogSent logs and reports an error after the framework has sent a response by w with a status. It
// finds the renderers as [Write] does. Like [errjson.Write] it panics with http.ErrAbortHandler if err
// is that.
func LogSent(
	rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, status int, err error,
) {
	Write(rd, sentWriter{w, status}, r, err)
}

// sentWriter is the writer of a response that was sent. errjson calls SentStatus, and then does not
// write.
type sentWriter struct {
	http.ResponseWriter
	status int
}

// SentStatus returns the status of the response.
func (s sentWriter) SentStatus() int { return s.status }

// Unwrap leads to the renderers.
func (s sentWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
