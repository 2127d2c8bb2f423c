package errjson

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/hipflask/hipflask/internal/header"
	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/statustext"
	"github.com/hipflask/hipflask/internal/writer"
)

// A tracker is the ResponseWriter that a handler gets. It records how much of the response was
// sent, and it holds back plain-text error responses; see heldtext.go.
//
// A tracker is one allocation of 48 bytes per request. It is not pooled, and it writes nothing
// after the handler has returned: a goroutine that outlives its request cannot reach another
// response.
type tracker struct {
	next http.ResponseWriter
	r    *http.Request
	rd   *Renderer // nil in a Recover: the renderers outside send the errors of the handler
	rare *rare

	returned atomic.Bool // the handler has returned; the one field that other goroutines read
	state    state
	flags    flags
	status   uint16 // of the response; 0 while the state is stateOpen
}

// state is how much of the response was sent.
type state uint8

const (
	stateOpen       state = iota // nothing; informational responses do not count
	stateSniffing                // nothing of an error status; the first bytes decide its type
	stateHeld                    // nothing of a plain-text error response
	stateStarted                 // a part of the handler's response, or all of it
	stateErrorSent               // an error response
	stateDiscarding              // an error response for a held text, whose rest is discarded
	stateHijacked                // unknown: the handler has hijacked the connection

	// The states of a failure that a tracker does not have.
	stateComplete // the response of a framework's handler
	stateReturned // unknown: the handler has returned, and the writer may be in use again
)

type flags uint8

const (
	sendingError flags = 1 << iota // an error response passes: it is not held back
	passText                       // plain text passes: see Passthrough
	wroteText                      // the handler has written a body, which was held or dropped
)

// rare holds the values that few requests need.
type rare struct {
	entry       http.Header     // the representation headers that were set before the handler
	text        *jsonenc.Buffer // the held text, at most maxText bytes, or nil
	panicOrigin *tracker        // of the innermost Render that a panic has passed
}

// track returns a tracker, and the writer for the handler. That has the optional interfaces that w
// can serve.
func track(w http.ResponseWriter, r *http.Request) (*tracker, http.ResponseWriter) {
	var t *tracker
	var tracked http.ResponseWriter
	switch canFlush, canHijack := writer.Capabilities(w); {
	case canFlush && canHijack:
		http1 := new(http1Writer)
		t, tracked = &http1.tracker, http1
	case canFlush:
		if _, canPush := w.(http.Pusher); canPush {
			http2 := new(http2Writer)
			t, tracked = &http2.tracker, http2
			break
		}
		flush := new(flushWriter)
		t, tracked = &flush.tracker, flush
	case canHijack:
		hijack := new(hijackWriter)
		t, tracked = &hijack.tracker, hijack
	default:
		t = new(tracker)
		tracked = t
	}
	t.next, t.r = w, r
	if h := w.Header(); len(h) > 0 {
		if entry := header.CloneRepresentation(h); entry != nil {
			t.rare = &rare{entry: entry}
		}
	}
	return t, tracked
}

// The writers for handlers. HTTP/1 and HTTP/2 are those of net/http.
type (
	flushWriter  struct{ tracker }     // Flusher
	hijackWriter struct{ tracker }     // Hijacker
	http1Writer  struct{ flushWriter } // Flusher, Hijacker, ReaderFrom
	http2Writer  struct{ flushWriter } // Flusher, Pusher
)

// asTracker returns the tracker that w is, or nil.
func asTracker(w http.ResponseWriter) *tracker {
	switch w := w.(type) {
	case *http1Writer:
		return &w.tracker
	case *http2Writer:
		return &w.tracker
	case *flushWriter:
		return &w.tracker
	case *hijackWriter:
		return &w.tracker
	case *tracker:
		return w
	}
	return nil
}

// trackerOf returns the innermost tracker that w is or unwraps to, or nil.
func trackerOf(w http.ResponseWriter) *tracker {
	for ; w != nil; w = writer.Unwrap(w) {
		if t := asTracker(w); t != nil {
			return t
		}
	}
	return nil
}

// setFlag sets a flag of t, if it is not nil, and of the trackers outside it.
func (t *tracker) setFlag(flag flags) {
	for ; t != nil; t = trackerOf(t.next) {
		t.flags |= flag
		if flag == sendingError && (t.isHeld() || t.isHeldOutside()) {
			t.state = stateOpen // the error replaces the held status and text
			if t.rare != nil {
				t.rare.text = nil
			}
		}
	}
}

// clearFlag ends setFlag.
func (t *tracker) clearFlag(flag flags) {
	for ; t != nil; t = trackerOf(t.next) {
		t.flags &^= flag
	}
}

// appendRenderers appends the renderers that w and the writers that it unwraps to name, the
// innermost first. Writers of adapters have a method Renderer, as trackers do. The default Renderer
// is the last one.
func appendRenderers(list []*Renderer, w http.ResponseWriter) []*Renderer {
	for ; w != nil; w = writer.Unwrap(w) {
		if t := asTracker(w); t != nil {
			list = appendRenderer(list, t.rd)
		} else if named, ok := w.(interface{ Renderer() *Renderer }); ok {
			list = appendRenderer(list, named.Renderer())
		}
	}
	if outermost := Default(); len(list) == 0 || !outermost.inherits {
		list = appendRenderer(list, outermost)
	}
	return list
}

func appendRenderer(list []*Renderer, rd *Renderer) []*Renderer {
	if rd == nil || slices.Contains(list, rd) {
		return list
	}
	return append(list, rd)
}

// Renderer returns the Renderer that sends the errors of the handler, or nil.
func (t *tracker) Renderer() *Renderer { return t.rd }

// Unwrap is called by http.ResponseController.
func (t *tracker) Unwrap() http.ResponseWriter { return t.next }

// isHeld reports whether an error status is held back.
func (t *tracker) isHeld() bool { return t.state == stateSniffing || t.state == stateHeld }

// isHeldOutside reports whether the response that t has started is held back by a tracker outside.
func (t *tracker) isHeldOutside() bool {
	if t.state != stateStarted {
		return false
	}
	outer := asTracker(t.next)
	return outer != nil && (outer.isHeld() || outer.isHeldOutside())
}

// start records that the response has begun.
func (t *tracker) start(status int) {
	t.state, t.status = stateStarted, uint16(status)
	if t.flags&sendingError != 0 {
		t.state = stateErrorSent
	}
}

// Header returns the headers of the response, or a new map after the handler has returned: the
// headers may be in use by the server then.
func (t *tracker) Header() http.Header {
	if t.returned.Load() {
		return make(http.Header)
	}
	return t.next.Header()
}

func (t *tracker) WriteHeader(status int) {
	if t.returned.Load() {
		return
	}
	switch t.state {
	case stateOpen:
	case stateSniffing, stateHeld, stateDiscarding:
		return // the first status counts
	default:
		t.next.WriteHeader(status) // net/http logs the superfluous call
		return
	}
	switch {
	case statustext.IsInformational(status):
		t.next.WriteHeader(status) // RFC 9110, Section 15.2: the response follows
	case statustext.IsError(status) && t.hold(status):
	default:
		t.next.WriteHeader(status) // panics if the status is invalid
		t.start(status)
	}
}

var errReturned = errors.New("errjson: write after the handler has returned")

// admit prepares for a write. It reports whether p must be written to the next writer. If not, p
// was held or discarded, or the handler has returned.
func (t *tracker) admit(p []byte) (pass bool, err error) {
	if t.returned.Load() {
		return false, errReturned
	}
	switch t.state {
	case stateOpen:
		t.start(http.StatusOK)
	case stateSniffing, stateHeld:
		return !t.holdText(p), nil
	case stateDiscarding:
		return false, nil
	}
	return true, nil
}

func (t *tracker) Write(p []byte) (int, error) {
	pass, err := t.admit(p)
	switch {
	case err != nil:
		return 0, err
	case !pass:
		return len(p), nil
	}
	return t.next.Write(p)
}

func (t *tracker) WriteString(s string) (int, error) {
	if !t.returned.Load() && t.isHeld() {
		return t.Write([]byte(s))
	}
	pass, err := t.admit(nil)
	switch {
	case err != nil:
		return 0, err
	case !pass:
		return len(s), nil
	}
	return io.WriteString(t.next, s)
}

func (w *flushWriter) Flush() { _ = w.FlushError() }

// FlushError is called by http.ResponseController. It sends a held text, because a handler that
// flushes expects the client to get it. It does not send a held status without a text: a reverse
// proxy flushes before the first byte.
func (w *flushWriter) FlushError() error {
	t := &w.tracker
	switch {
	case t.returned.Load():
		return errReturned
	case t.isHeld():
		if t.heldText() == nil {
			return nil
		}
		t.sendHeld()
		if t.state == stateErrorSent {
			// The rest of the text is discarded without an error: a reverse proxy would
			// break the connection.
			t.state = stateDiscarding
		}
	}
	err := http.NewResponseController(t.next).Flush()
	if t.state == stateOpen && !errors.Is(err, http.ErrNotSupported) {
		t.start(http.StatusOK)
	}
	return err
}

// CloseNotify implements http.CloseNotifier for Gin.
func (w *flushWriter) CloseNotify() <-chan bool {
	closed := make(chan bool, 1)
	context.AfterFunc(w.r.Context(), func() { closed <- true })
	return closed
}

func (w *hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }
func (w *http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }

// hijack sends a held response before it hijacks the connection.
func (t *tracker) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if t.returned.Load() {
		return nil, nil, errReturned
	}
	next := http.NewResponseController(t.next)
	if t.isHeld() {
		t.sendHeld()
		_ = next.Flush() // net/http drops its buffer
	}
	conn, rw, err := next.Hijack()
	if err == nil {
		t.state = stateHijacked
	}
	return conn, rw, err
}

// Push is HTTP/2's server push.
func (w *http2Writer) Push(target string, opts *http.PushOptions) error {
	if w.returned.Load() {
		return errReturned
	}
	return w.next.(http.Pusher).Push(target, opts)
}

// ReadFrom keeps net/http's sendfile. A source that fails before its first byte leaves the response
// open for an error.
func (w *http1Writer) ReadFrom(src io.Reader) (n int64, err error) {
	t := &w.tracker
	switch {
	case t.returned.Load():
		return 0, errReturned
	case t.isHeld(), t.state == stateDiscarding:
		return io.Copy(onlyWriter{t}, src)
	case t.state == stateOpen:
		if n, err = t.copyFirst(src); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
	rest, err := io.Copy(t.next, src)
	return n + rest, err
}

// sniffLen is the number of bytes that net/http copies itself before it uses sendfile.
const sniffLen = 512

// copyFirst copies the first bytes of src.
func (t *tracker) copyFirst(src io.Reader) (int64, error) {
	buf := jsonenc.Get()
	defer buf.Free()
	buf.B = slices.Grow(buf.B, sniffLen)
	n, err := src.Read(buf.B[:sniffLen])
	for n == 0 && err == nil {
		n, err = src.Read(buf.B[:sniffLen]) // a Read may return nothing before the end
	}
	if n == 0 {
		return 0, err
	}
	written, writeErr := t.Write(buf.B[:n])
	return int64(written), cmp.Or(writeErr, err)
}

type onlyWriter struct{ io.Writer }

// passPanic records that a panic leaves t, which does not recover it. The Recover outside then
// sends the panic by the rules of the innermost renderer that the panic has passed.
func (t *tracker) passPanic() {
	outer := trackerOf(t.next)
	if outer == nil || outer.rare != nil && outer.rare.panicOrigin != nil {
		return
	}
	if outer.rare == nil {
		outer.rare = new(rare)
	}
	outer.rare.panicOrigin = t.panicOrigin()
}

// panicOrigin returns the innermost tracker that a panic has passed on its way to t.
func (t *tracker) panicOrigin() *tracker {
	if t.rare != nil && t.rare.panicOrigin != nil {
		return t.rare.panicOrigin
	}
	return t
}
