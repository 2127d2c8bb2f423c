package echoadapter_test

import (
	"context"
	"database/sql"
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
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
	"github.com/labstack/echo/v5"
)

// An Item is a resource of the example services.
type Item struct {
	Name  string `json:"name" required:"true"`
	Price int    `json:"price"`
}

// A complete service with its errors, its CORS policy and its routes.
func Example() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Rules:  []errjson.Rule{errjson.MapIs(sql.ErrNoRows, errjson.NotFound("Unknown item."))},
	})
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://shop.example"},
	}))

	router := echo.New()
	a := echoadapter.New(errs)
	router.HTTPErrorHandler = a.ErrorHandler
	router.Use(
		a.Wrap(errs.Wrap),
		a.CORS(cors),
		a.Wrap(http.NewCrossOriginProtection().Handler),
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
	show(router, "GET", "/none", "")
	// Output:
	// 200 {"name":"pen","price":2}
	// 404 {"error":"Not Found","message":"Unknown item.","status":404}
	// 201 {"name":"ink","price":0}
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
	errs := errjson.NewRenderer(errjson.Config{Format: errjson.Problem})
	router := echo.New()
	a := echoadapter.New(errs)
	router.HTTPErrorHandler = a.ErrorHandler
	router.Use(a.Wrap(errs.Wrap))
	router.GET("/", func(*echo.Context) error { return errjson.Conflict("The item is sold.") })
	show(router, "GET", "/", "")
	// Output:
	// 409 {"type":"about:blank","title":"Conflict","status":409,"detail":"The item is sold."}
}

func ExampleAdapter_Wrap() {
	type userKey struct{}
	authenticate := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _, ok := r.BasicAuth()
			if !ok {
				errjson.Write(w, r, errjson.Unauthorized("Please log in.", `Basic realm="shop"`))
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
		})
	}
	limit := func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 1<<20) }

	router := echo.New()
	a := echoadapter.New(nil)
	router.Use(a.Wrap(limit, authenticate))
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
	// 401 {"error":"Unauthorized","message":"Please log in.","status":401}
}

func ExampleAdapter_ErrorHandler() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: slog.New(slog.DiscardHandler),
		Format: shapes.Restful,
		Rules:  []errjson.Rule{errjson.MapIs(sql.ErrNoRows, errjson.NotFound("Unknown item."))},
	})
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.New(errs).ErrorHandler
	for path, err := range map[string]error{
		"/error": errjson.Conflict("The item is sold."),
		"/echo":  echo.NewHTTPError(409, "The item is reserved."),
		"/rule":  fmt.Errorf("loading the item: %w", sql.ErrNoRows),
	} {
		router.GET(path, func(*echo.Context) error { return err })
	}
	for _, path := range []string{"/error", "/echo", "/rule", "/none"} {
		show(router, "GET", path, "")
	}
	// Output:
	// 409 {"message":"The item is sold."}
	// 409 {"message":"The item is reserved."}
	// 404 {"message":"Unknown item."}
	// 404 {"message":"There is nothing at this URL."}
}

func ExampleAdapter_CORS() {
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://shop.example"},
	}))
	router := echo.New()
	router.Use(echoadapter.New(nil).CORS(cors))
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
	errs := errjson.NewRenderer(errjson.Config{Format: shapes.Reqparse})
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.New(errs).ErrorHandler
	router.POST("/items", func(c *echo.Context) error {
		item, _ := echoadapter.Get[Item](c) // Body has decoded it
		return c.String(200, fmt.Sprintf("a %s for %d", item.Name, item.Price))
	}, echoadapter.Body[Item](bodyjson.Config{MaxBytes: 64 << 10}))
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	show(router, "POST", "/items", `{"price":2}`)
	// Output:
	// 200 a pen for 2
	// 422 {"message":{"name":"This field is required."}}
}

// Without a Body, Get decodes the body when it is called.
func ExampleGet() {
	router := echo.New()
	router.POST("/items", echoadapter.Handle(echoadapter.Get[Item]))
	show(router, "POST", "/items", `{"name":"pen","price":2}`)
	// Output: 200 {"name":"pen","price":2}
}

func ExampleHandle() {
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.New(nil).ErrorHandler
	router.GET("/items/:name", echoadapter.Handle(func(c *echo.Context) (any, error) {
		switch name := c.Param("name"); name {
		case "pen":
			return Item{Name: name}, nil
		case "old":
			moved := status.Of(http.StatusMovedPermanently, nil)
			return moved.WithHeader("Location", "/items/pen"), nil
		default:
			return nil, errjson.NotFound("Unknown item.")
		}
	}))
	show(router, "GET", "/items/pen", "")
	show(router, "GET", "/items/old", "")
	show(router, "GET", "/items/ink", "")
	// Output:
	// 200 {"name":"pen","price":0}
	// 301
	// 404 {"error":"Not Found","message":"Unknown item.","status":404}
}

func ExampleParams() {
	router := echo.New()
	router.HTTPErrorHandler = echoadapter.New(nil).ErrorHandler
	router.GET("/items/:id", echoadapter.Handle(func(c *echo.Context) (string, error) {
		p := echoadapter.Params(c)
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
