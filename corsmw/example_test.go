package corsmw_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/justinas/alice"

	"github.com/hipflask/hipflask/corsmw"
)

// show sends a request to h and prints the status and the CORS headers of the answer.
func show(h http.Handler, method, target string, lines ...string) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Method, r.Host = method, "api.example.net"
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
	for name := range w.Header() {
		if !strings.HasPrefix(name, "Access-Control-") && name != "Vary" {
			w.Header().Del(name)
		}
	}
	var out strings.Builder
	w.Header().Write(&out)
	fmt.Print(strings.ReplaceAll(out.String(), "\r\n", "\n"))
}

// A policy for an API that pages of one site use. The middleware goes around the router.
func Example() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"Authorization", "Content-Type"},
		MaxAge:       600,
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items/{id}", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handler := alice.New(cors.Wrap).Then(mux)

	show(handler, "OPTIONS", "/items/1",
		"Origin: https://app.example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: authorization")
	show(handler, "PUT", "/items/1", "Origin: https://app.example.com")
	// Output:
	// 204
	// Access-Control-Allow-Headers: authorization,content-type
	// Access-Control-Allow-Methods: PUT,DELETE
	// Access-Control-Allow-Origin: https://app.example.com
	// Access-Control-Max-Age: 600
	// Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers
	// 204
	// Access-Control-Allow-Origin: https://app.example.com
	// Vary: Origin
}

// Around a route of the router, the middleware never sees the preflight: there is no route for OPTIONS, and the router says 405.
func Example_wrong() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT"}}))
	update := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {})
	mux := http.NewServeMux()
	mux.Handle("PUT /items/{id}", cors.Wrap(update)) // wrong

	show(mux, "OPTIONS", "/items/1", "Origin: https://app.example.com", "Access-Control-Request-Method: PUT")
	// Output:
	// 405
}

func ExampleNew() {
	_, err := corsmw.New(corsmw.Config{
		AllowOrigins:     []string{"https://app.example.com/", "*.example.org", "https://*.co.uk"},
		AllowMethods:     []string{"put"},
		AllowCredentials: true,
	})
	fmt.Println(err)
	// Output:
	// corsmw: AllowOrigins "https://app.example.com/": an origin has no path; write "https://app.example.com"
	// corsmw: AllowOrigins "*.example.org": the scheme is missing; write "https://*.example.org"
	// corsmw: AllowOrigins "https://*.co.uk": anybody can register a host under "co.uk" and, with AllowCredentials, read answers in the user's name; write a host of yours after the "*.", or set DangerouslyAllowPublicSuffixes
	// corsmw: AllowMethods "put": methods are case-sensitive; write "PUT"
}

func ExampleMust() {
	// A public API without credentials.
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"*"}}))
	show(cors.Wrap(http.NotFoundHandler()), "GET", "/", "Origin: https://example.com")
	// Output:
	// 404
	// Access-Control-Allow-Origin: *
}

// A policy in a file is a Config in JSON. Let the decoder refuse unknown fields: a misspelt one would be missing from the policy.
func ExampleConfig_file() {
	read := func(file string) (*corsmw.Middleware, error) {
		var cfg corsmw.Config
		decoder := json.NewDecoder(strings.NewReader(file))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&cfg); err != nil {
			return nil, fmt.Errorf("cors.json: %w", err)
		}
		return corsmw.New(cfg)
	}

	m, err := read(`{
		"allow_origins": ["https://app.example.com"],
		"allow_methods": ["PUT"],
		"max_age_seconds": 600
	}`)
	fmt.Println(m.Config().AllowMethods, err)

	_, err = read(`{"allow_origins": ["https://app.example.com"], "allow_method": ["PUT"]}`)
	fmt.Println(err)
	// Output:
	// [PUT] <nil>
	// cors.json: json: unknown field "allow_method"
}

// Origins that a database knows. The function looks at another header of the request, too, and VaryOn says so to caches.
func ExampleConfig_function() {
	tenants := map[string]string{"https://shop.example": "1"}
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOriginFunc: func(r *http.Request, origin string) bool { return tenants[origin] == r.Header.Get("X-Tenant") },
		VaryOn:          []string{"X-Tenant"},
	}))
	show(cors.Wrap(http.NotFoundHandler()), "GET", "/", "Origin: https://shop.example", "X-Tenant: 1")
	// Output:
	// 404
	// Access-Control-Allow-Origin: https://shop.example
	// Vary: Origin, X-Tenant
}

func ExampleConfig() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins:     []string{"https://*.example.com", "http://localhost:*"},
		AllowCredentials: true,
		ExposeHeaders:    []string{"X-Request-Id"},
	}))
	show(cors.Wrap(http.NotFoundHandler()), "GET", "/", "Origin: http://localhost:5173")
	// Output:
	// 404
	// Access-Control-Allow-Credentials: true
	// Access-Control-Allow-Origin: http://localhost:5173
	// Access-Control-Expose-Headers: X-Request-Id
	// Vary: Origin
}

func ExampleConfigError() {
	_, err := corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com:443"}})
	if fault, ok := errors.AsType[*corsmw.ConfigError](err); ok {
		fmt.Println(fault.Field)
		fmt.Println(fault.Value)
		fmt.Println(fault.Reason)
		fmt.Println(fault.Mend)
	}
	// Output:
	// AllowOrigins
	// https://example.com:443
	// browsers leave the default port out
	// write "https://example.com"
}

func ExampleConfigError_Error() {
	fault := &corsmw.ConfigError{Field: "MaxAge", Value: "-5", Reason: "not a number of seconds that a browser accepts", Mend: "leave it out"}
	fmt.Println(fault.Error())
	// Output:
	// corsmw: MaxAge "-5": not a number of seconds that a browser accepts; leave it out
}

// The zero value changes nothing until it is configured, for services that get their policy later.
func ExampleMiddleware() {
	var cors corsmw.Middleware
	handler := cors.Wrap(http.NotFoundHandler())
	show(handler, "GET", "/", "Origin: https://example.com")
	if err := cors.Reconfigure(corsmw.Config{AllowOrigins: []string{"https://example.com"}}); err != nil {
		fmt.Println(err)
	}
	show(handler, "GET", "/", "Origin: https://example.com")
	// Output:
	// 404
	// 404
	// Access-Control-Allow-Origin: https://example.com
	// Vary: Origin
}

func ExampleMiddleware_Wrap() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
	router := http.NewServeMux() // or any other
	http.Handle("/", cors.Wrap(router))
}

// An adapter to a framework whose middlewares call the next handler themselves.
func ExampleMiddleware_Apply() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
	middleware := func(w http.ResponseWriter, r *http.Request, next func() error) error {
		if cors.Apply(w, r) {
			return nil // a preflight, and answered
		}
		return next()
	}

	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://example.com")
	err := middleware(w, r, func() error { return errors.New("from the handler") })
	fmt.Println(err, w.Header().Get("Access-Control-Allow-Origin"))
	// Output:
	// from the handler https://example.com
}

func ExampleMiddleware_Reconfigure() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
	err := cors.Reconfigure(corsmw.Config{AllowOrigins: []string{"https://example.com", "example.org"}})
	fmt.Println(err)
	fmt.Println(cors.Config().AllowOrigins)
	// Output:
	// corsmw: AllowOrigins "example.org": the scheme is missing; write "https://example.org"
	// [https://example.com]
}

func ExampleMiddleware_Config() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://*.example.com", "https://app.example.com"}}))
	cfg := cors.Config()
	fmt.Println(cfg.AllowOrigins) // what the pattern includes is gone

	cfg.AllowOrigins = append(cfg.AllowOrigins, "https://example.org")
	fmt.Println(cors.Reconfigure(cfg), cors.Config().AllowOrigins)
	// Output:
	// [https://*.example.com]
	// <nil> [https://*.example.com https://example.org]
}

// A middleware that logs why requests of browsers are refused, outside of the CORS middleware.
func ExampleMiddleware_Explain() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}}))
	logged := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d := cors.Explain(r); !d.Allowed {
				fmt.Println(d)
			}
			next.ServeHTTP(w, r)
		})
	}
	handler := alice.New(logged, cors.Wrap).Then(http.NotFoundHandler())

	show(handler, "GET", "/", "Origin: http://example.com")
	show(handler, "OPTIONS", "/", "Origin: https://example.com", "Access-Control-Request-Method: DELETE")
	// Output:
	// request refused: origin "http://example.com" is not in AllowOrigins; "https://example.com" has another scheme
	// 404
	// Vary: Origin
	// preflight refused: method "DELETE" is not in AllowMethods
	// 403
	// Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers
}

// In a test, a decision says more than headers.
func ExampleDecision() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://*.example.com"}}))
	r := httptest.NewRequest("GET", "https://api.example.net/", nil)
	r.Header.Set("Origin", "https://example.com")
	d := cors.Explain(r)
	fmt.Println(d.Preflight, d.Allowed)
	fmt.Println(d.Reason)
	// Output:
	// false false
	// origin "https://example.com" is not in AllowOrigins; "https://*.example.com" stands for the hosts below that one
}

func ExampleDecision_String() {
	d := corsmw.Decision{Pattern: "/api/", Preflight: true, Reason: `method "DELETE" is not in AllowMethods`}
	fmt.Println(d)
	// Output:
	// preflight to "/api/" refused: method "DELETE" is not in AllowMethods
}

// An API that is open to all, but for a part that only one site may use, and a rest that is for no other site at all.
func ExampleRoutes() {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{
		"/api/":       {AllowOrigins: []string{"*"}},
		"/api/admin/": {AllowOrigins: []string{"https://admin.example.com"}, AllowMethods: []string{"DELETE"}, AllowCredentials: true},
	}))
	handler := routes.Wrap(http.NotFoundHandler())

	show(handler, "GET", "/api/items", "Origin: https://example.com")
	show(handler, "GET", "/api/admin/users", "Origin: https://example.com")
	show(handler, "GET", "/private", "Origin: https://example.com")
	// Output:
	// 404
	// Access-Control-Allow-Origin: *
	// 404
	// Vary: Origin
	// 404
}

func ExampleNewRoutes() {
	// Policies by path in a file.
	var policies map[string]corsmw.Config
	err := json.Unmarshal([]byte(`{
		"/api/":    {"allow_origins": ["*"]},
		"/admin/":  {"allow_origins": ["admin.example.com"]}
	}`), &policies)
	if err != nil {
		fmt.Println(err)
	}
	_, err = corsmw.NewRoutes(policies)
	fmt.Println(err)
	// Output:
	// corsmw: pattern "/admin/": AllowOrigins "admin.example.com": the scheme is missing; write "https://admin.example.com"
}

func ExampleRoutes_Wrap() {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{
		"PUT /items/{id}": {AllowOrigins: []string{"https://example.com"}, AllowMethods: []string{"PUT"}},
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("PUT /items/{id}", func(w http.ResponseWriter, r *http.Request) {})

	show(routes.Wrap(mux), "OPTIONS", "/items/1", "Origin: https://example.com", "Access-Control-Request-Method: PUT")
	// Output:
	// 204
	// Access-Control-Allow-Methods: PUT
	// Access-Control-Allow-Origin: https://example.com
	// Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers
}

func ExampleRoutes_Apply() {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/api/": {AllowOrigins: []string{"*"}}}))
	w := httptest.NewRecorder()
	answered := routes.Apply(w, httptest.NewRequest("GET", "/api/items", nil))
	fmt.Println(answered, w.Header())
	// Output:
	// false map[Access-Control-Allow-Origin:[*]]
}

func ExampleRoutes_Policy() {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/api/": {AllowOrigins: []string{"https://example.com"}}}))
	err := routes.Policy("/api/").Reconfigure(corsmw.Config{AllowOrigins: []string{"*"}})
	fmt.Println(err, routes.Policy("/api/").Config().AllowOrigins)
	// Output:
	// <nil> [*]
}

func ExampleRoutes_Explain() {
	routes := corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{"/api/": {AllowOrigins: []string{"https://example.com"}}}))
	r := httptest.NewRequest("GET", "/api/items", nil)
	r.Header.Set("Origin", "https://example.org")
	fmt.Println(routes.Explain(r))
	// Output:
	// request to "/api/" refused: origin "https://example.org" is not in AllowOrigins
}

func ExampleStripUpstream() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)

	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
	show(cors.Wrap(&httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corsmw.StripUpstream,
	}), "GET", "/", "Origin: https://example.com")
	// Output:
	// 200
	// Access-Control-Allow-Origin: https://example.com
	// Vary: Origin
}
