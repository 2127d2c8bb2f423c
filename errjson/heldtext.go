package errjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/hipflask/hipflask/internal/jsonenc"
)

// net/http has no hook for the 404 and 405 of a router, which are plain text. A tracker therefore
// holds back a response with an error status until it is known not to be plain text. At the end of
// a plain text, it sends an error in place of the text.

// maxText is the number of bytes of a plain text that are kept.
const maxText = 1 << 10

// hold reports whether a response with this error status must be held back. It then records the
// status.
func (t *tracker) hold(status int) bool {
	if t.rd == nil || t.flags&(sendingError|passText) != 0 {
		return false
	}
	contentType := t.setInside("Content-Type")
	switch {
	case contentType != "" && !isPlainText(contentType):
		return false
	case contentType == "" || t.setInside("Content-Encoding") != "":
		t.state = stateSniffing
	default:
		t.state = stateHeld
	}
	t.status = uint16(status)
	return true
}

// setInside returns the value of a header that the handler has set, or the empty string.
func (t *tracker) setInside(name string) string {
	values := t.next.Header()[name]
	if len(values) == 0 || t.rare != nil && slices.Equal(values, t.rare.entry[name]) {
		return ""
	}
	return values[0]
}

// holdText adds p to the held text. It returns false if p shows that the response is not plain
// text: the response is released then, and p must be written.
func (t *tracker) holdText(p []byte) bool {
	if len(p) == 0 {
		return true
	}
	t.flags |= wroteText
	if t.state == stateSniffing && t.setInside("Content-Encoding") != "" {
		t.release() // the bytes are not readable as text
		return false
	}
	status := int(t.status)
	if t.heldText() == nil && isBoilerplate(status, p) &&
		!strings.EqualFold(string(p), http.StatusText(status)) {
		return true // dropped; a bare status text may continue, as in "Not Found: item 7"
	}
	if t.state == stateSniffing && (isJSONPrefix(p) || !isPlainText(http.DetectContentType(p))) {
		t.release()
		return false
	}
	t.state = stateHeld
	if t.rare == nil {
		t.rare = new(rare)
	}
	if t.rare.text == nil {
		t.rare.text = jsonenc.Get()
	}
	text := t.rare.text
	if room := maxText - len(text.B); len(p) >= room {
		if room > 0 && isJSONPrefix(append(text.B, p[:room]...)) {
			t.release() // it may be too long to validate all of it
			return false
		}
		p = p[:room]
	}
	text.B = append(text.B, p...)
	return true
}

func (t *tracker) heldText() *jsonenc.Buffer {
	if t.rare == nil {
		return nil
	}
	return t.rare.text
}

// release sends the held response unchanged.
func (t *tracker) release() {
	t.next.WriteHeader(int(t.status))
	t.start(int(t.status))
	if text := t.heldText(); text != nil {
		_, _ = t.next.Write(text.B)
		t.rare.text = nil
		text.Free()
	}
}

// sendHeld sends an error in place of the held text, or the text itself if it is JSON: handlers
// give JSON to http.Error.
func (t *tracker) sendHeld() {
	e := newError(int(t.status), nil)
	if held := t.heldText(); held != nil {
		text := bytes.TrimSpace(held.B)
		switch {
		case len(text) == 0 || isBoilerplate(e.Status, text):
		case beginsLikeJSON(text) && json.Valid(text):
			t.release()
			return
		case e.Status >= 500:
			e.Err = errors.New(string(text)) // often the text of an error
		default:
			e.Message = string(bytes.ToValidUTF8(text, nil)) // it may be cut in a character
		}
		t.rare.text = nil
		held.Free()
	}
	t.state = stateOpen
	f := failure{w: t, r: t.r, err: e, tracker: t, text: true}
	var list [maxStackRenderers]*Renderer
	f.send(appendRenderers(list[:0], t))
}

// beginsLikeJSON reports whether the first byte of p that is not white space begins a JSON object
// or array.
func beginsLikeJSON(p []byte) bool {
	for _, c := range p {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '{' || c == '['
		}
	}
	return false
}

// isJSONPrefix reports whether p may be the beginning of a JSON object or array.
func isJSONPrefix(p []byte) bool {
	if !beginsLikeJSON(p) {
		return false
	}
	err := json.NewDecoder(bytes.NewReader(p)).Decode(new(json.RawMessage))
	return err == nil || err == io.ErrUnexpectedEOF
}

func isPlainText(contentType string) bool {
	if contentType == "text/plain; charset=utf-8" { // of http.Error
		return true
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/plain")
}

// isBoilerplate reports whether a text contains no more than the status: the texts of routers and
// of http.TimeoutHandler.
func isBoilerplate(status int, text []byte) bool {
	if len(text) > 64 && status == http.StatusServiceUnavailable {
		return bytes.HasPrefix(text, []byte("<html><head><title>Timeout</title>"))
	}
	text = bytes.TrimSpace(text)
	switch string(text) {
	case "404 page not found", "405 method not allowed":
		return true
	}
	return strings.EqualFold(string(text), http.StatusText(status))
}
