package ginadapter_test

import (
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/adaptertest"
)

func init() { gin.SetMode(gin.ReleaseMode) }

// TestConformance runs the suite that all adapters share.
func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Kind: adaptertest.Gin,
		New: func(rd *errjson.Renderer) adaptertest.App {
			engine := gin.New()
			engine.HandleMethodNotAllowed = true
			engine.MaxMultipartMemory = 1
			a := ginadapter.New(rd)
			engine.Use(a.Errors)
			return app{engine, engine, a}
		},
	})
}

// native has the middlewares that do not depend on a renderer.
var native = ginadapter.New(nil)

// app is an engine or a group as the suite wants it.
type app struct {
	*gin.Engine
	router gin.IRouter
	native *ginadapter.Adapter
}

func (a app) Use(m ...adaptertest.Middleware) { a.router.Use(a.native.Wrap(m...)) }

func (a app) UseNative(fn func(adaptertest.C, func() error) error) {
	a.router.Use(func(c *gin.Context) {
		_ = fn(ginC{c}, func() error {
			c.Next()
			if last := c.Errors.Last(); last != nil {
				return last.Err
			}
			return nil
		})
	})
}

func (a app) Group(prefix string) adaptertest.App {
	return app{a.Engine, a.router.Group(prefix), a.native}
}

func (a app) Handle(method, path string, handler func(adaptertest.C) error, m ...adaptertest.Middleware) {
	if len(m) == 0 {
		a.router.Handle(method, path, ginHandler(handler))
	} else {
		a.router.Handle(method, path, a.native.Wrap(m...), ginHandler(handler))
	}
}

func ginHandler(handler func(adaptertest.C) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := handler(ginC{c}); err != nil {
			ginadapter.Fail(c, err)
		}
	}
}

func (a app) CORS(policy adaptertest.Policy) { a.router.Use(a.native.CORS(policy)) }

func (a app) Value(method, path string, fn func(adaptertest.C) (any, error), m ...adaptertest.Middleware) {
	handle := ginadapter.Handle(func(c *gin.Context) (any, error) { return fn(ginC{c}) })
	if len(m) == 0 {
		a.router.Handle(method, path, handle)
	} else {
		a.router.Handle(method, path, a.native.Wrap(m...), handle)
	}
}

func (a app) Body(path string, handler func(adaptertest.C) error) {
	a.router.POST(path, ginadapter.Body[adaptertest.Item](bodyjson.Config{}), ginHandler(handler))
}

type ginC struct{ c *gin.Context }

func (g ginC) Request() *http.Request      { return g.c.Request }
func (g ginC) Writer() http.ResponseWriter { return g.c.Writer }
func (g ginC) Identity() any               { return g.c }

func (g ginC) Item() (adaptertest.Item, error) { return ginadapter.Get[adaptertest.Item](g.c) }
func (g ginC) Bind(v any) error                { return g.c.ShouldBindJSON(v) }

func (g ginC) String(status int, body string) error {
	g.c.String(status, "%s", body)
	return nil
}

func (g ginC) Multipart() error {
	_, err := g.c.MultipartForm()
	return err
}
