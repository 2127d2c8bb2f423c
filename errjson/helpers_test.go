package errjson_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
)

// An answer is what a client sees. The Date is left out.
type answer struct {
	status int
	header http.Header
	body   string
}

// jsonAnswer is the answer of this package with a status, a body and, in pairs,
// header fields of its own.
func jsonAnswer(status int, body string, fields ...string) answer {
	a := answer{status: status, body: body, header: http.Header{
		"Content-Type":           {"application/json"},
		"Content-Length":         {fmt.Sprint(len(body))},
		"X-Content-Type-Options": {"nosniff"},
	}}
	for i := 0; i < len(fields); i += 2 {
		a.header.Add(fields[i], fields[i+1])
	}
	return a
}

const (
	body404 = `{"error":"Not Found","message":"There is nothing at this URL.","status":404}` + "\n"
	body405 = `{"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}` + "\n"
	body500 = `{"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}` + "\n"
)

var constant500 = jsonAnswer(500, body500)

// A server answers over a socket.
type server struct {
	*httptest.Server
	errorLog *syncBuffer // of net/http
}

// syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func serveHTTP1(t *testing.T, handler http.Handler) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(handler), errorLog: new(syncBuffer)}
	s.Config.ErrorLog = log.New(s.errorLog, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func serveHTTP2(t *testing.T, handler http.Handler) *server {
	t.Helper()
	s := &server{Server: httptest.NewUnstartedServer(handler), errorLog: new(syncBuffer)}
	s.Config.ErrorLog = log.New(s.errorLog, "", 0)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// onBoth runs a test over HTTP/1.1 and over HTTP/2.
func onBoth(t *testing.T, handler http.Handler, test func(t *testing.T, s *server)) {
	t.Helper()
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, serveHTTP1(t, handler)) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, serveHTTP2(t, handler)) })
}

// do sends a request, and returns an error where the client cannot take the answer
// for a complete one.
func (s *server) do(method, path string, fields ...string) (answer, error) {
	return s.send(method, path, nil, fields...)
}

func (s *server) send(method, path string, body io.Reader, fields ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, body)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	resp.Header.Del("Date")
	return answer{resp.StatusCode, resp.Header, string(got)}, err
}

func (s *server) get(t *testing.T, path string, fields ...string) answer {
	t.Helper()
	a, err := s.do(http.MethodGet, path, fields...)
	require.NoError(t, err)
	return a
}

// raw sends text over a connection of its own, and returns all that comes back
// until the server closes it.
func (s *server) raw(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
	require.NoError(t, err)
	got, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !isReset(err) {
		require.NoError(t, err)
	}
	return withoutDate(string(got))
}

func isReset(err error) bool { return strings.Contains(err.Error(), "connection reset") }

// withoutDate removes the line that changes from second to second.
func withoutDate(raw string) string {
	before, after, ok := strings.Cut(raw, "\r\nDate: ")
	if !ok {
		return raw
	}
	_, after, _ = strings.Cut(after, "\r\n")
	return before + "\r\n" + withoutDate(after)
}

// A logged record is one line of the log.
type logged struct {
	level slog.Level
	msg   string
	attrs map[string]string
	ctx   context.Context
}

// A capture is a logger that keeps what it gets.
type capture struct {
	mu      sync.Mutex
	level   slog.Level
	records []logged
}

func (c *capture) Enabled(_ context.Context, level slog.Level) bool { return level >= c.level }
func (c *capture) WithAttrs([]slog.Attr) slog.Handler               { panic("not used") }
func (c *capture) WithGroup(string) slog.Handler                    { panic("not used") }

func (c *capture) Handle(ctx context.Context, r slog.Record) error {
	rec := logged{level: r.Level, msg: r.Message, attrs: map[string]string{}, ctx: ctx}
	r.Attrs(func(a slog.Attr) bool {
		rec.attrs[a.Key] = a.Value.String()
		return true
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, rec)
	return nil
}

func (c *capture) all() []logged {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]logged(nil), c.records...)
}

// one returns the record, of which there must be one.
func (c *capture) one(t *testing.T) logged {
	t.Helper()
	// A client may have its answer before the log is written.
	require.Eventually(t, func() bool { return len(c.all()) > 0 }, 5*time.Second, time.Millisecond)
	all := c.all()
	require.Len(t, all, 1, "%+v", all)
	return all[0]
}

func (c *capture) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = nil
}

// newCapture returns a capture of all levels, and a renderer that logs to it.
func newCapture(config errjson.Config) (*capture, *errjson.Renderer) {
	c := &capture{level: slog.LevelDebug}
	config.Logger = slog.New(c)
	return c, errjson.NewRenderer(config)
}

// quiet is a renderer for tests that are not about logs.
var quiet = errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})

// silenceDefault discards the logs of the default renderer until the test ends.
func silenceDefault(t *testing.T) {
	before := errjson.Default()
	t.Cleanup(func() { errjson.SetDefault(before) })
	errjson.SetDefault(quiet)
}

// silentLog is a log of net/http that nobody reads.
var silentLog = log.New(io.Discard, "", 0)

// panicking is a handler that panics with v.
func panicking(v any) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(v) })
}

// writing is a handler that answers with an error.
func writing(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, err) })
}

// record answers a request without a socket.
func record(handler http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func get(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }
