package adaptertest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

const itemBody = `{"name":"a"}`

func (c Client) post(path, body string) string {
	return c.Do("POST", path, strings.NewReader(body), "Content-Type", "application/json")
}

// nativeVectors are about the native forms of our own middlewares.
var nativeVectors = []vector{
	{"Handle", "Handle", "answers with values, responses and errors", all, func(t *testing.T, f Framework) {
		const asJSON = "Content-Type: application/json; "
		mine := f.text(201, "mine")
		failure, failureBody, _ := strings.Cut(Failure(410, "Gone."), "{")
		fault, faultBody, _ := strings.Cut(Failure(500, ""), "{")
		for _, v := range []struct {
			name       string
			fn         func(C) (any, error)
			head, body string
		}{
			{"a value", func(C) (any, error) { return Item{"a"}, nil }, "200; Content-Length: 13; " + asJSON, itemBody},
			{"nil", func(C) (any, error) { return nil, nil }, "200; Content-Length: 5; " + asJSON, "null"},
			{"a Response", func(C) (any, error) { return status.Created(Item{"a"}, "/a"), nil },
				"201; Content-Length: 13; " + asJSON + "Location: /a; ", itemBody},
			{"a pointer to a Response", func(C) (any, error) { r := status.NoContent(); return &r, nil }, "204; ", ""},
			{"a nil pointer to a Response", func(C) (any, error) { return (*status.Response)(nil), nil }, "200; Content-Length: 5; " + asJSON, "null"},
			{"a status of an error", func(C) (any, error) { return status.Of(404, Item{"a"}), nil }, "404; Content-Length: 13; " + asJSON, itemBody},
			{"an answer of its own", func(c C) (any, error) { return nil, c.String(201, "mine") }, strings.TrimSuffix(mine, "mine"), "mine"},
			{"an error", func(C) (any, error) { return Item{"a"}, errjson.Gone("Gone.") }, failure, "{" + failureBody},
			{"a value that cannot be sent", func(C) (any, error) { return make(chan int), nil }, fault, "{" + faultBody},
		} {
			if f.Kind == NetHTTP && v.name == "an answer of its own" {
				continue // a status.Handler has none
			}
			for how, middlewares := range map[string][]Middleware{"alone": nil, "behind a writer": {Record(new(Recorder))}} {
				app := f.New(nil)
				app.Value("GET", "/", v.fn, middlewares...)
				app.Value("HEAD", "/", v.fn, middlewares...)
				c := Serve(t, app)
				equal(t, v.name+" "+how, c.Get("/"), v.head+v.body)
				equal(t, v.name+" "+how+" to HEAD", c.Do("HEAD", "/", nil), v.head)
			}
		}
	}},
	{"Body", "Body", "decodes the body, or fails", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var seen []error
		app.UseNative(func(c C, next func() error) error {
			before := c.Request()
			err := next()
			seen = append(seen, err)
			equal(t, "the request is put back", c.Request(), before)
			return err
		})
		app.Body("/", func(c C) error {
			v, err := c.Item()
			fromContext, ok := bodyjson.FromContext[Item](c.Request().Context())
			if err != nil || !ok {
				t.Error("no item", err)
			}
			var bound Item
			if err := c.Bind(&bound); err != nil {
				t.Error("the body cannot be read again", err)
			}
			return c.String(200, v.Name+fromContext.Name+bound.Name)
		})
		app.Body("/fails", fail)
		app.Value("POST", "/lazy", func(c C) (any, error) { return c.Item() })
		c := Serve(t, app)
		equal(t, "a good body", c.post("/", itemBody), f.text(200, "aaa"))
		equal(t, "a good body, lazily", c.post("/lazy", itemBody), "200; Content-Length: 13; Content-Type: application/json; "+itemBody)
		equalSlices(t, "errors seen outside", seen, []error{nil, nil})
		for _, path := range []string{"/", "/lazy"} {
			contains(t, path+" invalid", c.post(path, "{}"), "422; ", `"pointer":"/name"`)
			contains(t, path+" malformed", c.post(path, "{"), "400; ")
		}
		for _, err := range seen[2:] {
			var he *errjson.Error
			equal(t, "a middleware outside sees the error", errors.As(err, &he), true)
		}
		equal(t, "a handler's error", c.post("/fails", itemBody), Failure(404, "There is no such item."))
		equal(t, "is seen outside", seen[len(seen)-1], error(missing))
	}},
	{"CORS", "CORS", "answers preflights, and lets the rest pass", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.CORS(cors)
		ran := 0
		app.Handle("GET", "/", func(c C) error { ran++; return hello(c) })
		c := Serve(t, app)
		equal(t, "preflight", c.preflight("/"), preflightAnswer)
		contains(t, "a preflight that is denied",
			c.Do("OPTIONS", "/", nil, "Origin", "https://b.example", "Access-Control-Request-Method", "GET"), "403; ")
		equal(t, "handlers run", ran, 0)
		text := strings.TrimSuffix(f.text(200, "hello"), "hello") + "Vary: Origin; hello"
		equal(t, "without an origin", c.Get("/"), text)
		equal(t, "with an origin", c.Do("GET", "/", nil, "Origin", "https://a.example"),
			strings.Replace(text, "200; ", "200; Access-Control-Allow-Origin: https://a.example; ", 1))
	}},
	{"CORS Routes", "CORS Routes", "fit as well", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.CORS(corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/open/": {AllowOrigins: []string{"*"}}})))
		app.Handle("GET", "/open/x", hello)
		app.Handle("GET", "/x", hello)
		c := Serve(t, app)
		contains(t, "inside", c.Do("GET", "/open/x", nil, "Origin", "https://a.example"), "Access-Control-Allow-Origin: *; ")
		contains(t, "preflight", c.preflight("/open/x"), "204; ")
		equal(t, "outside", c.Do("GET", "/x", nil, "Origin", "https://a.example"), f.text(200, "hello"))
	}},
	{"allocations", "allocations", "what the middlewares cost beyond their work", Gin | Echo, func(t *testing.T, f Framework) {
		if raceEnabled {
			return // the race detector allocates itself
		}
		run := func(use func(App)) float64 {
			app := f.New(nil)
			use(app)
			app.Handle("GET", "/", func(C) error { return nil })
			return allocations(app, httptest.NewRequest("GET", "/", nil), "")
		}
		pass := func(next http.Handler) http.Handler { return next }
		nothing := run(func(App) {})
		atMost(t, "of errors", nothing, map[Kind]float64{Gin: 1, Echo: f.Closures}[f.Kind])
		most := nothing + 1 + f.Closures
		atMost(t, "of a Wrap of one", run(func(a App) { a.Use(pass) }), most)
		atMost(t, "of a Wrap of four", run(func(a App) { a.Use(pass, pass, pass, pass) }), most)
		atMost(t, "of CORS", run(func(a App) { a.CORS(cors) }), most)

		post := httptest.NewRequest("POST", "/body", nil)
		post.Header.Set("Content-Type", "application/json")
		get := httptest.NewRequest("GET", "/value", nil)
		value := &Item{"a"}
		app := f.New(nil)
		app.Body("/body", func(C) error { return nil })
		app.Value("GET", "/value", func(C) (any, error) { return value, nil })
		alone := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		atMost(t, "of Body", allocations(app, post, itemBody),
			most+allocations(bodyjson.New[Item](bodyjson.Config{})(alone), post, itemBody))
		atMost(t, "of Handle", allocations(app, get, ""),
			nothing+allocations(status.Handler(func(*http.Request) (any, error) { return value, nil }), get, ""))
	}},
}

// allocations returns how many a request takes.
func allocations(h http.Handler, r *http.Request, body string) float64 {
	w, content := discard{make(http.Header)}, strings.NewReader("")
	return testing.AllocsPerRun(1000, func() {
		if r.Body = http.NoBody; body != "" {
			content.Reset(body)
			r.Body, r.ContentLength = io.NopCloser(content), content.Size()
		}
		h.ServeHTTP(w, r)
	})
}

// discard is a writer that keeps nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             { clear(d.h) }
