package bodyjson

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hipflask/hipflask/internal/form"
	"github.com/hipflask/hipflask/internal/strictjson"
)

// A body wraps the Body of a request and caches its bytes and decoded values. To save allocations,
// a body is also the context of the request.
//
// The bytes are in a pooled buffer that is reused after the handler has returned. All access to the
// bytes is through the body. A goroutine that outlives its request therefore gets an error instead
// of the bytes of another request.
type body struct {
	req    *http.Request // the request of the middleware; its context is the parent
	src    io.ReadCloser // the Body of req
	config *config
	w      http.ResponseWriter // for read deadlines; nil without New or Lazy
	gzip   bool                // src is compressed

	released atomic.Bool // the handler has returned
	loading  atomic.Bool // src is read into the buffer

	mu     sync.Mutex // guards the fields below; it is held while src is read into the buffer
	state  state
	buffer *buffer // the bytes, if they are kept
	values cached  // the decoded values, a list
}

// A state is the location of the bytes of a body.
type state uint8

const (
	unread   state = iota // in src
	streamed              // a handler reads src itself
	kept                  // in the buffer
)

// A carrier contains a body and the request that carries the body to the next handler.
type carrier struct {
	body
	request http.Request
}

// A holder contains a carrier and the value of New.
type holder[T any] struct {
	carrier
	value    T
	hasValue bool
}

type (
	bodyKey         struct{}
	valueKey[T any] struct{}
)

// decode decodes the body of r and returns the request that carries the value.
func (h *holder[T]) decode(d *decoder[T], w http.ResponseWriter, r *http.Request) (req *http.Request, err error) {
	req = h.attach(h, d.config, w, r)
	var validate func(context.Context) error
	if len(d.validate) > 0 {
		validate = func(ctx context.Context) error {
			for _, f := range d.validate {
				if err := f(ctx, &h.value); err != nil {
					return err
				}
			}
			return nil
		}
	}
	h.hasValue, err = h.body.decode(r, d.typ, &h.value, validate)
	if err == nil && !h.hasValue { // Get must return the same, without a call that does not validate
		c := &cachedAs[T]{value: h.value}
		c.once.Do(func() {})
		h.values = c
	}
	if err != nil && h.state == unread && d.config.ReadTimeout > 0 && r.Header["Expect"] == nil {
		h.readWithin(d.config.ReadTimeout) // net/http reads up to 256 KiB before the response
	}
	return req, err
}

// Value returns the value of New for its key. For other keys, Value calls body.Value.
func (h *holder[T]) Value(key any) any {
	if _, ok := key.(valueKey[T]); ok && h.hasValue {
		return &h.value
	}
	return h.body.Value(key)
}

// The methods of a context.Context.

func (b *body) Deadline() (time.Time, bool) { return b.req.Context().Deadline() }
func (b *body) Done() <-chan struct{}       { return b.req.Context().Done() }
func (b *body) Err() error                  { return b.req.Context().Err() }

func (b *body) Value(key any) any {
	if _, ok := key.(bodyKey); ok {
		return b
	}
	return b.req.Context().Value(key)
}

// attach returns a copy of r with the context ctx and the Body c. c must be a part of ctx.
func (c *carrier) attach(ctx context.Context, cfg *config, w http.ResponseWriter, r *http.Request) *http.Request {
	c.init(cfg, r)
	c.w = w
	req := &c.request
	*req = *r.WithContext(ctx) // a copy into c saves an allocation
	req.Body = &c.body
	if cfg.Gunzip && isGzip(r.Header) && c.isJSON() {
		c.gzip = true
		req.Header = r.Header.Clone()
		req.Header.Del("Content-Encoding")
		req.Header.Del("Content-Length")
		req.ContentLength = -1
	}
	return req
}

func (b *body) init(c *config, r *http.Request) {
	b.req, b.src, b.config = r, r.Body, c
	if b.src == nil {
		b.src = http.NoBody
	}
}

// isJSON reports whether the body is JSON by its header or by the configuration.
func (b *body) isJSON() bool { return b.config.Force || IsJSON(b.req) }

// release frees the buffer after the handler has returned, and removes the files of a form that the
// handler has parsed. It does not wait for other goroutines. If one uses the bytes, drop frees the
// buffer.
func (c *carrier) release() {
	form.RemoveFiles(&c.request, c.req)
	c.released.Store(true)
	if c.mu.TryLock() {
		c.freeUnused()
		c.mu.Unlock()
	}
}

// freeUnused frees the buffer if the handler has returned and no goroutine uses the bytes. The caller
// must hold b.mu.
func (b *body) freeUnused() {
	if b.released.Load() && b.buffer != nil && b.buffer.users == 0 {
		b.buffer.free()
		b.buffer = nil
	}
}

// bodyOf returns the body of r. If r does not have a usable body, bodyOf sets r.Body to a new body.
func bodyOf(r *http.Request) *body {
	for rc := r.Body; rc != nil; { // another middleware may have wrapped the body
		if b, ok := rc.(*body); ok {
			return b
		}
		if u, ok := rc.(interface{ Unwrap() io.ReadCloser }); ok {
			rc = u.Unwrap()
		} else {
			rc = nil
		}
	}
	c, req := &defaultConfig, r
	if b, ok := r.Context().Value(bodyKey{}).(*body); ok {
		// The body is in a wrapper without an Unwrap method, such as that of http.MaxBytesReader.
		// An unread body must be read through the wrapper.
		b.mu.Lock()
		wasRead := b.state == kept || b.released.Load()
		b.mu.Unlock()
		if wasRead {
			return b
		}
		c, req = b.config, r.WithContext(r.Context())
	}
	b := new(body)
	b.init(c, req)
	r.Body = b
	return b
}

var (
	errReleased   = fmt.Errorf("bodyjson: the handler has returned: %w", http.ErrBodyReadAfterClose)
	errStreamed   = errors.New("bodyjson: the body was already read from Request.Body")
	errUnfinished = errors.New("bodyjson: a panic has interrupted the reading or decoding of the body")
)

// acquire returns the bytes of the body. If the error is nil, the caller must call drop when it does
// not use them any more.
func (b *body) acquire() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, err := b.load()
	if err != nil {
		return nil, err
	}
	b.buffer.users++
	return data, nil
}

// drop ends a use of the bytes that acquire has returned.
func (b *body) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buffer.users--
	b.freeUnused()
}

// load returns the bytes of the body. The first call reads the bytes. The caller must hold b.mu
// while it uses the bytes.
func (b *body) load() ([]byte, error) {
	switch {
	case b.released.Load():
		return nil, errReleased
	case b.state == streamed:
		return nil, errStreamed
	case b.state == unread:
		b.state = kept
		b.buffer = newBuffer(b.req.ContentLength)
		b.buffer.err = errUnfinished
		b.loading.Store(true)
		defer b.loading.Store(false)
		b.buffer.err = b.read(b.buffer)
	}
	return b.buffer.data, b.buffer.err
}

// Read reads the body. A JSON body can be read any number of times: reading to io.EOF rewinds it. A
// body of another content type may be an upload of any size. Read keeps such a body only if Get or
// Bytes has read it before.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.mu.Lock()
	if b.state == unread && !b.released.Load() && !b.isJSON() {
		b.state = streamed
	}
	if b.state == streamed {
		b.mu.Unlock()
		return b.src.Read(p)
	}
	defer b.mu.Unlock()
	data, err := b.load()
	if err != nil {
		return 0, err
	}
	n := copy(p, data[b.buffer.next:])
	b.buffer.next += n
	if n == 0 {
		// A Read that returns data does not rewind. An io.LimitReader may stop after the last byte.
		// A later Read then returns io.EOF and not the first byte.
		b.buffer.next = 0
		return 0, io.EOF
	}
	return n, nil
}

// Close rewinds a body in the buffer and closes any other body. It does not wait for a Read that
// waits for src: as for any Body, it ends such a Read.
func (b *body) Close() error {
	if b.loading.Load() {
		return b.src.Close()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buffer == nil {
		return b.src.Close()
	}
	b.buffer.next = 0
	return nil
}

// Unwrap returns the Body of the request of the middleware, for code that looks for other wrappers.
func (b *body) Unwrap() io.ReadCloser { return b.src }

// A cached is the result of decoding the body as one type. next returns the result for another
// type.
type cached interface{ next() cached }

type cachedAs[T any] struct {
	once  sync.Once // decodes the body
	value T
	err   error
	rest  cached
}

func (c *cachedAs[T]) next() cached { return c.rest }

// decodeOnce decodes the body as a T, or returns the result of an earlier call.
func decodeOnce[T any](b *body, r *http.Request) (T, error) {
	c := cachedOf[T](b)
	c.once.Do(func() {
		c.err = errUnfinished
		_, c.err = b.decode(r, strictjson.TypeOf(reflect.TypeFor[T]()), &c.value, nil)
	})
	return c.value, c.err
}

// cachedOf returns the result for T, which may be new.
func cachedOf[T any](b *body) *cachedAs[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := b.values; c != nil; c = c.next() {
		if c, ok := c.(*cachedAs[T]); ok {
			return c
		}
	}
	c := &cachedAs[T]{rest: b.values}
	b.values = c
	return c
}
