package ginadapter_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
	"github.com/hipflask/hipflask/status"
	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var cors = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://a.example"}}))

func TestHandle(t *testing.T) {
	type value = any
	for _, v := range []struct {
		name string
		fn   func(*gin.Context) (value, error)
		want string
	}{
		{"a value", func(*gin.Context) (value, error) { return item{"a"}, nil },
			`200; Content-Length: 13; Content-Type: application/json; {"name":"a"}`},
		{"nil", func(*gin.Context) (value, error) { return nil, nil },
			`200; Content-Length: 5; Content-Type: application/json; null`},
		{"a Response", func(*gin.Context) (value, error) { return status.Created(item{"a"}, "/a"), nil },
			`201; Content-Length: 13; Content-Type: application/json; Location: /a; {"name":"a"}`},
		{"a pointer to a Response", func(*gin.Context) (value, error) { r := status.NoContent(); return &r, nil }, `204; `},
		{"a nil pointer to a Response", func(*gin.Context) (value, error) { return (*status.Response)(nil), nil },
			`200; Content-Length: 5; Content-Type: application/json; null`},
		{"a status of an error", func(*gin.Context) (value, error) { return status.Of(404, item{"a"}), nil },
			`404; Content-Length: 13; Content-Type: application/json; {"name":"a"}`},
		{"an answer of its own", func(c *gin.Context) (value, error) { c.String(201, "mine"); return nil, nil },
			`201; Content-Length: 4; Content-Type: text/plain; charset=utf-8; mine`},
		{"a status of its own", func(c *gin.Context) (value, error) { c.AbortWithStatus(204); return nil, nil }, `204; `},
		{"an error", func(*gin.Context) (value, error) { return item{"a"}, errjson.Gone("Gone.") }, adaptertest.Failure(410, "Gone.")},
		{"a value that cannot be sent", func(*gin.Context) (value, error) { return make(chan int), nil }, adaptertest.Failure(500, "")},
	} {
		for how, middlewares := range map[string][]gin.HandlerFunc{
			"alone": nil, "with Errors": {ginadapter.Errors(nil)},
			"behind a writer": {ginadapter.Errors(nil), ginadapter.Wrap(adaptertest.Record(new(adaptertest.Recorder)))},
		} {
			t.Run(v.name+" "+how, func(t *testing.T) {
				engine := gin.New()
				engine.Use(middlewares...)
				engine.GET("/", ginadapter.Handle(v.fn))
				engine.NoRoute(ginadapter.Handle(v.fn))
				assert.Equal(t, v.want, adaptertest.Serve(t, engine).Get("/"))
				assert.Equal(t, v.want, adaptertest.Serve(t, engine).Get("/none"), "without a route")
			})
		}
	}
}

func TestHandleHEAD(t *testing.T) {
	engine := gin.New()
	engine.Use(ginadapter.Errors(nil))
	for path, code := range map[string]int{"/200": 200, "/404": 404} {
		handler := ginadapter.Handle(func(*gin.Context) (any, error) { return status.Of(code, item{"a"}), nil })
		engine.GET(path, handler)
		engine.HEAD(path, handler)
	}
	c := adaptertest.Serve(t, engine)
	for _, path := range []string{"/200", "/404"} {
		want, _, _ := strings.Cut(c.Get(path), "{")
		assert.Equal(t, want, c.Do("HEAD", path, nil))
	}
}

func TestBody(t *testing.T) {
	engine := gin.New()
	engine.Use(ginadapter.Errors(nil))
	outer := func(c *gin.Context) {
		before := c.Request
		c.Next()
		assert.Same(t, before, c.Request, "the request is put back")
	}
	engine.POST("/", outer, ginadapter.Body[item](bodyjson.Config{}), func(c *gin.Context) {
		v, err := ginadapter.Get[item](c)
		assert.NoError(t, err)
		fromContext, ok := bodyjson.FromContext[item](c.Request.Context())
		assert.True(t, ok)
		assert.Equal(t, v, fromContext)
		var again, bound item
		assert.NoError(t, c.ShouldBindBodyWithJSON(&bound), "the body can be read again")
		assert.NoError(t, c.ShouldBindJSON(&again))
		c.String(200, "%s %s %s", v.Name, again.Name, bound.Name)
	})
	engine.POST("/lazy", ginadapter.Handle(ginadapter.Get[item]))
	c := adaptertest.Serve(t, engine)
	post := func(path, body string) string {
		return c.Do("POST", path, strings.NewReader(body), "Content-Type", "application/json")
	}
	assert.Equal(t, "200; Content-Length: 5; Content-Type: text/plain; charset=utf-8; a a a", post("/", `{"name":"a"}`))
	assert.Equal(t, `200; Content-Length: 13; Content-Type: application/json; {"name":"a"}`, post("/lazy", `{"name":"a"}`))
	for _, path := range []string{"/", "/lazy"} {
		assert.Contains(t, post(path, `{}`), `422; `)
		assert.Contains(t, post(path, `{}`), `"pointer":"/name"`)
		assert.Contains(t, post(path, `{`), `400; `)
	}
}

// TestBodyAlone tests that a body is refused without an Errors, too.
func TestBodyAlone(t *testing.T) {
	engine := gin.New()
	engine.POST("/", ginadapter.Body[item](bodyjson.Config{}), func(*gin.Context) { t.Error("the handler runs") })
	assert.Contains(t, adaptertest.Serve(t, engine).Do("POST", "/", strings.NewReader("{}"), "Content-Type", "application/json"), "422; ")
}

func TestCORS(t *testing.T) {
	engine := gin.New()
	engine.Use(ginadapter.CORS(cors))
	ran := 0
	engine.GET("/", func(c *gin.Context) { ran++; c.String(200, "hi") })
	c := adaptertest.Serve(t, engine)
	assert.Equal(t, "204; Access-Control-Allow-Origin: https://a.example; Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers; ",
		c.Do("OPTIONS", "/", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"))
	assert.Contains(t, c.Do("OPTIONS", "/", nil, "Origin", "https://b.example", "Access-Control-Request-Method", "GET"), "403; ")
	assert.Zero(t, ran)
	assert.Equal(t, "200; Access-Control-Allow-Origin: https://a.example; Content-Length: 2; Content-Type: text/plain; charset=utf-8; Vary: Origin; hi",
		c.Do("GET", "/", nil, "Origin", "https://a.example"))
	assert.Equal(t, "200; Content-Length: 2; Content-Type: text/plain; charset=utf-8; Vary: Origin; hi", c.Get("/"))
}

// TestCORSRoutes tests that policies by path fit, too.
func TestCORSRoutes(t *testing.T) {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/open/": {AllowOrigins: []string{"*"}}}))
	engine := gin.New()
	engine.Use(ginadapter.CORS(routes))
	engine.GET("/open/x", func(c *gin.Context) { c.String(200, "hi") })
	engine.GET("/x", func(c *gin.Context) { c.String(200, "hi") })
	c := adaptertest.Serve(t, engine)
	assert.Contains(t, c.Do("GET", "/open/x", nil, "Origin", "https://a.example"), "Access-Control-Allow-Origin: *; ")
	assert.NotContains(t, c.Do("GET", "/x", nil, "Origin", "https://a.example"), "Access-Control")
	assert.Contains(t, c.Do("OPTIONS", "/open/x", nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET"), "204; ")
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
	engine.Use(ginadapter.Errors(nil), ginadapter.CORS(cors))
	engine.Use(ginadapter.Wrap(errjson.Wrap, cors.Wrap))
	engine.Use(ginadapter.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&adaptertest.Recorder{ResponseWriter: w}, r)
	})))
	engine.GET("/gin", func(c *gin.Context) { echoMessage(c.Writer, c.Request) })
	engine.GET("/http", ginadapter.Wrap(adaptertest.Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
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
	engine.Use(ginadapter.Errors(errjson.NewRenderer(errjson.Config{
		Rules: []errjson.Rule{errjson.MapIs(errKnown, errjson.Conflict("By a rule."))},
	})))
	engine.GET("/", ginadapter.Handle(func(*gin.Context) (any, error) { return nil, errKnown }))
	outer := errjson.NewRenderer(errjson.Config{Format: errjson.Restful})
	c := adaptertest.Serve(t, outer.Wrap(engine))
	assert.Contains(t, c.Get("/"), `409; `)
	assert.Contains(t, c.Get("/"), `; {"message":"By a rule."}`)
	assert.Contains(t, c.Get("/none"), `; {"message":"`)
}

// TestAllocations is what the middlewares cost beyond their work.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates itself
	}
	pass := func(next http.Handler) http.Handler { return next }
	run := func(middlewares ...gin.HandlerFunc) float64 {
		engine := gin.New()
		engine.Use(middlewares...)
		engine.GET("/", func(*gin.Context) {})
		w, r := discard{make(http.Header)}, httptest.NewRequest("GET", "/", nil)
		return testing.AllocsPerRun(1000, func() { engine.ServeHTTP(w, r) })
	}
	assert.Zero(t, run(), "nothing")
	assert.LessOrEqual(t, run(ginadapter.Errors(nil)), 1.0, "Errors")
	assert.LessOrEqual(t, run(ginadapter.Wrap(pass)), 2.0, "Wrap of one")
	assert.LessOrEqual(t, run(ginadapter.Wrap(pass, pass, pass, pass)), 2.0, "Wrap of four")
	assert.LessOrEqual(t, run(ginadapter.CORS(cors)), 1.0, "CORS")
}

// TestAllocationsOfWork compares the native forms with those of net/http.
func TestAllocationsOfWork(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates itself
	}
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	body := strings.NewReader("")
	post := httptest.NewRequest("POST", "/body", nil)
	post.Header.Set("Content-Type", "application/json")
	get := httptest.NewRequest("GET", "/value", nil)
	w := discard{make(http.Header)}
	run := func(h http.Handler, r *http.Request) float64 {
		return testing.AllocsPerRun(1000, func() {
			body.Reset(`{"name":"a"}`)
			r.Body, r.ContentLength = io.NopCloser(body), body.Size()
			h.ServeHTTP(w, r)
		})
	}
	value := &item{"a"}
	app := gin.New()
	app.POST("/body", ginadapter.Body[item](bodyjson.Config{}))
	app.GET("/value", ginadapter.Handle(func(*gin.Context) (*item, error) { return value, nil }))

	wantBody := run(bodyjson.New[item](bodyjson.Config{})(nothing), post)
	assert.LessOrEqual(t, run(app, post), wantBody+1, "Body")
	wantValue := run(status.Handler(func(*http.Request) (*item, error) { return value, nil }), get)
	assert.LessOrEqual(t, run(app, get), wantValue, "Handle")
}

// discard is a writer that keeps nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             { clear(d.h) }
