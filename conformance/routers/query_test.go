package routers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
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

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// TestQuery sends QUERY requests to a status.Resource on every router. The responses are the same
// on all routers.
func TestQuery(t *testing.T) {
	type search struct {
		Q string `json:"q" required:"true"`
	}
	res := status.Resource{
		Get: status.Handler(func(*http.Request) (string, error) { return "get", nil }),
		Query: bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in search) (search, error) {
			return in, nil
		}),
	}
	gin.SetMode(gin.ReleaseMode)
	for name, register := range map[string]func() http.Handler{
		"ServeMux": func() http.Handler {
			m := http.NewServeMux()
			m.Handle("/items", res)
			return m
		},
		"chi": func() http.Handler {
			m := chi.NewRouter()
			m.Handle("/items", res)
			return m
		},
		"gorilla/mux": func() http.Handler {
			m := mux.NewRouter()
			m.Handle("/items", res)
			return m
		},
		"httprouter": func() http.Handler {
			m := httprouter.New()
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "DELETE", "QUERY"} {
				m.Handler(method, "/items", res)
			}
			return m
		},
		"gin": func() http.Handler {
			e := gin.New()
			e.Any("/items", gin.WrapH(res))
			e.Handle("QUERY", "/items", gin.WrapH(res)) // Any does not include QUERY
			return e
		},
		"echo v5": func() http.Handler {
			e := echo.New()
			e.Any("/items", echo.WrapHandler(res))
			return e
		},
		"echo v4": func() http.Handler {
			e := echo4.New()
			e.Any("/items", echo4.WrapHandler(res))
			e.Add("QUERY", "/items", echo4.WrapHandler(res)) // Any does not include QUERY
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(errjson.Wrap(register()))
			defer s.Close()
			const (
				allow = "GET, HEAD, QUERY, OPTIONS"
				found = `{"q":"blue"}` + "\n"
			)
			for _, c := range []struct {
				method, contentType, body string
				want                      answer
			}{
				{"QUERY", "application/json", `{"q":"blue"}`, queryAnswer(200, found)},
				{"QUERY", "application/sql", "select 1", queryAnswer(415,
					`{"error":"Unsupported Media Type","message":"The request body must be JSON, with the content type application/json.","status":415,"code":"unsupported_media_type"}`+"\n",
					"Accept", "application/json, application/*+json", "X-Content-Type-Options", "nosniff")},
				{"OPTIONS", "", "", answer{200, http.Header{"Accept-Query": {"application/json"},
					"Allow": {allow}, "Content-Length": {"0"}}, ""}},
				{"HEAD", "", "", withoutBody(queryAnswer(200, `"get"`+"\n"))},
				{"DELETE", "", "", queryAnswer(405, bodies[405], "Allow", allow, "X-Content-Type-Options", "nosniff")},
			} {
				assert.Equal(t, c.want, send(t, s, c.method, c.contentType, c.body), c.method+" "+c.contentType)
			}
		})
	}
}

// queryAnswer returns a JSON response of a Resource with a Query.
func queryAnswer(code int, body string, fields ...string) answer {
	header := http.Header{"Accept-Query": {"application/json"}, "Content-Type": {"application/json"},
		"Content-Length": {strconv.Itoa(len(body))}}
	for i := 0; i < len(fields); i += 2 {
		header.Set(fields[i], fields[i+1])
	}
	return answer{code, header, body}
}

func withoutBody(a answer) answer {
	a.body = ""
	return a
}

// send sends a request with a body to /items.
func send(t *testing.T, s *httptest.Server, method, contentType, body string) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.URL+"/items", strings.NewReader(body))
	require.NoError(t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := s.Client().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Header.Del("Date")
	return answer{resp.StatusCode, resp.Header, string(got)}
}
