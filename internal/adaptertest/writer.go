package adaptertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"testing"
	"time"
)

// plainWriter is a writer that neither flushes nor unwraps.
type plainWriter struct{ w http.ResponseWriter }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) WriteHeader(status int)      { p.w.WriteHeader(status) }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }

// unwrapper is a writer that unwraps, and no more.
type unwrapper struct{ plainWriter }

func (u unwrapper) Unwrap() http.ResponseWriter { return u.w }

// writerVectors are about what the handlers write, and what the middlewares see of
// it.
var writerVectors = []vector{
	{"G08", "E06", "the handler writes through the middleware's writer", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec))
		app.Handle("GET", "/", func(c C) error { return c.String(201, "hello") })
		equal(t, "answer", Serve(t, app).Get("/"), f.text(201, "hello"))
		equalSlices(t, "statuses", rec.Statuses, []int{201})
		equal(t, "body", rec.Body.String(), "hello")
	}},
	{"G16", "E07", "Flush passes through, and reaches the client", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		goOn := make(chan struct{})
		app.Use(Record(rec))
		app.Handle("GET", "/", func(c C) error {
			_, _ = io.WriteString(c.Writer(), "first")
			c.Writer().(http.Flusher).Flush()
			<-goOn
			_, _ = io.WriteString(c.Writer(), " second")
			return nil
		})
		srv := Serve(t, app).srv
		resp, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		readFirst(t, resp.Body)
		close(goOn)
		rest, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "the rest", string(rest), " second")
		equal(t, "flushes", rec.flushes, 1)
	}},
	{"G16b", "E07b", "Flush does nothing where the middleware's writer has none", Gin, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(plainWriter{w}, r)
		}))
		app.Handle("GET", "/", func(c C) error {
			_ = c.String(200, "hello")
			c.Writer().(http.Flusher).Flush()
			return nil
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
	}},
	{"G16c", "E07c", "a middleware flushes before it calls next", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Content-Type", "text/plain")
			w.(http.Flusher).Flush()
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", func(c C) error {
			_, _ = io.WriteString(c.Writer(), "hello")
			return nil
		})
		equal(t, "answer", Serve(t, app).Get("/"), "200; Content-Type: text/plain; hello")
	}},
	{"G16d", "E07d", "a middleware's writer has the interfaces that work", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_, flushes := w.(http.Flusher)
			_, hijacks := w.(http.Hijacker)
			_, pushes := w.(http.Pusher)
			_, reads := w.(io.ReaderFrom)
			equalSlices(t, "optional interfaces", []bool{flushes, hijacks, pushes, reads}, []bool{false, false, false, false})
			err := http.NewResponseController(w).Flush()
			equal(t, "flush is not supported", errors.Is(err, http.ErrNotSupported), true)
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", func(c C) error {
			_, _ = io.WriteString(c.Writer(), "hello")
			return nil
		})
		c := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(plainWriter{w}, r) }))
		equal(t, "answer", c.Get("/"), "200; Content-Length: 5; Content-Type: text/plain; charset=utf-8; hello")
	}},
	{"G16e", "E07e", "a middleware flushes through a writer that only unwraps", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		goOn := make(chan struct{})
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_, _ = io.WriteString(w, "first")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			<-goOn
		}))
		app.Handle("GET", "/", hello)
		srv := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(unwrapper{plainWriter{w}}, r) })).srv
		defer close(goOn)
		resp, err := (&http.Client{Timeout: 5 * time.Second}).Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		readFirst(t, resp.Body)
	}},
	{"G17", "E08", "http.ResponseController works in the handler", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Record(new(Recorder)))
		app.Use(func(next http.Handler) http.Handler { return next })
		app.Handle("GET", "/", func(c C) error {
			rc := http.NewResponseController(c.Writer())
			deadline := time.Now().Add(time.Minute)
			return c.String(200, fmt.Sprint(rc.SetWriteDeadline(deadline), rc.SetReadDeadline(deadline), rc.EnableFullDuplex()))
		})
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "<nil> <nil> <nil>"))
	}},
	{"G17b", "E08b", "http.ResponseController works in the middleware", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var errs []error
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			errs = append(errs, http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)))
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).Get("/"), f.text(200, "hello"))
		equalSlices(t, "errors", errs, []error{nil})
	}},
	{"G18", "E09", "the handler takes the connection over", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Record(new(Recorder)))
		app.Handle("GET", "/", func(c C) error { return echoLines(c.Writer()) })
		equal(t, "answer", upgrade(t, Serve(t, app)), "echo: ping\n")
	}},
	{"G18b", "E09b", "a middleware takes the connection over", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_ = echoLines(w)
		}))
		app.Handle("GET", "/", hello)
		equal(t, "answer", upgrade(t, Serve(t, app)), "echo: ping\n")
	}},
	{"G18c", "E09c", "server push in a middleware", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		var errs []error
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			var err error = http.ErrNotSupported
			if pusher, ok := w.(http.Pusher); ok {
				err = pusher.Push("/style.css", nil)
			}
			errs = append(errs, err)
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", hello)
		w := &pusher{ResponseRecorder: httptest.NewRecorder()}
		app.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		equalSlices(t, "pushed", w.pushed, []string{"/style.css"})
		app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		equalSlices(t, "errors", errs, []error{nil, http.ErrNotSupported})
	}},
	{"G40", "E40", "HTTP/2", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec))
		app.Handle("GET", "/", func(c C) error {
			_ = c.String(200, "hello")
			return http.NewResponseController(c.Writer()).Flush()
		})
		app.Handle("GET", "/hijack", func(c C) error {
			_, _, err := http.NewResponseController(c.Writer()).Hijack()
			return c.String(200, fmt.Sprint(errors.Is(err, http.ErrNotSupported)))
		})
		srv := httptest.NewUnstartedServer(app)
		srv.EnableHTTP2 = true
		srv.StartTLS()
		defer srv.Close()
		for path, body := range map[string]string{"/": "hello", "/hijack": "true"} {
			*rec = Recorder{}
			resp, err := srv.Client().Get(srv.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := dump(resp)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "version", resp.ProtoMajor, 2)
			contains(t, path, got, "200; ", "; "+body)
			equalSlices(t, "statuses", rec.Statuses, []int{200})
			equal(t, "body", rec.Body.String(), body)
		}
	}},
	{"G33", "E34", "103, then 200: the client gets both", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		app.Use(Record(rec), Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(103)
			next.ServeHTTP(w, r)
		}))
		app.Handle("GET", "/", hello)

		srv := Serve(t, app).srv
		var early []string
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
				early = append(early, fmt.Sprint(status, header.Get("Link")))
				return nil
			},
		})
		r, err := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		equalSlices(t, "before the answer", early, []string{"103</style.css>; rel=preload"})
		equal(t, "status", resp.StatusCode, 200)
		equalSlices(t, "statuses", rec.Statuses, []int{103, 200})
	}},
	{"G34", "E34b", "of two statuses the first one counts", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(500)
			w.WriteHeader(200)
			_, _ = w.Write([]byte("{}"))
		}))
		app.Handle("GET", "/", hello)
		equal(t, "answer", Serve(t, app).Get("/"), "500; Content-Length: 2; Content-Type: application/json; {}")
	}},
	{"G42", "E32", "a log outside reads the status", all, func(t *testing.T, f Framework) {
		app := f.New(nil)
		rec := new(Recorder)
		var seen []int
		app.Use(Through(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			rec = &Recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			seen = append(seen, rec.Statuses...)
		}))
		app.Handle("GET", "/", func(c C) error { return c.String(201, "made") })
		c := Serve(t, app)
		equal(t, "with a route", c.Get("/"), f.text(201, "made"))
		equal(t, "without", c.Get("/none"), Failure(404, ""))
		equalSlices(t, "statuses", seen, []int{201, 404})
	}},
}

// readFirst reads what a handler has flushed, and that has not returned yet.
func readFirst(t *testing.T, body io.Reader) {
	t.Helper()
	first := make([]byte, len("first"))
	if _, err := io.ReadFull(body, first); err != nil {
		t.Fatal(err)
	}
	equal(t, "before the handler has returned", string(first), "first")
}

// A pusher is the writer of a server that pushes, and has deadlines.
type pusher struct {
	*httptest.ResponseRecorder
	pushed    []string
	deadlines int
}

func (p *pusher) SetWriteDeadline(time.Time) error {
	p.deadlines++
	return nil
}

func (p *pusher) Push(target string, _ *http.PushOptions) error {
	p.pushed = append(p.pushed, target)
	return nil
}

// echoLines takes a connection over and sends the line that it gets back.
func echoLines(w http.ResponseWriter) error {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\n")
	_ = rw.Flush()
	line, err := rw.ReadString('\n')
	if err != nil {
		return err
	}
	_, _ = rw.WriteString("echo: " + line)
	return rw.Flush()
}

func upgrade(t *testing.T, c Client) string {
	t.Helper()
	conn := c.dial()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: lines\r\n\r\nping\n")
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", resp.StatusCode, 101)
	line, err := io.ReadAll(br)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}
