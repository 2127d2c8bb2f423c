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

// A Config has the rules for bodies. The zero value accepts at most 1 MiB of strict JSON (RFC 8259 in
// UTF-8, without duplicate names, with names in their exact case) with a JSON content type.
//
// The function that gets a Config copies it. The functions in it must be safe for concurrent use.
type Config struct {
	// MaxBytes is the size of the largest body, in bytes, as sent and, with Gunzip, as decompressed.
	// 0 means 1 MiB. A negative number means no limit.
	MaxBytes int64
	// ReadTimeout is the time for reading the body. It starts at the first read, or when New rejects
	// the request by its header, because net/http then reads a part of the body. 0 means no timeout
	// other than those of the server. It needs a ResponseWriter with read deadlines, such as that of
	// net/http.
	ReadTimeout time.Duration

	// Force decodes the body as JSON without regard to its Content-Type: get_json(force=True).
	Force bool
	// Silent continues without a value if the body is not JSON or not valid: get_json(silent=True).
	// A body that is too large or cannot be read, and one that Verify rejects, is still an error.
	Silent bool
	// Optional continues without a value if the body is missing: empty, or only white space. Required
	// fields and validation do not apply.
	Optional bool
	// Gunzip accepts JSON with Content-Encoding: gzip. A body that decompresses to more than 100 times
	// its size is too large. Bodies of other content types are not decompressed.
	Gunzip bool

	// DisallowUnknownFields rejects names without a field in the struct.
	DisallowUnknownFields bool
	// IgnoreMiscasedNames ignores names that differ from a field's name by case only, like other
	// unknown names: for documents that others define, such as webhooks. By default they are errors,
	// because the client has most likely misspelled the name.
	IgnoreMiscasedNames bool
	// MatchCaseInsensitiveNames matches names to fields without regard to case, dashes, and
	// underscores.
	MatchCaseInsensitiveNames bool
	// AllowDuplicateNames lets the last of several members with one name win. Duplicate structs and
	// typed maps are merged: members that only an earlier one has are kept.
	AllowDuplicateNames bool
	// UseNumber decodes numbers into an any as [encoding/json.Number], which keeps all digits, and
	// not as float64.
	UseNumber bool

	// Unmarshal replaces the decoder, for types that it does not support: see docs/migrate. The data
	// is valid JSON without duplicate names. The function applies its own rules to the names of
	// fields, and to numbers. Required and notnull tags, validation, and SetDefaults methods of the
	// value and the structs in it work as usual. It must not keep or change data. [Merge] does not use it.
	Unmarshal func(data []byte, v any) error
	// Verify is called with the body, decompressed, after it is read: to check the signature of a
	// webhook. If it returns an error, the body is not available, and the response is a
	// 403, or that of the error if it is an [errjson.Error]. It must not keep or change body. It
	// cannot read r.Body.
	Verify func(r *http.Request, body []byte) error
	// Validate is called with a pointer to each value, after the Validate methods and the validation
	// functions of New. See the package comment for its error.
	Validate func(ctx context.Context, v any) error
}

// New returns a middleware that decodes the body of each request as a T. The next handler runs only
// if the body is valid, and gets the value with [FromContext] or [Get]. Otherwise the response is an
// error by [errjson.Write].
//
// The validation functions are called with the decoded value, after its Validate methods, if these
// have returned no error.
//
// New panics if T contains a type that JSON cannot be decoded into, such as a channel, unless
// cfg.Unmarshal is set.
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
// returned function calls next with the request that carries the value, and returns the error of the
// body or of next.
func NewFunc[T any](cfg Config, validate ...func(context.Context, *T) error) func(
	w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
	d := newDecoder("NewFunc", cfg, validate)
	return func(w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
		h := new(holder[T])
		defer h.release()
		req, err := h.decode(d, w, r)
		if err != nil {
			return err
		}
		return next(req)
	}
}

// Handler returns a handler that decodes the body as [New] does, calls fn with the value, and
// responds with the result of fn as [status.Handler] does. Without a body that Config.Optional or
// Config.Silent allows, fn gets the zero value, or the defaults of its SetDefaults method.
//
// It panics as New does.
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

// Lazy returns a middleware that lets the handlers behind it get the body with [Get], [Merge] and
// [Bytes], by the rules of cfg. It reads nothing before.
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

// Get returns the body of r as a T: the value of [New] or [NewContext] in the context. If there is
// none, it decodes the body by the rules of the innermost [New] or [Lazy], or of the zero Config.
// The result is kept: later calls, also from other goroutines, return it again. Values that it
// returns for one request share the memory of pointers, slices and maps.
//
// The error is for [errjson.Write], or to be returned from a [status.Handler]. It wraps
// [http.ErrBodyReadAfterClose] after the handler behind New or Lazy has returned. A T that JSON
// cannot be decoded into is an error for the log, and a 500 for the client.
//
// Without New or Lazy the first call replaces r.Body, so it must not run concurrently with other uses
// of r.
func Get[T any](r *http.Request) (T, error) {
	if v, ok := FromContext[T](r.Context()); ok {
		return v, nil
	}
	return decodeOnce[T](bodyOf(r), r)
}

// Merge applies the body of r to current, as a JSON Merge Patch (RFC 7396), and returns the result.
// The content type is application/merge-patch+json or application/json. For any other, the error is
// a 415 with Accept-Patch (RFC 5789, Section 2.2). The rules are those of [Get], except Silent and
// Optional: a patch that is missing or invalid is always an error.
//
// A member of the patch replaces the value of its field. An object is merged into a struct, a map, or
// the object in an interface. A null removes: it sets the zero value, or the default of the struct's
// SetDefaults method, and for a required field it is the error "required". Elements of an array are
// not merged: the patch replaces the array, and a value with an unmarshal method. Fields without a
// JSON name, such as json:"-", keep their values.
//
// In each struct that the patch changes, a required pointer, interface or Optional must have a value.
// The Validate methods and Config.Validate check the result. Positions in errors are those of the
// patch. With Config.AllowDuplicateNames, duplicate members are applied one after the other.
//
// Merge does not change current, nor the pointers, maps and slices in it: the result has copies,
// except of fields without a JSON name, and of types with unmarshal methods. If the error is not nil,
// the result is zero. Merge does not support types with an embedded map for unknown names.
func Merge[T any](r *http.Request, current T) (T, error) {
	b := bodyOf(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	result := current
	if err := b.merge(r, strictjson.TypeOf(reflect.TypeFor[T]()), &result); err != nil {
		return *new(T), err
	}
	return result, nil
}

// Decode decodes data as a T, by the rules of cfg that do not need a request: for the cases of a
// union in an UnmarshalJSON method, messages of a queue, and tests. It ignores MaxBytes, and cannot
// call Verify. The error is as that of [Get]. Validate methods get [context.Background].
func Decode[T any](data []byte, cfg Config) (T, error) {
	var v T
	_, err := newConfig(cfg).decodeBytes(context.Background(), data, strictjson.TypeOf(reflect.TypeFor[T]()), &v, nil)
	return v, err
}

// Bytes returns a copy of the body of r, whatever its content type, decompressed if it is JSON and
// Config.Gunzip is set. It works before and after [Get], and has the same limits, errors and
// concurrency. If a handler has read from r.Body before, and the body does not have a JSON content
// type, it returns an error.
func Bytes(r *http.Request) ([]byte, error) {
	b := bodyOf(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	data, err := b.load()
	if err != nil {
		return nil, err
	}
	return append([]byte{}, data...), nil
}

// FromContext returns the value that [New] or [NewContext] with the same T has put into ctx. It does
// not find a *T (nor the reverse). It reports false for a missing body, and for one that
// Config.Silent ignores.
func FromContext[T any](ctx context.Context) (T, bool) {
	if v, ok := ctx.Value(valueKey[T]{}).(*T); ok {
		return *v, true
	}
	var zero T
	return zero, false
}

// NewContext returns a copy of ctx with the value v, as if it had come from a body: to test a handler
// without one.
func NewContext[T any](ctx context.Context, v T) context.Context {
	return context.WithValue(ctx, valueKey[T]{}, &v)
}

// A decoder has what New knows of a T.
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
