package errjson

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/internal/accept"
	"github.com/hipflask/hipflask/internal/jsonenc"
	"github.com/hipflask/hipflask/internal/statustext"
)

// A Format returns the response for an error. The error's Message is never empty. The status of the
// response is that of the error, which the Format must not change.
//
// A Format must be safe for concurrent use. If it panics, or if its body cannot be encoded, a
// constant JSON 500 is sent.
type Format func(r *http.Request, e *Error) Response

// A Response is the part of an error response that a [Format] decides.
type Response struct {
	// ContentType is the media type of the body. If empty, it is application/json.
	ContentType string
	// Body is encoded with encoding/json. A []byte or a string is sent as it is if ContentType is
	// not a JSON type.
	Body any
	// Header holds further headers, such as Content-Language. They are added to the response as
	// those of [Error] are.
	Header http.Header
}

// Simple is the default Format:
//
//	{"error":"Not Found","message":"No item 7.","status":404}
//
// The members "code", "details" and "request_id" follow if they are set. Details that are a
// []FieldError have the members of [FieldError.MarshalJSON], and so has a [SyntaxError], in an array
// of one element.
func Simple(_ *http.Request, e *Error) Response {
	return Response{ContentType: "application/json", Body: (*simple)(e)}
}

// Negotiate returns a Format that uses the offer whose content type the Accept header prefers (RFC
// 9110, Section 12.5.1). It uses the first of equally preferred offers. If the request accepts none
// of them, it uses the first one, because an error in another format is better than an empty one
// (Section 15.5.7). It adds Vary: Accept.
//
// Negotiate panics without an offer.
func Negotiate(offers ...Format) Format {
	if len(offers) == 0 {
		panic("errjson: Negotiate: no formats")
	}
	offers = append([]Format(nil), offers...)
	return func(r *http.Request, e *Error) Response {
		header := strings.Join(r.Header["Accept"], ",")
		var best Response
		bestQuality := -1
		for _, offer := range offers {
			resp := offer(r, e)
			contentType := cmp.Or(resp.ContentType, "application/json")
			if q := accept.Quality(header, contentType); q > bestQuality {
				bestQuality, best = q, resp
			}
		}
		best.Header = best.Header.Clone()
		if best.Header == nil {
			best.Header = make(http.Header, 1)
		}
		best.Header.Add("Vary", "Accept")
		return best
	}
}

// encodeBody appends the body of a response.
func encodeBody(b *jsonenc.Buffer, resp Response) error {
	switch body := resp.Body.(type) {
	case appender:
		return body.appendJSON(b)
	case []byte:
		if !isJSON(resp.ContentType) {
			b.B = append(b.B, body...)
			return nil
		}
	case string:
		if !isJSON(resp.ContentType) {
			b.B = append(b.B, body...)
			return nil
		}
	}
	return b.Encode(resp.Body)
}

// isJSON reports whether a content type is application/json or has the suffix +json (RFC 6839,
// Section 3.1).
func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// simple is the body of Simple. The bodies of the formats encode themselves: for a small error,
// encoding/json takes longer than the rest of the response.
type simple Error

// statusTexts has the parts of these bodies that depend on the status alone.
type statusTexts struct{ simple, problem, status string }

var allTexts = func() (all [600]statusTexts) {
	for status := range all {
		name, code := statustext.Name(status), strconv.Itoa(status)
		all[status] = statusTexts{
			simple:  `{"error":"` + name + `","message":`,
			problem: `{"type":"about:blank","title":"` + name + `","status":` + code + `,"detail":`,
			status:  `,"status":` + code,
		}
	}
	return all
}()

// textsOf returns the texts of a status, or those of 500 if it is not an error status.
func textsOf(status int) *statusTexts {
	if !statustext.IsError(status) {
		status = http.StatusInternalServerError
	}
	return &allTexts[status]
}

// An appender is a body that encodes itself.
type appender interface {
	appendJSON(b *jsonenc.Buffer) error
}

func (e *simple) appendJSON(b *jsonenc.Buffer) error {
	texts := textsOf(e.Status)
	b.B = append(b.B, texts.simple...)
	b.B = jsonenc.AppendString(b.B, e.Message)
	b.B = append(b.B, texts.status...)
	appendMember(b, "code", e.Code)
	if err := (*Error)(e).appendDetails(b, "details", false); err != nil {
		return err
	}
	(*Error)(e).appendEnd(b)
	return nil
}

// appendDetails appends the member for the Details. fieldsName is its name if they are field errors
// or a syntax error.
func (e *Error) appendDetails(b *jsonenc.Buffer, fieldsName string, fragments bool) error {
	switch details := e.Details.(type) {
	case nil:
	case []FieldError:
		return appendFields(b, fieldsName, details, fragments)
	case SyntaxError:
		return appendFields(b, fieldsName, []FieldError{FieldError(details)}, fragments)
	default:
		b.B = append(b.B, `,"details":`...)
		return appendValue(b, details)
	}
	return nil
}

// appendFields appends a member with field errors.
func appendFields(b *jsonenc.Buffer, name string, fields []FieldError, fragments bool) error {
	b.B = append(b.B, ',')
	b.B = jsonenc.AppendString(b.B, name)
	b.B = append(b.B, `:[`...)
	for i := range fields {
		if i > 0 {
			b.B = append(b.B, ',')
		}
		if err := fields[i].appendMembers(b, fragments); err != nil {
			return err
		}
	}
	b.B = append(b.B, ']')
	return nil
}

// appendEnd appends the last members and the closing brace.
func (e *Error) appendEnd(b *jsonenc.Buffer) {
	if e.rendering != nil {
		appendMember(b, "request_id", e.rendering.requestID)
		appendMember(b, "cause", e.rendering.exposedCause)
	}
	b.B = append(b.B, "}\n"...)
}

// appendMember appends a comma and a member of an object, unless the value is empty.
func appendMember(b *jsonenc.Buffer, name, value string) {
	if value == "" {
		return
	}
	b.B = append(b.B, `,"`...)
	b.B = append(b.B, name...)
	b.B = append(b.B, `":`...)
	b.B = jsonenc.AppendString(b.B, value)
}

func appendValue(b *jsonenc.Buffer, v any) error {
	if err := b.Encode(v); err != nil {
		return err
	}
	b.B = b.B[:len(b.B)-1] // the encoder's newline
	return nil
}

func (f *FieldError) appendJSON(b *jsonenc.Buffer) error { return f.appendMembers(b, false) }

// appendMembers appends the field error. With fragments it has the members of RFC 9457, Section 3.
func (f *FieldError) appendMembers(b *jsonenc.Buffer, fragments bool) error {
	message, pointer := `,"message":`, f.Pointer
	if fragments {
		message, pointer = `,"detail":`, fragment(f.Pointer)
	}
	if f.In == "" {
		b.B = append(b.B, `{"pointer":`...)
		b.B = jsonenc.AppendString(b.B, pointer)
	} else {
		b.B = append(b.B, `{"in":`...)
		b.B = jsonenc.AppendString(b.B, f.In)
		appendMember(b, "name", f.Name)
		if f.Pointer != "" {
			appendMember(b, "pointer", pointer)
		}
	}
	appendMember(b, "code", f.Code)
	b.B = append(b.B, message...)
	b.B = jsonenc.AppendString(b.B, f.Message)
	if len(f.Params) > 0 {
		b.B = append(b.B, `,"params":`...)
		if err := appendValue(b, f.Params); err != nil {
			return err
		}
	}
	if f.Line > 0 {
		b.B = append(b.B, `,"offset":`...)
		b.B = strconv.AppendInt(b.B, int64(f.Offset), 10)
		b.B = append(b.B, `,"line":`...)
		b.B = strconv.AppendInt(b.B, int64(f.Line), 10)
		b.B = append(b.B, `,"column":`...)
		b.B = strconv.AppendInt(b.B, int64(f.Column), 10)
	}
	b.B = append(b.B, '}')
	return nil
}

// MarshalJSON returns an object with the member "pointer", or with "in" and "name" for a parameter,
// and the members "code", "message", "params", "offset", "line" and "column" as far as they are
// set.
func (f FieldError) MarshalJSON() ([]byte, error) { return marshal(&f) }

// MarshalJSON returns an array with one element, which has the members of a field error.
func (s SyntaxError) MarshalJSON() ([]byte, error) { return json.Marshal([]FieldError{FieldError(s)}) }

// MarshalJSON lets a Format put the body of another one into its own.
func (e *simple) MarshalJSON() ([]byte, error) { return marshal(e) }

func marshal(a appender) ([]byte, error) {
	b := jsonenc.Get()
	defer b.Free()
	if err := a.appendJSON(b); err != nil {
		return nil, err
	}
	return append([]byte(nil), b.B...), nil
}
