package ginadapter_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVectors has what only Gin has: a lazy writer, and answers to requests that
// match no route.
func TestVectors(t *testing.T) {
	type mw = adaptertest.Middleware
	writes := func(fn func(http.ResponseWriter)) mw {
		return adaptertest.Through(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { fn(w) })
	}
	buffered := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "late") }
	text := func(status int, body string) string {
		return fmt.Sprintf("%d; Content-Length: %d; Content-Type: text/plain; charset=utf-8; %s", status, len(body), body)
	}
	none := func(status int) string { return fmt.Sprintf("%d; Content-Length: 0; ", status) }

	for _, v := range []struct {
		name    string
		wrap    mw // nil: a recorder
		handler gin.HandlerFunc
		path    string // "": of the handler
		want    string
		// seen is what the recorder has seen: the statuses, and the body.
		seen     []int
		seenBody string
	}{
		{
			name: "G02 silence without a route is a 200, and empty",
			wrap: writes(func(http.ResponseWriter) {}), path: "/none", want: none(200),
		},
		{
			name: "G03 a 404 without a body stays without one",
			wrap: writes(func(w http.ResponseWriter) { w.WriteHeader(404) }), path: "/none", want: none(404),
		},
		{
			name: "G04 a body without a status is a 200",
			wrap: writes(func(w http.ResponseWriter) { _, _ = w.Write([]byte("hi")) }), path: "/none", want: text(200, "hi"),
		},
		{
			name: "G04b also a string",
			wrap: writes(func(w http.ResponseWriter) { _, _ = io.WriteString(w, "hi") }), path: "/none", want: text(200, "hi"),
		},
		{
			name: "G09 WriteString goes through the wrapped writer",
			handler: func(c *gin.Context) {
				_, _ = c.Writer.WriteString("hi")
			},
			want: text(200, "hi"), seen: []int{200}, seenBody: "hi",
		},
		{
			name:    "G10 AbortWithStatus is seen",
			handler: func(c *gin.Context) { c.AbortWithStatus(403) },
			want:    none(403), seen: []int{403},
		},
		{
			name:    "G11 a status without a body is seen",
			handler: func(c *gin.Context) { c.Status(204) },
			want:    "204; ", seen: []int{204},
		},
		{
			name: "G12 of two statuses the last one counts, and is the only one seen",
			handler: func(c *gin.Context) {
				c.Status(201)
				c.String(400, "bad")
			},
			want: text(400, "bad"), seen: []int{400}, seenBody: "bad",
		},
		{
			name:    "G13 an event is seen with its status",
			handler: func(c *gin.Context) { c.SSEvent("tick", 1) },
			want:    "200; Cache-Control: no-cache; Content-Length: 19; Content-Type: text/event-stream;charset=utf-8; event:tick\ndata:1\n",
			seen:    []int{200}, seenBody: "event:tick\ndata:1\n\n",
		},
		{
			name: "G14 Status, Size and Written behind a buffer",
			wrap: buffered,
			handler: func(c *gin.Context) {
				c.String(201, "hello")
				_, _ = fmt.Fprint(c.Writer, " ", c.Writer.Status(), " ", c.Writer.Size(), " ", c.Writer.Written())
			},
			want: text(201, "hello 201 5 true"),
		},
		{
			name: "G15 AbortWithStatus behind http.TimeoutHandler",
			wrap: timeout, handler: func(c *gin.Context) { c.AbortWithStatus(403) },
			want: none(403),
		},
		{
			name: "G27 without a route, 404 is seen and Gin's text is kept",
			path: "/none", want: "404; Content-Length: 18; Content-Type: text/plain; 404 page not found", seen: []int{404},
		},
		{
			name: "G27b behind http.TimeoutHandler",
			wrap: timeout, path: "/none",
			want: "404; Content-Length: 18; Content-Type: text/plain; 404 page not found",
		},
		{
			name: "G41 an error and a status are seen",
			wrap: adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				rec := &adaptertest.Recorder{ResponseWriter: httptest.NewRecorder()}
				next.ServeHTTP(rec, r)
				w.WriteHeader(rec.Statuses[0])
				_, _ = w.Write([]byte("rendered"))
			}),
			handler: func(c *gin.Context) {
				_ = c.Error(io.EOF)
				c.Status(422)
			},
			want: text(422, "rendered"),
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			engine := gin.New()
			rec := new(adaptertest.Recorder)
			if v.wrap == nil {
				v.wrap = adaptertest.Record(rec)
			}
			engine.Use(native.Wrap(v.wrap))
			if v.handler != nil {
				engine.GET("/", v.handler)
			}
			if v.path == "" {
				v.path = "/"
			}
			assert.Equal(t, v.want, adaptertest.Serve(t, engine).Get(v.path))
			assert.Equal(t, v.seen, rec.Statuses)
			assert.Equal(t, v.seenBody, rec.Body.String())
		})
	}
}

func TestG06ContextWithFallback(t *testing.T) {
	type key struct{}
	engine := gin.New()
	engine.ContextWithFallback = true
	engine.Use(native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "value")))
	})))
	engine.GET("/", func(c *gin.Context) { c.String(200, "%v", c.Value(key{})) })
	assert.Equal(t, "200; Content-Length: 5; Content-Type: text/plain; charset=utf-8; value", adaptertest.Serve(t, engine).Get("/"))
}

func TestG19Stream(t *testing.T) {
	engine := gin.New()
	rec := new(adaptertest.Recorder)
	engine.Use(native.Wrap(adaptertest.Record(rec)))
	gone := make(chan bool, 1)
	engine.GET("/", func(c *gin.Context) {
		gone <- c.Stream(func(w io.Writer) bool {
			_, _ = io.WriteString(w, "tick\n")
			time.Sleep(time.Millisecond)
			return true
		})
	})
	srv := httptest.NewServer(engine)
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	require.NoError(t, err)
	first := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, first)
	require.NoError(t, err)
	assert.Equal(t, "tick\n", string(first))
	require.NoError(t, resp.Body.Close()) // the client goes away
	assert.True(t, <-gone, "c.Stream has seen the client go")
	assert.True(t, bytes.HasPrefix(rec.Body.Bytes(), []byte("tick\n")), "through the wrapped writer")
}

func TestG25PanicReachesRecovery(t *testing.T) {
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, v any) { c.String(500, "recovered %v", v) }))
	rec := new(adaptertest.Recorder)
	engine.Use(native.Wrap(adaptertest.Record(rec)))
	engine.GET("/", func(*gin.Context) { panic("!") })
	assert.Equal(t, "500; Content-Length: 11; Content-Type: text/plain; charset=utf-8; recovered !", adaptertest.Serve(t, engine).Get("/"))
	assert.Empty(t, rec.Statuses, "not through the wrapped writer")
}

func TestG30NoRoute(t *testing.T) {
	for name, wrap := range map[string]adaptertest.Middleware{
		"wrapped":   adaptertest.Record(new(adaptertest.Recorder)),
		"unwrapped": func(next http.Handler) http.Handler { return next },
	} {
		t.Run(name, func(t *testing.T) {
			engine := gin.New()
			engine.Use(native.Wrap(wrap))
			engine.NoRoute(func(c *gin.Context) {
				_, _ = c.Writer.Write([]byte("nothing here")) // relies on the 404 that is preset
			})
			assert.Equal(t, "404; Content-Length: 12; Content-Type: text/plain; charset=utf-8; nothing here",
				adaptertest.Serve(t, engine).Get("/none"))
		})
	}
}

// TestPusher tests c.Writer.Pusher behind a wrapped writer.
type nopPusher struct{}

func (nopPusher) Push(string, *http.PushOptions) error { return nil }

func TestPusher(t *testing.T) {
	engine := gin.New()
	engine.Use(native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.RawQuery == "push" {
			w = struct {
				http.ResponseWriter
				http.Pusher
			}{w, nopPusher{}}
		} else {
			w = struct{ http.ResponseWriter }{w}
		}
		next.ServeHTTP(w, r)
	})))
	engine.GET("/", func(c *gin.Context) {
		c.Writer.WriteHeader(103) // is sent at once, and is not the status
		c.String(200, "%v", c.Writer.Pusher() != nil)
	})
	c := adaptertest.Serve(t, engine)
	assert.Contains(t, c.Get("/?push"), "200; Content-Length: 4; ")
	assert.Contains(t, c.Get("/"), "200; Content-Length: 5; ")
}

// TestGinsOwn documents what no adapter can change.
func TestGinsOwn(t *testing.T) {
	pass := func(next http.Handler) http.Handler { return next }
	t.Run("a group's middlewares do not run without a route", func(t *testing.T) {
		engine := gin.New()
		ran := false
		group := engine.Group("/api", native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			ran = true
			next.ServeHTTP(w, r)
		})))
		group.GET("/x", func(*gin.Context) {})
		assert.Contains(t, adaptertest.Serve(t, engine).Do("OPTIONS", "/api/x", nil), "404; ")
		assert.False(t, ran)
	})
	t.Run("a query that was read stays", func(t *testing.T) {
		engine := gin.New()
		engine.Use(func(c *gin.Context) { c.Query("a") })
		engine.Use(native.Wrap(pass, adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.URL.RawQuery = "a=new"
			next.ServeHTTP(w, r)
		})))
		engine.GET("/", func(c *gin.Context) { c.String(200, "%s", c.Query("a")) })
		assert.Contains(t, adaptertest.Serve(t, engine).Get("/?a=old"), "; old")
	})
	t.Run("redirects run no middlewares", func(t *testing.T) {
		engine := gin.New()
		engine.Use(native.CORS(cors))
		engine.GET("/x/", func(*gin.Context) {})
		got := adaptertest.Serve(t, engine).Do("GET", "/x", nil, "Origin", "https://a.example")
		assert.Contains(t, got, "301; ")
		assert.NotContains(t, got, "Access-Control")
	})
	t.Run("HandleContext starts again", func(t *testing.T) {
		engine := gin.New()
		engine.Use(native.Errors, native.Wrap(adaptertest.Record(new(adaptertest.Recorder))))
		engine.GET("/old", func(c *gin.Context) {
			c.Request.URL.Path = "/new"
			engine.HandleContext(c)
		})
		engine.GET("/new", func(c *gin.Context) { c.String(200, "new") })
		assert.Equal(t, "200; Content-Length: 3; Content-Type: text/plain; charset=utf-8; new", adaptertest.Serve(t, engine).Get("/old"))
	})
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}
