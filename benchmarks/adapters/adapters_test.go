// Package adapters_test measures what net/http middlewares cost inside Gin and
// Echo, side by side with the other ways of getting them there.
//
// The benchmarks are named BenchmarkGin/<case>/<library>, and so for Echo5 and
// Echo4. The library "native" is what the framework costs with a middleware of its
// own that does the same, or none; "gwatts" is gin-adapter, "std" is
// echo.WrapMiddleware. The cases:
//
//	wrap-1       a middleware that only calls the next handler
//	wrap-4       four of them: one Wrap of four, and four times one of the others
//	wrap-writer  a middleware with a writer of its own, and a handler that writes
//	value        a middleware that puts a value into the context, for the handler
//	errors       Gin: a request that succeeds behind Errors; Echo: one that fails,
//	             with Echo's own HTTPErrorHandler and with ErrorHandler
//	cors         a request from another origin; "others" is gin-contrib/cors and
//	             Echo's own
//
// On Linux, cpu-ns/op is the CPU time of the benchmark's thread, which other work
// on the machine disturbs less than ns/op.
package adapters_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
	gwatts "github.com/gwatts/gin-adapter"
	echov4 "github.com/labstack/echo/v4"
	echov4middleware "github.com/labstack/echo/v4/middleware"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	echov4adapter "github.com/hipflask/hipflask/adapters/echov4"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/corsmw"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// origin is not that of the request itself, which is example.com.
const origin = "https://app.example"

var (
	cors  = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{origin}}))
	hello = []byte("hello")
)

type key struct{}

func pass(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, r) })
}

// counter is a writer as middlewares have them.
type counter struct {
	http.ResponseWriter
	n int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}

func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&counter{ResponseWriter: w}, r)
	})
}

func valued(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "value")))
	})
}

func check(ctx context.Context) {
	if ctx.Value(key{}) != "value" {
		panic("the value is not there")
	}
}

// A contender is one library in one case: a whole application.
type contender struct {
	name string
	app  http.Handler
}

type suite []struct {
	name       string
	contenders []contender
}

// run measures every contender, after a look at its answer.
func (s suite) run(b *testing.B) {
	for _, c := range s {
		b.Run(c.name, func(b *testing.B) {
			want := ""
			for _, lib := range c.contenders {
				b.Run(lib.name, func(b *testing.B) {
					r := httptest.NewRequest("GET", "/", nil)
					if c.name == "cors" {
						r.Header.Set("Origin", origin)
					}
					rec := httptest.NewRecorder()
					lib.app.ServeHTTP(rec, r)
					got := http.StatusText(rec.Code)
					if c.name != "errors" { // of which the bodies differ
						got += rec.Body.String()
					}
					if c.name == "cors" && lib.name != "native" {
						got += rec.Header().Get("Access-Control-Allow-Origin")
					}
					if want == "" || c.name == "cors" && lib.name == "hipflask" {
						want = got
					}
					if got != want {
						b.Fatalf("the answer is %q, and that of the first %q", got, want)
					}
					measure(b, lib.app, r)
				})
			}
		})
	}
}

// discard is a writer that keeps nothing, and allocates nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header               { return d.header }
func (d *discard) Write(p []byte) (int, error)       { return len(p), nil }
func (d *discard) WriteString(s string) (int, error) { return len(s), nil }
func (d *discard) WriteHeader(int)                   {}

func measure(b *testing.B, h http.Handler, r *http.Request) {
	w := &discard{make(http.Header)}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 10_000 { // the first to run would otherwise pay for the heap of all
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	runtime.GC()
	b.ReportAllocs()
	start := threadTime()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	if spent := threadTime() - start; spent > 0 {
		b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
	}
}

func BenchmarkGin(b *testing.B) {
	a := ginadapter.New(nil)
	app := func(handler gin.HandlerFunc, middlewares ...gin.HandlerFunc) http.Handler {
		engine := gin.New()
		engine.Use(middlewares...)
		engine.GET("/", handler)
		return engine
	}
	nothing := func(*gin.Context) {}
	native := func(c *gin.Context) { c.Next() }
	write := func(c *gin.Context) { _, _ = c.Writer.Write(hello) }
	read := func(c *gin.Context) { check(c.Request.Context()) }
	suite{
		{"wrap-1", []contender{
			{"native", app(nothing, native)},
			{"hipflask", app(nothing, a.Wrap(pass))},
			{"gwatts", app(nothing, gwatts.Wrap(pass))},
		}},
		{"wrap-4", []contender{
			{"native", app(nothing, native, native, native, native)},
			{"hipflask", app(nothing, a.Wrap(pass, pass, pass, pass))},
			{"gwatts", app(nothing, gwatts.Wrap(pass), gwatts.Wrap(pass), gwatts.Wrap(pass), gwatts.Wrap(pass))},
		}},
		{"wrap-writer", []contender{
			{"native", app(write, func(c *gin.Context) {
				before := c.Writer
				c.Writer = &ginCounter{ResponseWriter: before}
				c.Next()
				c.Writer = before
			})},
			{"hipflask", app(write, a.Wrap(counting))},
			{"gwatts", app(write, gwatts.Wrap(counting))},
		}},
		{"value", []contender{
			{"native", app(read, func(c *gin.Context) {
				c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), key{}, "value"))
				c.Next()
			})},
			{"hipflask", app(read, a.Wrap(valued))},
			{"gwatts", app(read, gwatts.Wrap(valued))},
		}},
		{"errors", []contender{
			{"native", app(write)},
			{"hipflask", app(write, a.Errors)},
		}},
		{"cors", []contender{
			{"native", app(write)},
			{"hipflask", app(write, a.CORS(cors))},
			{"others", app(write, gincors.New(gincors.Config{AllowOrigins: []string{origin}}))},
		}},
	}.run(b)
}

type ginCounter struct {
	gin.ResponseWriter
	n int
}

func (c *ginCounter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}

func BenchmarkEcho5(b *testing.B) {
	a := echoadapter.New(nil)
	app := func(handler echo.HandlerFunc, middlewares ...echo.MiddlewareFunc) *echo.Echo {
		e := echo.New()
		e.Logger = slog.New(slog.DiscardHandler)
		e.Use(middlewares...)
		e.GET("/", handler)
		return e
	}
	nothing := func(*echo.Context) error { return nil }
	native := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error { return next(c) }
	}
	write := func(c *echo.Context) error { _, err := c.Response().Write(hello); return err }
	read := func(c *echo.Context) error { check(c.Request().Context()); return nil }
	fail := func(*echo.Context) error { return echo.NewHTTPError(409, "It exists.") }
	failing := app(fail)
	failing.HTTPErrorHandler = a.ErrorHandler
	std := echo.WrapMiddleware
	suite{
		{"wrap-1", []contender{
			{"native", app(nothing, native)},
			{"hipflask", app(nothing, a.Wrap(pass))},
			{"std", app(nothing, std(pass))},
		}},
		{"wrap-4", []contender{
			{"native", app(nothing, native, native, native, native)},
			{"hipflask", app(nothing, a.Wrap(pass, pass, pass, pass))},
			{"std", app(nothing, std(pass), std(pass), std(pass), std(pass))},
		}},
		{"wrap-writer", []contender{
			{"native", app(write, func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					before := c.Response()
					defer c.SetResponse(before)
					c.SetResponse(&counter{ResponseWriter: before})
					return next(c)
				}
			})},
			{"hipflask", app(write, a.Wrap(counting))},
			{"std", app(write, std(counting))},
		}},
		{"value", []contender{
			{"native", app(read, func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c *echo.Context) error {
					c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), key{}, "value")))
					return next(c)
				}
			})},
			{"hipflask", app(read, a.Wrap(valued))},
			{"std", app(read, std(valued))},
		}},
		{"errors", []contender{
			{"native", app(fail)},
			{"hipflask", failing},
		}},
		{"cors", []contender{
			{"native", app(write)},
			{"hipflask", app(write, a.CORS(cors))},
			{"others", app(write, echomiddleware.CORSWithConfig(echomiddleware.CORSConfig{AllowOrigins: []string{origin}}))},
		}},
	}.run(b)
}

func BenchmarkEcho4(b *testing.B) {
	a := echov4adapter.New(nil)
	app := func(handler echov4.HandlerFunc, middlewares ...echov4.MiddlewareFunc) *echov4.Echo {
		e := echov4.New()
		e.Logger.SetOutput(io.Discard)
		e.Use(middlewares...)
		e.GET("/", handler)
		return e
	}
	nothing := func(echov4.Context) error { return nil }
	native := func(next echov4.HandlerFunc) echov4.HandlerFunc {
		return func(c echov4.Context) error { return next(c) }
	}
	write := func(c echov4.Context) error { _, err := c.Response().Write(hello); return err }
	read := func(c echov4.Context) error { check(c.Request().Context()); return nil }
	fail := func(echov4.Context) error { return echov4.NewHTTPError(409, "It exists.") }
	failing := app(fail)
	failing.HTTPErrorHandler = a.ErrorHandler
	std := echov4.WrapMiddleware
	suite{
		{"wrap-1", []contender{
			{"native", app(nothing, native)},
			{"hipflask", app(nothing, a.Wrap(pass))},
			{"std", app(nothing, std(pass))},
		}},
		{"wrap-4", []contender{
			{"native", app(nothing, native, native, native, native)},
			{"hipflask", app(nothing, a.Wrap(pass, pass, pass, pass))},
			{"std", app(nothing, std(pass), std(pass), std(pass), std(pass))},
		}},
		{"wrap-writer", []contender{
			{"native", app(write, func(next echov4.HandlerFunc) echov4.HandlerFunc {
				return func(c echov4.Context) error {
					response := c.Response()
					before := response.Writer
					defer func() { response.Writer = before }()
					response.Writer = &counter{ResponseWriter: before}
					return next(c)
				}
			})},
			{"hipflask", app(write, a.Wrap(counting))},
			{"std", app(write, std(counting))},
		}},
		{"value", []contender{
			{"native", app(read, func(next echov4.HandlerFunc) echov4.HandlerFunc {
				return func(c echov4.Context) error {
					c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), key{}, "value")))
					return next(c)
				}
			})},
			{"hipflask", app(read, a.Wrap(valued))},
			{"std", app(read, std(valued))},
		}},
		{"errors", []contender{
			{"native", app(fail)},
			{"hipflask", failing},
		}},
		{"cors", []contender{
			{"native", app(write)},
			{"hipflask", app(write, a.CORS(cors))},
			{"others", app(write, echov4middleware.CORSWithConfig(echov4middleware.CORSConfig{AllowOrigins: []string{origin}}))},
		}},
	}.run(b)
}
