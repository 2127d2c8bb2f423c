package errjson

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/scope"
)

// What a tracker knows of an answer.
type state uint8

const (
	stateOpen      state = iota // nothing was sent; an informational 1xx does not count
	stateHeld                   // an error status, of which nothing was sent yet
	stateCommitted              // the status line was sent
	stateReplaced               // so it was, for a text that was held and flushed: the rest of the text is dropped
	stateHijacked               // the connection was taken over
	stateClosed                 // the handler has returned
)

// A tracker stands between a handler and the writer of its answer, and keeps
// count of what was sent. It is one allocation of 48 bytes per request, is not
// pooled, and refuses to write after the handler has returned: a goroutine that
// outlives its request cannot reach another one.
type tracker struct {
	rw   http.ResponseWriter
	r    *http.Request
	rd   *Renderer
	more *more // nil for most requests

	closed atomic.Bool // what other goroutines may read, and nothing else
	state  state       // never stateClosed; see sent
	flags  flags
	status uint16 // of an answer that is held
}

// flags are what a tracker has no room for as bools.
type flags uint8

const (
	renders   flags = 1 << iota // rd answers for everything inside
	answering                   // an error is being sent
	sentError                   // an error was sent
	sniff                       // the answer that is held has no Content-Type: the first byte decides
)

func (f flags) has(flag flags) bool { return f&flag != 0 }

// more is what only some requests need.
type more struct {
	entry   http.Header     // the representation header fields that were set on entry
	unwound *tracker        // of the innermost Render that a panic has passed
	text    *jsonenc.Buffer // of an answer that is held, maxText bytes at most; nil if there is none
}

// maxText bounds what is kept of a plain-text answer.
const maxText = 1 << 10

// The writers of net/http come in two kinds, and what a handler may do with one
// it finds out by type assertions. So there is one tracker for each.
type (
	h1Writer struct{ tracker } // HTTP/1.1: Hijacker, ReaderFrom
	h2Writer struct{ tracker } // HTTP/2, and writers of others: Pusher
)

var errClosed = errors.New("errjson: write after the handler has returned")

func track(w http.ResponseWriter, r *http.Request, rd *Renderer, flags flags) (*tracker, http.ResponseWriter) {
	var t *tracker
	var tw http.ResponseWriter
	if canHijack(w) {
		h1 := new(h1Writer)
		t, tw = &h1.tracker, h1
	} else {
		h2 := new(h2Writer)
		t, tw = &h2.tracker, h2
	}
	t.rw, t.r, t.rd, t.flags = w, r, rd, flags
	if h := w.Header(); len(h) > 0 {
		t.noteEntry(h)
	}
	return t, tw
}

// noteEntry remembers what those outside say of the body.
func (t *tracker) noteEntry(h http.Header) {
	for name, values := range h {
		if isRepresentationHeader(name) {
			m := t.getMore()
			if m.entry == nil {
				m.entry = make(http.Header)
			}
			m.entry[name] = slices.Clone(values)
		}
	}
}

func canHijack(w http.ResponseWriter) bool {
	for {
		switch t := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return false
		}
	}
}

func (t *tracker) getMore() *more {
	if t.more == nil {
		t.more = new(more)
	}
	return t.more
}

// close ends the tracker's time.
func (t *tracker) close() { t.closed.Store(true) }

// sent returns what was sent so far. A nil tracker knows nothing.
func (t *tracker) sent() state {
	switch {
	case t == nil:
		return stateOpen
	case t.closed.Load():
		return stateClosed
	}
	return t.state
}

// answered reports whether an error was sent.
func (t *tracker) answered() bool { return t != nil && !t.closed.Load() && t.flags.has(sentError) }

func (t *tracker) Header() http.Header { return t.rw.Header() }

// Unwrap is for http.ResponseController.
func (t *tracker) Unwrap() http.ResponseWriter { return t.rw }

func (t *tracker) WriteHeader(status int) {
	switch t.sent() {
	case stateOpen:
	case stateCommitted, stateHijacked:
		t.rw.WriteHeader(status) // net/http logs where this came from
		return
	default:
		return
	}
	switch {
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		t.rw.WriteHeader(status) // RFC 9110, Section 15.2: the answer is yet to come
	case isStatus(status) && t.flags&(renders|answering) == renders && t.hold(status):
	default:
		t.rw.WriteHeader(status) // panics if the status is not valid
		t.commit()
	}
}

func (t *tracker) commit() {
	t.state = stateCommitted
	if t.flags.has(answering) {
		t.flags |= sentError
	}
}

func (t *tracker) Write(p []byte) (int, error) {
	switch t.sent() {
	case stateCommitted, stateHijacked:
	case stateOpen:
		t.commit()
	case stateHeld:
		if t.capture(p) {
			return len(p), nil
		}
	case stateReplaced:
		return len(p), nil
	default:
		return 0, errClosed
	}
	return t.rw.Write(p)
}

func (t *tracker) WriteString(s string) (int, error) {
	switch t.sent() {
	case stateCommitted, stateHijacked:
	case stateOpen:
		t.commit()
	case stateHeld, stateReplaced:
		return t.Write([]byte(s))
	default:
		return 0, errClosed
	}
	return io.WriteString(t.rw, s)
}

func (t *tracker) Flush() { _ = t.FlushError() }

// FlushError is what http.ResponseController calls. A text that is held is answered
// with what there is of it, since whoever flushes does not want the client to wait.
// A status alone is not: a reverse proxy flushes before it has the first byte.
func (t *tracker) FlushError() error {
	switch t.sent() {
	case stateHeld:
		if t.heldText() == nil {
			return nil
		}
		t.answerHeld()
		if t.answered() {
			// The proxy would break the connection if it was told that the rest
			// cannot be written.
			t.state = stateReplaced
		}
	case stateClosed:
		return errClosed
	}
	err := http.NewResponseController(t.rw).Flush()
	if t.state == stateOpen && !errors.Is(err, http.ErrNotSupported) {
		t.commit()
	}
	return err
}

// CloseNotify is how older frameworks learn that the client has gone.
func (t *tracker) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(t.r.Context(), func() { gone <- true })
	return gone
}

// ReadFrom keeps net/http's sendfile.
func (w *h1Writer) ReadFrom(src io.Reader) (n int64, err error) {
	switch w.sent() {
	case stateOpen:
		// A source that fails before its first byte leaves the answer open.
		if n, err = w.copyFirst(src); err != nil {
			return n, eofIsNil(err)
		}
	case stateHeld, stateReplaced:
		return io.Copy(onlyWriter{&w.tracker}, src)
	case stateClosed:
		return 0, errClosed
	}
	rest, err := io.Copy(w.rw, src)
	return n + rest, err
}

// sniffLen is what net/http copies, too, before it leaves the rest to the
// operating system.
const sniffLen = 512

// copyFirst copies the first bytes that src gives.
func (w *h1Writer) copyFirst(src io.Reader) (int64, error) {
	buf := jsonenc.Get()
	defer buf.Free()
	buf.B = slices.Grow(buf.B, sniffLen)
	n, err := src.Read(buf.B[:sniffLen])
	for n == 0 && err == nil {
		n, err = src.Read(buf.B[:sniffLen]) // a Read of nothing is not the end
	}
	if n == 0 {
		return 0, err
	}
	written, writeErr := w.Write(buf.B[:n])
	return int64(written), cmp.Or(writeErr, err)
}

func eofIsNil(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

type onlyWriter struct{ io.Writer }

// Hijack takes the connection over.
func (w *h1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch w.sent() {
	case stateHeld:
		w.answerHeld()
		_ = w.FlushError() // net/http forgets what it has in its buffer
	case stateClosed:
		return nil, nil, errClosed
	}
	conn, rw, err := http.NewResponseController(w.rw).Hijack()
	if err == nil {
		w.state = stateHijacked
	}
	return conn, rw, err
}

// Push is HTTP/2's server push.
func (w *h2Writer) Push(target string, opts *http.PushOptions) error {
	if pusher, ok := w.rw.(http.Pusher); ok {
		return pusher.Push(target, opts)
	}
	return http.ErrNotSupported
}

// hold decides what to do with an answer that has an error status and is not one
// of ours. It is held, and true returned, if it is or may be plain text.
func (t *tracker) hold(status int) bool {
	h := t.rw.Header()
	if t.setInside(h, "Content-Encoding") != "" {
		return false // its bytes cannot be read as text
	}
	switch contentType := t.setInside(h, "Content-Type"); {
	case contentType == "":
		t.flags |= sniff
	case !isPlainText(contentType):
		return false
	}
	t.state, t.status = stateHeld, uint16(status)
	return true
}

// setInside returns the value of a header field that was set since the request
// entered, or the empty string.
func (t *tracker) setInside(h http.Header, name string) string {
	values := h[name]
	if len(values) == 0 || t.more != nil && slices.Equal(values, t.more.entry[name]) {
		return ""
	}
	return values[0]
}

// capture takes bytes of an answer that is held. It returns false if they show
// that the answer is not plain text: it is then released, and p is to be written.
func (t *tracker) capture(p []byte) bool {
	if len(p) == 0 || t.heldText() == nil && saysNothing(int(t.status), p) && !isStatusText(int(t.status), p) {
		return true // it is not worth its room; a mere "Not Found" may go on with ": item 7"
	}
	if t.flags.has(sniff) && (beginsLikeJSON(p) || !isPlainText(http.DetectContentType(p))) {
		t.release()
		return false
	}
	t.flags &^= sniff
	m := t.getMore()
	if m.text == nil {
		m.text = jsonenc.Get()
	}
	room := maxText - len(m.text.B)
	if len(p) > room {
		if beginsLikeJSON(m.text.B) || len(m.text.B) == 0 && beginsLikeJSON(p) {
			t.release() // it is too long to see whether it is JSON
			return false
		}
		p = p[:room]
	}
	m.text.B = append(m.text.B, p...)
	return true
}

// release sends the answer that is held as it is.
func (t *tracker) release() {
	t.rw.WriteHeader(int(t.status))
	t.commit()
	if text := t.heldText(); text != nil {
		_, _ = t.rw.Write(text.B)
		t.more.text = nil
		text.Free()
	}
}

func (t *tracker) heldText() *jsonenc.Buffer {
	if t.more == nil {
		return nil
	}
	return t.more.text
}

// beginsLikeJSON reports whether the first byte of p that is not white space
// begins a JSON object or array.
func beginsLikeJSON(p []byte) bool {
	for _, c := range p {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '{' || c == '['
		}
	}
	return false
}

func isPlainText(contentType string) bool {
	if contentType == "text/plain; charset=utf-8" { // of http.Error
		return true
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/plain")
}

// saysNothing reports whether a text says no more than the status: what routers
// answer with, and http.TimeoutHandler.
func saysNothing(status int, text []byte) bool {
	if len(text) > 64 && status == http.StatusServiceUnavailable {
		return bytes.HasPrefix(text, []byte("<html><head><title>Timeout</title>"))
	}
	text = bytes.TrimSpace(text)
	switch string(text) {
	case "404 page not found", "405 method not allowed":
		return true
	}
	return isStatusText(status, text)
}

func isStatusText(status int, text []byte) bool {
	return strings.EqualFold(string(text), http.StatusText(status))
}

// finish is called when the handler has returned.
func (t *tracker) finish() {
	if t.state == stateHeld {
		t.answerHeld()
	}
}

// answerHeld answers in place of the plain text that is held, unless that is
// JSON: many a handler gives http.Error a JSON text.
func (t *tracker) answerHeld() {
	e := &Error{Status: int(t.status), Message: sentence(int(t.status))}
	if held := t.heldText(); held != nil {
		text := bytes.TrimSpace(held.B)
		switch {
		case len(text) == 0 || saysNothing(e.Status, text):
		case beginsLikeJSON(text) && json.Valid(text):
			t.release()
			return
		case e.Status >= 500:
			e.Err = errors.New(string(text)) // often that of an error: not for the client
		default:
			e.Message = string(bytes.ToValidUTF8(text, nil)) // it may be cut within a character
		}
		t.more.text = nil
		held.Free()
	}
	t.state = stateOpen
	f := failure{w: t, r: t.r, err: e, tracker: t, held: true}
	f.scopes = appendScopes(nil, t, t.r, nil)
	f.answer()
}

// unwind notes that a panic has passed this Render on its way to a Recover.
func (t *tracker) unwind() {
	if outer := trackerOf(t.rw); outer != nil {
		if m := outer.getMore(); m.unwound == nil {
			m.unwound = t
			if t.more != nil && t.more.unwound != nil {
				m.unwound = t.more.unwound
			}
		}
	}
}

// innermost returns the tracker to look for renderers from when a panic has
// arrived at t.
func (t *tracker) innermost() *tracker {
	if t.more != nil && t.more.unwound != nil {
		return t.more.unwound
	}
	return t
}

// beginAnswer lets an error pass this tracker and those outside of it; endAnswer
// ends that. An answer that was held is forgotten.
func (t *tracker) beginAnswer() {
	for ; t != nil; t = trackerOf(t.rw) {
		t.flags |= answering
		if t.state == stateHeld {
			t.state = stateOpen
		}
	}
}

func (t *tracker) endAnswer() {
	for ; t != nil; t = trackerOf(t.rw) {
		t.flags &^= answering
	}
}

// isRepresentationHeader reports whether a header field describes the body that
// it was set for, and must not describe another one (RFC 9110, Section 8; RFC 9530,
// Sections 2 and 3). The name need not be in its canonical form: net/http sends what
// it finds in the map.
func isRepresentationHeader(name string) bool {
	switch len(name) {
	case 4:
		return strings.EqualFold(name, "ETag")
	case 6:
		return strings.EqualFold(name, "Digest")
	case 7:
		return strings.EqualFold(name, "Expires") || strings.EqualFold(name, "Trailer")
	case 11:
		return strings.EqualFold(name, "Repr-Digest") || strings.EqualFold(name, "Content-MD5")
	case 12:
		return strings.EqualFold(name, "Content-Type")
	case 13:
		return strings.EqualFold(name, "Last-Modified") || strings.EqualFold(name, "Cache-Control") ||
			strings.EqualFold(name, "Content-Range")
	case 14:
		return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Content-Digest")
	case 16:
		return strings.EqualFold(name, "Content-Encoding") || strings.EqualFold(name, "Content-Language") ||
			strings.EqualFold(name, "Content-Location")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	case 19:
		return strings.EqualFold(name, "Content-Disposition")
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// dropHeader removes the header fields that describe the body that will not come,
// but for the Content-Type and the Content-Length, which are set next,
// and puts back what was there on entry, such as the Content-Encoding of a
// compressor outside. The answer that was held had been made for its status:
// what it says of caching and of ranges stays. Without a tracker it is not known
// who set a Content-Encoding, and it stays, as with http.Error.
func (t *tracker) dropHeader(h http.Header, held bool) {
	if (t == nil || t.more == nil) && len(h) == countOfError(h) {
		return // which spares most answers a loop over the map
	}
	for name := range h {
		switch {
		case name == "Content-Type" || name == "Content-Length" || !isRepresentationHeader(name):
		case t == nil && name == "Content-Encoding":
		case held && (name == "Cache-Control" || name == "Expires" || name == "Content-Range"):
		default:
			delete(h, name)
		}
	}
	if t != nil && t.more != nil {
		for name, values := range t.more.entry {
			h[name] = slices.Clone(values)
		}
	}
}

// countOfError counts the header fields that http.Error sets, and send sets anew.
func countOfError(h http.Header) (n int) {
	if h["Content-Type"] != nil {
		n++
	}
	if h["X-Content-Type-Options"] != nil {
		n++
	}
	return n
}

// asTracker returns the tracker that w is, or nil.
func asTracker(w http.ResponseWriter) *tracker {
	switch w := w.(type) {
	case *h1Writer:
		return &w.tracker
	case *h2Writer:
		return &w.tracker
	case *tracker:
		return w
	}
	return nil
}

// trackerOf returns the innermost tracker that w is or unwraps to, or nil.
func trackerOf(w http.ResponseWriter) *tracker {
	for {
		if t := asTracker(w); t != nil {
			return t
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
}

// appendScopes appends the renderers around w and r, the innermost first: those
// that w unwraps to, and those behind a writer that does not unwrap, such as that
// of http.TimeoutHandler, to which the marks in the request lead. The adapters'
// writers and marks have a method Renderer. The tracker recovering counts even if
// it does not render.
func appendScopes(s scopes, w http.ResponseWriter, r *http.Request, recovering *tracker) scopes {
	for w != nil {
		if t := asTracker(w); t != nil {
			if t.flags.has(renders) || t == recovering {
				s = s.with(t.rd)
			}
			w = t.rw
			continue
		}
		if a, ok := w.(interface{ Renderer() *Renderer }); ok {
			s = s.with(a.Renderer())
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	for mark := range scope.Marks(r) {
		switch m := mark.(type) {
		case *Renderer:
			s = s.with(m)
		case interface{ Renderer() *Renderer }:
			s = s.with(m.Renderer())
		}
	}
	return s
}

func (s scopes) with(rd *Renderer) scopes {
	switch {
	case rd == nil || slices.Contains(s, rd):
		return s
	case len(s) == 0:
		return rd.alone // most requests have one: it costs no allocation
	}
	return append(s, rd)
}
