package flaskwire

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	"github.com/justinas/alice"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	echov4adapter "github.com/hipflask/hipflask/adapters/echov4"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/errjson"
)

// A router mounts a service.
type router struct {
	name  string
	mount func(service) http.Handler
}

var routers = []router{
	{"ServeMux", mountServeMux},
	{"chi", mountChi},
	{"gorilla", mountGorilla},
	{"httprouter", mountHTTPRouter},
	{"Gin", mountGin},
	{"Echo", mountEcho},
	{"Echo v4", mountEchoV4},
}

// everyMethodOf lists the methods of HTTP, for routers that want each by name.
var everyMethodOf = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}

// chain is the service's middlewares around a router of net/http.
func chain(s service, router http.Handler) http.Handler {
	constructors := []alice.Constructor{errjson.NewRenderer(s.errs).Wrap}
	for _, mw := range s.use {
		constructors = append(constructors, mw)
	}
	return alice.New(constructors...).Then(router)
}

func mountServeMux(s service) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes {
		path := rt.path
		if strings.HasSuffix(path, "/") {
			path += "{$}" // else it would be a subtree
		}
		mux.Handle(path, rt.handler)
	}
	return chain(s, mux)
}

func mountChi(s service) http.Handler {
	r := chi.NewRouter()
	for _, rt := range s.routes {
		r.Handle(rt.path, rt.handler)
	}
	return chain(s, r)
}

func mountGorilla(s service) http.Handler {
	m := mux.NewRouter()
	for _, rt := range s.routes {
		m.Handle(rt.path, withPathValues(rt.handler, func(r *http.Request) map[string]string { return mux.Vars(r) }))
	}
	return chain(s, m)
}

func mountHTTPRouter(s service) http.Handler {
	m := httprouter.New()
	m.HandleMethodNotAllowed, m.HandleOPTIONS = false, false // a Resource does both
	m.RedirectFixedPath = false                              // paths have case, as in Flask
	for _, rt := range s.routes {
		h := withPathValues(rt.handler, func(r *http.Request) map[string]string {
			values := map[string]string{}
			for _, p := range httprouter.ParamsFromContext(r.Context()) {
				values[p.Key] = p.Value
			}
			return values
		})
		for _, method := range everyMethodOf {
			m.Handler(method, colons(rt.path), h)
		}
	}
	return chain(s, m)
}

func mountGin(s service) http.Handler {
	e := gin.New()
	a := ginadapter.New(errjson.NewRenderer(s.errs))
	e.Use(a.Errors)
	if len(s.use) > 0 {
		e.Use(a.Wrap(s.use...))
	}
	for _, rt := range s.routes {
		e.Any(colons(rt.path), a.Wrap(func(http.Handler) http.Handler { return rt.handler }))
	}
	return e
}

func mountEcho(s service) http.Handler {
	e := echo.New()
	errs := errjson.NewRenderer(s.errs)
	a := echoadapter.New(errs)
	e.HTTPErrorHandler = a.ErrorHandler
	e.Use(a.Wrap(append([]func(http.Handler) http.Handler{errs.Wrap}, s.use...)...))
	for _, rt := range s.routes {
		e.Any(colons(rt.path), echo.WrapHandler(rt.handler))
	}
	return e
}

func mountEchoV4(s service) http.Handler {
	e := echov4.New()
	errs := errjson.NewRenderer(s.errs)
	a := echov4adapter.New(errs)
	e.HTTPErrorHandler = a.ErrorHandler
	e.Use(a.Wrap(append([]func(http.Handler) http.Handler{errs.Wrap}, s.use...)...))
	for _, rt := range s.routes {
		e.Any(colons(rt.path), echov4.WrapHandler(rt.handler))
	}
	return e
}

var braces = strings.NewReplacer("{", ":", "}", "")

// colons turns /items/{id} into /items/:id.
func colons(path string) string { return braces.Replace(path) }

// withPathValues gives handlers the variable segments where net/http has them.
func withPathValues(next http.Handler, values func(*http.Request) map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range values(r) {
			r.SetPathValue(name, value)
		}
		next.ServeHTTP(w, r)
	})
}
