package errjson

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/statustext"
)

// A ProblemConfig configures [ProblemFormat]. The zero value is that of [Problem].
type ProblemConfig struct {
	// TypeBase is a URI reference. The type of a problem is TypeBase, followed by the Code of the
	// error, percent-encoded: "https://api.example.com/problems/" + "out_of_credit". An absolute one
	// is recommended (RFC 9457, Section 3.1.1). If TypeBase or the Code is empty, the type is
	// about:blank.
	TypeBase string
	// Instance returns a URI reference for an occurrence of the problem (Section 3.1.5), for errors
	// without an Instance of their own. If it is nil, or returns "", the member is omitted. It must
	// be safe for concurrent use.
	Instance func(*http.Request, *Error) string
	// FragmentPointers gives field errors the members of the example in Section 3: "detail" instead
	// of "message", and "pointer" as a URI fragment (RFC 6901, Section 6), such as "#/age".
	FragmentPointers bool
}

// Problem is the [Format] of RFC 9457:
//
//	{"type":"about:blank","title":"Not Found","status":404,"detail":"No item 7."}
//
// Title is the name of the status, unless the error has a Type. These extension members follow if
// they are set: "code", "errors" for field errors, and "request_id". Details that are a
// map[string]any become members of their own (Section 3.2), which never replace the members above.
// Other Details are the member "details".
func Problem(_ *http.Request, e *Error) Response {
	return Response{ContentType: problemType, Body: &problem{e: e}}
}

const problemType = "application/problem+json"

// ProblemFormat returns a [Problem] with types, instances, or pointers as in the RFC. It panics if
// TypeBase is not a URI reference.
func ProblemFormat(config ProblemConfig) Format {
	if _, err := url.Parse(config.TypeBase); err != nil {
		panic(fmt.Sprintf("errjson: ProblemFormat: TypeBase: %v", err))
	}
	return func(r *http.Request, e *Error) Response {
		p := &problem{e: e, typeBase: config.TypeBase, fragments: config.FragmentPointers}
		if config.Instance != nil {
			p.instance = config.Instance(r, e)
		}
		return Response{ContentType: problemType, Body: p}
	}
}

// A problem is the body of a Problem.
type problem struct {
	e         *Error
	typeBase  string
	instance  string
	fragments bool
}

const aboutBlank = "about:blank"

func (p *problem) typeOf() string {
	switch {
	case p.e.Type != "":
		return p.e.Type
	case p.typeBase != "" && p.e.Code != "":
		return p.typeBase + url.PathEscape(p.e.Code)
	}
	return aboutBlank
}

func (p *problem) appendJSON(b *jsonenc.Buffer) error {
	e := p.e
	if typ := p.typeOf(); typ == aboutBlank { // the title is that of the status (Section 4.2.1)
		b.B = append(b.B, textsOf(e.Status).problem...)
	} else {
		b.B = append(b.B, `{"type":`...)
		b.B = jsonenc.AppendString(b.B, typ)
		appendMember(b, "title", cmp.Or(e.Title, statustext.Name(e.Status)))
		b.B = append(b.B, `,"status":`...)
		b.B = strconv.AppendInt(b.B, int64(e.Status), 10)
		b.B = append(b.B, `,"detail":`...)
	}
	b.B = jsonenc.AppendString(b.B, e.Message)
	appendMember(b, "instance", cmp.Or(e.Instance, p.instance))
	appendMember(b, "code", e.Code)
	if extensions, ok := e.Details.(map[string]any); ok {
		if err := p.appendExtensions(b, extensions); err != nil {
			return err
		}
	} else if err := e.appendDetails(b, "errors", p.fragments); err != nil {
		return err
	}
	e.appendEnd(b)
	return nil
}

// appendExtensions appends the members of a map that are not members of the problem.
func (p *problem) appendExtensions(b *jsonenc.Buffer, extensions map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		switch name {
		case "type", "title", "status", "detail", "instance", "code", "request_id", "cause":
			continue
		}
		if fields, ok := extensions[name].([]FieldError); ok {
			if err := appendFields(b, name, fields, p.fragments); err != nil {
				return err
			}
			continue
		}
		b.B = append(b.B, ',')
		b.B = jsonenc.AppendString(b.B, name)
		b.B = append(b.B, ':')
		if err := appendValue(b, extensions[name]); err != nil {
			return err
		}
	}
	return nil
}

// fragment returns a JSON Pointer as a URI fragment (RFC 6901, Section 6).
func fragment(pointer string) string {
	return "#" + (&url.URL{Fragment: pointer}).EscapedFragment()
}

// MarshalJSON lets a Format put the body of a Problem into its own.
func (p *problem) MarshalJSON() ([]byte, error) { return marshal(p) }
