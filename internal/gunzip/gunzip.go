// Package gunzip decompresses gzip streams of clients, with limits.
package gunzip

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxRatio is the maximum ratio of the decompressed to the compressed size of a stream.
const MaxRatio = 100

var (
	// ErrLimit is the error for a stream with more compressed bytes than the limit.
	ErrLimit = errors.New("gunzip: the stream is over the limit")
	// ErrRatio is the error for a stream with a ratio above MaxRatio.
	ErrRatio = errors.New("gunzip: the stream decompresses to more than MaxRatio times its size")
	// ErrDamaged is wrapped by the error for invalid data.
	ErrDamaged = errors.New("gunzip: damaged data")
)

var readers sync.Pool

// A Reader decompresses a stream. It must not be used concurrently.
type Reader struct {
	sent counter
	zr   *gzip.Reader // nil until the first Read
	n    int64        // the number of decompressed bytes
}

// NewReader returns a Reader of src. The limit applies to the compressed bytes, because an endless
// stream can decompress to nothing. The caller limits the decompressed bytes, and must call Release.
func NewReader(src io.Reader, limit int64) *Reader {
	return &Reader{sent: counter{src: src, limit: limit}}
}

// Read decompresses into p. An empty stream is io.EOF. An error of src is returned unchanged.
func (r *Reader) Read(p []byte) (n int, err error) {
	if r.zr == nil {
		if r.zr, _ = readers.Get().(*gzip.Reader); r.zr == nil {
			r.zr = new(gzip.Reader)
		}
		if err = r.zr.Reset(&r.sent); err != nil {
			return 0, r.errorOf(err)
		}
	}
	n, err = r.zr.Read(p)
	r.n += int64(n)
	// The beginning of a stream may compress better than the whole, so the ratio of the first MiB is
	// checked at its end.
	if (err == io.EOF || r.n > 1<<20) && r.n > MaxRatio*r.sent.n {
		return n, ErrRatio
	}
	return n, r.errorOf(err)
}

// errorOf returns the error of src, if it has one, or else an error for invalid data.
func (r *Reader) errorOf(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	// Read the rest of the stream here, where the deadlines of the caller apply. Otherwise net/http
	// reads it before it sends the response.
	if r.sent.err == nil {
		_, _ = io.Copy(io.Discard, &r.sent)
	}
	if r.sent.err != io.EOF {
		return r.sent.err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Release allows r's memory to be used again. The caller must not use r any more.
func (r *Reader) Release() {
	if r.zr != nil {
		readers.Put(r.zr)
	}
}

// A counter limits and counts the bytes of src and keeps its last error.
type counter struct {
	src      io.Reader
	n, limit int64
	err      error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	if c.n > c.limit {
		err = ErrLimit
	}
	c.err = err
	return n, err
}
