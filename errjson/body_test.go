package errjson_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
)

// TestBodyIsLeftAlone tests that the body of net/http's own request stays the one
// that net/http looks for in it when it answers.
func TestBodyIsLeftAlone(t *testing.T) {
	body := io.NopCloser(strings.NewReader("x"))
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Body = body
	errjson.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, body, r.Body)
	})).ServeHTTP(httptest.NewRecorder(), r)
}

// TestRefusalBeforeBody tests that a handler that answers without reading the body
// is not kept waiting for it: neither for one that the client holds back until it
// is told to go on, nor for a large one that comes slowly.
func TestRefusalBeforeBody(t *testing.T) {
	server := httptest.NewServer(errjson.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.Unauthorized("Who are you?"))
	})))
	defer server.Close()
	for name, head := range map[string]string{
		"Expect": "Content-Length: 10\r\nExpect: 100-continue\r\n",
		"large":  "Content-Length: 10000000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(5*time.Second)))
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", head)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
			assert.True(t, resp.Close, "the connection cannot be used again")
		})
	}
}
