package bodyjson

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// A Config says what is taken as a body. The zero value is safe: at most 1 MiB
// of strict JSON (RFC 8259 in UTF-8, no name twice, exact case), with a content
// type that says so.
//
// A Config is read once, by the function that it is given to. Its functions must
// be safe for concurrent use.
type Config struct {
	// MaxBytes is the size of the largest body, in bytes, as sent and, with
	// Gunzip, as inflated. 0 means 1 MiB; a negative number means no limit.
	MaxBytes int64
	// MaxDepth is how deep arrays and objects may be nested. 0 means 10,000,
	// which is also the most.
	MaxDepth int
	// ReadTimeout is how long the body may take to arrive, counted from when
	// it is first asked for, or refused by New for its header: net/http still
	// reads some of it. 0 means as long as the server allows. It needs a
	// ResponseWriter with read deadlines, as that of net/http is.
	ReadTimeout time.Duration

	// Force takes the body for JSON whatever its Content-Type says:
	// get_json(force=True).
	Force bool
	// Silent makes the zero value of a body that is not JSON, or not a valid
	// value: get_json(silent=True). It is not silent about a body that is too
	// large or does not arrive, nor about Verify.
	Silent bool
	// Optional makes the zero value of a body that is absent: empty, or only
	// white space. Nothing is then required of it or validated.
	Optional bool
	// Gunzip also takes JSON with Content-Encoding: gzip. What inflates to more
	// than 1 MiB and more than 100 times its size is too large, even when
	// MaxBytes would allow it. A body of another content type goes by as it is.
	Gunzip bool

	// DisallowUnknownFields refuses names that no field of a struct has.
	DisallowUnknownFields bool
	// AllowDuplicateNames lets the last of several members with one name win. Of
	// those that are structs or typed maps, what only an earlier one has stays.
	AllowDuplicateNames bool
	// AllowInvalidUTF8 replaces bytes that are not UTF-8 with U+FFFD.
	AllowInvalidUTF8 bool
	// MatchCaseInsensitiveNames takes names of another case, and with other
	// dashes and underscores, for those of the fields.
	MatchCaseInsensitiveNames bool
	// UseNumber makes numbers that go into an any a [encoding/json.Number], which keeps
	// all digits, and not a float64.
	UseNumber bool

	// Unmarshal is another decoder. The body that it gets is valid JSON by the
	// rules above; those on the names of fields and on numbers are its own. It
	// must not keep or change the data, which is used again.
	Unmarshal func(data []byte, v any) error
	// Verify is called with the body, as inflated, once it is read: for the
	// signatures of webhooks. Nobody gets a body that it refuses. It must not
	// keep or change the data; r.Body has no more of it. An error is answered
	// with a 403, or as what it is if it is an [errjson.Error].
	Verify func(r *http.Request, body []byte) error
	// Validate is called with a pointer to each value, after the value's own
	// Validate method. Its error is treated as that of the method is.
	Validate func(ctx context.Context, v any) error
}

// New returns a middleware that decodes the body of each request as a T. The next handler runs only
// if the body is valid, and gets the value with [FromContext] or [Get]. Other requests get an error
// by [errjson.Write].
//
// New panics if T contains a type that JSON cannot be decoded into, such as a channel, unless cfg has
// another decoder.
func New[T any](cfg Config) func(http.Handler) http.Handler {
	c, p := newConfig(cfg), mustPlan[T](cfg)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := new(holder[T])
			defer h.release()
			req, err := h.decodeFrom(c, p, w, r)
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
func NewFunc[T any](cfg Config) func(
	w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
	c, p := newConfig(cfg), mustPlan[T](cfg)
	return func(w http.ResponseWriter, r *http.Request, next func(*http.Request) error) error {
		h := new(holder[T])
		defer h.release()
		req, err := h.decodeFrom(c, p, w, r)
		if err != nil {
			return err
		}
		return next(req)
	}
}

// mustPlan returns the plan of T. It panics if T cannot be decoded.
func mustPlan[T any](cfg Config) *plan {
	p := planOf(reflect.TypeFor[T]())
	if p.fault != nil && cfg.Unmarshal == nil {
		panic(fmt.Sprintf("bodyjson: New[%v]: %v", p.typ, p.fault))
	}
	return p
}

// decodeFrom decodes the body of r, and returns the request that carries the value. h is the one
// allocation for the value, the context that finds it, the Body, and the request with these.
func (h *holder[T]) decodeFrom(
	c *config, p *plan, w http.ResponseWriter, r *http.Request) (req *http.Request, err error) {
	req = h.attach(h, c, w, r)
	h.private = true
	h.present, err = h.decode(r, p, &h.value)
	h.private = false
	return req, err
}

// decode decodes the body into v, a pointer to a zero value of p's type. If that
// has no fault it reports whether there is a body; v is zero if it has not.
func (b *body) decode(r *http.Request, p *plan, v any) (present bool, err error) {
	c := b.config
	if p.fault != nil && c.Unmarshal == nil {
		return false, fmt.Errorf("bodyjson: decoding a %v: %w", p.typ, p.fault)
	}
	headerErr := b.checkHeader(r)
	if headerErr != nil && r.ContentLength != 0 { // RFC 9110, Section 15.5.16: without reading it
		switch {
		case c.Silent:
			return false, nil
		case r.Header["Expect"] != nil:
			// The client waits for a 100 before it sends the body, which it is not
			// to get; but it need not wait for ever (RFC 9110, Section 10.1.1).
			b.hangUp(headerErr)
		case b.private && c.ReadTimeout > 0:
			// net/http reads a body of up to 256 KiB before it sends the answer.
			b.readWithin(c.ReadTimeout)
		}
		return false, headerErr
	}
	data, err := b.load()
	if err != nil {
		return false, err
	}
	defer b.drop()
	switch {
	case isBlank(data):
		if c.Optional {
			return false, nil
		}
		return false, c.unlessSilent(failure(http.StatusBadRequest, codeEmpty, "The request body is empty.", ErrEmpty))
	case headerErr != nil:
		return false, c.unlessSilent(headerErr)
	}
	if err = c.unmarshal(data, p, v); err == nil {
		err = c.validate(r.Context(), data, p, v)
	}
	if err != nil {
		reflect.ValueOf(v).Elem().SetZero() // no half of a value
		return false, c.unlessSilent(err)
	}
	return true, nil
}

// Lazy returns a middleware that lets the handlers behind it ask for the body,
// with [Get] and [Bytes], under the rules of cfg. Nothing is read until one does.
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

// Get returns the body of r as a T: what [New] or [NewContext] has put into the
// context, or else what it decodes now, under the rules of the innermost [New]
// or [Lazy], or of the zero Config if there is none. The outcome is kept, so that
// asking again, from several goroutines too, gives the same without decoding
// again. Values of one request are shared as far as a T has pointers in it.
//
// The error is to be answered with [errjson.Write] or returned from a
// [status.Handler]. Once the handler that is wrapped by New or Lazy has returned,
// it is one that wraps [http.ErrBodyReadAfterClose].
//
// Without New or Lazy the first call replaces r.Body, and so must not run
// concurrently with other uses of r.
func Get[T any](r *http.Request) (T, error) {
	if v, ok := FromContext[T](r.Context()); ok {
		return v, nil
	}
	return ask[T](bodyOf(r), r)
}

// Bytes returns a copy of the body of r, whatever its content type; JSON is inflated
// if it was to be. It works before and after [Get], and with the same limits, errors
// and concurrency. A body that a handler has read from r.Body cannot be
// had any more, unless it had the content type of JSON.
func Bytes(r *http.Request) ([]byte, error) {
	b := bodyOf(r)
	data, err := b.acquire()
	if err != nil {
		return nil, err
	}
	defer b.drop()
	return append([]byte{}, data...), nil
}

// FromContext returns the value that [New] or [NewContext] with the same T has
// put into ctx, and whether there is one. There is none for a T and a *T that is
// there, nor for a body that was absent or passed over in silence.
func FromContext[T any](ctx context.Context) (T, bool) {
	if v, ok := ctx.Value(valueKey[T]{}).(*T); ok {
		return *v, true
	}
	var zero T
	return zero, false
}

// NewContext returns a copy of ctx with v in it, as if it had come from a body:
// to test a handler without one.
func NewContext[T any](ctx context.Context, v T) context.Context {
	return context.WithValue(ctx, valueKey[T]{}, &v)
}
