// Package bridge has what the adapters for Gin and Echo share: what it takes to
// run net/http middlewares inside a framework that has one context per request,
// which it recycles.
package bridge

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// Compose returns the middlewares around last, the first one outermost.
func Compose(middlewares []func(http.Handler) http.Handler, last http.HandlerFunc) http.Handler {
	var handler http.Handler = last
	for _, middleware := range slices.Backward(middlewares) {
		handler = middleware(handler)
	}
	return handler
}

// A Gate lets the rest of a request run once at a time, and not at all once the
// request is over. A middleware may call its next handler in another goroutine,
// and return before that has ended, as http.TimeoutHandler does: the framework
// would then give the context that the handler works with to another request.
type Gate struct {
	mu      sync.Mutex
	entered bool
	closed  atomic.Bool
}

// Enter waits for whoever is inside. It returns false if the gate is closed; else
// Leave must be called.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	if g.closed.Load() {
		g.mu.Unlock()
		return false
	}
	g.entered = true
	return true
}

// Entered reports whether somebody was inside, or is.
func (g *Gate) Entered() bool {
	if !g.mu.TryLock() {
		return true
	}
	defer g.mu.Unlock()
	return g.entered
}

// Leave lets the next one in.
func (g *Gate) Leave() { g.mu.Unlock() }

// Close waits for whoever is inside, and lets nobody in from now on.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed.Store(true)
	g.mu.Unlock()
}

// Closed reports whether Close was called.
func (g *Gate) Closed() bool { return g.closed.Load() }

// ErrOver is returned to who writes to a request that is over: the framework may
// have given its writer to another one.
var ErrOver = errors.New("hipflask: write after the request was over")

// ReturnForms gives a request the forms that were parsed from a copy of it:
// net/http removes the temporary files of the request that it made, and knows of
// no copies.
func ReturnForms(to, from *http.Request) {
	if from.Form != nil && to.Form == nil {
		to.Form = from.Form
	}
	if from.PostForm != nil && to.PostForm == nil {
		to.PostForm = from.PostForm
	}
	if from.MultipartForm != nil && to.MultipartForm == nil {
		to.MultipartForm = from.MultipartForm
	}
}

// SetPathValue is r.SetPathValue for a request that may be a copy of one: the copies
// share the values, which are not to be written then.
func SetPathValue(r *http.Request, name, value string) {
	switch r.PathValue(name) {
	case value:
		return
	case "":
	default: // of a router outside
		own := r.Clone(r.Context())
		own.URL, own.Header, own.Trailer, own.TransferEncoding = r.URL, r.Header, r.Trailer, r.TransferEncoding
		own.Form, own.PostForm, own.MultipartForm = r.Form, r.PostForm, r.MultipartForm
		*r = *own
	}
	r.SetPathValue(name, value)
}

// WithPattern returns r with the pattern of a route, if there is one. It does not
// write into r, but into a copy: a goroutine that outlives the handler may copy r.
func WithPattern(r *http.Request, pattern string) *http.Request {
	if pattern != "" && pattern != r.Pattern {
		r = r.WithContext(r.Context())
		r.Pattern = pattern
	}
	return r
}

// FindWriter returns the first writer of type W that w is or unwraps to and that
// is the one.
func FindWriter[W http.ResponseWriter](w http.ResponseWriter, isTheOne func(W) bool) (found W, ok bool) {
	for w != nil {
		if found, ok := w.(W); ok && isTheOne(found) {
			return found, true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	return found, false
}

// CanFlush reports whether http.ResponseController finds a way to flush w. The
// frameworks' own writers say that they flush also where what they wrap does not.
func CanFlush(w http.ResponseWriter) bool {
	for {
		switch u := w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = u.Unwrap()
		default:
			return false
		}
	}
}

// IsInformational reports whether a status announces that the answer is yet to
// come (RFC 9110, Section 15.2). 101 is one that is the last of its request.
func IsInformational(status int) bool {
	return status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
}

var defaultRenderer = errjson.NewRenderer(errjson.Config{})

// Renderer returns rd, or one with the default configuration if rd is nil.
func Renderer(rd *errjson.Renderer) *errjson.Renderer {
	if rd == nil {
		return defaultRenderer
	}
	return rd
}

// Record has a failure logged and reported that cannot be answered any more. Like
// [errjson.Write] it panics with http.ErrAbortHandler if err says that the
// connection is to be broken, or is.
func Record(rd *errjson.Renderer, r *http.Request, err error) {
	rd.Write(Nowhere{}, r, err)
}

// Nowhere is the ResponseWriter of an answer that nobody gets.
type Nowhere struct{}

// Header returns a map that is not kept.
func (Nowhere) Header() http.Header { return make(http.Header) }

func (Nowhere) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader does nothing.
func (Nowhere) WriteHeader(int) {}

// Answer sends a value as status.Handler does. If it returns an error, nothing was
// sent: the value cannot be.
func Answer(w http.ResponseWriter, r *http.Request, value any) error {
	resp, ok := value.(status.Response)
	if p, isPointer := value.(*status.Response); isPointer && p != nil {
		resp, ok = *p, true
	} else if isPointer {
		value = nil
	}
	if !ok {
		resp = status.OK(value)
	}
	err := resp.Write(w, r)
	if _, ok := errors.AsType[*status.EncodeError](err); ok {
		return err
	}
	return nil // if the client's connection failed, there is nobody to tell
}
