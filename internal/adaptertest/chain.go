package adaptertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hipflask/hipflask/corsmw"
)

type key struct{}

func withValue(value string) Middleware {
	return Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, value)))
	})
}

var cors = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://a.example"}}))

const (
	preflightAnswer = "204; Access-Control-Allow-Origin: https://a.example; Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers; "
)

func (c Client) preflight(path string) string {
	return c.Do("OPTIONS", path, nil, "Origin", "https://a.example", "Access-Control-Request-Method", "GET")
}

// chainVectors are about whether and how often the handlers run, and with what.
var chainVectors = []vector{
	{"G01", "E01", "an answer without next ends the request", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var ran atomic.Int32
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.WriteHeader(401)
		}))
		app.Handle("GET", "/", func(c C) error { ran.Add(1); return hello(c) })
		want := Failure(401, "")
		if f.Kind == Echo {
			want = "401; Content-Length: 0; " // nobody renders bodies that are not there
		}
		equal(t, "answer", Serve(t, app).Get("/"), want)
		equal(t, "handlers run", ran.Load(), 0)
	}},
	{"G02", "E02", "silence is a 200", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(http.ResponseWriter, *http.Request, http.Handler) {}))
		app.Handle("GET", "/", hello)
		c := Serve(t, app)
		equal(t, "with a route", c.Get("/"), "200; Content-Length: 0; ")
		equal(t, "without", c.Get("/none"), "200; Content-Length: 0; ")
	}},
	{"G05", "E03", "context values reach the handler", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(withValue("outer"))
		app.Handle("GET", "/", func(c C) error {
			return c.String(200, c.Request().Context().Value(key{}).(string))
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "outer"))
	}},
	{"G05b", "E03b", "the body reaches the handler, and is closed", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(withValue("x"))
		app.Handle("POST", "/", func(c C) error {
			body, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			if err := c.Request().Body.Close(); err != nil {
				return err
			}
			return c.String(200, string(body))
		}, Record(new(Recorder)))
		equal(t, "answer", Serve(t, app).Do("POST", "/", strings.NewReader("content")), f.text(200, "content"))
	}},
	{"G07", "E04", "the outer middleware gets its request and its writer back", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var same []bool
		app.UseNative(func(c C, next func() error) error {
			r, w := c.Request(), c.Writer()
			err := next()
			same = []bool{c.Request() == r, c.Writer() == w}
			return err
		})
		rec := new(Recorder)
		app.Use(withValue("x"), Record(rec))
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
		equalSlices(t, "request and writer are back", same, []bool{true, true})
		equal(t, "the writer was another one", rec.Body.String(), "hello")
	}},
	{"", "E05", "they are back after a panic, too", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		same := make(chan []bool, 1)
		app.UseNative(func(c C, next func() error) error {
			r, w := c.Request(), c.Writer()
			defer func() {
				_ = recover()
				same <- []bool{c.Request() == r, c.Writer() == w}
				panic(http.ErrAbortHandler)
			}()
			return next()
		})
		app.Use(withValue("x"), Record(new(Recorder)))
		app.Handle("GET", "/", func(C) error { panic("!") })
		srv := Serve(t, app).srv
		if resp, err := srv.Client().Get(srv.URL); err == nil {
			t.Errorf("the connection was not broken: %v", resp.Status)
		}
		equalSlices(t, "request and writer are back", <-same, []bool{true, true})
	}},
	{"G21", "", "next twice runs the handlers once", Gin, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var ran atomic.Int32
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", func(c C) error { ran.Add(1); return hello(c) })
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
		equal(t, "handlers run", ran.Load(), 1)
	}},
	{"G26", "E20", "a panic that a middleware recovers ends the request", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rescue := Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer func() {
				_ = recover()
				w.WriteHeader(500)
				_, _ = w.Write([]byte("{}"))
			}()
			next.ServeHTTP(w, r)
		})
		app.Use(rescue)
		later := Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			panic("!")
		})
		var ran atomic.Int32
		app.Handle("GET", "/", func(C) error { ran.Add(1); return nil }, later)
		equal(t, "answer", Serve(t, app).Get("/"), "500; Content-Length: 2; Content-Type: text/plain; charset=utf-8; {}")
		equal(t, "handlers run", ran.Load(), 0)
	}},
	{"G31", "E27", "a preflight is answered without a route for OPTIONS", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(cors.Wrap)
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).preflight("/"), preflightAnswer)
	}},
	{"", "E28", "also in a group", Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		group := app.Group("/api")
		group.Use(cors.Wrap)
		group.Handle("GET", "/x", hello)
		equal(t, "answer", Serve(t, app).preflight("/api/x"), preflightAnswer)
	}},
	{"", "E29", "also before the routing", Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.(PreApp).Pre(cors.Wrap)
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).preflight("/"), preflightAnswer)
	}},
	{"G32", "E22", "a middleware's function is called once", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var made atomic.Int32
		app.Use(func(next http.Handler) http.Handler { made.Add(1); return next })
		app.Handle("GET", "/", hello)
		c := Serve(t, app)
		for range 3 {
			equal(t, "answer", c.Get("/"), f.text(200, "hello"))
		}
		equal(t, "made", made.Load(), 1)
	}},
	{"G36", "E33", "a context that is not derived from ours", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec), Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(context.Background(), key{}, "detached")))
		}))
		app.Handle("GET", "/", func(c C) error {
			return c.String(200, c.Request().Context().Value(key{}).(string))
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "detached"))
		equal(t, "through the writer", rec.Body.String(), "detached")
	}},
	{"G36b", "E33b", "a middleware that leaves no way back", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		recovered := make(chan any, 1)
		app.UseNative(func(c C, next func() error) error {
			defer func() { recovered <- recover() }()
			return next()
		})
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.Background()))
		}))
		app.Handle("GET", "/", hello)
		Serve(t, app).Get("/")
		contains(t, "panic", fmt.Sprint(<-recovered), "adapter: a middleware has replaced both the context of the request and the writer")
	}},
	{"G37", "E35", "the route and its parameters are in the request", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var mu sync.Mutex
		var seen []string
		see := Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			seen = append(seen, r.Pattern, r.PathValue("id"), r.PathValue("none"))
			mu.Unlock()
			next.ServeHTTP(w, r)
		})
		app.Use(see)
		app.Handle("GET", "/items/:id", hello, see)
		equal(t, "answer", Serve(t, app).Get("/items/7"), f.text(200, "hello"))
		equalSlices(t, "pattern and values", seen, []string{"/items/:id", "7", "", "/items/:id", "7", ""})
	}},
	{"G38", "E38", "a group's middlewares are for the group", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		group := app.Group("/api")
		group.Use(withValue("group"))
		show := func(c C) error {
			value, _ := c.Request().Context().Value(key{}).(string)
			return c.String(200, "value "+value)
		}
		group.Handle("GET", "/x", show)
		app.Handle("GET", "/y", show)
		c := Serve(t, app)
		equal(t, "inside", c.Get("/api/x"), f.text(200, "value group"))
		equal(t, "outside", c.Get("/y"), f.text(200, "value "))
	}},
	{"G39", "E36", "requests at the same time do not meet", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		byHeader := Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			value, _ := r.Context().Value(key{}).(string)
			next.ServeHTTP(&Recorder{ResponseWriter: w},
				r.WithContext(context.WithValue(r.Context(), key{}, value+r.Header.Get("X-Name"))))
		})
		app.Use(byHeader)
		app.Use(byHeader)
		app.Handle("GET", "/", func(c C) error {
			return c.String(200, c.Request().Context().Value(key{}).(string))
		}, byHeader)
		c := Serve(t, app)
		var group sync.WaitGroup
		for i := range 100 {
			name := string(rune('a' + i%26))
			group.Go(func() {
				equal(t, "answer", c.Do("GET", "/", nil, "X-Name", name), f.text(200, name+name+name))
			})
		}
		group.Wait()
	}},
	{"", "E23", "next again after an error: the last outcome counts", Echo | NetHTTP, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			for {
				b := &buffer{ResponseWriter: w}
				if next.ServeHTTP(b, r); b.status != 503 {
					b.send()
					return
				}
				for _, name := range []string{"Content-Length", "X-Content-Type-Options", "Content-Type"} {
					w.Header().Del(name)
				}
			}
		}))
		var ran atomic.Int32
		app.Handle("GET", "/", func(c C) error {
			if ran.Add(1) < 3 {
				return unavailable
			}
			return hello(c)
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
		equal(t, "handlers run", ran.Load(), 3)
	}},
	{"", "E23b", "next again without a writer of its own", Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			next.ServeHTTP(w, r)
		}))
		var ran atomic.Int32
		app.Handle("GET", "/", func(c C) error {
			if ran.Add(1) == 1 {
				return unavailable
			}
			return hello(c)
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
	}},
	{"G22", "E24", "next in another goroutine that is waited for", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			var group sync.WaitGroup
			group.Go(func() { next.ServeHTTP(w, r) })
			group.Wait()
		}))
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
	}},
	{"", "order", "the first middleware is the outermost", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var order []string
		note := func(name string) Middleware {
			return Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				order = append(order, name)
				next.ServeHTTP(w, r)
				order = append(order, "/"+name)
			})
		}
		app.Use(note("a"), note("b"))
		app.Use(note("c"))
		app.Handle("GET", "/", hello, note("d"), note("e"))
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
		want := []string{"a", "b", "c", "d", "e"}
		for _, name := range slices.Backward(slices.Clone(want)) {
			want = append(want, "/"+name)
		}
		equalSlices(t, "order", order, want)
	}},
}
