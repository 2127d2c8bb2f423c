package body_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	echov4 "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

type item struct {
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

// BenchmarkRejected measures the whole response to an invalid body. The responses of hipflask
// contain every invalid field and its position. The other responses contain at most one field.
func BenchmarkRejected(b *testing.B) {
	quiet := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.DiscardHandler)})
	for _, l := range []library{
		{"hipflask", quiet.Wrap(hipflask[item](bodyjson.Config{}))},
		{"hipflask-gin", rejectedGin(quiet)},
		{"hipflask-echo5", rejectedEcho(quiet)},
		{"gin", rejectedGin(nil)},
		{"echo5", rejectedEcho(nil)},
		{"echo4", rejectedEcho4()},
	} {
		for _, c := range []struct{ name, body string }{
			{"one", `{"name":"Widget","price":"x"}`},
			{"two", `{"name":1,"price":"x"}`},
			{"syntax", `{"name":"Widget","price":}`},
		} {
			b.Run(c.name+"/"+l.name, func(b *testing.B) { reject(b, l.handler, []byte(c.body)) })
		}
	}
}

// reject measures requests with the same body. Each response starts with an empty header.
func reject(b *testing.B, h http.Handler, body []byte) {
	b.Helper()
	r, err := http.NewRequest(http.MethodPost, "/", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	rd, w := new(reader), writer{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		rd.r.Reset(body)
		r.Body = rd
		h.ServeHTTP(w, r)
	}
}

// rejectedGin returns a handler of Gin with the adapter. If errs is nil, Gin's own binding decodes
// the body.
func rejectedGin(errs *errjson.Renderer) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	if errs == nil {
		e.POST("/", func(c *gin.Context) {
			var v item
			if err := c.ShouldBindJSON(&v); err != nil {
				c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": err.Error()})
			}
		})
		return e
	}
	e.Use(ginadapter.New(errs).Errors)
	e.POST("/", ginadapter.Body[item](bodyjson.Config{}), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	return e
}

func rejectedEcho(errs *errjson.Renderer) http.Handler {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	if errs == nil {
		e.POST("/", func(c *echo.Context) error { return c.Bind(new(item)) })
		return e
	}
	e.HTTPErrorHandler = echoadapter.New(errs).ErrorHandler
	e.POST("/", func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) }, echoadapter.Body[item](bodyjson.Config{}))
	return e
}

func rejectedEcho4() http.Handler {
	e := echov4.New()
	e.POST("/", func(c echov4.Context) error { return c.Bind(new(item)) })
	return e
}
