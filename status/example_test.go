package status_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// An Item is what the examples are about.
type Item struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// show sends a request to a handler, and prints the answer.
func show(handler http.Handler, method, path string) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	for _, name := range []string{"Location", "Allow", "Cache-Control"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Printf("%s: %s\n", name, value)
		}
	}
}

// A handler returns a value, a Response, or an error.
func Example() {
	items := map[string]Item{"7": {7, "Widget"}}

	mux := http.NewServeMux()
	mux.Handle("GET /items/{id}", status.Handler(func(r *http.Request) (Item, error) {
		item, ok := items[r.PathValue("id")]
		if !ok {
			return Item{}, errjson.NotFound("No item " + r.PathValue("id") + ".")
		}
		return item, nil
	}))
	mux.Handle("POST /items", status.Handler(func(*http.Request) (status.Response, error) {
		return status.Created(Item{8, "Gadget"}, "/items/8"), nil
	}))
	mux.Handle("DELETE /items/{id}", status.Handler(func(*http.Request) (status.Response, error) {
		return status.NoContent(), nil
	}))

	show(mux, "GET", "/items/7")
	show(mux, "GET", "/items/9")
	show(mux, "POST", "/items")
	show(mux, "DELETE", "/items/7")
	// Output:
	// 200 {"id":7,"name":"Widget"}
	// 404 {"error":"Not Found","message":"No item 9.","status":404}
	// 201 {"id":8,"name":"Gadget"}
	// Location: /items/8
	// 204
}

func ExampleHandler() {
	handler := status.Handler(func(*http.Request) ([]Item, error) {
		return nil, nil // no items: an empty list, and not null
	})
	show(handler, "GET", "/items")
	// Output: 200 []
}

func ExampleJSON() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := status.JSON(w, http.StatusOK, Item{7, "Widget"}); err != nil {
			errjson.Write(w, r, err)
		}
	})
	show(handler, "GET", "/items/7")
	// Output:
	// 200 {"id":7,"name":"Widget"}
	// Cache-Control: no-store
}

// responding is a handler that answers with a Response.
func responding(resp status.Response) http.Handler {
	return status.Handler(func(*http.Request) (status.Response, error) { return resp, nil })
}

func ExampleResponse() {
	show(responding(status.Response{
		Status: http.StatusOK,
		Body:   Item{7, "Widget"},
		Header: http.Header{"Cache-Control": {"max-age=60"}},
	}), "GET", "/items/7")
	// Output:
	// 200 {"id":7,"name":"Widget"}
	// Cache-Control: max-age=60
}

func ExampleResponse_WithHeader() {
	show(responding(status.OK(Item{7, "Widget"}).WithHeader("Cache-Control", "max-age=60")), "GET", "/items/7")
	// Output:
	// 200 {"id":7,"name":"Widget"}
	// Cache-Control: max-age=60
}

func ExampleResponse_Write() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := status.Accepted(map[string]string{"job": "17"}).Write(w, r); err != nil {
			errjson.Write(w, r, err)
		}
	})
	show(handler, "POST", "/reports")
	// Output: 202 {"job":"17"}
}

func ExampleOK() {
	show(responding(status.OK(map[string]string{"status": "ok"})), "GET", "/api/status")
	// Output: 200 {"status":"ok"}
}

func ExampleCreated() {
	show(responding(status.Created(Item{8, "Gadget"}, "/items/8")), "POST", "/items")
	// Output:
	// 201 {"id":8,"name":"Gadget"}
	// Location: /items/8
}

func ExampleAccepted() {
	show(responding(status.Accepted(map[string]string{"job": "17"})), "POST", "/reports")
	// Output: 202 {"job":"17"}
}

func ExampleNoContent() {
	show(responding(status.NoContent()), "DELETE", "/items/7")
	// Output: 204
}

func ExampleOf() {
	show(responding(status.Of(http.StatusMultiStatus, []int{200, 404})), "POST", "/batch")
	// Output: 207 [200,404]
}

func ExampleResource() {
	item := status.Resource{
		Get: status.Handler(func(*http.Request) (Item, error) { return Item{7, "Widget"}, nil }),
		Delete: status.Handler(func(*http.Request) (status.Response, error) {
			return status.NoContent(), nil
		}),
	}
	mux := http.NewServeMux()
	mux.Handle("/items/{id}", item)
	show(mux, "GET", "/items/7")
	show(mux, "PUT", "/items/7")
	// Output:
	// 200 {"id":7,"name":"Widget"}
	// 405 {"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}
	// Allow: GET, HEAD, DELETE, OPTIONS
}

func ExampleResource_ServeHTTP() {
	item := status.Resource{
		Post: status.Handler(func(*http.Request) (Item, error) { return Item{8, "Gadget"}, nil }),
	}
	w := httptest.NewRecorder()
	item.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, "/items", nil))
	fmt.Println(w.Header().Get("Allow"))
	// Output: POST, OPTIONS
}

func ExampleResource_query() {
	type query struct {
		Name string `json:"name" required:"true"`
	}
	items := status.Resource{
		Query: bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, q query) ([]Item, error) {
			return []Item{{7, q.Name}}, nil
		}),
	}
	r := httptest.NewRequest("QUERY", "/items", strings.NewReader(`{"name":"Widget"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	items.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	fmt.Println("Accept-Query:", w.Header().Get("Accept-Query"))
	// Output:
	// 200 [{"id":7,"name":"Widget"}]
	// Accept-Query: application/json
}

func ExampleEncodeError() {
	w := httptest.NewRecorder()
	err := status.JSON(w, http.StatusOK, make(chan int))
	var encodeError *status.EncodeError
	fmt.Println(errors.As(err, &encodeError), w.Body.Len())
	// Output: true 0
}

func ExampleEncodeError_Error() {
	fmt.Println(status.JSON(httptest.NewRecorder(), http.StatusOK, make(chan int)).Error())
	// Output: status: json: unsupported type: chan int
}

func ExampleEncodeError_Unwrap() {
	err := status.JSON(httptest.NewRecorder(), http.StatusOK, make(chan int))
	var unsupported *json.UnsupportedTypeError
	if errors.As(err, &unsupported) {
		fmt.Println(unsupported.Type)
	}
	// Output: chan int
}

func ExampleEncodeError_StatusCode() {
	err := &status.EncodeError{Err: errjson.NotFound("")}
	fmt.Println(err.StatusCode())
	// Output: 500
}
