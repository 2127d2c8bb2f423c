// Package adaptertest is one suite of tests for every adapter: what must come of
// net/http middlewares inside a framework, whatever the framework.
//
// An adapter's test describes its framework as an [App] and calls [Run]. Each test
// has the names of the two tables that it is in, G for Gin and E for Echo; it runs
// under the one of its framework, or under the other if it is in one table only.
// Tests of what only one framework has are in that adapter's folder.
//
// The package uses nothing but the standard library, so that the module it is in
// requires nothing for its sake.
package adaptertest

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// A Middleware is what adapters adapt.
type Middleware = func(http.Handler) http.Handler

// A Framework is what is tested.
type Framework struct {
	// Kind is which of the tests run.
	Kind Kind
	// New returns an application whose errors rd answers.
	New func(rd *errjson.Renderer) App
}

// Kind is a kind of framework.
type Kind int

// The kinds of frameworks.
const (
	Gin Kind = 1 << iota
	Echo
	NetHTTP // no framework, as a yardstick

	all = Gin | Echo | NetHTTP
)

// An App is an application of a framework.
type App interface {
	http.Handler
	// Use adds net/http middlewares to the application, by the adapter's Wrap.
	Use(...Middleware)
	// UseNative adds a middleware of the framework's own.
	UseNative(func(c C, next func() error) error)
	// Group returns a group with a prefix, to which Use applies.
	Group(prefix string) App
	// Handle adds a handler. Parameters in the path are written as ":name". The
	// middlewares are added by the adapter's Wrap.
	Handle(method, path string, handler func(C) error, middlewares ...Middleware)
}

// A PreApp is an App that can run middlewares before it looks for a route.
type PreApp interface {
	App
	Pre(...Middleware)
}

// C is what a handler gets from its framework.
type C interface {
	Request() *http.Request
	Writer() http.ResponseWriter
	// String answers in the framework's own way.
	String(status int, body string) error
	// Multipart parses a form, and keeps no file in memory.
	Multipart() error
	// Identity is the framework's context, which it may use for another
	// request when this one is over.
	Identity() any
}

// A vector is one test of the suite.
type vector struct {
	gin, echo string // its names
	title     string
	on        Kind
	run       func(*testing.T, Framework)
}

func (v vector) name(k Kind) string {
	id := v.echo
	if k == Gin && v.gin != "" || id == "" {
		id = v.gin
	}
	return id + " " + v.title
}

// Run runs the suite.
func Run(t *testing.T, f Framework) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	names := make(map[string]bool)
	for _, vectors := range [][]vector{chainVectors, writerVectors, errorVectors, lifetimeVectors} {
		for _, v := range vectors {
			if v.on&f.Kind == 0 {
				continue
			}
			name := v.name(f.Kind)
			if names[name] {
				t.Fatalf("two tests are named %q", name)
			}
			names[name] = true
			t.Run(name, func(t *testing.T) { v.run(t, f) })
		}
	}
}

// A client sends requests to an application, over a real socket.
type client struct {
	t   *testing.T
	srv *httptest.Server
}

func serve(t *testing.T, h http.Handler) client {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	t.Cleanup(srv.Close)
	srv.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client{t, srv}
}

// get sends a GET request and returns the whole answer as [dump] writes it.
func (c client) get(path string) string { return c.do("GET", path, nil) }

// do sends a request with header fields in pairs of name and value.
func (c client) do(method, path string, body io.Reader, fields ...string) string {
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
	return dump(c.t, resp)
}

// dump writes an answer as "status; header fields but for Date; body", the fields
// in the order of their names.
func dump(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d; ", resp.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		if name != "Date" {
			fmt.Fprintf(&b, "%s: %s; ", name, strings.Join(resp.Header[name], " | "))
		}
	}
	return b.String() + strings.TrimSuffix(string(body), "\n")
}

// text is the dump of an answer of C.String.
func (f Framework) text(status int, body string) string {
	charset := map[Kind]string{Gin: "utf-8", Echo: "UTF-8", NetHTTP: "utf-8"}[f.Kind]
	return fmt.Sprintf("%d; Content-Length: %d; Content-Type: text/plain; charset=%s; %s", status, len(body), charset, body)
}

// failure is the dump of the answer of errjson with a status and the default
// message, and more header fields, which must be in order.
func failure(status int, message string, fields ...string) string {
	body := fmt.Sprintf(`{"error":%q,"message":%q,"status":%d}`, http.StatusText(status), message, status)
	all := append([]string{
		fmt.Sprintf("Content-Length: %d", len(body)+1),
		"Content-Type: application/json",
		"X-Content-Type-Options: nosniff",
	}, fields...)
	slices.Sort(all)
	return fmt.Sprintf("%d; %s; %s", status, strings.Join(all, "; "), body)
}

const (
	notFound      = "There is nothing at this URL."
	notAllowed    = "This method is not allowed for this URL."
	internalError = "The server met an error and could not answer."
)

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
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

// A recorder is the writer of a middleware that records what passes it, as those
// for metrics and logs do.
type recorder struct {
	http.ResponseWriter
	statuses []int
	body     bytes.Buffer
	flushes  int
	closed   bool
	late     atomic.Int32 // writes after it was closed
}

func (rec *recorder) WriteHeader(status int) {
	if rec.closed {
		rec.late.Add(1)
		return
	}
	rec.statuses = append(rec.statuses, status)
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(p []byte) (int, error) {
	if rec.closed {
		rec.late.Add(1)
		return len(p), nil
	}
	rec.body.Write(p)
	return rec.ResponseWriter.Write(p)
}

func (rec *recorder) Flush() {
	rec.flushes++
	_ = http.NewResponseController(rec.ResponseWriter).Flush()
}

func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// record returns a middleware with a recorder, which is closed when the next
// handler has returned.
func record(rec *recorder) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec.ResponseWriter = w
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

// middleware makes a middleware of what it does for one request.
func middleware(fn func(w http.ResponseWriter, r *http.Request, next http.Handler)) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fn(w, r, next) })
	}
}

func hello(c C) error { return c.String(200, "hello") }
