package bodyjson_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
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

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// A wire is a connection to a server for raw requests and responses.
type wire struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, s *httptest.Server) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return &wire{t, conn, bufio.NewReader(conn)}
}

func (w *wire) send(text string) {
	w.t.Helper()
	_, err := io.WriteString(w.conn, text)
	require.NoError(w.t, err)
}

func (w *wire) receive() (*http.Response, string) {
	w.t.Helper()
	resp, err := http.ReadResponse(w.r, nil)
	require.NoError(w.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, resp.Body.Close())
	return resp, string(body)
}

// closed waits for more data and reports whether the server has closed the connection instead.
func (w *wire) closed() bool {
	_, err := w.r.ReadByte()
	return err != nil
}

const head = "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\n"

func message(body string) string {
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

func server(t *testing.T, cfg bodyjson.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(errjson.Wrap(echoing[named](cfg)))
	t.Cleanup(s.Close)
	return s
}

// TestKeepAlive sends a second request on the same connection after a response.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(zw, `{"name":"a"}`)
	_ = zw.Close()
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, send string
		status     int
		kept       bool
	}{
		{"success", message(`{"name":"a"}`), 200, true},
		{"success, chunked", chunked + "6\r\n{\"name\r\n6\r\n\":\"a\"}\r\n0\r\n\r\n", 200, true},
		{"success, gzip", head + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", zipped.Len()) + zipped.String(), 200, true},
		{"wrong type", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}", 415, true},
		{"wrong coding", head + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd", 415, true},
		{"empty", message(""), 400, true},
		{"without a body", head + "\r\n", 400, true},
		{"empty, chunked", chunked + "0\r\n\r\n", 400, true},
		{"syntax", message(`{`), 400, true},
		{"trailing data", message(`{} x`), 400, true},
		{"wrong value", message(`{"name":1}`), 422, true},
		{"damaged gzip", head + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 400, true},
		{"too large by its length", message(strings.Repeat(" ", 65)), 413, false},
		{"too large by its length, unsent", head + "Content-Length: 1000000\r\n\r\n", 413, false},
		{"too large, chunked", chunked + "2\r\n{}\r\n40\r\n" + strings.Repeat(" ", 64) + "\r\n0\r\n\r\n", 413, false},
		{"damaged chunks", chunked + "zz\r\n", 400, false},
	}
	s := server(t, bodyjson.Config{MaxBytes: 64, Gunzip: true})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := dial(t, s)
			w.send(test.send)
			resp, body := w.receive()
			assert.Equal(t, test.status, resp.StatusCode, body)
			assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
			assert.Equal(t, !test.kept, resp.Close)
			if !test.kept {
				assert.True(t, w.closed())
				return
			}
			w.send(message(`{"name":"again"}`))
			resp, body = w.receive()
			assert.Equal(t, 200, resp.StatusCode)
			assert.JSONEq(t, `{"name":"again"}`, body)
		})
	}
}

// TestContinue tests clients that wait for a 100 before they send a body.
func TestContinue(t *testing.T) {
	t.Parallel()
	s := server(t, bodyjson.Config{MaxBytes: 64})
	t.Run("good", func(t *testing.T) {
		w := dial(t, s)
		w.send(head + "Expect: 100-continue\r\nContent-Length: 12\r\n\r\n")
		line, err := w.r.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
		_, err = w.r.ReadString('\n')
		require.NoError(t, err)
		w.send(`{"name":"a"}`)
		resp, _ := w.receive()
		assert.Equal(t, 200, resp.StatusCode)
	})
	for name, fields := range map[string]string{
		"too large":    "Content-Type: application/json\r\nContent-Length: 65\r\n",
		"wrong type":   "Content-Type: text/plain\r\nContent-Length: 12\r\n",
		"missing type": "Content-Length: 12\r\n",
		"wrong coding": "Content-Type: application/json\r\nContent-Encoding: br\r\nContent-Length: 12\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, s)
			w.send("POST / HTTP/1.1\r\nHost: x\r\n" + fields + "Expect: 100-continue\r\n\r\n")
			resp, _ := w.receive() // the only response
			assert.Contains(t, []int{413, 415}, resp.StatusCode)
			assert.True(t, w.closed(), "the client may still send the body")
		})
	}
}

// TestContinueAfterSilence reads an upload that Get has ignored. The deadline for the body of a
// rejected request must not be set.
func TestContinueAfterSilence(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(bodyjson.Lazy(bodyjson.Config{Silent: true})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := bodyjson.Get[named](r)
		assert.NoError(t, err)
		_, err = io.Copy(w, r.Body)
		assert.NoError(t, err)
	})))
	t.Cleanup(s.Close)
	w := dial(t, s)
	w.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
	time.Sleep(10 * rejectGrace)
	w.send("abcd")
	resp, _ := w.receive()
	assert.Equal(t, 100, resp.StatusCode)
	_, body := w.receive()
	assert.Equal(t, "abcd", body)
}

// TestClientTrouble tests clients that do not send the body that the header announces.
func TestClientTrouble(t *testing.T) {
	t.Parallel()
	t.Run("truncated", func(t *testing.T) {
		t.Parallel()
		w := dial(t, server(t, bodyjson.Config{}))
		w.send(head + "Content-Length: 100\r\n\r\n{\"name\":")
		require.NoError(t, w.conn.(*net.TCPConn).CloseWrite())
		resp, body := w.receive()
		assert.Equal(t, 400, resp.StatusCode)
		assert.Contains(t, body, `"code":"truncated"`)
		assert.True(t, w.closed())
	})
	t.Run("client disconnected", func(t *testing.T) {
		t.Parallel()
		errs := make(chan error, 1)
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := bodyjson.Get[named](r)
			errs <- err
		}))
		t.Cleanup(s.Close)
		w := dial(t, s)
		w.send(head + "Content-Length: 100\r\n\r\n{\"name\":")
		tcp := w.conn.(*net.TCPConn)
		require.NoError(t, tcp.SetLinger(0)) // close with a TCP reset
		time.Sleep(50 * time.Millisecond)
		require.NoError(t, tcp.Close())
		require.ErrorIs(t, <-errs, context.Canceled)
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		w := dial(t, server(t, bodyjson.Config{ReadTimeout: 100 * time.Millisecond}))
		w.send(head + "Content-Length: 100\r\n\r\n{\"name\":")
		resp, body := w.receive()
		assert.Equal(t, 408, resp.StatusCode)
		assert.Contains(t, body, `"code":"timeout"`)
		assert.True(t, resp.Close)
		assert.True(t, w.closed())
	})
	t.Run("slow behind damaged gzip", func(t *testing.T) {
		t.Parallel()
		w := dial(t, server(t, bodyjson.Config{Gunzip: true, ReadTimeout: 100 * time.Millisecond}))
		w.send(head + "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\nthis is no gzip data")
		resp, _ := w.receive()
		assert.Equal(t, 408, resp.StatusCode, "net/http would wait for the rest without a limit")
		assert.True(t, w.closed())
	})
	t.Run("slow and of another type", func(t *testing.T) {
		t.Parallel()
		const limit = 200 * time.Millisecond
		w := dial(t, server(t, bodyjson.Config{ReadTimeout: limit}))
		other := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"
		w.send(other + "abcd")
		resp, _ := w.receive()
		assert.Equal(t, 415, resp.StatusCode)
		time.Sleep(2 * limit) // the deadline must not apply to the next request
		w.send(other + "ab")
		start := time.Now()
		resp, _ = w.receive()
		assert.Equal(t, 415, resp.StatusCode)
		assert.Less(t, time.Since(start), 10*time.Second, "net/http would wait for the rest without a limit")
		assert.True(t, w.closed())
	})
	t.Run("slow for the server", func(t *testing.T) {
		t.Parallel()
		s := httptest.NewUnstartedServer(echoing[named](bodyjson.Config{}))
		s.Config.ReadTimeout = 100 * time.Millisecond
		s.Start()
		t.Cleanup(s.Close)
		w := dial(t, s)
		w.send(head + "Content-Length: 100\r\n\r\n{\"name\":")
		resp, _ := w.receive()
		assert.Equal(t, 408, resp.StatusCode)
	})
	t.Run("in time, and the handler takes longer", func(t *testing.T) {
		t.Parallel()
		const limit = 40 * time.Millisecond
		for _, lazy := range []bool{false, true} {
			mw := bodyjson.New[named](bodyjson.Config{ReadTimeout: limit})
			if lazy {
				mw = bodyjson.Lazy(bodyjson.Config{ReadTimeout: limit})
			}
			s := httptest.NewServer(errjson.Wrap(mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, err := bodyjson.Get[named](r); err != nil {
					errjson.Write(w, r, err)
				}
				time.Sleep(3 * limit)
				if r.Context().Err() != nil {
					w.WriteHeader(http.StatusTeapot)
				}
			}))))
			t.Cleanup(s.Close)
			w := dial(t, s)
			for range 2 {
				w.send(message(`{"name":"a"}`))
				resp, _ := w.receive()
				assert.Equal(t, 200, resp.StatusCode)
				time.Sleep(2 * limit)
			}
		}
	})
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(errjson.Wrap(echoing[named](bodyjson.Config{MaxBytes: 64, ReadTimeout: 200 * time.Millisecond})))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	conns := 0
	client := s.Client()
	dialer := client.Transport.(*http.Transport).DialContext
	if dialer == nil {
		dialer = new(net.Dialer).DialContext
	}
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conns++
		return dialer(ctx, network, addr)
	}
	send := func(contentType string, body io.Reader) int {
		t.Helper()
		resp, err := client.Post(s.URL, contentType, body)
		require.NoError(t, err)
		assert.Equal(t, 2, resp.ProtoMajor)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	for range 2 {
		assert.Equal(t, 200, send("application/json", strings.NewReader(`{"name":"a"}`)))
		assert.Equal(t, 200, send("application/json", io.MultiReader(strings.NewReader(`{"name":`), strings.NewReader(`"a"}`))), "of unknown length")
		assert.Equal(t, 400, send("application/json", http.NoBody))
		assert.Equal(t, 400, send("application/json", strings.NewReader(`{`)))
		assert.Equal(t, 422, send("application/json", strings.NewReader(`{"name":1}`)))
		assert.Equal(t, 415, send("text/plain", strings.NewReader(`{"name":1}`)))
		assert.Equal(t, 413, send("application/json", strings.NewReader(strings.Repeat(" ", 65))))
		assert.Equal(t, 413, send("application/json", io.MultiReader(strings.NewReader(strings.Repeat(" ", 65)))), "of unknown length")
		pr, pw := io.Pipe()
		assert.Equal(t, 408, send("application/json", pr))
		_ = pw.Close()
	}
	assert.Equal(t, 1, conns, "all on one connection")
}
