// Package status sends values as JSON with a status code: values that handlers return, as Flask's
// views do, and values that handlers write themselves, as with jsonify.
//
//	mux.Handle("GET /items/{id}", status.Handler(func(r *http.Request) (Item, error) {
//		return store.Item(r.PathValue("id")) // 200 with the item, or the error
//	}))
//
// It is used at the end of a chain, in a handler, and needs no middleware. Errors are sent with
// [errjson.Write], by the renderers around the handler.
//
// # Encoding
//
// A body is encoded completely with encoding/json before the status is sent. A value that cannot be
// encoded (a channel, a NaN, a cycle, a MarshalJSON that fails or panics) is a 500. The bytes are
// those of encoding/json with a newline, except that <, > and & are not escaped. Three values are
// special: a nil slice is [] and a nil map is {}, both at the top only, and a [json.RawMessage] is
// sent as it is. The content type is application/json (RFC 8259, Section 11, has no charset
// parameter).
//
// The response has a Content-Length, except if a Content-Encoding is set: a compressor outside
// changes the length.
package status

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/header"
	"github.com/hipflask/hipflask/internal/jsonenc"
)

// A Response is a body with a status and header fields, Flask's tuple of the
// three. The zero value is a 200 with the body null.
type Response struct {
	// Status is the status code, 200–599. 0 is 200.
	Status int
	// Body is encoded as the package comment says. With a status that has no
	// content (204, 205, 304) it is not sent, nor is a nil Body with a redirect
	// (3xx).
	Body any
	// Header holds more header fields. Each replaces what the response has
	// under its name, but for Vary and Set-Cookie, which are added to. A
	// Content-Type replaces application/json.
	Header http.Header
}

// OK returns a 200 with a body.
func OK(body any) Response { return Response{Status: http.StatusOK, Body: body} }

// Created returns a 201 with a body, and a Location field with the URL of what was
// created (RFC 9110, Section 15.3.2), which may be relative. What is not ASCII in it,
// and spaces, are escaped, but nothing else: for a name that may have a slash or a
// question mark in it see [net/url.PathEscape]. An empty location is left out.
func Created(body any, location string) Response {
	resp := Response{Status: http.StatusCreated, Body: body}
	if location != "" {
		resp.Header = http.Header{"Location": {escapeURL(location)}}
	}
	return resp
}

// escapeURL makes a URI of a URL with other characters (RFC 3986, Section 2.1).
func escapeURL(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Accepted returns a 202 with a body: the work goes on.
func Accepted(body any) Response { return Response{Status: http.StatusAccepted, Body: body} }

// NoContent returns a 204.
func NoContent() Response { return Response{Status: http.StatusNoContent} }

// Of returns a body with any status of 200–599.
func Of(status int, body any) Response { return Response{Status: status, Body: body} }

// WithHeader returns a copy of resp with one more header field, which replaces one
// of the same name.
func (resp Response) WithHeader(name, value string) Response {
	fields := resp.Header.Clone()
	if fields == nil {
		fields = make(http.Header, 1)
	}
	fields.Set(name, value)
	resp.Header = fields
	return resp
}

// Write sends the response. If it returns an error that is an [EncodeError],
// nothing was written, header fields included; any other is one of writing to the
// client.
func (resp Response) Write(w http.ResponseWriter, r *http.Request) error {
	return send(w, resp.Status, resp.Body, resp.Header, r.Method == http.MethodHead)
}

// JSON sends body with a status of 200–599, for handlers that write themselves. A
// Content-Type that was set before stays. If it returns an error that is an
// [EncodeError], nothing was written; any other is one of writing to the client.
//
// With a status that has no content (204, 205, 304) the body is not sent.
func JSON(w http.ResponseWriter, status int, body any) error {
	return send(w, status, body, nil, false)
}

// An EncodeError says that a response cannot be sent because of its body or its
// status: a fault of the program.
type EncodeError struct {
	// Err says what is wrong.
	Err error
}

// Error returns the text of Err behind the name of the package.
func (e *EncodeError) Error() string { return "status: " + e.Err.Error() }

// Unwrap returns Err.
func (e *EncodeError) Unwrap() error { return e.Err }

// StatusCode returns 500, whatever Err is: a MarshalJSON that fails with a 404
// has not found out that the resource of the request is missing.
func (e *EncodeError) StatusCode() int { return http.StatusInternalServerError }

// Handler answers with what fn returns: an error through [errjson.Write], a
// [Response] or *Response as it says, and any other value as the body of a 200. The
// value may be of an interface type; what counts is what is in it.
//
// If the value cannot be encoded, the answer is a 500. fn must be safe for
// concurrent use.
func Handler[T any](fn func(*http.Request) (T, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		value, err := fn(r)
		if err == nil {
			err = write(w, r, value)
			if _, ok := errors.AsType[*EncodeError](err); !ok {
				return // the client's connection failed, if anything did
			}
		}
		errjson.Write(w, r, err)
	})
}

// write sends a value that a handler has returned.
func write(w http.ResponseWriter, r *http.Request, value any) error {
	switch v := value.(type) {
	case Response:
		return v.Write(w, r)
	case *Response:
		if v != nil {
			return v.Write(w, r)
		}
		value = nil
	}
	return send(w, http.StatusOK, value, nil, r.Method == http.MethodHead)
}

// send is the way of every response.
func send(w http.ResponseWriter, status int, body any, fields http.Header, head bool) error {
	if status == 0 {
		status = http.StatusOK
	}
	if status < 200 || status > 599 {
		return &EncodeError{fmt.Errorf("%d is not the status of an answer", status)}
	}
	if !hasContent(status, body) {
		h := w.Header()
		header.Merge(h, fields)
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(status)
		return nil
	}

	buf := jsonenc.Get()
	defer buf.Free()
	if err := encode(buf, body); err != nil {
		return &EncodeError{err}
	}
	h := w.Header()
	header.Merge(h, fields)
	encoded := len(h) > 0 && len(h["Content-Encoding"]) > 0
	// One array backs both values. Each slice is full, so that an append to one does not write
	// into the other.
	values := [...]string{"application/json", header.Length(len(buf.B))}
	if len(h["Content-Type"]) == 0 {
		h["Content-Type"] = values[0:1:1]
	}
	if !encoded {
		h["Content-Length"] = values[1:2:2]
	} else {
		delete(h, "Content-Length") // a compressor outside changes the length
	}
	w.WriteHeader(status)
	if head {
		return nil // RFC 9110, Section 9.3.2
	}
	_, err := w.Write(buf.B)
	return err
}

// hasContent reports whether a response has a body (RFC 9110, Sections 6.4.1 and
// 15.3.6).
func hasContent(status int, body any) bool {
	switch {
	case status == http.StatusNoContent, status == http.StatusResetContent, status == http.StatusNotModified:
		return false
	case status >= 300 && status < 400:
		return body != nil
	}
	return true
}

func encode(buf *jsonenc.Buffer, body any) error {
	if raw, ok := body.(json.RawMessage); ok && raw != nil {
		if !json.Valid(raw) || !utf8.Valid(raw) { // json.Valid does not look into strings
			return errors.New("a json.RawMessage is not valid JSON")
		}
		buf.B = append(buf.B, raw...)
		return nil
	}
	if v := reflect.ValueOf(body); isNilSequence(v) {
		// A list without elements is a list to the client, not null.
		if v.Kind() == reflect.Map {
			buf.B = append(buf.B, "{}\n"...)
		} else {
			buf.B = append(buf.B, "[]\n"...)
		}
		return nil
	}
	return buf.Encode(body)
}

// isNilSequence reports whether v is a nil slice or map that encoding/json would
// write as null.
func isNilSequence(v reflect.Value) bool {
	if k := v.Kind(); k != reflect.Slice && k != reflect.Map || !v.IsNil() {
		return false
	}
	t := v.Type()
	return !t.Implements(reflect.TypeFor[json.Marshaler]()) &&
		!t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) &&
		!(t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8)
}

// A Resource calls one handler per method for one URL, like Flask-RESTful's Resource. HEAD calls
// Get. OPTIONS is a 200 with Allow and without content. A method with a nil handler is a 405 with
// Allow, sent with [errjson.Write]. The zero Resource allows OPTIONS only.
//
// Register a Resource for all methods of its path. Some routers do not include QUERY in all
// methods: Gin's Any and Any of Echo v4. Register QUERY separately there, with Handle("QUERY", …)
// or Add("QUERY", …). httprouter registers each method separately.
type Resource struct {
	Get, Post, Put, Patch, Delete http.Handler
	// Query handles QUERY (RFC 10008), a safe method whose request body is the query. If Query is
	// not nil, every response has an Accept-Query header, which Query and the other handlers can
	// replace. Use [bodyjson.Handler] for queries in JSON.
	//
	// Redirect a QUERY with 307, 308 or 303 only: clients turn 301 and 302 into GET without a body.
	// For CORS, add QUERY to AllowMethods and Content-Type to AllowHeaders.
	//
	// [bodyjson.Handler]: https://pkg.go.dev/github.com/hipflask/hipflask/bodyjson#Handler
	Query http.Handler
	// AcceptQuery lists the media types that Query accepts, such as "application/sql;
	// charset=UTF-8" or "application/*". Empty means application/json. ServeHTTP panics if a media
	// type is invalid. The order has no meaning (RFC 10008, Section 3).
	AcceptQuery []string
}

// ServeHTTP calls the handler for the request's method.
func (res Resource) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if res.Query != nil {
		w.Header().Set("Accept-Query", acceptQuery(res.AcceptQuery))
	}
	handler := res.handler(r.Method)
	switch {
	case handler != nil:
		handler.ServeHTTP(w, r)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", strings.Join(res.allow(), ", "))
		w.Header().Set("Content-Length", "0") // RFC 9110, Section 9.3.7
		w.WriteHeader(http.StatusOK)
	default:
		errjson.Write(w, r, errjson.MethodNotAllowed(res.allow()...))
	}
}

// acceptQuery returns the value of an Accept-Query header for media types. The value is a List of
// Structured Fields (RFC 10008, Section 3, and RFC 9651, Section 3.1), not the syntax of Accept.
func acceptQuery(mediaTypes []string) string {
	if len(mediaTypes) == 0 {
		return "application/json"
	}
	var list []string
	for _, s := range mediaTypes {
		member, params, err := mime.ParseMediaType(s)
		if err != nil || !strings.Contains(member, "/") {
			panic(fmt.Sprintf("status: invalid media type in AcceptQuery: %q", s))
		}
		if c := member[0]; c != '*' && (c < 'a' || c > 'z') {
			member = quote(member) // a Token starts with a letter or "*"
		}
		for _, name := range slices.Sorted(maps.Keys(params)) {
			member += ";" + name + "=" + quote(params[name])
		}
		list = append(list, member)
	}
	return strings.Join(list, ", ")
}

// quote returns s as a String of Structured Fields (RFC 9651, Section 3.3.3).
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (res Resource) handler(method string) http.Handler {
	switch method {
	case http.MethodGet, http.MethodHead:
		return res.Get
	case http.MethodPost:
		return res.Post
	case http.MethodPut:
		return res.Put
	case http.MethodPatch:
		return res.Patch
	case http.MethodDelete:
		return res.Delete
	case "QUERY":
		return res.Query
	}
	return nil
}

// allow returns the methods that are allowed (RFC 9110, Section 10.2.1).
func (res Resource) allow() []string {
	var allowed []string
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"} {
		if res.handler(method) != nil {
			allowed = append(allowed, method)
		}
	}
	return append(allowed, "OPTIONS")
}
