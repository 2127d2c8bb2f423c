package browser_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	"github.com/hipflask/hipflask/errjson"
)

// A route of the API that all routers serve.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

var routes = []route{
	{"GET", "/items", answer}, {"POST", "/items", answer}, {"PUT", "/items", answer}, {"PATCH", "/items", answer}, {"DELETE", "/items", answer}, {"PURGE", "/items", answer},
	{"PUT", "/cached", answer}, {"DELETE", "/cached", answer},
	{"GET", "/only", answer},
	{"GET", "/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "user", Value: "alice", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}},
	{"GET", "/whoami", func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("user"); err == nil {
			fmt.Fprint(w, cookie.Value)
		} else {
			fmt.Fprint(w, "nobody")
		}
	}},
	{"GET", "/fail", func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errors.New("the database is on fire"))
	}},
	{"GET", "/panic", func(w http.ResponseWriter, r *http.Request) { panic("the database is on fire") }},
}

// answer says what it has seen, and has a header that is exposed and one that is not.
func answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Exposed", "for scripts")
	w.Header().Set("X-Hidden", "for us")
	fmt.Fprintf(w, "%s %s %q", r.Method, r.URL.Path, r.Header.Get("X-Custom"))
}

// routers make the API with each router.
var routers = []struct {
	name string
	make func() http.Handler
}{
	{"mux", func() http.Handler {
		m := http.NewServeMux()
		for _, r := range routes {
			m.HandleFunc(r.method+" "+r.path, r.handler)
		}
		return m
	}},
	{"chi", func() http.Handler {
		chi.RegisterMethod("PURGE")
		m := chi.NewRouter()
		for _, r := range routes {
			m.MethodFunc(r.method, r.path, r.handler)
		}
		return m
	}},
	{"gorilla", func() http.Handler {
		m := mux.NewRouter()
		for _, r := range routes {
			m.HandleFunc(r.path, r.handler).Methods(r.method)
		}
		return m
	}},
	{"httprouter", func() http.Handler {
		m := httprouter.New()
		for _, r := range routes {
			m.HandlerFunc(r.method, r.path, r.handler)
		}
		return m
	}},
	{"gin", func() http.Handler {
		gin.SetMode(gin.ReleaseMode)
		m := gin.New()
		m.HandleMethodNotAllowed = true
		for _, r := range routes {
			m.Handle(r.method, r.path, gin.WrapF(r.handler))
		}
		return m
	}},
	{"echo", func() http.Handler {
		m := echo.New()
		for _, r := range routes {
			m.Add(r.method, r.path, echo.WrapHandler(r.handler))
		}
		return m
	}},
	{"echov4", func() http.Handler {
		m := echov4.New()
		for _, r := range routes {
			m.Add(r.method, r.path, echov4.WrapHandler(r.handler))
		}
		return m
	}},
}
