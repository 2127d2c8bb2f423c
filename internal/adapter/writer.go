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

// Write sends err with [errjson.Write] if w names rd, so that the renderers inside come first.
// Otherwise rd is the innermost renderer.
func Write(rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, err error) {
	named := func(n interface{ Renderer() *errjson.Renderer }) bool { return n.Renderer() == rd }
	if _, ok := FindWriter(w, named); ok {
		errjson.Write(w, r, err)
		return
	}
	rd.Write(w, r, err)
}

// CanFlush reports whether http.ResponseController can flush w. The writers of the frameworks have
// a Flush method even if the writer that they wrap has none.
func CanFlush(w http.ResponseWriter) bool {
	canFlush, _ := writer.Capabilities(w)
	return canFlush
}

// IsInformational reports whether another status follows this one (RFC 9110, Section 15.2). None
// follows 101 Switching Protocols.
func IsInformational(status int) bool {
	return status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
}

// LogSent logs and reports an error of a request whose response the framework has sent with a
// status. Like [errjson.Write] it panics with http.ErrAbortHandler if err is that.
func LogSent(rd *errjson.Renderer, r *http.Request, status int, err error) {
	rd.Write(sentWriter(status), r, err)
}

// sentWriter is the writer of a response that was sent. errjson calls SentStatus.
type sentWriter int

func (sentWriter) Header() http.Header         { return make(http.Header) }
func (sentWriter) Write(p []byte) (int, error) { return len(p), nil }
func (sentWriter) WriteHeader(int)             {}

// SentStatus returns the status of the response.
func (s sentWriter) SentStatus() int { return int(s) }
