package flaskwire

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

const (
	originA = "https://app.example.com"
	originE = "https://example.com"
)

// everyMethod is what Flask-CORS allows by default beyond GET, HEAD and POST.
var everyMethod = []string{"PUT", "PATCH", "DELETE", "OPTIONS"}

// open is a policy with the defaults of Flask-CORS, for the origins given.
func open(origins ...string) corsmw.Config {
	return corsmw.Config{AllowOrigins: origins, AllowMethods: everyMethod, AllowHeaders: []string{"*", "Authorization"}}
}

// with returns a policy that is changed.
func with(cfg corsmw.Config, change func(*corsmw.Config)) corsmw.Config {
	change(&cfg)
	return cfg
}

var _ = register(
	corsApp("cors-all", open("*")),
	corsApp("cors-all-json", open("*")),
	corsApp("cors-send-wildcard", open("*")),
	corsApp("cors-noalways-all", open("*")),
	corsApp("cors-nointercept", open("*")),
	corsApp("cors-origins", open(originA, originE)),
	corsApp("cors-origins-json", open(originA, originE)),
	corsApp("cors-novary", open(originA, originE)),
	corsApp("cors-noalways", open(originA, originE)),
	corsApp("cors-one-origin", open(originA)),
	corsApp("cors-headers-any", open(originA)),
	corsApp("cors-methods", strictPolicy),
	corsApp("cors-guide", strictPolicy), // one policy for one application
	corsApp("cors-credentials", with(open(originA, originE), func(c *corsmw.Config) { c.AllowCredentials = true })),
	corsApp("cors-config", with(open(originA), func(c *corsmw.Config) { c.AllowCredentials, c.MaxAge = true, 30 })),
	corsApp("cors-expose", with(open(originA), func(c *corsmw.Config) {
		c.ExposeHeaders, c.MaxAge = []string{"X-Total", "X-Page"}, 600
	})),
	corsApp("cors-expose-str", with(open(originA), func(c *corsmw.Config) {
		c.ExposeHeaders, c.MaxAge = []string{"X-Total"}, 3600
	})),
	corsApp("cors-regex", open("https://*.example.com", "http://localhost:3000")),
	corsApp("cors-regex-loose", open("https://*.example.com")),
	corsApp("cors-regex-compiled", with(open(), func(c *corsmw.Config) {
		c.AllowOriginFunc, c.VaryOn = oneLabel, []string{"Origin"}
	})),
	corsApp("cors-headers-one", with(open(originA), func(c *corsmw.Config) { c.AllowHeaders = []string{"X-Token"} })),
	corsApp("cors-headers-regex", with(open(originA), func(c *corsmw.Config) {
		c.AllowHeaders = []string{"X-Token", "X-A", "X-B"} // names, not an expression
	})),
	// What these two ask for is refused when the policy is made: see the test of
	// refused policies. They are served without one.
	corsApp("cors-credentials-any"),
	corsApp("cors-null"),
)

var strictPolicy = corsmw.Config{
	AllowOrigins: []string{originA},
	AllowMethods: []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"},
	AllowHeaders: []string{"Content-Type", "Authorization"},
}

// refusedPolicies are those that Flask-CORS takes and corsmw.New does not.
var refusedPolicies = map[string]corsmw.Config{
	"cors-credentials-any": with(open("*"), func(c *corsmw.Config) { c.AllowCredentials = true }),
	"cors-null":            open("null"),
}

// oneLabel reports whether an origin is https://x.example.com, with one label.
func oneLabel(_ *http.Request, origin string) bool {
	const head, tail = "https://", ".example.com"
	if len(origin) <= len(head)+len(tail) || origin[:len(head)] != head || origin[len(origin)-len(tail):] != tail {
		return false
	}
	return !slices.ContainsFunc([]byte(origin[len(head):len(origin)-len(tail)]), func(c byte) bool { return c < 'a' || c > 'z' })
}

// corsApp is the data application behind a policy, or behind none.
func corsApp(name string, policy ...corsmw.Config) *app {
	a := &app{name: name}
	var errs errjson.Config
	if name == "cors-all-json" || name == "cors-origins-json" {
		errs.Rules = guideHandlers()
	}
	a.build = func() service {
		s := service{errs: errs, routes: dataRoutes()}
		if len(policy) > 0 {
			s.use = append(s.use, corsmw.Must(corsmw.New(policy[0])).Wrap)
		}
		return s
	}
	a.policy = func(string) *corsmw.Config {
		if len(policy) == 0 {
			return nil
		}
		return &policy[0]
	}
	return a
}

func dataRoutes() []route {
	byMethod := status.Handler(func(r *http.Request) (any, error) { return object{"method": r.Method}, nil })
	ok := object{"ok": true}
	return []route{
		{"/api/data", status.Resource{
			Get: status.Handler(value(object{"result": "data here"})), Post: byMethod, Put: byMethod, Delete: byMethod,
		}},
		get("/api/public/info", value(object{"public": true})),
		get("/api/private/info", value(object{"private": true})),
		get("/api/publicity", value(object{"publicity": true})),
		get("/api/public", value(object{"public": "root"})),
		get("/other", value(object{"other": true})),
		get("/boom", func(*http.Request) (any, error) { panic("boom") }),
		get("/abort/{id}", func(r *http.Request) (any, error) {
			code, err := pathInt(r, "id")
			if err != nil {
				return nil, err
			}
			return nil, errjson.New(code, "")
		}),
		get("/vary", value(status.OK(ok).WithHeader("Vary", "Accept-Encoding"))),
		get("/own-acao", value(status.OK(ok).WithHeader("Access-Control-Allow-Origin", "https://set-by-view.example"))),
		withoutOptions("/noopt", ok),
		{"/ownopt", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodOptions {
				byMethod.ServeHTTP(w, r)
				return
			}
			status.Resource{Get: byMethod}.ServeHTTP(w, r)
		})},
		get("/slash/", value(ok)),
	}
}

// The applications with a policy for a part of their URLs.
var _ = register(
	routedApp("cors-resources", map[string]corsmw.Config{"/api/public/": open("*"), "/api/private/": open(originA)}),
	routedApp("cors-faq", map[string]corsmw.Config{"/api/": open("*")}),
	routedApp("cors-faq-fixed", map[string]corsmw.Config{"/api/": open("*")}),
	routedApp("cors-precedence", map[string]corsmw.Config{
		"/api/": open(originA), "/api/public/": open("*"), "/api/public/info": open(originE),
	}),
	routedApp("cors-res-options", map[string]corsmw.Config{
		"/api/":  {AllowOrigins: []string{originA}, AllowHeaders: []string{"*", "Authorization"}, MaxAge: 5, ExposeHeaders: []string{"X-Top"}},
		"/other": {AllowOrigins: []string{originE}, AllowHeaders: []string{"*", "Authorization"}, ExposeHeaders: []string{"X-Top"}},
	}),
)

// The application with a policy for single views, that of the items, and that
// whose headers are set by hand.
var _ = register(
	&app{name: "cors-decorator", build: corsDecorator, policy: func(path string) *corsmw.Config {
		if cfg, ok := decoratorPolicies[path]; ok {
			return &cfg
		}
		return nil
	}},
	&app{name: "cors-restful", page: messageOnly, texts: restfulTexts, build: func() service {
		s := restful(false)
		s.use = append(s.use, corsmw.Must(corsmw.New(open(originA))).Wrap)
		return s
	}, policy: func(string) *corsmw.Config { cfg := open(originA); return &cfg }},
	manualApp("cors-manual", errjson.Config{}),
	manualApp("cors-manual-json", errjson.Config{Rules: guideHandlers()}),
)

var decoratorPolicies = map[string]corsmw.Config{
	"/api/data": open("*"),
	"/api/one":  {AllowOrigins: []string{originA}, AllowHeaders: []string{"Content-Type"}},
	"/boom":     open("*"),
}

func corsDecorator() service {
	ok := status.Handler(value(object{"ok": true}))
	decorate := func(path string, h http.Handler) route {
		return route{path, corsmw.Must(corsmw.New(decoratorPolicies[path])).Wrap(h)}
	}
	return service{routes: []route{
		decorate("/api/data", status.Resource{Get: ok}),
		decorate("/api/one", status.Resource{Get: ok, Post: ok}),
		decorate("/boom", status.Resource{Get: status.Handler(func(*http.Request) (any, error) { panic("boom") })}),
		get("/other", value(object{"ok": true})),
	}}
}

func manualApp(name string, errs errjson.Config) *app {
	return &app{name: name, policy: func(string) *corsmw.Config { return &strictPolicy }, build: func() service {
		return service{
			errs: errs,
			use:  []func(http.Handler) http.Handler{corsmw.Must(corsmw.New(strictPolicy)).Wrap},
			routes: []route{
				get("/api/data", value(object{"result": "data here"})),
				get("/api/boom", func(*http.Request) (any, error) { panic("boom") }),
				get("/other", value(object{"other": true})),
			},
		}
	}}
}

// routedApp is the data application behind policies for parts of its URLs.
func routedApp(name string, policies map[string]corsmw.Config) *app {
	a := &app{name: name}
	// The model of the most specific pattern.
	a.policy = func(path string) *corsmw.Config {
		best := ""
		for pattern := range policies {
			inside := strings.HasSuffix(pattern, "/") && strings.HasPrefix(path+"/", pattern)
			if (pattern == path || inside) && len(pattern) > len(best) {
				best = pattern
			}
		}
		if best == "" {
			return nil
		}
		cfg := policies[best]
		return &cfg
	}
	a.build = func() service {
		routes := corsmw.Must(corsmw.NewRoutes(policies))
		return service{routes: dataRoutes(), use: []func(http.Handler) http.Handler{routes.Wrap}}
	}
	return a
}
