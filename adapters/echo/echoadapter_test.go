package echoadapter_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/hipflask/hipflask/status"
	"github.com/justinas/alice"
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

var (
	cors = corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://a.example"},
	}))
	restful   = errjson.NewRenderer(errjson.Config{Format: shapes.Restful})
	problem   = errjson.NewRenderer(errjson.Config{Format: errjson.Problem})
	errKnown  = errors.New("a rule matches this error")
	errSecret = errors.New("secret: db-7 is down")
)

// newApp returns an application with the ErrorHandler of an Adapter.
func newApp(errs *errjson.Renderer) (*echo.Echo, *echoadapter.Adapter) {
	e, a := newEcho(), echoadapter.New(errs)
	e.HTTPErrorHandler = a.ErrorHandler
	return e, a
}

func noContent(c *echo.Context) error { return c.NoContent(204) }

func pass(next http.Handler) http.Handler { return next }

// record is a net/http middleware with its own writer for each request.
var record = adaptertest.Through(
	func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&adaptertest.Recorder{ResponseWriter: w}, r)
	})

// flushFirst is a net/http middleware that sends the headers of a 200.
var flushFirst = adaptertest.Through(
	func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.(http.Flusher).Flush()
		next.ServeHTTP(w, r)
	})

// middlewaresOf returns middlewares of Echo as they are, and others in one Wrap each.
func middlewaresOf(a *echoadapter.Adapter, parts []any) (list []echo.MiddlewareFunc) {
	for _, part := range parts {
		switch m := part.(type) {
		case adaptertest.Middleware:
			list = append(list, a.Wrap(m))
		case []adaptertest.Middleware:
			list = append(list, a.Wrap(m...))
		case echo.MiddlewareFunc:
			list = append(list, m)
		default:
			panic(fmt.Sprintf("%T is not a middleware", part))
		}
	}
	return list
}

// writeError returns a net/http middleware that sends an error.
func writeError(err error) adaptertest.Middleware {
	return adaptertest.Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		errjson.Write(w, r, err)
	})
}

// An eventLog holds the log records and the reports of a renderer.
type eventLog struct {
	mu       sync.Mutex
	text     bytes.Buffer
	reported []int
}

func (l *eventLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *eventLog) config() errjson.Config {
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	return errjson.Config{
		Logger: slog.New(slog.NewJSONHandler(l, options)),
		Report: func(_ *http.Request, e *errjson.Error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.reported = append(l.reported, e.Status)
		},
	}
}

// records returns the level, the message and the status of each record.
func (l *eventLog) records(t *testing.T) (records []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for decoder := json.NewDecoder(bytes.NewReader(l.text.Bytes())); decoder.More(); {
		var record map[string]any
		require.NoError(t, decoder.Decode(&record))
		text := fmt.Sprint(record["level"], " ", record["msg"], " ", record["status"])
		records = append(records, text)
	}
	return records
}

func TestErrorHandler(t *testing.T) {
	failure := adaptertest.Failure
	teapot := echo.NewHTTPError(418, "Short and stout.")
	for _, v := range []struct {
		name string
		err  error
		want string
	}{
		{"any error", errSecret, failure(500, "")},
		{"Error", errjson.Gone("Gone."), failure(410, "Gone.")},
		{"wrapped Error", fmt.Errorf("x: %w", errjson.Gone("Gone.")), failure(410, "Gone.")},
		{"error that a rule matches", errKnown, failure(409, "By a rule.")},
		{"HTTPError", teapot, failure(418, "Short and stout.")},
		{"wrapped HTTPError", fmt.Errorf("x: %w", teapot), failure(418, "Short and stout.")},
		{"joined HTTPError", errors.Join(errSecret, teapot), failure(418, "Short and stout.")},
		{"HTTPError with the text of its status", echo.NewHTTPError(404, "Not Found"),
			failure(404, "")},
		{"HTTPError of the server", echo.NewHTTPError(503, "Back at noon."),
			failure(503, "Back at noon.")},
		{"HTTPError around an Error",
			wrapping(echo.NewHTTPError(400, "Outer."), errjson.Gone("Gone.")),
			failure(400, "Outer.")},
		{"Error around an HTTPError", &errjson.Error{Status: 410, Message: "Gone.", Err: teapot},
			failure(410, "Gone.")},
		{"variable of Echo", echo.ErrUnauthorized, failure(401, "")},
		{"error with a StatusCode", codedError{}, failure(418, "")},
		{"invalid status", echo.NewHTTPError(200, "fine"), failure(500, "")},
		{"large body", fmt.Errorf("x: %w", &http.MaxBytesError{Limit: 1}),
			failure(413, "", "Connection: close")},
	} {
		for place, parts := range map[string][]any{
			"outside a Wrap":  nil,
			"in a Wrap":       {errjson.Default().Recover},
			"behind a writer": {record},
		} {
			t.Run(v.name+" "+place, func(t *testing.T) {
				e, a := newApp(errjson.NewRenderer(errjson.Config{
					Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
				}))
				e.Use(middlewaresOf(a, parts)...)
				e.GET("/", func(*echo.Context) error { return v.err })
				e.HEAD("/", func(*echo.Context) error { return v.err })
				c := adaptertest.Serve(t, e)
				// net/http's client removes the header.
				withoutClose := strings.NewReplacer("Connection: close; ", "").Replace
				want := withoutClose(v.want)
				assert.Equal(t, want, withoutClose(c.Get("/")))
				head, _, _ := strings.Cut(want, "{")
				assert.Equal(t, head, withoutClose(c.Do("HEAD", "/", nil)))
			})
		}
	}
}

// TestRuleForEchoErrors tests that a rule sees the error of the handler, and not only the HTTP error
// for it.
func TestRuleForEchoErrors(t *testing.T) {
	e, a := newApp(errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{
		errjson.Map(func(_ *http.Request, e *echo.HTTPError) *errjson.Error {
			return errjson.Conflict(fmt.Sprint("By a rule: ", e.Message))
		}),
	}}))
	direct := func(*echo.Context) error { return echo.NewHTTPError(400, "x") }
	wrapped := func(*echo.Context) error { return fmt.Errorf("x: %w", echo.NewHTTPError(400, "x")) }
	e.GET("/direct", direct)
	e.GET("/wrapped", wrapped)
	g := e.Group("/in", a.Wrap(errjson.Default().Recover))
	g.GET("/direct", direct)
	g.GET("/wrapped", wrapped)
	c := adaptertest.Serve(t, e)
	for _, path := range []string{"/direct", "/wrapped", "/in/direct", "/in/wrapped"} {
		assert.Equal(t, adaptertest.Failure(409, "By a rule: x"), c.Get(path), path)
	}
}

// codedError is an error of another library.
type codedError struct{}

func (codedError) Error() string   { return "secret" }
func (codedError) StatusCode() int { return 418 }

// TestErrorAfterCommit tests that nothing is added to a response that was sent, and that the error
// is logged with the status that was sent.
func TestErrorAfterCommit(t *testing.T) {
	flush := func(c *echo.Context) error {
		return http.NewResponseController(c.Response()).Flush()
	}
	nothing := func(*echo.Context) error { return nil }
	text := "; Content-Length: 4; Content-Type: text/plain; charset=UTF-8; sent"
	const ok = "WARN error after the response 200"
	for _, v := range []struct {
		name       string
		handler    echo.HandlerFunc
		parts      []any
		want       string
		wantRecord string
	}{
		{"200", func(c *echo.Context) error { return c.String(200, "sent") },
			nil, "200" + text, ok},
		{"201 in a Wrap", func(c *echo.Context) error { return c.String(201, "sent") },
			[]any{pass}, "201" + text, "WARN error after the response 201"},
		{"503 behind a writer", func(c *echo.Context) error { return c.String(503, "sent") },
			[]any{record}, "503" + text, "ERROR error after the response 503"},
		{"204", noContent, nil, "204; ", "WARN error after the response 204"},
		{"Flush of a handler", flush, []any{pass}, "200; ", ok},
		{"Flush of a handler behind a writer", flush, []any{record}, "200; ", ok},
		{"Flush of a middleware", nothing, []any{flushFirst}, "200; ", ok},
		{"Flush of a middleware outside a writer", nothing, []any{flushFirst, record}, "200; ", ok},
	} {
		t.Run(v.name, func(t *testing.T) {
			var log eventLog
			e, a := newApp(errjson.NewRenderer(log.config()))
			e.Use(middlewaresOf(a, v.parts)...)
			e.GET("/", func(c *echo.Context) error { return errors.Join(v.handler(c), errSecret) })
			assert.Equal(t, v.want, adaptertest.Serve(t, e).Get("/"))
			assert.Equal(t, []string{v.wantRecord}, log.records(t))
			assert.Equal(t, []int{500}, log.reported)
		})
	}
}

// TestAbortHandler tests that http.ErrAbortHandler as an error breaks the connection.
func TestAbortHandler(t *testing.T) {
	e, a := newApp(nil)
	e.Use(a.Wrap(record))
	e.GET("/before", func(*echo.Context) error { return fmt.Errorf("x: %w", http.ErrAbortHandler) })
	e.GET("/after", func(c *echo.Context) error {
		_ = c.String(200, "sent")
		return fmt.Errorf("x: %w", http.ErrAbortHandler)
	})
	for _, path := range []string{"/before", "/after"} {
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		})
	}
}

// TestRecoveredPanic tests panics that Echo's own Recover has turned into errors. Before the first
// byte the client gets an error response. After it the client gets an error while it reads.
func TestRecoveredPanic(t *testing.T) {
	recoverer := middleware.Recover()
	for place, parts := range map[string][]any{
		"outside a Wrap":                    {recoverer},
		"inside a Wrap":                     {pass, recoverer},
		"around a Wrap":                     {recoverer, pass},
		"behind a writer":                   {record, recoverer},
		"around a writer":                   {recoverer, record},
		"inside errjson's Recover":          {errjson.Default().Recover, recoverer},
		"inside a call of the ErrorHandler": {handleAndReturn, recoverer},
		"twice":                             {recoverer, handleAndReturn, recoverer},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", place, http2), func(t *testing.T) {
				testRecoveredPanic(t, http2, parts)
			})
		}
	}
}

// handleAndReturn calls the HTTPErrorHandler, as Echo's RequestLogger does with HandleError.
var handleAndReturn echo.MiddlewareFunc = func(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		err := next(c)
		if err != nil {
			handleError(c, err)
		}
		return err
	}
}

func testRecoveredPanic(t *testing.T, http2 bool, parts []any) {
	var log eventLog
	e, a := newApp(errjson.NewRenderer(log.config()))
	e.Use(middlewaresOf(a, parts)...)
	e.GET("/before", func(*echo.Context) error { panic(errSecret) })
	e.GET("/after", func(c *echo.Context) error {
		_, _ = io.WriteString(c.Response(), "first")
		panic(errSecret)
	})
	e.GET("/flushed", func(c *echo.Context) error {
		_, _ = io.WriteString(c.Response(), "first")
		_ = http.NewResponseController(c.Response()).Flush()
		panic("secret")
	})
	srv := httptest.NewUnstartedServer(e)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.EnableHTTP2 = http2
	srv.StartTLS()
	defer srv.Close()

	code, body, err := fetch(srv, "/before")
	require.NoError(t, err)
	assert.Equal(t, 500, code)
	assert.Contains(t, body, `"status":500`)
	assert.Equal(t, []string{"ERROR request failed 500"}, log.records(t))

	log.text.Reset()
	_, _, err = fetch(srv, "/after")
	assert.Error(t, err)
	assert.Equal(t, []string{"ERROR handler panicked 200"}, log.records(t))

	log.text.Reset()
	code, body, err = fetch(srv, "/flushed")
	assert.Error(t, err)
	assert.Equal(t, 200, code)
	assert.Equal(t, "first", body)
	assert.Equal(t, []string{"ERROR handler panicked 200"}, log.records(t))
	assert.Contains(t, log.text.String(), "secret")
	assert.Contains(t, log.text.String(), "testRecoveredPanic", "the stack is logged")
	assert.Equal(t, []int{500, 500, 500}, log.reported)
}

// fetch returns the response for a path, as far as it arrives.
func fetch(srv *httptest.Server, path string) (code int, body string, err error) {
	srv.Client().CloseIdleConnections() // net/http repeats a request if such a connection breaks
	resp, err := srv.Client().Get(srv.URL + path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	all, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(all), err
}

// TestErrorHandlerOnce tests that an error is logged and reported once, although the handler is
// called several times.
func TestErrorHandlerOnce(t *testing.T) {
	for name, handler := range map[string]echo.HandlerFunc{
		"error": func(*echo.Context) error { return errSecret },
		"error after a commit": func(c *echo.Context) error {
			return errors.Join(c.String(500, "sent"), errSecret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log eventLog
			e, a := newApp(errjson.NewRenderer(log.config()))
			e.Use(handleAndReturn, a.Wrap(record))
			e.GET("/items/:id", handler)
			assert.Contains(t, adaptertest.Serve(t, e).Get("/items/7"), "500; ")
			assert.Len(t, log.records(t), 1)
			assert.Equal(t, []int{500}, log.reported)
			var record map[string]any
			require.NoError(t, json.Unmarshal(log.text.Bytes(), &record))
			assert.Equal(t, "/items/:id", record["pattern"])
			assert.Equal(t, "secret: db-7 is down", strings.TrimSpace(record["error"].(string)))
		})
	}
}

// TestErrorHandlerIsWrapped tests an HTTPErrorHandler that calls the ErrorHandler.
func TestErrorHandlerIsWrapped(t *testing.T) {
	e, a := newEcho(), echoadapter.New(restful)
	handleErrors(e, func(c *echo.Context, err error) {
		c.Response().Header().Set("X-Path", c.Path())
		callErrorHandler(a, c, fmt.Errorf("x: %w", err))
	})
	e.Use(a.Wrap(record))
	e.GET("/", func(*echo.Context) error { return errjson.Gone("Gone.") })
	got := adaptertest.Serve(t, e).Get("/")
	assert.Contains(t, got, "410; ")
	assert.Contains(t, got, `X-Path: /; {"message":"Gone."}`)
}

// TestErrorHandlerWithoutCommittedCheck documents that an HTTPErrorHandler must check whether the
// response is committed.
func TestErrorHandlerWithoutCommittedCheck(t *testing.T) {
	e := newEcho()
	handleErrors(e, func(c *echo.Context, _ error) { _ = c.String(500, "E") })
	e.Use(echoadapter.New(nil).Wrap(record))
	e.GET("/", func(*echo.Context) error { return errSecret })
	assert.Equal(t, "500; Content-Length: 2; Content-Type: text/plain; charset=UTF-8; EE",
		adaptertest.Serve(t, e).Get("/"))

	e, a := newApp(nil)
	e.Use(a.Wrap(record))
	e.GET("/", func(*echo.Context) error { return errSecret })
	assert.Equal(t, adaptertest.Failure(500, ""), adaptertest.Serve(t, e).Get("/"))
}

// TestOtherErrorHandler tests that Echo's own HTTPErrorHandler adds no body to a response that a
// middleware outside a writer has committed.
func TestOtherErrorHandler(t *testing.T) {
	e, a := newEcho(), echoadapter.New(nil)
	e.Use(a.Wrap(flushFirst, record))
	e.GET("/", func(*echo.Context) error { return errSecret })
	assert.Equal(t, "200; ", adaptertest.Serve(t, e).Get("/"))
}

// TestContract tests the ways to report an error that only Echo has.
func TestContract(t *testing.T) {
	var log eventLog
	config := log.config()
	config.Format = errjson.Problem
	config.Rules = []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))}
	e, _ := newApp(errjson.NewRenderer(config))
	e.GET("/call", func(c *echo.Context) error { handleError(c, errKnown); return nil })
	e.GET("/panic", func(*echo.Context) error { panic(errKnown) }, middleware.Recover())
	c := adaptertest.Serve(t, e)
	for _, path := range []string{"/call", "/panic"} {
		log.reported = nil
		got := c.Get(path)
		assert.Contains(t, got, "409; ", path)
		assert.Contains(t, got, "Content-Type: application/problem+json; ", path)
		assert.Equal(t, []int{409}, log.reported, path)
	}
}

// TestWrapHandler tests what net/http handlers find behind a Wrap.
func TestWrapHandler(t *testing.T) {
	handler := echo.WrapHandler(status.Handler(func(r *http.Request) (any, error) {
		return nil, errjson.NotFound("No " + r.PathValue("id") + " for " + r.Pattern + ".")
	}))
	for name, parts := range map[string][]any{
		"an empty Wrap":       {[]adaptertest.Middleware{}},
		"pass":                {pass},
		"two Wraps":           {pass, pass},
		"a writer":            {record},
		"a writer and a Wrap": {record, pass},
		"a Wrap and a writer": {pass, record},
		"Echo's Gzip inside":  {pass, middleware.Gzip()},
		"Echo's Gzip outside": {middleware.Gzip(), pass},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(restful)
			e.Use(middlewaresOf(a, parts)...)
			e.GET("/items/:id", handler)
			got := adaptertest.Serve(t, e).Get("/items/7")
			assert.Contains(t, got, "404; ")
			assert.True(t, strings.HasSuffix(got, `; {"message":"No 7 for /items/:id."}`), got)
		})
	}
}

// TestRendererOfWrap tests which renderer errjson.Write uses in a Wrap. It does not depend on the
// HTTPErrorHandler.
func TestRendererOfWrap(t *testing.T) {
	const simple, short = `{"error":"Gone","message":"Gone.","status":410}`, `{"message":"Gone."}`
	gone := errjson.Gone("Gone.")
	for name, v := range map[string]struct {
		errs   *errjson.Renderer
		around adaptertest.Middleware // the application
		want   string
	}{
		"a renderer":                            {restful, pass, short},
		"nil":                                   {nil, pass, simple},
		"nil in a chain with a renderer":        {nil, restful.Wrap, short},
		"a renderer in a chain with a renderer": {restful, problem.Wrap, short},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newEcho(), echoadapter.New(v.errs)
			e.GET("/middleware", noContent, a.Wrap(writeError(gone)))
			write := func(c *echo.Context) error {
				errjson.Write(c.Response(), c.Request(), gone)
				return nil
			}
			e.GET("/handler", write, a.Wrap(pass))
			e.GET("/behind-writer", write, a.Wrap(record))
			e.GET("/error-handler", func(c *echo.Context) error {
				callErrorHandler(a, c, gone)
				return nil
			})
			c := adaptertest.Serve(t, v.around(e))
			for _, path := range []string{
				"/middleware", "/handler", "/behind-writer", "/error-handler",
			} {
				got := c.Get(path)
				assert.True(t, strings.HasSuffix(got, "; "+v.want), "%s: %s", path, got)
			}
		})
	}
}

// TestDefaultRenderer tests that an Adapter without a renderer reads the default one for each
// request.
func TestDefaultRenderer(t *testing.T) {
	before := errjson.Default()
	defer errjson.SetDefault(before)
	for name, a := range map[string]*echoadapter.Adapter{
		"New(nil)": echoadapter.New(nil), "zero": {},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEcho()
			e.HTTPErrorHandler = a.ErrorHandler
			e.GET("/middleware", noContent, a.Wrap(writeError(errjson.Gone("Gone."))))
			e.GET("/handler", func(*echo.Context) error { return errjson.Gone("Gone.") })
			e.GET("/committed", func(c *echo.Context) error {
				return errors.Join(c.String(200, "sent"), errSecret)
			})
			c := adaptertest.Serve(t, e)
			for _, path := range []string{"/middleware", "/handler"} {
				errjson.SetDefault(before)
				assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get(path))
				errjson.SetDefault(restful)
				assert.Contains(t, c.Get(path), `; {"message":"Gone."}`)
			}
			var log eventLog
			errjson.SetDefault(errjson.NewRenderer(log.config()))
			c.Get("/committed")
			assert.Equal(t, []string{"WARN error after the response 200"}, log.records(t))
		})
	}
}

// TestInnerRenderer tests that the rules of an inner renderer come before those of the Adapter's
// renderer.
func TestInnerRenderer(t *testing.T) {
	ruled := func(message string) *errjson.Renderer {
		return errjson.NewRenderer(errjson.Config{
			Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict(message))},
		})
	}
	write := func(c *echo.Context) error {
		errjson.Write(c.Response(), c.Request(), errKnown)
		return nil
	}
	fail := func(*echo.Context) error { return errKnown }
	inner := ruled("Inner.").Render
	for name, parts := range map[string][]any{
		"one Wrap":            {inner},
		"a Wrap inside":       {inner, pass},
		"a Wrap outside":      {pass, inner},
		"Wraps on both sides": {record, inner, pass, record},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(ruled("Application."))
			e.GET("/outside", write, a.Wrap(pass))
			group := e.Group("/inside", middlewaresOf(a, parts)...)
			group.GET("/write", write)
			group.GET("/fail", fail)
			group.GET("/middleware", write, a.Wrap(writeError(errKnown)))
			c := adaptertest.Serve(t, e)
			assert.Equal(t, adaptertest.Failure(409, "Application."), c.Get("/outside"))
			for _, path := range []string{"/inside/write", "/inside/fail", "/inside/middleware"} {
				assert.Equal(t, adaptertest.Failure(409, "Inner."), c.Get(path), path)
			}
		})
	}
}

// TestApplicationInApplication tests that the inner application sends errors with its own renderer,
// through the response of the outer one.
func TestApplicationInApplication(t *testing.T) {
	for name, parts := range map[string][]any{
		"no Wrap": nil, "pass": {pass}, "a writer": {record},
	} {
		t.Run(name, func(t *testing.T) {
			inner, a := newApp(restful)
			inner.Use(middlewaresOf(a, parts)...)
			inner.GET("/fail", func(*echo.Context) error { return errjson.Gone("Gone.") })
			inner.GET("/write", noContent, a.Wrap(writeError(errjson.Gone("Gone."))))
			outer, b := newApp(problem)
			var statuses []int
			outer.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					err := next(c)
					assert.True(t, responseOf(c).Committed)
					statuses = append(statuses, responseOf(c).Status)
					return err
				}
			})
			outer.Use(middlewaresOf(b, parts)...)
			outer.Any("/*", echo.WrapHandler(inner))
			c := adaptertest.Serve(t, outer)
			for _, path := range []string{"/fail", "/write"} {
				got := c.Get(path)
				assert.True(t, strings.HasSuffix(got, `; {"message":"Gone."}`), got)
			}
			assert.Equal(t, []int{410, 410}, statuses)
		})
	}
}

// TestOpaqueWriter tests a middleware's writer that does not unwrap. A second Wrap behind it names
// the renderer again.
func TestOpaqueWriter(t *testing.T) {
	hide := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
	gone := errjson.Gone("Gone.")
	e, a := newApp(restful)
	e.Use(a.Wrap(hide))
	e.GET("/fail", func(*echo.Context) error { return gone })
	e.GET("/write", func(c *echo.Context) error {
		errjson.Write(c.Response(), c.Request(), gone)
		return nil
	})
	e.GET("/write-in-wrap", noContent, a.Wrap(writeError(gone)))
	c := adaptertest.Serve(t, e)
	assert.Contains(t, c.Get("/fail"), `; {"message":"Gone."}`)
	assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get("/write"), "the default renderer")
	assert.Contains(t, c.Get("/write-in-wrap"), `; {"message":"Gone."}`)
}

// TestOptionalInterfaces tests that the writer for middlewares has the optional interfaces that the
// writer below Echo has.
func TestOptionalInterfaces(t *testing.T) {
	raw := func() http.ResponseWriter { return bareWriter{httptest.NewRecorder()} }
	for name, v := range map[string]struct {
		writer http.ResponseWriter
		want   string
	}{
		"none":             {raw(), ""},
		"Flusher":          {flushWriter{raw()}, "flush"},
		"FlushError":       {flushErrorWriter{raw()}, "flush"},
		"Hijacker":         {hijackWriter{raw()}, "hijack"},
		"HTTP/1":           {http1Writer{flushWriter{raw()}}, "flush hijack"},
		"HTTP/2":           {http2Writer{flushWriter{raw()}}, "flush push"},
		"HTTP/1 unwrapped": {unwrapWriter{http1Writer{flushWriter{raw()}}}, "flush hijack"},
	} {
		var got []string
		see := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = append(got, interfacesOf(w))
				next.ServeHTTP(w, r)
			})
		}
		unwrap := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(unwrapWriter{w}, r)
			})
		}
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			e.Use(a.Wrap(see), a.Wrap(see, unwrap), a.Wrap(see))
			e.Use(a.Wrap(errjson.Default().Recover, see), a.Wrap(see))
			outer := newEcho()
			outer.Any("/*", echo.WrapHandler(e))
			want := []string{v.want, v.want, v.want, v.want, v.want}
			for place, app := range map[string]http.Handler{
				"outermost": e, "in another application": outer,
			} {
				got = nil
				app.ServeHTTP(v.writer, httptest.NewRequest("GET", "/", nil))
				assert.Equal(t, want, got, place)
			}

			e, a = newApp(nil)
			e.Use(a.Wrap(see, unwrap), a.Wrap(see))
			outer = newEcho()
			outer.Use(a.Wrap(see))
			outer.Any("/*", echo.WrapHandler(e))
			got = nil
			outer.ServeHTTP(v.writer, httptest.NewRequest("GET", "/", nil))
			assert.Equal(t, want[:3], got, "in another application with a Wrap")
		})
	}
}

// interfacesOf returns the names of the optional interfaces of w.
func interfacesOf(w http.ResponseWriter) string {
	var names []string
	if _, ok := w.(http.Flusher); ok {
		names = append(names, "flush")
	}
	if _, ok := w.(http.Hijacker); ok {
		names = append(names, "hijack")
	}
	if _, ok := w.(http.Pusher); ok {
		names = append(names, "push")
	}
	return strings.Join(names, " ")
}

// These writers have the interfaces of their names. They do not unwrap, except for unwrapWriter.
type (
	bareWriter       struct{ w http.ResponseWriter }
	flushWriter      struct{ http.ResponseWriter }
	flushErrorWriter struct{ http.ResponseWriter }
	hijackWriter     struct{ http.ResponseWriter }
	http1Writer      struct{ flushWriter }
	http2Writer      struct{ flushWriter }
	unwrapWriter     struct{ http.ResponseWriter }
)

func (w bareWriter) Header() http.Header         { return w.w.Header() }
func (w bareWriter) WriteHeader(status int)      { w.w.WriteHeader(status) }
func (w bareWriter) Write(p []byte) (int, error) { return w.w.Write(p) }

func (flushWriter) Flush()                 {}
func (flushErrorWriter) FlushError() error { return nil }

func (bareWriter) SetWriteDeadline(time.Time) error { return nil }

func (hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }
func (http1Writer) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return nil, nil, nil }
func (http2Writer) Push(string, *http.PushOptions) error          { return nil }
func (w unwrapWriter) Unwrap() http.ResponseWriter                { return w.ResponseWriter }

// TestHijack tests that an error after a handler or a middleware has hijacked the connection is
// only logged.
func TestHijack(t *testing.T) {
	hijack := func(w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		_ = conn.Close()
	}
	var log eventLog
	e, a := newApp(errjson.NewRenderer(log.config()))
	handler := func(c *echo.Context) error { hijack(c.Response()); return errSecret }
	fail := func(*echo.Context) error { return errSecret }
	hijacker := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			hijack(w)
			next.ServeHTTP(w, r)
		})
	}
	e.GET("/handler", handler, a.Wrap(pass))
	e.GET("/handler-behind-writer", handler, a.Wrap(record))
	e.GET("/middleware", fail, a.Wrap(hijacker))
	e.GET("/middleware-outside-writer", fail, a.Wrap(hijacker, record))
	for _, path := range []string{
		"/handler", "/handler-behind-writer", "/middleware", "/middleware-outside-writer",
	} {
		log.text.Reset()
		done := make(chan struct{})
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			e.ServeHTTP(w, r)
		}))
		_, body, err := fetch(srv, path)
		<-done // which Close does not wait for
		srv.Close()
		assert.NoError(t, err, path)
		assert.Equal(t, "hi", body, path)
		assert.Equal(t, []string{"WARN error after the response 101"}, log.records(t), path)
	}
}

// TestResponseHooks tests that the hooks of the response outside a Wrap are called once.
func TestResponseHooks(t *testing.T) {
	for name, m := range map[string]adaptertest.Middleware{
		"a writer": record, "Recover": errjson.Default().Recover, "pass": pass,
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			var calls []string
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					response := responseOf(c)
					response.Before(func() { calls = append(calls, "before") })
					response.After(func() { calls = append(calls, "after") })
					return next(c)
				}
			}, a.Wrap(m))
			e.GET("/", func(c *echo.Context) error { return c.String(200, "hi") })
			assert.Contains(t, adaptertest.Serve(t, e).Get("/"), "; hi")
			assert.Equal(t, []string{"before", "after"}, calls)
		})
	}
}

// TestStatusForNativeLog tests that a middleware of Echo outside a Wrap finds the final status, and
// that the client gets an informational one.
func TestStatusForNativeLog(t *testing.T) {
	for name, m := range map[string]adaptertest.Middleware{"a writer": record, "pass": pass} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			var statuses []int
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					err := next(c)
					statuses = append(statuses, responseOf(c).Status)
					return err
				}
			})
			e.Use(a.Wrap(m))
			e.Use(a.Wrap(adaptertest.Through(
				func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					w.WriteHeader(103)
					next.ServeHTTP(w, r)
				})))
			e.GET("/", func(c *echo.Context) error { return c.String(201, "made") })
			e.GET("/fail", func(c *echo.Context) error {
				errjson.Write(c.Response(), c.Request(), errjson.Gone(""))
				return nil
			})
			srv := httptest.NewServer(e)
			defer srv.Close()
			var early []int
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
					early = append(early, code)
					return nil
				},
			})
			for _, path := range []string{"/", "/fail"} {
				r, err := http.NewRequestWithContext(ctx, "GET", srv.URL+path, nil)
				require.NoError(t, err)
				resp, err := srv.Client().Do(r)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			}
			assert.Equal(t, []int{103, 103}, early)
			assert.Equal(t, []int{201, 410}, statuses)
		})
	}
}

// TestResponseIsRestored tests that a context keeps its response, and the response its writer, when
// Echo uses the context again.
func TestResponseIsRestored(t *testing.T) {
	for name, m := range map[string]adaptertest.Middleware{"a writer": record, "pass": pass} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			responses := make(map[any]map[*echo.Response]bool)
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					if responses[c] == nil {
						responses[c] = make(map[*echo.Response]bool)
					}
					response, writer := responseOf(c), responseOf(c).Unwrap()
					responses[c][response] = true
					defer func() {
						_ = recover()
						assert.Same(t, response, responseOf(c))
						assert.Equal(t, writer, response.Unwrap())
					}()
					return next(c)
				}
			})
			e.Use(a.Wrap(m), a.Wrap(pass), a.Wrap(m))
			e.GET("/", func(c *echo.Context) error {
				assert.Equal(t, 200, responseOf(c).Status, "as without a Wrap")
				return c.String(200, "hi")
			})
			e.GET("/panic", func(c *echo.Context) error { panic("!") })
			for range 50 {
				e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
				e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/panic", nil))
			}
			for _, own := range responses {
				assert.Len(t, own, 1)
			}
		})
	}
}

// TestWriterAfterWrap tests that a goroutine that outlives its request cannot reach the next
// request of the connection.
func TestWriterAfterWrap(t *testing.T) {
	for name, raw := range map[string]http.ResponseWriter{
		"none":   bareWriter{httptest.NewRecorder()},
		"HTTP/1": http1Writer{flushWriter{httptest.NewRecorder()}},
		"HTTP/2": http2Writer{flushWriter{httptest.NewRecorder()}},
	} {
		t.Run(name, func(t *testing.T) {
			var w http.ResponseWriter
			e, a := newApp(restful)
			e.Use(a.Wrap(adaptertest.Through(
				func(rw http.ResponseWriter, r *http.Request, next http.Handler) {
					w = rw
					next.ServeHTTP(rw, r)
				})))
			e.GET("/", noContent)
			e.ServeHTTP(raw, httptest.NewRequest("GET", "/", nil))

			raw.Header().Set("X-Next", "1")
			assert.Empty(t, w.Header())
			w.WriteHeader(103)
			w.WriteHeader(500)
			_, err := io.WriteString(w, "late")
			assert.Error(t, err)
			rc := http.NewResponseController(w)
			assert.Error(t, rc.Flush())
			_, _, err = rc.Hijack()
			assert.Error(t, err)
			assert.ErrorIs(t, rc.SetWriteDeadline(time.Now()), http.ErrNotSupported)
			if pusher, ok := w.(http.Pusher); ok {
				assert.Error(t, pusher.Push("/", nil))
			}
			assert.Nil(t, w.(interface{ Unwrap() http.ResponseWriter }).Unwrap())
		})
	}
}

// TestGzip tests Echo's own compression inside and outside a Wrap.
func TestGzip(t *testing.T) {
	text := strings.Repeat("hello ", 1000)
	gzip := middleware.Gzip()
	for name, parts := range map[string][]any{
		"inside":            {pass, gzip},
		"inside a writer":   {record, gzip},
		"outside":           {gzip, pass},
		"outside a writer":  {gzip, record},
		"between two Wraps": {pass, gzip, pass},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			e.Use(middlewaresOf(a, parts)...)
			e.GET("/", func(c *echo.Context) error { return c.String(200, text) })
			e.GET("/stream", func(c *echo.Context) error {
				for range 10 {
					_, _ = io.WriteString(c.Response(), text)
					_ = http.NewResponseController(c.Response()).Flush()
				}
				return nil
			})
			e.GET("/fail", func(c *echo.Context) error { return errjson.Gone("Gone.") })
			srv := httptest.NewServer(e)
			defer srv.Close()
			for path, want := range map[string]string{
				"/": text, "/stream": strings.Repeat(text, 10),
				"/fail": `{"error":"Gone","message":"Gone.","status":410}` + "\n",
			} {
				_, body, err := fetch(srv, path)
				assert.NoError(t, err)
				assert.Equal(t, want, body, path)
			}
		})
	}
}

// TestRewriteAfterPre tests that Echo routes by the path that a later Rewrite sets, if the
// middlewares of a Wrap pass on the request unchanged.
func TestRewriteAfterPre(t *testing.T) {
	setHeader := adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Header.Set("X-Seen", "1")
			next.ServeHTTP(w, r)
		})
	withContext := adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), t, "")))
		})
	for name, v := range map[string]struct {
		middlewares []adaptertest.Middleware
		rewritten   bool
	}{
		"no middleware":       {nil, true},
		"pass":                {[]adaptertest.Middleware{pass, pass}, true},
		"a writer":            {[]adaptertest.Middleware{record}, true},
		"errjson":             {[]adaptertest.Middleware{errjson.Wrap}, true},
		"CORS":                {[]adaptertest.Middleware{cors.Wrap}, true},
		"a header":            {[]adaptertest.Middleware{setHeader}, true},
		"a request of theirs": {[]adaptertest.Middleware{withContext}, rewritesReplaced},
	} {
		for _, wraps := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " ", wraps), func(t *testing.T) {
				e, a := newApp(nil)
				for range wraps {
					e.Pre(a.Wrap(v.middlewares...))
				}
				e.Pre(middleware.Rewrite(map[string]string{"/old/*": "/new/$1"}))
				e.Use(a.Wrap(pass))
				e.GET("/new/:id", func(c *echo.Context) error {
					return c.String(200, c.Param("id"))
				})
				c := adaptertest.Serve(t, e)
				assert.Contains(t, c.Get("/new/7"), "; 7")
				if v.rewritten {
					assert.Contains(t, c.Get("/old/7"), "; 7")
				} else {
					assert.Contains(t, c.Get("/old/7"), "404; ")
				}
			})
		}
	}
}

// TestChangesInPre tests that the handlers get the changes that a middleware in Pre makes to fields
// of its request.
func TestChangesInPre(t *testing.T) {
	for name, v := range map[string]struct {
		change func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"none": {func(http.ResponseWriter, *http.Request) {}, "192.0.2.1:1234  content <nil>"},
		"RemoteAddr": {func(_ http.ResponseWriter, r *http.Request) {
			r.RemoteAddr = "203.0.113.1:80"
		}, "203.0.113.1:80  content <nil>"},
		"Body": {func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 3)
		}, "192.0.2.1:1234  con http: request body too large"},
		"Header": {func(_ http.ResponseWriter, r *http.Request) {
			r.Header = http.Header{"X-Name": {"x"}}
		}, "192.0.2.1:1234 x content <nil>"},
	} {
		for kind, body := range map[string]func(io.Reader) io.ReadCloser{
			"":                        io.NopCloser,
			" of a body with a slice": func(r io.Reader) io.ReadCloser { return sliceBody{r, nil} },
		} {
			t.Run(name+kind, func(t *testing.T) {
				e, a := newApp(nil)
				e.Pre(a.Wrap(adaptertest.Through(
					func(w http.ResponseWriter, r *http.Request, next http.Handler) {
						v.change(w, r)
						next.ServeHTTP(w, r)
					})))
				e.POST("/", func(c *echo.Context) error {
					r := c.Request()
					body, err := io.ReadAll(r.Body)
					name := r.Header.Get("X-Name")
					text := fmt.Sprintf("%s %s %s %v", r.RemoteAddr, name, body, err)
					return c.String(200, text)
				})
				r := httptest.NewRequest("POST", "/", nil)
				r.Body = body(strings.NewReader("content"))
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				assert.Equal(t, v.want, w.Body.String())
			})
		}
	}
}

// sliceBody is a body whose type is not comparable.
type sliceBody struct {
	io.Reader
	_ []byte
}

func (sliceBody) Close() error { return nil }

// TestRequestIsNotChanged tests that the request outside a Wrap, a Body and the ErrorHandler is not
// changed. The race detector finds a change that is undone.
func TestRequestIsNotChanged(t *testing.T) {
	parse := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		_ = r.ParseForm()
		next.ServeHTTP(w, r)
	})
	bind := func(c *echo.Context) error {
		_, err := echoadapter.Get[Item](c)
		return errors.Join(err, c.Bind(new(Item)))
	}
	body := echoadapter.Body[Item](bodyjson.Config{})
	for name, v := range map[string]struct {
		handler echo.HandlerFunc
		parts   []any
	}{
		"Wrap":                      {noContent, []any{pass, record, errjson.Wrap, cors.Wrap}},
		"Wrap that parses the form": {noContent, []any{parse, parse}},
		"Body":                      {bind, []any{body}},
		"error": {func(*echo.Context) error { return errSecret },
			[]any{handleAndReturn, record, handleAndReturn}},
		"panic": {func(*echo.Context) error { panic("!") }, []any{errjson.Wrap, record}},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := newApp(nil)
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					r := c.Request()
					before := r.Clone(t.Context())
					var group sync.WaitGroup
					group.Go(func() { _ = r.Clone(r.Context()) })
					err := next(c)
					group.Wait()
					assert.Equal(t, before, r.Clone(t.Context()))
					assert.Same(t, r, c.Request())
					return err
				}
			})
			e.POST("/items/:id", v.handler, middlewaresOf(a, v.parts)...)
			r := httptest.NewRequest("POST", "/items/7?a=b", strings.NewReader(`{"name":"x"}`))
			r.Header.Set("Content-Type", "application/json")
			r.SetPathValue("outer", "1")
			e.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

// TestFilesOfBody tests that the temporary files of a form are removed if the handler behind a Body
// parses it.
func TestFilesOfBody(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	e, _ := newApp(nil)
	e.POST("/", func(c *echo.Context) error {
		if err := c.Request().ParseMultipartForm(1); err != nil {
			return err
		}
		return c.JSON(200, len(temporaryFiles(t)))
	}, echoadapter.Body[Item](bodyjson.Config{Silent: true}))

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "a.bin")
	require.NoError(t, err)
	_, _ = file.Write(make([]byte, 64<<10))
	require.NoError(t, form.Close())
	r := httptest.NewRequest("POST", "/", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	assert.Equal(t, "1\n", w.Body.String(), "files while the handler runs")
	assert.Empty(t, temporaryFiles(t))
}

func temporaryFiles(t *testing.T) []string {
	names, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
	assert.NoError(t, err)
	return names
}

// TestCORSPre tests a policy before the routing.
func TestCORSPre(t *testing.T) {
	e, a := newApp(nil)
	e.Pre(a.CORS(cors))
	e.GET("/", func(c *echo.Context) error { return c.String(200, "hi") })
	c := adaptertest.Serve(t, e)
	preflight := c.Do("OPTIONS", "/", nil,
		"Origin", "https://a.example", "Access-Control-Request-Method", "GET")
	assert.Contains(t, preflight, "204; Access-Control-Allow-Origin: https://a.example; ")
	assert.Contains(t, c.Do("GET", "/", nil, "Origin", "https://a.example"),
		"200; Access-Control-Allow-Origin: https://a.example; ")
}

// TestWebsocket tests a WebSocket library in handlers and middlewares.
func TestWebsocket(t *testing.T) {
	e, a := newApp(nil)
	e.Use(a.CORS(cors))
	handler := func(c *echo.Context) error { return echoMessage(c.Response(), c.Request()) }
	inMiddleware := a.Wrap(adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, _ http.Handler) { _ = echoMessage(w, r) }))
	e.GET("/pass", handler, a.Wrap(pass))
	e.GET("/middleware", noContent, inMiddleware)
	all := []any{errjson.Wrap, cors.Wrap, record}
	e.GET("/all", handler, middlewaresOf(a, all)...)
	e.GET("/all-middleware", noContent, append(middlewaresOf(a, all), inMiddleware)...)
	for name, h := range map[string]http.Handler{
		"application": e, "in a chain": alice.New(errjson.Wrap, cors.Wrap).Then(e),
	} {
		srv := httptest.NewServer(h)
		for _, path := range []string{"/pass", "/all", "/middleware", "/all-middleware"} {
			t.Run(name+path, func(t *testing.T) { echoOnce(t, srv.URL+path) })
		}
		srv.Close()
	}
}

// echoMessage sends one message back.
func echoMessage(w http.ResponseWriter, r *http.Request) error {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil // Accept has sent the error
	}
	defer func() { _ = conn.CloseNow() }()
	kind, message, err := conn.Read(r.Context())
	if err != nil {
		return err
	}
	_ = conn.Write(r.Context(), kind, append([]byte("echo: "), message...))
	return conn.Close(websocket.StatusNormalClosure, "")
}

func echoOnce(t *testing.T, url string) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, nil)
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }()
	require.NoError(t, conn.Write(ctx, websocket.MessageText, []byte("ping")))
	_, message, err := conn.Read(ctx)
	require.NoError(t, err)
	assert.Equal(t, "echo: ping", string(message))
}

// TestApplicationInChain tests an application inside a chain of net/http middlewares.
func TestApplicationInChain(t *testing.T) {
	outside := adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("X-Outside", "1")
			next.ServeHTTP(w, r)
		})
	addRoutes := func(e *echo.Echo) {
		e.GET("/items/:id", func(c *echo.Context) error { return c.String(200, c.Param("id")) })
		e.GET("/panic", func(*echo.Context) error { panic("secret") })
		e.GET("/error", func(*echo.Context) error { return errjson.Gone("Gone.") })
		e.GET("/flush", func(c *echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(c.Response(), "data: 1\n\n")
			rc := http.NewResponseController(c.Response())
			return errors.Join(rc.Flush(), rc.SetWriteDeadline(time.Now().Add(time.Minute)))
		})
	}

	e := newEcho()
	addRoutes(e)
	c := adaptertest.Serve(t, alice.New(restful.Wrap, cors.Wrap, outside).Then(e))
	assert.Equal(t, "200; Content-Length: 1; Content-Type: text/plain; charset=UTF-8; "+
		"Vary: Origin; X-Outside: 1; 7", c.Get("/items/7"))
	preflight := c.Do("OPTIONS", "/items/7", nil,
		"Origin", "https://a.example", "Access-Control-Request-Method", "GET")
	assert.Contains(t, preflight, "204; Access-Control-Allow-Origin: https://a.example; ")
	assert.Equal(t, "200; Content-Type: text/event-stream; Vary: Origin; X-Outside: 1; data: 1\n",
		c.Get("/flush"))
	assert.True(t, strings.HasPrefix(c.Get("/panic"), "500; Content-Length: "))
	assert.Contains(t, c.Get("/panic"), `; {"message":"`)
	assert.Contains(t, c.Get("/none"), `; {"message":"Not Found"}`, "Echo's own error response")

	e, _ = newApp(nil)
	addRoutes(e)
	c = adaptertest.Serve(t, restful.Wrap(e))
	assert.Contains(t, c.Get("/error"), `; {"message":"Gone."}`, "the renderer of the chain")
	assert.Contains(t, c.Do("POST", "/items/7", nil), `405; Allow: OPTIONS, GET; `)
}
