package corsmw

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Routes gives different paths different policies. Make one with [NewRoutes].
//
// The zero value and a nil *Routes are ready to use and change nothing. All methods may be called concurrently.
type Routes struct {
	trees    []tree // the most specific first
	policies map[string]*Middleware
}

// NewRoutes returns Routes with a policy for each pattern. Patterns are those of [http.ServeMux], with its rules: "/api/" is a
// tree, "/api" is a path, "/items/{id}" has a wildcard, "PUT /items/{id}" a method, "api.example.com/" a host; the most specific
// pattern wins, in whatever order they are written; letters have case, and "+" is no space.
//
// The path of a request is matched as a ServeMux matches it, encoded and without "." and ".." elements, so in front of a ServeMux the
// policy is that of the path which is served. Any other router may stand behind, too. Routers have two opinions about a path with an
// encoded slash, "%2F": if they lead to different patterns, the request is left alone as if none matched.
//
// A preflight has the policy of the request that it announces: PUT /items/1 is asked for with OPTIONS /items/1, for which
// "PUT /items/{id}" counts, and no route for OPTIONS is needed.
//
// A request that no pattern matches is left alone; "/" matches all the others. A preflight that no pattern matches goes to the
// handler, which will refuse it by saying nothing about CORS.
//
// If there is a fault, NewRoutes returns nil and an error that joins one [*ConfigError] per fault, with its pattern. It is a fault to
// have no pattern, or one that matches nothing because paths are cleaned first, such as "/a//b". In JSON, policies are an object of
// patterns and [Config] objects.
func NewRoutes(policies map[string]Config) (*Routes, error) {
	routes := &Routes{policies: make(map[string]*Middleware, len(policies))}
	var f faults
	if len(policies) == 0 {
		f.add("policies", "", "there is no pattern", `write one, such as "/" for all paths`)
	}
	mux := http.NewServeMux() // knows what is a pattern and which ones conflict, and never serves
	for _, pattern := range slices.Sorted(maps.Keys(policies)) {
		others := len(f)
		if reason, mend := checkPattern(mux, pattern); reason != "" {
			f.add("pattern", "", reason, mend)
		}
		m, err := New(policies[pattern])
		if err != nil {
			f = append(f, err.(interface{ Unwrap() []error }).Unwrap()...)
		}
		for _, fault := range f[others:] {
			fault.(*ConfigError).Pattern = pattern
		}
		if len(f) == 0 {
			routes.policies[pattern] = m
			routes.add(route{pattern, m})
		}
	}
	if len(f) > 0 {
		return nil, errors.Join(f...)
	}
	return routes, nil
}

var registeredAt = regexp.MustCompile(`(?s) \(registered at [^)]*\)|:\n.*`)

// checkPattern adds a pattern to the mux, and returns what is wrong with it.
func checkPattern(mux *http.ServeMux, pattern string) (reason, mend string) {
	defer func() {
		// ServeMux has no other way to say no. The places in the source that it names are of no use to anybody here.
		if v := recover(); v != nil {
			reason, mend = registeredAt.ReplaceAllString(fmt.Sprint(v), ""), "write a pattern as for http.ServeMux"
		}
	}()
	mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	_, _, path := splitPattern(pattern)
	if cleaned := clean(path); cleaned != path {
		return "requests have no such path when it is matched", "write " + quote(strings.TrimSuffix(pattern, path)+cleaned)
	}
	return "", ""
}

// Policy returns the policy of a pattern, written as for [NewRoutes], or nil. It is for [Middleware.Reconfigure] and
// [Middleware.Config]; requests take effect of a new policy at once.
func (routes *Routes) Policy(pattern string) *Middleware {
	if routes == nil {
		return nil
	}
	return routes.policies[pattern]
}

// Wrap is [Middleware.Wrap] with the policy of each request's path. It goes around the router, not around a route.
func (routes *Routes) Wrap(next http.Handler) http.Handler {
	if next == nil {
		panic("corsmw: Wrap of a nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !routes.Apply(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// Apply is [Middleware.Apply] with the policy of the request's path.
func (routes *Routes) Apply(w http.ResponseWriter, r *http.Request) (answered bool) {
	return routes.match(r).policy.Apply(w, r)
}

// Explain is [Middleware.Explain] with the policy of the request's path.
func (routes *Routes) Explain(r *http.Request) Decision {
	found := routes.match(r)
	d := found.policy.Explain(r)
	d.Pattern = found.pattern
	return d
}

// match returns the route for r. If there is none it is zero, and its nil policy does nothing.
func (routes *Routes) match(r *http.Request) route {
	if routes == nil || len(routes.trees) == 0 {
		return route{}
	}
	method := r.Method
	if methods := preflight(r, r.Header[headerOrigin]); len(methods) > 0 {
		method = methods[0]
	}
	host := stripPort(r.Host)
	u := r.URL
	if u.RawPath == "" {
		return routes.find(host, method, clean(u.Path), false)
	}
	found := routes.find(host, method, clean(u.EscapedPath()), true)
	if hasEncodedSlash(u) && found != routes.find(host, method, u.Path, false) {
		return route{}
	}
	return found
}

// hasEncodedSlash reports whether routers differ about the path. For ServeMux, chi and Echo, "/api/private%2Fx" has two elements; Gin,
// httprouter and gorilla/mux look at the decoded path, which has three, and do not clean it. If that makes a choice between policies,
// one of them would be the wrong one, so there is none.
func hasEncodedSlash(u *url.URL) bool {
	return strings.Contains(u.RawPath, "%2F") || strings.Contains(u.RawPath, "%2f")
}
