package params_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
)

// request sends a request to a handler at a pattern and prints the response.
func request(pattern string, handler http.Handler, target string) {
	mux := http.NewServeMux()
	mux.Handle(pattern, handler)
	w := httptest.NewRecorder()
	errjson.Wrap(mux).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

func Example() {
	list := status.Handler(func(r *http.Request) (string, error) {
		p := params.Of(r)
		shop := p.Path("shop").Int64()
		limit := p.Query("limit").Int(params.Default(20), params.Range(1, 100))
		sort := p.Query("sort").String(params.Default("name"), params.OneOf("name", "price"))
		if err := p.Err(); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d items of shop %d by %s", limit, shop, sort), nil
	})
	request("GET /shops/{shop}/items", list, "/shops/7/items?sort=price")
	request("GET /shops/{shop}/items", list, "/shops/7/items?limit=x&sort=age")
	request("GET /shops/{shop}/items", list, "/shops/x/items")
	// Output:
	// 200 "20 items of shop 7 by price"
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"in":"query","name":"limit","code":"type","message":"Must be an integer.","params":{"expected":"integer"}},{"in":"query","name":"sort","code":"one_of","message":"Must be one of name, price.","params":{"choices":["name","price"]}}]}
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

func ExampleParse() {
	parity := func(s string) (bool, error) {
		switch s {
		case "even", "odd":
			return s == "even", nil
		}
		return false, errjson.FieldError{Code: "parity", Message: "Must be even or odd."}
	}
	p := params.Of(httptest.NewRequest(http.MethodGet, "/?p=odd&q=none", nil))
	fmt.Println(params.Parse(p.Query("p"), parity), params.Parse(p.Query("q"), parity))
	for _, f := range p.Err().(*errjson.Error).Fields() {
		fmt.Println(f.In, f.Name, f.Message)
	}
	// Output:
	// false false
	// query q Must be even or odd.
}

func ExampleCheck() {
	even := params.Check(func(n int) error {
		if n%2 != 0 {
			return errjson.FieldError{Code: "even", Message: "Must be even."}
		}
		return nil
	})
	p := params.Of(httptest.NewRequest(http.MethodGet, "/?n=4", nil))
	fmt.Println(p.Query("n").Int(even), p.Err())
	// Output: 4 <nil>
}

func ExampleOfPath() {
	route := map[string]string{"id": "7"} // of another router
	p := params.OfPath(httptest.NewRequest(http.MethodGet, "/items/7", nil), func(name string) (string, bool) {
		value, ok := route[name]
		return value, ok
	})
	fmt.Println(p.Path("id").Int(), p.Err())
	// Output: 7 <nil>
}

func ExampleValue_Strings() {
	p := params.Of(httptest.NewRequest(http.MethodGet, "/?tag=a&tag=b", nil))
	fmt.Println(p.Query("tag").Strings())
	// Output: [a b]
}

func ExampleValue_IsSet() {
	p := params.Of(httptest.NewRequest(http.MethodGet, "/?verbose", nil))
	fmt.Println(p.Query("verbose").IsSet(), p.Query("quiet").IsSet())
	// Output: true false
}
