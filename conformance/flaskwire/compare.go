package flaskwire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
)

// An answer is what is compared of one: what a client acts upon.
type answer struct {
	status int
	ctype  string            // Content-Type, where there is a body or would be without HEAD
	body   any               // as JSON; a text if it is none, nothing if there is none
	fields map[string]string // header fields by their lower-case names: Allow, Location, the application's

	// Of applications with CORS: what caches and browsers conclude.
	vary    []string
	verdict verdict
}

// The values that a body can have besides those of JSON.
type (
	nothing struct{} // no body
	text    string   // a body that is not JSON
)

// The values that an expected body can have besides.
type (
	// sentence is a text of the framework's own, behind a prefix of the
	// application's: present, not empty, and not compared by wording.
	sentence struct{ prefix string }
	// fault is one entry of the details of an error about the body; the zero
	// fault is any.
	fault struct{ pointer, code string }
)

// exchange is one case on its way through one router.
type exchange struct {
	*wireCase
	app    *app
	svc    service
	router string
	newer  bool // the answer of the newer Flask is looked at
}

func (x *exchange) isCORS() bool { return strings.HasPrefix(x.Topic, "cors") }

func (x *exchange) recordedAnswer() *wireAnswer {
	if x.newer && x.Newer != nil {
		return x.Newer
	}
	return &x.Flask
}

// isHTML reports whether Flask sent one of its pages, or would have without HEAD.
func (x *exchange) isHTML() bool { return isPage(x.recordedAnswer(), &x.Request) }

// recorded returns Flask's answer as it is expected of us.
func (x *exchange) recorded() *answer {
	w := x.recordedAnswer()
	header := make(http.Header)
	for name, values := range w.Headers {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	a := x.summarise(w.Status, header, w.bytes())
	a.body = x.expect(a.body, false)
	if x.isCORS() {
		a.vary = x.expectVary(a.vary)
		// What CORS is about is not the page.
		if x.isHTML() && w.Status >= 400 && !x.Request.isPreflight() {
			x.toPage(a)
		}
	}
	return a
}

// given returns our answer.
func (x *exchange) given(r *reply) *answer { return x.summarise(r.status, r.header, r.body) }

func (x *exchange) summarise(status int, h http.Header, body []byte) *answer {
	a := &answer{status: status, fields: make(map[string]string), body: nothing{}}
	if len(body) > 0 {
		a.body = parse(body)
	}
	// RFC 9110, Section 8.3: the type of a body that is not there says nothing.
	if len(body) > 0 || x.Request.Method == http.MethodHead && status != http.StatusNoContent {
		a.ctype = h.Get("Content-Type")
	}
	for name, values := range h {
		switch lower := strings.ToLower(name); {
		case lower == "allow":
			a.fields[lower] = strings.Join(listed(h, name, false), ", ")
		case lower == "location", lower == "www-authenticate", lower == "retry-after",
			strings.HasPrefix(lower, "x-") && lower != "x-content-type-options":
			a.fields[lower] = strings.Join(values, ", ")
		}
	}
	if x.isCORS() {
		a.vary = listed(h, "Vary", true)
		a.verdict = judge(&x.Request, status, h)
		if x.Request.isPreflight() {
			x.dropOwn(a)
		}
	}
	return a
}

// dropOwn removes what a browser does not look at in the answer to a preflight.
// Whether it was granted is in the verdict.
func (x *exchange) dropOwn(a *answer) {
	a.status, a.ctype, a.body, a.fields = 0, "", nothing{}, nil
}

// parse returns a body as JSON, or else as text.
func parse(body []byte) any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return text(body)
	}
	if _, err := dec.Token(); err != io.EOF {
		return text(body)
	}
	return v
}

// expect replaces the framework's own sentences. They are where errors have their
// texts: below "message", "description" and "errors", and are none of those that
// the application gives.
func (x *exchange) expect(v any, below bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(object, len(v))
		for name, member := range v {
			inside := below || name == "message" || name == "description" || name == "errors"
			out[name] = x.expect(member, inside)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = x.expect(element, below)
		}
		return out
	case string:
		if below {
			return x.textOf(v)
		}
	}
	return v
}

// textOf returns a text of an error as it is expected.
func (x *exchange) textOf(s string) any {
	if x.app.texts == nil {
		return sentence{}
	}
	switch found := x.app.texts.FindString(s); {
	case found == "":
		return sentence{}
	case strings.HasSuffix(found, ": "):
		return sentence{found}
	}
	return s
}

// simplePage is an error in the default format.
func simplePage(status int, message any) any {
	var name any = sentence{} // of a status that has none
	if text := http.StatusText(status); text != "" {
		name = text
	}
	return object{"error": name, "message": message, "status": status}
}

// compare returns how two answers differ.
func (x *exchange) compare(want, got *answer) (differences []string) {
	differ := func(what string, want, got any) {
		differences = append(differences, fmt.Sprintf("%s: want %s, got %s", what, show(want), show(got)))
	}
	if x.Request.Method == http.MethodHead {
		want.body = nothing{}
	}
	if want.status != got.status {
		differ("status", want.status, got.status)
	}
	if want.ctype != got.ctype {
		differ("Content-Type", want.ctype, got.ctype)
	}
	if !equal(want.body, got.body) {
		differ("body", want.body, got.body)
	}
	names := make(map[string]bool)
	for name := range want.fields {
		names[name] = true
	}
	for name := range got.fields {
		names[name] = true
	}
	for name := range names {
		if want.fields[name] != got.fields[name] {
			differ(name, want.fields[name], got.fields[name])
		}
	}
	if want.verdict != got.verdict {
		differ("browser", fmt.Sprintf("%+v", want.verdict), fmt.Sprintf("%+v", got.verdict))
	}
	if !slices.Equal(want.vary, got.vary) {
		differ("Vary", fmt.Sprint(want.vary), fmt.Sprint(got.vary))
	}
	slices.Sort(differences)
	return differences
}

// expectVary returns the Vary of our answer, given that of Flask's. What a cache
// concludes must be right: all that the handler named is there, and, where not
// every origin is answered alike, Origin is, on refusals too; the answer to a
// preflight depends on what it asks for. Flask-CORS leaves Origin out for a policy
// with one origin and on refusals, and has it for one that allows any, because it
// echoes. A cache that keeps more or fewer answers than it must is no difference
// to anybody, so none of this counts as one.
func (x *exchange) expectVary(flask []string) []string {
	want := slices.DeleteFunc(flask, func(name string) bool { return name == "origin" })
	if policy := x.policy(); policy != nil {
		if x.Request.isPreflight() {
			want = append(want, "origin", "access-control-request-method", "access-control-request-headers")
		} else if !slices.Contains(policy.AllowOrigins, "*") {
			want = append(want, "origin")
		}
	}
	slices.Sort(want)
	return want
}

// equal compares JSON by meaning.
func equal(want, got any) bool {
	switch want := want.(type) {
	case sentence:
		s, ok := got.(string)
		return ok && strings.HasPrefix(s, want.prefix) && len(s) > len(want.prefix)
	case fault:
		m, ok := got.(map[string]any)
		if !ok || !equal(sentence{}, m["message"]) || !equal(sentence{}, m["code"]) {
			return false
		}
		return want == (fault{}) || m["pointer"] == want.pointer && m["code"] == want.code
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok || len(m) != len(want) {
			return false
		}
		for name, value := range want {
			if member, ok := m[name]; !ok || !equal(value, member) {
				return false
			}
		}
		return true
	case []any:
		l, ok := got.([]any)
		return ok && slices.EqualFunc(want, l, equal)
	case int:
		return equal(json.Number(fmt.Sprint(want)), got)
	case json.Number:
		n, ok := got.(json.Number)
		return ok && equalNumbers(want.String(), n.String())
	}
	return want == got
}

// equalNumbers compares numbers exactly, whatever their size.
func equalNumbers(a, b string) bool {
	if a == b {
		return true
	}
	x, okx := new(big.Rat).SetString(a)
	y, oky := new(big.Rat).SetString(b)
	return okx && oky && x.Cmp(y) == 0
}

// show returns a value for people.
func show(v any) string {
	switch v := v.(type) {
	case nothing:
		return "nothing"
	case text:
		return fmt.Sprintf("text %.80q", string(v))
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any, []any:
		data, err := json.Marshal(v)
		if err == nil {
			return string(data[:min(len(data), 400)])
		}
	}
	return fmt.Sprintf("%v", v)
}

// MarshalJSON and MarshalText are for show.
func (s sentence) MarshalJSON() ([]byte, error) { return json.Marshal(s.prefix + "…") }
func (f fault) MarshalJSON() ([]byte, error)    { return json.Marshal(f.pointer + " " + f.code) }
