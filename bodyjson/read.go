package bodyjson

import (
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
	"github.com/hipflask/hipflask/internal/gunzip"
)

const (
	// minBuffer is the initial size of a buffer. It is large enough for most bodies.
	minBuffer = 4 << 10
	// maxTrustedLength is the maximum number of bytes that are allocated for a Content-Length
	// before the body is read.
	maxTrustedLength = 64 << 10
	// maxPooled is the capacity of the largest buffer that is reused.
	maxPooled = 8 << 20
)

// rejectGrace is how long a client may continue to send a rejected body. If the connection were
// closed at once, the client could lose the response. Tests shorten rejectGrace.
var rejectGrace = time.Second

// A buffer contains the bytes of a body.
type buffer struct {
	data  []byte
	err   error // the reason why data is incomplete or rejected, or nil
	next  int   // the offset of the next Read of the Body
	users int   // the number of acquire without drop
}

// Small and large buffers have separate pools. Small bodies do not use large buffers, so the
// garbage collector can free unused large buffers.
var (
	smallBuffers = sync.Pool{New: func() any { return &buffer{data: make([]byte, 0, minBuffer)} }}
	largeBuffers = sync.Pool{New: func() any { return smallBuffers.Get() }}
)

// newBuffer returns a buffer for a body. length is its Content-Length, or -1.
func newBuffer(length int64) *buffer {
	if length > maxTrustedLength {
		return largeBuffers.Get().(*buffer)
	}
	return smallBuffers.Get().(*buffer)
}

func (k *buffer) free() {
	size := cap(k.data)
	*k = buffer{data: k.data[:0]}
	switch {
	case size > maxPooled:
	case size > maxTrustedLength+1:
		largeBuffers.Put(k)
	default:
		smallBuffers.Put(k)
	}
}

// read reads the whole body into kept and verifies it. The errors are those of readError and
// verify.
func (b *body) read(kept *buffer) error {
	limit, length := b.config.MaxBytes, b.req.ContentLength
	if length > limit {
		return b.tooLarge(nil) // RFC 9110, Section 15.5.14: without reading it
	}
	if b.config.ReadTimeout > 0 {
		b.readWithin(b.config.ReadTimeout)
	}
	var err error
	if b.gzip {
		zr := gunzip.NewReader(b.src, limit)
		err = fill(kept, zr, limit, -1)
		zr.Release()
	} else {
		err = fill(kept, b.src, limit, length)
	}
	if b.config.ReadTimeout > 0 {
		// net/http continues to read to detect that the client disconnects. A deadline would look
		// like a disconnected client.
		b.readWithin(0)
	}
	if err != nil {
		return b.readError(err)
	}
	return b.verify(kept.data)
}

// verify calls Config.Verify. verify is a part of reading the body: a rejected body is not
// available, and Verify is called once.
func (b *body) verify(data []byte) error {
	if b.config.Verify == nil {
		return nil
	}
	err := b.config.Verify(b.req, data)
	if err == nil || isResponse(err) {
		return err
	}
	return newError(http.StatusForbidden, codeUnverified, "The request body could not be verified.", err)
}

// readWithin sets the read deadline. 0 removes the deadline. Writers without read deadlines are
// ignored, such as those of tests.
func (b *body) readWithin(d time.Duration) {
	if b.w == nil || b.released.Load() { // the connection may serve another request
		return
	}
	var deadline time.Time
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	_ = http.NewResponseController(b.w).SetReadDeadline(deadline)
}

var errLimit = errors.New("bodyjson: over the limit")

// fill reads src to its end. If src has more than limit bytes, fill stops and returns errLimit. The
// buffer grows with the bytes that were read and not with the Content-Length.
func fill(kept *buffer, src io.Reader, limit, length int64) error {
	data := kept.data[:0]
	if want := min(length, maxTrustedLength) + 1; want > int64(cap(data)) {
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

// grow returns data with four times the capacity, but at most the Content-Length or the limit. One
// more byte is for detecting the end.
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

// readError returns the error for a body that could not be read.
func (b *body) readError(err error) error {
	var response *errjson.Error
	var over *http.MaxBytesError
	switch {
	case err == errLimit, err == gunzip.ErrLimit:
		return b.tooLarge(nil)
	case err == gunzip.ErrRatio:
		return b.closeAfterResponse(newError(http.StatusRequestEntityTooLarge, codeTooLarge,
			"The request body decompresses to more than "+strconv.Itoa(gunzip.MaxRatio)+" times its size.", nil))
	case errors.Is(err, gunzip.ErrDamaged):
		return newError(http.StatusBadRequest, codeEncoding, "The gzip data of the request body is damaged.", err)
	case errors.As(err, &over): // of an outer http.MaxBytesReader
		return b.tooLarge(over)
	case errors.As(err, &response), errors.Is(err, http.ErrBodyReadAfterClose), err == errStreamed:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded): // RFC 9110, Section 15.5.9
		return b.closeAfterResponse(newError(http.StatusRequestTimeout, codeTimeout,
			"The request body took too long to arrive.", err))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b.closeAfterResponse(newError(http.StatusBadRequest, codeTruncated,
			"The request body ended before its announced length.", err))
	case b.req.Context().Err() != nil: // the client has disconnected
		return fmt.Errorf("bodyjson: reading the body: %w: %w", b.req.Context().Err(), err)
	}
	return b.closeAfterResponse(newError(http.StatusBadRequest, codeUnreadable, "The request body could not be read.", err))
}

func (b *body) tooLarge(over *http.MaxBytesError) error {
	if over == nil {
		over = &http.MaxBytesError{Limit: b.config.MaxBytes}
	}
	return b.closeAfterResponse(newError(http.StatusRequestEntityTooLarge, codeTooLarge,
		"The request body is larger than "+strconv.FormatInt(over.Limit, 10)+" bytes.", over))
}

// closeAfterResponse makes net/http close the connection after the response e. Otherwise the rest
// of the body could be read as the next request, or net/http would wait for it without a limit.
// HTTP/2 and HTTP/3 end only the stream.
func (b *body) closeAfterResponse(e *errjson.Error) *errjson.Error {
	if b.req.ProtoMajor < 2 {
		b.readWithin(rejectGrace)
		if e.Header == nil {
			e.Header = http.Header{}
		}
		e.Header.Set("Connection", "close")
	}
	return e
}

func isGzip(h http.Header) bool {
	v := h["Content-Encoding"]
	// RFC 9110, Section 8.4.1.3: x-gzip is an alias.
	return len(v) == 1 && (strings.EqualFold(v[0], "gzip") || strings.EqualFold(v[0], "x-gzip"))
}
