package echoadapter_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	echoadapter "github.com/hipflask/hipflask/adapters/echo"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
	"github.com/labstack/echo/v5"
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

	router := echo.New()
	router.HTTPErrorHandler = echoadapter.ErrorHandler(errs)
	router.Use(
		echoadapter.Wrap(errs.Recover),
		echoadapter.CORS(cors),
		echoadapter.Wrap(http.NewCrossOriginProtection().Handler),
	)
	router.GET("/items/:name", echoadapter.Handle(func(c *echo.Context) (Item, error) {
		if c.Param("name") != "pen" {
			return Item{}, sql.ErrNoRows
		}
		return Item{Name: "pen", Price: 2}, nil
	}))
	router.POST("/items", echoadapter.Handle(func(c *echo.Context) (status.Response, error) {
		item, err := echoadapter.Get[Item](c)
		return status.Created(item, "/items/"+item.Name), err
	}), echoadapter.Body[Item](bodyjson.Config{}))

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

// show sends a request and prints the answer.
func show(h http.Handler, method, path, body string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body)))
}

func ExampleWrap() {
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

	router := echo.New()
	router.Use(echoadapter.Wrap(limit, authenticate))
	router.GET("/", func(c *echo.Context) error {
		return c.String(200, "hello, "+c.Request().Context().Value(userKey{}).(string))
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

func ExampleErrorHandler() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.ErrorHandler(errjson.NewRenderer(errjson.Config{Format: errjson.Restful}))
	router.GET("/error", func(*echo.Context) error { return errors.New("a secret") })
	router.GET("/ours", func(*echo.Context) error { return errjson.Conflict("It is sold.") })
	router.GET("/echo", func(*echo.Context) error { return echo.NewHTTPError(409, "It is reserved.") })
	for _, path := range []string{"/error", "/ours", "/echo", "/none"} {
		show(router, "GET", path, "")
	}
	// Output:
	// 500 {"message":"The server met an error and could not answer."}
	// 409 {"message":"It is sold."}
	// 409 {"message":"It is reserved."}
	// 404 {"message":"There is nothing at this URL."}
}

func ExampleCORS() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://shop.example"}}))
	router := echo.New()
	router.Use(echoadapter.CORS(cors))
	router.GET("/", func(c *echo.Context) error { return c.String(200, "hello") })

	r := httptest.NewRequest("OPTIONS", "/", nil)
	r.Header.Set("Origin", "https://shop.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	// Output: 204 https://shop.example
}

func ExampleBody() {
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	router.POST("/items", func(c *echo.Context) error {
		item, _ := echoadapter.Get[Item](c) // is there: Body has let the request pass
		return c.String(200, fmt.Sprintf("a %s for %d", item.Name, item.Price))
	}, echoadapter.Body[Item](bodyjson.Config{MaxBytes: 64 << 10}))
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	show(router, "POST", "/items", `{"price":2}`)
	// Output:
	// 200 a pen for 2
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"This field is required.","offset":0,"line":1,"column":1}]}
}

// Get needs no Body: it then decodes when it is called.
func ExampleGet() {
	router := echo.New()
	router.POST("/items", echoadapter.Handle(echoadapter.Get[Item]))
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	// Output: 200 {"name":"pen","price":2}
}

func ExampleHandle() {
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.ErrorHandler(nil)
	router.GET("/items/:name", echoadapter.Handle(func(c *echo.Context) (any, error) {
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
