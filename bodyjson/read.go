package bodyjson

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

const (
	// minBuffer holds most bodies.
	minBuffer = 4 << 10
	// firstStep is the most that is allocated on the word of a Content-Length,
	// before a byte of the body is there.
	firstStep = 64 << 10
	// maxPooled is the largest buffer that is kept for another request.
	maxPooled = 8 << 20
	// maxRatio is how many times its size a body may inflate to; the first
	// freeInflated bytes are not counted, since they harm nobody.
	maxRatio     = 100
	freeInflated = 1 << 20
	// linger is how long a client that is refused may go on sending. A connection
	// that is closed at once can take the answer with it.
	linger = time.Second
)

// buffer is what was read of a body.
type buffer struct {
	data  []byte
	err   error // why it is not all
	next  int   // where a reader of the Body goes on
	users int   // who must drop it before it can be used again
}

// There are two pools, so that small bodies, of which there are many, do not keep
// the large buffers alive: these go with the second garbage collection after they
// were last needed.
var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{data: make([]byte, 0, minBuffer)} }}
	largeBuffers = sync.Pool{New: func() any { return smallBuffers.Get() }}
)

// newBuffer returns a buffer for a body of an announced length, which may be -1.
func newBuffer(length int64) *buffer {
	if length > firstStep {
		return largeBuffers.Get().(*buffer)
	}
	return smallBuffers.Get().(*buffer)
}

func (k *buffer) free() {
	size := cap(k.data)
	*k = buffer{data: k.data[:0]}
	switch {
	case size > maxPooled:
	case size > firstStep+1:
		largeBuffers.Put(k)
	default:
		smallBuffers.Put(k)
	}
}

// read reads the whole body into kept. Its errors are those that a client, or
// the log, is to see.
func (b *body) read(kept *buffer) error {
	limit, length := b.config.MaxBytes, b.req.ContentLength
	if length > limit {
		return b.tooLarge(nil) // RFC 9110, Section 15.5.14: without reading it
	}
	if b.config.ReadTimeout > 0 {
		b.readWithin(b.config.ReadTimeout)
	}
	var err error
	if b.gzipped {
		err = inflate(kept, b.src, limit)
	} else {
		err = fill(kept, b.src, limit, length)
	}
	if b.config.ReadTimeout > 0 {
		// The deadline must not outlive the body: net/http goes on reading, to
		// see a client leave, and would take it for that.
		b.readWithin(0)
	}
	if err != nil {
		return b.readError(err)
	}
	return b.verify(kept.data)
}

// verify is a part of reading, so that nobody gets at what is not verified, and
// that a signature which is good for one time is looked at once. The request is
// the one that does not have b.
func (b *body) verify(data []byte) error {
	if b.config.Verify == nil {
		return nil
	}
	err := b.config.Verify(b.req, data)
	if err == nil || hasAnswer(err) {
		return err
	}
	return failure(http.StatusForbidden, codeUnverified, "The request body could not be verified.", err)
}

// readWithin sets the read deadline; 0 is for none. A writer without deadlines is
// that of a test, in which nobody is waited for.
func (b *body) readWithin(d time.Duration) {
	if b.w == nil {
		return
	}
	var deadline time.Time
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	_ = http.NewResponseController(b.w).SetReadDeadline(deadline)
}

var errLimit = errors.New("bodyjson: over the limit")

// fill reads src to its end, but not much more than limit bytes. The buffer
// grows with what has come, not with what was announced.
func fill(kept *buffer, src io.Reader, limit, length int64) error {
	data := kept.data[:0]
	if want := min(length, firstStep) + 1; want > int64(cap(data)) {
		data = make([]byte, 0, want)
	}
	for {
		n, err := src.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		kept.data = data
		if int64(len(data)) > limit {
			return errLimit
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(data) == cap(data) {
			data = grow(data, limit, length)
		}
	}
}

// grow returns data with more capacity: four times as much, but no more than the
// body can have by its announced length or the limit, and one byte to see the end.
func grow(data []byte, limit, length int64) []byte {
	most := limit
	if length > int64(len(data)) {
		most = length
	}
	want := int64(cap(data)) * 4
	if most < want {
		want = max(most+1, int64(cap(data))+512)
	}
	return append(make([]byte, 0, want), data...)
}

var inflaters sync.Pool

var errDamaged = errors.New("bodyjson: damaged gzip data")

// inflate is fill through gzip. The limit is one for what was sent, too: there
// are endless streams that inflate to nothing.
func inflate(kept *buffer, src io.Reader, limit int64) error {
	sent := &counter{src: src, limit: limit}
	zr, _ := inflaters.Get().(*gzip.Reader)
	if zr == nil {
		zr = new(gzip.Reader)
	}
	defer inflaters.Put(zr)
	err := zr.Reset(sent)
	if err == io.EOF {
		return nil // no body is no gzip either
	}
	if err == nil {
		err = fill(kept, &ratioReader{zr: zr, sent: sent}, limit, -1)
	}
	if err == nil || err == errLimit {
		return err
	}
	// What is left of damaged data is in the way of the answer: net/http reads it
	// first, and would do so without the deadline.
	if sent.err == nil {
		_, _ = io.Copy(io.Discard, sent)
	}
	if sent.err != io.EOF {
		return sent.err
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// counter counts what is read of src and remembers the error.
type counter struct {
	src      io.Reader
	n, limit int64
	err      error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	if c.n > c.limit {
		err = errLimit
	}
	c.err = err
	return n, err
}

// ratioReader refuses what inflates too much.
type ratioReader struct {
	zr   *gzip.Reader
	n    int64
	sent *counter
}

func (r *ratioReader) Read(p []byte) (int, error) {
	n, err := r.zr.Read(p)
	r.n += int64(n)
	if r.n > freeInflated && r.n/maxRatio > r.sent.n {
		return n, errLimit
	}
	return n, err
}

// readError tells what has kept the body from being read.
func (b *body) readError(err error) error {
	var answer *errjson.Error
	var over *http.MaxBytesError
	switch {
	case err == errLimit:
		return b.tooLarge(nil)
	case errors.Is(err, errDamaged):
		return failure(http.StatusBadRequest, codeEncoding, "The gzip data of the request body is damaged.", err)
	case errors.As(err, &over): // from an http.MaxBytesReader before us
		return b.tooLarge(over)
	case errors.As(err, &answer), errors.Is(err, http.ErrBodyReadAfterClose), err == errStreamed:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded): // RFC 9110, Section 15.5.9
		return b.hangUp(failure(http.StatusRequestTimeout, codeTimeout, "The request body took too long to arrive.", err))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b.hangUp(failure(http.StatusBadRequest, codeTruncated, "The request body ended before its announced length.", err))
	case b.req.Context().Err() != nil: // nobody is there to be answered
		return fmt.Errorf("bodyjson: reading the body: %w: %w", b.req.Context().Err(), err)
	}
	return b.hangUp(failure(http.StatusBadRequest, codeUnreadable, "The request body could not be read.", err))
}

func (b *body) tooLarge(over *http.MaxBytesError) error {
	if over == nil {
		over = &http.MaxBytesError{Limit: b.config.MaxBytes}
	}
	return b.hangUp(failure(http.StatusRequestEntityTooLarge, codeTooLarge,
		"The request body is larger than "+strconv.FormatInt(over.Limit, 10)+" bytes.", over))
}

// hangUp has the connection closed after the answer, because what is still on its
// way cannot be told from the next request, or is not worth waiting for: net/http
// would wait for it, without end, to have it out of the way. HTTP/2 and 3 can end
// one stream, and so keep the connection.
func (b *body) hangUp(e *errjson.Error) *errjson.Error {
	if b.req.ProtoMajor < 2 {
		b.readWithin(linger)
		if e.Header == nil {
			e.Header = http.Header{}
		}
		e.Header.Set("Connection", "close")
	}
	return e
}

func isGzip(h http.Header) bool {
	v := h["Content-Encoding"]
	// RFC 9110, Section 8.4.1.3, has the second name for old clients.
	return len(v) == 1 && (strings.EqualFold(v[0], "gzip") || strings.EqualFold(v[0], "x-gzip"))
}
