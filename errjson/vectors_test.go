package errjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// TestVectors has the cases that peers are known to get wrong, each by its number.
func TestVectors(t *testing.T) {
	for _, vector := range []struct {
		number string
		test   func(*testing.T)
	}{
		{"01", vectorStaleHeader}, {"02", vectorEntryHeader}, {"03", vectorCommitted}, {"04", vectorAbortHandler},
		{"05", vectorPanicValues}, {"06", vectorPanicHTTPError}, {"07", vectorInformational}, {"08", vectorNoContent},
		{"09", vectorHijacked}, {"10", vectorHandlerFails}, {"11", vectorUnencodable}, {"12", vectorNoLeak},
		{"13", vectorRouters}, {"14", vectorUntouched}, {"15", vectorHTTPError}, {"16", vectorLongText},
		{"17", vectorContentLength}, {"18", vectorKnownErrors}, {"19", vectorClientGone}, {"20", vectorInterfaces},
		{"21", vectorHeaderFields}, {"22", vectorPrecedence}, {"23", vectorJSON}, {"24", vectorAccept},
		{"25", vectorStaleGoroutine}, {"26", vectorStatuses},
	} {
		t.Run(vector.number, vector.test)
	}
}

func vectorStaleHeader(t *testing.T) {
	handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, value := range map[string]string{
			"Content-Length": "5", "Content-Type": "image/png", "Content-Encoding": "gzip", "ETag": `"1"`,
			"Last-Modified": "Mon, 02 Jan 2006 15:04:05 GMT", "Cache-Control": "max-age=60", "Content-Disposition": "attachment",
			"Content-Digest": "md5=:AA==:", "Repr-Digest": "md5=:AA==:", "Digest": "md5=AA==", "Content-MD5": "AA==",
			"Content-Range": "bytes 0-4/10", "Trailer": "X-Sum", "Expires": "0", "Content-Language": "de", "Content-Location": "/x",
			"Set-Cookie": "a=1", "Vary": "Origin", "Access-Control-Allow-Origin": "https://example.com",
			"X-Request-Id": "r1", "Strict-Transport-Security": "max-age=1", "Link": "</a>; rel=preload",
		} {
			h.Set(name, value)
		}
		h["content-type"] = []string{"image/gif"} // net/http sends such names as they are
		h["ETag"] = []string{`"2"`}
		h[http.TrailerPrefix+"X-Sum"] = []string{"1"}
		panic("boom")
	}))
	onBoth(t, handler, func(t *testing.T, s *server) {
		want := jsonAnswer(500, body500, "Set-Cookie", "a=1", "Vary", "Origin", "Access-Control-Allow-Origin", "https://example.com",
			"X-Request-Id", "r1", "Strict-Transport-Security", "max-age=1", "Link", "</a>; rel=preload")
		assert.Equal(t, want, s.get(t, "/"))
	})
}

func vectorEntryHeader(t *testing.T) {
	outside := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "x-outer")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Type", "text/outer")
			next.ServeHTTP(w, r)
		})
	}
	want := jsonAnswer(500, body500, "Content-Encoding", "x-outer", "Cache-Control", "no-store")
	for name, inside := range map[string]http.HandlerFunc{
		"left alone": func(http.ResponseWriter, *http.Request) { panic("boom") },
		"overwritten": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header()["Cache-Control"][0] = "max-age=60"
			panic("boom")
		},
		"removed": func(w http.ResponseWriter, _ *http.Request) {
			clear(w.Header())
			panic("boom")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, outside(quiet.Wrap(inside)), func(t *testing.T, s *server) {
				assert.Equal(t, want, s.get(t, "/"))
			})
		})
	}
}

func vectorCommitted(t *testing.T) {
	for name, commit := range map[string]func(http.ResponseWriter){
		"Write":             func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"part":`)) },
		"WriteString":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"part":`) },
		"ReadFrom":          func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader(`{"part":`)) },
		"WriteHeader alone": func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated) },
		"Flush alone":       func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"FlushError":        func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
		"Write and Flush": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"part":`))
			w.(http.Flusher).Flush()
		},
		"own JSON error": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"part":`))
		},
	} {
		for how, fail := range map[string]func(http.ResponseWriter, *http.Request){
			"panic":       func(http.ResponseWriter, *http.Request) { panic("boom") },
			"Write error": func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, errors.New("boom")) },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				logs, rd := newCapture(errjson.Config{})
				handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					commit(w)
					fail(w, r)
				}))
				onBoth(t, handler, func(t *testing.T, s *server) {
					logs.reset()
					a, err := s.do(http.MethodGet, "/")
					require.Error(t, err, "the client takes %+v for a whole answer", a)
					assert.NotContains(t, a.body, "error")
					rec := logs.one(t)
					assert.Equal(t, slog.LevelError, rec.level)
					assert.Contains(t, rec.attrs["error"], "boom")
					assert.Empty(t, s.errorLog.String())
				})
			})
		}
	}

	t.Run("on the wire", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"part":`)
			w.(http.Flusher).Flush()
			panic("boom")
		})))
		got := s.raw(t, "GET / HTTP/1.1\nHost: x\n\n")
		assert.Equal(t, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"part\":\r\n", got)
	})
}

func vectorAbortHandler(t *testing.T) {
	for name, err := range map[string]error{
		"bare":    http.ErrAbortHandler,
		"wrapped": fmt.Errorf("proxy: %w", http.ErrAbortHandler),
		"joined":  errors.Join(errjson.NotFound(""), http.ErrAbortHandler),
		"caused":  &errjson.Error{Status: 500, Err: http.ErrAbortHandler},
	} {
		for how, handler := range map[string]http.Handler{"panic": panicking(err), "Write": writing(err)} {
			t.Run(name+"/"+how, func(t *testing.T) {
				logs, rd := newCapture(errjson.Config{})
				values := make(chan any, 1)
				spy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer func() {
						value := recover()
						values <- value
						panic(value)
					}()
					rd.Wrap(handler).ServeHTTP(w, r)
				})
				onBoth(t, spy, func(t *testing.T, s *server) {
					_, err := s.do(http.MethodGet, "/")
					require.Error(t, err)
					value := <-values
					assert.True(t, value == http.ErrAbortHandler, "%v", value)
					assert.Empty(t, logs.all())
					assert.Empty(t, s.errorLog.String())
				})
			})
		}
	}
}

// stringer panics when it is to be printed.
type stringer struct{}

func (stringer) String() string { panic("in String") }

// hostile is an error all of whose methods panic.
type hostile struct{}

func (hostile) Error() string   { panic("in Error") }
func (hostile) Unwrap() error   { panic("in Unwrap") }
func (hostile) Is(error) bool   { panic("in Is") }
func (hostile) As(any) bool     { panic("in As") }
func (hostile) StatusCode() int { panic("in StatusCode") }

// pointerError has a method that does not work with a nil pointer.
type pointerError struct{ status int }

func (e *pointerError) Error() string   { return fmt.Sprint(e.status) }
func (e *pointerError) StatusCode() int { return e.status }

func vectorPanicValues(t *testing.T) {
	var nilMap map[string]int
	for name, v := range map[string]any{
		"nil": nil, "int": 7, "string": "boom", "error": errors.New("boom"), "stringer": stringer{}, "hostile": hostile{},
		"wrapped hostile": fmt.Errorf("x: %w", errors.Join(errors.New("y"), hostile{})),
		"nil *Error":      (*errjson.Error)(nil), "nil pointer": (*pointerError)(nil),
		"wrapped nil *Error": fmt.Errorf("x: %w", (*errjson.Error)(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			logs, rd := newCapture(errjson.Config{Rules: []errjson.Rule{
				errjson.MapIs(io.EOF, errjson.NotFound("")), // asks the tree
			}})
			a := record(rd.Wrap(panicking(v)), get("/"))
			assert.Equal(t, constant500, a)
			assert.Equal(t, slog.LevelError, logs.one(t).level)

			if err, ok := v.(error); ok {
				logs.reset()
				assert.Equal(t, constant500, record(rd.Wrap(writing(err)), get("/")))
				assert.Equal(t, slog.LevelError, logs.one(t).level)
			}
		})
	}
	t.Run("runtime error", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{})
		handler := rd.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { nilMap["x"] = 1 }))
		onBoth(t, handler, func(t *testing.T, s *server) {
			logs.reset()
			assert.Equal(t, constant500, s.get(t, "/"))
			rec := logs.one(t)
			assert.Contains(t, rec.attrs["error"], "assignment to entry in nil map")
			assert.Contains(t, rec.attrs["stack"], "vectorPanicValues")
		})
	})
	t.Run("Goexit", func(t *testing.T) {
		done := make(chan bool)
		go func() {
			defer close(done)
			quiet.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() })).
				ServeHTTP(httptest.NewRecorder(), get("/"))
		}()
		<-done
	})
}

func vectorPanicHTTPError(t *testing.T) {
	notFound := errjson.NotFound("No item 7.")
	want := jsonAnswer(404, `{"error":"Not Found","message":"No item 7.","status":404}`+"\n")
	for name, err := range map[string]error{
		"bare":    notFound,
		"wrapped": fmt.Errorf("x: %w", notFound),
		"joined":  errors.Join(errors.New("x"), fmt.Errorf("y: %w", notFound)),
		"Abort":   nil,
	} {
		for how, handler := range map[string]http.Handler{"panic": panicking(err), "Write": writing(err)} {
			if err == nil {
				handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { errjson.Abort(notFound) })
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				logs, rd := newCapture(errjson.Config{})
				onBoth(t, rd.Wrap(handler), func(t *testing.T, s *server) {
					logs.reset()
					assert.Equal(t, want, s.get(t, "/"))
					rec := logs.one(t)
					assert.Equal(t, slog.LevelDebug, rec.level)
					assert.NotContains(t, rec.attrs, "stack")
				})
			})
		}
	}
}

func vectorInformational(t *testing.T) {
	t.Run("103", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del("Link")
			panic("boom")
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			var hints []int
			ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
				Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { hints = append(hints, code); return nil },
			})
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
			require.NoError(t, err)
			resp, err := s.Client().Do(r)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, []int{103}, hints)
			assert.Equal(t, 500, resp.StatusCode)
			assert.Equal(t, body500, string(body))
		})
	})
	t.Run("100-continue", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusContinue)
			_, _ = io.ReadAll(r.Body)
			panic("boom")
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			a, err := s.send(http.MethodPost, "/", strings.NewReader("body"), "Expect", "100-continue")
			require.NoError(t, err)
			assert.Equal(t, constant500, a)
		})
	})
	t.Run("101", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Upgrade", "x")
			w.Header().Set("Connection", "Upgrade")
			w.WriteHeader(http.StatusSwitchingProtocols)
			panic("boom")
		})))
		got := s.raw(t, "GET / HTTP/1.1\nHost: x\n\n")
		assert.NotContains(t, got, "500")
	})
}

func vectorNoContent(t *testing.T) {
	t.Run("HEAD", func(t *testing.T) {
		mux := http.NewServeMux()
		mux.Handle("/panic", panicking("boom"))
		mux.Handle("/error", writing(errjson.Conflict("")))
		mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "text", http.StatusTeapot) })
		onBoth(t, quiet.Wrap(mux), func(t *testing.T, s *server) {
			for _, path := range []string{"/panic", "/error", "/text", "/unknown"} {
				want := s.get(t, path)
				require.NotEmpty(t, want.body)
				want.body = ""
				got, err := s.do(http.MethodHead, path)
				require.NoError(t, err)
				assert.Equal(t, want, got, path)
			}
			assert.Empty(t, s.errorLog.String())
		})
	})
	t.Run("204 and 304", func(t *testing.T) {
		mux := http.NewServeMux()
		mux.Handle("/204", status.Handler(func(*http.Request) (status.Response, error) { return status.Of(204, "x"), nil }))
		mux.Handle("/304", status.Handler(func(*http.Request) (status.Response, error) { return status.Of(304, "x"), nil }))
		onBoth(t, quiet.Wrap(mux), func(t *testing.T, s *server) {
			assert.Equal(t, answer{204, http.Header{}, ""}, s.get(t, "/204"))
			assert.Equal(t, answer{304, http.Header{}, ""}, s.get(t, "/304"))
			assert.Empty(t, s.errorLog.String())
		})
	})
}

func vectorHijacked(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"panic": func(http.ResponseWriter, *http.Request) { panic("boom") },
		"Write": func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, errors.New("boom")) },
	} {
		t.Run(name, func(t *testing.T) {
			logs, rd := newCapture(errjson.Config{})
			var value any
			handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					panic(err)
				}
				_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
				_ = rw.Flush()
				time.AfterFunc(50*time.Millisecond, func() { _ = conn.Close() })
				fail(w, r)
			}))
			done := make(chan bool)
			s := serveHTTP1(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(done)
				defer func() {
					if value = recover(); value != nil {
						panic(value)
					}
				}()
				handler.ServeHTTP(w, r)
			}))
			assert.Equal(t, "HTTP/1.1 101 Switching Protocols\r\n\r\nhello", s.raw(t, "GET / HTTP/1.1\nHost: x\n\n"))
			<-done
			if name == "panic" {
				assert.True(t, value == http.ErrAbortHandler, "%v", value)
			}
			assert.Contains(t, logs.one(t).attrs["error"], "boom")
			assert.Empty(t, s.errorLog.String())
		})
	}
}

func vectorHandlerFails(t *testing.T) {
	var asked atomic.Int32
	for name, config := range map[string]errjson.Config{
		"a rule panics": {Rules: []errjson.Rule{errjson.Map(func(_ *http.Request, err error) *errjson.Error {
			asked.Add(1)
			panic("in the rule")
		})}},
		"OnStatus panics": {Rules: []errjson.Rule{errjson.OnStatus(500, func(*http.Request, *errjson.Error) any {
			asked.Add(1)
			panic("in the rule")
		})}},
		"OnStatus is not encodable": {Rules: []errjson.Rule{errjson.OnStatus(500, func(*http.Request, *errjson.Error) any {
			asked.Add(1)
			return make(chan int)
		})}},
		"the format panics": {Format: func(*http.Request, *errjson.Error) errjson.Response {
			asked.Add(1)
			panic("in the format")
		}},
		"the format is not encodable": {Format: func(*http.Request, *errjson.Error) errjson.Response {
			asked.Add(1)
			return errjson.Response{Body: math.NaN()}
		}},
		"the rule gives no status": {Rules: []errjson.Rule{errjson.Map(func(*http.Request, error) *errjson.Error {
			asked.Add(1)
			return &errjson.Error{Status: 200}
		})}},
	} {
		t.Run(name, func(t *testing.T) {
			logs, rd := newCapture(config)
			for how, handler := range map[string]http.Handler{"panic": panicking("boom"), "Write": writing(errors.New("boom"))} {
				logs.reset()
				asked.Store(0)
				assert.Equal(t, constant500, record(rd.Wrap(handler), get("/")), how)
				assert.Equal(t, int32(1), asked.Load(), how)
				rec := logs.one(t)
				assert.Contains(t, rec.attrs["error"], "boom")
				assert.Contains(t, rec.attrs["error"], "errjson: ")
			}
		})
	}
	t.Run("the report panics", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{Report: func(*http.Request, *errjson.Error) { panic("in the report") }})
		assert.Equal(t, jsonAnswer(404, body404), record(rd.Wrap(writing(errjson.NotFound(""))), get("/")))
		require.Len(t, logs.all(), 2)
		assert.Contains(t, logs.all()[1].attrs["error"], "in the report")
	})
	t.Run("the request's id panics", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{RequestID: func(*http.Request) string { panic("in RequestID") }})
		assert.Equal(t, jsonAnswer(404, body404), record(rd.Wrap(writing(errjson.NotFound(""))), get("/")))
		require.Len(t, logs.all(), 2)
		assert.Contains(t, logs.all()[0].attrs["error"], "in RequestID")
		assert.Contains(t, logs.all()[0].attrs["stack"], "vectorHandlerFails")
	})
	t.Run("answered twice", func(t *testing.T) {
		var rules, formats, reports atomic.Int32
		logs, rd := newCapture(errjson.Config{
			Rules: []errjson.Rule{errjson.Map(func(*http.Request, error) *errjson.Error { rules.Add(1); return errjson.Conflict("") })},
			Format: func(r *http.Request, e *errjson.Error) errjson.Response {
				formats.Add(1)
				return errjson.Simple(r, e)
			},
			Report: func(*http.Request, *errjson.Error) { reports.Add(1) },
		})
		handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			errjson.Write(w, r, errors.New("first"))
			errjson.Write(w, r, errors.New("second"))
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			logs.reset()
			rules.Store(0)
			formats.Store(0)
			reports.Store(0)
			a := s.get(t, "/")
			assert.Equal(t, 409, a.status)
			assert.Equal(t, 1, strings.Count(a.body, "\n"))
			require.Eventually(t, func() bool { return len(logs.all()) == 2 }, 5*time.Second, time.Millisecond)
			assert.Equal(t, []int32{1, 1, 1}, []int32{rules.Load(), formats.Load(), reports.Load()})
		})
	})
	t.Run("a panic after the answer", func(t *testing.T) {
		var reports atomic.Int32
		logs, rd := newCapture(errjson.Config{
			Report:    func(*http.Request, *errjson.Error) { reports.Add(1) },
			RequestID: func(*http.Request) string { return "id" },
		})
		handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			errjson.Write(w, r, errjson.NotFound(""))
			panic("boom")
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			logs.reset()
			reports.Store(0)
			a := s.get(t, "/")
			assert.Equal(t, jsonAnswer(404, strings.Replace(body404, "}", `,"request_id":"id"}`, 1)), a)
			require.Eventually(t, func() bool { return reports.Load() == 2 }, 5*time.Second, time.Millisecond)
			require.Len(t, logs.all(), 2)
			assert.Contains(t, logs.all()[1].attrs["stack"], "vectorHandlerFails")
			assert.Equal(t, "id", logs.all()[1].attrs["request_id"])
		})
	})
}

// A node is a value that can contain itself.
type node struct {
	Next *node
	Any  any
}

type failingMarshaler struct{}

func (failingMarshaler) MarshalJSON() ([]byte, error) { return nil, errors.New("in MarshalJSON") }

type panickingMarshaler struct{}

func (panickingMarshaler) MarshalJSON() ([]byte, error) { panic("in MarshalJSON") }

type aborting struct{}

func (aborting) MarshalJSON() ([]byte, error) { panic(http.ErrAbortHandler) }

// unencodable returns values that are not JSON.
func unencodable() map[string]any {
	cycle := &node{}
	cycle.Next = cycle
	cyclicMap := map[string]any{}
	cyclicMap["self"] = cyclicMap
	return map[string]any{
		"chan": make(chan int), "func": func() {}, "NaN": math.NaN(), "Inf": math.Inf(1), "cycle": cycle, "cyclic map": cyclicMap,
		"failing": failingMarshaler{}, "panicking": panickingMarshaler{}, "aborting": aborting{},
		"invalid RawMessage":       json.RawMessage(`{"a":`),
		"RawMessage without UTF-8": json.RawMessage("\"\xff\""),
	}
}

func vectorUnencodable(t *testing.T) {
	const bulk = 100 << 10
	for name, value := range unencodable() {
		late := []any{strings.Repeat("x", bulk), value}
		if raw, ok := value.(json.RawMessage); ok {
			late = []any{strings.Repeat("x", bulk), string(raw), make(chan int)}
		}
		for how, handler := range map[string]http.Handler{
			"status":      status.Handler(func(*http.Request) (any, error) { return value, nil }),
			"status late": status.Handler(func(*http.Request) (any, error) { return status.Created(late, "/x"), nil }),
			"details":     writing(&errjson.Error{Status: 404, Details: late}),
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				logs, rd := newCapture(errjson.Config{})
				onBoth(t, rd.Wrap(handler), func(t *testing.T, s *server) {
					logs.reset()
					assert.Equal(t, constant500, s.get(t, "/"))
					assert.Equal(t, slog.LevelError, logs.one(t).level)
				})
			})
		}
	}
	t.Run("invalid UTF-8 in a string", func(t *testing.T) {
		// encoding/json replaces it: what is sent is JSON in any case.
		a := record(status.Handler(func(*http.Request) (string, error) { return "a\xffb", nil }), get("/"))
		assert.Equal(t, 200, a.status)
		assert.JSONEq(t, "\"a\ufffdb\"", a.body)
	})
}

type ctxKey struct{}

func vectorNoLeak(t *testing.T) {
	const secret = "pq: password authentication failed for /etc/secret.go:12"
	logs, rd := newCapture(errjson.Config{RequestID: func(r *http.Request) string { return r.Header.Get("X-Request-Id") }})
	mux := http.NewServeMux()
	mux.Handle("GET /panic/{id}", panicking(errors.New(secret)))
	mux.Handle("GET /error/{id}", writing(fmt.Errorf("loading: %w", errors.New(secret))))
	mux.Handle("GET /cause/{id}", writing(&errjson.Error{Status: 503, Err: errors.New(secret)}))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rd.Wrap(mux).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ctxKey{}, "mine")))
	})
	onBoth(t, handler, func(t *testing.T, s *server) {
		for _, kind := range []string{"panic", "error", "cause"} {
			logs.reset()
			a := s.get(t, "/"+kind+"/7", "X-Request-Id", "r-1")
			assert.GreaterOrEqual(t, a.status, 500)
			for _, leak := range []string{"pq", "secret", "goroutine", ".go", "panic", "loading"} {
				assert.NotContains(t, a.body, leak)
			}
			assert.Contains(t, a.body, `"request_id":"r-1"`)

			rec := logs.one(t)
			assert.Equal(t, slog.LevelError, rec.level)
			assert.Contains(t, rec.attrs["error"], secret)
			assert.Equal(t, "GET", rec.attrs["method"])
			assert.Equal(t, "/"+kind+"/7", rec.attrs["path"])
			assert.Equal(t, "r-1", rec.attrs["request_id"])
			assert.Equal(t, fmt.Sprint(a.status), rec.attrs["status"])
			assert.Equal(t, "mine", rec.ctx.Value(ctxKey{}))
			assert.Equal(t, "GET /"+kind+"/{id}", rec.attrs["pattern"])
			assert.Equal(t, kind == "panic", rec.attrs["stack"] != "")
			if kind == "panic" {
				first, _, _ := strings.Cut(rec.attrs["stack"], "\n")
				assert.Contains(t, first, "panicking") // the function that has panicked
			}
		}
	})
}

func vectorRouters(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux := http.NewServeMux()
	mux.Handle("GET /known", ok)
	outer := http.NewServeMux()
	outer.Handle("/api/", http.StripPrefix("/api", mux))
	outer.Handle("/known", mux)
	onBoth(t, quiet.Wrap(outer), func(t *testing.T, s *server) {
		for _, prefix := range []string{"", "/api"} {
			assert.Equal(t, 200, s.get(t, prefix+"/known").status)
			assert.Equal(t, jsonAnswer(404, body404), s.get(t, prefix+"/nope"))
			a, err := s.do(http.MethodPost, prefix+"/known")
			require.NoError(t, err)
			assert.Equal(t, jsonAnswer(405, body405, "Allow", "GET, HEAD"), a)
			head, err := s.do(http.MethodHead, prefix+"/nope")
			require.NoError(t, err)
			assert.Equal(t, jsonAnswer(404, body404).header, head.header)
		}
	})
}

func vectorUntouched(t *testing.T) {
	respond := func(code int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	big := `{"a":"` + strings.Repeat("x", 2000) + `"}`
	for name, handler := range map[string]http.Handler{
		"JSON 404":           respond(404, "application/json", `{"mine":1}`),
		"JSON without type":  respond(404, "", ` {"mine":1}`),
		"array without type": respond(400, "", "[1]"),
		"http.Error of JSON": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"mine":1}`, 400) }),
		"http.Error of much": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, big, 400) }),
		"JSON text in pieces": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "", 500)
			_, _ = io.WriteString(w, `{"a":`)
			_, _ = io.WriteString(w, `1}`)
		}),
		"much in pieces": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(500)
			for range 300 {
				_, _ = io.WriteString(w, "[1, 2, 3]")
			}
		}),
		"HTML":              respond(404, "text/html; charset=utf-8", "<h1>no</h1>"),
		"HTML without type": respond(500, "", "<!DOCTYPE html><p>no"),
		"image":             respond(404, "image/png", "\x89PNG"),
		"unlabelled image":  respond(404, "", "\x89PNG\r\n\x1a\n0000"),
		"problem":           respond(400, "application/problem+json", `{"title":"x"}`),
		"compressed text": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "x-own")
			respond(404, "text/plain", "\x1f\x8b")(w, nil)
		}),
		"SSE": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			respond(503, "text/event-stream", "data: x\n\n")(w, nil)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "data: y\n\n")
		}),
		"text 200":  respond(200, "text/plain", "not found"),
		"text 399":  respond(399, "text/plain", "not found"),
		"600":       respond(600, "text/plain", "not found"),
		"redirect":  http.RedirectHandler("/elsewhere", http.StatusFound),
		"empty 200": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"204":       http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }),
		"trailers":  trailers(),
		"superfluous": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			_, _ = w.Write([]byte("x"))
			w.WriteHeader(500)
		}),
		"status is bad": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { defer func() { _ = recover() }(); w.WriteHeader(0) }),
	} {
		t.Run(name, func(t *testing.T) {
			const request = "GET / HTTP/1.1\nHost: x\nConnection: close\n\n"
			bare := serveHTTP1(t, handler).raw(t, request)
			assert.Equal(t, bare, serveHTTP1(t, quiet.Wrap(handler)).raw(t, request))
			assert.NotEmpty(t, bare)

			want := serveHTTP2(t, handler).get(t, "/")
			assert.Equal(t, want, serveHTTP2(t, quiet.Wrap(handler)).get(t, "/"))
		})
	}

	t.Run("never buffered", func(t *testing.T) {
		release := make(chan bool)
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
			<-release
			_, _ = io.WriteString(w, "b")
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			resp, err := s.Client().Get(s.URL)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			first := make([]byte, 1)
			_, err = io.ReadFull(resp.Body, first)
			require.NoError(t, err)
			assert.Equal(t, "a", string(first))
			release <- true
			rest, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "b", string(rest))
		})
	})
}

// trailers is a handler that sends some.
func trailers() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "1")
	})
}

func vectorHTTPError(t *testing.T) {
	logs, rd := newCapture(errjson.Config{})
	mux := http.NewServeMux()
	mux.HandleFunc("/404", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "no such user", http.StatusNotFound)
	})
	mux.HandleFunc("/500", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "pq: secret", http.StatusInternalServerError)
	})
	onBoth(t, rd.Wrap(mux), func(t *testing.T, s *server) {
		logs.reset()
		want := jsonAnswer(404, `{"error":"Not Found","message":"no such user","status":404}`+"\n", "Retry-After", "5")
		assert.Equal(t, want, s.get(t, "/404"))
		assert.Equal(t, slog.LevelDebug, logs.one(t).level)

		logs.reset()
		assert.Equal(t, constant500, s.get(t, "/500"))
		rec := logs.one(t)
		assert.Equal(t, slog.LevelError, rec.level)
		assert.Contains(t, rec.attrs["error"], "pq: secret")
	})
}

func vectorLongText(t *testing.T) {
	t.Run("several writes", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusBadRequest)
			for _, part := range []string{"", "no ", "such ", "user\n"} {
				n, err := w.Write([]byte(part))
				assert.NoError(t, err)
				assert.Equal(t, len(part), n)
				n, err = io.WriteString(w, part)
				assert.NoError(t, err)
				assert.Equal(t, len(part), n)
			}
			n, err := io.Copy(w, strings.NewReader("end"))
			assert.NoError(t, err)
			assert.Equal(t, int64(3), n)
			w.WriteHeader(http.StatusOK) // too late
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			a := s.get(t, "/")
			assert.Equal(t, jsonAnswer(400, `{"error":"Bad Request","message":"no no such such user\nuser\nend","status":400}`+"\n"), a)
		})
	})
	t.Run("long", func(t *testing.T) {
		long := strings.Repeat("é", 100_000)
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "x"+long, http.StatusBadRequest) }))
		onBoth(t, handler, func(t *testing.T, s *server) {
			want := `{"error":"Bad Request","message":"x` + long[:1022] + `","status":400}` + "\n"
			assert.Equal(t, jsonAnswer(400, want), s.get(t, "/"))
		})
	})
	t.Run("flushed", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "first", http.StatusBadRequest)
			w.(http.Flusher).Flush()
			// The rest has no place in the answer. It is nobody's fault.
			n, err := io.WriteString(w, "second")
			assert.NoError(t, err)
			assert.Equal(t, 6, n)
			copied, err := io.Copy(w, strings.NewReader("third"))
			assert.NoError(t, err)
			assert.Equal(t, int64(5), copied)
			w.WriteHeader(http.StatusOK)
			assert.NoError(t, http.NewResponseController(w).Flush())
		}))
		onBoth(t, handler, func(t *testing.T, s *server) {
			assert.Equal(t, jsonAnswer(400, `{"error":"Bad Request","message":"first","status":400}`+"\n"), s.get(t, "/"))
			assert.Empty(t, s.errorLog.String())
		})
	})
	t.Run("from a reverse proxy", func(t *testing.T) {
		// It flushes before the first part and after each, and breaks the
		// connection if one cannot be written.
		upstream := serveHTTP1(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNotFound)
			for _, part := range []string{"", "first\n", "second\n", "third\n"} {
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		}))
		target, err := url.Parse(upstream.URL)
		require.NoError(t, err)
		onBoth(t, quiet.Wrap(httputil.NewSingleHostReverseProxy(target)), func(t *testing.T, s *server) {
			a := s.get(t, "/")
			assert.Equal(t, 404, a.status)
			assert.Contains(t, a.body, `"message":"first`)
		})
	})
	t.Run("flushed before its first byte", func(t *testing.T) {
		for body, want := range map[string]answer{
			"":          jsonAnswer(404, body404),
			"no item 7": jsonAnswer(404, `{"error":"Not Found","message":"no item 7","status":404}`+"\n"),
			"<p>no":     {404, http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Length": {"5"}}, "<p>no"},
		} {
			handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				w.(http.Flusher).Flush()
				_, _ = io.WriteString(w, body)
			}))
			onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, want, s.get(t, "/")) })
		}
	})
	t.Run("in pieces that say nothing", func(t *testing.T) {
		for want, parts := range map[string][]string{
			"Not Found: item 7":             {"Not Found", ": item 7\n"},
			"There is nothing at this URL.": {"Not", " Found\n", "\n"},
		} {
			a := record(quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				for _, part := range parts {
					_, _ = io.WriteString(w, part)
				}
			})), get("/"))
			assert.Equal(t, jsonAnswer(404, `{"error":"Not Found","message":"`+want+`","status":404}`+"\n"), a)
		}
	})
	t.Run("then a panic", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "first", http.StatusBadRequest)
			panic("boom")
		}))
		onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, constant500, s.get(t, "/")) })
	})
	t.Run("then an error", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			errjson.Write(w, r, errjson.NotFound(""))
		}))
		onBoth(t, handler, func(t *testing.T, s *server) { assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/")) })
	})
	t.Run("then a hijack", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "first", http.StatusBadRequest)
			conn, rw, err := http.NewResponseController(w).Hijack()
			assert.NoError(t, err)
			_ = rw.Flush()
			_ = conn.Close()
		})))
		assert.Contains(t, s.raw(t, "GET / HTTP/1.1\nHost: x\n\n"), `"message":"first"`)
	})
}

func vectorContentLength(t *testing.T) {
	handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "9")
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Transfer-Encoding", "chunked")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "not found")
	}))
	onBoth(t, handler, func(t *testing.T, s *server) {
		assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/"))
	})
}

func vectorKnownErrors(t *testing.T) {
	t.Run("MaxBytesError", func(t *testing.T) {
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, 4)
			_, err := io.ReadAll(r.Body)
			errjson.Write(w, r, fmt.Errorf("reading: %w", err))
		}))
		const want = `{"error":"Request Entity Too Large","message":"The request body is too large.","status":413}` + "\n"
		onBoth(t, handler, func(t *testing.T, s *server) {
			a, err := s.send(http.MethodPost, "/", strings.NewReader("too long"))
			require.NoError(t, err)
			assert.Equal(t, jsonAnswer(413, want), a) // a client hides the field below
		})
		raw := serveHTTP1(t, handler).raw(t, "POST / HTTP/1.1\nHost: x\nContent-Length: 8\n\ntoo long")
		assert.Equal(t, "HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: 93\r\n"+
			"Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n\r\n"+want, raw)
	})
	t.Run("Canceled by the client", func(t *testing.T) {
		logs, rd := newCapture(errjson.Config{})
		var reported []int
		rd2 := errjson.NewRenderer(errjson.Config{Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) }})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, handler := range []http.Handler{writing(fmt.Errorf("query: %w", ctx.Err())), panicking(ctx.Err())} {
			logs.reset()
			reported = nil
			a := record(rd.Wrap(rd2.Wrap(handler)), get("/").WithContext(ctx))
			assert.Equal(t, answer{499, http.Header{}, ""}, a)
			rec := logs.one(t)
			assert.Equal(t, slog.LevelDebug, rec.level)
			assert.Equal(t, "499", rec.attrs["status"])
			assert.NotContains(t, rec.attrs, "stack")
			assert.Equal(t, []int{499}, reported)
		}
	})
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"Canceled, but not by the client", fmt.Errorf("query: %w", context.Canceled), 500},
		{"DeadlineExceeded", fmt.Errorf("query: %w", context.DeadlineExceeded), 504},
		{"timeout of an http.Client", clientTimeout(t), 504},
		{"os.ErrNotExist", os.ErrNotExist, 500},
		{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded, 500},
		{"FieldErrors", errors.Join(errjson.FieldError{Pointer: "/a", Message: "x"}, errors.New("y"), &errjson.FieldError{Pointer: "/b"}), 422},
		{"an explicit 499", errjson.New(499, "x"), 499},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := record(quiet.Wrap(writing(c.err)), get("/"))
			assert.Equal(t, c.want, a.status)
			assert.Equal(t, "application/json", a.header.Get("Content-Type"))
		})
	}
	t.Run("Canceled after a timeout of the server", func(t *testing.T) {
		ctx, cancel := context.WithDeadline(context.Background(), time.Now())
		defer cancel()
		err := fmt.Errorf("query: %w", context.Canceled) // a driver cancels its own context
		assert.Equal(t, 504, record(quiet.Wrap(writing(err)), get("/").WithContext(ctx)).status)
	})
	t.Run("a 503 by rule", func(t *testing.T) {
		rd := errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{
			errjson.MapIs(context.DeadlineExceeded, errjson.New(503, "")),
		}, Logger: slog.New(slog.DiscardHandler)})
		assert.Equal(t, 503, record(rd.Wrap(writing(context.DeadlineExceeded)), get("/")).status)
		assert.Equal(t, 503, record(rd.Wrap(writing(clientTimeout(t))), get("/")).status)
	})
}

// clientTimeout returns the error of an http.Client whose Timeout is over.
func clientTimeout(t *testing.T) error {
	t.Helper()
	release := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	client := s.Client()
	client.Timeout = 10 * time.Millisecond
	_, err := client.Get(s.URL)
	require.Error(t, err)
	return err
}

func vectorClientGone(t *testing.T) {
	const client = "192.0.2.1:1234" // that of httptest.NewRequest
	addr := func(s string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", s)
		require.NoError(t, err)
		return a
	}
	opError := func(source, to net.Addr, err error) error {
		return &net.OpError{Op: "write", Net: "tcp", Source: source, Addr: to, Err: os.NewSyscallError("write", err)}
	}
	local := addr("127.0.0.1:80")
	for _, c := range []struct {
		name string
		err  error
		gone bool
	}{
		{"EPIPE", syscall.EPIPE, true},
		{"ECONNRESET, wrapped", fmt.Errorf("x: %w", os.NewSyscallError("read", syscall.ECONNRESET)), true},
		{"to the client", opError(local, addr(client), syscall.EPIPE), true},
		{"to the client behind a proxy", opError(local, addr("10.0.0.1:99"), syscall.EPIPE), true},
		{"without addresses", &net.OpError{Op: "write", Net: "tcp", Err: syscall.ECONNRESET}, true},
		{"to a database", opError(addr("127.0.0.1:5000"), addr("127.0.0.1:5432"), syscall.EPIPE), false},
		{"to a database, by remote address only", opError(nil, addr("127.0.0.1:5432"), syscall.ECONNRESET), false},
		{"to a process", &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}, false},
		{"refused", syscall.ECONNREFUSED, false},
	} {
		for how, handler := range map[string]http.Handler{"panic": panicking(c.err), "Write": writing(c.err)} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				var reported []int
				logs, rd := newCapture(errjson.Config{Report: func(_ *http.Request, e *errjson.Error) { reported = append(reported, e.Status) }})
				r := get("/")
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(local)))
				w := httptest.NewRecorder()
				serve := func() { rd.Wrap(handler).ServeHTTP(w, r) }
				if !c.gone {
					serve()
					assert.Equal(t, constant500, answer{w.Code, w.Header(), w.Body.String()})
					assert.Equal(t, slog.LevelError, logs.one(t).level)
					return
				}
				assert.PanicsWithValue(t, http.ErrAbortHandler, serve)
				assert.Empty(t, w.Body.String())
				rec := logs.one(t)
				assert.Equal(t, slog.LevelDebug, rec.level)
				assert.NotContains(t, rec.attrs, "stack")
				assert.Equal(t, []int{499}, reported)
			})
		}
	}
}

func vectorInterfaces(t *testing.T) {
	t.Run("HTTP/1.1", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Implements(t, (*http.Flusher)(nil), w)
			assert.Implements(t, (*interface{ FlushError() error })(nil), w)
			assert.Implements(t, (*http.Hijacker)(nil), w)
			assert.Implements(t, (*io.ReaderFrom)(nil), w)
			assert.Implements(t, (*io.StringWriter)(nil), w)
			_, pushes := w.(http.Pusher)
			assert.False(t, pushes)
			rc := http.NewResponseController(w)
			assert.NoError(t, rc.SetReadDeadline(time.Now().Add(time.Minute)))
			assert.NoError(t, rc.SetWriteDeadline(time.Now().Add(time.Minute)))
			assert.NoError(t, rc.EnableFullDuplex())
			_, _ = io.WriteString(w, "ok")
			assert.NoError(t, rc.Flush())
		})))
		assert.Equal(t, "ok", s.get(t, "/").body)
	})
	t.Run("HTTP/2", func(t *testing.T) {
		s := serveHTTP2(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Implements(t, (*http.Flusher)(nil), w)
			assert.Implements(t, (*io.StringWriter)(nil), w)
			_, hijacks := w.(http.Hijacker)
			assert.False(t, hijacks)
			pusher, pushes := w.(http.Pusher)
			assert.True(t, pushes)
			assert.Error(t, pusher.Push("/x", nil)) // the client does not want it
			rc := http.NewResponseController(w)
			assert.NoError(t, rc.SetReadDeadline(time.Now().Add(time.Minute)))
			_, _, err := rc.Hijack()
			assert.ErrorIs(t, err, http.ErrNotSupported)
			_, _ = io.WriteString(w, "ok")
			assert.NoError(t, rc.Flush())
		})))
		assert.Equal(t, "ok", s.get(t, "/").body)
	})
	t.Run("CloseNotify", func(t *testing.T) {
		done := make(chan bool)
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			//lint:ignore SA1019 gin asks its writer for it
			gone := w.(http.CloseNotifier).CloseNotify()
			w.(http.Flusher).Flush()
			<-gone
			close(done)
		})))
		resp, err := s.Client().Get(s.URL)
		require.NoError(t, err)
		_ = resp.Body.Close()
		<-done
	})
	t.Run("a writer that has only the three methods", func(t *testing.T) {
		w := struct{ http.ResponseWriter }{httptest.NewRecorder()}
		handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush() // does nothing, and sends nothing
			assert.ErrorIs(t, http.NewResponseController(w).Flush(), http.ErrNotSupported)
			assert.ErrorIs(t, w.(http.Pusher).Push("/", nil), http.ErrNotSupported)
			panic("boom")
		}))
		handler.ServeHTTP(w, get("/"))
		assert.Equal(t, 500, w.ResponseWriter.(*httptest.ResponseRecorder).Code)
	})
	t.Run("a source that fails at once", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := w.(io.ReaderFrom).ReadFrom(io.MultiReader(errorReader{}))
			assert.Zero(t, n)
			errjson.Write(w, r, errjson.BadGateway(err.Error()))
		})))
		assert.Equal(t, jsonAnswer(502, `{"error":"Bad Gateway","message":"broken","status":502}`+"\n"), s.get(t, "/"))
	})
	t.Run("a source that gives nothing at first", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n, err := w.(io.ReaderFrom).ReadFrom(iotest.OneByteReader(&stutterer{src: strings.NewReader("body")}))
			assert.NoError(t, err)
			assert.Equal(t, int64(4), n)
		})))
		assert.Equal(t, "body", s.get(t, "/").body)
	})
	t.Run("an empty source", func(t *testing.T) {
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader(""))
			assert.NoError(t, err)
			assert.Zero(t, n)
		})))
		assert.Equal(t, 200, s.get(t, "/").status)
	})
	t.Run("a file", func(t *testing.T) {
		content := strings.Repeat("0123456789abcdef", 8<<10)
		path := t.TempDir() + "/file"
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		onBoth(t, quiet.Wrap(http.FileServer(http.Dir(path[:len(path)-5]))), func(t *testing.T, s *server) {
			assert.Equal(t, content, s.get(t, "/file").body)
			a := s.get(t, "/file", "Range", "bytes=600-699")
			assert.Equal(t, 206, a.status)
			assert.Equal(t, content[600:700], a.body)

			a = s.get(t, "/file", "Range", "bytes=9999999-")
			assert.Equal(t, 416, a.status)
			assert.Equal(t, "bytes */131072", a.header.Get("Content-Range"))
			assert.Contains(t, a.body, `"status":416`)
			assert.NotContains(t, a.header, "Last-Modified")
		})
	})
}

// A stutterer reads nothing every other time, which an io.Reader may.
type stutterer struct {
	src io.Reader
	odd bool
}

func (s *stutterer) Read(p []byte) (int, error) {
	if s.odd = !s.odd; s.odd {
		return 0, nil
	}
	return s.src.Read(p)
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

func vectorHeaderFields(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		err    *errjson.Error
		fields http.Header
	}{
		"seconds":         {errjson.TooManyRequests("", 30*time.Second), http.Header{"Retry-After": {"30"}}},
		"zero":            {errjson.TooManyRequests("", time.Duration(0)), http.Header{"Retry-After": {"0"}}},
		"negative":        {errjson.TooManyRequests("", -time.Second), http.Header{"Retry-After": {"0"}}},
		"rounded up":      {errjson.ServiceUnavailable("", 1100*time.Millisecond), http.Header{"Retry-After": {"2"}}},
		"for ever":        {errjson.ServiceUnavailable("", time.Duration(math.MaxInt64)), http.Header{"Retry-After": {"9223372037"}}},
		"date":            {errjson.ServiceUnavailable("", at), http.Header{"Retry-After": {"Fri, 02 Jan 2026 02:04:05 GMT"}}},
		"challenges":      {errjson.Unauthorized("", "Basic", `Bearer realm="a"`), http.Header{"Www-Authenticate": {"Basic", `Bearer realm="a"`}}},
		"no challenge":    {errjson.Unauthorized(""), nil},
		"proxy":           {errjson.ProxyAuthRequired("", "Basic"), http.Header{"Proxy-Authenticate": {"Basic"}}},
		"range":           {errjson.RangeNotSatisfiable(1234), http.Header{"Content-Range": {"bytes */1234"}}},
		"unknown length":  {errjson.RangeNotSatisfiable(-1), nil},
		"allow":           {errjson.MethodNotAllowed("GET", "HEAD"), http.Header{"Allow": {"GET, HEAD"}}},
		"allow nothing":   {errjson.MethodNotAllowed(), http.Header{"Allow": {""}}},
		"upgrade":         {errjson.UpgradeRequired("", "HTTP/3.0", "h2c"), http.Header{"Upgrade": {"HTTP/3.0, h2c"}, "Connection": {"Upgrade"}}},
		"upgrade nothing": {errjson.UpgradeRequired(""), nil},
		"any name":        {&errjson.Error{Status: 418, Header: http.Header{"x-small": {"1"}}}, http.Header{"X-Small": {"1"}}},
		"content fields":  {&errjson.Error{Status: 418, Header: http.Header{"Content-Type": {"x"}, "Content-Length": {"1"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveHTTP1(t, quiet.Wrap(writing(c.err)))
			a := s.get(t, "/")
			want := jsonAnswer(c.err.Status, a.body)
			for field, values := range c.fields {
				want.header[field] = values
			}
			assert.Equal(t, want, a)
		})
	}
	t.Run("merged", func(t *testing.T) {
		e := &errjson.Error{Status: 404, Header: http.Header{"Vary": {"X-A"}, "Set-Cookie": {"b=2"}, "X-B": {"new"}}}
		s := serveHTTP1(t, quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Origin")
			w.Header().Set("Set-Cookie", "a=1")
			w.Header().Set("X-B", "old")
			errjson.Write(w, r, e)
			w.Header()["X-B"][0] = "changed"
		})))
		for range 2 { // the Error is not changed by the first
			a := s.get(t, "/")
			assert.Equal(t, []string{"Origin", "X-A"}, a.header["Vary"])
			assert.Equal(t, []string{"a=1", "b=2"}, a.header["Set-Cookie"])
		}
		assert.Equal(t, http.Header{"Vary": {"X-A"}, "Set-Cookie": {"b=2"}, "X-B": {"new"}}, e.Header)
	})
}

func vectorJSON(t *testing.T) {
	e := &errjson.Error{Status: 400, Message: "<b>&</b> \"\\\n\u2028\x01é\xff", Details: map[string]any{"h": "<b>&</b>"}}
	a := record(quiet.Wrap(writing(e)), get("/"))
	assert.Equal(t, jsonAnswer(400, `{"error":"Bad Request","message":"<b>&</b> \"\\\n\u2028\u0001é\ufffd","status":400,"details":{"h":"<b>&</b>"}}`+"\n"), a)

	rd := errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: slog.New(slog.DiscardHandler)})
	a = record(rd.Wrap(writing(e)), get("/"))
	assert.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	assert.Equal(t, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"<b>&</b> \"\\\n\u2028\u0001é\ufffd","h":"<b>&</b>"}`+"\n", a.body)
}

func vectorStaleGoroutine(t *testing.T) {
	// A goroutine outlives its request, and goes on with the writer and the
	// request while others are served. The race detector sees whether it meets
	// one of those.
	var stale sync.WaitGroup
	first := make(chan bool)
	handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/stale" {
			http.NotFound(w, r)
			return
		}
		stale.Add(1)
		go func() {
			defer stale.Done()
			<-first
			for range 100 {
				_, err := w.Write([]byte("stale"))
				assert.Error(t, err)
				_, err = io.WriteString(w, "stale")
				assert.Error(t, err)
				w.WriteHeader(http.StatusTeapot)
				w.(http.Flusher).Flush()
				assert.Error(t, http.NewResponseController(w).Flush())
				errjson.Write(w, r, errjson.NotFound("stale"))
				if from, ok := w.(io.ReaderFrom); ok {
					_, err = from.ReadFrom(strings.NewReader("stale"))
					assert.Error(t, err)
				}
				if hijacker, ok := w.(http.Hijacker); ok {
					_, _, err = hijacker.Hijack()
					assert.Error(t, err)
				}
				_ = r.Clone(context.Background())
			}
		}()
	}))
	onBoth(t, handler, func(t *testing.T, s *server) {
		first = make(chan bool)
		assert.Equal(t, 200, s.get(t, "/stale").status)
		close(first)
		for range 20 {
			assert.Equal(t, jsonAnswer(404, body404), s.get(t, "/other"))
		}
		stale.Wait()
	})
}

func vectorStatuses(t *testing.T) {
	for _, code := range []int{400, 402, 418, 425, 507, 511, 599} {
		a := record(quiet.Wrap(writing(errjson.New(code, "x"))), get("/"))
		assert.Equal(t, code, a.status)
		assert.Contains(t, a.body, fmt.Sprintf(`"status":%d`, code))
	}
	for _, code := range []int{200, 42, 0, -1, 302, 399, 600, 1000} {
		logs, rd := newCapture(errjson.Config{})
		for _, handler := range []http.Handler{writing(errjson.New(code, "x")), panicking(errjson.New(code, "x"))} {
			logs.reset()
			assert.Equal(t, constant500, record(rd.Wrap(handler), get("/")))
			rec := logs.one(t)
			assert.Equal(t, slog.LevelError, rec.level)
			assert.Contains(t, rec.attrs["error"], fmt.Sprintf("%d is not an error status", code))
		}
	}
	t.Run("not one, in the format and by the rules", func(t *testing.T) {
		cause := errors.New("the cause")
		logs, rd := newCapture(errjson.Config{Format: tagged("mine"), Rules: []errjson.Rule{
			errjson.OnStatus(500, func(*http.Request, *errjson.Error) any { return "ours" }),
		}})
		wrong := errjson.New(200, "x")
		wrong.Err = cause
		assert.Equal(t, jsonAnswer(500, `"ours"`+"\n"), record(rd.Wrap(writing(wrong)), get("/")))
		assert.Contains(t, logs.one(t).attrs["error"], "the cause")
		_, rd = newCapture(errjson.Config{Format: tagged("mine")})
		assert.Equal(t, jsonAnswer(500, `{"mine":500}`+"\n"), record(rd.Wrap(writing(wrong)), get("/")))
	})
}

// acceptCases are what a client may say of the formats it wants, with the offer
// that it gets of Simple and Problem.
var acceptCases = []struct{ accept, want string }{
	{"", "application/json"},
	{"*/*", "application/json"},
	{"text/html", "application/json"},
	{"text/html, */*;q=0.1", "application/json"},
	{"application/json", "application/json"},
	{"application/problem+json", "application/problem+json"},
	{"Application/Problem+JSON", "application/problem+json"},
	{"application/problem+json, application/json", "application/json"},
	{"application/problem+json, application/json;q=0.9", "application/problem+json"},
	{"application/json;q=0.5, application/problem+json;q=0.50", "application/json"},
	{"application/json;q=0.5, application/problem+json;q=0.501", "application/problem+json"},
	{"application/json;q=0", "application/json"}, // nothing is wanted: any is better than none
	{"application/json;q=0, */*", "application/problem+json"},
	{"application/json;q=0, application/*", "application/problem+json"},
	{"*/*;q=0, application/problem+json;q=0.001", "application/problem+json"},
	{"application/*;q=0.3, application/problem+json;q=0.2", "application/json"},
	{"application/*;q=0.2, */*;q=1", "application/json"},
	{"application/problem+json; q=1 ; x=y", "application/problem+json"},
	{"application/problem+json;Q=1.000, application/json;q=0.999", "application/problem+json"},
	{"text/*, application/problem+json", "application/problem+json"},
	// What cannot be read is passed over.
	{";;;,,,=", "application/json"},
	{"application/problem+json;q=2", "application/json"},
	{"application/problem+json;q=1.001", "application/json"},
	{"application/problem+json;q=0.1234", "application/json"},
	{"application/problem+json;q=-1", "application/json"},
	{"application/problem+json;q=0x1", "application/json"},
	{"application/problem+json;q=.5", "application/json"},
	{"application/problem+json;q=", "application/json"},
	{"application/problem+json;q=1e0, application/json;q=0.1", "application/json"},
	{"*", "application/json"},
	{"*/json, application/problem+json;q=0.1", "application/problem+json"},
	{strings.Repeat("a/b,", 10_000) + "application/problem+json", "application/problem+json"},
}

func vectorAccept(t *testing.T) {
	rd := errjson.NewRenderer(errjson.Config{
		Format: errjson.Negotiate(errjson.Simple, errjson.Problem), Logger: slog.New(slog.DiscardHandler),
	})
	handler := rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		errjson.Write(w, r, errjson.NotFound(""))
	}))
	for _, c := range acceptCases {
		r := get("/")
		if c.accept != "" {
			r.Header.Set("Accept", c.accept)
		}
		want := jsonAnswer(404, body404, "Vary", "Origin", "Vary", "Accept")
		if c.want != "application/json" {
			want = jsonAnswer(404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this URL."}`+"\n",
				"Vary", "Origin", "Vary", "Accept")
			want.header.Set("Content-Type", c.want)
		}
		assert.Equal(t, want, record(handler, r), "%.80q", c.accept)
	}

	// Several fields are one list.
	r := get("/")
	r.Header["Accept"] = []string{"application/json;q=0.1", "application/problem+json"}
	assert.Equal(t, "application/problem+json", record(handler, r).header.Get("Content-Type"))

	// Before the answer is begun, nothing is said.
	assert.NotContains(t, record(quiet.Wrap(writing(errjson.NotFound(""))), get("/")).header, "Vary")
}
