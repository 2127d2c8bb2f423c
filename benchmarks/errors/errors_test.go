// Package errors_test measures errjson and status side by side with what other
// libraries offer for the same: recovering from a panic, answering an error as
// JSON, answering a value as JSON, and standing between a handler and its writer.
//
// The name of a benchmark is Benchmark<Area>/<case>/<library>. "bare" is what the
// standard library does alone. hipflask is a function that a handler calls, as
// those of render are, and hipflask-wrapped the same inside Wrap; where Wrap is
// what does the work, there is only one. gin, echo4, echo5 and huma run inside
// their engines, whose routing of one static route is in their figures; negroni
// runs as a chain of one handler.
// The writer is reused and forgets everything, so that no socket is measured,
// but for BenchmarkWriter, which is about sockets.
//
// Take the minimum of several interleaved rounds:
//
//	go test -c -o /tmp/errors.test ./errors
//	for i in 1 2 3 4 5 6 7 8; do /tmp/errors.test -test.run '^$' -test.bench . -test.benchtime 40ms -test.cpu 1 -test.benchmem; done
package errors_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/render"
	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"
	echo4 "github.com/labstack/echo/v4"
	echo4middleware "github.com/labstack/echo/v4/middleware"
	"github.com/labstack/echo/v5"
	echo5middleware "github.com/labstack/echo/v5/middleware"
	"github.com/urfave/negroni/v3"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// A writer takes an answer and forgets it, but for the status and the length, by
// which a benchmark knows that it measures what it says.
type writer struct {
	header http.Header
	status int
	bytes  int
}

func newWriter() *writer { return &writer{header: make(http.Header, 8)} }

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.bytes += len(p)
	return len(p), nil
}

func (w *writer) Flush() {}

func (w *writer) reset() {
	clear(w.header)
	w.status, w.bytes = 0, 0
}

// A library is a handler that does the work of a case.
type library struct {
	name    string
	handler http.Handler
}

// run measures libraries with one request, and fails where one answers with
// another status, or without any byte of a body where there is to be one.
func run(b *testing.B, r *http.Request, status int, body bool, libraries []library) {
	b.Helper()
	for _, lib := range libraries {
		b.Run(lib.name, func(b *testing.B) {
			w := newWriter()
			lib.handler.ServeHTTP(w, r)
			// Of a handler that writes nothing, net/http makes a 200.
			if w.status != status && (w.status != 0 || status != http.StatusOK) {
				b.Fatalf("status %d, want %d", w.status, status)
			}
			if body && w.bytes == 0 {
				b.Fatal("no body")
			}
			b.ReportAllocs()
			for b.Loop() {
				w.reset()
				lib.handler.ServeHTTP(w, r)
			}
		})
	}
}

func get(path string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://example.com"+path, http.NoBody)
	if err != nil {
		panic(err)
	}
	r.RequestURI = path
	return r
}

// quiet logs in full, as JSON, and throws the logs away.
var quiet = slog.New(slog.NewJSONHandler(io.Discard, nil))

var renderer = errjson.NewRenderer(errjson.Config{Logger: quiet})

func wrap(next http.Handler) http.Handler { return renderer.Wrap(next) }

func newGin(handler gin.HandlerFunc, middlewares ...gin.HandlerFunc) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(middlewares...)
	engine.GET("/", handler)
	return engine
}

func newEcho4(handler echo4.HandlerFunc, middlewares ...echo4.MiddlewareFunc) http.Handler {
	e := echo4.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middlewares...)
	e.GET("/", handler)
	return e
}

func newEcho5(handler echo.HandlerFunc, middlewares ...echo.MiddlewareFunc) http.Handler {
	e := echo.New()
	e.Logger = quiet
	e.Use(middlewares...)
	e.GET("/", handler)
	return e
}

func newNegroni(handler http.HandlerFunc) http.Handler {
	recovery := negroni.NewRecovery()
	recovery.Logger = log.New(io.Discard, "", 0)
	recovery.PrintStack = false // else the stack goes to the client
	return negroni.New(recovery, negroni.WrapFunc(handler))
}

// newHuma returns a huma API on a ServeMux with one operation.
func newHuma[O any](handler func(context.Context, *struct{}) (*O, error)) http.Handler {
	mux := http.NewServeMux()
	huma.Get(humago.New(mux, huma.DefaultConfig("benchmark", "1")), "/", handler)
	return mux
}

var two = []byte("ok")

func BenchmarkRecover(b *testing.B) {
	b.Run("happy", func(b *testing.B) {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(two) })
		run(b, get("/"), http.StatusOK, true, []library{
			{"bare", handler},
			{"hipflask", wrap(handler)},
			{"chi", chimiddleware.Recoverer(handler)},
			{"gorilla", handlers.RecoveryHandler()(handler)},
			{"gin", newGin(func(c *gin.Context) { _, _ = c.Writer.Write(two) }, gin.RecoveryWithWriter(io.Discard))},
			{"echo5", newEcho5(func(c *echo.Context) error { _, err := c.Response().Write(two); return err }, echo5middleware.Recover())},
			{"echo4", newEcho4(func(c echo4.Context) error { _, err := c.Response().Write(two); return err }, echo4middleware.Recover())},
			{"negroni", newNegroni(handler)},
		})
	})

	// A panic that is answered with a 500, and logged with its stack.
	b.Run("panic", func(b *testing.B) {
		silenceStderr(b) // where chi logs to
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
		run(b, get("/"), http.StatusInternalServerError, false, []library{
			{"hipflask", wrap(handler)},
			{"chi", chimiddleware.Recoverer(handler)},
			{"gorilla", handlers.RecoveryHandler(
				handlers.PrintRecoveryStack(true), handlers.RecoveryLogger(log.New(io.Discard, "", 0)))(handler)},
			{"gin", newGin(func(*gin.Context) { panic("boom") }, gin.RecoveryWithWriter(io.Discard))},
			{"echo5", newEcho5(func(*echo.Context) error { panic("boom") }, echo5middleware.Recover())},
			{"echo4", newEcho4(func(echo4.Context) error { panic("boom") }, echo4middleware.Recover())},
			{"negroni", newNegroni(handler)},
		})
	})

	// The same without a stack: nobody wants the log.
	b.Run("panic-unlogged", func(b *testing.B) {
		silent := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
		handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
		run(b, get("/"), http.StatusInternalServerError, false, []library{
			{"hipflask", silent.Wrap(handler)},
			{"gorilla", handlers.RecoveryHandler(handlers.RecoveryLogger(log.New(io.Discard, "", 0)))(handler)},
			{"gin", newGin(func(*gin.Context) { panic("boom") }, gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, _ any) {
				c.AbortWithStatusJSON(http.StatusInternalServerError, problem{"Internal Server Error", "the server met an error", 500})
			}))},
			{"echo5", newEcho5(func(*echo.Context) error { panic("boom") },
				must(echo5middleware.RecoverConfig{DisablePrintStack: true}.ToMiddleware()))},
			{"echo4", newEcho4(func(echo4.Context) error { panic("boom") },
				echo4middleware.RecoverWithConfig(echo4middleware.RecoverConfig{DisablePrintStack: true}))},
		})
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// silenceStderr points os.Stderr at nothing until the benchmark is over.
func silenceStderr(b *testing.B) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	stderr := *os.Stderr
	*os.Stderr = *null
	b.Cleanup(func() {
		*os.Stderr = stderr
		_ = null.Close()
	})
}

// problem is the body that gin and others have to be given.
type problem struct {
	Error   string `json:"error"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

func BenchmarkError(b *testing.B) {
	b.Run("404", func(b *testing.B) {
		hipflask := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			renderer.Write(w, r, errjson.NotFound("no item 7"))
		})
		run(b, get("/"), http.StatusNotFound, true, []library{
			{"bare", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no item 7", http.StatusNotFound) })},
			{"hipflask", hipflask},
			{"hipflask-wrapped", wrap(hipflask)},
			{"chi", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				render.Status(r, http.StatusNotFound)
				render.JSON(w, r, problem{"Not Found", "no item 7", 404})
			})},
			{"gin", newGin(func(c *gin.Context) {
				c.JSON(http.StatusNotFound, problem{"Not Found", "no item 7", 404})
			})},
			{"gin-map", newGin(func(c *gin.Context) {
				c.AbortWithStatusJSON(http.StatusNotFound, gin.H{"error": "Not Found", "message": "no item 7", "status": 404})
			})},
			{"echo5", newEcho5(func(*echo.Context) error { return echo.NewHTTPError(http.StatusNotFound, "no item 7") })},
			{"echo4", newEcho4(func(echo4.Context) error { return echo4.NewHTTPError(http.StatusNotFound, "no item 7") })},
			{"huma", newHuma(func(context.Context, *struct{}) (*struct{}, error) { return nil, huma.Error404NotFound("no item 7") })},
		})
	})

	// The router's own 404. Only echo's is JSON without hipflask.
	b.Run("router404", func(b *testing.B) {
		router := http.NewServeMux()
		router.HandleFunc("/known", func(http.ResponseWriter, *http.Request) {})
		chiRouter := chi.NewRouter()
		chiRouter.Get("/known", func(http.ResponseWriter, *http.Request) {})
		gorillaRouter := mux.NewRouter()
		gorillaRouter.HandleFunc("/known", func(http.ResponseWriter, *http.Request) {})
		run(b, get("/nope"), http.StatusNotFound, true, []library{
			{"bare", router},
			{"hipflask", wrap(router)},
			{"chi", chiRouter},
			{"gorilla", gorillaRouter},
			{"gin", newGin(func(*gin.Context) {})},
			{"echo5", newEcho5(func(*echo.Context) error { return nil })},
			{"echo4", newEcho4(func(echo4.Context) error { return nil })},
		})
	})

	// http.NotFound alone, without a router's search.
	b.Run("text404", func(b *testing.B) {
		run(b, get("/nope"), http.StatusNotFound, true, []library{
			{"bare", http.HandlerFunc(http.NotFound)},
			{"hipflask", wrap(http.HandlerFunc(http.NotFound))},
		})
	})
}

// user is 106 bytes as JSON.
type user struct {
	ID     int      `json:"id"`
	Name   string   `json:"name"`
	Email  string   `json:"email"`
	Active bool     `json:"active"`
	Tags   []string `json:"tags"`
}

var (
	small = user{ID: 42, Name: "Ada Lovelace", Email: "ada@example.com", Active: true, Tags: []string{"admin", "analyst", "london"}}
	large = func() []user {
		list := make([]user, 97)
		for i := range list {
			list[i] = user{ID: 100 + i, Name: fmt.Sprintf("User Number %d", i), Email: "user@example.com", Active: i%2 == 0, Tags: []string{"admin", "staff"}}
		}
		return list
	}()
	members = map[string]any{"id": 42, "name": "Ada Lovelace", "active": true, "email": "ada@example.com"}
)

func BenchmarkJSON(b *testing.B) {
	benchmarkJSON(b, "small", small)
	benchmarkJSON(b, "large", large)
	benchmarkJSON(b, "map", members)
}

func benchmarkJSON[T any](b *testing.B, name string, value T) {
	var body any = value // once: none of the libraries is charged for the interface
	type output struct{ Body T }
	result := &output{Body: value}
	b.Run(name, func(b *testing.B) {
		run(b, get("/"), http.StatusOK, true, []library{
			{"bare", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				data, err := json.Marshal(body)
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(data)
			})},
			{"hipflask", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _ = status.JSON(w, http.StatusOK, body) })},
			{"hipflask-wrapped", wrap(status.Handler(func(*http.Request) (any, error) { return body, nil }))},
			{"render", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { render.JSON(w, r, body) })},
			{"gin", newGin(func(c *gin.Context) { c.JSON(http.StatusOK, body) })},
			{"echo5", newEcho5(func(c *echo.Context) error { return c.JSON(http.StatusOK, body) })},
			{"echo4", newEcho4(func(c echo4.Context) error { return c.JSON(http.StatusOK, body) })},
			{"huma", newHuma(func(context.Context, *struct{}) (*output, error) { return result, nil })},
		})
	})
}

// BenchmarkWriter copies a file of 64 KiB to a client on the loopback
// interface: what costs a writer its ReadFrom shows here, as 32 KiB of buffer.
func BenchmarkWriter(b *testing.B) {
	path := b.TempDir() + "/file"
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 64<<10)), 0o600); err != nil {
		b.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(path)
		if err != nil {
			panic(err)
		}
		defer func() { _ = f.Close() }()
		w.Header().Set("Content-Length", "65536")
		_, _ = io.Copy(w, f)
	})
	b.Run("copy64k", func(b *testing.B) {
		for _, lib := range []library{
			{"bare", handler},
			{"hipflask", wrap(handler)},
			{"chi", chimiddleware.Recoverer(handler)},
			{"chi-logger", chimiddleware.RequestLogger(&chimiddleware.DefaultLogFormatter{Logger: log.New(io.Discard, "", 0), NoColor: true})(handler)},
			{"gorilla", handlers.RecoveryHandler()(handler)},
			{"gin", newGin(func(c *gin.Context) { handler(c.Writer, c.Request) })},
			{"echo5", newEcho5(func(c *echo.Context) error { handler(c.Response(), c.Request()); return nil })},
		} {
			b.Run(lib.name, func(b *testing.B) {
				server := httptest.NewServer(lib.handler)
				defer server.Close()
				client := server.Client()
				b.SetBytes(64 << 10)
				b.ReportAllocs()
				for b.Loop() {
					resp, err := client.Get(server.URL)
					if err != nil {
						b.Fatal(err)
					}
					n, err := io.Copy(io.Discard, resp.Body)
					if err != nil || n != 64<<10 {
						b.Fatal(n, err)
					}
					_ = resp.Body.Close()
				}
			})
		}
	})
}
