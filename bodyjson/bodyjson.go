package bodyjson

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/strictjson"
	"github.com/hipflask/hipflask/status"
)

// A Config contains the rules for request bodies. The zero value accepts strict JSON of at most 1
// MiB with a JSON content type. Strict JSON is UTF-8 without duplicate names (RFC 7493). Names
// match fields in their exact case.
//
// The functions of this package copy a Config. The functions in a Config must be safe for
// concurrent use.
type Config struct {
	// MaxBytes is the maximum size of a body in bytes. With Gunzip, MaxBytes limits the compressed
	// and the decompressed size. 0 means 1 MiB. A negative number disables the limit.
	MaxBytes int64
	// ReadTimeout is the maximum duration for reading the body, from the first read on. If New
	// rejects the header of a request, ReadTimeout limits how long net/http reads the body. 0 means
	// that only the timeouts of the server apply. If the ResponseWriter does not support read
	// deadlines, ReadTimeout is ignored.
	ReadTimeout time.Duration

	// Force decodes the body as JSON without regard to its Content-Type, like Flask's
	// get_json(force=True).
	Force bool
	// Silent continues without a value if the body is not JSON or is invalid, like Flask's
	// get_json(silent=True). A body that is too large, unreadable or rejected by Verify is still an
	// error.
	Silent bool
	// Optional continues without a value if the body is empty or only white space. Required fields
	// and validation then do not apply.
	Optional bool
	// Gunzip accepts JSON with Content-Encoding: gzip. A body that decompresses to more than 100
	// times its size is too large, from the first byte on. Bodies of other content types are not
	// decompressed.
	Gunzip bool

	// DisallowUnknownFields rejects names without a field in the struct.
	DisallowUnknownFields bool
	// IgnoreMiscasedNames treats names that differ from a field's name by case only like other
	// unknown names. It is for documents with a format that you do not define, such as webhooks. By
	// default such a name is an error, because the client has most likely misspelled it.
	IgnoreMiscasedNames bool
	// MatchCaseInsensitiveNames matches names to fields without regard to case, dashes and
	// underscores.
	MatchCaseInsensitiveNames bool
	// AllowDuplicateNames accepts duplicate names. The last member with a name wins. Duplicate
	// structs and typed maps are merged: members that only the earlier one has are kept.
	AllowDuplicateNames bool
	// UseNumber decodes numbers into an any as [encoding/json.Number] instead of float64. A Number
	// keeps all digits.
	UseNumber bool

	// Unmarshal replaces the decoder for types that the decoder does not support: see docs/migrate.
	// The data is valid JSON without duplicate names. Unmarshal applies its own rules to names of
	// fields and to numbers. Required tags, notnull tags and validation work as usual. SetDefaults
	// methods are called for the value and the structs in it. Unmarshal must not keep or modify
	// data. [Merge] does not call Unmarshal.
	Unmarshal func(data []byte, v any) error
	// Verify is called with the decompressed body after it is read. For example, Verify can check
	// the signature of a webhook. If Verify returns an error, the body is not available. The
	// response is the error if it is an [errjson.Error], or a 403. Verify must not keep or modify
	// body, and cannot read r.Body.
	Verify func(r *http.Request, body []byte) error
	// Validate is called with a pointer to each value, after the Validate methods and the
	// validation functions of New. The package comment describes the responses for its errors.
	Validate func(ctx context.Context, v any) error
}

// New returns a middleware that decodes the body of each request as a T. If the body is valid, the
// middleware calls the next handler, which gets the value with [FromContext] or [Get]. Otherwise
// the middleware writes an error response with [errjson.Write].
//
// The validation functions are called with the decoded value if its Validate methods return no
// error. They are not called for a null body of a pointer type T. Get with another type decodes the
// body again, and does not call them.
//
// New panics if T contains a type that JSON cannot be decoded into, such as a channel. If
// cfg.Unmarshal is set, New does not check T.
func New[T any](cfg Config, validate ...func(context.Context, *T) error) func(http.Handler) http.Handler {
	d := newDecoder("New", cfg, validate)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := new(holder[T])
			defer h.release()
			req, err := h.decode(d, w, r)
			if err != nil {
				errjson.Write(w, r, err)
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}

// NewFunc is [New] for code that handles errors itself, such as an adapter for a framework. The
// returned function calls next with the request that carries the value. The result is the error of
// the body or of next.
func NewFunc[T any](cfg Config, validate ...func(context.Context, *T) error) func(
	w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
	d := newDecoder("NewFunc", cfg, validate)
	return func(w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
		h := new(holder[T])
		defer h.release()
		req, err := h.decode(d, w, r)
		if err == nil {
			err = next(req)
		}
		return err
	}
}

// Handler returns a handler that decodes the body as [New] does and calls fn with the value. The
// response is the result of fn, written as by [status.Handler]. If Config.Optional or Config.Silent
// continues without a value, fn gets the zero value with the defaults of its SetDefaults method.
//
// Handler panics if New panics.
func Handler[In, Out any](cfg Config, fn func(r *http.Request, in In) (Out, error),
	validate ...func(context.Context, *In) error) http.Handler {
	t := strictjson.TypeOf(reflect.TypeFor[In]())
	return New(cfg, validate...)(status.Handler(func(r *http.Request) (Out, error) {
		in, ok := FromContext[In](r.Context())
		if !ok {
			t.SetDefaults(&in)
		}
		return fn(r, in)
	}))
}

// Lazy returns a middleware that sets the rules for [Get], [Merge] and [Bytes] in the handlers
// behind it. The middleware itself does not read the body.
func Lazy(cfg Config) func(http.Handler) http.Handler {
	c := newConfig(cfg)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := new(carrier)
			defer b.release()
			next.ServeHTTP(w, b.attach(b, c, w, r))
		})
	}
}

// Get returns the body of r as a T. If the context has a T of [New] or [NewContext], Get returns
// that value. Otherwise Get decodes the body by the rules of the innermost [New] or [Lazy]. Without
// New or Lazy, the rules are those of the zero Config. The result is kept for later calls with the
// same T.
//
// Pass the error to [errjson.Write] or return it from a [status.Handler]. After the handler behind
// New or Lazy has returned, the error wraps [http.ErrBodyReadAfterClose]. If JSON cannot be decoded
// into a T, the error is logged and the response is a 500.
//
// Get is safe for concurrent use behind New or Lazy. Without New or Lazy, the first call replaces
// r.Body and must not run concurrently with other uses of r. The values that Get returns for one
// request share the memory of pointers, slices and maps.
func Get[T any](r *http.Request) (T, error) {
	if v, ok := FromContext[T](r.Context()); ok {
		return v, nil
	}
	return decodeOnce[T](bodyOf(r), r)
}

// Merge applies the body of r to current as a JSON Merge Patch (RFC 7396) and returns the result.
// The content type must be application/merge-patch+json or application/json. For any other content
// type, the error is a 415 with Accept-Patch (RFC 5789, Section 2.2). The rules are those of [Get],
// except Silent and Optional: a missing or invalid patch is always an error.
//
// A member of the patch replaces the value of its field. An object is merged into a struct, a map
// or the object in an interface. A null sets the zero value, or the default of the struct's
// SetDefaults method. For a required field, null is the error "required". An array is replaced and
// not merged. The same applies to a value with an unmarshal method. Fields without a JSON name keep
// their values.
//
// If the patch changes a struct, its required pointers and interfaces must not be nil and its
// required Optionals must be set. The Validate methods and Config.Validate check the result.
// Positions in errors are those of the patch. With Config.AllowDuplicateNames, duplicate members
// are applied one after the other.
//
// Merge does not modify current or its pointers, maps and slices: the result contains copies.
// Fields without a JSON name and types with unmarshal methods are not copied. If Merge returns an
// error, the result is zero. Merge does not support types with an embedded map for unknown names.
func Merge[T any](r *http.Request, current T) (T, error) {
	b := bodyOf(r)
	result := current
	if err := b.merge(r, strictjson.TypeOf(reflect.TypeFor[T]()), &result); err != nil {
		return *new(T), err
	}
	return result, nil
}

// Decode decodes data as a T by the rules of cfg. Use Decode for the cases of a union in an
// UnmarshalJSON method, for messages of a queue, or in tests. Decode ignores MaxBytes, Verify and
// the other fields that need a request. The errors are those of [Get]. Validate methods get
// [context.Background].
func Decode[T any](data []byte, cfg Config) (T, error) {
	var v T
	c, t := newConfig(cfg), strictjson.TypeOf(reflect.TypeFor[T]())
	err := c.checkSupport(t)
	if err == nil {
		_, err = c.decodeBytes(context.Background(), data, t, &v, nil)
	}
	return v, err
}

// Bytes returns a copy of the body of r for any content type. If Config.Gunzip is set, a JSON body
// is decompressed. Bytes can be called before and after [Get], with the same limits and errors. If
// a handler has read a body of another content type from r.Body, Bytes returns an error. For
// concurrent use, the rules of Get apply.
func Bytes(r *http.Request) ([]byte, error) {
	b := bodyOf(r)
	data, err := b.acquire()
	if err != nil {
		return nil, err
	}
	defer b.drop()
	return append([]byte{}, data...), nil
}

// FromContext returns the value that [New] or [NewContext] with the same T has stored in ctx. T and
// *T are different types. FromContext reports false if the body is missing or Config.Silent ignores
// it.
func FromContext[T any](ctx context.Context) (T, bool) {
	if v, ok := ctx.Value(valueKey[T]{}).(*T); ok {
		return *v, true
	}
	var zero T
	return zero, false
}

// NewContext returns a copy of ctx with the value v. Use NewContext to test a handler without a
// request body.
func NewContext[T any](ctx context.Context, v T) context.Context {
	return context.WithValue(ctx, valueKey[T]{}, &v)
}

// A decoder contains the arguments of New.
type decoder[T any] struct {
	config   *config
	typ      *strictjson.Type
	validate []func(context.Context, *T) error
}

func newDecoder[T any](function string, cfg Config, validate []func(context.Context, *T) error) *decoder[T] {
	d := &decoder[T]{newConfig(cfg), strictjson.TypeOf(reflect.TypeFor[T]()), validate}
	if err := d.typ.Err(); err != nil && cfg.Unmarshal == nil {
		panic(fmt.Sprintf("bodyjson: %s[%v]: %v", function, reflect.TypeFor[T](), err))
	}
	return d
}
