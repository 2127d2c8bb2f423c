package middlewares_test

import (
	"net/http"
	"testing"

	"github.com/gin-contrib/gzip"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"

	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/errjson"
)

// TestGinGzip compares engines that use gin-contrib/gzip with an engine that uses Errors alone.
// The writer of gin-contrib/gzip has no Unwrap method.
func TestGinGzip(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	a, gz := ginadapter.New(errs), gzip.Gzip(gzip.DefaultCompression)
	alone := serve(t, newEngine(a.Errors))
	for _, chain := range []struct {
		name    string
		handler http.Handler
	}{
		{"inside Wrap", errs.Wrap(newEngine(gz))},
		{"outside Errors", newEngine(gz, a.Errors)},
		{"inside Errors", newEngine(a.Errors, gz)},
	} {
		server := serve(t, chain.handler)
		for _, r := range []struct {
			name        string
			status      int
			contentType string
		}{
			{"GET /ok", 200, jsonType + "; charset=utf-8"}, // of Gin
			{"GET /error", 404, jsonType},
			{"GET /bare", 403, jsonType},
			{"GET /nothing", 404, jsonType},
			{"POST /ok", 405, jsonType},
			{"GET /panic", 500, jsonType},
		} {
			t.Run(chain.name+"/"+r.name, func(t *testing.T) {
				want, got := do(t, alone, r.name, "", "gzip"), do(t, server, r.name, "", "gzip")
				assert.Equal(t, r.status, want.status)
				assert.Equal(t, r.contentType, want.contentType)
				assert.Equal(t, want.response, got.response)
				// gin-contrib/gzip does not compress error responses.
				assert.Equal(t, r.status == http.StatusOK, got.compressed)
				assert.Contains(t, []int64{-1, got.wireLength}, got.length, "Content-Length")
			})
		}
	}
}

// newEngine returns an engine without Recovery.
func newEngine(middlewares ...gin.HandlerFunc) http.Handler {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.Use(middlewares...)
	e.GET("/ok", func(c *gin.Context) { c.JSON(http.StatusOK, []int{1, 2, 3}) })
	e.GET("/error", func(c *gin.Context) { ginadapter.Fail(c, errjson.NotFound("no item")) })
	e.GET("/bare", func(c *gin.Context) { c.AbortWithStatus(http.StatusForbidden) })
	e.GET("/panic", func(*gin.Context) { panic("boom") })
	return e
}
