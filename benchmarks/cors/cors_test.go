// Package cors_test measures CORS middlewares side by side: the same policy, the same request, the same process.
//
// The name of a benchmark is BenchmarkCORS/<case>/<library>. "bare" is the handler without any middleware, and the floor of the others;
// gin and echo5 run inside their engines, whose own work is in their figures. The handler does nothing, and the response writer forgets
// everything, so what is left is the middleware. Where many origins are allowed, the request comes from the last of the list.
//
// On Linux, cpu-ns/op is the CPU time of the benchmark's thread, which other work on the machine disturbs less than ns/op. Take the
// minimum of several interleaved rounds. From the root of the repository:
//
//	go run ./benchmarks/compare -bench '/(hipflask|rs)$' ./benchmarks/cors
package cors_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
	chicors "github.com/go-chi/cors"
	"github.com/gorilla/handlers"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"
	rscors "github.com/rs/cors"

	"github.com/hipflask/hipflask/corsmw"
)

// A policy is what all libraries can say, each in its own words.
type policy struct {
	origins     []string
	methods     []string
	headers     []string
	expose      []string
	credentials bool
	maxAge      int
}

// base is the policy of most cases.
var base = policy{
	origins: []string{"https://example.com"},
	methods: []string{"GET", "POST", "PUT"},
	headers: []string{
		"Authorization", "Content-Type", "X-A", "X-B", "X-C", "X-Csrf-Token", "X-D", "X-E", "X-Request-Id", "X-Requested-With",
	},
	maxAge: 600,
}

func (p policy) with(change func(*policy)) policy {
	change(&p)
	return p
}

func (p policy) from(origins ...string) policy {
	p.origins = origins
	return p
}

// numbered returns n origins, or patterns, from a format with one number.
func numbered(format string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i)
	}
	return list
}

// A benchmark is a policy and a request to it.
type benchmark struct {
	name    string
	policy  policy
	request *http.Request
	granted bool // whether the request is to be granted
}

func get(origin string) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "https://api.example.net/items", nil)
	if err != nil {
		panic(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

func preflight(origin, method, headers string) *http.Request {
	r := get(origin)
	r.Method = http.MethodOptions
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != "" {
		r.Header.Set("Access-Control-Request-Headers", headers)
	}
	return r
}

func benchmarks() []benchmark {
	const example, evil = "https://example.com", "https://evil.example"
	const mib = 1 << 20
	exact := func(n int) policy { return base.from(numbered("https://app-%d.example.org", n)...) }
	allHeaders := strings.ToLower(strings.Join(base.headers, ","))
	credentials := base.with(func(p *policy) { p.credentials = true })
	return []benchmark{
		{"nocors-1", base, get(""), false},
		{"actual-1", base, get(example), true},
		{"actual-1-creds-expose", credentials.with(func(p *policy) { p.expose = []string{"X-Request-Id", "X-Total"} }), get(example), true},
		{"actual-any", base.from("*"), get(example), true},
		{"actual-100", exact(100), get("https://app-99.example.org"), true},
		{"actual-1000", exact(1000), get("https://app-999.example.org"), true},
		{"actual-10000", exact(10_000), get("https://app-9999.example.org"), true},
		{"actual-wild-1", base.from("https://*.example.com"), get("https://app.example.com"), true},
		{"actual-wild-100", base.from(numbered("https://*.example-%d.org", 100)...), get("https://app.example-99.org"), true},
		{"deny-1", base, get(evil), false},
		{"deny-1000", exact(1000), get(evil), false},
		{"preflight-0", base, preflight(example, "PUT", ""), true},
		{"preflight-1", base, preflight(example, "PUT", "content-type"), true},
		{"preflight-10", base, preflight(example, "PUT", allHeaders), true},
		{"preflight-10-creds", credentials, preflight(example, "PUT", allHeaders), true},
		{"preflight-deny-origin", base, preflight(evil, "PUT", "content-type"), false},
		{"preflight-deny-method", base, preflight(example, "DELETE", "content-type"), false},
		{"preflight-deny-header", base, preflight(example, "PUT", "x-evil"), false},
		{"adv-acrh-1MiB", base, preflight(example, "PUT", strings.Repeat(",", mib)), false},
		{"adv-origin-1MiB", base, get("https://" + strings.Repeat("a", mib)), false},
	}
}

// A library makes a handler with a policy.
type library struct {
	name string
	make func(policy) http.Handler
}

var libraries = []library{
	{"bare", func(policy) http.Handler { return nothing }},
	{"hipflask", func(p policy) http.Handler {
		return corsmw.Must(corsmw.New(corsmw.Config{
			AllowOrigins: p.origins, AllowMethods: p.methods, AllowHeaders: p.headers, ExposeHeaders: p.expose,
			AllowCredentials: p.credentials, MaxAge: p.maxAge,
		})).Wrap(nothing)
	}},
	{"rs", func(p policy) http.Handler {
		return rscors.New(rscors.Options{
			AllowedOrigins: p.origins, AllowedMethods: p.methods, AllowedHeaders: p.headers, ExposedHeaders: p.expose,
			AllowCredentials: p.credentials, MaxAge: p.maxAge,
		}).Handler(nothing)
	}},
	{"chi", func(p policy) http.Handler {
		return chicors.Handler(chicors.Options{
			AllowedOrigins: p.origins, AllowedMethods: p.methods, AllowedHeaders: p.headers, ExposedHeaders: p.expose,
			AllowCredentials: p.credentials, MaxAge: p.maxAge,
		})(nothing)
	}},
	{"gorilla", func(p policy) http.Handler {
		options := []handlers.CORSOption{
			handlers.AllowedOrigins(p.origins), handlers.AllowedMethods(p.methods), handlers.AllowedHeaders(p.headers),
			handlers.ExposedHeaders(p.expose), handlers.MaxAge(p.maxAge),
		}
		if p.wild() {
			options[0] = handlers.AllowedOriginValidator(p.matches)
		}
		if p.credentials {
			options = append(options, handlers.AllowCredentials())
		}
		return handlers.CORS(options...)(nothing)
	}},
	{"gin", func(p policy) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		engine := gin.New()
		engine.Use(gincors.New(gincors.Config{
			AllowOrigins: p.origins, AllowMethods: p.methods, AllowHeaders: p.headers, ExposeHeaders: p.expose,
			AllowCredentials: p.credentials, MaxAge: time.Duration(p.maxAge) * time.Second, AllowWildcard: p.wild(),
		}))
		engine.Handle(http.MethodGet, "/items", func(*gin.Context) {})
		engine.Handle(http.MethodOptions, "/items", func(*gin.Context) {})
		return engine
	}},
	{"echo5", func(p policy) http.Handler {
		cfg := echomiddleware.CORSConfig{
			AllowOrigins: p.origins, AllowMethods: p.methods, AllowHeaders: p.headers, ExposeHeaders: p.expose,
			AllowCredentials: p.credentials, MaxAge: p.maxAge,
		}
		if p.wild() {
			cfg.UnsafeAllowOriginFunc = func(_ *echo.Context, origin string) (string, bool, error) {
				return origin, p.matches(origin), nil
			}
		}
		e := echo.New()
		e.Use(echomiddleware.CORSWithConfig(cfg))
		e.Add(http.MethodGet, "/items", func(*echo.Context) error { return nil })
		e.Add(http.MethodOptions, "/items", func(*echo.Context) error { return nil })
		return e
	}},
}

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

func (p policy) wild() bool { return strings.Contains(p.origins[0], "*.") }

// matches is what a user writes for a library without patterns.
func (p policy) matches(origin string) bool {
	for _, pattern := range p.origins {
		prefix, suffix, _ := strings.Cut(pattern, "*")
		if strings.HasPrefix(origin, prefix) && strings.HasSuffix(origin, suffix) && len(origin) > len(prefix)+len(suffix) {
			return true
		}
	}
	return false
}

// forgetful is a response writer whose header map can be used again, as far as a middleware leaves it alone.
type forgetful struct{ header http.Header }

func (w *forgetful) Header() http.Header         { return w.header }
func (w *forgetful) Write(p []byte) (int, error) { return len(p), nil }
func (w *forgetful) WriteHeader(int)             {}

// heap is live memory as a small server has it. Next to none would make the collector run several thousand times a second.
var heap = make([]byte, 32<<20)

// settle makes as much garbage, and collects it. So the memory that is allocated next has been got from the operating system already; without it,
// whoever allocates would pay for page faults that a server has long behind it.
func settle() {
	for range len(heap) / 64 {
		garbage = new([4]string)
	}
	garbage = nil
	runtime.GC()
}

var garbage *[4]string // 64 bytes

func BenchmarkCORS(b *testing.B) {
	settle()
	for _, bench := range benchmarks() {
		b.Run(bench.name, func(b *testing.B) {
			for _, lib := range libraries {
				b.Run(lib.name, func(b *testing.B) { measure(b, bench, lib) })
			}
		})
	}
}

func measure(b *testing.B, bench benchmark, lib library) {
	h := lib.make(bench.policy)
	w := &forgetful{make(http.Header)}

	// The figures are worth nothing if the library does not do what the case says.
	h.ServeHTTP(w, bench.request)
	if granted := w.header["Access-Control-Allow-Origin"] != nil; granted != bench.granted && lib.name != "bare" && !disagrees(bench, lib) {
		b.Fatalf("granted: %t, header: %q", granted, w.header)
	}

	settle()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	start := threadTime()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, bench.request)
	}
	if spent := threadTime() - start; spent > 0 {
		b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
	}
}

// disagrees reports whether lib is known to decide a case in another way. gin and echo leave it to the browser to compare the method and the
// headers with the lists in the answer, and chi, gorilla and rs find no name in a megabyte of commas.
func disagrees(bench benchmark, lib library) bool {
	switch bench.name {
	case "preflight-deny-method", "preflight-deny-header":
		return lib.name == "gin" || lib.name == "echo5"
	case "adv-acrh-1MiB":
		return lib.name != "hipflask"
	}
	return false
}
