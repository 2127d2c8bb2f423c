package ginadapter_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/hipflask/hipflask/status"
	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var cors = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://a.example"}}))

// TestHandle tests what only Gin has: requests without a route, whose status is
// preset, a status of the handler's own, and no Errors.
func TestHandle(t *testing.T) {
	for _, v := range []struct {
		name string
		fn   func(*gin.Context) (any, error)
		want string
	}{
		{"a value", func(*gin.Context) (any, error) { return item{"a"}, nil },
			`200; Content-Length: 13; Content-Type: application/json; {"name":"a"}`},
		{"no content", func(*gin.Context) (any, error) { return status.NoContent(), nil }, `204; `},
		{"a status of its own", func(c *gin.Context) (any, error) { c.AbortWithStatus(204); return nil, nil }, `204; `},
		{"an error", func(*gin.Context) (any, error) { return nil, errjson.Gone("Gone.") }, adaptertest.Failure(410, "Gone.")},
		{"a value that cannot be sent", func(*gin.Context) (any, error) { return make(chan int), nil }, adaptertest.Failure(500, "")},
	} {
		for how, middlewares := range map[string][]gin.HandlerFunc{
			"alone": nil, "with Errors": {native.Errors},
			"behind a writer": {native.Errors, native.Wrap(adaptertest.Record(new(adaptertest.Recorder)))},
		} {
			t.Run(v.name+" "+how, func(t *testing.T) {
				engine := gin.New()
				engine.Use(middlewares...)
				engine.GET("/", ginadapter.Handle(v.fn))
				engine.NoRoute(ginadapter.Handle(v.fn))
				c := adaptertest.Serve(t, engine)
				assert.Equal(t, v.want, c.Get("/"))
				assert.Equal(t, v.want, c.Get("/none"), "without a route")
			})
		}
	}
}

// TestBodyAgain tests Gin's two ways of reading the body again.
func TestBodyAgain(t *testing.T) {
	engine := gin.New()
	engine.POST("/", ginadapter.Body[item](bodyjson.Config{}), func(c *gin.Context) {
		var again, bound item
		assert.NoError(t, c.ShouldBindBodyWithJSON(&bound))
		assert.NoError(t, c.ShouldBindJSON(&again))
		c.String(200, "%s %s", again.Name, bound.Name)
	})
	got := adaptertest.Serve(t, engine).Do("POST", "/", strings.NewReader(`{"name":"a"}`), "Content-Type", "application/json")
	assert.Equal(t, "200; Content-Length: 3; Content-Type: text/plain; charset=utf-8; a a", got)
}

// TestCopy tests that a copy of the context can be used when the request is over.
func TestCopy(t *testing.T) {
	type key struct{}
	engine := gin.New()
	engine.Use(native.Errors, native.Wrap(errjson.Wrap, adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, r.PathValue("name"))))
	})))
	var group sync.WaitGroup
	engine.POST("/:name", ginadapter.Body[item](bodyjson.Config{}), func(c *gin.Context) {
		name, copied := c.Param("name"), c.Copy()
		group.Go(func() {
			for range 10 {
				body, ok := bodyjson.FromContext[item](copied.Request.Context())
				assert.True(t, ok)
				assert.Equal(t, []any{name, name, name, name}, []any{
					copied.Param("name"), body.Name, copied.Request.Context().Value(key{}), copied.Request.PathValue("name"),
				})
			}
		})
	})
	for i := range 100 {
		name := fmt.Sprint(i)
		r := httptest.NewRequest("POST", "/"+name, strings.NewReader(`{"name":"`+name+`"}`))
		r.Header.Set("Content-Type", "application/json")
		engine.ServeHTTP(httptest.NewRecorder(), r)
	}
	group.Wait()
}

// TestBodyAlone tests that a body is refused without an Errors, too.
func TestBodyAlone(t *testing.T) {
	engine := gin.New()
	engine.POST("/", ginadapter.Body[item](bodyjson.Config{}), func(*gin.Context) { t.Error("the handler runs") })
	assert.Contains(t, adaptertest.Serve(t, engine).Do("POST", "/", strings.NewReader("{}"), "Content-Type", "application/json"), "422; ")
}

// TestFailAlone tests that an error is answered without an Errors, too.
func TestFailAlone(t *testing.T) {
	engine := gin.New()
	var last error
	engine.Use(func(c *gin.Context) {
		c.Next()
		last = c.Errors.Last()
	})
	gone := errjson.Gone("Gone.")
	engine.GET("/", func(c *gin.Context) { ginadapter.Fail(c, gone) }, func(*gin.Context) { t.Error("the next handler runs") })
	assert.Equal(t, adaptertest.Failure(410, "Gone."), adaptertest.Serve(t, engine).Get("/"))
	assert.ErrorIs(t, last, gone)
}

// TestWebsocket runs a real library through everything.
func TestWebsocket(t *testing.T) {
	engine := gin.New()
	engine.Use(native.Errors, native.CORS(cors))
	engine.Use(native.Wrap(errjson.Wrap, cors.Wrap))
	engine.Use(native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&adaptertest.Recorder{ResponseWriter: w}, r)
	})))
	engine.GET("/gin", func(c *gin.Context) { echoMessage(c.Writer, c.Request) })
	engine.GET("/http", native.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		echoMessage(w, r)
	})))
	for name, h := range map[string]http.Handler{
		"engine": engine, "inside a chain": alice.New(errjson.Wrap, cors.Wrap).Then(engine),
	} {
		srv := httptest.NewServer(h)
		for _, path := range []string{"/gin", "/http"} {
			t.Run(name+path, func(t *testing.T) { echoOnce(t, srv.URL+path) })
		}
		srv.Close()
	}
}

// echoMessage sends one message back.
func echoMessage(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	kind, message, err := conn.Read(r.Context())
	if err != nil {
		return
	}
	_ = conn.Write(r.Context(), kind, append([]byte("echo: "), message...))
	_ = conn.Close(websocket.StatusNormalClosure, "")
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

// TestWholeEngine is about the other direction: an engine inside a chain.
func TestWholeEngine(t *testing.T) {
	teapots := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("X-Outside", "1")
		next.ServeHTTP(w, r)
	})
	for name, engine := range map[string]*gin.Engine{"New": gin.New(), "Default": quietDefault()} {
		engine.HandleMethodNotAllowed = true
		engine.GET("/items/:id", func(c *gin.Context) { c.String(200, "%s", c.Param("id")) })
		engine.GET("/panic", func(*gin.Context) { panic("secret") })
		engine.GET("/error", func(c *gin.Context) { _ = c.AbortWithError(400, errjson.Gone("Gone.")) })
		engine.GET("/nothing", func(c *gin.Context) { _ = c.Error(errjson.Gone("Gone.")) })
		engine.GET("/flush", func(c *gin.Context) {
			_, _ = c.Writer.WriteString("data: 1\n\n")
			c.Writer.Flush()
			err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(time.Minute))
			_, _ = io.WriteString(c.Writer, map[bool]string{true: "ok"}[err == nil])
		})
		var pattern string
		see := adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			pattern = r.Pattern
		})
		c := adaptertest.Serve(t, alice.New(errjson.Wrap, cors.Wrap, teapots, see).Then(engine))
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, "200; Content-Length: 1; Content-Type: text/plain; charset=utf-8; Vary: Origin; X-Outside: 1; 7", c.Get("/items/7"))
			assert.Equal(t, adaptertest.Failure(404, "", "Vary: Origin", "X-Outside: 1"), c.Get("/none"))
			assert.Equal(t, adaptertest.Failure(405, "", "Allow: GET", "Vary: Origin", "X-Outside: 1"), c.Do("POST", "/items/7", nil))
			assert.Equal(t, adaptertest.Failure(500, "", "Vary: Origin", "X-Outside: 1"), c.Get("/panic"))
			assert.Equal(t, "200; Content-Type: text/plain; charset=utf-8; Vary: Origin; X-Outside: 1; data: 1\n\nok", c.Get("/flush"))
			assert.Contains(t, c.Do("OPTIONS", "/items/7", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"),
				"204; Access-Control-Allow-Origin: https://a.example; ")
			// What cannot be seen from outside: the error, and the route.
			assert.Equal(t, adaptertest.Failure(400, "", "Vary: Origin", "X-Outside: 1"), c.Get("/error"))
			assert.Equal(t, "200; Content-Length: 0; Vary: Origin; X-Outside: 1; ", c.Get("/nothing"))
			assert.Empty(t, pattern)
		})
	}
}

// quietDefault is gin.Default without its log.
func quietDefault() *gin.Engine {
	engine := gin.New()
	engine.Use(gin.LoggerWithWriter(io.Discard), gin.RecoveryWithWriter(io.Discard))
	return engine
}

// TestWholeEngineWithErrors tests that of two renderers the inner one answers, with
// what it leaves unset from the outer one.
func TestWholeEngineWithErrors(t *testing.T) {
	engine := quietDefault()
	engine.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{
		Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
	})).Errors)
	engine.GET("/", ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errKnown }))
	outer := errjson.NewRenderer(errjson.Config{Format: shapes.Restful})
	c := adaptertest.Serve(t, outer.Wrap(engine))
	assert.Contains(t, c.Get("/"), `409; `)
	assert.Contains(t, c.Get("/"), `; {"message":"By a rule."}`)
	assert.Contains(t, c.Get("/none"), `; {"message":"`)
}
