// Package middlewares_test tests errjson.Wrap in chains with widely used middlewares. Each
// middleware is once outside Wrap and once inside. The client gets the response of Wrap alone.
// The table in exceptions_test.go lists the differences.
package middlewares_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/coder/websocket"
	"github.com/felixge/httpsnoop"
	sentryhttp "github.com/getsentry/sentry-go/http"
	chi "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

const (
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
)

var (
	errs  = errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	quiet = log.New(io.Discard, "", 0)
)

var longBody = "[1" + strings.Repeat(", 1", 700) + "]"

// requests holds the requests for newApp, with the responses of errs.Wrap(newApp()).
// A name is a method and a path, and may have a remark.
var requests = []struct {
	name, body  string
	status      int
	contentType string
}{
	{"GET /json", "", 200, jsonType},
	{"HEAD /json", "", 200, jsonType},
	{"GET /text", "", 200, textType},
	{"GET /error", "", 404, jsonType},
	{"HEAD /error", "", 404, jsonType},
	{"GET /abort", "", 404, jsonType},
	{"HEAD /abort", "", 404, jsonType},
	{"GET /bare", "", 403, jsonType},
	{"HEAD /bare", "", 403, jsonType},
	{"GET /nothing", "", 404, jsonType},
	{"HEAD /nothing", "", 404, jsonType},
	{"POST /json", "", 405, jsonType},
	{"POST /body", "[1, 2, 3]", 200, jsonType},
	{"POST /body with an error", `[1, "2"]`, 422, jsonType},
	{"POST /body of 2 KiB", longBody, 200, jsonType},
	{"POST /body/limited of 2 KiB", longBody, 413, jsonType},
	{"GET /panic", "", 500, jsonType},
	{"GET /partial", "", 200, jsonType}, // the body is incomplete
}

func newApp() http.Handler {
	type item struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	items := make([]item, 50) // compressors start at about 1 KiB
	for i := range items {
		items[i] = item{i, fmt.Sprintf("item %d", i)}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /json", status.Handler(func(*http.Request) ([]item, error) {
		return items, nil
	}))
	mux.HandleFunc("GET /text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", textType)
		_, _ = io.WriteString(w, "some text\n")
	})
	mux.HandleFunc("GET /error", func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.NotFound("no item"))
	})
	mux.HandleFunc("GET /abort", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no item", http.StatusNotFound)
	})
	mux.HandleFunc("GET /bare", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	})
	count := func(_ *http.Request, in []int) (int, error) { return len(in), nil }
	mux.Handle("POST /body", bodyjson.Handler(bodyjson.Config{}, count))
	mux.Handle("POST /body/limited", bodyjson.Handler(bodyjson.Config{MaxBytes: 1 << 10}, count))
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("boom") })
	mux.HandleFunc("GET /partial", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"part":`)
		_ = http.NewResponseController(w).Flush()
		panic("boom")
	})
	return mux
}

// A middleware has a name that the chains and the exceptions use.
type middleware struct {
	name       string
	compresses bool
	wrap       func(http.Handler) http.Handler
}

func middlewares(t *testing.T) []middleware {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "n"}, []string{"code"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "d"}, []string{"code"})
	silent := chi.RequestLogger(&chi.DefaultLogFormatter{Logger: quiet})
	sessions := scs.New()
	return []middleware{
		{"gzhttp", true, func(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }},
		{"chi Compress", true, chi.Compress(5)},
		{"chi Timeout", false, chi.Timeout(time.Minute)},
		{"chi Recoverer", false, func(next http.Handler) http.Handler {
			recoverer := chi.Recoverer(next)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				recoverer.ServeHTTP(w, chi.WithLogEntry(r, noLog{}))
			})
		}},
		{"chi Logger", false, silent},
		{"chi RequestID", false, chi.RequestID},
		{"otelhttp", false, otelhttp.NewMiddleware("app")},
		{"promhttp", false, func(next http.Handler) http.Handler {
			return promhttp.InstrumentHandlerCounter(counter,
				promhttp.InstrumentHandlerDuration(duration, next))
		}},
		{"sentryhttp", false, sentryhttp.New(sentryhttp.Options{Repanic: true}).Handle},
		{"CompressHandler", true, handlers.CompressHandler},
		{"LoggingHandler", false, func(next http.Handler) http.Handler {
			return handlers.LoggingHandler(io.Discard, next)
		}},
		{"RecoveryHandler", false, handlers.RecoveryHandler(handlers.RecoveryLogger(quiet))},
		{"scs", false, func(next http.Handler) http.Handler {
			return sessions.LoadAndSave(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					sessions.Put(r.Context(), "seen", true) // sets a cookie
					next.ServeHTTP(w, r)
				}))
		}},
		{"httpsnoop", false, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				httpsnoop.CaptureMetrics(next, w, r)
			})
		}},
		{"TimeoutHandler", false, func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Minute, "")
		}},
		{"MaxBytesHandler", false, func(next http.Handler) http.Handler {
			return http.MaxBytesHandler(next, 1<<10)
		}},
		{"ReverseProxy", false, func(next http.Handler) http.Handler {
			backend, err := url.Parse(serve(t, next).URL)
			require.NoError(t, err)
			return &httputil.ReverseProxy{
				Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(backend) },
				ErrorLog: quiet,
			}
		}},
		{"naive compressor", true, compress},
	}
}

// noLog discards the stacks of chi's Recoverer.
type noLog struct{}

func (noLog) Write(int, int, http.Header, time.Duration, any) {}
func (noLog) Panic(any, []byte)                               {}

// compress sets the Content-Encoding before it calls next, and compresses every body.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		gz := gzip.NewWriter(w)
		next.ServeHTTP(gzipWriter{w, gz}, r)
		_ = gz.Close()
	})
}

// A gzipWriter has no Unwrap method.
type gzipWriter struct {
	http.ResponseWriter
	gz *gzip.Writer
}

func (w gzipWriter) Write(p []byte) (int, error) { return w.gz.Write(p) }

// A chain is a middleware and Wrap, and the Accept-Encoding of the requests to them.
type chain struct {
	name, encoding string
	compresses     bool
	server         *httptest.Server
}

func (c chain) run(t *testing.T, test func(t *testing.T)) {
	name := c.name
	if c.encoding != "" {
		name += " with " + c.encoding
	}
	t.Run(name, test)
}

func chains(t *testing.T, app http.Handler) (all []chain) {
	for _, m := range middlewares(t) {
		outside, inside := serve(t, m.wrap(errs.Wrap(app))), serve(t, errs.Wrap(m.wrap(app)))
		all = append(all,
			chain{m.name + "/outside", "", false, outside},
			chain{m.name + "/outside", "gzip", m.compresses, outside},
			chain{m.name + "/inside", "", false, inside},
			chain{m.name + "/inside", "gzip", m.compresses, inside},
		)
	}
	return all
}

func serve(t *testing.T, handler http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = quiet
	s.Start()
	t.Cleanup(s.Close)
	s.Client().Transport.(*http.Transport).DisableCompression = true
	return s
}

// A response holds the values that must be the same in all chains.
type response struct {
	status                            int
	contentType, body, allow, noSniff string
	broken                            bool // the response is missing, or its body is incomplete
}

// A received is a response with the values that may differ between chains.
type received struct {
	response
	compressed bool
	length     int64 // of the Content-Length, or -1
	wireLength int64
}

func do(t *testing.T, s *httptest.Server, name, body, encoding string) (got received) {
	t.Helper()
	words := strings.Fields(name)
	r, err := http.NewRequest(words[0], s.URL+words[1], strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", jsonType)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		return received{response: response{broken: true, body: err.Error()}}
	}
	defer func() { _ = resp.Body.Close() }()
	wire, err := io.ReadAll(resp.Body)
	got.length, got.wireLength = resp.ContentLength, int64(len(wire))
	h := resp.Header
	coding := h.Get("Content-Encoding")
	got.compressed = coding != ""
	if got.compressed && r.Method != http.MethodHead && err == nil {
		assert.Equal(t, encoding, coding, name)
		var gz *gzip.Reader
		if gz, err = gzip.NewReader(bytes.NewReader(wire)); err == nil {
			wire, err = io.ReadAll(gz)
		}
	}
	got.response = response{resp.StatusCode, h.Get("Content-Type"), string(wire),
		h.Get("Allow"), h.Get("X-Content-Type-Options"), err != nil}
	if err != nil {
		got.body = fmt.Sprintf("%v after %q", err, wire)
	}
	return got
}

func doAll(t *testing.T, s *httptest.Server, encoding string) map[string]received {
	t.Helper()
	all := make(map[string]received)
	for _, r := range requests {
		all[r.name] = do(t, s, r.name, r.body, encoding)
	}
	return all
}

func TestMiddlewares(t *testing.T) {
	ref := reference{
		alone:   doAll(t, serve(t, errs.Wrap(newApp())), "gzip"),
		without: doAll(t, serve(t, newApp()), "gzip"),
	}
	for _, r := range requests {
		is := ref.alone[r.name]
		assert.Equal(t, r.status, is.status, r.name)
		assert.Equal(t, r.contentType, is.contentType, r.name)
		assert.Equal(t, r.name == "GET /partial", is.broken, r.name)
	}

	for _, c := range chains(t, newApp()) {
		c.run(t, func(t *testing.T) {
			all := doAll(t, c.server, c.encoding)
			assert.Equal(t, c.compresses, all["GET /json"].compressed)
			for _, r := range requests {
				t.Run(r.name, func(t *testing.T) {
					want, got := expect(ref, c, r.name), all[r.name]
					if want.broken {
						assert.True(t, got.broken, "the response looks complete: %+v", got)
						return
					}
					require.Equal(t, want.response, got.response)
					lengths := []int64{-1, got.wireLength}
					if path, ok := strings.CutPrefix(r.name, "HEAD "); ok {
						lengths = []int64{-1, all["GET "+path].wireLength, want.length}
					}
					assert.Contains(t, lengths, got.length, "Content-Length")
				})
			}
		})
	}
}

func TestWebSocket(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // Accept has written an error
		}
		defer func() { _ = conn.CloseNow() }()
		if kind, message, err := conn.Read(t.Context()); err == nil {
			_ = conn.Write(t.Context(), kind, message)
		}
	})
	ref := reference{alone: map[string]received{"websocket": {response: response{status: 101}}}}

	for _, c := range chains(t, echo) {
		c.run(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			conn, resp, err := websocket.Dial(ctx, c.server.URL, &websocket.DialOptions{
				HTTPClient: c.server.Client(),
				HTTPHeader: http.Header{"Accept-Encoding": {c.encoding}},
			})
			require.NotNil(t, resp, "%v", err)
			want := expect(ref, c, "websocket")
			require.Equal(t, want.status, resp.StatusCode)
			if want.status != http.StatusSwitchingProtocols {
				return
			}
			defer func() { _ = conn.CloseNow() }()
			require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte("hello")))
			_, message, err := conn.Read(ctx)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(message))
		})
	}
}
