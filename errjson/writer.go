package errjson

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/hipflask/hipflask/internal/scope"
)

// What a tracker knows of an answer.
const (
	stateOpen      = iota // nothing was sent; an informational 1xx does not count
	stateHeld             // a status of 400 or more, of which nothing was sent yet
	stateCommitted        // the status line was sent
	stateHijacked         // the connection was taken over
	stateClosed           // the handler has returned
)

// A tracker stands between a handler and the writer of its answer, and keeps
// count of what was sent. It is one allocation of 64 bytes per request, is not
// pooled, and refuses to write after the handler has returned: a goroutine that
// outlives its request cannot reach another one.
type tracker struct {
	rw    http.ResponseWriter
	r     *http.Request
	rd    *Renderer
	body  io.ReadCloser // the request's, behind the carrier
	more  *more         // nil for most requests
	state atomic.Uint32

	renders   bool // rd answers for everything inside
	answering bool // an error is being sent
	sentError bool // an error was sent
}

// more is what only some requests need.
type more struct {
	entry   http.Header // what of representationHeader was set on entry
	unwound *tracker    // of the innermost Render that a panic has passed

	// An answer that is held.
	status int
	sniff  bool   // it has no Content-Type: the first byte decides
	text   []byte // of its body, maxText bytes at most
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

func track(w http.ResponseWriter, r *http.Request, rd *Renderer, renders bool) (*tracker, http.ResponseWriter) {
	var t *tracker
	var tw http.ResponseWriter
	if canHijack(w) {
		h1 := new(h1Writer)
		t, tw = &h1.tracker, h1
	} else {
		h2 := new(h2Writer)
		t, tw = &h2.tracker, h2
	}
	t.rw, t.r, t.rd, t.renders = w, r, rd, renders
	for name, values := range w.Header() {
		if isRepresentationHeader(name) {
			m := t.getMore()
			if m.entry == nil {
				m.entry = make(http.Header)
			}
			m.entry[name] = slices.Clone(values)
		}
	}
	if renders && r.Body != nil {
		t.body = r.Body
		r.Body = (*carrier)(t)
	}
	return t, tw
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

// close ends the tracker's time, and puts the request's body back.
func (t *tracker) close(r *http.Request) {
	if t.state.Load() != stateHijacked {
		t.state.Store(stateClosed)
	}
	if c, ok := r.Body.(*carrier); ok && c == (*carrier)(t) {
		r.Body = t.body
	}
}

func (t *tracker) Header() http.Header { return t.rw.Header() }

// Unwrap is for http.ResponseController.
func (t *tracker) Unwrap() http.ResponseWriter { return t.rw }

func (t *tracker) WriteHeader(status int) {
	switch t.state.Load() {
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
	case status >= 400 && t.renders && !t.answering && t.hold(status):
	default:
		t.rw.WriteHeader(status) // panics if the status is not valid
		t.commit()
	}
}

func (t *tracker) commit() {
	t.state.Store(stateCommitted)
	t.sentError = t.answering
}

func (t *tracker) Write(p []byte) (int, error) {
	switch t.state.Load() {
	case stateCommitted, stateHijacked:
	case stateOpen:
		t.commit()
	case stateHeld:
		if t.capture(p) {
			return len(p), nil
		}
	default:
		return 0, errClosed
	}
	return t.rw.Write(p)
}

func (t *tracker) WriteString(s string) (int, error) {
	switch t.state.Load() {
	case stateCommitted, stateHijacked:
	case stateOpen:
		t.commit()
	case stateHeld:
		return t.Write([]byte(s))
	default:
		return 0, errClosed
	}
	return io.WriteString(t.rw, s)
}

func (t *tracker) Flush() { _ = t.FlushError() }

// FlushError is what http.ResponseController calls.
func (t *tracker) FlushError() error {
	switch t.state.Load() {
	case stateOpen:
		t.commit()
	case stateHeld:
		t.answerHeld()
	case stateClosed:
		return errClosed
	}
	return http.NewResponseController(t.rw).Flush()
}

// CloseNotify is how older frameworks learn that the client has gone.
func (t *tracker) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(t.r.Context(), func() { gone <- true })
	return gone
}

// ReadFrom keeps net/http's sendfile.
func (w *h1Writer) ReadFrom(src io.Reader) (int64, error) {
	switch w.state.Load() {
	case stateOpen:
		w.commit()
	case stateHeld:
		return io.Copy(onlyWriter{&w.tracker}, src)
	case stateClosed:
		return 0, errClosed
	}
	return io.Copy(w.rw, src)
}

type onlyWriter struct{ io.Writer }

// Hijack takes the connection over.
func (w *h1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	switch w.state.Load() {
	case stateHeld:
		w.answerHeld()
	case stateClosed:
		return nil, nil, errClosed
	}
	conn, rw, err := http.NewResponseController(w.rw).Hijack()
	if err == nil {
		w.state.Store(stateHijacked)
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

// hold decides what to do with an answer that has a status of 400 or more and is
// not one of ours. It is held, and true returned, if it is or may be plain text.
func (t *tracker) hold(status int) bool {
	h := t.rw.Header()
	if t.setInside(h, "Content-Encoding") {
		return false // its bytes cannot be read as text
	}
	sniff := !t.setInside(h, "Content-Type")
	if !sniff && !isPlainText(h["Content-Type"][0]) {
		return false
	}
	m := t.getMore()
	m.status, m.sniff, m.text = status, sniff, m.text[:0]
	t.state.Store(stateHeld)
	return true
}

// setInside reports whether the header field was set since the request entered.
func (t *tracker) setInside(h http.Header, name string) bool {
	values := h[name]
	if len(values) == 0 {
		return false
	}
	return t.more == nil || !slices.Equal(values, t.more.entry[name])
}

// capture takes bytes of an answer that is held. It returns false if they show
// that the answer is not plain text: it is then released, and p is to be written.
func (t *tracker) capture(p []byte) bool {
	m := t.more
	if m.sniff && len(p) > 0 {
		m.sniff = false
		switch c := firstByte(p); {
		case c == '{' || c == '[', !isPlainText(http.DetectContentType(p)) && !isTimeoutPage(m.status, p):
			t.rw.WriteHeader(m.status)
			t.commit()
			return false
		}
	}
	m.text = append(m.text, p[:min(len(p), maxText-len(m.text))]...)
	return true
}

// firstByte returns the first byte of p that is not white space, or 0.
func firstByte(p []byte) byte {
	for _, c := range p {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

func isPlainText(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/plain")
}

// isTimeoutPage reports whether the answer is the one of http.TimeoutHandler.
func isTimeoutPage(status int, p []byte) bool {
	return status == http.StatusServiceUnavailable &&
		strings.HasPrefix(string(p[:min(len(p), 64)]), "<html><head><title>Timeout</title>")
}

// finish is called when the handler has returned.
func (t *tracker) finish() {
	if t.state.Load() == stateHeld {
		t.answerHeld()
	}
}

// answerHeld answers in place of the plain text that is held.
func (t *tracker) answerHeld() {
	m := t.more
	e := &Error{Status: m.status}
	text := strings.TrimSpace(strings.ToValidUTF8(string(m.text), ""))
	switch {
	case text == "" || isTimeoutPage(m.status, m.text) || isStatusText(m.status, text):
	case m.status >= 500:
		e.Err = errors.New(text) // often that of an error: not for the client
	default:
		e.Message = text
	}
	if e.Message == "" {
		e.Message = sentence(m.status)
	}
	t.state.Store(stateOpen)
	var buf [4]*Renderer
	f := failure{w: t, r: t.r, err: e, scopes: appendScopes(buf[:0], t, t.r, nil), tracker: t, held: true}
	f.answer()
}

// isStatusText reports whether a text says no more than the status: what routers
// answer with.
func isStatusText(status int, text string) bool {
	return strings.EqualFold(text, http.StatusText(status)) ||
		text == "404 page not found" || text == "405 method not allowed"
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

// sent returns what was sent so far. A nil tracker knows nothing, as does one
// that holds an answer.
func (t *tracker) sent() uint32 {
	if t == nil {
		return stateOpen
	}
	return t.state.Load()
}

// answered reports whether an error was sent.
func (t *tracker) answered() bool { return t != nil && t.sentError }

// beginAnswer lets an error pass; endAnswer ends that. An answer that was held
// is forgotten.
func (t *tracker) beginAnswer() {
	if t == nil {
		return
	}
	t.answering = true
	if t.state.Load() == stateHeld {
		t.state.Store(stateOpen)
	}
}

func (t *tracker) endAnswer() {
	if t != nil {
		t.answering = false
	}
}

// isRepresentationHeader reports whether a header field describes the body that
// it was set for, and must not describe another one.
func isRepresentationHeader(name string) bool {
	switch name {
	case "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Content-Disposition",
		"Content-Language", "Content-Location", "Etag", "Last-Modified", "Cache-Control", "Expires",
		"Trailer", "Transfer-Encoding":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// dropHeader removes the header fields that describe the body that will not come,
// and puts back what was there on entry, such as the Content-Encoding of a
// compressor outside. The answer that was held had been made for its status:
// what it says of caching and of ranges stays. Without a tracker it is not known
// who set a Content-Encoding, and it stays, as with http.Error.
func (t *tracker) dropHeader(h http.Header, held bool) {
	for name := range h {
		switch {
		case !isRepresentationHeader(name):
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

// A carrier is a request body that leads to the tracker, and thus to the
// renderer, where a writer in between does not unwrap, as that of
// http.TimeoutHandler. A context would do so too, but costs a copy of each
// request.
type carrier tracker

func (c *carrier) Read(p []byte) (int, error) { return c.body.Read(p) }
func (c *carrier) Close() error               { return c.body.Close() }

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
// that w unwraps to, and those behind a writer that does not unwrap, to which the
// body of the request leads. The adapters' writers and bodies have a method
// Renderer, and their contexts a value. The tracker recovering counts even if it
// does not render.
func appendScopes(s scopes, w http.ResponseWriter, r *http.Request, recovering *tracker) scopes {
	for w != nil {
		if t := asTracker(w); t != nil {
			if t.renders || t == recovering {
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
	for body := r.Body; body != nil; {
		if c, ok := body.(*carrier); ok {
			s = s.with(c.rd)
			body = c.body
			continue
		}
		if a, ok := body.(interface{ Renderer() *Renderer }); ok {
			s = s.with(a.Renderer())
		}
		u, ok := body.(interface{ Unwrap() io.ReadCloser })
		if !ok {
			break
		}
		body = u.Unwrap()
	}
	if rd, ok := r.Context().Value(scope.Key{}).(*Renderer); ok {
		s = s.with(rd)
	}
	return s
}

func (s scopes) with(rd *Renderer) scopes {
	if rd == nil || slices.Contains(s, rd) {
		return s
	}
	return append(s, rd)
}
