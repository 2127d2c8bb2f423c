package neterr_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/neterr"
)

// Package errjson tests these functions with the errors of real servers, forms and queries.

func TestFormStatus(t *testing.T) {
	for err, want := range map[error]int{
		http.ErrMissingFile: 400, http.ErrNotMultipart: 400, http.ErrMissingBoundary: 400,
		url.EscapeError("%"): 400, io.EOF: 0, http.ErrNotSupported: 0,
		fmt.Errorf("x: %w", http.ErrMissingFile): 0, // it looks at one node
	} {
		assert.Equal(t, want, neterr.FormStatus(httptest.NewRequest("GET", "/", nil), err), "%v", err)
	}
}

func TestIsDisconnect(t *testing.T) {
	for _, err := range []error{
		io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, errors.New("http2: stream closed"),
		errors.New("stream error: stream ID 1; CANCEL"), fmt.Errorf("x: %w", io.ErrUnexpectedEOF),
	} {
		assert.True(t, neterr.IsDisconnect(err), "%v", err)
	}
	for _, err := range []error{nil, io.EOF, errors.New("no such table"), fmt.Errorf("http2: stream closed %w", io.EOF)} {
		assert.False(t, neterr.IsDisconnect(err), "%v", err)
	}
}

func TestConnections(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	client, err := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	assert.NoError(t, err)
	own := func(op string, err error) error { return &net.OpError{Op: op, Addr: client, Err: err} }
	assert.True(t, neterr.IsReadTimeout(r, own("read", os.ErrDeadlineExceeded)))
	assert.False(t, neterr.IsReadTimeout(r, own("write", os.ErrDeadlineExceeded)))
	assert.False(t, neterr.IsReadTimeout(r, own("read", io.EOF)))
	assert.False(t, neterr.IsReadTimeout(r, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}))
	assert.True(t, neterr.IsBroken(r, own("write", syscall.EPIPE)))
	assert.True(t, neterr.IsBroken(r, syscall.ECONNRESET))
	assert.False(t, neterr.IsBroken(r, own("write", io.EOF)))
}
