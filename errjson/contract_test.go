package errjson_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// TestCallersRequest tests that nothing writes to the request of the caller, which a middleware
// outside may copy at any time. The race detector sees a write.
func TestCallersRequest(t *testing.T) {
	silenceDefault(t)
	inner := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	handlers := map[string]http.Handler{
		"success": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }),
		"error":   writing(errjson.NotFound("")),
		"panic":   panicking("boom"),
		"text":    http.NotFoundHandler(),
		"Handler": errjson.Handler(func(http.ResponseWriter, *http.Request) error { return io.EOF }),
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"Wrap":            quiet.Wrap,
		"package Wrap":    errjson.Wrap,
		"Recover, Render": func(next http.Handler) http.Handler { return quiet.Recover(inner.Render(next)) },
		"Passthrough":     func(next http.Handler) http.Handler { return quiet.Wrap(errjson.Passthrough(next)) },
		"Timeout": func(next http.Handler) http.Handler {
			return quiet.Wrap(http.TimeoutHandler(inner.Wrap(next), time.Minute, ""))
		},
	} {
		for what, handler := range handlers {
			t.Run(name+"/"+what, func(t *testing.T) {
				for range 20 {
					r := get("/a?b=c")
					before := r.Clone(context.Background())
					copied := make(chan bool)
					go func() {
						defer close(copied)
						for range 10 {
							_ = r.Clone(context.Background())
						}
					}()
					wrap(handler).ServeHTTP(httptest.NewRecorder(), r)
					<-copied
					assert.Equal(t, before, r.Clone(context.Background()))
				}
			})
		}
	}
}

// TestChainsAreSeparate tests that two chains that serve one request, one after the other, do not
// see each other's rules, formats or causes.
func TestChainsAreSeparate(t *testing.T) {
	silenceDefault(t)
	_, first := newCapture(errjson.Config{
		Format: errjson.Problem, DangerouslyExposeCause: true,
		Rules: []errjson.Rule{errjson.MapIs(io.EOF, errjson.Teapot("a rule"))},
	})
	handlers := map[string]http.Handler{
		"Wrap":    quiet.Wrap(writing(io.EOF)),
		"Render":  quiet.Render(writing(io.EOF)),
		"nothing": writing(io.EOF),
		"opaque": quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			errjson.Write(struct{ http.ResponseWriter }{w}, r, io.EOF)
		})),
	}
	for name, second := range handlers {
		for how, handler := range map[string]http.Handler{
			"success": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
			"error":   writing(io.EOF), "panic": panicking(io.EOF),
		} {
			t.Run(name+" after "+how, func(t *testing.T) {
				r := get("/")
				record(first.Wrap(handler), r)
				assert.Equal(t, constant500, record(second, r))
			})
		}
	}
}

// TestInterfaces tests that the writer of a handler has the optional interfaces that the writer
// below can serve, and no others.
func TestInterfaces(t *testing.T) {
	type only = struct{ http.ResponseWriter }
	base := only{httptest.NewRecorder()}
	writers := map[string]http.ResponseWriter{
		"none": base,
		"Flusher": struct {
			only
			http.Flusher
		}{base, nopFlusher{}},
		"FlushError": struct {
			only
			flushError
		}{base, flushError{}},
		"Hijacker": struct {
			only
			http.Hijacker
		}{base, nopHijacker{}},
		"Pusher": struct {
			only
			http.Pusher
		}{base, nopPusher{}},
		"HTTP/1": struct {
			only
			http.Flusher
			http.Hijacker
		}{base, nopFlusher{}, nopHijacker{}},
		"HTTP/2": struct {
			only
			http.Flusher
			http.Pusher
		}{base, nopFlusher{}, nopPusher{}},
		"unwraps to a Flusher": unwrapper{httptest.NewRecorder()},
		"unwraps to none":      unwrapper{base},
	}
	for name, outer := range writers {
		for wraps := 1; wraps <= 3; wraps++ {
			t.Run(fmt.Sprint(name, "/", wraps), func(t *testing.T) {
				var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					controller := http.NewResponseController(w)
					if flusher, ok := w.(http.Flusher); ok {
						flusher.Flush()
						assert.NoError(t, controller.Flush())
					} else {
						assert.ErrorIs(t, controller.Flush(), http.ErrNotSupported)
						assert.NotContains(t, name, "HTTP")
					}
					_, hijacks := w.(http.Hijacker)
					_, _, err := controller.Hijack()
					assert.Equal(t, hijacks, !errors.Is(err, http.ErrNotSupported), "Hijacker")
					if pusher, ok := w.(http.Pusher); ok {
						assert.NoError(t, pusher.Push("/", nil))
					} else {
						assert.NotEqual(t, "HTTP/2", name)
					}
					if _, reads := w.(io.ReaderFrom); reads {
						assert.Equal(t, "HTTP/1", name, "only net/http's HTTP/1 uses sendfile")
					}
				})
				for range wraps {
					handler = quiet.Wrap(handler)
				}
				handler.ServeHTTP(outer, get("/"))
			})
		}
	}
}

type (
	nopFlusher  struct{}
	flushError  struct{}
	nopHijacker struct{}
	nopPusher   struct{}
	unwrapper   struct{ http.ResponseWriter }
)

var errHijack = errors.New("hijacked")

func (nopFlusher) Flush()                                              {}
func (flushError) FlushError() error                                   { return nil }
func (nopPusher) Push(string, *http.PushOptions) error                 { return nil }
func (u unwrapper) Unwrap() http.ResponseWriter                        { return u.ResponseWriter }
func (nopHijacker) Hijack() (c net.Conn, b *bufio.ReadWriter, e error) { return nil, nil, errHijack }

// TestHeaderAfterReturn tests that a goroutine that outlives the handler does not write to the
// headers of the response, which the server may still use.
func TestHeaderAfterReturn(t *testing.T) {
	late := make(chan bool)
	done := make(chan bool)
	handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Early", "1")
		_, _ = io.WriteString(w, "ok")
		go func() {
			defer close(done)
			<-late
			for range 100 {
				http.Error(w, "late", http.StatusInternalServerError)
				w.Header().Set("X-Late", "1")
			}
		}()
	}))
	onBoth(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		late, done = make(chan bool), make(chan bool)
		handler.ServeHTTP(w, r)
		close(late)
		time.Sleep(time.Millisecond) // the goroutine writes while the server ends the request
	}), func(t *testing.T, s *server) {
		a := s.get(t, "/")
		<-done
		assert.Equal(t, "1", a.header.Get("X-Early"))
		assert.Empty(t, a.header.Get("X-Late"))
		assert.Equal(t, "ok", a.body)
	})
}

func TestSetDefault(t *testing.T) {
	defer errjson.SetDefault(errjson.Default())
	_, rd := newCapture(errjson.Config{Format: errjson.Problem, Rules: []errjson.Rule{
		errjson.MapIs(io.EOF, errjson.Teapot("by default")),
	}})
	handlers := map[string]http.Handler{ // made before it is set
		"Write": writing(io.EOF), "Wrap": errjson.Wrap(panicking(io.EOF)), "Handler": errjson.Handler(
			func(http.ResponseWriter, *http.Request) error { return io.EOF }),
		"Renderer": quiet.Wrap(writing(io.EOF)),
	}
	errjson.SetDefault(rd)
	assert.Same(t, rd, errjson.Default())
	for name, handler := range handlers {
		a := record(handler, get("/"))
		assert.Equal(t, 418, a.status, name)
		assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"), name)
	}
	assert.PanicsWithValue(t, "errjson: SetDefault: nil Renderer", func() { errjson.SetDefault(nil) })
	assert.Same(t, rd, errjson.Default())
}

func TestPassthrough(t *testing.T) {
	text := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) })
	mux := http.NewServeMux()
	mux.Handle("/text", errjson.Passthrough(text))
	mux.Handle("/bare", errjson.Passthrough(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })))
	mux.Handle("/error", errjson.Passthrough(writing(errjson.NotFound(""))))
	mux.Handle("/panic", errjson.Passthrough(panicking("boom")))
	mux.Handle("/partial", errjson.Passthrough(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text(w, nil)
		panic("boom")
	})))
	mux.Handle("/nested", errjson.Passthrough(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Passthrough(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		text(w, nil)
	})))
	mux.Handle("/after", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Passthrough(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		text(w, nil)
	}))
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"one":  quiet.Wrap,
		"two":  func(next http.Handler) http.Handler { return quiet.Wrap(quiet.Render(next)) },
		"none": func(next http.Handler) http.Handler { return next },
	} {
		t.Run(name, func(t *testing.T) {
			s := serveHTTP1(t, wrap(mux))
			want := serveHTTP1(t, text).get(t, "/")
			assert.Equal(t, want, s.get(t, "/text"))
			assert.Equal(t, want, s.get(t, "/nested"))
			assert.Equal(t, answer{403, http.Header{"Content-Length": {"0"}}, ""}, s.get(t, "/bare"))
			assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/error"))
			if name == "none" {
				return
			}
			assert.Equal(t, constant500, s.get(t, "/panic"))
			assert.Contains(t, s.get(t, "/after").body, `"status":503`, "the next handler is not changed")
			_, err := s.do(http.MethodGet, "/partial")
			require.Error(t, err, "a part of a text is not the whole")
		})
	}
}

// gzipped is a compressor that sets its Content-Encoding before the handler.
func gzipped(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		defer func() { _ = zw.Close() }()
		next.ServeHTTP(gzipWriter{w, zw}, r)
	})
}

type gzipWriter struct {
	http.ResponseWriter
	zw *gzip.Writer
}

func (w gzipWriter) Write(p []byte) (int, error) { return w.zw.Write(p) }
func (w gzipWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestCompressors tests that every response decodes if a compressor is outside or inside.
func TestCompressors(t *testing.T) {
	silenceDefault(t)
	mux := http.NewServeMux()
	mux.Handle("/value", status.Handler(func(*http.Request) (string, error) { return "value", nil }))
	mux.Handle("/json", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = status.JSON(w, 201, "json") }))
	mux.Handle("/error", writing(errjson.NotFound("")))
	mux.Handle("/panic", panicking("boom"))
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no item", 404) })
	for _, c := range []struct {
		name, path string
		handler    http.Handler
		want       string // Content-Type and body
	}{
		{"outside", "/value", gzipped(quiet.Wrap(mux)), "application/json \"value\"\n"},
		{"outside", "/json", gzipped(quiet.Wrap(mux)), "application/json \"json\"\n"},
		{"outside", "/error", gzipped(quiet.Wrap(mux)), "application/json " + body404},
		{"outside", "/panic", gzipped(quiet.Wrap(mux)), "application/json " + body500},
		{"outside", "/text", gzipped(quiet.Wrap(mux)), `application/json {"error":"Not Found","message":"no item","status":404}` + "\n"},
		{"outside", "/none", gzipped(quiet.Wrap(mux)), "application/json " + body404},
		{"inside", "/value", quiet.Wrap(gzipped(mux)), "application/json \"value\"\n"},
		{"inside", "/error", quiet.Wrap(gzipped(mux)), "application/json " + body404},
		{"inside", "/text", quiet.Wrap(gzipped(mux)), "text/plain; charset=utf-8 no item\n"},
		{"without Wrap", "/error", gzipped(mux), "application/json " + body404},
	} {
		t.Run(c.name+c.path, func(t *testing.T) {
			onBoth(t, c.handler, func(t *testing.T, s *server) {
				s.Client().Transport.(*http.Transport).DisableCompression = true
				a := s.get(t, c.path)
				assert.Equal(t, "gzip", a.header.Get("Content-Encoding"))
				zr, err := gzip.NewReader(strings.NewReader(a.body))
				require.NoError(t, err)
				body, err := io.ReadAll(zr)
				require.NoError(t, err)
				assert.Equal(t, c.want, a.header.Get("Content-Type")+" "+string(body))
			})
		})
	}
}

// TestOwnEncoding documents a limit: a handler that sets a Content-Encoding itself must remove it
// before it fails behind a foreign writer. The writer may be a compressor.
func TestOwnEncoding(t *testing.T) {
	fails := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		errjson.Write(w, r, errjson.NotFound(""))
	})
	assert.Equal(t, jsonAnswer(404, body404), record(quiet.Wrap(fails), get("/")), "directly inside Wrap")
	logging := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapper{w}, r) })
	}
	want := jsonAnswer(404, body404, "Content-Encoding", "gzip")
	want.header.Del("Content-Length")
	assert.Equal(t, want, record(quiet.Wrap(logging(fails)), get("/")), "behind a foreign writer")
}

// TestBareStatusOfCompressor tests that a compressor that has set its Content-Encoding, and has
// nothing to compress, does not keep a bare status from becoming JSON.
func TestBareStatusOfCompressor(t *testing.T) {
	for _, contentType := range []string{"", "text/plain"} {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(http.StatusNotFound)
		}))
		onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/")) })
	}
}

// TestHEAD tests that the response to HEAD has no Content-Length other than that of GET.
func TestHEAD(t *testing.T) {
	upstream := serveHTTP1(t, http.NotFoundHandler())
	target, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/proxy", httputil.NewSingleHostReverseProxy(target))
	mux.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) { // as Echo does
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"no"}`)
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no item", 404) })
	mux.HandleFunc("/bare", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })
	mux.Handle("/error", writing(errjson.NotFound("no item")))
	mux.Handle("/panic", panicking("boom"))
	onBoth(t, quiet.Wrap(mux), func(t *testing.T, s *server) {
		for _, path := range []string{"/proxy", "/json", "/text", "/bare", "/error", "/panic", "/none"} {
			got := s.get(t, path)
			head, err := s.do(http.MethodHead, path)
			require.NoError(t, err)
			assert.Equal(t, got.status, head.status, path)
			assert.Equal(t, got.header.Get("Content-Type"), head.header.Get("Content-Type"), path)
			if length := head.header.Get("Content-Length"); length != "" {
				assert.Equal(t, got.header.Get("Content-Length"), length, path)
			}
			if path == "/text" || path == "/error" || path == "/none" || path == "/panic" {
				assert.NotEmpty(t, head.header.Get("Content-Length"), path)
			}
		}
	})
}

// TestTimeouts has the errors of a client that is slow or has disconnected, in the order in which
// they are judged.
func TestTimeouts(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	logged := func(t *testing.T, config func(*http.Server), http2 bool, use func(addr string, c *http.Client)) logged {
		logs, rd := newCapture(errjson.Config{})
		s := &server{Server: httptest.NewUnstartedServer(rd.Wrap(errjson.Handler(echo))), errorLog: new(syncBuffer)}
		s.Config.ErrorLog = silentLog
		config(s.Config)
		s.EnableHTTP2 = http2
		if http2 {
			s.StartTLS()
		} else {
			s.Start()
		}
		defer s.Close()
		use(s.Listener.Addr().String(), s.Client())
		return logs.one(t)
	}
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"
	t.Run("the body takes longer than ReadTimeout", func(t *testing.T) {
		rec := logged(t, func(s *http.Server) { s.ReadTimeout = 50 * time.Millisecond }, false, func(addr string, _ *http.Client) {
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, head)
			got, err := io.ReadAll(conn)
			require.NoError(t, err)
			assert.Equal(t, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 90\r\n"+
				"Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n\r\n"+
				`{"error":"Request Timeout","message":"The request took too long to arrive.","status":408}`+"\n",
				withoutDate(string(got)))
		})
		assert.Equal(t, "request rejected", rec.msg)
		assert.Equal(t, "408", rec.attrs["status"])
	})
	t.Run("the client disconnects in the middle of the body", func(t *testing.T) {
		rec := logged(t, func(*http.Server) {}, false, func(addr string, _ *http.Client) {
			conn, err := net.Dial("tcp", addr)
			require.NoError(t, err)
			_, _ = io.WriteString(conn, head)
			_ = conn.Close()
		})
		assert.Equal(t, slog.LevelDebug, rec.level)
		assert.Equal(t, "client disconnected", rec.msg)
		assert.Equal(t, "499", rec.attrs["status"])
	})
	t.Run("the client cancels over HTTP/2", func(t *testing.T) {
		rec := logged(t, func(*http.Server) {}, true, func(addr string, c *http.Client) {
			ctx, cancel := context.WithCancel(context.Background())
			body, feed := io.Pipe()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+addr, body)
			require.NoError(t, err)
			done := make(chan bool)
			go func() { _, _ = c.Do(r); close(done) }()
			_, _ = io.WriteString(feed, "half")
			time.Sleep(20 * time.Millisecond)
			cancel()
			<-done
		})
		assert.Equal(t, slog.LevelDebug, rec.level)
		assert.Equal(t, "client disconnected", rec.msg)
		assert.Equal(t, "499", rec.attrs["status"])
	})

	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	other := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5432}
	ownTimeout := func(op string) error {
		return &net.OpError{Op: op, Net: "tcp", Source: local, Addr: other, Err: os.ErrDeadlineExceeded}
	}
	for _, c := range []struct {
		name            string
		err             error
		alive, canceled int
	}{
		{"a read timeout of this connection", ownTimeout("read"), 408, 408},
		{"a write timeout of this connection", ownTimeout("write"), 500, 499},
		{"a read timeout of another connection", &net.OpError{Op: "read", Source: other, Addr: local, Err: os.ErrDeadlineExceeded}, 500, 499},
		{"a truncated body", io.ErrUnexpectedEOF, 500, 499},
		{"a truncated body, wrapped", fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), 500, 499},
		{"a closed connection", net.ErrClosed, 500, 499},
		{"a closed stream", errors.New("http2: stream closed"), 500, 499},
		{"a disconnected client", fmt.Errorf("writing: %w", errors.New("client disconnected")), 500, 499},
		{"an error of the program", errors.New("no such table"), 500, 500},
		{"a panic", errors.New("index out of range"), 500, 500},
		{"an HTTP error", errjson.NotFound(""), 404, 404},
		{"an HTTP error with a cause", &errjson.Error{Status: 502, Err: io.ErrUnexpectedEOF}, 502, 502},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.WithValue(context.Background(), http.LocalAddrContextKey, net.Addr(local))
			assert.Equal(t, c.alive, record(quiet.Wrap(writing(c.err)), get("/").WithContext(ctx)).status)
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			assert.Equal(t, c.canceled, record(quiet.Wrap(writing(c.err)), get("/").WithContext(ctx)).status, "canceled")
		})
	}
}

// TestFormErrors has the errors of the functions of net/http and net/url that read forms.
func TestFormErrors(t *testing.T) {
	form := func(contentType, body string, parse func(*http.Request) error) error {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		err := parse(r)
		require.Error(t, err)
		return err
	}
	parseForm := func(r *http.Request) error { return r.ParseForm() }
	parseMultipart := func(r *http.Request) error { return r.ParseMultipartForm(1 << 10) }
	query := func(q string) error { _, err := url.ParseQuery(q); return err }
	const urlencoded = "application/x-www-form-urlencoded"
	const multipartForm = "multipart/form-data; boundary=b"
	const oneFile = "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n"
	for name, c := range map[string]struct {
		err         error
		contentType string // of the request
		status      int
	}{
		"invalid escape":         {form(urlencoded, "a=%zz", parseForm), "", 400},
		"invalid semicolon":      {form(urlencoded, "a=1;b=2", parseForm), "", 400},
		"query, invalid escape":  {query("%"), "", 400},
		"query, semicolon":       {query("a;b"), "", 400},
		"invalid content type":   {form("multipart/form-data; =", "", parseForm), "multipart/form-data; =", 400},
		"a form that is too big": {form(urlencoded, strings.Repeat("a", 11<<20), parseForm), "", 413},
		"not multipart":          {form("text/plain", "", parseMultipart), "", 400},
		"no boundary":            {form("multipart/form-data", "", parseMultipart), "", 400},
		"missing file": {form(multipartForm, oneFile, func(r *http.Request) error {
			_, _, err := r.FormFile("other")
			return err
		}), "", 400},
		"wrapped":                     {fmt.Errorf("upload: %w", http.ErrMissingFile), "", 400},
		"message too large":           {multipart.ErrMessageTooLarge, "", 413},
		"another server's URL":        {&url.Error{Op: "parse", Err: url.EscapeError("%zz")}, "", 500},
		"an empty multipart body":     {form(multipartForm, "", parseMultipart), multipartForm, 400},
		"no multipart body":           {form(multipartForm, "garbage", parseMultipart), multipartForm, 400},
		"a malformed part header":     {form(multipartForm, "--b\r\nno colon\r\n\r\nx\r\n--b--\r\n", parseMultipart), multipartForm, 400},
		"a media type of the program": {form("multipart/form-data; =", "", parseForm), "text/plain", 500},
		"a mail of the program":       {form(multipartForm, "garbage", parseMultipart), "text/plain", 500},
	} {
		t.Run(name, func(t *testing.T) {
			r := get("/")
			r.Header.Set("Content-Type", c.contentType)
			a := record(quiet.Wrap(writing(c.err)), r)
			assert.Equal(t, c.status, a.status, "%v", c.err)
		})
	}
	_, rd := newCapture(errjson.Config{Rules: []errjson.Rule{errjson.MapIs(http.ErrMissingFile, errjson.UnprocessableContent(""))}})
	assert.Equal(t, 422, record(rd.Wrap(writing(http.ErrMissingFile)), get("/")).status, "a rule comes first")
}

// discarder is the writer of a middleware that discards the response, and unwraps.
type discarder struct{ http.ResponseWriter }

func (discarder) WriteHeader(int)               {}
func (discarder) Write(p []byte) (int, error)   { return len(p), nil }
func (d discarder) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// TestDiscardedError tests that an error that a middleware has discarded leaves nothing behind: neither
// a text that was held before, nor the record that an error was sent.
func TestDiscardedError(t *testing.T) {
	retried := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "first", http.StatusBadRequest)
		errjson.Write(discarder{w}, r, errjson.NotFound(""))
		for _, name := range []string{"Content-Type", "Content-Length", "X-Content-Type-Options"} {
			w.Header().Del(name)
		}
		http.Error(w, "second", http.StatusBadRequest)
	})
	want := jsonAnswer(400, `{"error":"Bad Request","message":"second","status":400}`+"\n")
	onBoth(t, quiet.Wrap(retried), func(t *testing.T, s *server) { assert.Equal(t, want, s.get(t, "/")) })
	onBoth(t, quiet.Wrap(quiet.Render(retried)), func(t *testing.T, s *server) { assert.Equal(t, want, s.get(t, "/")) })
}
