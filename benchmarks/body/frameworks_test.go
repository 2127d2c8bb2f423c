package body_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

const accountText = `{"id":1,"name":"a","email":"b","age":2,"score":3.5,"active":true,"role":"c"}`

var accountValue = account{ID: 1, Name: "a", Email: "b", Age: 2, Score: 3.5, Active: true, Role: "c"}

// TestBindingAfterwards has the frameworks bind a body that bodyjson has read, or is
// yet to read, and read it again.
func TestBindingAfterwards(t *testing.T) {
	middlewares := map[string]func(http.Handler) http.Handler{
		"new":  bodyjson.New[account](bodyjson.Config{}),
		"lazy": bodyjson.Lazy(bodyjson.Config{}),
	}
	// try binds, asks and reads in turn.
	try := func(t *testing.T, r *http.Request, bind func(any) error) {
		for range 2 {
			var v account
			require.NoError(t, bind(&v))
			assert.Equal(t, accountValue, v)
			v, err := bodyjson.Get[account](r)
			require.NoError(t, err)
			assert.Equal(t, accountValue, v)
			require.NoError(t, r.Body.Close()) // Gin and Echo 4 stop short of the end
			raw, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			assert.Equal(t, accountText, string(raw))
		}
	}
	frameworks := map[string]func(t *testing.T) http.Handler{
		"gin": func(t *testing.T) http.Handler {
			gin.SetMode(gin.ReleaseMode)
			e := gin.New()
			e.POST("/", func(c *gin.Context) {
				try(t, c.Request, c.ShouldBindJSON)
				try(t, c.Request, c.ShouldBind)
				c.Status(http.StatusNoContent)
			})
			return e
		},
		"echo5": func(t *testing.T) http.Handler {
			e := echo.New()
			e.POST("/", func(c *echo.Context) error {
				try(t, c.Request(), c.Bind)
				return c.NoContent(http.StatusNoContent)
			})
			return e
		},
		"echo4": func(t *testing.T) http.Handler {
			e := echov4.New()
			e.POST("/", func(c echov4.Context) error {
				try(t, c.Request(), c.Bind)
				return c.NoContent(http.StatusNoContent)
			})
			return e
		},
	}
	for mwName, mw := range middlewares {
		for name, framework := range frameworks {
			t.Run(mwName+"/"+name, func(t *testing.T) {
				s := httptest.NewServer(mw(framework(t)))
				defer s.Close()
				// Of known length, and chunked.
				for _, body := range []io.Reader{strings.NewReader(accountText), io.MultiReader(strings.NewReader(accountText))} {
					resp, err := http.Post(s.URL, "application/json", body)
					require.NoError(t, err)
					require.NoError(t, resp.Body.Close())
					assert.Equal(t, http.StatusNoContent, resp.StatusCode)
				}
			})
		}
	}
}
