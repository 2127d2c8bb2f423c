package corsmw_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// preflightVary is what answers to preflights have in Vary.
const preflightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"

// request makes a request from lines like "OPTIONS" and "Origin: https://example.com".
func request(method string, lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "https://api.example.net/items", nil)
	r.Method = method
	r.Header = header(lines...)
	return r
}

func preflightRequest(origin, method string, headers ...string) *http.Request {
	r := request("OPTIONS", "Origin: "+origin, "Access-Control-Request-Method: "+method)
	for _, line := range headers {
		r.Header.Add("Access-Control-Request-Headers", line)
	}
	return r
}

func header(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

// serve sends r through m to a handler that answers 200 with X-Handler.
func serve(m interface {
	Wrap(http.Handler) http.Handler
}, r *http.Request, outer ...string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	for name, values := range header(outer...) {
		w.Header()[name] = values
	}
	m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Handler", "ran") })).ServeHTTP(w, r)
	return w
}

// TestAnswers compares whole answers: status and every header.
func TestAnswers(t *testing.T) {
	const origin, evil = "https://example.com", "https://evil.example"
	plain := corsmw.Config{
		AllowOrigins: []string{origin, "https://other.example"}, AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"X-B", "authorization", "X-A"}, ExposeHeaders: []string{"X-Total", "X-Next"}, MaxAge: 600,
	}
	credentials := plain
	credentials.AllowCredentials = true
	everybody := plain
	everybody.AllowOrigins = []string{"*"}
	wildcards := corsmw.Config{AllowOrigins: []string{origin}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}
	authorization := wildcards
	authorization.AllowHeaders = []string{"*", "Authorization"}
	echo := wildcards
	echo.AllowCredentials = true
	least := corsmw.Config{AllowOrigins: []string{origin}}
	tenant := corsmw.Config{
		AllowOriginFunc: func(r *http.Request, origin string) bool { return r.Header.Get("X-Tenant") == "1" },
		VaryOn:          []string{"X-Tenant", "x-tenant", "Origin"},
	}
	legacy := corsmw.Config{AllowOrigins: []string{origin}, AllowPrivateNetwork: true, PreflightStatus: 200, MaxAge: -1}

	const ran = "X-Handler: ran"
	tests := []struct {
		name    string
		config  corsmw.Config
		request *http.Request
		outer   []string
		status  int
		header  []string
	}{
		{"no origin", plain, request("GET"), nil, 200, []string{ran, "Vary: Origin"}},
		{"allowed", plain, request("GET", "Origin: "+origin), nil, 200,
			[]string{ran, "Vary: Origin", "Access-Control-Allow-Origin: " + origin, "Access-Control-Expose-Headers: X-Total,X-Next"}},
		{"refused", plain, request("GET", "Origin: "+evil), nil, 200, []string{ran, "Vary: Origin"}},
		{"two origins", plain, request("GET", "Origin: "+origin, "Origin: "+origin), nil, 200, []string{ran, "Vary: Origin"}},
		{"allowed, with credentials", credentials, request("GET", "Origin: "+origin), nil, 200,
			[]string{ran, "Vary: Origin", "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Credentials: true",
				"Access-Control-Expose-Headers: X-Total,X-Next"}},
		{"everybody, no origin", everybody, request("GET"), nil, 200,
			[]string{ran, "Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: X-Total,X-Next"}},
		{"everybody", everybody, request("GET", "Origin: null"), nil, 200,
			[]string{ran, "Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: X-Total,X-Next"}},
		{"everybody, others' Vary", everybody, request("GET"), []string{"Vary: Accept"}, 200,
			[]string{ran, "Vary: Accept", "Access-Control-Allow-Origin: *", "Access-Control-Expose-Headers: X-Total,X-Next"}},

		{"preflight", plain, preflightRequest(origin, "PUT"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Methods: PUT,DELETE",
				"Access-Control-Max-Age: 600"}},
		{"preflight with headers", plain, preflightRequest(origin, "PUT", "x-a"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Methods: PUT,DELETE",
				"Access-Control-Allow-Headers: authorization,x-a,x-b", "Access-Control-Max-Age: 600"}},
		{"preflight with credentials", credentials, preflightRequest(origin, "PUT", "X-B", "x-a , X-A"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Credentials: true",
				"Access-Control-Allow-Methods: PUT,DELETE", "Access-Control-Allow-Headers: authorization,x-a,x-b", "Access-Control-Max-Age: 600"}},
		{"preflight by anybody", everybody, preflightRequest(evil, "PUT", "x-a"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: *", "Access-Control-Allow-Methods: PUT,DELETE",
				"Access-Control-Allow-Headers: authorization,x-a,x-b", "Access-Control-Max-Age: 600"}},
		{"preflight for POST with an unlisted header", least, preflightRequest(origin, "POST", "content-type"), nil, 403, []string{"Vary: " + preflightVary}},
		{"preflight for HEAD", least, preflightRequest(origin, "HEAD", ""), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin}},
		{"preflight, refused origin", credentials, preflightRequest(evil, "PUT", "x-a"), nil, 403, []string{"Vary: " + preflightVary}},
		{"preflight, refused method", credentials, preflightRequest(origin, "PATCH", "x-a"), nil, 403, []string{"Vary: " + preflightVary}},
		{"preflight, refused header", credentials, preflightRequest(origin, "PUT", "x-a,x-evil"), nil, 403, []string{"Vary: " + preflightVary}},
		{"preflight, refused name of another case", credentials, preflightRequest(origin, "PUT", "X-EVIL"), nil, 403, []string{"Vary: " + preflightVary}},
		{"preflight, refused, others' headers", credentials, preflightRequest(evil, "PUT"), []string{"Vary: Accept", "X-Outer: 1"}, 403,
			[]string{"Vary: Accept", "Vary: " + preflightVary, "X-Outer: 1"}},

		{"preflight with a name in upper case", corsmw.Config{AllowOrigins: []string{origin}, AllowHeaders: []string{"a", "z"}}, preflightRequest(origin, "GET", "Z,A"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Headers: a,z"}},

		{"wildcards", wildcards, preflightRequest(origin, "PURGE", "x-z"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Methods: *", "Access-Control-Allow-Headers: *"}},
		{"wildcards, Authorization not listed", wildcards, preflightRequest(origin, "PUT", "Authorization"), nil, 403, []string{"Vary: " + preflightVary}},
		{"wildcards, Authorization listed", authorization, preflightRequest(origin, "PUT", "authorization,x-z"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Methods: *",
				"Access-Control-Allow-Headers: *,authorization"}},
		{"wildcards with credentials", echo, preflightRequest(origin, "PURGE", "authorization", "x-y, x-z"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Credentials: true",
				"Access-Control-Allow-Methods: PURGE", "Access-Control-Allow-Headers: authorization", "Access-Control-Allow-Headers: x-y, x-z"}},
		{"wildcards with credentials, no headers", echo, preflightRequest(origin, "GET"), nil, 204,
			[]string{"Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin, "Access-Control-Allow-Credentials: true",
				"Access-Control-Allow-Methods: GET"}},
		{"wildcards, no method", echo, preflightRequest(origin, "PUT, DELETE"), nil, 403, []string{"Vary: " + preflightVary}},
		{"wildcards, long method", echo, preflightRequest(origin, strings.Repeat("P", 65)), nil, 403, []string{"Vary: " + preflightVary}},
		{"wildcards, no header name", echo, preflightRequest(origin, "PUT", "x-a;x-b"), nil, 403, []string{"Vary: " + preflightVary}},
		{"wildcards, long list", echo, preflightRequest(origin, "PUT", strings.Repeat("x", 4097)), nil, 403, []string{"Vary: " + preflightVary}},

		{"V05 function, allowed", tenant, request("GET", "Origin: "+evil, "X-Tenant: 1"), nil, 200,
			[]string{ran, "Vary: Origin, X-Tenant", "Access-Control-Allow-Origin: " + evil}},
		{"V05 function, refused", tenant, request("GET", "Origin: "+evil), nil, 200, []string{ran, "Vary: Origin, X-Tenant"}},
		{"V05 function, preflight", tenant, preflightRequest(evil, "PUT"), nil, 403,
			[]string{"Vary: Origin, X-Tenant, Access-Control-Request-Method, Access-Control-Request-Headers"}},
		{"function is not asked about null", tenant, request("GET", "Origin: null", "X-Tenant: 1"), nil, 200, []string{ran, "Vary: Origin, X-Tenant"}},
		{"function is not asked about patterns", tenant, request("GET", "Origin: https://*.example", "X-Tenant: 1"), nil, 200, []string{ran, "Vary: Origin, X-Tenant"}},
		{"function is not asked about a megabyte", tenant, request("GET", "Origin: https://"+strings.Repeat("a.", 1<<19)+"a", "X-Tenant: 1"), nil, 200,
			[]string{ran, "Vary: Origin, X-Tenant"}},

		{"private network", legacy, request("OPTIONS", "Origin: "+origin, "Access-Control-Request-Method: GET", "Access-Control-Request-Private-Network: true"), nil, 200,
			[]string{"Vary: " + preflightVary + ", Access-Control-Request-Private-Network", "Access-Control-Allow-Origin: " + origin,
				"Access-Control-Max-Age: 0", "Access-Control-Allow-Private-Network: true"}},
		{"private network, not asked for", legacy, preflightRequest(origin, "GET"), nil, 200,
			[]string{"Vary: " + preflightVary + ", Access-Control-Request-Private-Network", "Access-Control-Allow-Origin: " + origin, "Access-Control-Max-Age: 0"}},

		{"B12 others' Vary", plain, request("GET", "Origin: "+evil), []string{"Vary: Accept", "Vary: Accept-Encoding"}, 200,
			[]string{ran, "Vary: Accept", "Vary: Accept-Encoding", "Vary: Origin"}},
		{"B12 others' Vary, allowed", least, request("GET", "Origin: "+origin), []string{"Vary: Accept"}, 200,
			[]string{ran, "Vary: Accept", "Vary: Origin", "Access-Control-Allow-Origin: " + origin}},
		{"B12 others' Vary, preflight", least, preflightRequest(origin, "GET"), []string{"Vary: Accept"}, 204,
			[]string{"Vary: Accept", "Vary: " + preflightVary, "Access-Control-Allow-Origin: " + origin}},
		{"B13 Origin is there", least, request("GET", "Origin: "+origin), []string{"Vary: accept ,\torigin"}, 200,
			[]string{ran, "Vary: accept ,\torigin", "Access-Control-Allow-Origin: " + origin}},
		{"B13 * is there", tenant, request("GET"), []string{"Vary: *"}, 200, []string{ran, "Vary: *"}},
		{"B13 one of two is there", tenant, request("GET"), []string{"Vary: Origin"}, 200, []string{ran, "Vary: Origin", "Vary: Origin, X-Tenant"}},
		{"B13 lines of 256 bytes are searched", least, request("GET"), []string{"Vary: " + strings.Repeat("x,", 125) + "Origin"}, 200,
			[]string{ran, "Vary: " + strings.Repeat("x,", 125) + "Origin"}},
		{"B13 long lines are not searched", least, request("GET"), []string{"Vary: " + strings.Repeat("x,", 200) + "Origin"}, 200,
			[]string{ran, "Vary: " + strings.Repeat("x,", 200) + "Origin", "Vary: Origin"}},
		{"B13 eight lines are searched", least, request("GET"), slices.Repeat([]string{"Vary: Origin"}, 8), 200,
			append(slices.Repeat([]string{"Vary: Origin"}, 8), ran)},
		{"B13 many lines are not searched", least, request("GET"), slices.Repeat([]string{"Vary: Origin"}, 9), 200,
			append(slices.Repeat([]string{"Vary: Origin"}, 10), ran)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := serve(corsmw.Must(corsmw.New(test.config)), test.request, test.outer...)
			assert.Equal(t, test.status, w.Code)
			assert.Equal(t, header(test.header...), w.Header())
		})
	}
}

// TestWire looks at what really goes over a connection.
func TestWire(t *testing.T) {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}, MaxAge: 5}))
	okay := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}, PreflightStatus: 200}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "[]") })
	server := httptest.NewServer(alice.New(cors.Wrap).Then(mux))
	defer server.Close()
	server200 := httptest.NewServer(okay.Wrap(mux))
	defer server200.Close()

	tests := []struct {
		name, url string
		request   *http.Request
		want      string
	}{
		{"preflight", server.URL, preflightRequest("https://example.com", "PUT"), "HTTP/1.1 204 No Content\n" +
			"Access-Control-Allow-Methods: PUT\nAccess-Control-Allow-Origin: https://example.com\nAccess-Control-Max-Age: 5\nVary: " + preflightVary + "\n\n"},
		{"preflight with 200", server200.URL, preflightRequest("https://example.com", "GET"), "HTTP/1.1 200 OK\n" +
			"Access-Control-Allow-Origin: https://example.com\nContent-Length: 0\nVary: " + preflightVary + "\n\n"},
		{"refused preflight", server.URL, preflightRequest("https://example.com", "PATCH"), "HTTP/1.1 403 Forbidden\nContent-Length: 0\nVary: " + preflightVary + "\n\n"},
		{"request", server.URL, request("GET", "Origin: https://example.com"), "HTTP/1.1 200 OK\n" +
			"Access-Control-Allow-Origin: https://example.com\nContent-Length: 2\nContent-Type: text/plain; charset=utf-8\nVary: Origin\n\n[]"},
		{"the router's own 405", server.URL, request("DELETE", "Origin: https://example.com"), "HTTP/1.1 405 Method Not Allowed\n" +
			"Access-Control-Allow-Origin: https://example.com\nAllow: GET, HEAD\nContent-Length: 19\nContent-Type: text/plain; charset=utf-8\n" +
			"Vary: Origin\nX-Content-Type-Options: nosniff\n\nMethod Not Allowed\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(test.request.Method, test.url+"/items", nil)
			require.NoError(t, err)
			r.Header = test.request.Header
			resp, err := http.DefaultTransport.RoundTrip(r)
			require.NoError(t, err)
			defer resp.Body.Close()
			resp.Header.Del("Date")
			var got strings.Builder
			fmt.Fprintf(&got, "%s %s\n", resp.Proto, resp.Status)
			require.NoError(t, resp.Header.Write(&got))
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, test.want, strings.ReplaceAll(got.String(), "\r\n", "\n")+"\n"+string(body))
		})
	}
}

// X01: without a policy, nothing changes.
func TestZeroValue(t *testing.T) {
	var zero corsmw.Middleware
	var none *corsmw.Middleware
	var zeroRoutes corsmw.Routes
	var noRoutes *corsmw.Routes
	for _, m := range []interface {
		Wrap(http.Handler) http.Handler
		Explain(*http.Request) corsmw.Decision
	}{&zero, none, &zeroRoutes, noRoutes} {
		for _, r := range []*http.Request{request("GET"), request("GET", "Origin: https://example.com"), preflightRequest("https://example.com", "PUT")} {
			w := serve(m, r)
			assert.Equal(t, header("X-Handler: ran"), w.Header())
			assert.Equal(t, corsmw.Decision{
				Allowed: r.Header["Origin"] == nil,
				Reason:  "there is no policy, so no CORS header is added",
			}, m.Explain(r))
		}
	}
	assert.Equal(t, corsmw.Config{}, zero.Config())
	assert.Equal(t, corsmw.Config{}, none.Config())
	assert.Nil(t, zeroRoutes.Policy("/"))
	assert.Nil(t, noRoutes.Policy("/"))

	require.NoError(t, zero.Reconfigure(corsmw.Config{AllowOrigins: []string{"*"}}))
	assert.Equal(t, header("X-Handler: ran", "Access-Control-Allow-Origin: *"), serve(&zero, request("GET")).Header())
	assert.Panics(t, func() { _ = none.Reconfigure(corsmw.Config{AllowOrigins: []string{"*"}}) })
}

func TestWrapNil(t *testing.T) {
	m := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"*"}}))
	assert.PanicsWithValue(t, "corsmw: Wrap of a nil handler", func() { m.Wrap(nil) })
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/": {AllowOrigins: []string{"*"}}}))
	assert.PanicsWithValue(t, "corsmw: Wrap of a nil handler", func() { routes.Wrap(nil) })
}

func TestMustPanics(t *testing.T) {
	_, err := corsmw.New(corsmw.Config{})
	require.Error(t, err)
	assert.PanicsWithError(t, err.Error(), func() { corsmw.Must(corsmw.New(corsmw.Config{})) })
}

// No request of a server has a header without a line, but those that programs make can have one. It is as if it were not there.
func TestHeadersWithoutLines(t *testing.T) {
	none := []string{}
	m := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"OPTIONS /": {AllowOrigins: []string{"https://example.com"}}}))
	r := request("OPTIONS", "Origin: https://example.com")
	r.Header["Access-Control-Request-Method"] = none
	for _, m := range []interface {
		Wrap(http.Handler) http.Handler
		Explain(*http.Request) corsmw.Decision
	}{m, routes} {
		assert.Equal(t, header("X-Handler: ran", "Vary: Origin", "Access-Control-Allow-Origin: https://example.com"), serve(m, r).Header())
		assert.False(t, m.Explain(r).Preflight)
	}

	r.Header = http.Header{"Origin": none, "Access-Control-Request-Method": {"GET"}}
	assert.Equal(t, header("X-Handler: ran", "Vary: Origin"), serve(m, r).Header())
	assert.True(t, m.Explain(r).Allowed)

	r = preflightRequest("https://example.com", "GET")
	r.Header["Access-Control-Request-Headers"] = none
	assert.Equal(t, header("Vary: "+preflightVary, "Access-Control-Allow-Origin: https://example.com"), serve(m, r).Header())
}

// A panic in AllowOriginFunc leaves the answer to those outside, untouched.
func TestOriginFuncPanics(t *testing.T) {
	m := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOriginFunc: func(*http.Request, string) bool { panic("database is down") }, VaryOn: []string{"Origin"},
	}))
	for _, r := range []*http.Request{request("GET", "Origin: https://example.com"), preflightRequest("https://example.com", "PUT")} {
		w := httptest.NewRecorder()
		assert.PanicsWithValue(t, "database is down", func() { m.Apply(w, r) })
		assert.Empty(t, w.Header())
	}
}

// poison overwrites every value of every header in place, and appends to it.
func poison(h http.Header) {
	for name, values := range h {
		for i := range values {
			values[i] = "poison"
		}
		h[name] = append(values, "more poison")
	}
}

// M01: whatever handlers and outer middlewares do to the headers of an answer, concurrently, later answers are the same. Nor are the request's
// headers part of the answer's.
func TestMutation(t *testing.T) {
	config := corsmw.Config{
		AllowOrigins: []string{"https://example.com", "https://*.example.org"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"},
		ExposeHeaders: []string{"X-Total"}, AllowCredentials: true, MaxAge: 60, AllowPrivateNetwork: true,
	}
	everybody := corsmw.Config{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}
	echo := config
	echo.AllowMethods, echo.AllowHeaders = []string{"*"}, []string{"*"}

	requests := map[string]*http.Request{
		"no origin":           request("GET"),
		"allowed":             request("GET", "Origin: https://example.com"),
		"allowed by pattern":  request("GET", "Origin: https://a.example.org"),
		"refused":             request("GET", "Origin: https://evil.example"),
		"preflight":           preflightRequest("https://example.com", "PUT", "x-a", "X-A"),
		"preflight with *":    preflightRequest("https://example.com", "PURGE", "x-z"),
		"refused preflight":   preflightRequest("https://evil.example", "PUT"),
		"private network":     request("OPTIONS", "Origin: https://example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Private-Network: true"),
		"preflight, no names": preflightRequest("https://example.com", "PUT"),
	}
	for policy, config := range map[string]corsmw.Config{"config": config, "everybody": everybody, "echo": echo} {
		m := corsmw.Must(corsmw.New(config))
		handler := m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { poison(w.Header()) }))
		for name, r := range requests {
			for _, outer := range [][]string{nil, {"Vary: Accept"}} {
				t.Run(fmt.Sprint(policy, " ", name, " ", outer), func(t *testing.T) {
					want := serve(m, r, outer...).Header()
					before := r.Header.Clone()
					var group sync.WaitGroup
					for range 4 {
						group.Go(func() {
							for range 25 {
								w := httptest.NewRecorder()
								for name, values := range header(outer...) {
									w.Header()[name] = values
								}
								handler.ServeHTTP(w, r)
								poison(w.Header())
							}
						})
					}
					group.Wait()
					assert.Equal(t, want, serve(m, r, outer...).Header())
					assert.Equal(t, before, r.Header)
				})
			}
		}
	}
}

// M02: slices of a Config belong to the caller, before and after.
func TestAliasing(t *testing.T) {
	config := func() corsmw.Config {
		return corsmw.Config{
			AllowOrigins: []string{"https://example.com", "https://*.example.org"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"},
			ExposeHeaders: []string{"X-Total"},
		}
	}
	given := config()
	m := corsmw.Must(corsmw.New(given))
	spoil := func(c corsmw.Config) {
		for _, list := range [][]string{c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders} {
			for i := range list {
				list[i] = "spoilt"
			}
		}
	}
	r := preflightRequest("https://a.example.org", "PUT", "x-a")
	want := serve(m, r).Header()
	spoil(given)
	spoil(m.Config())
	assert.Equal(t, want, serve(m, r).Header())
	assert.Equal(t, config(), m.Config())

	names := []string{"X-Tenant"}
	m = corsmw.Must(corsmw.New(corsmw.Config{AllowOriginFunc: func(*http.Request, string) bool { return true }, VaryOn: names}))
	names[0] = "spoilt"
	m.Config().VaryOn[0] = "spoilt"
	assert.Equal(t, []string{"X-Tenant"}, m.Config().VaryOn)
	assert.Equal(t, []string{"Origin, X-Tenant"}, serve(m, request("GET")).Header()["Vary"])
}

// M03: readers see one policy or the other, never a mixture, and faulty policies never.
func TestReconfigure(t *testing.T) {
	configs := []corsmw.Config{
		{AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-A"}, MaxAge: 1, AllowCredentials: true},
		{AllowOrigins: []string{"*"}, AllowMethods: []string{"PUT", "PATCH"}, AllowHeaders: []string{"X-A", "X-B"}, MaxAge: 2},
	}
	r := preflightRequest("https://example.com", "PUT", "x-a")
	var want []http.Header
	for _, config := range configs {
		want = append(want, serve(corsmw.Must(corsmw.New(config)), r).Header())
	}

	m := corsmw.Must(corsmw.New(configs[0]))
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					assert.Contains(t, want, serve(m, r).Header())
					assert.Contains(t, configs, m.Config())
				}
			}
		})
	}
	for i := range 300 {
		assert.NoError(t, m.Reconfigure(configs[i%2]))
		assert.Error(t, m.Reconfigure(corsmw.Config{AllowOrigins: []string{"https://evil.example", "nonsense"}}))
	}
	close(done)
	group.Wait()
	assert.Equal(t, configs[1], m.Config())

	// X02
	require.NoError(t, m.Reconfigure(m.Config()))
	assert.Equal(t, configs[1], m.Config())
}

// A25: each of many random origins is allowed, and none with one byte changed.
func TestManyOrigins(t *testing.T) {
	for _, n := range []int{1, 2, 1000, 10_000} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		word := func() string {
			b := make([]byte, 1+random.IntN(6))
			for i := range b {
				b[i] = "abcdefgh"[random.IntN(8)]
			}
			return string(b)
		}
		set := make(map[string]bool)
		for len(set) < n {
			origin := []string{"https", "http", "tauri"}[random.IntN(3)] + "://" + word() + "." + word() + "." + word()
			if random.IntN(2) == 0 {
				origin += fmt.Sprint(":", 1000+random.IntN(9000))
			}
			set[origin] = true
		}
		var config corsmw.Config
		for origin := range set {
			config.AllowOrigins = append(config.AllowOrigins, origin)
		}
		m := corsmw.Must(corsmw.New(config))
		allowed := func(origin string) bool {
			w := httptest.NewRecorder()
			m.Apply(w, request("GET", "Origin: "+origin))
			return w.Header().Get("Access-Control-Allow-Origin") == origin
		}
		for origin := range set {
			if !allowed(origin) {
				t.Fatalf("%d origins: %q is refused", n, origin)
			}
			i := random.IntN(len(origin))
			near := origin[:i] + string("abcdefgh:/.0"[random.IntN(12)]) + origin[i+1:]
			if allowed(near) != set[near] {
				t.Fatalf("%d origins: %q", n, near)
			}
		}
	}
}

// D08: origins that share all but a few bytes cost no more than others. A linear search would be a thousand times slower, so the bound can be
// wide.
func TestSimilarOrigins(t *testing.T) {
	tail := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ".example.com"
	origins := make([]string, 10_000)
	for i := range origins {
		origins[i] = fmt.Sprintf("https://%05d%s", i, tail)
	}
	cost := func(origin string, origins ...string) time.Duration {
		m := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: origins}))
		r := request("GET", "Origin: "+origin)
		best := time.Hour
		for range 20 {
			start := time.Now()
			for range 100 {
				m.Apply(httptest.NewRecorder(), r)
			}
			best = min(best, time.Since(start))
		}
		return best
	}
	one := cost(origins[0], origins[0])
	assert.Less(t, cost(origins[9999], origins...), 20*one)
	// Nor does an origin of a megabyte, which is not even hashed.
	assert.Less(t, cost("https://"+strings.Repeat("a", 1<<20), origins...), 20*one)
	assert.Less(t, cost("https://"+strings.Repeat("a.", 1<<19)+"example.com", "https://*.example.com", "http://localhost:*"), 20*one)
}

// TestOrigins has patterns, and origins on both sides of what they allow.
func TestOrigins(t *testing.T) {
	label := strings.Repeat("a", 60)
	long := strings.Repeat(label+".", 3)      // 183 bytes
	rest := strings.Repeat("b", 253-183-1-11) // makes a host of 253 bytes
	custom := strings.Repeat("s", 64) + "://*.example.com:*"
	tests := []struct {
		pattern          string
		allowed, refused []string
	}{
		{"https://example.com", []string{"https://example.com"}, []string{"https://example.com:443", "https://EXAMPLE.com", "HTTPS://example.com", "https://example.com.", "https://a.example.com", ""}},
		{"https://*.example.com",
			[]string{"https://a.example.com", "https://a.b.example.com", "https://_a.example.com", "https://-.example.com", "https://1.example.com", "https://" + long + rest + ".example.com"},
			[]string{"https://example.com", "https://.example.com", "https://a..example.com", "https://.a.example.com", "https://A.example.com", "https://aexample.com", "https://a.example.com:8080",
				"https://a.example.com:443", "http://a.example.com", "https://a.example.com.", "https://evil.org/.example.com", "https://evil.org?.example.com", "https://evil.org#.example.com",
				"https://u@a.example.com", "https://evil.org:1.example.com", "https://evil.org%2f.example.com", "https://b\u00fc.example.com", "https://[::1].example.com", "https:/a.example.com",
				"xhttps://a.example.com", "://a.example.com", "a.example.com", "https://" + long + rest + "b.example.com"}},
		{"https://*.example.com.", []string{"https://a.example.com."}, []string{"https://a.example.com", "https://example.com.", "https://a.example.com.."}},
		{"http://localhost:*", []string{"http://localhost", "http://localhost:1", "http://localhost:443", "http://localhost:9090", "http://localhost:65535"},
			[]string{"http://localhost:80", "http://localhost:0", "http://localhost:65536", "http://localhost:99999", "http://localhost:080", "http://localhost:123456", "http://localhost:",
				"http://localhost:8080x", "http://localhost:x8080", "http://localhost:+80", "http://localhost.:80", "http://localhost.evil.org:8080", "https://localhost", "http://a.localhost"}},
		{"https://localhost:*", []string{"https://localhost:80"}, []string{"https://localhost:443"}},
		{"tauri://localhost:*", []string{"tauri://localhost:80", "tauri://localhost:443"}, []string{"tauri://localhost:0"}},
		{"http://[::1]:*", []string{"http://[::1]", "http://[::1]:8080"}, []string{"http://[::1]:80", "http://[::1", "http://[::2]:8080", "http://[0::1]:8080"}},
		{"https://*.example.com:8443", []string{"https://a.example.com:8443"}, []string{"https://a.example.com", "https://a.example.com:844", "https://a.example.com:84433"}},
		{"https://*.example.com:*", []string{"https://a.example.com", "https://a.example.com:8443"}, []string{"https://a.example.com:443", "https://example.com:8443", "https://a.example.com:8443.evil.org"}},
		{custom, []string{strings.Repeat("s", 64) + "://" + long + rest + ".example.com:65535"}, []string{strings.Repeat("s", 65) + "://" + long + rest + ".example.com:65535"}},
	}
	for _, test := range tests {
		t.Run(test.pattern, func(t *testing.T) {
			// Alone, and among many others.
			others := []string{test.pattern, "https://other.example", "https://one.example", "http://*.some.other.example:*", "https://*.org.example", "https://port.example:*"}
			for _, list := range [][]string{{test.pattern}, others} {
				m := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: list}))
				for want, origins := range map[bool][]string{true: test.allowed, false: test.refused} {
					for _, origin := range origins {
						w := httptest.NewRecorder()
						m.Apply(w, request("GET", "Origin: "+origin))
						assert.Equal(t, want, w.Header().Get("Access-Control-Allow-Origin") == origin && origin != "", "%q", origin)
					}
				}
			}
		})
	}
}

// TestLimits has the largest requests that are granted, and one byte or line more.
func TestLimits(t *testing.T) {
	list := corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowHeaders: []string{"X-A", "X-Bcd"}}
	wildcard := corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowHeaders: []string{"*"}, AllowMethods: []string{"*"}}
	credentials := wildcard
	credentials.AllowCredentials = true
	padded := func(n int) string { return "x-a" + strings.Repeat(" ", n-3) }
	tests := []struct {
		name    string
		config  corsmw.Config
		request *http.Request
		status  int
	}{
		{"lines", list, preflightRequest("https://example.com", "GET", slices.Repeat([]string{"x-a"}, 18)...), 204},
		{"lines + 1", list, preflightRequest("https://example.com", "GET", slices.Repeat([]string{"x-a"}, 19)...), 403},
		{"bytes", list, preflightRequest("https://example.com", "GET", "x-bcd,", padded(256+3+2+5+2-6)), 204},
		{"bytes + 1", list, preflightRequest("https://example.com", "GET", "x-bcd,", padded(256+3+2+5+2-5)), 403},
		{"*, lines", wildcard, preflightRequest("https://example.com", "GET", slices.Repeat([]string{"x-a"}, 64)...), 204},
		{"*, lines + 1", wildcard, preflightRequest("https://example.com", "GET", slices.Repeat([]string{"x-a"}, 65)...), 403},
		{"*, bytes", wildcard, preflightRequest("https://example.com", "GET", padded(4096)), 204},
		{"*, bytes + 1", wildcard, preflightRequest("https://example.com", "GET", padded(4097)), 403},
		{"*, method", credentials, preflightRequest("https://example.com", strings.Repeat("P", 64)), 204},
		{"*, method + 1", credentials, preflightRequest("https://example.com", strings.Repeat("P", 65)), 403},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.status, serve(corsmw.Must(corsmw.New(test.config)), test.request).Code)
		})
	}
}

// TestManyHeaders: long lists are looked up in another way than short ones, and the answers are the same.
func TestManyHeaders(t *testing.T) {
	for _, n := range []int{1, 15, 16, 17, 100, 1000} {
		config := corsmw.Config{AllowOrigins: []string{"https://example.com"}}
		var names []string
		for i := range n {
			config.AllowHeaders = append(config.AllowHeaders, fmt.Sprint("X-Name-", i))
			names = append(names, fmt.Sprint("x-name-", i))
		}
		m := corsmw.Must(corsmw.New(config))
		sorted := strings.Join(slices.Sorted(slices.Values(names)), ",")
		slices.Reverse(names)
		for asked, status := range map[string]int{
			sorted: 204, strings.Join(names, ","): 204, strings.ToUpper(strings.Join(names, ",")): 204, names[0]: 204, names[n-1] + "," + names[0]: 204,
			names[0] + "x": 403, "x-name-": 403, sorted + ",x-evil": 403, "X-EVIL": 403, "a": 403, "z": 403,
		} {
			w := serve(m, preflightRequest("https://example.com", "GET", asked))
			assert.Equal(t, status, w.Code, "%d names, %.100s", n, asked)
			if status == 204 {
				assert.Equal(t, []string{sorted}, w.Header()["Access-Control-Allow-Headers"])
			}
		}
	}
}

// reusable is a response writer that allocates nothing.
type reusable struct{ header http.Header }

func (w *reusable) Header() http.Header         { return w.header }
func (w *reusable) Write(p []byte) (int, error) { return len(p), nil }
func (w *reusable) WriteHeader(int)             {}

// TestAllocations: one allocation on every path, of a size that does not grow with what the client sends.
func TestAllocations(t *testing.T) {
	const mib = 1 << 20
	plain := corsmw.Config{
		AllowOrigins: []string{"https://example.com", "https://*.example.org", "http://localhost:*"}, AllowMethods: []string{"PUT", "PATCH"},
		AllowHeaders: []string{"Authorization", "Content-Type", "X-A"}, ExposeHeaders: []string{"X-Total"}, MaxAge: 600,
	}
	credentials, everybody, echo := plain, plain, plain
	credentials.AllowCredentials = true
	credentials.AllowPrivateNetwork = true
	everybody.AllowOrigins = []string{"*"}
	echo.AllowMethods, echo.AllowHeaders, echo.AllowCredentials = []string{"*"}, []string{"*"}, true
	function := plain
	function.AllowOriginFunc = func(_ *http.Request, origin string) bool { return strings.HasPrefix(origin, "http://[2001:") }
	function.VaryOn = []string{"Origin"}

	requests := map[string]*http.Request{
		"no origin":              request("GET"),
		"allowed":                request("GET", "Origin: https://example.com"),
		"allowed host below":     request("GET", "Origin: https://a.b.example.org"),
		"allowed port":           request("GET", "Origin: http://localhost:5173"),
		"refused":                request("GET", "Origin: https://evil.example"),
		"refused null":           request("GET", "Origin: null"),
		"function":               request("GET", "Origin: http://[2001:db8::1]:8080"),
		"preflight":              preflightRequest("https://example.com", "PUT"),
		"preflight, names":       preflightRequest("https://example.com", "PUT", "authorization,content-type,x-a"),
		"preflight, upper case":  preflightRequest("https://example.com", "PUT", "X-A, CONTENT-TYPE"),
		"preflight, lines":       preflightRequest("https://example.com", "PUT", "x-a", "", "content-type"),
		"preflight, private":     request("OPTIONS", "Origin: https://example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Private-Network: true"),
		"preflight, bad origin":  preflightRequest("https://evil.example", "PUT"),
		"preflight, bad method":  preflightRequest("https://example.com", "PURGE"),
		"preflight, bad header":  preflightRequest("https://example.com", "PUT", "x-evil"),
		"preflight, two methods": request("OPTIONS", "Origin: https://example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Method: PUT"),
		"D01 commas":             preflightRequest("https://example.com", "PUT", strings.Repeat(",", mib)),
		"D02 letters":            preflightRequest("https://example.com", "PUT", strings.Repeat("a", mib)),
		"D02 spaces":             preflightRequest("https://example.com", "PUT", strings.Repeat(" ", mib)),
		"D02 names":              preflightRequest("https://example.com", "PUT", strings.Repeat("x-a,", mib/4)),
		"D04 lines":              preflightRequest("https://example.com", "PUT", slices.Repeat([]string{"x-a"}, 10_000)...),
		"D05 lower case":         request("GET", "Origin: https://"+strings.Repeat("a", mib)),
		"D05 upper case":         request("GET", "Origin: https://"+strings.Repeat("A", mib)),
		"D05 suffix":             request("GET", "Origin: https://"+strings.Repeat("a.", mib/2)+"example.org"),
		"D06 method":             preflightRequest("https://example.com", strings.Repeat("P", mib)),
		"D07 origins":            request("GET", slices.Repeat([]string{"Origin: https://example.com"}, 10_000)...),
	}
	for policy, config := range map[string]corsmw.Config{"plain": plain, "credentials": credentials, "everybody": everybody, "echo": echo, "function": function} {
		m := corsmw.Must(corsmw.New(config))
		for name, r := range requests {
			for _, vary := range [][]string{nil, {"Accept"}, {"Accept", "Accept-Encoding", "Cookie"}} {
				t.Run(fmt.Sprint(policy, " ", name, " ", vary), func(t *testing.T) {
					w := &reusable{make(http.Header)}
					apply := func() {
						clear(w.header)
						if vary != nil {
							w.header["Vary"] = vary
						}
						m.Apply(w, r)
					}
					const runs = 50
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					for range runs {
						apply()
					}
					runtime.ReadMemStats(&after)
					assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(runs*1024), "bytes for %d answers", runs)
					if !raceEnabled {
						assert.LessOrEqual(t, testing.AllocsPerRun(runs, apply), 1.0)
					}
				})
			}
		}
	}
}

// Apply works with writers of all kinds, and does not commit ordinary answers: the handler can still stream, hijack, or set the status.
func TestHandlerKeepsTheWriter(t *testing.T) {
	m := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"*"}}))
	server := httptest.NewServer(m.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		if r.URL.Path == "/hijack" {
			conn, _, err := controller.Hijack()
			if assert.NoError(t, err) {
				io.WriteString(conn, "HTTP/1.1 299 Mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				conn.Close()
			}
			return
		}
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "first\n")
		assert.NoError(t, controller.Flush())
		<-r.Context().Done()
	})))
	defer server.Close()

	resp, err := http.Get(server.URL)
	require.NoError(t, err)
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "first\n", line)
	assert.Equal(t, http.StatusTeapot, resp.StatusCode)
	assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"))
	resp.Body.Close()

	resp, err = http.Get(server.URL + "/hijack")
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, 299, resp.StatusCode)
}
