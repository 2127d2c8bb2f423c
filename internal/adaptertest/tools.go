package adaptertest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// A Client sends requests to an application, over a real socket.
type Client struct {
	t   *testing.T
	srv *httptest.Server
}

// Serve starts a server for an application, and stops it when the test ends.
func Serve(t *testing.T, h http.Handler) Client {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	t.Cleanup(srv.Close)
	srv.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return Client{t, srv}
}

// Get is Do with a GET.
func (c Client) Get(path string) string { return c.Do("GET", path, nil) }

// Do sends a request with header fields in pairs of name and value, and returns the
// whole answer as "status; header fields but for Date; body", the fields in the
// order of their names.
func (c Client) Do(method, path string, body io.Reader, fields ...string) string {
	c.t.Helper()
	r, err := http.NewRequest(method, c.srv.URL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	resp, err := c.srv.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := dump(resp)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// dial opens a connection to the server that lasts as long as the test.
func (c Client) dial() net.Conn {
	c.t.Helper()
	conn, err := net.Dial("tcp", c.srv.Listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return conn
}

func dump(resp *http.Response) (string, error) {
	body, err := io.ReadAll(resp.Body)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d; ", resp.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		if name != "Date" {
			fmt.Fprintf(&b, "%s: %s; ", name, strings.Join(resp.Header[name], " | "))
		}
	}
	return b.String() + strings.TrimSuffix(string(body), "\n"), err
}

// text is the dump of an answer of C.String.
func (f Framework) text(status int, body string) string {
	charset := map[Kind]string{Gin: "utf-8", Echo: "UTF-8", NetHTTP: "utf-8"}[f.Kind]
	return fmt.Sprintf("%d; Content-Length: %d; Content-Type: text/plain; charset=%s; %s", status, len(body), charset, body)
}

// Failure is the [Client.Do] of the answer of errjson with a status and a message,
// that of the status if it is empty, and with more header fields.
func Failure(status int, message string, fields ...string) string {
	w := httptest.NewRecorder()
	errjson.Write(w, httptest.NewRequest("GET", "/", nil), errjson.New(status, message))
	resp := w.Result()
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		resp.Header.Set(name, value)
	}
	answer, _ := dump(resp) // the body is in memory
	return answer
}

// sentence is the default message for a status.
func sentence(status int) string {
	_, message, _ := strings.Cut(Failure(status, ""), `"message":"`)
	message, _, _ = strings.Cut(message, `"`)
	return message
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func contains(t *testing.T, what, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%s:\n got %s\nwithout %s", what, got, part)
		}
	}
}

func atMost(t *testing.T, what string, got, most float64) {
	t.Helper()
	if got > most {
		t.Errorf("allocations %s: %v, want %v at most", what, got, most)
	}
}

func equalSlices[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// eventually waits for something that another goroutine does.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: did not happen", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// A Recorder is the writer of a middleware that records what passes it, as those
// for metrics and logs do.
type Recorder struct {
	http.ResponseWriter
	Statuses []int
	Body     bytes.Buffer
	flushes  int
	closed   bool
	late     atomic.Int32 // writes after it was closed
}

func (rec *Recorder) WriteHeader(status int) {
	if rec.closed {
		rec.late.Add(1)
		return
	}
	rec.Statuses = append(rec.Statuses, status)
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *Recorder) Write(p []byte) (int, error) {
	if rec.closed {
		rec.late.Add(1)
		return len(p), nil
	}
	rec.Body.Write(p)
	return rec.ResponseWriter.Write(p)
}

func (rec *Recorder) Flush() {
	rec.flushes++
	_ = http.NewResponseController(rec.ResponseWriter).Flush()
}

func (rec *Recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// Record returns a middleware with a Recorder, which is closed when the next
// handler has returned.
func Record(rec *Recorder) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec.ResponseWriter, rec.closed = w, false
			defer func() { rec.closed = true }()
			next.ServeHTTP(rec, r)
		})
	}
}

// A buffer is the writer of a middleware that keeps the answer back.
type buffer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

func (b *buffer) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(p)
}

// send sends what was kept back.
func (b *buffer) send() {
	if b.status != 0 {
		b.ResponseWriter.WriteHeader(b.status)
	}
	_, _ = b.ResponseWriter.Write(b.body.Bytes())
}

// Through makes a middleware of what it does for one request.
func Through(fn func(w http.ResponseWriter, r *http.Request, next http.Handler)) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fn(w, r, next) })
	}
}

func hello(c C) error { return c.String(200, "hello") }
