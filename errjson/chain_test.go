package errjson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
)

// Everything with this shape fits alice.
var _ = alice.New(errjson.Wrap, errjson.Passthrough, quiet.Wrap, quiet.Recover, quiet.Render)

func TestDefaults(t *testing.T) {
	logs := &capture{level: slog.LevelDebug}
	before := slog.Default()
	slog.SetDefault(slog.New(logs))
	t.Cleanup(func() { slog.SetDefault(before) })
	rd := errjson.Default()
	for name, handler := range map[string]http.Handler{
		"Wrap": errjson.Wrap(panicking("boom")), "Recover": rd.Recover(panicking("boom")),
		"Recover and Render": alice.New(rd.Recover, rd.Render).Then(panicking("boom")),
		"Render and Recover": alice.New(rd.Render, rd.Recover).Then(panicking("boom")),
		"nothing":            writing(errors.New("boom")),
		"zero Config":        errjson.NewRenderer(errjson.Config{}).Wrap(panicking("boom")),
	} {
		t.Run(name, func(t *testing.T) {
			logs.reset()
			assert.Equal(t, constant500, record(handler, get("/")))
			assert.Contains(t, logs.one(t).attrs["error"], "boom")
		})
	}
}

func TestRecoverAlone(t *testing.T) {
	// Texts and errors that are returned are not its business.
	mux := http.NewServeMux()
	mux.Handle("/panic", panicking(errjson.NotFound("")))
	_, rd := newCapture(errjson.Config{Format: errjson.Problem})
	bare, wrapped := serveHTTP1(t, mux), serveHTTP1(t, rd.Recover(mux))
	assert.Equal(t, bare.get(t, "/unknown"), wrapped.get(t, "/unknown"))
	assert.Contains(t, wrapped.get(t, "/panic").body, "about:blank")
	assert.Equal(t, "application/json", record(rd.Recover(writing(errjson.Gone(""))), get("/")).header.Get("Content-Type"),
		"Recover is not the renderer of what is inside")
}

func TestRenderAlone(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/panic", panicking("boom"))
	mux.Handle("/error", writing(errjson.Gone("")))
	_, rd := newCapture(errjson.Config{Format: errjson.Problem})
	s := serveHTTP1(t, rd.Render(mux))
	assert.Contains(t, s.get(t, "/unknown").body, "about:blank")
	assert.Contains(t, s.get(t, "/error").body, "about:blank")
	_, err := s.do(http.MethodGet, "/panic")
	require.Error(t, err)
	assert.Contains(t, s.errorLog.String(), "boom", "a panic is net/http's")
}

// tagged is a format that says whose it is.
func tagged(tag string) errjson.Format {
	return func(_ *http.Request, e *errjson.Error) errjson.Response {
		return errjson.Response{Body: map[string]any{tag: e.Status}}
	}
}

func TestScopes(t *testing.T) {
	var reports []string
	config := func(tag string) errjson.Config {
		return errjson.Config{
			Format:    tagged(tag),
			Report:    func(*http.Request, *errjson.Error) { reports = append(reports, tag) },
			RequestID: func(*http.Request) string { return tag },
		}
	}
	// The default renderer sends what Write gets behind a writer that does not unwrap.
	logs, byDefault := newCapture(config("default"))
	defer errjson.SetDefault(errjson.Default())
	errjson.SetDefault(byDefault)
	outerConfig := config("outer")
	outerConfig.Logger = slog.New(logs)
	outer := errjson.NewRenderer(outerConfig)
	bare := errjson.NewRenderer(errjson.Config{})
	inner := errjson.NewRenderer(config("inner"))
	innermost := errjson.NewRenderer(errjson.Config{Format: tagged("innermost")})
	opaque := func(next http.Handler) http.Handler { // a writer that does not unwrap
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(struct{ http.ResponseWriter }{w}, r.WithContext(context.WithValue(r.Context(), ctxKey{}, 1)))
		})
	}
	timeout := func(next http.Handler) http.Handler { return http.TimeoutHandler(next, time.Minute, "") }
	body := func(next http.Handler) http.Handler { // a body that unwraps
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r2 := *r
			r2.Body = unwrappingBody{r.Body}
			next.ServeHTTP(struct{ http.ResponseWriter }{w}, &r2)
		})
	}
	type chain = []alice.Constructor
	for name, c := range map[string]struct {
		chain  chain
		format string
		report string
		write  string // the format and the report of Write, if they differ
	}{
		"one":                                  {chain{outer.Wrap}, "outer", "outer", ""},
		"two":                                  {chain{outer.Wrap, inner.Render}, "inner", "inner", ""},
		"two Wraps":                            {chain{outer.Wrap, inner.Wrap}, "inner", "inner", ""},
		"a value that is not set is inherited": {chain{outer.Wrap, bare.Render}, "outer", "outer", ""},
		"each field for itself":                {chain{outer.Wrap, inner.Wrap, innermost.Render}, "innermost", "inner", ""},
		"five":                                 {chain{outer.Wrap, inner.Wrap, bare.Render, innermost.Render, errjson.NewRenderer(errjson.Config{}).Wrap}, "innermost", "inner", ""},
		"twice the same":                       {chain{outer.Wrap, outer.Wrap, outer.Render}, "outer", "outer", ""},
		"Recover and Render":                   {chain{outer.Recover, outer.Render, inner.Render}, "inner", "inner", ""},
		"a writer that does not unwrap":        {chain{outer.Wrap, opaque}, "outer", "outer", "default"},
		"TimeoutHandler":                       {chain{outer.Wrap, timeout}, "outer", "outer", "default"},
		"TimeoutHandler, Wrap on both sides":   {chain{outer.Wrap, timeout, inner.Wrap}, "inner", "inner", ""},
		"TimeoutHandler between":               {chain{outer.Wrap, inner.Render, timeout}, "inner", "inner", "default"},
		"a body around":                        {chain{outer.Wrap, body}, "outer", "outer", "default"},
	} {
		for how, handler := range map[string]http.Handler{
			"Write": writing(errors.New("boom")),
			"panic": panicking("boom"),
			"text":  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", 500) }),
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				c := c
				if how == "Write" && c.write != "" {
					c.format, c.report = c.write, c.write
				}
				s := serveHTTP1(t, alice.New(c.chain...).Then(handler))
				logs.reset()
				reports = nil
				assert.Equal(t, jsonAnswer(500, fmt.Sprintf(`{"%s":500}`+"\n", c.format)), s.get(t, "/"))
				rec := logs.one(t)
				assert.Contains(t, rec.attrs["error"], "boom")
				assert.Equal(t, c.report, rec.attrs["request_id"])
				s.Close()
				assert.Equal(t, []string{c.report}, reports, "once")
			})
		}
	}
}

type unwrappingBody struct{ io.ReadCloser }

func (b unwrappingBody) Unwrap() io.ReadCloser { return b.ReadCloser }

func TestScopesEnd(t *testing.T) {
	// The renderer of a part is not that of what runs after it, with the same
	// request.
	_, inner := newCapture(errjson.Config{Format: tagged("inner")})
	_, outer := newCapture(errjson.Config{Format: tagged("outer")})
	part := inner.Render(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "body", string(got))
		assert.NoError(t, r.Body.Close())
	}))
	handler := outer.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			r.Body = io.NopCloser(strings.NewReader("body"))
			part.ServeHTTP(w, r)
		}
		errjson.Write(struct{ http.ResponseWriter }{w}, r, errjson.NotFound(""))
	}))
	a := record(handler, httptest.NewRequest(http.MethodPost, "/", nil))
	assert.NotContains(t, a.body, "inner")

	// A request that is used again does not grow.
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("body"))
	empty := inner.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	record(empty, r)
	first := *r
	record(empty, r)
	assert.Equal(t, first, *r)
}

// TestScopesOutlived lets goroutines copy requests while their handlers return: the
// race detector sees whether the end of a Render writes into a request.
func TestScopesOutlived(t *testing.T) {
	_, outer := newCapture(errjson.Config{})
	_, inner := newCapture(errjson.Config{Format: tagged("inner")})
	var outliving sync.WaitGroup
	handler := alice.New(outer.Wrap, inner.Render).ThenFunc(func(w http.ResponseWriter, r *http.Request) {
		outliving.Go(func() {
			for range 100 {
				_ = r.Clone(context.Background())
			}
		})
		errjson.Write(w, r, errjson.NotFound(""))
	})
	for range 20 {
		assert.Equal(t, jsonAnswer(404, `{"inner":404}`+"\n"), record(handler, get("/")))
	}
	outliving.Wait()
}

func TestRendererWrite(t *testing.T) {
	_, outer := newCapture(errjson.Config{Format: tagged("outer"), RequestID: func(*http.Request) string { return "id" }})
	mine := errjson.NewRenderer(errjson.Config{Format: tagged("mine")})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mine.Write(w, r, errjson.NotFound("")) })
	assert.Equal(t, jsonAnswer(404, `{"mine":404}`+"\n"), record(outer.Wrap(handler), get("/")))

	simple := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	assert.Equal(t, jsonAnswer(404, body404), record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		simple.Write(w, r, errjson.NotFound(""))
	}), get("/")))
}

func TestWithoutTracker(t *testing.T) {
	// Where nobody knows who has set it, a Content-Encoding stays, as with
	// http.Error.
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("ETag", `"1"`)
		quiet.Write(w, r, errjson.NotFound(""))
	})
	want := jsonAnswer(404, body404, "Content-Encoding", "gzip")
	want.header.Del("Content-Length") // a compressor may change it
	assert.Equal(t, want, record(handler, get("/")))
}

func TestTimeoutHandler(t *testing.T) {
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		errjson.Write(w, r, r.Context().Err())
	})
	const unavailable = `{"error":"Service Unavailable","message":"The service is unavailable; try again later.","status":503}` + "\n"
	for name, text := range map[string]string{"its own page": "", "a text": "too slow, at /etc/secret"} {
		t.Run(name, func(t *testing.T) {
			logs, rd := newCapture(errjson.Config{})
			onBoth(t, rd.Wrap(http.TimeoutHandler(slow, 10*time.Millisecond, text)), func(t *testing.T, s *server) {
				logs.reset()
				assert.Equal(t, jsonAnswer(503, unavailable), s.get(t, "/"))
				assert.Equal(t, 503, s.get(t, "/").status)
			})
		})
	}
	t.Run("its own JSON", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.TimeoutHandler(slow, 10*time.Millisecond, `{"slow":true}`)))
		assert.Equal(t, `{"slow":true}`, s.get(t, "/").body)
	})
	t.Run("a panic behind it", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{})
		handler := rd.Wrap(http.TimeoutHandler(rd.Recover(panicking("boom")), time.Minute, ""))
		onBoth(t, handler, func(t *testing.T, s *server) {
			logs.reset()
			assert.Equal(t, constant500, s.get(t, "/"))
			assert.Contains(t, logs.one(t).attrs["stack"], "panicking", "the second Recover keeps the stack")
		})
	})
	t.Run("a panic after the commit, behind it", func(t *testing.T) {
		handler := quiet.Wrap(http.TimeoutHandler(quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "part")
			panic("boom")
		})), time.Minute, ""))
		onBoth(t, handler, func(t *testing.T, s *server) {
			_, err := s.do(http.MethodGet, "/")
			require.Error(t, err)
			assert.Empty(t, s.errorLog.String())
		})
	})
}

// A buffering writer stands between, as those of compressors do.
type buffering struct {
	http.ResponseWriter
	b strings.Builder
}

func (b *buffering) Write(p []byte) (int, error) { return b.b.Write(p) }

func TestBufferBetween(t *testing.T) {
	// What was written inside has not left: the answer is a clean 500.
	compress := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &buffering{ResponseWriter: w}
			next.ServeHTTP(b, r)
			_, _ = io.WriteString(w, b.b.String())
		})
	}
	handler := alice.New(quiet.Recover, compress, quiet.Render).ThenFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "part")
		panic("boom")
	})
	onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, constant500, s.get(t, "/")) })

	// An error that was answered inside passes those outside as it is.
	handler = alice.New(quiet.Wrap, compress, quiet.Wrap).Then(writing(errjson.NotFound("")))
	onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/")) })
}

func TestAnsweredInside(t *testing.T) {
	// The whole answer of an inner Render is not broken by a panic that comes
	// after it.
	handler := alice.New(quiet.Recover, quiet.Render).ThenFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.NotFound(""))
		panic("boom")
	})
	onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/")) })
}

// TestErrorAfterHeldStatus tests that an error replaces a status and a text that are held back, in
// every order of the middlewares.
func TestErrorAfterHeldStatus(t *testing.T) {
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"Wrap":             quiet.Wrap,
		"Recover, Render":  alice.New(quiet.Recover, quiet.Render).Then,
		"Render, Recover":  alice.New(quiet.Render, quiet.Recover).Then,
		"Wrap, Recover":    alice.New(quiet.Wrap, quiet.Recover).Then,
		"Wrap, 2 Recovers": alice.New(quiet.Wrap, quiet.Recover, quiet.Recover).Then,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, constant500, record(wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(404)
				panic("boom")
			})), get("/")))
			assert.Equal(t, jsonAnswer(404, body404), record(wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Error(w, "a text", 500)
				errjson.Write(w, r, errjson.NotFound(""))
			})), get("/")))
		})
	}
}

// TestBracketIsNotJSON tests that the text of a 5xx is not sent because it begins as JSON does.
func TestBracketIsNotJSON(t *testing.T) {
	for _, text := range []string{"[panic] secret", "{secret}", "[db]" + strings.Repeat(" secret", 1000)} {
		for name, handler := range map[string]http.HandlerFunc{
			"http.Error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, 500) },
			"no type":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); _, _ = io.WriteString(w, text) },
			"in 2 writes": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				w.WriteHeader(500)
				_, _ = io.WriteString(w, text[:1])
				_, _ = io.WriteString(w, text[1:])
			},
		} {
			assert.Equal(t, constant500, record(quiet.Wrap(handler), get("/")), "%s: %.20s", name, text)
		}
	}
}

// TestLongJSON tests that a JSON error that is longer than the held text is sent whole, wherever its
// writes end.
func TestLongJSON(t *testing.T) {
	text := `{"a":"` + strings.Repeat("x", 3000) + `"}`
	for _, size := range []int{1, 512, 1000, 1023, 1024, 1025, len(text)} {
		a := record(quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(500)
			for rest := text; rest != ""; {
				n := min(size, len(rest))
				_, _ = io.WriteString(w, rest[:n])
				rest = rest[n:]
			}
		})), get("/"))
		assert.Equal(t, answer{500, http.Header{"Content-Type": {"text/plain"}}, text}, a, "writes of %d bytes", size)
	}
}

func TestLog(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		level slog.Level
		msg   string
		text  string
	}{
		{"4xx", errjson.NotFound("No item 7."), slog.LevelDebug, "request rejected", "404 Not Found: No item 7."},
		{"4xx with a cause", &errjson.Error{Status: 409, Err: io.EOF}, slog.LevelDebug, "request rejected", "409 Conflict: EOF"},
		{"wrapped", fmt.Errorf("x: %w", errjson.Gone("")), slog.LevelDebug, "request rejected", "x: 410 Gone"},
		{"5xx", errjson.BadGateway("upstream"), slog.LevelError, "request failed", "502 Bad Gateway: upstream"},
		{"plain", fmt.Errorf("x: %w", io.EOF), slog.LevelError, "request failed", "x: EOF"},
		{"nil", nil, slog.LevelError, "request failed", "errjson: the error is nil"},
		{"mapped", errSentinel, slog.LevelDebug, "request rejected", "sentinel"},
		{"mapped with a cause", &otherError{}, slog.LevelError, "request failed", "as named by the rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var reported error
			logs, rd := newCapture(errjson.Config{
				Rules: []errjson.Rule{
					errjson.MapIs(errSentinel, errjson.NotFound("")),
					errjson.Map(func(*http.Request, *otherError) *errjson.Error {
						return &errjson.Error{Status: 500, Err: errors.New("as named by the rule")}
					}),
				},
				Report: func(_ *http.Request, e *errjson.Error) { reported = e },
			})
			a := record(rd.Wrap(writing(c.err)), httptest.NewRequest(http.MethodPut, "/a?secret=1", nil))
			rec := logs.one(t)
			assert.Equal(t, c.level, rec.level)
			assert.Equal(t, c.msg, rec.msg)
			assert.Equal(t, map[string]string{"method": "PUT", "path": "/a", "status": fmt.Sprint(a.status), "error": c.text}, rec.attrs)
			require.Error(t, reported)
			assert.Contains(t, reported.Error(), fmt.Sprint(a.status))
		})
	}
	t.Run("levels", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{})
		logs.level = slog.LevelInfo
		record(rd.Wrap(writing(errjson.NotFound(""))), get("/"))
		assert.Empty(t, logs.all())
		logs.level = slog.LevelError + 1
		assert.Equal(t, constant500, record(rd.Wrap(panicking("boom")), get("/")))
		assert.Empty(t, logs.all())
	})
}

func TestReport(t *testing.T) {
	var reported *errjson.Error
	_, rd := newCapture(errjson.Config{Report: func(_ *http.Request, e *errjson.Error) { reported = e }})
	handler := rd.Wrap(panicking(fmt.Errorf("x: %w", io.EOF)))
	record(handler, get("/"))
	require.NotNil(t, reported)
	assert.Equal(t, 500, reported.Status)
	require.ErrorIs(t, reported, io.EOF)
	var traced interface{ StackTrace() []uintptr }
	require.ErrorAs(t, reported, &traced)
	assert.NotEmpty(t, traced.StackTrace())
}

func TestExposeCause(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		cause string
	}{
		"plain":     {io.EOF, "EOF"},
		"wrapped":   {fmt.Errorf("x: %w", errjson.NotFound("")), "x: 404 Not Found"},
		"cause":     {&errjson.Error{Status: 404, Err: io.EOF}, "404 Not Found: EOF"},
		"no cause":  {errjson.NotFound(""), ""},
		"invisible": {&errjson.Error{Status: 404, Message: "m"}, ""},
	} {
		for format, fn := range map[string]errjson.Format{
			"simple": nil, "problem": errjson.Problem, "restful": shapes.Restful,
			"negotiated": errjson.Negotiate(errjson.Simple),
		} {
			t.Run(name+"/"+format, func(t *testing.T) {
				_, rd := newCapture(errjson.Config{DangerouslyExposeCause: true, Format: fn})
				a := record(rd.Wrap(writing(c.err)), get("/"))
				if c.cause == "" {
					assert.NotContains(t, a.body, "cause")
				} else {
					assert.Contains(t, a.body, `,"cause":"`+c.cause+`"}`)
				}
			})
		}
	}
	_, exposes := newCapture(errjson.Config{DangerouslyExposeCause: true})
	_, hides := newCapture(errjson.Config{})
	for how, handler := range map[string]http.Handler{
		"Write": writing(io.EOF), "panic": panicking("boom"),
		"text": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "boom", 500) }),
	} {
		inside := record(hides.Wrap(exposes.Render(handler)), get("/"))
		assert.Contains(t, inside.body, `"cause":"`, how)
		assert.Equal(t, constant500, record(exposes.Wrap(hides.Render(handler)), get("/")), "%s: it is not inherited", how)
	}
}

func TestSharedError(t *testing.T) {
	// An Error may be a package variable: nothing writes into it.
	shared := &errjson.Error{Status: 401, Header: http.Header{"Www-Authenticate": {"Basic", "Bearer"}}}
	_, rd := newCapture(errjson.Config{RequestID: func(*http.Request) string { return "id" }, DangerouslyExposeCause: true})
	handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, fmt.Errorf("x: %w", shared))
		w.Header()["Www-Authenticate"][0] = "changed"
		w.Header().Add("Www-Authenticate", "more")
		h := w.Header()
		_ = append(h["Content-Type"], "x")
		assert.Equal(t, []string{"nosniff"}, h["X-Content-Type-Options"])
	}))
	done := make(chan bool)
	for range 4 {
		go func() {
			for range 50 {
				record(handler, get("/"))
			}
			done <- true
		}()
	}
	for range 4 {
		<-done
	}
	assert.Equal(t, &errjson.Error{Status: 401, Header: http.Header{"Www-Authenticate": {"Basic", "Bearer"}}}, shared)
}

func TestConfigIsCopied(t *testing.T) {
	rules := []errjson.Rule{errjson.MapIs(io.EOF, errjson.NotFound(""))}
	config := errjson.Config{Rules: rules, Logger: slog.New(slog.DiscardHandler)}
	rd := errjson.NewRenderer(config)
	rules[0] = errjson.MapIs(io.EOF, errjson.Gone(""))
	assert.Equal(t, 404, record(rd.Wrap(writing(io.EOF)), get("/")).status)
}
