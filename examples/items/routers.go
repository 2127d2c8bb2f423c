package main

import (
	"fmt"
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
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
)

var routerNames = []string{"mux", "chi", "gorilla", "httprouter", "gin", "echo", "echov4"}

// newRouter puts the resources on a router, with errors as JSON outermost and
// CORS inside of it. A resource takes all methods, because it answers those that
// it does not allow itself, in the same way on every router.
//
// The handlers get the path's variables from r.PathValue. ServeMux and chi put
// them there, as the Wrap of an adapter does; for the others it takes three lines.
func newRouter(name string, resources map[string]http.Handler, errs *errjson.Renderer, cors *corsmw.Middleware) (http.Handler, error) {
	chain := alice.New(errs.Wrap, cors.Wrap)
	switch name {
	case "mux":
		router := http.NewServeMux()
		for path, resource := range resources {
			router.Handle(path, resource)
		}
		return chain.Then(router), nil

	case "chi":
		router := chi.NewRouter()
		for path, resource := range resources {
			router.Handle(path, resource)
		}
		return chain.Then(router), nil

	case "gorilla":
		router := mux.NewRouter()
		for path, resource := range resources {
			router.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
				for name, value := range mux.Vars(r) {
					r.SetPathValue(name, value)
				}
				resource.ServeHTTP(w, r)
			})
		}
		return chain.Then(router), nil

	case "httprouter":
		router := httprouter.New()
		router.HandleOPTIONS = false // the resources do
		for path, resource := range resources {
			for _, method := range allMethods {
				router.Handle(method, colons(path), func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
					for _, p := range params {
						r.SetPathValue(p.Key, p.Value)
					}
					resource.ServeHTTP(w, r)
				})
			}
		}
		return chain.Then(router), nil

	case "gin":
		gin.SetMode(gin.ReleaseMode)
		router := gin.New()
		a := ginadapter.New(errs)
		router.Use(a.Errors, a.CORS(cors))
		for path, resource := range resources {
			router.Match(allMethods, colons(path), a.Wrap(func(http.Handler) http.Handler { return resource }))
		}
		return router, nil

	case "echo":
		router := echo.New()
		a := echoadapter.New(errs)
		router.HTTPErrorHandler = a.ErrorHandler
		// errs.Recover is enough for Echo's own errors. errs.Wrap also converts the empty 403 of a
		// denied preflight.
		router.Use(a.Wrap(errs.Wrap), a.CORS(cors))
		for path, resource := range resources {
			router.Any(colons(path), echo.WrapHandler(resource))
		}
		return router, nil

	case "echov4":
		router := echov4.New()
		a := echov4adapter.New(errs)
		router.HTTPErrorHandler = a.ErrorHandler
		router.Use(a.Wrap(errs.Wrap), a.CORS(cors))
		for path, resource := range resources {
			router.Match(allMethods, colons(path), echov4.WrapHandler(resource))
		}
		return router, nil
	}
	return nil, fmt.Errorf("no router %q; there are %s", name, strings.Join(routerNames, ", "))
}

// allMethods contains the methods to register on routers that cannot register all methods at once.
// Any of Gin and of Echo v4 does not include QUERY.
var allMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace, "QUERY",
}

// colons turns /items/{id} into /items/:id.
func colons(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
