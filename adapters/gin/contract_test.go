package ginadapter_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/stretchr/testify/assert"
)

// TestHandleContext tests that a request that a handler has sent to another route has one body.
func TestHandleContext(t *testing.T) {
	buffered := func(next http.Handler) http.Handler { // as a compressor
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &bufferedWriter{ResponseWriter: w}
			defer b.flush()
			next.ServeHTTP(b, r)
		})
	}
	for name, use := range map[string][]gin.HandlerFunc{
		"Errors":                  {native.Errors},
		"Wrap":                    {native.Wrap(buffered)},
		"Errors and Wrap":         {native.Errors, native.Wrap(buffered)},
		"Errors and two Wraps":    {native.Errors, native.Wrap(buffered), native.Wrap(adaptertest.Record(new(adaptertest.Recorder)))},
		"Errors and a plain Wrap": {native.Errors, native.Wrap(errjson.Wrap)},
	} {
		t.Run(name, func(t *testing.T) {
			engine := gin.New()
			engine.Use(use...)
			engine.GET("/index", func(c *gin.Context) { c.String(200, "index") })
			engine.GET("/fail", func(c *gin.Context) { ginadapter.Fail(c, errjson.Gone("Gone.")) })
			again := func(path string) gin.HandlerFunc {
				return func(c *gin.Context) {
					c.Request.URL.Path = path
					engine.HandleContext(c)
				}
			}
			engine.GET("/route", again("/index"))
			engine.NoRoute(again("/index"))
			c := adaptertest.Serve(t, engine)
			want := "200; Content-Length: 5; Content-Type: text/plain; charset=utf-8; index"
			assert.Equal(t, want, c.Get("/none"))
			assert.Equal(t, want, c.Get("/route"))
			engine.GET("/to-fail", again("/fail"))
			assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get("/to-fail"))
		})
	}
}

// bufferedWriter writes the response when the handler has returned.
type bufferedWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *bufferedWriter) WriteHeader(status int) { b.status = status }

func (b *bufferedWriter) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *bufferedWriter) flush() {
	if b.status != 0 {
		b.ResponseWriter.WriteHeader(b.status)
	}
	if b.body.Len() > 0 {
		_, _ = b.ResponseWriter.Write(b.body.Bytes())
	}
}

// logTo returns a renderer that logs to b without the time and the stack.
func logTo(b *bytes.Buffer) *errjson.Renderer {
	return errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "stack" {
				return slog.Attr{}
			}
			return a
		},
	}))})
}

// TestLoggedStatus tests that the record of an error has the status that the client gets.
func TestLoggedStatus(t *testing.T) {
	for _, v := range []struct {
		name, response, log string
		handler             gin.HandlerFunc
	}{
		{"an error, then a 200", "200; ", `level=WARN msg="error after the response" method=GET path=/ status=200 error="audit log failed" pattern=/`,
			func(c *gin.Context) { _ = c.Error(errors.New("audit log failed")); c.JSON(200, 1) }},
		{"a 200, then an error", "200; ", `level=WARN msg="error after the response" method=GET path=/ status=200 error="audit log failed" pattern=/`,
			func(c *gin.Context) { c.JSON(200, 1); _ = c.Error(errors.New("audit log failed")) }},
		{"a flush, then an error", "201; ", `level=WARN msg="error after the response" method=GET path=/ status=201 error="audit log failed" pattern=/`,
			func(c *gin.Context) {
				c.Status(201)
				c.Writer.Flush()
				_ = c.Error(errors.New("audit log failed"))
			}},
		{"a 204, then an error", "204; ", `level=WARN msg="error after the response" method=GET path=/ status=204 error="audit log failed" pattern=/`,
			func(c *gin.Context) { c.Status(204); _ = c.Error(errors.New("audit log failed")) }},
		{"an error of the handler's own, then an error", "503; ", `level=ERROR msg="error after the response" method=GET path=/ status=503 error="no connection" pattern=/`,
			func(c *gin.Context) { c.String(503, "busy"); _ = c.Error(errors.New("no connection")) }},
		{"an error", "409; ", `level=DEBUG msg="request rejected" method=GET path=/ status=409 error="409 Conflict: Taken." pattern=/`,
			func(c *gin.Context) { _ = c.Error(errjson.Conflict("Taken.")) }},
		{"a status", "403; ", `level=DEBUG msg="request rejected" method=GET path=/ status=403 error="403 Forbidden" pattern=/`,
			func(c *gin.Context) { c.AbortWithStatus(403) }},
	} {
		for how, wrap := range map[string]func(http.Handler) http.Handler{
			"alone": nil, "in a Wrap": adaptertest.Record(new(adaptertest.Recorder)),
		} {
			t.Run(v.name+" "+how, func(t *testing.T) {
				var log bytes.Buffer
				engine := gin.New()
				engine.Use(ginadapter.New(logTo(&log)).Errors)
				if wrap != nil {
					engine.Use(native.Wrap(wrap))
				}
				engine.GET("/", v.handler)
				assert.Contains(t, adaptertest.Serve(t, engine).Get("/"), v.response)
				assert.Equal(t, v.log+"\n", log.String())
			})
		}
	}
}

// TestPreflightHasNoAllow tests that the Allow header of Gin's own 405 is only on a 405.
func TestPreflightHasNoAllow(t *testing.T) {
	policy := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://a.example"}}))
	reject := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			errjson.Write(w, r, errjson.Unauthorized("", "Bearer"))
		})
	}
	ownAllow := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", "GET, BREW")
			w.WriteHeader(204)
		})
	}
	preflight := []string{"Origin", "https://a.example", "Access-Control-Request-Method", "POST"}
	denied := []string{"Origin", "https://b.example", "Access-Control-Request-Method", "POST"}
	for _, v := range []struct {
		name   string
		use    gin.HandlerFunc
		fields []string
		status string
		allow  string
	}{
		{"CORS", native.CORS(policy), preflight, "204; ", ""},
		{"CORS, denied", native.CORS(policy), denied, "403; ", ""},
		{"CORS, not a preflight", native.CORS(policy), nil, "405; ", "GET"},
		{"Wrap", native.Wrap(policy.Wrap), preflight, "204; ", ""},
		{"Wrap, denied", native.Wrap(policy.Wrap), denied, "403; ", ""},
		{"Wrap, not a preflight", native.Wrap(policy.Wrap), nil, "405; ", "GET"},
		{"a middleware that rejects", native.Wrap(reject), nil, "401; ", ""},
		{"a middleware with its own", native.Wrap(ownAllow), nil, "204; ", "GET, BREW"},
	} {
		t.Run(v.name, func(t *testing.T) {
			engine := gin.New()
			engine.HandleMethodNotAllowed = true
			engine.Use(native.Errors, v.use)
			engine.GET("/", func(c *gin.Context) { c.String(200, "x") })
			got := adaptertest.Serve(t, engine).Do("OPTIONS", "/", nil, v.fields...)
			assert.True(t, strings.HasPrefix(got, v.status), got)
			if v.allow == "" {
				assert.NotContains(t, got, " Allow:")
			} else {
				assert.Contains(t, got, " Allow: "+v.allow+"; ")
			}
		})
	}
}

// TestFailWithoutErrors tests that Fail sends JSON by the default renderer if there is no Errors, and
// finds an Errors behind every kind of writer.
func TestFailWithoutErrors(t *testing.T) {
	type named struct {
		name string
		gin.ResponseWriter
	}
	writers := map[string]func(gin.ResponseWriter) gin.ResponseWriter{
		"none":          func(w gin.ResponseWriter) gin.ResponseWriter { return w },
		"embedding":     func(w gin.ResponseWriter) gin.ResponseWriter { return nativeWriter{w} },
		"pointer":       func(w gin.ResponseWriter) gin.ResponseWriter { return &nativeWriter{w} },
		"not the first": func(w gin.ResponseWriter) gin.ResponseWriter { return &named{"a field", w} },
		"two":           func(w gin.ResponseWriter) gin.ResponseWriter { return nativeWriter{&named{"a field", w}} },
	}
	problem := ginadapter.New(errjson.NewRenderer(errjson.Config{Format: errjson.Problem}))
	for name, wrap := range writers {
		t.Run(name, func(t *testing.T) {
			for _, errs := range []gin.HandlerFunc{nil, problem.Errors} {
				engine := gin.New()
				want := adaptertest.Failure(410, "Gone.")
				if errs != nil {
					engine.Use(errs)
					want = `410; Content-Length: 68; Content-Type: application/problem+json; X-Content-Type-Options: nosniff; ` +
						`{"type":"about:blank","title":"Gone","status":410,"detail":"Gone."}`
				}
				engine.Use(func(c *gin.Context) { c.Writer = wrap(c.Writer) })
				engine.GET("/fail", func(c *gin.Context) { ginadapter.Fail(c, errjson.Gone("Gone.")) })
				engine.GET("/handle", ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errjson.Gone("Gone.") }))
				engine.POST("/body", ginadapter.Body[item](bodyjson.Config{}))
				c := adaptertest.Serve(t, engine)
				assert.Equal(t, want, c.Get("/fail"))
				assert.Equal(t, want, c.Get("/handle"))
				assert.Contains(t, c.Do("POST", "/body", nil, "Content-Type", "application/json"), "400; ")
			}
		})
	}
}

// TestDefaultRenderer tests that a nil renderer stands for the default one at the time of the request.
func TestDefaultRenderer(t *testing.T) {
	engine := gin.New()
	engine.Use(native.Errors)
	defer errjson.SetDefault(errjson.Default())
	errjson.SetDefault(errjson.NewRenderer(errjson.Config{Format: errjson.Problem}))
	assert.Contains(t, adaptertest.Serve(t, engine).Get("/none"), "application/problem+json")
}

// TestRenderBetweenWraps tests that the renderers keep their places: an errjson Render in a group comes
// before the renderer of the application.
func TestRenderBetweenWraps(t *testing.T) {
	format := func(tag string) *errjson.Renderer {
		return errjson.NewRenderer(errjson.Config{Format: func(_ *http.Request, e *errjson.Error) errjson.Response {
			return errjson.Response{Body: map[string]int{tag: e.Status}}
		}})
	}
	app, group := ginadapter.New(format("app")), format("group")
	pass := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) })
	reject := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		errjson.Write(w, r.WithContext(context.Background()), errjson.Gone(""))
	})
	for _, errs := range []bool{false, true} {
		engine := gin.New()
		if errs {
			engine.Use(app.Errors)
		}
		engine.Use(app.Wrap(pass))
		engine.GET("/app", app.Wrap(reject))
		routes := engine.Group("/group", app.Wrap(group.Render))
		routes.GET("/x", app.Wrap(reject))
		routes.GET("/handler", gin.WrapH(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			errjson.Write(w, r, errjson.Gone(""))
		})))
		c := adaptertest.Serve(t, engine)
		assert.Contains(t, c.Get("/app"), `{"app":410}`)
		assert.Contains(t, c.Get("/group/x"), `{"group":410}`)
		assert.Contains(t, c.Get("/group/handler"), `{"group":410}`)
	}
}

// TestNoRenderer tests that the renderers around an engine send its errors if New got none.
func TestNoRenderer(t *testing.T) {
	defer errjson.SetDefault(errjson.Default())
	errjson.SetDefault(errjson.NewRenderer(errjson.Config{Format: errjson.Problem}))
	var log bytes.Buffer
	engine := gin.New()
	engine.Use(native.Errors, native.Wrap(adaptertest.Record(new(adaptertest.Recorder))))
	engine.GET("/fail", func(c *gin.Context) { ginadapter.Fail(c, errjson.Gone("")) })
	engine.GET("/sent", func(c *gin.Context) { c.String(200, "ok"); _ = c.Error(errors.New("late")) })
	outer := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Format: func(_ *http.Request, e *errjson.Error) errjson.Response {
			return errjson.Response{Body: map[string]int{"outer": e.Status}}
		},
	})
	c := adaptertest.Serve(t, outer.Wrap(engine))
	assert.Contains(t, c.Get("/fail"), `{"outer":410}`)
	assert.Contains(t, c.Get("/none"), `{"outer":404}`)
	assert.Contains(t, c.Get("/sent"), "200; ")
	assert.Contains(t, log.String(), "error=late")
}

// TestEngineInEngine tests that an engine without Errors sends its errors inside an engine with one.
func TestEngineInEngine(t *testing.T) {
	inner := gin.New()
	inner.GET("/fail", func(c *gin.Context) { ginadapter.Fail(c, errjson.Gone("Gone.")) })
	inner.GET("/wrapped", native.Wrap(adaptertest.Record(new(adaptertest.Recorder))), func(c *gin.Context) {
		ginadapter.Fail(c, errjson.Gone("Gone."))
	})
	inner.GET("/handle", ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errjson.Gone("Gone.") }))
	outer := gin.New()
	outer.Use(native.Errors)
	outer.Any("/*path", gin.WrapH(inner))
	c := adaptertest.Serve(t, outer)
	for _, path := range []string{"/fail", "/wrapped", "/handle"} {
		assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Get(path), path)
	}
	assert.Equal(t, "404; ", c.Get("/none")[:5])
}
