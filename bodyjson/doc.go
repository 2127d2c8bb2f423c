// Package bodyjson decodes JSON request bodies into typed values and rejects invalid bodies with a
// JSON error. It is what get_json, reqparse and Marshmallow are for a Flask API.
//
//	type Item struct {
//		Name  string   `json:"name" required:"true"`
//		Price float64  `json:"price" required:"price is required"`
//		Tags  []string `json:"tags"`
//	}
//
//	func (i Item) Validate() error {
//		if i.Price < 0 {
//			return errjson.FieldError{Pointer: "/price", Code: "range", Message: "Must not be negative."}
//		}
//		return nil
//	}
//
//	mux.Handle("POST /items", bodyjson.Handler(bodyjson.Config{},
//		func(r *http.Request, in Item) (status.Response, error) {
//			item := store.Add(in)
//			return status.Created(item, item.URL()), nil
//		}))
//
// [Handler] makes an endpoint of one function. [New] is the middleware in it, for handlers that write
// their responses themselves. [Lazy] is a middleware for all routes: handlers call [Get], or [Merge]
// to patch a value that they have loaded. [Decode] applies the rules to bytes without a request.
//
// # Place in a chain
//
// New is the innermost middleware, because its type is that of one handler's body: inside
// errjson.Wrap, which formats the errors, inside CORS, and inside authentication, so that no body is
// read for a client that is not known. Lazy can be outside a router. Where several are nested, Get
// applies the rules of the innermost, and the smallest MaxBytes holds.
//
// A handler can read r.Body any number of times, before and after Get: reading to io.EOF, or calling
// Close, rewinds the body. Gin's ShouldBindJSON and Echo's Bind therefore work behind this package. A
// json.Decoder may stop before io.EOF: close the Body before it is bound again. A middleware that
// replaces the Body does not lose the value. Behind Lazy, a body without a JSON content type is not
// kept, so uploads of any size are streamed.
//
// The handler gets a copy of the request. An outer middleware does not see the Pattern that a ServeMux
// inside sets, nor the forms that a handler parses. The temporary files of a form are removed when the
// handler has returned.
//
// # Which bodies are valid
//
// The content type is application/json or application/*+json, in any case. A charset, if there is
// one, is UTF-8 (RFC 8259, Section 8.1). The JSON is that of RFC 8259 in the strict reading of RFC
// 7493. The decoder is github.com/go-json-experiment/json, which is encoding/json/v2 from Go 1.27
// on; its documentation has the options of tags. Common documents take a faster decoder that produces
// the same values. docs/migrate/encoding-json.md lists the differences from encoding/json.
//
//   - Names are unique, and match in their exact case. A name that differs from a field's name by case
//     only is an error. Other unknown names are ignored, or rejected with DisallowUnknownFields.
//   - A number must fit the field: it is neither rounded to an integer nor cut.
//   - A null sets a pointer, an interface or an [Optional]. For any other field it is treated as if
//     the member were missing. The body, and elements of arrays and maps, cannot be missing: null is
//     an error unless they are pointers, interfaces or Optionals.
//   - Types with unmarshal methods have their own rules, also for null.
//     [time.Duration] has no JSON form.
//   - An array of Go needs an array of its length, and a [N]byte a string in base64 of N bytes.
//
// # Required fields and null
//
//	tag                   the member
//	required:"true"       must be present, and not null (an Optional may be null); 0, false and "" are valid
//	notnull:"true"        may be missing, but not null; in a list or map of pointers, so are its elements
//	required:"a message"  as "true", and the text is the message of the error; the same for notnull
//
// The tags hold at any depth: in structs, embedded structs, arrays, maps, pointers and Optionals. They
// do not hold in interfaces and in types with unmarshal methods.
//
// # Defaults
//
// A method SetDefaults() of *T sets the values of members that are missing. It is called before the
// value is decoded: for the body, for the structs in it (the inner ones first), and for each element
// and each target of a pointer when it is decoded. A member that is present replaces the default. Null
// keeps the default of a field that is not a pointer, an interface or an Optional.
//
// # Validation
//
// After decoding, these are called: a method Validate() error or Validate(context.Context) error of
// each value in the body (the inner ones first) and of the body itself; if these return no error, the
// validation functions of New; if these return none, [Config].Validate. A value is that of a field,
// an element, a pointer or an Optional. An embedded struct has no call of its own: its method is that
// of the outer struct, if that has none. The error decides the response:
//
//   - An [errjson.Error], or an error that wraps one: that error.
//   - [errjson.FieldError] values that it is, wraps or joins: a 422 with all of them. A Pointer is
//     relative to the value whose method returned it. Each gets the position of its value.
//   - [context.Canceled] and [context.DeadlineExceeded]: that error.
//   - Any other: a 422 without details. The text may be internal, so it is logged, at Warn.
//
// An unmarshal method can also return FieldErrors, or the error of [Decode].
//
// # Errors
//
// All errors are [errjson.Error] values:
//
//	status  code                    the body
//	400     empty_body              is missing (see [ErrEmpty])
//	400     syntax                  is not JSON
//	400     trailing_data           has data after the JSON value
//	400     duplicate               has a duplicate name
//	400     encoding                is not in UTF-8, or its gzip data is damaged
//	400     too_deep                has more than 10,000 levels of nesting
//	400     truncated               ended before its Content-Length
//	400     unreadable              could not be read
//	403     unverified              was rejected by Verify
//	408     timeout                 took too long to arrive
//	413     too_large               is larger than MaxBytes
//	415     unsupported_media_type  has another content type
//	415     unsupported_charset     has another charset
//	415     unsupported_encoding    has an unsupported Content-Encoding
//	422     invalid                 is JSON, but has the errors in the details
//
// The 400s of the JSON itself have one detail, with the position. The details of a 422 are all errors,
// up to 100, in the order of their positions:
//
//	required       the member is missing
//	null           the member, element or body must not be null
//	type           another JSON type is expected, or an integer
//	range          the number does not fit
//	format         the string is not a date, base64 and so on
//	length         the array or the base64 must have another length
//	unknown_field  the struct has no such field
//	invalid        a validation function has set no code
//
// Each has the JSON Pointer (RFC 6901) of the value, its offset in bytes, its line, and its column in
// characters. A missing member has the position of the object. A pointer longer than 1 KiB is replaced
// by that of the nearest enclosing value that fits. No message contains the names of Go types, texts of
// the decoder, or a part of the body.
//
// A body that is rejected by its header is not read, and a client that waits for a 100 (Continue) does
// not get one. After a 408, a 413, a truncated or unreadable body, and a rejected body with Expect:
// 100-continue, an HTTP/1 connection is closed, after a second in which the client may continue to
// send. After all other errors the connection is kept.
//
// # Limits
//
// MaxBytes is 1 MiB by default. The time and memory for a body, valid or not, are linear in its size,
// and at most a small multiple of those of encoding/json. Bodies are read into pooled buffers, which
// grow with the bytes that arrive, not with the Content-Length. Values never share memory with the
// buffers. Short strings of one body share blocks of 1 KiB. After the handler has returned, the bytes
// are not available: [Get], [Bytes] and r.Body return an error.
package bodyjson
