package ginadapter_test

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

	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/hipflask/hipflask/status"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errKnown = errors.New("a rule knows this error")

type item struct {
	Name string `json:"name" required:"true" binding:"required"`
}

func TestErrors(t *testing.T) {
	failure := adaptertest.Failure
	text := func(status int, body string) string {
		return fmt.Sprintf("%d; Content-Length: %d; Content-Type: text/plain; charset=utf-8; %s", status, len(body), body)
	}
	secret := errors.New("secret: db-7 is down")
	for _, v := range []struct {
		name    string
		handler gin.HandlerFunc
		want    string
	}{
		{"c.Error alone", func(c *gin.Context) { _ = c.Error(secret) }, failure(500, "")},
		{"c.Error with an HTTP error", func(c *gin.Context) { _ = c.Error(errjson.Gone("Gone for good.")) }, failure(410, "Gone for good.")},
		{"c.Error with an error that a rule takes", func(c *gin.Context) { _ = c.Error(errKnown) }, failure(409, "By a rule.")},
		{"c.Error and a status", func(c *gin.Context) { c.Status(422); _ = c.Error(secret) }, failure(422, "")},
		{"c.Error and a status of success", func(c *gin.Context) { c.Status(201); _ = c.Error(secret) }, failure(500, "")},
		{"an HTTP error goes before a status", func(c *gin.Context) { c.Status(422); _ = c.Error(errjson.Gone("Gone.")) }, failure(410, "Gone.")},
		{"a rule goes before a status", func(c *gin.Context) { _ = c.AbortWithError(400, errKnown) }, failure(409, "By a rule.")},
		{"the last of several errors", func(c *gin.Context) {
			_ = c.Error(errjson.Gone("First."))
			_ = c.Error(errjson.Conflict("Last."))
		}, failure(409, "Last.")},
		{"an HTTP error among several", func(c *gin.Context) {
			_ = c.Error(errjson.Gone("First."))
			_ = c.Error(secret)
		}, failure(410, "First.")},
		{"AbortWithStatus", func(c *gin.Context) { c.AbortWithStatus(403) }, failure(403, "")},
		{"AbortWithStatus, then no bytes", func(c *gin.Context) { c.AbortWithStatus(403); _, _ = c.Writer.Write(nil) }, failure(403, "")},
		{"a status without a body", func(c *gin.Context) { c.Status(422) }, failure(422, "")},
		{"AbortWithError", func(c *gin.Context) { _ = c.AbortWithError(400, secret) }, failure(400, "")},
		{"AbortWithError, public", func(c *gin.Context) {
			_ = c.AbortWithError(400, errors.New("The key is 8 letters.")).SetType(gin.ErrorTypePublic)
		}, failure(400, "The key is 8 letters.")},
		{"c.Error, public", func(c *gin.Context) {
			_ = c.Error(errors.New("The disk is full.")).SetType(gin.ErrorTypePublic)
		}, failure(500, "The disk is full.")},
		{"c.Error, of a binding", func(c *gin.Context) {
			_ = c.Error(secret).SetType(gin.ErrorTypeBind)
		}, failure(400, "")},
		{"c.Error, of a binding, with a status", func(c *gin.Context) {
			_ = c.Error(errjson.UnprocessableContent("No.")).SetType(gin.ErrorTypeBind)
		}, failure(422, "No.")},
		{"BindJSON", func(c *gin.Context) { _ = c.BindJSON(new(item)) }, failure(400, "")},
		{"a middleware that renders c.Errors after BindJSON", func(c *gin.Context) {
			if err := c.BindJSON(new(item)); err != nil {
				c.JSON(c.Writer.Status(), gin.H{"bad": true})
			}
		}, "400; Content-Length: 12; Content-Type: application/json; charset=utf-8; " + `{"bad":true}`},
		{"a body of its own", func(c *gin.Context) { c.String(404, "mine") }, text(404, "mine")},
		{"AbortWithStatusJSON", func(c *gin.Context) { c.AbortWithStatusJSON(409, gin.H{"mine": 1}) },
			"409; Content-Length: 10; Content-Type: application/json; charset=utf-8; " + `{"mine":1}`},
		{"AbortWithStatus, then a body", func(c *gin.Context) { c.AbortWithStatus(403); _, _ = c.Writer.WriteString("mine") }, text(403, "mine")},
		{"a body of its own, and c.Error for the log", func(c *gin.Context) { c.String(400, "mine"); _ = c.Error(secret) }, text(400, "mine")},
		{"204", func(c *gin.Context) { c.Status(204); _ = c.Error(secret) }, "204; "},
		{"a redirect", func(c *gin.Context) { c.Redirect(303, "/x"); _ = c.Error(secret) }, "303; Content-Length: 29; Content-Type: text/html; charset=utf-8; Location: /x; <a href=\"/x\">See Other</a>.\n"},
		{"a status that is none", func(c *gin.Context) { c.Status(600) }, "600; Content-Length: 0; "},
		{"a status is not changed after AbortWithStatus", func(c *gin.Context) { c.AbortWithStatus(403); c.Status(200) }, failure(403, "")},
		{"compression that does not come", func(c *gin.Context) {
			c.Header("Content-Encoding", "gzip")
			c.Header("Content-Length", "7")
			c.Header("X-Request-Id", "r1")
			_ = c.Error(errjson.Gone("Gone."))
		}, failure(410, "Gone.", "X-Request-Id: r1")},
		{"a panic", func(*gin.Context) { panic("secret") }, failure(500, "")},
		{"a panic with an HTTP error", func(*gin.Context) { panic(errjson.Gone("Gone.")) }, failure(410, "Gone.")},
		{"errjson.Abort with an error that a rule takes", func(*gin.Context) { errjson.Abort(errKnown) }, failure(409, "By a rule.")},
		{"Fail", func(c *gin.Context) { ginadapter.Fail(c, errKnown) }, failure(409, "By a rule.")},
		{"Fail with nil", func(c *gin.Context) { ginadapter.Fail(c, nil) }, failure(500, "")},
		{"Fail after AbortWithStatus", func(c *gin.Context) { c.AbortWithStatus(403); ginadapter.Fail(c, errKnown) }, failure(409, "By a rule.")},
		{"Handle", ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errKnown }), failure(409, "By a rule.")},
		{"Handle with a value that cannot be sent", ginadapter.Handle(func(*gin.Context) (any, error) { return func() {}, nil }), failure(500, "")},
		{"Body", ginadapter.Body[item](bodyjson.Config{}), `400; Content-Length: 96; Content-Type: application/json; X-Content-Type-Options: nosniff; {"error":"Bad Request","message":"The request body is empty.","status":400,"code":"empty_body"}`},
		{"a pointer to a field error", func(c *gin.Context) {
			_ = c.AbortWithError(400, &errjson.FieldError{Pointer: "/name", Code: "short", Message: "Too short."})
		}, `422; Content-Length: 169; Content-Type: application/json; X-Content-Type-Options: nosniff; {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"short","message":"Too short."}]}`},
		{"a field error", func(c *gin.Context) {
			_ = c.AbortWithError(400, errjson.FieldError{Pointer: "/name", Code: "short", Message: "Too short."})
		}, `422; Content-Length: 169; Content-Type: application/json; X-Content-Type-Options: nosniff; {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"short","message":"Too short."}]}`},
	} {
		t.Run(v.name, func(t *testing.T) {
			engine := gin.New()
			engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{
				Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
			})).Errors)
			later := 0
			engine.GET("/", v.handler, func(*gin.Context) { later++ })
			got := adaptertest.Serve(t, engine).Get("/")
			assert.Equal(t, v.want, got)
			assert.NotContains(t, got, "secret")
			if strings.Contains(v.name, "panic") || strings.HasPrefix(v.name, "Fail") || v.name == "Body" {
				assert.Zero(t, later, "the handlers after it do not run")
			}
		})
	}
}

// TestErrorsAbort is about answers that can only be broken off.
func TestErrorsAbort(t *testing.T) {
	for name, handler := range map[string]gin.HandlerFunc{
		"http.ErrAbortHandler":            func(*gin.Context) { panic(http.ErrAbortHandler) },
		"http.ErrAbortHandler, wrapped":   func(*gin.Context) { panic(fmt.Errorf("x: %w", http.ErrAbortHandler)) },
		"a panic after a part of a body":  func(c *gin.Context) { _, _ = c.Writer.WriteString("part"); panic("!") },
		"a panic after a flush":           func(c *gin.Context) { c.Writer.Flush(); panic("!") },
		"Handle, after a part of a body":  ginadapter.Handle(func(c *gin.Context) (any, error) { c.String(200, "part"); return nil, errKnown }),
		"Fail with http.ErrAbortHandler":  func(c *gin.Context) { ginadapter.Fail(c, http.ErrAbortHandler) },
		"a status that is held, and then": func(c *gin.Context) { c.AbortWithStatus(403); c.Writer.Flush(); panic("!") },
	} {
		t.Run(name, func(t *testing.T) {
			engine := gin.New()
			engine.Use(native.Errors)
			engine.GET("/", handler)
			assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
				engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			})
		})
	}
}

// TestErrorsOnce tests that a failure is logged and reported once.
func TestErrorsOnce(t *testing.T) {
	var log bytes.Buffer
	var reported []int
	errs := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) },
	})
	engine := gin.New()
	engine.Use(ginadapter.New(errs).Errors, native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&adaptertest.Recorder{ResponseWriter: w}, r)
	})))
	engine.GET("/items/:id", func(*gin.Context) { panicHere() })
	engine.GET("/late", func(c *gin.Context) { _, _ = c.Writer.WriteString("part"); panicHere() })
	get := func(path string) (record map[string]any) {
		log.Reset()
		func() {
			defer func() { _ = recover() }()
			engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		}()
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")), "one record: %s", log.String())
		require.NoError(t, json.Unmarshal(log.Bytes(), &record))
		return record
	}

	record := get("/items/7")
	assert.Equal(t, "handler panicked", record["msg"])
	assert.Equal(t, "/items/:id", record["pattern"])
	assert.Equal(t, "panic: here", record["error"])
	assert.Contains(t, record["stack"], "panicHere")
	record = get("/late")
	assert.Contains(t, record["stack"], "panicHere")
	assert.Equal(t, "/none", get("/none")["path"])
	assert.Equal(t, []int{500, 500, 404}, reported)
}

func panicHere() { panic("here") }

// TestErrorsOfAnswered tests that an error is logged and reported also where another
// answer was sent, and once.
func TestErrorsOfAnswered(t *testing.T) {
	secret := errors.New("secret")
	var reported []string
	renderer := func() *errjson.Renderer {
		return errjson.NewRenderer(errjson.Config{
			Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
			Report: func(r *http.Request, e *errjson.Error) {
				reported = append(reported, fmt.Sprint(r.Pattern, " ", e.Status, " ", e.Unwrap()))
			},
		})
	}
	for _, v := range []struct {
		name    string
		handler gin.HandlerFunc
		want    string // of reported
	}{
		{"c.Error after a body", func(c *gin.Context) { c.String(200, "done"); _ = c.Error(secret) }, "/ 500 secret"},
		{"c.Error after a body with the status of an error", func(c *gin.Context) { c.String(422, "mine"); _ = c.Error(secret) }, "/ 422 secret"},
		{"Fail after a body", func(c *gin.Context) { c.String(200, "done"); ginadapter.Fail(c, errKnown) }, "/ 409 " + errKnown.Error()},
		{"c.Error and 204", func(c *gin.Context) { c.Status(204); _ = c.Error(secret) }, "/ 500 secret"},
		{"c.Error and a redirect", func(c *gin.Context) { c.Redirect(303, "/x"); _ = c.Error(secret) }, "/ 500 secret"},
		{"c.Error alone", func(c *gin.Context) { _ = c.Error(secret) }, "/ 500 secret"},
		{"AbortWithError", func(c *gin.Context) { _ = c.AbortWithError(400, secret) }, "/ 400 secret"},
	} {
		inner := native.Wrap(adaptertest.Record(new(adaptertest.Recorder)))
		for how, middlewares := range map[string][]gin.HandlerFunc{"alone": nil, "behind a writer": {inner}, "twice": {ginadapter.New(renderer()).Errors}} {
			t.Run(v.name+" "+how, func(t *testing.T) {
				engine := gin.New()
				engine.Use(ginadapter.New(renderer()).Errors)
				engine.Use(middlewares...)
				engine.GET("/", v.handler)
				reported = nil
				engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
				assert.Equal(t, []string{v.want}, reported)
			})
		}
	}
	engine := gin.New()
	engine.Use(native.Errors)
	engine.GET("/", func(c *gin.Context) { c.String(200, "part"); ginadapter.Fail(c, http.ErrAbortHandler) })
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
		engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	})
}

// TestErrorsOfGroup tests that the Errors of a group has its own rules, and what it
// leaves unset from the engine's, and that nothing of it is left to the others.
func TestErrorsOfGroup(t *testing.T) {
	engine := gin.New()
	engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{Format: shapes.Restful})).Errors)
	group := engine.Group("/group", ginadapter.New(errjson.NewRenderer(errjson.Config{
		Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
	})).Errors)
	fail := func(c *gin.Context) { ginadapter.Fail(c, errKnown) }
	group.GET("/error", fail)
	group.GET("/panic", func(*gin.Context) { panic(errKnown) })
	group.GET("/wrapped", native.Wrap(adaptertest.Record(new(adaptertest.Recorder))), fail)
	engine.GET("/error", fail)
	c := adaptertest.Serve(t, engine)
	for _, path := range []string{"/group/error", "/group/panic", "/group/wrapped"} {
		got := c.Get(path)
		assert.True(t, strings.HasPrefix(got, "409; "), got)
		assert.True(t, strings.HasSuffix(got, `; {"message":"By a rule."}`), got)
	}
	got := c.Get("/error")
	assert.True(t, strings.HasPrefix(got, "500; "), got)
}

// TestFailOutside tests that an Errors that has returned answers nothing more.
func TestFailOutside(t *testing.T) {
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		c.Next()
		ginadapter.Fail(c, errjson.Gone("Gone."))
	}, native.Errors)
	engine.GET("/", func(*gin.Context) {})
	assert.Equal(t, adaptertest.Failure(410, "Gone."), adaptertest.Serve(t, engine).Get("/"))
}

// nativeWriter is the writer of Gin's own compressors: it does not unwrap.
type nativeWriter struct{ gin.ResponseWriter }

// TestErrorsBehindNativeWriter tests that the renderer of Errors sends the errors behind a native writer
// that does not unwrap. errjson.Write in a handler of gin.WrapH uses the default renderer there.
func TestErrorsBehindNativeWriter(t *testing.T) {
	engine := gin.New()
	engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{Format: shapes.Restful})).Errors)
	engine.Use(func(c *gin.Context) { c.Writer = nativeWriter{c.Writer} })
	reject := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		errjson.Write(w, r, errjson.Gone("Gone."))
	})
	limit := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Body = http.MaxBytesReader(w, r.Body, 1)
		next.ServeHTTP(w, r)
	})
	engine.POST("/middleware", native.Wrap(reject))
	engine.POST("/limit", native.Wrap(limit, reject))
	engine.POST("/fail", func(c *gin.Context) { ginadapter.Fail(c, errjson.Gone("Gone.")) })
	engine.POST("/body", ginadapter.Body[item](bodyjson.Config{}))
	engine.POST("/handler", gin.WrapH(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.Gone("Gone."))
	})))
	c := adaptertest.Serve(t, engine)
	assert.Equal(t, adaptertest.Failure(410, "Gone."), c.Do("POST", "/handler", nil))
	const want = `410; Content-Length: 20; Content-Type: application/json; X-Content-Type-Options: nosniff; {"message":"Gone."}`
	for _, path := range []string{"/middleware", "/limit", "/fail"} {
		assert.Equal(t, want, c.Do("POST", path, strings.NewReader("{}")), path)
	}
	assert.Contains(t, c.Do("POST", "/body", strings.NewReader("{}"), "Content-Type", "application/json"), `; {"message":"The input is not valid.",`)
}

// TestErrorsHEAD tests that an answer to HEAD has the header of the one to GET.
func TestErrorsHEAD(t *testing.T) {
	engine := gin.New()
	engine.Use(native.Errors)
	handler := ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errjson.Gone("Gone.") })
	engine.HEAD("/fail", handler)
	engine.GET("/fail", handler)
	c := adaptertest.Serve(t, engine)
	for _, path := range []string{"/fail", "/none"} {
		want, _, _ := strings.Cut(c.Get(path), "{")
		assert.Equal(t, want, c.Do("HEAD", path, nil))
	}
}

// TestErrorsOfHandlers tests the errors of net/http handlers, which answer
// themselves: not a second time, HEAD and a client that is gone included.
func TestErrorsOfHandlers(t *testing.T) {
	var reported []string
	engine := gin.New()
	engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, fmt.Sprint(e.Status, e.Message)) },
	})).Errors)
	handler := status.Handler(func(r *http.Request) (any, error) {
		if r.PathValue("id") == "gone" {
			return nil, r.Context().Err()
		}
		return nil, errjson.NotFound("There is no item " + r.PathValue("id") + ".")
	})
	leaf := native.Wrap(func(http.Handler) http.Handler { return handler })
	engine.Match([]string{"GET", "HEAD"}, "/wrap/:id", leaf)
	engine.Match([]string{"GET", "HEAD"}, "/handler", gin.WrapH(handler))
	c := adaptertest.Serve(t, engine)
	for path, message := range map[string]string{"/wrap/7": "There is no item 7.", "/handler": "There is no item ."} {
		reported = nil
		want := adaptertest.Failure(404, message)
		assert.Equal(t, want, c.Get(path))
		want, _, _ = strings.Cut(want, "{")
		assert.Equal(t, want, c.Do("HEAD", path, nil))
		assert.Equal(t, []string{"404" + message, "404" + message}, reported)
	}

	reported = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequest("GET", "/wrap/gone", nil).WithContext(ctx))
	assert.Equal(t, 499, w.Code)
	assert.Empty(t, w.Body.String())
	assert.Len(t, reported, 1)
}

// TestErrorsWriter tests that the writer tells what Gin's own would tell.
func TestErrorsWriter(t *testing.T) {
	var with, without []string
	run := func(into *[]string, middlewares ...gin.HandlerFunc) {
		engine := gin.New()
		engine.Use(middlewares...)
		engine.GET("/", func(c *gin.Context) {
			tell := func() {
				*into = append(*into, fmt.Sprint(c.Writer.Status(), c.Writer.Size(), c.Writer.Written()))
			}
			tell()
			c.Writer.WriteHeader(-1)
			tell()
			c.Status(404)
			tell()
			c.Writer.WriteHeaderNow()
			tell()
			c.Status(201)
			tell()
			_, _ = io.WriteString(c.Writer, "abc")
			tell()
		})
		engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	run(&without)
	run(&with, native.Errors)
	assert.Equal(t, without, with)
	var wrapped []string
	run(&wrapped, native.Errors, native.Wrap(adaptertest.Record(new(adaptertest.Recorder))))
	assert.Equal(t, without, wrapped)
	wrapped = nil
	run(&wrapped, native.Wrap(adaptertest.Record(new(adaptertest.Recorder))))
	assert.Equal(t, without, wrapped)
}

// TestContract tests the ways of failing that only Gin has, with a renderer that is
// not the default.
func TestContract(t *testing.T) {
	var reported []int
	engine := gin.New()
	engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{
		Format: errjson.Problem,
		Rules:  []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) },
	})).Errors)
	engine.GET("/error", func(c *gin.Context) { _ = c.Error(errKnown) })
	engine.GET("/panic", func(*gin.Context) { panic(errKnown) })
	engine.GET("/bodiless", func(c *gin.Context) { c.AbortWithStatus(409) })
	c := adaptertest.Serve(t, engine)
	for _, path := range []string{"/error", "/panic", "/bodiless"} {
		reported = nil
		got := c.Get(path)
		assert.Contains(t, got, "409; ", path)
		assert.Contains(t, got, "Content-Type: application/problem+json; ", path)
		assert.Equal(t, []int{409}, reported, path)
	}
}

// TestBindAndHandle tests that Handle sends the error of BindJSON, which has set a status.
func TestBindAndHandle(t *testing.T) {
	bind := ginadapter.Handle(func(c *gin.Context) (any, error) {
		var v item
		if err := c.BindJSON(&v); err != nil {
			return nil, err
		}
		return v, nil
	})
	nativeOne := func(c *gin.Context) { c.Writer = nativeWriter{c.Writer} }
	writer := native.Wrap(adaptertest.Record(new(adaptertest.Recorder)))
	for name, c := range map[string]struct {
		middlewares []gin.HandlerFunc
		want        string
	}{
		"Errors":                  {[]gin.HandlerFunc{native.Errors}, adaptertest.Failure(400, "")},
		"behind a native writer":  {[]gin.HandlerFunc{native.Errors, nativeOne}, adaptertest.Failure(400, "")},
		"behind a writer":         {[]gin.HandlerFunc{native.Errors, writer}, adaptertest.Failure(400, "")},
		"behind both":             {[]gin.HandlerFunc{native.Errors, writer, nativeOne}, adaptertest.Failure(400, "")},
		"without an Errors":       {nil, "400; Content-Length: 0; "},
		"a writer without Errors": {[]gin.HandlerFunc{writer}, "400; Content-Length: 0; "},
	} {
		t.Run(name, func(t *testing.T) {
			engine := gin.New()
			engine.Use(c.middlewares...)
			engine.POST("/", bind)
			assert.Equal(t, c.want, adaptertest.Serve(t, engine).Do("POST", "/", strings.NewReader("{")))
		})
	}
}

// TestFailAfterPart tests that ErrAbortHandler also breaks the connection without an Errors.
func TestFailAfterPart(t *testing.T) {
	for name, middlewares := range map[string][]gin.HandlerFunc{
		"alone": nil, "with Errors": {native.Errors}, "in a Wrap": {native.Wrap(errjson.Wrap)},
	} {
		engine := gin.New()
		engine.Use(middlewares...)
		engine.GET("/", func(c *gin.Context) {
			c.String(200, "part")
			ginadapter.Fail(c, fmt.Errorf("x: %w", http.ErrAbortHandler))
		})
		assert.PanicsWithValue(t, http.ErrAbortHandler, func() {
			engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}, name)
	}
}

// TestErrorAfterInnerErrors tests that an error is logged that a middleware adds after an inner
// Errors has sent another one.
func TestErrorAfterInnerErrors(t *testing.T) {
	var reported []string
	errs := ginadapter.New(errjson.NewRenderer(errjson.Config{
		Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, fmt.Sprint(e.Unwrap())) },
	}))
	engine := gin.New()
	engine.Use(errs.Errors, func(c *gin.Context) {
		c.Next()
		_ = c.Error(errors.New("commit"))
	}, errs.Errors)
	engine.GET("/", func(c *gin.Context) { ginadapter.Fail(c, errors.New("first")) })
	engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	assert.Equal(t, []string{"first", "commit"}, reported)
}
