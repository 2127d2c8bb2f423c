// Package bodyjson reads the JSON body of a request into a typed value, once, and
// refuses what is not one, in JSON:
//
//	type Item struct {
//		Name  string  `json:"name" required:"true"`
//		Price float64 `json:"price" required:"price is required"`
//	}
//
//	mux.Handle("POST /items", bodyjson.Handler(bodyjson.Config{},
//		func(r *http.Request, in Item) (status.Response, error) {
//			item := store.Add(in)
//			return status.Created(item, item.URL()), nil
//		}))
//
// [Handler] is the whole of an endpoint. [New] is the middleware in it, for handlers
// that write their answers themselves: they run only if the body is good. [Lazy] is
// Flask's get_json: a middleware for all routes, with handlers that ask, by [Get].
//
// # Place in a chain
//
// New stands around one handler, innermost, since its type is that of this handler's
// body: behind errjson.Wrap, which gives the answers their format, behind CORS, and
// behind authentication, so that no body is read for a stranger. Lazy may stand
// around a router. Where several are around a handler, each has its rules, those of
// the innermost are for [Get], and the smallest limit holds.
//
// The Body of the request that a handler gets can be read any number of times,
// before and after the value is asked for: who has got io.EOF from it, or closed it,
// has rewound it. So Gin's ShouldBindJSON and Echo's Bind work behind this package; a
// json.Decoder, as both may use, stops short of io.EOF, so close the Body to bind once
// more. A middleware that replaces the Body does not lose the value. Behind Lazy, a
// body without the content type of JSON is not kept, and goes by as it comes.
//
// # What is taken
//
// The content type is application/json or application/*+json, in any case; a charset,
// if there is one, is UTF-8 (RFC 8259, Section 8.1). The JSON is that of RFC 8259 in
// the strict reading of RFC 7493: no name is there twice, names match in their exact
// case, nothing follows the value. A number that does not fit the field is a fault,
// and not rounded to fit. Null is for pointers, interfaces and [Optional]. A field of
// another type takes it as if it was absent; the whole body and the elements of arrays
// and maps cannot be absent, and so must not be null.
// The decoder is github.com/go-json-experiment/json, which is encoding/json/v2 from Go
// 1.27 on; its documentation has the tags of fields. [time.Duration] has no JSON there.
// What is plain is read by a faster one with the same results.
//
// # Required fields, and null
//
// A field with the tag required:"true" must be there, and not be null; zero, false and
// "" are there. The tag notnull:"true" is for a field that may be absent, but not null.
// Any other text in a tag is what the client is told if it is not so. The tags hold at
// any depth: in structs, arrays, maps, pointers, and embedded structs, but not in a type
// that has its own unmarshal method, nor in an interface.
// Good bodies pay next to nothing for it.
//
// # Validation
//
// A method of T, or of *T, is called once the value is decoded: Validate() error or
// Validate(context.Context) error. Then [Config].Validate is. What they return is
// answered like this:
//
//   - an [errjson.Error], or an error that wraps one, as what it is
//   - [errjson.FieldError] values that it is, wraps or joins, as a 422 with all of them;
//     those with a Pointer into the body get their line and column
//   - [context.Canceled] and [context.DeadlineExceeded], as what they are
//   - any other as a 422 without details: its text is for the log, since it may tell
//     what no client should read
//
// An UnmarshalJSON or UnmarshalText method that returns a FieldError has its words told
// to the client as well.
//
// # Errors
//
// All errors are [errjson.Error] values with these codes:
//
//	status  code                    the body ...
//	400     empty_body              is absent (see [ErrEmpty])
//	400     syntax                  is not JSON
//	400     trailing_data           has something behind the value
//	400     duplicate               has a name twice
//	400     encoding                is not in UTF-8, or its gzip data is damaged
//	400     too_deep                is nested deeper than MaxDepth
//	400     truncated               ended before its announced length
//	400     unreadable              could not be read
//	403     unverified              was refused by Verify
//	408     timeout                 took too long to arrive
//	413     too_large               is larger than MaxBytes
//	415     unsupported_media_type  has another content type
//	415     unsupported_charset     has another charset
//	415     unsupported_encoding    has a content coding that is not undone
//	422     invalid                 is JSON, but has the faults in the details
//
// The 400s of the JSON itself have one detail, with the place. The details of a 422 are
// all faults there are, up to 100, in the order of their places. The codes are:
//
//	required       the field is absent
//	null           the field, element or body must not be null
//	type           another kind of JSON is wanted, or an integer
//	range          the number does not fit
//	format         the string is no date, base64 and so on
//	length         the array must have another length
//	unknown_field  there is no such field (DisallowUnknownFields)
//	invalid        a validation function has given no other code
//
// Each has the JSON Pointer (RFC 6901) of the value, the offset in bytes from the start
// of the body, the line, and the column in characters. That of a required field that is
// absent is the place of the object it is absent from. A pointer of more than 1 KiB is cut
// to that of a value around. No text has the names of Go types
// in it, nor words of the decoder, nor a part of the body.
//
// A body that is refused by its header is not read: a client that waits for a 100
// (Continue) does not get one. After a 413, a 408 and the like an HTTP/1 connection is
// closed, with a second of grace; after all others it goes on.
//
// # Memory
//
// Bodies are read into pooled buffers, which grow as data comes and not as it was
// announced. Values never share memory with them; the texts of one body may share it
// with each other, in blocks of at most 4 KiB. When the handler has returned, the bytes
// are gone: to ask for them then is an error, and not the bytes of another request.
//
// # The request
//
// The middlewares pass on a copy of the request. A middleware outside does not see the pattern that a
// ServeMux inside sets, nor the forms that a handler parses. The temporary files of such a form are
// removed when the handler has returned.
package bodyjson
