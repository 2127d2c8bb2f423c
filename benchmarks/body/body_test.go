// Package body_test compares what it costs to decode the JSON body of a request
// with this library, with the frameworks, and with decoders alone.
//
//	go test -run '^$' -bench 'Body/small' -benchmem ./body
//
// The names are BenchmarkBody/<case>/<library>. The libraries:
//
//   - floor-v2: a pooled buffer and the v2 decoder, without any check
//   - hipflask: the whole middleware, and the value out of the context
//   - gin, echo5, echo4, huma: their binding, with their routing
//   - render, fuego: their functions
//   - sonic, goccy: decoders in the place of the floor's, for orientation
//
// Besides the time of the clock, cpu-ns/op is the CPU time of the whole process, with
// that of the garbage collector.
//
// All get the same request: POST, application/json, a Content-Length, and a Body
// that can only be read.
package body_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/bytedance/sonic"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/render"
	"github.com/go-fuego/fuego"
	"github.com/go-json-experiment/json"
	gojson "github.com/goccy/go-json"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	"github.com/hipflask/hipflask/bodyjson"
)

// noLimit is for all libraries that have a limit.
const noLimit = 64 << 20

func libraries[T any]() []library {
	return []library{
		{"floor-v2", floor[T](func(b []byte, v any) error { return json.Unmarshal(b, v) })},
		{"hipflask", hipflask[T](bodyjson.Config{MaxBytes: noLimit})},
		{"gin", ginHandler[T]()},
		{"echo5", echo5Handler[T]()},
		{"echo4", echo4Handler[T]()},
		{"render", plain(func(r *http.Request, v *T) error { return render.DecodeJSON(r.Body, v) })},
		{"huma", humaHandler[T]()},
		{"fuego", plain(func(r *http.Request, v *T) (err error) { *v, err = fuego.ReadJSON[T](r.Context(), r.Body); return err })},
		{"sonic", floor[T](sonic.ConfigStd.Unmarshal)},
		{"goccy", floor[T](func(b []byte, v any) error { return gojson.Unmarshal(b, v) })},
	}
}

type library struct {
	name    string
	handler http.Handler
}

func hipflask[T any](cfg bodyjson.Config) http.Handler {
	return bodyjson.New[T](cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		v, _ := bodyjson.FromContext[T](r.Context())
		runtime.KeepAlive(&v)
	}))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// floor is a decoder with a pooled buffer of the right size: nothing that uses the
// same decoder can be faster.
func floor[T any](unmarshal func([]byte, any) error) http.Handler {
	return plain(func(r *http.Request, v *T) error {
		buf := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buf)
		buf.Reset()
		buf.Grow(int(r.ContentLength) + bytes.MinRead)
		if _, err := buf.ReadFrom(r.Body); err != nil {
			return err
		}
		return unmarshal(buf.Bytes(), v)
	})
}

func plain[T any](decode func(*http.Request, *T) error) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		v := new(T)
		if err := decode(r, v); err != nil {
			panic(err)
		}
		runtime.KeepAlive(v)
	})
}

func ginHandler[T any]() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.POST("/", func(c *gin.Context) {
		v := new(T)
		if err := c.ShouldBindJSON(v); err != nil {
			panic(err)
		}
		runtime.KeepAlive(v)
	})
	return e
}

func echo5Handler[T any]() http.Handler {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	e.POST("/", func(c *echo.Context) error {
		v := new(T)
		if err := c.Bind(v); err != nil {
			panic(err)
		}
		runtime.KeepAlive(v)
		return nil
	})
	return e
}

func echo4Handler[T any]() http.Handler {
	e := echov4.New()
	e.POST("/", func(c echov4.Context) error {
		v := new(T)
		if err := c.Bind(v); err != nil {
			panic(err)
		}
		runtime.KeepAlive(v)
		return nil
	})
	return e
}

func humaHandler[T any]() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("benchmark", "1"))
	type input struct{ Body T }
	huma.Register(api, huma.Operation{Method: http.MethodPost, Path: "/", MaxBodyBytes: noLimit, BodyReadTimeout: -1},
		func(_ context.Context, in *input) (*struct{}, error) {
			runtime.KeepAlive(&in.Body)
			return nil, nil
		})
	return mux
}

// reader is a Body that hides what it is.
type reader struct{ r bytes.Reader }

func (r *reader) Read(p []byte) (int, error) { return r.r.Read(p) }
func (r *reader) Close() error               { return nil }

// writer is a ResponseWriter that keeps nothing.
type writer struct{ header http.Header }

func (w writer) Header() http.Header         { return w.header }
func (w writer) Write(p []byte) (int, error) { return len(p), nil }
func (w writer) WriteHeader(int)             {}

var _ io.ReadCloser = (*reader)(nil)

// run sends the bodies through a handler, over and over.
func run(b *testing.B, h http.Handler, bodies [][]byte) {
	b.Helper()
	rd := new(reader)
	r, err := http.NewRequest(http.MethodPost, "/", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.RequestURI = "/"
	r.Header.Set("Content-Type", "application/json")
	w := writer{http.Header{}}
	b.SetBytes(int64(len(bodies[0])))
	b.ReportAllocs()
	before := cpuTime()
	for i := 0; b.Loop(); i++ {
		body := bodies[i%len(bodies)]
		rd.r.Reset(body)
		r.Body, r.ContentLength = rd, int64(len(body))
		h.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
}

func BenchmarkBody(b *testing.B) {
	small, medium := smallBodies(), mediumBodies()
	large, huge := [][]byte{eventBody(102_000)}, [][]byte{eventBody(5_240_000)}
	cases := []struct {
		name      string
		bodies    [][]byte
		libraries []library
	}{
		{"small-typed", small, libraries[account]()},
		{"medium-typed", medium, libraries[order]()},
		{"large-typed", large, libraries[[]event]()},
		{"huge-typed", huge, libraries[[]event]()},
		{"readings-typed", [][]byte{readingsBody(100)}, libraries[[]reading]()},
		{"small-any", small, libraries[any]()},
		{"medium-any", medium, libraries[any]()},
		{"large-any", large, libraries[any]()},
		{"huge-any", huge, libraries[any]()},
		{"small-required", small, []library{
			{"without", hipflask[account](bodyjson.Config{MaxBytes: noLimit})},
			{"hipflask", hipflask[requiredAccount](bodyjson.Config{MaxBytes: noLimit})},
		}},
	}
	for _, c := range cases {
		for _, l := range c.libraries {
			b.Run(c.name+"/"+l.name, func(b *testing.B) { run(b, l.handler, c.bodies) })
		}
	}
}

// BenchmarkLazy is what a request pays whose body nobody asks for.
func BenchmarkLazy(b *testing.B) {
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { runtime.KeepAlive(r) })
	b.Run("none", func(b *testing.B) { run(b, next, smallBodies()) })
	b.Run("unread", func(b *testing.B) { run(b, bodyjson.Lazy(bodyjson.Config{})(next), smallBodies()) })
	b.Run("read", func(b *testing.B) {
		run(b, bodyjson.Lazy(bodyjson.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			v, err := bodyjson.Get[account](r)
			if err != nil {
				b.Error(err)
			}
			runtime.KeepAlive(&v)
		})), smallBodies())
	})
}
