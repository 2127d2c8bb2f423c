package ginadapter_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/gin-gonic/gin"
	ginadapter "github.com/hipflask/hipflask/adapters/gin"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
)

// Item is what the service keeps.
type Item struct {
	Name  string `json:"name" required:"true"`
	Price int    `json:"price"`
}

// A complete service: its errors, its CORS policy, its routes.
func Example() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Rules:  []errjson.Rule{errjson.MapIs(sql.ErrNoRows, errjson.NotFound("There is no such item."))},
	})
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://shop.example"}}))

	router := gin.New()
	router.HandleMethodNotAllowed = true
	a := ginadapter.New(errs)
	router.Use(
		a.Errors,
		a.CORS(cors),
		a.Wrap(http.NewCrossOriginProtection().Handler),
	)
	router.GET("/items/:name", ginadapter.Handle(func(c *gin.Context) (Item, error) {
		if c.Param("name") != "pen" {
			return Item{}, sql.ErrNoRows
		}
		return Item{Name: "pen", Price: 2}, nil
	}))
	router.POST("/items", ginadapter.Body[Item](bodyjson.Config{}),
		ginadapter.Handle(func(c *gin.Context) (status.Response, error) {
			item, err := ginadapter.Get[Item](c)
			return status.Created(item, "/items/"+item.Name), err
		}))

	// In a program: http.ListenAndServe(":8080", router)
	show(router, "GET", "/items/pen", "")
	show(router, "GET", "/items/ink", "")
	show(router, "POST", "/items", `{"name":"ink"}`)
	show(router, "POST", "/items", `{"price":3}`)
	show(router, "PUT", "/items", `{}`)
	show(router, "GET", "/none", "")
	// Output:
	// 200 {"name":"pen","price":2}
	// 404 {"error":"Not Found","message":"There is no such item.","status":404}
	// 201 {"name":"ink","price":0}
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"This field is required.","offset":0,"line":1,"column":1}]}
	// 405 {"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

// show sends a request and prints the response.
func show(h http.Handler, method, path, body string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body)))
}

func ExampleNew() {
	a := ginadapter.New(errjson.NewRenderer(errjson.Config{Format: errjson.Problem}))
	router := gin.New()
	router.Use(a.Errors)
	show(router, "GET", "/none", "")
	// Output: 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this URL."}
}

func ExampleAdapter_Wrap() {
	type userKey struct{}
	authenticate := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _, ok := r.BasicAuth()
			if !ok {
				errjson.Write(w, r, errjson.Unauthorized("", `Basic realm="shop"`))
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
		})
	}
	limit := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1<<20) }

	router := gin.New()
	router.Use(ginadapter.New(nil).Wrap(limit, authenticate))
	router.GET("/", func(c *gin.Context) {
		c.String(200, "hello, %s", c.Request.Context().Value(userKey{}))
	})

	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth("ada", "secret")
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	show(router, "GET", "/", "")
	// Output:
	// 200 hello, ada
	// 401 {"error":"Unauthorized","message":"Valid credentials are required.","status":401}
}

func ExampleAdapter_Errors() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	router := gin.New()
	router.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{Format: shapes.Restful})).Errors)
	router.GET("/panic", func(*gin.Context) { panic("a secret") })
	router.GET("/error", func(c *gin.Context) { _ = c.Error(errjson.Conflict("It is sold.")) })
	router.GET("/status", func(c *gin.Context) { c.AbortWithStatus(http.StatusForbidden) })
	router.GET("/own", func(c *gin.Context) { c.String(404, "my own words") })
	for _, path := range []string{"/panic", "/error", "/status", "/own", "/none"} {
		show(router, "GET", path, "")
	}
	// Output:
	// 500 {"message":"The server met an error and could not answer."}
	// 409 {"message":"It is sold."}
	// 403 {"message":"You do not have permission to do this."}
	// 404 my own words
	// 404 {"message":"There is nothing at this URL."}
}

func ExampleAdapter_CORS() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://shop.example"}}))
	router := gin.New()
	router.Use(ginadapter.New(nil).CORS(cors)) // on the engine, before the routes
	router.GET("/", func(c *gin.Context) { c.String(200, "hello") })

	r := httptest.NewRequest("OPTIONS", "/", nil)
	r.Header.Set("Origin", "https://shop.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	// Output: 204 https://shop.example
}

func ExampleBody() {
	router := gin.New()
	router.POST("/items", ginadapter.Body[Item](bodyjson.Config{MaxBytes: 64 << 10}), func(c *gin.Context) {
		item, _ := ginadapter.Get[Item](c) // is there: Body has let the request pass
		c.String(200, "a %s for %d", item.Name, item.Price)
	})
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	show(router, "POST", "/items", `{"price":2}`)
	// Output:
	// 200 a pen for 2
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"This field is required.","offset":0,"line":1,"column":1}]}
}

// Get needs no Body: it then decodes when it is called.
func ExampleGet() {
	router := gin.New()
	router.POST("/items", ginadapter.Handle(ginadapter.Get[Item]))
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	// Output: 200 {"name":"pen","price":2}
}

func ExampleHandle() {
	router := gin.New()
	router.GET("/items/:name", ginadapter.Handle(func(c *gin.Context) (any, error) {
		switch name := c.Param("name"); name {
		case "pen":
			return Item{Name: name}, nil
		case "old":
			return status.Of(http.StatusMovedPermanently, nil).WithHeader("Location", "/items/pen"), nil
		default:
			return nil, errjson.NotFound("There is no such item.")
		}
	}))
	show(router, "GET", "/items/pen", "")
	show(router, "GET", "/items/old", "")
	show(router, "GET", "/items/ink", "")
	// Output:
	// 200 {"name":"pen","price":0}
	// 301
	// 404 {"error":"Not Found","message":"There is no such item.","status":404}
}

// A handler of Gin's own kind ends the request with an error.
func ExampleFail() {
	errSold := errors.New("sold")
	router := gin.New()
	router.Use(ginadapter.New(errjson.NewRenderer(errjson.Config{
		Rules: []errjson.Rule{errjson.MapIs(errSold, errjson.Gone("It is sold."))},
	})).Errors)
	sell := func(c *gin.Context) {
		ginadapter.Fail(c, fmt.Errorf("pen: %w", errSold))
	}
	router.POST("/sales", sell, func(c *gin.Context) { _, _ = io.WriteString(c.Writer, "is not reached") })
	show(router, "POST", "/sales", "")
	// Output: 410 {"error":"Gone","message":"It is sold.","status":410}
}

func ExampleParams() {
	router := gin.New()
	router.Use(ginadapter.New(nil).Errors)
	router.GET("/items/:id", ginadapter.Handle(func(c *gin.Context) (string, error) {
		p := ginadapter.Params(c)
		id := p.Path("id").Int()
		limit := p.Query("limit").Int(params.Default(20), params.Range(1, 100))
		if err := p.Err(); err != nil {
			return "", err
		}
		return fmt.Sprint(id, " ", limit), nil
	}))
	show(router, "GET", "/items/7?limit=5", "")
	show(router, "GET", "/items/x", "")
	show(router, "GET", "/items/7?limit=101", "")
	// Output:
	// 200 "7 5"
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"in":"query","name":"limit","code":"range","message":"Must be from 1 to 100.","params":{"max":100,"min":1}}]}
}
