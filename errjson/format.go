package errjson

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/internal/jsonenc"
)

// A Format turns an error into the body of an answer, which is then encoded with
// encoding/json, and its content type. The error's Message is never empty.
//
// A Format must not change e, and must be safe for concurrent use. One that
// panics, or returns a body that cannot be encoded, is answered with a constant
// JSON 500 instead.
type Format func(r *http.Request, e *Error) (contentType string, body any)

// Simple is the default:
//
//	{"error":"Not Found","message":"No item 7.","status":404}
//
// with "code", "details" and "request_id" behind, where there are any. Details
// that are []FieldError have the members pointer, code and message, and where
// the place is known offset, line and column.
func Simple(_ *http.Request, e *Error) (contentType string, body any) {
	return "application/json", (*simple)(e)
}

// Problem is RFC 9457:
//
//	{"type":"about:blank","title":"Not Found","status":404,"detail":"No item 7."}
//
// with the extension members "code", "request_id", and "errors" for faults of
// fields or "details" for any other payload, where there are any.
func Problem(_ *http.Request, e *Error) (contentType string, body any) {
	return "application/problem+json", (*problem)(e)
}

// Restful is the shape of Flask-RESTful:
//
//	{"message":"No item 7."}
//
// The members of details that are a map[string]any stand beside the message, as
// the keywords of Flask-RESTful's abort do, and replace it if one is named
// "message". Any other details are the member "details".
func Restful(_ *http.Request, e *Error) (contentType string, body any) {
	if members, ok := e.Details.(map[string]any); ok {
		all := map[string]any{"message": e.Message}
		if e.Code != "" {
			all["code"] = e.Code
		}
		if e.extra != nil && e.extra.requestID != "" {
			all["request_id"] = e.extra.requestID
		}
		if e.extra != nil && e.extra.cause != "" {
			all["cause"] = e.extra.cause
		}
		maps.Copy(all, members)
		return "application/json", all
	}
	return "application/json", (*restful)(e)
}

// Negotiate returns a Format that uses the offer whose content type the request
// prefers by its Accept field (RFC 9110, Section 12.5.1): of equal preference
// the first, and the first too where the request accepts none of them, since an
// answer in another format is of more use than none (Section 15.5.7). The
// answers have a Vary: Accept.
//
// It panics without an offer.
func Negotiate(offers ...Format) Format {
	if len(offers) == 0 {
		panic("errjson: Negotiate: no formats")
	}
	offers = append([]Format(nil), offers...)
	return func(r *http.Request, e *Error) (string, any) {
		accept := strings.Join(r.Header["Accept"], ",")
		var bestType string
		var bestBody any
		best := -1
		for _, offer := range offers {
			contentType, body := offer(r, e)
			if q := quality(accept, contentType); q > best {
				best, bestType, bestBody = q, contentType, body
			}
		}
		return bestType, negotiated{bestBody}
	}
}

// negotiated is a body that was chosen by the Accept field.
type negotiated struct{ body any }

// quality returns the weight, in thousandths, that accept gives to a content
// type: that of the most exact range that covers it. An absent field accepts
// everything; what cannot be read is passed over.
func quality(accept, contentType string) int {
	if strings.TrimSpace(accept) == "" {
		return 1000
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.TrimSpace(mediaType)
	mainType, _, _ := strings.Cut(mediaType, "/")
	q, exactness := 0, 0
	for item := range strings.SplitSeq(accept, ",") {
		mediaRange, params, _ := strings.Cut(item, ";")
		mediaRange = strings.TrimSpace(mediaRange)
		level := 0
		switch {
		case strings.EqualFold(mediaRange, mediaType):
			level = 3
		case len(mediaRange) == len(mainType)+2 && strings.HasSuffix(mediaRange, "/*") &&
			strings.EqualFold(mediaRange[:len(mainType)], mainType):
			level = 2
		case mediaRange == "*/*":
			level = 1
		}
		if weight, ok := weightOf(params); ok && level > exactness {
			q, exactness = weight, level
		}
	}
	return q
}

// weightOf returns the q parameter in thousandths, 1000 if there is none (RFC
// 9110, Section 12.4.2).
func weightOf(params string) (weight int, ok bool) {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		return parseWeight(value)
	}
	return 1000, true
}

// parseWeight reads a qvalue: 0 or 1, and up to three digits behind a point.
func parseWeight(s string) (weight int, ok bool) {
	whole, digits, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(digits) > 3 {
		return 0, false
	}
	weight = int(whole[0]-'0') * 1000
	for i, unit := 0, 100; i < len(digits); i, unit = i+1, unit/10 {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		weight += int(digits[i]-'0') * unit
	}
	return weight, weight <= 1000
}

// The bodies of the formats above write themselves, because the encoder would
// take longer for one small error than all the rest of its answer.
type (
	simple  Error
	problem Error
	restful Error
)

// appender is a body that writes itself as JSON.
type appender interface {
	appendJSON(b *jsonenc.Buffer) error
}

// encode appends the body that a Format or a rule has returned.
func encode(b *jsonenc.Buffer, body any) error {
	if a, ok := body.(appender); ok {
		return a.appendJSON(b)
	}
	return b.Encode(body)
}

func (e *simple) appendJSON(b *jsonenc.Buffer) error {
	texts := textsOf(e.Status)
	b.B = append(b.B, texts.simple...)
	b.B = jsonenc.AppendString(b.B, e.Message)
	b.B = append(b.B, texts.status...)
	return (*Error)(e).appendRest(b, "details")
}

func (e *problem) appendJSON(b *jsonenc.Buffer) error {
	b.B = append(b.B, textsOf(e.Status).problem...)
	b.B = jsonenc.AppendString(b.B, e.Message)
	return (*Error)(e).appendRest(b, "errors")
}

func (e *restful) appendJSON(b *jsonenc.Buffer) error {
	b.B = append(b.B, `{"message":`...)
	b.B = jsonenc.AppendString(b.B, e.Message)
	return (*Error)(e).appendRest(b, "details")
}

// appendRest appends the optional members, faults of fields under the name
// given, and the closing brace.
func (e *Error) appendRest(b *jsonenc.Buffer, fieldsName string) error {
	if e.Code != "" {
		b.B = append(b.B, `,"code":`...)
		b.B = jsonenc.AppendString(b.B, e.Code)
	}
	switch details := e.Details.(type) {
	case nil:
	case []FieldError:
		b.B = append(b.B, `,"`...)
		b.B = append(b.B, fieldsName...)
		b.B = append(b.B, `":[`...)
		for i, f := range details {
			if i > 0 {
				b.B = append(b.B, ',')
			}
			b.B = f.appendJSON(b.B)
		}
		b.B = append(b.B, ']')
	default:
		b.B = append(b.B, `,"details":`...)
		if err := b.Encode(details); err != nil {
			return err
		}
		b.B = b.B[:len(b.B)-1] // the encoder's newline
	}
	if x := e.extra; x != nil {
		if x.requestID != "" {
			b.B = append(b.B, `,"request_id":`...)
			b.B = jsonenc.AppendString(b.B, x.requestID)
		}
		if x.cause != "" {
			b.B = append(b.B, `,"cause":`...)
			b.B = jsonenc.AppendString(b.B, x.cause)
		}
	}
	b.B = append(b.B, "}\n"...)
	return nil
}

func (f FieldError) appendJSON(b []byte) []byte {
	b = append(b, `{"pointer":`...)
	b = jsonenc.AppendString(b, f.Pointer)
	if f.Code != "" {
		b = append(b, `,"code":`...)
		b = jsonenc.AppendString(b, f.Code)
	}
	b = append(b, `,"message":`...)
	b = jsonenc.AppendString(b, f.Message)
	if f.Line > 0 {
		b = append(b, `,"offset":`...)
		b = strconv.AppendInt(b, int64(f.Offset), 10)
		b = append(b, `,"line":`...)
		b = strconv.AppendInt(b, int64(f.Line), 10)
		b = append(b, `,"column":`...)
		b = strconv.AppendInt(b, int64(f.Column), 10)
	}
	return append(b, '}')
}

// MarshalJSON writes the fault as the formats of this package do: an object with
// the members pointer, code, message, offset, line and column, without those
// that are not known.
func (f FieldError) MarshalJSON() ([]byte, error) { return f.appendJSON(nil), nil }

// The bodies are encoded in the same way when somebody puts one into another.
func (e *simple) MarshalJSON() ([]byte, error)  { return marshal(e) }
func (e *problem) MarshalJSON() ([]byte, error) { return marshal(e) }
func (e *restful) MarshalJSON() ([]byte, error) { return marshal(e) }

func (n negotiated) appendJSON(b *jsonenc.Buffer) error { return encode(b, n.body) }

func (n negotiated) MarshalJSON() ([]byte, error) { return marshal(n) }

func marshal(a appender) ([]byte, error) {
	b := jsonenc.Get()
	defer b.Free()
	if err := a.appendJSON(b); err != nil {
		return nil, err
	}
	return append([]byte(nil), b.B...), nil
}

// statusTexts are what is said of a status.
type statusTexts struct {
	name     string // as http.StatusText has it
	sentence string // what the client reads where an Error has no message
	status   string // the member "status"
	simple   string // how the body of Simple begins
	problem  string // how that of Problem does
}

var allTexts = func() (all [200]statusTexts) {
	for i := range all {
		status := 400 + i
		name, sentence := http.StatusText(status), sentences[status]
		switch {
		case status == statusClientClosedRequest:
			name = "Client Closed Request"
		case name == "":
			name = "Unknown Error"
		}
		switch {
		case sentence != "":
		case status < 500:
			sentence = "The request cannot be answered."
		default:
			sentence = sentences[http.StatusInternalServerError]
		}
		all[i] = statusTexts{
			name: name, sentence: sentence,
			status:  `,"status":` + strconv.Itoa(status),
			simple:  `{"error":"` + name + `","message":`,
			problem: `{"type":"about:blank","title":"` + name + `","status":` + strconv.Itoa(status) + `,"detail":`,
		}
	}
	return all
}()

// textsOf returns what is said of a status, or of a 500 if an Error may not have
// it.
func textsOf(status int) *statusTexts {
	if !isStatus(status) {
		status = http.StatusInternalServerError
	}
	return &allTexts[status-400]
}

func statusName(status int) string { return textsOf(status).name }

func sentence(status int) string { return textsOf(status).sentence }

var sentences = map[int]string{
	http.StatusBadRequest:                    "The request is malformed.",
	http.StatusUnauthorized:                  "Valid credentials are required.",
	http.StatusPaymentRequired:               "Payment is required.",
	http.StatusForbidden:                     "You do not have permission to do this.",
	http.StatusNotFound:                      "There is nothing at this URL.",
	http.StatusMethodNotAllowed:              "This method is not allowed for this URL.",
	http.StatusNotAcceptable:                 "None of the available formats is acceptable.",
	http.StatusProxyAuthRequired:             "Valid proxy credentials are required.",
	http.StatusRequestTimeout:                "The request took too long to arrive.",
	http.StatusConflict:                      "The request conflicts with the current state.",
	http.StatusGone:                          "What was at this URL is gone for good.",
	http.StatusLengthRequired:                "The request must say its Content-Length.",
	http.StatusPreconditionFailed:            "A precondition of the request does not hold.",
	http.StatusRequestEntityTooLarge:         "The request body is too large.",
	http.StatusRequestURITooLong:             "The URL is too long.",
	http.StatusUnsupportedMediaType:          "The request body's media type is not supported.",
	http.StatusRequestedRangeNotSatisfiable:  "The requested range cannot be provided.",
	http.StatusExpectationFailed:             "The Expect header cannot be met.",
	http.StatusTeapot:                        "This is a teapot; it does not brew coffee.",
	http.StatusMisdirectedRequest:            "This server does not answer for that host.",
	http.StatusUnprocessableEntity:           "The request is well-formed, but its content is not valid.",
	http.StatusLocked:                        "The resource is locked.",
	http.StatusFailedDependency:              "An action that this one depends on has failed.",
	http.StatusTooEarly:                      "The request came too early and may be a replay.",
	http.StatusUpgradeRequired:               "Another protocol is required.",
	http.StatusPreconditionRequired:          "The request must be conditional.",
	http.StatusTooManyRequests:               "Too many requests; try again later.",
	http.StatusRequestHeaderFieldsTooLarge:   "The request's header fields are too large.",
	http.StatusUnavailableForLegalReasons:    "This is not available for legal reasons.",
	statusClientClosedRequest:                "The client closed the request.",
	http.StatusInternalServerError:           "The server met an error and could not answer.",
	http.StatusNotImplemented:                "The server cannot do this.",
	http.StatusBadGateway:                    "An upstream server gave an invalid answer.",
	http.StatusServiceUnavailable:            "The service is unavailable; try again later.",
	http.StatusGatewayTimeout:                "The answer took too long.",
	http.StatusHTTPVersionNotSupported:       "This HTTP version is not supported.",
	http.StatusInsufficientStorage:           "There is not enough storage.",
	http.StatusLoopDetected:                  "The server met an endless loop.",
	http.StatusNetworkAuthenticationRequired: "Log in to the network first.",
}
