package bodyjson

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/hipflask/hipflask/internal/form"
)

// A body stands between a handler and the body of its request. It is, in one
// allocation, the request's Body and the request's context.
//
// The bytes are in a pooled buffer, which goes back when the handler has
// returned. All access to them goes through the body, which then has none: a
// goroutine that outlives its request gets an error, and not the bytes of another
// request.
type body struct {
	req    *http.Request // as it came; its context is the parent
	src    io.ReadCloser // the Body as it came
	config *config
	w      http.ResponseWriter // for read deadlines; nil if there is none

	turn sync.Mutex // held by whoever reads src or decodes
	mu   sync.Mutex // guards all below; never held for long
	kept *buffer    // what was read; nil until it is

	outcomes outcome // what was decoded, a list; guarded by turn

	private  bool // the handler has not got it yet: no locks are needed
	fetched  bool // it is read into kept, or was
	present  bool // the value of the holder is there
	gzipped  bool // src is to be inflated
	streamed bool // a handler reads src itself
	released bool // the handler has returned
}

// A carrier is a body with the request that carries it to the next handler.
type carrier struct {
	body
	request http.Request
}

// A holder is a carrier with a value in it.
type holder[T any] struct {
	carrier
	value T
}

type (
	bodyKey         struct{}
	valueKey[T any] struct{}
)

// Value finds the value, besides what body.Value finds.
func (h *holder[T]) Value(key any) any {
	if _, ok := key.(valueKey[T]); ok && h.present {
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

// attach makes the request that has ctx, which is what c is part of, for its
// context and its body.
func (c *carrier) attach(ctx context.Context, cfg *config, w http.ResponseWriter, r *http.Request) *http.Request {
	c.init(cfg, r)
	c.w = w
	req := &c.request
	*req = *r.WithContext(ctx) // a copy into c, which saves an allocation
	req.Body = &c.body
	if cfg.Gunzip && isGzip(r.Header) && (cfg.Force || IsJSON(r)) {
		c.gzipped = true
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

// release ends the life of the bytes, at once or when their last user drops them, and
// removes the files of a form that a handler has parsed from the copy of the request.
func (c *carrier) release() {
	form.RemoveFiles(&c.request, c.req)
	c.mu.Lock()
	c.released = true
	c.recycle()
	c.mu.Unlock()
}

// recycle is called with b.mu held.
func (b *body) recycle() {
	if b.released && b.kept != nil && b.kept.users == 0 {
		b.kept.free()
		b.kept = nil
	}
}

// bodyOf returns the body that is in r.
func bodyOf(r *http.Request) *body {
	// Other wrappers of bodies may be around ours.
	for rc := r.Body; rc != nil; {
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
		// A wrapper that does not tell what it wraps, such as that of
		// http.MaxBytesReader. What was read before it is there to stay; but
		// what was not must be read through it.
		if b.hasRead() {
			return b
		}
		c, req = b.config, r.WithContext(r.Context())
	}
	b := new(body)
	b.init(c, req)
	r.Body = b
	return b
}

func (b *body) hasRead() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept != nil || b.released
}

var errReleased = fmt.Errorf("bodyjson: the handler has returned: %w", http.ErrBodyReadAfterClose)

var errStreamed = errors.New("bodyjson: the body was already read from Request.Body")

var errUnfinished = errors.New("bodyjson: reading the body has panicked")

// acquire returns all bytes of the body, reading them if nobody has yet. They are
// valid until drop is called, which must be done if the error is nil.
func (b *body) acquire() ([]byte, error) {
	b.mu.Lock()
	kept := b.kept
	b.mu.Unlock()
	if kept == nil {
		b.turn.Lock()
		defer b.turn.Unlock()
	}
	return b.load()
}

// load is acquire for who holds b.turn, or has b in private.
func (b *body) load() ([]byte, error) {
	if b.private {
		b.kept, b.fetched = newBuffer(b.req.ContentLength), true
		b.kept.err = b.read(b.kept)
		return b.kept.data, b.kept.err
	}
	b.mu.Lock()
	wanted := b.kept == nil && !b.released && !b.streamed
	b.fetched = b.fetched || wanted
	b.mu.Unlock()
	if wanted {
		b.fetch()
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.released:
		b.recycle()
		return nil, errReleased
	case b.streamed:
		return nil, errStreamed
	case b.kept.err != nil:
		return nil, b.kept.err
	}
	b.kept.users++
	return b.kept.data, nil
}

// fetch reads the body, which may take long and so is done without b.mu. If it
// panics, the body stays unreadable.
func (b *body) fetch() {
	kept := newBuffer(b.req.ContentLength)
	kept.err = errUnfinished
	defer func() {
		b.mu.Lock()
		b.kept = kept
		b.mu.Unlock()
	}()
	kept.err = b.read(kept)
}

// drop ends a use of what acquire returned.
func (b *body) drop() {
	if b.private {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept.users--
	b.recycle()
}

// Read makes a body that is JSON readable any number of times: who reads it to
// the end has rewound it for the next. Any other body is left as it is.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if stream := b.stream(); stream != nil {
		return stream.Read(p)
	}
	if _, err := b.acquire(); err != nil {
		return 0, err
	}
	defer b.drop()
	b.mu.Lock()
	defer b.mu.Unlock()
	n := copy(p, b.kept.data[b.kept.next:])
	b.kept.next += n
	if n == 0 {
		// The end is told only by itself: an io.LimitReader stops before it,
		// and what reads on must not begin again.
		b.kept.next = 0
		return 0, io.EOF
	}
	return n, nil
}

// stream returns the reader of a body that is not JSON and that nobody has asked
// for: it may be an upload of any size, so it must not be kept.
func (b *body) stream() io.Reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.streamed && (b.fetched || b.released || b.config.Force || checkType(b.req.Header) == nil) {
		return nil
	}
	b.streamed = true
	return b.src
}

// Close rewinds a body that is kept, and closes one that is not.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		return b.src.Close()
	}
	b.kept.next = 0
	return nil
}

// Unwrap returns the Body as it came, for those who look for another wrapper.
func (b *body) Unwrap() io.ReadCloser { return b.src }

// outcome is what came of decoding the body as one type.
type outcome interface{ rest() outcome }

type outcomeOf[T any] struct {
	value T
	err   error
	next  outcome
}

func (o *outcomeOf[T]) rest() outcome { return o.next }

// ask returns the outcome for T, which is made by the first who asks.
func ask[T any](b *body, r *http.Request) (T, error) {
	b.turn.Lock()
	defer b.turn.Unlock()
	for o := b.outcomes; o != nil; o = o.rest() {
		if o, ok := o.(*outcomeOf[T]); ok {
			return o.value, o.err
		}
	}
	o := &outcomeOf[T]{next: b.outcomes}
	_, o.err = b.decode(r, planOf(reflect.TypeFor[T]()), &o.value)
	b.outcomes = o
	return o.value, o.err
}
