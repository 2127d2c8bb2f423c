package adaptertest

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

var (
	unavailable = errjson.New(503, "Come back later.")
	missing     = errjson.NotFound("There is no such item.")
)

const (
	missingBody = `{"error":"Not Found","message":"There is no such item.","status":404}`
	teapotBody  = `{"teapot":true}`
)

func fail(C) error { return missing }

// interceptor makes its own answer of answers with a status of 400 or more.
var interceptor = Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
	b := &buffer{ResponseWriter: w}
	next.ServeHTTP(b, r)
	if b.status < 400 {
		b.send()
		return
	}
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(b.status)
	_, _ = w.Write([]byte(teapotBody))
})

// errorVectors are about failures: who answers them, and through which writer.
var errorVectors = []vector{
	{"", "E10", "a handler's error is seen once outside, and answered once", Gin | Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var seen []error
		app.UseNative(func(c C, next func() error) error {
			err := next()
			seen = append(seen, err)
			return err
		})
		app.Use(Record(new(Recorder)))
		app.Handle("GET", "/", fail)
		equal(t, "answer", Serve(t, app).Get("/"), Failure(404, "There is no such item."))
		equalSlices(t, "errors", seen, []error{missing})
	}},
	{"", "E11", "a middleware outside changes the error if nothing was wrapped", Echo, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.UseNative(func(c C, next func() error) error {
			if err := next(); errors.Is(err, missing) {
				return unavailable
			}
			return nil
		})
		app.Use(withValue("x"))
		app.Handle("GET", "/", fail)
		equal(t, "answer", Serve(t, app).Get("/"), Failure(503, "Come back later."))
	}},
	{"", "E12", "a Recorder sees the status of a handler's error", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec))
		app.Handle("GET", "/", fail)
		equal(t, "answer", Serve(t, app).Get("/"), Failure(404, "There is no such item."))
		equalSlices(t, "statuses", rec.Statuses, []int{404})
		equal(t, "body", rec.Body.String(), missingBody+"\n")
	}},
	{"", "E13", "a handler's error behind http.TimeoutHandler", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "late") })
		app.Handle("GET", "/", fail)
		c := Serve(t, app)
		equal(t, "answer", c.Get("/"), Failure(404, "There is no such item."))
		equal(t, "without a route", c.Get("/none"), Failure(404, ""))
	}},
	{"", "E14", "a handler's error behind a writer that is closed", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			rec := &Recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			_, _ = w.Write([]byte("(" + rec.Body.String() + " ends)"))
		}), Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(lengthless{w}, r)
		}))
		app.Handle("GET", "/", fail)
		got := Serve(t, app).Get("/")
		if !strings.HasSuffix(got, missingBody+"\n("+missingBody+"\n ends)") {
			t.Errorf("answer: %s", got)
		}
	}},
	{"G20", "E15", "nothing is written to the middleware's writer when it has returned", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec))
		app.Handle("GET", "/", fail)
		app.Handle("GET", "/empty", func(C) error { return nil })
		c := Serve(t, app)
		equal(t, "an error", c.Get("/"), Failure(404, "There is no such item."))
		equal(t, "no route", c.Get("/none"), Failure(404, ""))
		equal(t, "an empty answer", c.Get("/empty"), "200; Content-Length: 0; ")
		equal(t, "late writes", rec.late.Load(), 0)
	}},
	{"", "E16", "an error after a body: one body", Echo | NetHTTP, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			b := &buffer{ResponseWriter: w}
			next.ServeHTTP(b, r)
			b.send()
		}))
		app.Handle("GET", "/", func(c C) error {
			_ = c.String(200, "done")
			if f.Kind == NetHTTP {
				return nil // what the error does there is errjson's
			}
			return missing
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "done"))
	}},
	{"", "E17", "a middleware answers itself when next has failed: one body", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&buffer{ResponseWriter: w}, r)
			w.Header().Del("Content-Length")
			w.Header().Del("X-Content-Type-Options")
			w.WriteHeader(418)
			_, _ = w.Write([]byte(teapotBody))
		}))
		app.Handle("GET", "/", fail)
		equal(t, "answer", Serve(t, app).Get("/"), "418; Content-Length: 15; Content-Type: application/json; "+teapotBody)
	}},
	{"G28", "E18", "a middleware makes its own answer of a 404 of the router", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(interceptor)
		app.Handle("GET", "/", hello)
		got := Serve(t, app).Get("/none")
		equal(t, "answer", strings.Replace(got, "X-Content-Type-Options: nosniff; ", "", 1),
			"404; Content-Length: 15; Content-Type: application/json; "+teapotBody)
	}},
	{"G29", "E19", "and of a 405, with its Allow", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(interceptor)
		app.Handle("GET", "/", hello)
		got := Serve(t, app).Do("POST", "/", nil)
		allow := map[Kind]string{Gin: "GET", Echo: "OPTIONS, GET", NetHTTP: "GET, HEAD"}[f.Kind]
		equal(t, "answer", strings.Replace(got, "X-Content-Type-Options: nosniff; ", "", 1),
			"405; Allow: "+allow+"; Content-Length: 15; Content-Type: application/json; "+teapotBody)
	}},
	{"errors", "errors", "404 and 405 of the router are answered by the renderer", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Handle("GET", "/", hello)
		c := Serve(t, app)
		equal(t, "404", c.Get("/none"), Failure(404, ""))
		allow := map[Kind]string{Gin: "GET", Echo: "OPTIONS, GET", NetHTTP: "GET, HEAD"}[f.Kind]
		equal(t, "405", c.Do("POST", "/", nil), Failure(405, "", "Allow: "+allow))
		equal(t, "HEAD", c.Do("HEAD", "/none", nil), strings.Split(Failure(404, ""), "{")[0])
	}},
	{"G18d", "E09d", "an error after the connection was taken over is reported once", all, func(t *testing.T, f Framework) {
		var reported atomic.Int32
		app := f.New(errjson.NewRenderer(errjson.Config{Report: func(*http.Request, *errjson.Error) { reported.Add(1) }}))
		app.Use(errjson.Default().Recover)
		app.Handle("GET", "/", func(c C) error { return errors.Join(echoLines(c.Writer()), missing) })
		done := make(chan struct{})
		c := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			app.ServeHTTP(w, r)
		}))
		equal(t, "answer", upgrade(t, c), "echo: ping\n")
		<-done
		equal(t, "reported", reported.Load(), 1)
	}},
	{"contract", "contract", "every failure goes out through the renderer", all, contract},
	{"body", "body", "a refusal does not wait for the body", all, refusal},
}

// refusal tests that an answer that is given without reading the body comes at
// once: neither has a client that holds the body back until it is told to go on
// (RFC 9110, Section 10.1.1) to send it, nor is a large one read to its end.
func refusal(t *testing.T, f Framework) {
	app := f.New(nil)
	unauthorized := errjson.Unauthorized("Who are you?")
	app.Handle("POST", "/handler", func(C) error { return unauthorized })
	app.Handle("POST", "/middleware", hello, Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		errjson.Write(w, r, unauthorized)
	}))
	app.Handle("POST", "/wrapped", func(C) error { return unauthorized }, Record(new(Recorder)))
	c := Serve(t, app)
	for _, path := range []string{"/handler", "/middleware", "/wrapped"} {
		for _, head := range []string{
			"Content-Length: 10\r\nExpect: 100-continue\r\n",
			"Content-Length: 10000000\r\n",
		} {
			conn := c.dial()
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, head)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(path, err)
			}
			equal(t, path+" status", resp.StatusCode, 401)
			equal(t, path+" closes the connection", resp.Close, true)
		}
	}
}

// lengthless is the writer of a middleware that changes the length of bodies.
type lengthless struct{ http.ResponseWriter }

func (l lengthless) WriteHeader(status int) {
	l.Header().Del("Content-Length")
	l.ResponseWriter.WriteHeader(status)
}

var errRule = errors.New("a rule knows this error")

// contract tests that the application's renderer sends every error, with its format, its rules and its
// report. Behind a writer that does not unwrap, errjson.Write uses the default renderer.
func contract(t *testing.T, f Framework) {
	var mu sync.Mutex
	var reported []int
	rd := errjson.NewRenderer(errjson.Config{
		Format: errjson.Problem,
		Rules:  []errjson.Rule{errjson.MapIs(errRule, errjson.Conflict("By a rule."))},
		Report: func(_ *http.Request, e *errjson.Error) {
			mu.Lock()
			reported = append(reported, e.Status)
			mu.Unlock()
		},
	})
	app := f.New(rd)
	refuse := Through(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		errjson.Write(w, r, errRule)
	})
	opaque := Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(plainWriter{w}, r)
	})
	ruled := func(C) error { return errRule }
	app.Handle("GET", "/handler", ruled)
	app.Handle("GET", "/wrapped", ruled, Record(new(Recorder)))
	app.Handle("GET", "/opaque", ruled, opaque)
	app.Handle("GET", "/middleware", hello, refuse)
	app.Handle("GET", "/middleware-wrapped", hello, Record(new(Recorder)), refuse)
	app.Handle("GET", "/middleware-opaque", hello, opaque, refuse)
	app.Handle("GET", "/middleware-recover", hello, errjson.Default().Recover, Through(func(http.ResponseWriter, *http.Request, http.Handler) {
		panic(errRule)
	}))
	app.Handle("GET", "/middleware-timeout", hello, func(next http.Handler) http.Handler {
		return http.TimeoutHandler(next, time.Minute, "late")
	}, refuse)
	app.Handle("GET", "/middleware-hidden", hello, Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Body = http.MaxBytesReader(w, r.Body, 1)
		next.ServeHTTP(struct{ http.ResponseWriter }{w}, r) // which hides both ways
	}), refuse)
	app.Value("GET", "/value", func(C) (any, error) { return nil, errRule })
	app.Handle("POST", "/body", hello, bodyjson.New[Item](bodyjson.Config{}))
	app.Body("/body-native", hello)
	group := app.Group("/group")
	group.Use(errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{
		errjson.MapIs(errRule, errjson.Gone("By the rule of the group.")),
	}}).Render)
	group.Handle("GET", "/x", hello, refuse)

	problem := func(status int, detail string) string {
		return fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"detail":%q}`, http.StatusText(status), status, detail)
	}
	c := Serve(t, app)
	answer := func(got string) string {
		status, body, _ := strings.Cut(got, "; ")
		fields, body, ok := strings.Cut(body, "{")
		if !ok || !strings.Contains(fields, "Content-Type: application/problem+json") {
			t.Errorf("not a problem: %s", got)
		}
		return status + " {" + body
	}
	conflict := "409 " + problem(409, "By a rule.")
	for _, path := range []string{
		"/handler", "/wrapped", "/middleware", "/middleware-wrapped", "/middleware-recover", "/value",
	} {
		equal(t, path, answer(c.Get(path)), conflict)
	}
	byDefault := []string{"/middleware-opaque", "/middleware-timeout", "/middleware-hidden"}
	wantReports := []int{409, 409, 409, 409, 409, 409}
	if f.Kind == NetHTTP {
		byDefault = append(byDefault, "/opaque")
	} else { // the framework gets the error of the handler
		equal(t, "/opaque", answer(c.Get("/opaque")), conflict)
		wantReports = append(wantReports, 409)
	}
	for _, path := range byDefault {
		equal(t, path, c.Get(path), Failure(500, ""))
	}
	equal(t, "/none", answer(c.Get("/none")), "404 "+problem(404, sentence(404)))
	equal(t, "POST /handler", answer(c.Do("POST", "/handler", nil)), "405 "+problem(405, sentence(405)))
	for _, path := range []string{"/body", "/body-native"} {
		equal(t, path, answer(c.Do("POST", path, strings.NewReader("name=x"), "Content-Type", "text/plain"))[:4], "415 ")
	}
	equal(t, "/group/x", answer(c.Get("/group/x")), "410 "+problem(410, "By the rule of the group."))
	mu.Lock()
	defer mu.Unlock()
	equalSlices(t, "reported", reported, append(wantReports, 404, 405, 415, 415, 410))
}
