package corsmw

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Routes gives different paths different policies. Make one with [NewRoutes].
//
// The zero value and a nil *Routes are ready to use and change nothing. All methods may be called concurrently.
type Routes struct {
	mux      *http.ServeMux // knows the patterns and never serves
	policies map[string]*Middleware
	methods  bool // some pattern names a method

	// If all patterns are plain paths and trees, most requests need no mux: see matchPlain.
	plain      bool
	trees      map[string]string // "/api" for the pattern "/api/"
	longest    int               // bytes of the longest pattern
	maxSlashes int               // in a pattern
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
// If there is a fault, NewRoutes returns nil and all faults joined, each a [*ConfigError] with the pattern. It is a fault to have
// no pattern. In JSON, policies are an object of patterns and [Config] objects.
func NewRoutes(policies map[string]Config) (*Routes, error) {
	routes := &Routes{
		mux:      http.NewServeMux(),
		policies: make(map[string]*Middleware, len(policies)),
		plain:    true,
		trees:    make(map[string]string),
	}
	var faults []error
	if len(policies) == 0 {
		faults = append(faults, &ConfigError{Field: "policies", Reason: "there is no pattern", Mend: `write one, such as "/" for all paths`})
	}
	for _, pattern := range slices.Sorted(maps.Keys(policies)) {
		if reason := routes.register(pattern); reason != "" {
			faults = append(faults, &ConfigError{
				Pattern: pattern, Field: "pattern", Reason: reason, Mend: "write a pattern as for http.ServeMux",
			})
		}
		m, err := New(policies[pattern])
		if err != nil {
			faults = append(faults, withPattern(err, pattern))
			continue
		}
		routes.policies[pattern] = m
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return routes, nil
}

var (
	registeredAt = regexp.MustCompile(`(?s) \(registered at [^)]*\)|:\n.*`)
	hasMethod    = regexp.MustCompile(`^[^/\s]+[ \t]`)
)

// register adds a pattern to the mux, and returns what is wrong with it.
func (routes *Routes) register(pattern string) (reason string) {
	defer func() {
		// ServeMux has no other way to say no. The places in the source that it names are of no use to anybody here.
		if v := recover(); v != nil {
			reason = registeredAt.ReplaceAllString(fmt.Sprint(v), "")
		}
	}()
	routes.mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	routes.methods = routes.methods || hasMethod.MatchString(pattern)
	routes.plain = routes.plain && pattern[0] == '/' && path.Clean(pattern) == pattern[:max(1, len(strings.TrimSuffix(pattern, "/")))] &&
		!strings.ContainsAny(pattern, "{%")
	if tree, ok := strings.CutSuffix(pattern, "/"); ok {
		routes.trees[tree] = pattern
	}
	routes.longest = max(routes.longest, len(pattern))
	routes.maxSlashes = max(routes.maxSlashes, strings.Count(pattern, "/"))
	return ""
}

// withPattern adds the pattern to the faults that an error of New joins.
func withPattern(err error, pattern string) error {
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		err.(*ConfigError).Pattern = pattern
	}
	return err
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
	_, m := routes.match(r)
	return m.Apply(w, r)
}

// Explain is [Middleware.Explain] with the policy of the request's path.
func (routes *Routes) Explain(r *http.Request) Decision {
	pattern, m := routes.match(r)
	d := m.Explain(r)
	d.Pattern = pattern
	return d
}

// match returns the policy for r. It is nil, and does nothing, if there is none.
func (routes *Routes) match(r *http.Request) (pattern string, m *Middleware) {
	if routes == nil || routes.mux == nil {
		return "", nil
	}
	if routes.plain && isPlain(r) {
		pattern = routes.matchPlain(r.URL.Path)
		return pattern, routes.policies[pattern]
	}
	if routes.methods {
		if methods := preflight(r, r.Header[headerOrigin]); methods != nil {
			r = &http.Request{Method: methods[0], URL: r.URL, Host: r.Host}
		}
	}
	// The pattern is given also where the mux would redirect: from "/api" to "/api/", and from a path with ".." to the path that is
	// meant.
	_, pattern = routes.mux.Handler(r)
	if hasEncodedSlash(r.URL) {
		if _, other := routes.mux.Handler(decoded(r)); other != pattern {
			return "", nil
		}
	}
	return pattern, routes.policies[pattern]
}

// hasEncodedSlash reports whether routers differ about the path. For ServeMux, chi and Echo, "/api/private%2Fx" has two elements; Gin,
// httprouter and gorilla/mux look at the decoded path, which has three. If that makes a choice between policies, one of them would be
// the wrong one, so there is none.
func hasEncodedSlash(u *url.URL) bool {
	return strings.Contains(u.RawPath, "%2F") || strings.Contains(u.RawPath, "%2f")
}

// decoded returns what a router of the second kind sees in r. Dots stay names, for these routers do not clean the path.
func decoded(r *http.Request) *http.Request {
	elements := strings.Split(r.URL.Path, "/")
	for i, element := range elements {
		elements[i] = url.PathEscape(element)
		if element == "." || element == ".." {
			elements[i] = strings.ReplaceAll(element, ".", "%2E")
		}
	}
	return &http.Request{Method: r.Method, Host: r.Host, URL: &url.URL{Path: r.URL.Path, RawPath: strings.Join(elements, "/")}}
}

// isPlain reports whether a ServeMux takes the path of r as it is: nothing is encoded in an unusual way, and nothing needs cleaning.
func isPlain(r *http.Request) bool {
	p := r.URL.Path
	return p != "" && p[0] == '/' && r.URL.RawPath == "" && r.Method != http.MethodConnect && !strings.Contains(p, "//") && !strings.Contains(p, "/.")
}

// matchPlain returns the pattern that the mux would, several times as fast and without allocating: the path itself, the tree of
// that name, or else the deepest tree that the path is in.
func (routes *Routes) matchPlain(p string) (pattern string) {
	if len(p) <= routes.longest {
		if _, found := routes.policies[p]; found {
			return p
		}
		if tree, found := routes.trees[p]; found {
			return tree
		}
	}
	slashes := 0
	for i := 0; i < len(p) && slashes < routes.maxSlashes; i++ {
		if p[i] != '/' {
			continue
		}
		slashes++
		if tree, found := routes.trees[p[:i]]; found {
			pattern = tree
		}
		if i >= routes.longest {
			break
		}
	}
	return pattern
}
