package writer_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/writer"
)

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type (
	plain      struct{ http.ResponseWriter }
	flushError struct{ http.ResponseWriter }
	hijacker   struct{ wrapper }
)

func (flushError) FlushError() error { return nil }

func (hijacker) Hijack() (c net.Conn, b *bufio.ReadWriter, err error) { return }

func TestUnwrap(t *testing.T) {
	rec := httptest.NewRecorder()
	assert.Same(t, rec, writer.Unwrap(wrapper{rec}))
	assert.Nil(t, writer.Unwrap(rec))
	assert.Nil(t, writer.Unwrap(wrapper{}))
	assert.Nil(t, writer.Unwrap(nil))
}

func TestCapabilities(t *testing.T) {
	rec := httptest.NewRecorder()
	for name, c := range map[string]struct {
		w      http.ResponseWriter
		flush  bool
		hijack bool
	}{
		"nil":                 {nil, false, false},
		"neither":             {plain{rec}, false, false},
		"unwraps to neither":  {wrapper{plain{rec}}, false, false},
		"Flusher":             {rec, true, false},
		"unwraps to Flusher":  {wrapper{wrapper{rec}}, true, false},
		"FlushError":          {flushError{rec}, true, false},
		"Hijacker":            {hijacker{wrapper{plain{rec}}}, false, true},
		"both":                {hijacker{wrapper{rec}}, true, true},
		"both, further below": {wrapper{hijacker{wrapper{wrapper{rec}}}}, true, true},
	} {
		flush, hijack := writer.Capabilities(c.w)
		assert.Equal(t, []bool{c.flush, c.hijack}, []bool{flush, hijack}, name)
	}
}
