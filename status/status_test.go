package status_test

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// quiet is a renderer for tests that are not about logs.
var quiet = errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})

// An answer is what a client sees.
type answer struct {
	status int
	header http.Header
	body   string
}

func jsonAnswer(code int, body string, fields ...string) answer {
	a := answer{code, http.Header{"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(body))}}, body}
	for i := 0; i < len(fields); i += 2 {
		a.header.Add(fields[i], fields[i+1])
	}
	return a
}

const body500 = `{"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}` + "\n"

var constant500 = jsonAnswer(500, body500, "X-Content-Type-Options", "nosniff")

// do sends a request over a socket.
func do(t *testing.T, s *httptest.Server, method, path string) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, nil)
	require.NoError(t, err)
	resp, err := s.Client().Transport.RoundTrip(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Header.Del("Date")
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// onBoth runs a test over HTTP/1.1 and over HTTP/2. The server's own log must
// stay empty.
func onBoth(t *testing.T, handler http.Handler, test func(t *testing.T, s *httptest.Server)) {
	t.Helper()
	for _, name := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			var logged strings.Builder
			s := httptest.NewUnstartedServer(handler)
			s.Config.ErrorLog = log.New(&logged, "", 0)
			if name == "HTTP/2" {
				s.EnableHTTP2 = true
				s.StartTLS()
			} else {
				s.Start()
			}
			test(t, s)
			s.Close()
			assert.Empty(t, logged.String())
		})
	}
}

// returning is a handler that returns a value.
func returning(value any) http.Handler {
	return status.Handler(func(*http.Request) (any, error) { return value, nil })
}

// record answers a request without a socket.
func record(handler http.Handler, method string) answer {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	return answer{w.Code, w.Header(), w.Body.String()}
}

type point struct {
	X int     `json:"x"`
	Y *int    `json:"y,omitempty"`
	Z float64 `json:"-"`
}

type named []int

type marshaling []int

func (marshaling) MarshalJSON() ([]byte, error) { return []byte(`"mine"`), nil }

type textual map[string]int

func (textual) MarshalText() ([]byte, error) { return []byte("text"), nil }

func TestEncoding(t *testing.T) {
	var nilPointer *point
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"nil", nil, "null"},
		{"string", "x", `"x"`},
		{"number", int64(1 << 53), "9007199254740992"},
		{"large number", int64(math.MaxInt64), "9223372036854775807"},
		{"float", 1e21, "1e+21"},
		{"bool", true, "true"},
		{"struct", point{X: 1}, `{"x":1}`},
		{"pointer", &point{X: 1}, `{"x":1}`},
		{"nil pointer", nilPointer, "null"},
		{"HTML", map[string]string{"h": "<b>&</b>"}, `{"h":"<b>&</b>"}`},
		{"line separators", "\u2028\u2029", `"\u2028\u2029"`},
		{"Unicode", "é😀", `"é😀"`},
		{"map", map[string]any{"b": 1, "a": nil}, `{"a":null,"b":1}`},
		{"nil map", map[string]int(nil), "{}"},
		{"nil slice", []int(nil), "[]"},
		{"nil slice of a named type", named(nil), "[]"},
		{"nil slice within", map[string][]int{"a": nil}, `{"a":null}`},
		{"empty slice", []int{}, "[]"},
		{"bytes", []byte("ab"), `"YWI="`},
		{"nil bytes", []byte(nil), "null"},
		{"nil slice that marshals itself", marshaling(nil), `"mine"`},
		{"nil map that is text", textual(nil), `"text"`},
		{"nil IP address", net.IP(nil), `""`},
		{"slice that marshals itself", marshaling{}, `"mine"`},
		{"time", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), `"2026-01-02T03:04:05Z"`},
		{"json.Number", json.Number("1.50"), "1.50"},
		{"nil RawMessage", json.RawMessage(nil), "null"},
		{"RawMessage within", map[string]any{"a": json.RawMessage(`[1, 2]`)}, `{"a":[1,2]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := jsonAnswer(200, c.want+"\n")
			assert.Equal(t, want, record(returning(c.value), "GET"))
			assert.Equal(t, want, record(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				assert.NoError(t, status.JSON(w, 200, c.value))
			}), "GET"))
			assert.Equal(t, want, record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.NoError(t, status.OK(c.value).Write(w, r))
			}), "GET"))
		})
	}
	t.Run("RawMessage as it is", func(t *testing.T) {
		assert.Equal(t, jsonAnswer(200, ` {"a" : "<é>"} `), record(returning(json.RawMessage(` {"a" : "<é>"} `)), "GET"))
	})
	t.Run("large", func(t *testing.T) {
		long := strings.Repeat("x", 300_000)
		onBoth(t, returning([]string{long}), func(t *testing.T, s *httptest.Server) {
			for range 2 {
				assert.Equal(t, jsonAnswer(200, `["`+long+`"]`+"\n"), do(t, s, "GET", "/"))
			}
		})
	})
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) {
	return nil, errjson.NotFound("not the client's business")
}

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("in MarshalJSON") }

type invalid struct{}

func (invalid) MarshalJSON() ([]byte, error) { return []byte(`{"a":`), nil }

func TestUnencodable(t *testing.T) {
	type node struct{ Next *node }
	cycle := &node{}
	cycle.Next = cycle
	for name, value := range map[string]any{
		"chan": make(chan int), "func": func() {}, "complex": 1i, "NaN": math.NaN(), "Inf": math.Inf(-1), "cycle": cycle,
		"map key": map[bool]int{true: 1}, "failing": failing{}, "panicking": panicking{}, "invalid": invalid{},
		"RawMessage": json.RawMessage("{"), "empty RawMessage": json.RawMessage{}, "RawMessage that is not UTF-8": json.RawMessage("\"\xff\""),
		"json.Number": json.Number("x"),
	} {
		for when, value := range map[string]any{"at once": value, "after 100 KB": []any{strings.Repeat("x", 100<<10), value}} {
			if _, raw := value.([]any); raw && name == "RawMessage that is not UTF-8" {
				continue // within another value, its strings are not looked into
			}
			t.Run(name+"/"+when, func(t *testing.T) {
				onBoth(t, quiet.Wrap(returning(status.Created(value, "/x").WithHeader("Etag", `"1"`))), func(t *testing.T, s *httptest.Server) {
					assert.Equal(t, constant500, do(t, s, "GET", "/"))
				})
				assert.Equal(t, constant500, record(quiet.Wrap(returning(value)), "HEAD").withBody(body500), "HEAD")

				w := httptest.NewRecorder()
				err := status.JSON(w, 201, value)
				var encodeError *status.EncodeError
				require.ErrorAs(t, err, &encodeError)
				assert.Equal(t, 500, encodeError.StatusCode())
				assert.ErrorContains(t, err, "status: ")
				assert.Empty(t, w.Header())
				assert.Empty(t, w.Body.String())
				assert.Equal(t, 200, w.Code, "nothing was sent")
			})
		}
	}
	t.Run("then a good one", func(t *testing.T) {
		// The buffers are shared: what has failed leaves nothing in them.
		for range 100 {
			_ = status.JSON(httptest.NewRecorder(), 200, []any{"left", panicking{}})
			_ = status.JSON(httptest.NewRecorder(), 200, []any{"left", make(chan int)})
			assert.Equal(t, "[1]\n", record(returning([]int{1}), "GET").body)
		}
	})
}

func (a answer) withBody(body string) answer {
	a.body = body
	return a
}

func TestStatuses(t *testing.T) {
	for _, code := range []int{0, 200, 201, 202, 203, 206, 207, 299, 400, 404, 418, 500, 599} {
		want := code
		if code == 0 {
			want = 200
		}
		assert.Equal(t, jsonAnswer(want, `"x"`+"\n"), record(quiet.Wrap(returning(status.Of(code, "x"))), "GET"))
	}
	for _, code := range []int{-1, 1, 99, 100, 101, 103, 199, 600, 999, 1000} {
		assert.Equal(t, constant500, record(quiet.Wrap(returning(status.Of(code, "x"))), "GET"), code)
		var encodeError *status.EncodeError
		require.ErrorAs(t, status.JSON(httptest.NewRecorder(), code, nil), &encodeError)
	}
}

func TestNoContent(t *testing.T) {
	mux := http.NewServeMux()
	for path, resp := range map[string]status.Response{
		"/200": status.OK("x"),
		"/204": status.NoContent().WithHeader("X-A", "1"), "/204-body": status.Of(204, map[string]int{"a": 1}),
		"/204-type": status.NoContent().WithHeader("Content-Type", "application/json"),
		"/205":      status.Of(205, "x"), "/304": status.Of(304, "x").WithHeader("Etag", `"1"`),
		"/301": status.Of(301, nil).WithHeader("Location", "/a"), "/307-body": status.Of(307, "x").WithHeader("Location", "/a"),
	} {
		mux.Handle(path, returning(resp))
	}
	onBoth(t, quiet.Wrap(mux), func(t *testing.T, s *httptest.Server) {
		for _, c := range []struct {
			method, path string
			want         answer
		}{
			{"HEAD", "/200", jsonAnswer(200, `"x"`+"\n").withBody("")},
			{"GET", "/204", answer{204, http.Header{"X-A": {"1"}}, ""}},
			{"GET", "/204-body", answer{204, http.Header{}, ""}},
			{"HEAD", "/204-body", answer{204, http.Header{}, ""}},
			{"GET", "/204-type", answer{204, http.Header{}, ""}},
			{"GET", "/205", answer{205, http.Header{"Content-Length": {"0"}}, ""}},
			{"GET", "/304", answer{304, http.Header{"Etag": {`"1"`}}, ""}},
			{"GET", "/301", answer{301, http.Header{"Content-Length": {"0"}, "Location": {"/a"}}, ""}},
			{"GET", "/307-body", jsonAnswer(307, `"x"`+"\n", "Location", "/a")},
		} {
			assert.Equal(t, c.want, do(t, s, c.method, c.path), c.method+" "+c.path)
		}
	})

	t.Run("on the wire", func(t *testing.T) {
		s := httptest.NewServer(mux)
		defer s.Close()
		for request, want := range map[string]string{
			"GET /204-body": "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
			"GET /304":      "HTTP/1.1 304 Not Modified\r\nEtag: \"1\"\r\nConnection: close\r\n\r\n",
			"HEAD /200":     "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n",
			"GET /200":      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\"x\"\n",
		} {
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			require.NoError(t, err)
			_, err = io.WriteString(conn, request+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			require.NoError(t, err)
			got, err := io.ReadAll(conn)
			require.NoError(t, err)
			_ = conn.Close()
			lines := strings.Split(string(got), "\r\n")
			kept := lines[:0]
			for _, line := range lines {
				if !strings.HasPrefix(line, "Date: ") {
					kept = append(kept, line)
				}
			}
			assert.Equal(t, want, strings.Join(kept, "\r\n"), request)
		}
	})
}

func TestHandler(t *testing.T) {
	boom := errors.New("boom")
	response := status.Accepted("x")
	t.Run("error", func(t *testing.T) {
		h := status.Handler(func(*http.Request) (string, error) { return "ignored", errjson.Conflict("The name is taken.") })
		want := `{"error":"Conflict","message":"The name is taken.","status":409}` + "\n"
		assert.Equal(t, jsonAnswer(409, want, "X-Content-Type-Options", "nosniff"), record(quiet.Wrap(h), "GET"))
		assert.Equal(t, constant500, record(quiet.Wrap(status.Handler(func(*http.Request) (int, error) { return 1, boom })), "GET"))
		assert.Equal(t, constant500, record(quiet.Wrap(status.Handler(func(*http.Request) (status.Response, error) { return response, boom })), "GET"))
	})
	t.Run("types", func(t *testing.T) {
		want := jsonAnswer(202, `"x"`+"\n")
		assert.Equal(t, want, record(status.Handler(func(*http.Request) (status.Response, error) { return response, nil }), "GET"))
		assert.Equal(t, want, record(status.Handler(func(*http.Request) (*status.Response, error) { return &response, nil }), "GET"))
		assert.Equal(t, want, record(returning(response), "GET"))
		assert.Equal(t, jsonAnswer(200, "null\n"), record(status.Handler(func(*http.Request) (*status.Response, error) { return nil, nil }), "GET"))
		assert.Equal(t, jsonAnswer(200, "null\n"), record(status.Handler(func(*http.Request) (status.Response, error) { return status.Response{}, nil }), "GET"))
		assert.Equal(t, jsonAnswer(200, "[]\n"), record(status.Handler(func(*http.Request) ([]point, error) { return nil, nil }), "GET"))
	})
	t.Run("a client that is gone", func(t *testing.T) {
		w := &broken{httptest.NewRecorder()}
		returning("x").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		assert.Equal(t, 200, w.Code, "the answer is not replaced")
		assert.Error(t, status.JSON(w, 200, "x"))
	})
	t.Run("a panic", func(t *testing.T) {
		h := status.Handler(func(*http.Request) (any, error) { panic(boom) })
		assert.Equal(t, constant500, record(quiet.Wrap(h), "GET"))
	})
}

// A broken writer cannot write.
type broken struct{ *httptest.ResponseRecorder }

func (*broken) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestHeader(t *testing.T) {
	t.Run("merged", func(t *testing.T) {
		resp := status.Response{Body: "x", Header: http.Header{
			"x-small": {"1"}, "Vary": {"X-A"}, "Set-Cookie": {"b=2", "c=3"}, "X-B": {"new"}, "Content-Length": {"99"},
			"Content-Type": {"application/hal+json"},
		}}
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", "Origin")
			w.Header().Set("Set-Cookie", "a=1")
			w.Header().Set("X-B", "old")
			assert.NoError(t, resp.Write(w, r))
			w.Header()["X-B"][0] = "changed"
			_ = append(w.Header()["Content-Type"], "x")
			assert.Equal(t, []string{"4"}, w.Header()["Content-Length"])
		})
		for range 2 {
			want := jsonAnswer(200, `"x"`+"\n", "X-Small", "1", "Vary", "Origin", "Vary", "X-A",
				"Set-Cookie", "a=1", "Set-Cookie", "b=2", "Set-Cookie", "c=3", "X-B", "changed")
			want.header.Set("Content-Type", "application/hal+json")
			assert.Equal(t, want, record(h, "GET"))
		}
		assert.Equal(t, []string{"new"}, resp.Header["X-B"])
	})
	t.Run("set before", func(t *testing.T) {
		a := record(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.api+json")
			assert.NoError(t, status.JSON(w, 200, "x"))
		}), "GET")
		assert.Equal(t, []string{"application/vnd.api+json"}, a.header["Content-Type"])
	})
	t.Run("not aliased", func(t *testing.T) {
		first := status.OK("x").WithHeader("x-a", "1")
		second := first.WithHeader("X-A", "2").WithHeader("X-B", "3")
		assert.Equal(t, http.Header{"X-A": {"1"}}, first.Header)
		assert.Equal(t, http.Header{"X-A": {"2"}, "X-B": {"3"}}, second.Header)
		created := status.Created("x", "/items/7")
		other := created.WithHeader("X-A", "1")
		other.Header["Location"][0] = "/changed"
		assert.Equal(t, http.Header{"Location": {"/items/7"}}, created.Header)
	})
}

func TestConstructors(t *testing.T) {
	assert.Equal(t, status.Response{Status: 200, Body: 1}, status.OK(1))
	assert.Equal(t, status.Response{Status: 201, Body: 1, Header: http.Header{"Location": {"/a"}}}, status.Created(1, "/a"))
	assert.Equal(t, status.Response{Status: 201, Body: 1}, status.Created(1, ""))
	for location, want := range map[string]string{
		"https://example.com/items/7?a=%20b&c#d": "https://example.com/items/7?a=%20b&c#d",
		"/größe/日":                               "/gr%C3%B6%C3%9Fe/%E6%97%A5", "/a b": "/a%20b", "/a\r\nX-B: 1\x7f": "/a%0D%0AX-B:%201%7F", "/\xff": "/%FF",
	} {
		assert.Equal(t, []string{want}, status.Created(1, location).Header["Location"])
	}
	assert.Equal(t, status.Response{Status: 202, Body: 1}, status.Accepted(1))
	assert.Equal(t, status.Response{Status: 204}, status.NoContent())
	assert.Equal(t, status.Response{Status: 418, Body: 1}, status.Of(418, 1))
}

func TestResource(t *testing.T) {
	name := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name+" "+r.Method) })
	}
	body405 := `{"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}` + "\n"
	refused := func(allow string) answer {
		return jsonAnswer(405, body405, "X-Content-Type-Options", "nosniff", "Allow", allow)
	}
	mux := http.NewServeMux()
	mux.Handle("/all", status.Resource{Get: name("get"), Post: name("post"), Put: name("put"), Patch: name("patch"), Delete: name("delete")})
	mux.Handle("/some", &status.Resource{Get: name("get"), Delete: name("delete")})
	mux.Handle("/post", status.Resource{Post: name("post")})
	mux.Handle("/none", status.Resource{})
	onBoth(t, quiet.Wrap(mux), func(t *testing.T, s *httptest.Server) {
		for method, want := range map[string]string{
			"GET": "get GET", "HEAD": "", "POST": "post POST", "PUT": "put PUT", "PATCH": "patch PATCH", "DELETE": "delete DELETE",
		} {
			a := do(t, s, method, "/all")
			assert.Equal(t, 200, a.status, method)
			assert.Equal(t, want, a.body)
		}
		assert.Equal(t, []string{"8"}, do(t, s, "HEAD", "/some").header["Content-Length"])
		for path, allow := range map[string]string{
			"/all": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "/some": "GET, HEAD, DELETE, OPTIONS",
			"/post": "POST, OPTIONS", "/none": "OPTIONS",
		} {
			options := answer{200, http.Header{"Allow": {allow}, "Content-Length": {"0"}}, ""}
			assert.Equal(t, options, do(t, s, "OPTIONS", path))
			assert.Equal(t, refused(allow), do(t, s, "BREW", path))
		}
		assert.Equal(t, refused("POST, OPTIONS"), do(t, s, "GET", "/post"))
		assert.Equal(t, refused("POST, OPTIONS").withBody(""), do(t, s, "HEAD", "/post"))
		assert.Equal(t, refused("GET, HEAD, DELETE, OPTIONS"), do(t, s, "PATCH", "/some"))
	})

	t.Run("streams", func(t *testing.T) {
		release := make(chan bool)
		handler := quiet.Wrap(status.Resource{Get: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "a")
			assert.NoError(t, http.NewResponseController(w).Flush())
			<-release
			_, _ = io.WriteString(w, "b")
		})})
		onBoth(t, handler, func(t *testing.T, s *httptest.Server) {
			resp, err := s.Client().Get(s.URL)
			require.NoError(t, err)
			defer func() { _ = resp.Body.Close() }()
			first := make([]byte, 1)
			_, err = io.ReadFull(resp.Body, first)
			require.NoError(t, err)
			release <- true
			rest, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "ab", string(first)+string(rest))
		})
	})
}

// A handler that has streamed a part cannot give its answer another end.
func TestJSONAfterTheFirstByte(t *testing.T) {
	s := httptest.NewServer(quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		if err := status.JSON(w, 200, make(chan int)); err != nil {
			errjson.Write(w, r, err)
		}
	})))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.Error(t, err)
	assert.Equal(t, "data: 1\n\n", string(body))
}

func TestAllocations(t *testing.T) {
	small := any(point{X: 1, Z: 2})
	// From Go 1.27 on encoding/json itself copies a value that is no pointer.
	enc := json.NewEncoder(io.Discard)
	encoding := testing.AllocsPerRun(1000, func() { _ = enc.Encode(small) })
	w := &forgetful{http.Header{}}
	allocs := testing.AllocsPerRun(1000, func() {
		clear(w.header)
		if err := status.JSON(w, 200, small); err != nil {
			panic(err)
		}
	})
	if !raceEnabled { // the detector allocates for itself
		assert.LessOrEqual(t, allocs, encoding+1) // the values of the header fields
	}
	large := any(make([]point, 5000))
	allocs = testing.AllocsPerRun(20, func() {
		clear(w.header)
		_ = status.JSON(w, 200, large)
	})
	if !raceEnabled {
		assert.LessOrEqual(t, allocs, 3.0)
	}
}

type forgetful struct{ header http.Header }

func (w *forgetful) Header() http.Header         { return w.header }
func (w *forgetful) Write(p []byte) (int, error) { return len(p), nil }
func (w *forgetful) WriteHeader(int)             {}
