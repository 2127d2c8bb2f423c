package flaskwire

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
)

// An app is one recorded application, rebuilt.
type app struct {
	name string
	// build returns the application in its first state.
	build func() service
	// texts matches the texts that the application itself gives. Any other text
	// of an error is the framework's, and compared as present, not by wording.
	texts *regexp.Regexp
	// page is the body of an error in this application where Flask sends a page
	// of HTML; nil is that of the default format.
	page func(status int, message any) any
	// policy is the CORS policy in force for a path, for the model of Vary.
	policy func(path string) *corsmw.Config
}

// A service is what an application consists of, whatever the router.
type service struct {
	// errs is the renderer around everything.
	errs errjson.Config
	// use are more middlewares, the outermost first.
	use []func(http.Handler) http.Handler
	// routes are the URLs.
	routes []route
}

// A route is a path in the manner of http.ServeMux, with {name} for a variable
// segment, and what answers there whatever the method.
type route struct {
	path    string
	handler http.Handler
}

// apps are all applications by name.
var apps = make(map[string]*app)

func register(list ...*app) bool {
	for _, a := range list {
		if apps[a.name] != nil {
			panic("flaskwire: two applications are named " + a.name)
		}
		if a.page == nil {
			a.page = simplePage
		}
		apps[a.name] = a
	}
	return true
}

// object is a JSON object.
type object = map[string]any

// view is a handler that returns what to answer, as a view function does.
type view = func(*http.Request) (any, error)

// get is a URL that takes GET, and with it HEAD and OPTIONS, as @app.route does.
func get(path string, fn view) route {
	return route{path, status.Resource{Get: status.Handler(fn)}}
}

// post is a URL that takes POST.
func post(path string, fn view) route {
	return route{path, status.Resource{Post: status.Handler(fn)}}
}

// value is a view that always answers the same.
func value(v any) view { return func(*http.Request) (any, error) { return v, nil } }

// failure is a view that always fails.
func failure(err error) view { return func(*http.Request) (any, error) { return nil, err } }

// methods returns the methods that the application allows for a path, or nil if
// there is no such path. It asks what answers there.
func (s service) methods(path string) []string {
	for _, rt := range s.routes {
		if matches(rt.path, path) {
			w := httptest.NewRecorder()
			rt.handler.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, path, nil))
			return listed(w.Header(), "Allow", false)
		}
	}
	return nil
}

// matches reports whether a path is one of a route.
func matches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !strings.HasPrefix(want[i], "{") && want[i] != have[i] {
			return false
		}
	}
	return true
}

// pathInt returns a variable of the path as an integer, as <int:name> of Flask does.
func pathInt(r *http.Request, name string) (int, error) {
	p := params.Of(r)
	n := p.Path(name).Int()
	return n, p.Err()
}
