package echoadapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
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
	cors      = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://a.example"}}))
	errKnown  = errors.New("a rule knows this error")
	errSecret = errors.New("secret: db-7 is down")
)

// recorded returns a Wrap with a writer of its own for each request.
func recorded() echo.MiddlewareFunc {
	return echoadapter.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&adaptertest.Recorder{ResponseWriter: w}, r)
	}))
}

func TestErrorHandler(t *testing.T) {
	failure := adaptertest.Failure
	for _, v := range []struct {
		name    string
		handler echo.HandlerFunc
		want    string
	}{
		{"an error", func(*echo.Context) error { return errSecret }, failure(500, "")},
		{"an error of ours", func(*echo.Context) error { return errjson.Gone("Gone.") }, failure(410, "Gone.")},
		{"wrapped", func(*echo.Context) error { return fmt.Errorf("x: %w", errjson.Gone("Gone.")) }, failure(410, "Gone.")},
		{"an error that a rule takes", func(*echo.Context) error { return errKnown }, failure(409, "By a rule.")},
		{"an HTTPError", func(*echo.Context) error { return echo.NewHTTPError(418, "Short and stout.") }, failure(418, "Short and stout.")},
		{"an HTTPError, wrapped", func(*echo.Context) error { return fmt.Errorf("x: %w", echo.NewHTTPError(418, "Short and stout.")) },
			failure(418, "Short and stout.")},
		{"an HTTPError, joined", func(*echo.Context) error { return errors.Join(errSecret, echo.NewHTTPError(418, "Short and stout.")) },
			failure(418, "Short and stout.")},
		{"an HTTPError with the text of its status", func(*echo.Context) error { return echo.NewHTTPError(404, "Not Found") }, failure(404, "")},
		{"an HTTPError of the server", func(*echo.Context) error { return echo.NewHTTPError(503, "Back at noon.") }, failure(503, "Back at noon.")},
		{"an HTTPError around ours", func(*echo.Context) error { return wrapping(echo.NewHTTPError(400, "Outer."), errjson.Gone("Gone.")) },
			failure(400, "Outer.")},
		{"ours around an HTTPError", func(*echo.Context) error {
			return &errjson.Error{Status: 410, Message: "Gone.", Err: echo.NewHTTPError(400, "Inner.")}
		}, failure(410, "Gone.")},
		{"a sentinel of Echo", func(*echo.Context) error { return echo.ErrUnauthorized }, failure(401, "")},
		{"an error with a status", func(*echo.Context) error { return coded{} }, failure(418, "")},
		{"a status that is none", func(*echo.Context) error { return echo.NewHTTPError(200, "fine") }, failure(500, "")},
		{"a body that is too large", func(*echo.Context) error { return fmt.Errorf("x: %w", &http.MaxBytesError{Limit: 1}) },
			failure(413, "", "Connection: close")},
	} {
		for how, middlewares := range map[string][]echo.MiddlewareFunc{
			"alone": nil, "in a Wrap": {echoadapter.Wrap(errjson.Recover)}, "behind a writer": {recorded()},
		} {
			t.Run(v.name+" "+how, func(t *testing.T) {
				e := newEcho()
				e.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{
					Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
				}))
				e.GET("/", v.handler, middlewares...)
				e.HEAD("/", v.handler, middlewares...)
				c := adaptertest.Serve(t, e)
				want := v.want
				// net/http's client takes the field for itself.
				want = strings.Replace(want, "Connection: close; ", "", 1)
				assert.Equal(t, want, strings.Replace(c.Get("/"), "Connection: close; ", "", 1))
				head, _, _ := strings.Cut(want, "{")
				assert.Equal(t, head, strings.Replace(c.Do("HEAD", "/", nil), "Connection: close; ", "", 1))
			})
		}
	}
}

// coded is an error of another library.
type coded struct{}

func (coded) Error() string   { return "secret" }
func (coded) StatusCode() int { return 418 }

// TestErrorHandlerCommitted tests that nothing is added to an answer that was sent.
func TestErrorHandlerCommitted(t *testing.T) {
	var reported []error
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Err) },
	}))
	e.GET("/", func(c *echo.Context) error {
		_ = c.String(200, "sent")
		return errSecret
	})
	e.GET("/abort", func(c *echo.Context) error {
		_ = c.String(200, "sent")
		return fmt.Errorf("x: %w", http.ErrAbortHandler)
	})
	assert.Equal(t, "200; Content-Length: 4; Content-Type: text/plain; charset=UTF-8; sent", adaptertest.Serve(t, e).Get("/"))
	assert.Equal(t, []error{errSecret}, reported, "it is reported all the same")
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/abort", nil))
	})
}

// TestFlushCommits tests that nothing is added to an answer of which a middleware
// has flushed the header.
func TestFlushCommits(t *testing.T) {
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	e.Use(echoadapter.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.(http.Flusher).Flush()
		next.ServeHTTP(w, r)
	})))
	e.GET("/", func(*echo.Context) error { return errSecret })
	assert.Equal(t, "200; ", adaptertest.Serve(t, e).Get("/"))
}

// TestErrorHandlerOnce tests that a failure is logged and reported once, however
// often the handler is called.
func TestErrorHandlerOnce(t *testing.T) {
	var log bytes.Buffer
	var reported []int
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) },
	}))
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			err := next(c)
			handleError(c, err) // as Echo's logger does
			return err
		}
	})
	e.Use(recorded())
	e.GET("/items/:id", func(*echo.Context) error { return errSecret })
	assert.Equal(t, adaptertest.Failure(500, ""), adaptertest.Serve(t, e).Get("/items/7"))
	var record map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &record), "one record: %s", log.String())
	assert.Equal(t, "/items/:id", record["pattern"])
	assert.Equal(t, "secret: db-7 is down", record["error"])
	assert.Equal(t, []int{500}, reported)
}

// TestContract tests the ways of failing that only Echo has, with a renderer that is
// not the default.
func TestContract(t *testing.T) {
	var reported []int
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{
		Format: errjson.Problem,
		Rules:  []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) },
	}))
	e.GET("/call", func(c *echo.Context) error { handleError(c, errKnown); return nil })
	e.GET("/panic", func(*echo.Context) error { panic(errKnown) }, middleware.Recover())
	c := adaptertest.Serve(t, e)
	for _, path := range []string{"/call", "/panic"} {
		reported = nil
		got := c.Get(path)
		assert.Contains(t, got, "409; ", path)
		assert.Contains(t, got, "Content-Type: application/problem+json; ", path)
		assert.Equal(t, []int{409}, reported, path)
	}
}

// TestWrapHandler tests what net/http handlers find behind a Wrap.
func TestWrapHandler(t *testing.T) {
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{Format: errjson.Restful}))
	e.Use(echoadapter.Wrap())
	e.GET("/items/:id", echo.WrapHandler(status.Handler(func(r *http.Request) (any, error) {
		return nil, errjson.NotFound("There is no " + r.PathValue("id") + " for " + r.Pattern + ".")
	})))
	got := adaptertest.Serve(t, e).Get("/items/7")
	assert.True(t, strings.HasSuffix(got, `{"message":"There is no 7 for /items/:id."}`), got)
}

// TestErrorHandlerIsFound tests with which renderer errjson.Write answers inside a
// Wrap.
func TestErrorHandlerIsFound(t *testing.T) {
	ours := echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{Format: errjson.Restful}))
	for name, v := range map[string]struct {
		set  func(*echo.Echo)
		want string
	}{
		"ours":                 {func(e *echo.Echo) { e.HTTPErrorHandler = ours }, `{"message":"Gone."}`},
		"ours, called by one":  {func(e *echo.Echo) { calling(e, ours) }, `{"message":"Gone."}`},
		"one that tells":       {func(e *echo.Echo) { telling(t, e) }, `{"error":"Gone","message":"Gone.","status":410}`},
		"Echo's own":           {func(*echo.Echo) {}, `{"error":"Gone","message":"Gone.","status":410}`},
		"one that panics":      {func(e *echo.Echo) { panicking(e) }, `{"error":"Gone","message":"Gone.","status":410}`},
		"nil, for the default": {func(e *echo.Echo) { e.HTTPErrorHandler = echoadapter.ErrorHandler(nil) }, `{"error":"Gone","message":"Gone.","status":410}`},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEcho()
			v.set(e)
			e.GET("/", func(*echo.Context) error { return nil }, echoadapter.Wrap(adaptertest.Through(
				func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
					errjson.Write(w, r, errjson.Gone("Gone."))
				})))
			c := adaptertest.Serve(t, e)
			for range 2 {
				got := c.Get("/")
				assert.True(t, strings.HasSuffix(got, v.want), got)
			}
		})
	}
}

// TestE31 tests that the hooks of the response outside are called once.
func TestE31BeforeAndAfter(t *testing.T) {
	for name, middlewares := range map[string]echo.MiddlewareFunc{"wrapped": recorded(), "unwrapped": echoadapter.Wrap(errjson.Recover)} {
		t.Run(name, func(t *testing.T) {
			e := newEcho()
			var calls []string
			e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					response := responseOf(c)
					response.Before(func() { calls = append(calls, "before") })
					response.After(func() { calls = append(calls, "after") })
					return next(c)
				}
			}, middlewares)
			e.GET("/", func(c *echo.Context) error { return c.String(200, "hi") })
			assert.Contains(t, adaptertest.Serve(t, e).Get("/"), "; hi")
			assert.Equal(t, []string{"before", "after"}, calls)
		})
	}
}

// TestE32 tests that a log of Echo's own outside reads the status.
func TestE32NativeLog(t *testing.T) {
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	var statuses []int
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			err := next(c)
			statuses = append(statuses, responseOf(c).Status)
			return err
		}
	})
	e.Use(recorded())
	e.Use(echoadapter.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.WriteHeader(103)
		next.ServeHTTP(w, r)
	})))
	e.GET("/", func(c *echo.Context) error { return c.String(201, "made") })
	c := adaptertest.Serve(t, e)
	assert.Contains(t, c.Get("/"), "201; ")
	assert.Contains(t, c.Get("/none"), "404; ")
	assert.Equal(t, []int{201, 404}, statuses)
}

// TestE37 tests that a context keeps its own response when it is used again.
func TestE37OwnResponse(t *testing.T) {
	e := newEcho()
	own := make(map[any]map[*echo.Response]bool)
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			if own[c] == nil {
				own[c] = make(map[*echo.Response]bool)
			}
			own[c][responseOf(c)] = true
			return next(c)
		}
	})
	e.Use(recorded())
	e.GET("/", func(c *echo.Context) error { return c.String(200, "hi") })
	for range 50 {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	for _, responses := range own {
		assert.Len(t, responses, 1)
	}
}

// TestE39 documents the price of answering inside: an HTTPErrorHandler must look
// whether the response is committed.
func TestE39CommittedIsNotLookedAt(t *testing.T) {
	e := newEcho()
	ignoring(e)
	e.Use(recorded())
	e.GET("/", func(c *echo.Context) error { return errSecret })
	assert.Equal(t, "500; Content-Length: 2; Content-Type: text/plain; charset=UTF-8; EE", adaptertest.Serve(t, e).Get("/"))

	e = newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	e.Use(recorded())
	e.GET("/", func(c *echo.Context) error { return errSecret })
	assert.Equal(t, adaptertest.Failure(500, ""), adaptertest.Serve(t, e).Get("/"))
}

// TestCORSPre tests a policy before the routing.
func TestCORSPre(t *testing.T) {
	e := newEcho()
	e.Pre(echoadapter.CORS(cors))
	e.GET("/", func(c *echo.Context) error { return c.String(200, "hi") })
	c := adaptertest.Serve(t, e)
	assert.Contains(t, c.Do("OPTIONS", "/", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"),
		"204; Access-Control-Allow-Origin: https://a.example; ")
	assert.Contains(t, c.Do("GET", "/", nil, "Origin", "https://a.example"), "200; Access-Control-Allow-Origin: https://a.example; ")
}

// TestWebsocket runs a real library through everything.
func TestWebsocket(t *testing.T) {
	e := newEcho()
	e.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	e.Use(echoadapter.CORS(cors), echoadapter.Wrap(errjson.Wrap, cors.Wrap), recorded())
	e.GET("/echo", func(c *echo.Context) error { return echoMessage(c.Response(), c.Request()) })
	e.GET("/http", func(*echo.Context) error { return nil }, echoadapter.Wrap(adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, _ http.Handler) { _ = echoMessage(w, r) })))
	for name, h := range map[string]http.Handler{"app": e, "inside a chain": alice.New(errjson.Wrap, cors.Wrap).Then(e)} {
		srv := httptest.NewServer(h)
		for _, path := range []string{"/echo", "/http"} {
			t.Run(name+path, func(t *testing.T) { echoOnce(t, srv.URL+path) })
		}
		srv.Close()
	}
}

// echoMessage sends one message back.
func echoMessage(w http.ResponseWriter, r *http.Request) error {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil // Accept has answered
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

// TestWholeApp is about the other direction: an application inside a chain.
func TestWholeApp(t *testing.T) {
	outside := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("X-Outside", "1")
		next.ServeHTTP(w, r)
	})
	app := func(handler echo.HTTPErrorHandler) *echo.Echo {
		e := newEcho()
		if handler != nil {
			e.HTTPErrorHandler = handler
		}
		e.GET("/items/:id", func(c *echo.Context) error { return c.String(200, c.Param("id")) })
		e.GET("/panic", func(*echo.Context) error { panic("secret") })
		e.GET("/error", func(*echo.Context) error { return errjson.Gone("Gone.") })
		e.GET("/flush", func(c *echo.Context) error {
			c.Response().Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(c.Response(), "data: 1\n\n")
			rc := http.NewResponseController(c.Response())
			return errors.Join(rc.Flush(), rc.SetWriteDeadline(time.Now().Add(time.Minute)))
		})
		return e
	}
	errs := errjson.NewRenderer(errjson.Config{Format: errjson.Restful})

	c := adaptertest.Serve(t, alice.New(errs.Wrap, cors.Wrap, outside).Then(app(nil)))
	assert.Equal(t, "200; Content-Length: 1; Content-Type: text/plain; charset=UTF-8; Vary: Origin; X-Outside: 1; 7", c.Get("/items/7"))
	assert.Contains(t, c.Do("OPTIONS", "/items/7", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"),
		"204; Access-Control-Allow-Origin: https://a.example; ")
	assert.Equal(t, "200; Content-Type: text/event-stream; Vary: Origin; X-Outside: 1; data: 1\n", c.Get("/flush"))
	assert.True(t, strings.HasPrefix(c.Get("/panic"), "500; Content-Length: "))
	assert.Contains(t, c.Get("/panic"), `; {"message":"`)
	// Echo has answered already, as JSON, when the errors come out: they are
	// those of Echo's own handler.
	assert.Contains(t, c.Get("/none"), `; {"message":"Not Found"}`)

	// Of two renderers the inner one answers, also where a writer hides it.
	e := app(echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{Format: errjson.Problem})))
	e.GET("/hidden", func(*echo.Context) error { return nil }, echoadapter.Wrap(adaptertest.Through(
		func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			errjson.Write(struct{ http.ResponseWriter }{w}, r, errjson.Gone("Gone."))
		})))
	assert.Contains(t, adaptertest.Serve(t, errs.Wrap(e)).Get("/hidden"), "Content-Type: application/problem+json; ")

	// With an ErrorHandler they are ours, with what it leaves unset from outside.
	c = adaptertest.Serve(t, errs.Wrap(app(echoadapter.ErrorHandler(nil))))
	assert.Contains(t, c.Get("/error"), `; {"message":"Gone."}`)
	assert.Contains(t, c.Do("POST", "/items/7", nil), `405; Allow: OPTIONS, GET; `)
}
