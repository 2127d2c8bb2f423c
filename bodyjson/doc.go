// Package bodyjson decodes JSON request bodies into typed values and rejects invalid bodies with a
// JSON error. The package replaces get_json, reqparse and Marshmallow of a Flask API.
//
//	type Item struct {
//		Name  string   `json:"name" required:"true"`
//		Price float64  `json:"price" required:"price is required"`
//		Tags  []string `json:"tags"`
//	}
//
//	func (i Item) Validate() error {
//		if i.Price < 0 {
//			return errjson.FieldError{
//				Pointer: "/price", Code: "range", Message: "Must not be negative."}
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
// [Handler] returns a handler for a function that gets the decoded value and returns the response.
// [New] is a middleware for handlers that write their own responses. [Lazy] is a middleware for all
// routes: handlers call [Get], or [Merge] to patch a loaded value. [Decode] decodes bytes without a
// request.
//
// # Order of middlewares
//
// Register New as the innermost middleware, because it decodes the body of one handler. Register
// errjson.Wrap, CORS and authentication outside New. errjson.Wrap then formats the errors of New,
// and the bodies of unauthenticated clients are not read. Lazy can be outside a router. If several
// middlewares of this package are nested, Get applies the rules of the innermost. The smallest
// MaxBytes applies.
//
// A handler can read r.Body any number of times, before and after Get. Reading to io.EOF, or
// calling Close, rewinds the body. Gin's ShouldBindJSON and Echo's Bind therefore work behind this
// package. A json.Decoder may stop before io.EOF: close r.Body before you decode it again. If a
// middleware replaces r.Body, the decoded value is still available. Behind Lazy, a body without a
// JSON content type is streamed and not kept. Uploads can therefore have any size.
//
// The handler gets a copy of the request. An outer middleware does not see the Pattern that an
// inner ServeMux sets, or the forms that a handler parses. After the handler has returned, the
// temporary files of a form are removed.
//
// # Valid bodies
//
// The content type must be application/json or application/*+json, in any case. A charset parameter
// must be UTF-8 (RFC 8259, Section 8.1). The body must be the JSON of RFC 7493, a strict subset of
// RFC 8259. The decoder is github.com/go-json-experiment/json, which is encoding/json/v2 from Go
// 1.27 on. Its documentation lists the options of tags. Common documents take a faster decoder that
// produces the same values. docs/migrate/encoding-json.md lists the differences from encoding/json.
//
//   - Names must be unique and match in their exact case. A name that differs from a field's name
//     by case only is an error. Other unknown names are ignored. With DisallowUnknownFields, all
//     unknown names are errors.
//   - A number must fit the type of the field. A number is not rounded to an integer or truncated.
//   - A null sets a pointer or an interface to nil and an [Optional] to null. For any other field,
//     a null member is treated as missing. The body and the elements of arrays and maps cannot be
//     missing. A null for these is an error, unless the type is a pointer, interface or Optional.
//   - Types with unmarshal methods apply their own rules. The rules of an UnmarshalJSON method
//     include null.
//   - [time.Duration] is not supported.
//   - A Go array needs a JSON array of the same length. A [N]byte needs a base64 string of N bytes.
//
// # Required fields and null
//
//	tag                   meaning
//	required:"true"       the member must be present and not null; 0, false and "" are valid
//	notnull:"true"        the member may be missing, but not null
//	required:"a message"  like "true", with this error message; the same for notnull
//
// A required Optional may be null. The notnull tag of a list or map also applies to elements that
// are pointers. The tags apply at any depth: in structs, arrays, maps, pointers and Optionals. The
// tags do not apply in interfaces and in types with unmarshal methods.
//
// # Defaults
//
// A SetDefaults() method of *T sets the values of missing members. The method is called before the
// value is decoded. For the body, the methods of the structs in it are called first. For an element
// or the target of a pointer, the method is called when the element or target is decoded. A member
// that is present replaces the default, except that a struct keeps the defaults of its other
// members. Null keeps the default of a field that is not a pointer, an interface or an Optional.
//
// # Validation
//
// After decoding, the value is validated in three steps. Each step runs only if the previous step
// returned no error:
//
//  1. The methods Validate() error or Validate(context.Context) error of all values in the body,
//     inner values first. Values are the body itself, fields, elements, and the values of pointers
//     and Optionals. A field that is not required and has its zero value is treated as missing: its
//     methods are not called. Values in interfaces are not validated, nor the fields of a type with
//     an unmarshal method.
//  2. The validation functions of New.
//  3. [Config].Validate.
//
// The Validate method of an embedded struct is not called separately. Go promotes the method to the
// outer struct, unless the outer struct has its own Validate method, or several embedded structs
// have one. As in any Go code, a method that is promoted from a nil pointer panics. The response
// depends on the error:
//
//   - One or more [errjson.FieldError] values, also if wrapped or joined, or in an error of
//     [errjson.Invalid]: a 422 with all field errors. A Pointer is relative to the value whose method
//     returned the error. Each field error gets the position of its value.
//   - Any other [errjson.Error], or an error that wraps one: the response is that error.
//   - [context.Canceled] and [context.DeadlineExceeded]: the response is that error.
//   - Any other error: a 422 without details. The text of the error may be internal. It is logged
//     at Warn and not sent.
//
// An unmarshal method can also return FieldErrors or the error of [Decode].
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
//	408     timeout                 was not received in time
//	413     too_large               is larger than MaxBytes
//	415     unsupported_media_type  has an unsupported content type
//	415     unsupported_charset     has an unsupported charset
//	415     unsupported_encoding    has an unsupported Content-Encoding
//	422     invalid                 is JSON, but has the errors in the details
//
// A 400 for invalid JSON has one detail with the position of the error. A 422 has up to 100
// details, in the order of their positions:
//
//	required       the member is missing
//	null           the member, element or body must not be null
//	type           the value must have another JSON type, or be an integer
//	range          the number is out of range
//	format         the string has an invalid format, such as that of a date or base64
//	length         the array or base64 string must have another length
//	unknown_field  the name of the member is unknown
//	invalid        the value is invalid; the default code of validation errors
//
// Each detail has the JSON Pointer (RFC 6901) of the value, and its position. The position is an
// offset in bytes, a line, and a column in characters. A missing member has the position of its
// object. A pointer longer than 1 KiB is replaced by that of the nearest enclosing value that fits.
// Messages do not contain Go types, messages of the decoder, or parts of the body.
//
// If the header of a request is invalid, the body is not read. A client that waits for a 100
// (Continue) then gets the error response only. An HTTP/1 connection is closed after the codes
// timeout, too_large, truncated and unreadable. The connection is also closed if the header of a
// request with Expect: 100-continue is invalid. The client may continue to send for one second.
// After all other errors the connection stays open.
//
// # Limits
//
// MaxBytes is 1 MiB by default. The time and memory for a body are linear in its size, also if the
// body is invalid, apart from the methods of the program. Both are at most a small multiple of those
// of encoding/json. Bodies are read
// into pooled buffers. A buffer grows with the bytes that arrive and not with the Content-Length.
// Values never share memory with the buffers. Short strings of one body share blocks of 1 KiB.
// After the handler has returned, the bytes are not available: [Get], [Bytes] and r.Body return an
// error.
package bodyjson
