// Package routers_test sends what no route takes to every router that the project
// knows, inside errjson.Wrap: the router's own 404 and 405 become JSON, and
// nothing else about them changes.
package routers_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	echo4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
)

// known answers for GET /known, which is the one route of all routers here; the
// one that panics is GET /panic, and the one with an answer of its own GET /own.
const (
	knownBody = "known"
	ownBody   = `{"mine":404}`
)

func known(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, knownBody) }

func own(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, ownBody)
}

func boom(http.ResponseWriter, *http.Request) { panic("boom") }

func text(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such item", http.StatusNotFound) }

var routes = map[string]http.HandlerFunc{"/known": known, "/own": own, "/panic": boom, "/text": text}

// A router is built with the routes above.
type router struct {
	name  string
	build func() http.Handler
	// wrongMethod is what it answers for a method that a route lacks: 405, or
	// 404 for those that do not tell.
	wrongMethod int
	// json says that it answers in JSON by itself, which stays as it is. To HEAD
	// it answers with no more than the status.
	json bool
}

func serveMux() http.Handler {
	m := http.NewServeMux()
	for path, handler := range routes {
		m.HandleFunc("GET "+path, handler)
	}
	return m
}

func allRouters() []router {
	gin.SetMode(gin.ReleaseMode)
	addGin := func(e *gin.Engine) http.Handler {
		for path, handler := range routes {
			e.GET(path, func(c *gin.Context) { handler(c.Writer, c.Request) })
		}
		return e
	}
	return []router{
		{name: "ServeMux", build: serveMux, wrongMethod: 405},
		{name: "ServeMux in ServeMux", wrongMethod: 405, build: func() http.Handler {
			m := http.NewServeMux()
			m.Handle("/", serveMux())
			return m
		}},
		{name: "StripPrefix", wrongMethod: 405, build: func() http.Handler {
			m := http.NewServeMux()
			m.Handle("/api/", http.StripPrefix("/api", serveMux()))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r2 := r.Clone(r.Context())
				r2.URL.Path = "/api" + r.URL.Path
				m.ServeHTTP(w, r2)
			})
		}},
		{name: "chi", wrongMethod: 405, build: func() http.Handler {
			m := chi.NewRouter()
			for path, handler := range routes {
				m.Get(path, handler)
			}
			return m
		}},
		{name: "chi in chi", wrongMethod: 405, build: func() http.Handler {
			m := chi.NewRouter()
			m.Route("/", func(m chi.Router) {
				for path, handler := range routes {
					m.Get(path, handler)
				}
			})
			return m
		}},
		{name: "gorilla/mux", wrongMethod: 405, build: func() http.Handler {
			m := mux.NewRouter()
			for path, handler := range routes {
				m.HandleFunc(path, handler).Methods(http.MethodGet, http.MethodHead)
			}
			return m
		}},
		{name: "httprouter", wrongMethod: 405, build: func() http.Handler {
			m := httprouter.New()
			for path, handler := range routes {
				m.HandlerFunc(http.MethodGet, path, handler)
			}
			return m
		}},
		{name: "gin.New", wrongMethod: 404, build: func() http.Handler { return addGin(gin.New()) }},
		{name: "gin.New with 405", wrongMethod: 405, build: func() http.Handler {
			e := gin.New()
			e.HandleMethodNotAllowed = true
			return addGin(e)
		}},
		{name: "gin.Default", wrongMethod: 404, build: func() http.Handler {
			stdout, stderr := gin.DefaultWriter, gin.DefaultErrorWriter
			gin.DefaultWriter, gin.DefaultErrorWriter = io.Discard, io.Discard
			defer func() { gin.DefaultWriter, gin.DefaultErrorWriter = stdout, stderr }()
			return addGin(gin.Default())
		}},
		{name: "echo v5", wrongMethod: 405, json: true, build: func() http.Handler {
			e := echo.New()
			e.Logger = slog.New(slog.DiscardHandler)
			for path, handler := range routes {
				e.GET(path, func(c *echo.Context) error { handler(c.Response(), c.Request()); return nil })
			}
			return e
		}},
		{name: "echo v4", wrongMethod: 405, json: true, build: func() http.Handler {
			e := echo4.New()
			e.Logger.SetOutput(io.Discard)
			for path, handler := range routes {
				e.GET(path, func(c echo4.Context) error { handler(c.Response(), c.Request()); return nil })
			}
			return e
		}},
	}
}

// An answer is what a client sees, without the Date.
type answer struct {
	status int
	header http.Header
	body   string
}

func do(t *testing.T, s *httptest.Server, method, path string) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+path, nil)
	require.NoError(t, err)
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Header.Del("Date")
	return answer{resp.StatusCode, resp.Header, string(body)}
}

var bodies = map[int]string{
	404: `{"error":"Not Found","message":"There is nothing at this URL.","status":404}` + "\n",
	405: `{"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}` + "\n",
	500: `{"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}` + "\n",
}

// converted returns the JSON response that Wrap makes of a router's. The response to HEAD has a
// Content-Length only if the router has written a text, which net/http counts.
func converted(bare answer, method string) answer {
	body := bodies[bare.status]
	want := answer{bare.status, bare.header.Clone(), body}
	want.header.Set("Content-Type", "application/json")
	want.header.Set("Content-Length", strconv.Itoa(len(body)))
	want.header.Set("X-Content-Type-Options", "nosniff")
	if method == http.MethodHead {
		want.body = ""
		if _, wroteText := bare.header["Content-Length"]; !wroteText {
			delete(want.header, "Content-Length")
		}
	}
	return want
}

func TestRouters(t *testing.T) {
	errs := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		start := func(t *testing.T, handler http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(handler)
			if protocol == "HTTP/2" {
				s.EnableHTTP2 = true
				s.StartTLS()
			} else {
				s.Start()
			}
			t.Cleanup(s.Close)
			return s
		}
		for _, router := range allRouters() {
			t.Run(protocol+"/"+router.name, func(t *testing.T) {
				bare, wrapped := start(t, router.build()), start(t, errs.Wrap(router.build()))
				for _, request := range []struct {
					method, path string
					status       int
				}{
					{"GET", "/nope", 404}, {"HEAD", "/nope", 404}, {"POST", "/nope", 404}, {"DELETE", "/", 404},
					{"POST", "/known", router.wrongMethod}, {"PUT", "/own", router.wrongMethod},
				} {
					name := request.method + " " + request.path
					was, is := do(t, bare, request.method, request.path), do(t, wrapped, request.method, request.path)
					require.Equal(t, request.status, was.status, name)
					if router.json && request.method != http.MethodHead {
						assert.Equal(t, sortedAllow(was), sortedAllow(is), name)
						continue
					}
					assert.Equal(t, sortedAllow(converted(was, request.method)), sortedAllow(is), name)
				}

				// HEAD of a route: 200, or what the router makes of it.
				was, is := do(t, bare, "HEAD", "/known"), do(t, wrapped, "HEAD", "/known")
				if was.status >= 400 {
					was = converted(was, "HEAD")
				}
				assert.Equal(t, sortedAllow(was), sortedAllow(is), "HEAD /known")

				assert.Equal(t, do(t, bare, "GET", "/known"), do(t, wrapped, "GET", "/known"))
				assert.Equal(t, do(t, bare, "GET", "/own"), do(t, wrapped, "GET", "/own"))
				assert.Equal(t, ownBody, do(t, wrapped, "GET", "/own").body)
				assert.Equal(t, `{"error":"Not Found","message":"no such item","status":404}`+"\n", do(t, wrapped, "GET", "/text").body)

				// A panic is a JSON 500, whoever has caught it: gin's Recovery
				// leaves an answer without a body.
				want := converted(answer{status: 500, header: http.Header{}}, "GET")
				assert.Equal(t, want, do(t, wrapped, "GET", "/panic"))
			})
		}
	}
}

// sortedAllow puts the methods of Allow in order: some routers keep theirs in a
// map.
func sortedAllow(a answer) answer {
	if allow, ok := a.header["Allow"]; ok {
		methods := strings.Split(strings.Join(allow, ", "), ", ")
		a.header = a.header.Clone()
		slices.Sort(methods)
		a.header["Allow"] = methods
	}
	return a
}

// TestAllow says which routers name the methods that are allowed. Wrap adds none:
// it does not know them.
func TestAllow(t *testing.T) {
	for _, router := range allRouters() {
		if router.wrongMethod != http.StatusMethodNotAllowed {
			continue
		}
		t.Run(router.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			errjson.Wrap(router.build()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/known", nil))
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
			if strings.HasPrefix(router.name, "gorilla") {
				assert.NotContains(t, w.Header(), "Allow")
			} else {
				assert.Contains(t, w.Header().Get("Allow"), http.MethodGet)
			}
		})
	}
}
