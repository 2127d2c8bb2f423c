package flaskwire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	echov4adapter "github.com/hipflask/hipflask/adapters/echov4"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// byMethod has GET and POST on /items the way each router registers a method. What
// it answers to other methods is then its own affair, and to be JSON all the same.
var byMethod = map[string]func(get, post http.Handler, errs *errjson.Renderer) http.Handler{
	"ServeMux": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		m := http.NewServeMux()
		m.Handle("GET /items", get)
		m.Handle("POST /items", post)
		return errs.Wrap(m)
	},
	"chi": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		m := chi.NewRouter()
		m.Method("GET", "/items", get)
		m.Method("POST", "/items", post)
		return errs.Wrap(m)
	},
	"gorilla": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		m := mux.NewRouter()
		m.Handle("/items", get).Methods("GET")
		m.Handle("/items", post).Methods("POST")
		return errs.Wrap(m)
	},
	"httprouter": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		m := httprouter.New()
		m.Handler("GET", "/items", get)
		m.Handler("POST", "/items", post)
		return errs.Wrap(m)
	},
	"Gin": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		e := gin.New()
		e.HandleMethodNotAllowed = true
		e.Use(ginadapter.New(errs).Errors)
		e.GET("/items", gin.WrapH(get))
		e.POST("/items", gin.WrapH(post))
		return e
	},
	"Echo": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		e := echo.New()
		e.HTTPErrorHandler = echoadapter.New(errs).ErrorHandler
		e.GET("/items", echo.WrapHandler(get))
		e.POST("/items", echo.WrapHandler(post))
		return e
	},
	"Echo v4": func(get, post http.Handler, errs *errjson.Renderer) http.Handler {
		e := echov4.New()
		e.HTTPErrorHandler = echov4adapter.New(errs).ErrorHandler
		e.GET("/items", echov4.WrapHandler(get))
		e.POST("/items", echov4.WrapHandler(post))
		return e
	},
}

// byThemselves is what routers answer to other methods where a status.Resource does
// not stand, by router and method: a status, and the methods of Allow.
var byThemselves = map[string]map[string]string{
	"ServeMux":   {"HEAD": "200", "OPTIONS": "405 GET, HEAD, POST", "DELETE": "405 GET, HEAD, POST"},
	"chi":        {"HEAD": "405 GET, POST", "OPTIONS": "405 GET, POST", "DELETE": "405 GET, POST"},
	"gorilla":    {"HEAD": "405", "OPTIONS": "405", "DELETE": "405"},
	"httprouter": {"HEAD": "405 GET, OPTIONS, POST", "OPTIONS": "200 GET, OPTIONS, POST", "DELETE": "405 GET, OPTIONS, POST"},
	"Gin":        {"HEAD": "405 GET, POST", "OPTIONS": "405 GET, POST", "DELETE": "405 GET, POST"},
	"Echo":       {"HEAD": "405 GET, OPTIONS, POST", "OPTIONS": "204 GET, OPTIONS, POST", "DELETE": "405 GET, OPTIONS, POST"},
	"Echo v4":    {"HEAD": "405 GET, OPTIONS, POST", "OPTIONS": "204 GET, OPTIONS, POST", "DELETE": "405 GET, OPTIONS, POST"},
}

// TestByMethod asks the routers, and that what they refuse is refused as JSON.
func TestByMethod(t *testing.T) {
	list := status.Handler(value([]int{1}))
	create := status.Handler(value(status.Created(object{"id": 1}, "")))
	for _, rt := range routers {
		handler := byMethod[rt.name](list, create, errjson.NewRenderer(errjson.Config{}))
		ask := func(method, path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			return w
		}
		assert.Equal(t, "[1]\n", ask("GET", "/items").Body.String(), rt.name)
		assert.Equal(t, http.StatusCreated, ask("POST", "/items").Code, rt.name)

		for method, want := range byThemselves[rt.name] {
			w := ask(method, "/items")
			got := strings.TrimSpace(fmt.Sprint(w.Code, " ", strings.Join(listed(w.Header(), "Allow", false), ", ")))
			assert.Equal(t, want, got, "%s %s", rt.name, method)
			checkError(t, w, method, rt.name)
		}
		w := ask("GET", "/nope")
		assert.Equal(t, http.StatusNotFound, w.Code, rt.name)
		checkError(t, w, "GET", rt.name)
	}
}

// checkError checks that an error is one in the default format.
func checkError(t *testing.T, w *httptest.ResponseRecorder, method, router string) {
	if w.Code < 400 {
		return
	}
	assert.Equal(t, "application/json", w.Header().Get("Content-Type"), "%s %s", router, method)
	if method == http.MethodHead {
		assert.Empty(t, w.Body.String(), router)
		return
	}
	var e struct {
		Error, Message string
		Status         int
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &e), "%s %s: %s", router, method, w.Body)
	assert.Equal(t, http.StatusText(w.Code), e.Error)
	assert.NotEmpty(t, e.Message)
	assert.Equal(t, w.Code, e.Status)
}

// routersTable is byThemselves for the page.
func routersTable() string {
	var b strings.Builder
	b.WriteString("\n| router | HEAD | OPTIONS | DELETE |\n|---|---|---|---|\n")
	for _, rt := range routers {
		answers := byThemselves[rt.name]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", rt.name, answers["HEAD"], answers["OPTIONS"], answers["DELETE"])
	}
	b.WriteString("| `status.Resource`, on any of them | 200 | 200 GET, HEAD, OPTIONS, POST | 405 GET, HEAD, OPTIONS, POST |\n\n")
	return b.String()
}
