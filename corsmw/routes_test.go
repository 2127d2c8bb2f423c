package corsmw_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// at returns r for another target.
func at(r *http.Request, target string) *http.Request {
	other := httptest.NewRequest(http.MethodGet, target, nil)
	other.Method, other.Header = r.Method, r.Header
	return other
}

// TestRoutesPaths: the policy is chosen by the path that a ServeMux serves. Every request comes from an origin that only one policy allows, to a
// mux that has a handler for each pattern.
func TestRoutesPaths(t *testing.T) {
	patterns := map[string]string{ // pattern: the origin that its policy allows
		"/api/":                        "https://api.example",
		"/api/private/":                "https://private.example",
		"/Admin":                       "https://admin.example",
		"/a+b":                         "https://plus.example",
		"/items/{id}":                  "https://items.example",
		"PUT /items/{id}":              "https://put.example",
		"other.example/":               "https://other.example",
		"/files/{name}/{rest...}":      "https://files.example",
		"/exact/{$}":                   "https://exact.example",
		"GET /read":                    "https://read.example",
		"/tree/a/very/long/path/to/a/": "https://tree.example",
		"/tree/{x}/":                   "https://wild.example",
	}
	tests := []struct {
		name, method, target string
		want                 string // the pattern
	}{
		{"F01 inside", "GET", "/api/x", "/api/"},
		{"F01 dots", "GET", "/api/../secret", ""},
		{"F01 dots into", "GET", "/secret/../api/x", "/api/"},
		{"F01 encoded dots are a name for ServeMux", "GET", "/api/%2e%2e/secret", "/api/"},
		{"F01 double slash", "GET", "//api//private//x", "/api/private/"},
		{"F01 encoded slash", "GET", "/api%2fx", ""},
		{"F02 case", "GET", "/admin", ""},
		{"F02 same case", "GET", "/Admin", "/Admin"},
		{"F03 a space is no plus", "GET", "/a%20b", ""},
		{"F03 plus", "GET", "/a+b", "/a+b"},
		{"F03 encoded plus", "GET", "/a%2bb", "/a+b"},
		{"F04 most specific", "GET", "/api/private/x", "/api/private/"},
		{"F04 not the longest", "GET", "/tree/b/very/long/path/to/a/b", "/tree/{x}/"},
		{"F04 tree", "GET", "/tree/a/very/long/path/to/a/b", "/tree/a/very/long/path/to/a/"},
		{"the slash is missing", "GET", "/api", "/api/"},
		{"wildcard", "GET", "/items/1", "/items/{id}"},
		{"wildcard, encoded", "GET", "/items/a%2Db", "/items/{id}"},
		{"method", "PUT", "/items/1", "PUT /items/{id}"},
		{"host", "GET", "http://other.example/api/x", "other.example/"},
		{"host and port", "GET", "http://other.example:8080/api/x", "other.example/"},
		{"rest", "GET", "/files/a/b/c", "/files/{name}/{rest...}"},
		{"exact", "GET", "/exact/", "/exact/{$}"},
		{"not exact", "GET", "/exact/x", ""},
		{"GET has HEAD", "HEAD", "/read", "GET /read"},
		{"another method", "POST", "/read", ""},
		{"none", "GET", "/", ""},
	}

	policies := make(map[string]corsmw.Config)
	mux := http.NewServeMux()
	for pattern, origin := range patterns {
		policies[pattern] = corsmw.Config{AllowOrigins: []string{origin}, AllowMethods: []string{"PUT", "DELETE"}}
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	routes := corsmw.Must(corsmw.NewRoutes(policies))
	handler := routes.Wrap(mux)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, origin := range slices.Sorted(maps.Values(patterns)) {
				r := at(request(test.method, "Origin: "+origin), test.target)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				allowed := w.Header().Get("Access-Control-Allow-Origin") == origin
				assert.Equal(t, test.want != "" && patterns[test.want] == origin, allowed, origin)
				assert.Equal(t, test.want != "", w.Header().Get("Vary") == "Origin")
				assert.Equal(t, test.want, routes.Explain(r).Pattern)

				// The policy is that of the pattern that serves.
				_, serves := mux.Handler(r)
				assert.Equal(t, test.want, serves)

				// And so for the preflight of that request.
				r = at(preflightRequest(origin, test.method), test.target)
				w = httptest.NewRecorder()
				answered := routes.Apply(w, r)
				assert.Equal(t, test.want != "", answered)
				assert.Equal(t, allowed, answered && w.Code == http.StatusNoContent)
			}
		})
	}
}

// F05: a router whose patterns have methods has no route for OPTIONS, and preflights succeed all the same.
func TestMethodPatterns(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /x", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("PUT /x", func(http.ResponseWriter, *http.Request) {})
	config := corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}}

	for name, m := range map[string]interface {
		Wrap(http.Handler) http.Handler
	}{
		"middleware":              corsmw.Must(corsmw.New(config)),
		"routes by path":          corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/x": config})),
		"routes by method":        corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"PUT /x": config, "GET /x": {AllowOrigins: []string{"*"}}})),
		"routes, everything else": corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/": config})),
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			m.Wrap(mux).ServeHTTP(w, at(preflightRequest("https://example.com", "PUT"), "/x"))
			assert.Equal(t, http.StatusNoContent, w.Code)
			assert.Equal(t, header("Vary: "+preflightVary, "Access-Control-Allow-Origin: https://example.com", "Access-Control-Allow-Methods: PUT"), w.Header())
		})
	}

	t.Run("no policy for the method", func(t *testing.T) {
		m := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"PUT /x": config}))
		w := httptest.NewRecorder()
		m.Wrap(mux).ServeHTTP(w, at(preflightRequest("https://example.com", "DELETE"), "/x"))
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, "the router's answer")
		assert.Empty(t, w.Header().Values("Access-Control-Allow-Origin"))
	})
}

// A path with an encoded slash has a policy only if all routers agree about it. Otherwise "/api/private%2Fkey" would have the open policy of "/api/", while
// Gin, which decodes first, serves it with the handler of "/api/private/".
func TestEncodedSlash(t *testing.T) {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{
		"/api/":         {AllowOrigins: []string{"*"}},
		"/api/private/": {AllowOrigins: []string{"https://example.com"}},
		"/items/{id}":   {AllowOrigins: []string{"*"}},
		"/files/":       {AllowOrigins: []string{"*"}},
	}))
	for target, want := range map[string]string{
		"/api/private%2Fkey":          "",
		"/api%2fprivate/key":          "",
		"/api%2F%2e%2e%2Fprivate/key": "",
		"/api/..%2Fprivate/key":       "/api/", // ".." is a name for all of them
		"/api/%2e%2e%2Fprivate%2Fkey": "/api/",
		"/api/a%2Fb":                  "/api/",
		"/api/%2570rivate%2Fkey":      "/api/", // decoded once, it is "%70rivate"
		"/api/private/a%2Fb":          "/api/private/",
		"/items/a%2Fb":                "",
		"/items/a%252Fb":              "/items/{id}",
		"/files/a%2Fb/c%2f":           "/files/",
	} {
		t.Run(target, func(t *testing.T) {
			r := at(request("GET", "Origin: https://evil.example"), target)
			assert.Equal(t, want, routes.Explain(r).Pattern)
			assert.Equal(t, want != "" && want != "/api/private/", serve(routes, r).Header().Get("Access-Control-Allow-Origin") == "*")
		})
	}
}

func TestNewRoutesFaults(t *testing.T) {
	good := corsmw.Config{AllowOrigins: []string{"*"}}
	routes, err := corsmw.NewRoutes(map[string]corsmw.Config{
		"/b/{x}":   good,
		"/{x}/c":   good,
		"/a/{x":    good,
		"nonsense": good,
		"/y/../x/": good,
		"h//":      good,
		"/z":       {AllowOrigins: []string{"https://example.com/"}, AllowMethods: []string{"put"}},
	})
	assert.Nil(t, routes)
	const mend = "write a pattern as for http.ServeMux"
	const unclean = "requests have no such path when it is matched"
	assert.Equal(t, []corsmw.ConfigError{
		{Pattern: "/a/{x", Field: "pattern", Reason: `parsing "/a/{x": at offset 3: bad wildcard segment (must end with '}')`, Mend: mend},
		{Pattern: "/y/../x/", Field: "pattern", Reason: unclean, Mend: `write "/x/"`},
		{Pattern: "/z", Field: "AllowOrigins", Value: "https://example.com/", Reason: "an origin has no path", Mend: `write "https://example.com"`},
		{Pattern: "/z", Field: "AllowMethods", Value: "put", Reason: "methods are case-sensitive", Mend: `write "PUT"`},
		{Pattern: "/{x}/c", Field: "pattern", Reason: `pattern "/{x}/c" conflicts with pattern "/b/{x}"`, Mend: mend},
		{Pattern: "h//", Field: "pattern", Reason: unclean, Mend: `write "h/"`},
		{Pattern: "nonsense", Field: "pattern", Reason: `parsing "nonsense": at offset 0: host/path missing /`, Mend: mend},
	}, faults(t, err))

	routes, err = corsmw.NewRoutes(nil)
	assert.Nil(t, routes)
	assert.EqualError(t, err, `corsmw: policies: there is no pattern; write one, such as "/" for all paths`)
}

// A policy of Routes can be changed, and the others stay as they are.
func TestRoutesPolicy(t *testing.T) {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{
		"/a/": {AllowOrigins: []string{"https://a.example"}}, "/b/": {AllowOrigins: []string{"https://b.example"}},
	}))
	require.NoError(t, routes.Policy("/a/").Reconfigure(corsmw.Config{AllowOrigins: []string{"https://c.example"}}))
	assert.Nil(t, routes.Policy("/c/"))
	for target, origin := range map[string]string{"/a/": "https://c.example", "/b/": "https://b.example"} {
		w := serve(routes, at(request("GET", "Origin: "+origin), target))
		assert.Equal(t, origin, w.Header().Get("Access-Control-Allow-Origin"))
	}
}

// Routes cost no more allocations than a Middleware, whatever the patterns, and none where no pattern matches.
func TestRoutesAllocations(t *testing.T) {
	if raceEnabled {
		return // the race detector allocates for itself
	}
	policies := make(map[string]corsmw.Config)
	for _, pattern := range []string{
		"/", "/api/", "GET /read", "PUT /items/{id}", "/items/{id}/parts/{part}/", "/files/{name}/{rest...}", "host.example/", "POST host.example/{$}",
	} {
		policies[pattern] = corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}}
	}
	all := corsmw.Must(corsmw.NewRoutes(policies))
	delete(policies, "/")
	some := corsmw.Must(corsmw.NewRoutes(policies))

	for target, want := range map[string]string{
		"/api/x": "/api/", "/api": "/api/", "/items/1": "PUT /items/{id}", "/items/1/parts/2/x": "/items/{id}/parts/{part}/", "/items/1/parts/2": "/items/{id}/parts/{part}/",
		"/files/a/b/c": "/files/{name}/{rest...}", "/a%20b": "/", "http://host.example:8080/a/very/long/path/that/does/not/fit/into/a/small/buffer": "host.example/", "/other/a/b/c": "/",
	} {
		for _, r := range []*http.Request{at(request("PUT", "Origin: https://example.com"), target), at(preflightRequest("https://example.com", "PUT"), target)} {
			assert.Equal(t, want, all.Explain(r).Pattern)
			w := &reusable{make(http.Header)}
			count := func(routes *corsmw.Routes) float64 {
				return testing.AllocsPerRun(100, func() {
					clear(w.header)
					routes.Apply(w, r)
				})
			}
			assert.Equal(t, 1.0, count(all), "%s %s", r.Method, target)
			if want == "/" {
				assert.Zero(t, count(some), "%s %s", r.Method, target)
			}
		}
	}
}

// FuzzRoutes compares the choice of a policy with the choice of a ServeMux that has the same patterns, given with a line for each.
func FuzzRoutes(f *testing.F) {
	for _, patterns := range [][]string{
		{"/"},
		{"/api/", "/api/private/", "/api/private/key", "/Admin", "/a+b"},
		{"/", "/x", "/x/", "/x/y/z/", "/x/y"},
		{"/x/.well-known/", "/{$}"},
		{"/%61/", "/b/%2e/", "/a%20b/", "/a%2Fb", "/%"},
		{"/items/{id}", "PUT /items/{id}", "/items/", "h.example/items/", "GET /{$}", "HEAD /items/{id}", "GET /items/{id}"},
		{"/{a}/x", "/{a}/{b}/{c...}", "/api/{b}/", "/api/x", "/api/x/{c...}", "POST h.example/{a}/", "GET h.example/{rest...}", "[::1]/", "::1/x"},
	} {
		for _, target := range []string{
			"/", "/api", "/api/x", "/api/x/y/", "/api/private/key", "/x/y/z", "//api/x", "/api/../x", "/api/%2e%2e/x", "/a b/", "/a%20b/c", "/a+b", "/.well-known/", "/%61/x", "/x/%2F", "*",
		} {
			f.Add(strings.Join(patterns, "\n"), "GET", "h.example", target)
			f.Add(strings.Join(patterns, "\n"), "PUT", "h.example:80", target+"/1")
			f.Add(strings.Join(patterns, "\n"), "HEAD", "[::1]:80", target+"/")
		}
	}
	f.Fuzz(func(t *testing.T, patterns, method, host, target string) {
		compareWithMux(t, strings.Split(patterns, "\n"), method, host, target)
	})
}

// TestRoutesModel does the same with random patterns and requests of few words, so that they meet.
func TestRoutesModel(t *testing.T) {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	compared := 0
	for range 10_000 {
		var patterns []string
		for range 1 + random.IntN(6) {
			pattern := pick("", "", "", "GET ", "PUT ", "HEAD ") + pick("", "", "h.example")
			for i := range random.IntN(4) {
				pattern += "/" + pick("a", "b", "%61", "{w"+string(rune('0'+i))+"}", "a%2Fb")
			}
			patterns = append(patterns, pattern+pick("", "/", "/", "/{$}", "/{rest...}"))
		}
		target := ""
		for range random.IntN(5) {
			target += "/" + pick("a", "b", "a", "b", "c", "%61", "a%2Fb", "%2F", "..", ".", "")
		}
		if compareWithMux(t, patterns, pick("GET", "HEAD", "PUT", "POST"), pick("h.example", "h.example:8080", "other.example"), target+pick("", "/")) {
			compared++
		}
	}
	assert.Greater(t, compared, 1000, "too few of the patterns are valid")
}

// compareWithMux checks one request: Routes and ServeMux choose the same pattern, and what Explain says is what Apply does, for the request and for its
// preflight. It reports false if there was nothing to compare.
func compareWithMux(t *testing.T, patterns []string, method, host, target string) bool {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil || method == http.MethodConnect {
		return false // ServeMux does not clean the path of a CONNECT, which browsers never send
	}
	policies, mux := make(map[string]corsmw.Config), http.NewServeMux()
	for i, pattern := range patterns {
		policies[pattern] = corsmw.Config{AllowOrigins: []string{fmt.Sprintf("https://%d.example", i)}, AllowMethods: []string{"*"}}
	}
	routes, err := corsmw.NewRoutes(policies)
	if err != nil {
		return false
	}
	for pattern := range policies {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	what := fmt.Sprintf("%q: %s %q %q", patterns, method, host, target)

	r := &http.Request{Method: method, URL: u, Host: host, Header: http.Header{}}
	_, want := mux.Handler(r)
	if got := routes.Explain(r).Pattern; got != want {
		require.True(t, got == "" && strings.Contains(strings.ToUpper(u.RawPath), "%2F"), "%s: want %q, got %q", what, want, got)
		return false // see TestEncodedSlash
	}
	if want == "" {
		return true
	}
	r.Header["Origin"] = policies[want].AllowOrigins
	preflight := &http.Request{Method: "OPTIONS", URL: u, Host: host, Header: http.Header{"Origin": r.Header["Origin"], "Access-Control-Request-Method": {method}}}
	for _, r := range []*http.Request{r, preflight} {
		w := httptest.NewRecorder()
		answered, decision := routes.Apply(w, r), routes.Explain(r)
		require.Equal(t, want, decision.Pattern, what)
		require.Equal(t, answered, decision.Preflight, what)
		require.Equal(t, decision.Allowed, slices.Equal(r.Header["Origin"], w.Header()["Access-Control-Allow-Origin"]), what)
		require.True(t, decision.Allowed || r == preflight, what)
	}
	return true
}
