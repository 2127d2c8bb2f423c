package bodyjson_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/justinas/alice"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// request sends a body to a handler and prints the response.
func request(h http.Handler, body string) {
	r := httptest.NewRequest(http.MethodPost, "/items", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

type Item struct {
	Name  string  `json:"name" required:"true"`
	Price float64 `json:"price" required:"price is required"`
}

func Example() {
	chain := alice.New(errjson.Wrap, bodyjson.New[Item](bodyjson.Config{}))
	h := chain.ThenFunc(func(w http.ResponseWriter, r *http.Request) {
		item, _ := bodyjson.FromContext[Item](r.Context())
		fmt.Fprintf(w, "%s for %.2f", item.Name, item.Price)
	})

	request(h, `{"name": "Widget", "price": 0}`)
	request(h, `{"name": "Widget"}`)
	request(h, `{"name": "Widget", "price": }`)
	// Output:
	// 200 Widget for 0.00
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/price","code":"required","message":"price is required","offset":0,"line":1,"column":1}]}
	// 400 {"error":"Bad Request","message":"Syntax error in the JSON. (Line 1, column 29.)","status":400,"code":"syntax","details":[{"pointer":"/price","code":"syntax","message":"Syntax error in the JSON.","offset":28,"line":1,"column":29}]}
}

func ExampleHandler() {
	h := bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in Item) (status.Response, error) {
		if in.Name == "Gadget" {
			return status.Response{}, errjson.Conflict("There is a Gadget already.")
		}
		return status.Created(in, "/items/7"), nil
	})

	request(h, `{"name": "Widget", "price": 9.99}`)
	request(h, `{"name": "Gadget", "price": 9.99}`)
	// Output:
	// 201 {"name":"Widget","price":9.99}
	// 409 {"error":"Conflict","message":"There is a Gadget already.","status":409}
}

func ExampleNew() {
	h := bodyjson.New[[]int](bodyjson.Config{MaxBytes: 1 << 10})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			numbers, _ := bodyjson.FromContext[[]int](r.Context())
			fmt.Fprint(w, len(numbers), " numbers")
		}))

	request(h, `[1, 2, 3]`)
	request(h, `[1, "2", 3.5]`)
	// Output:
	// 200 3 numbers
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/1","code":"type","message":"Must be an integer, not a string.","offset":4,"line":1,"column":5},{"pointer":"/2","code":"type","message":"Must be an integer.","offset":9,"line":1,"column":10}]}
}

func ExampleLazy() {
	mux := http.NewServeMux()
	mux.Handle("POST /items", status.Handler(func(r *http.Request) (Item, error) {
		return bodyjson.Get[Item](r)
	}))
	h := bodyjson.Lazy(bodyjson.Config{DisallowUnknownFields: true})(mux)

	request(h, `{"name": "Widget", "price": 9.99}`)
	request(h, `{"name": "Widget", "price": 9.99, "colour": "red"}`)
	// Output:
	// 200 {"name":"Widget","price":9.99}
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/colour","code":"unknown_field","message":"Unknown field.","offset":34,"line":1,"column":35}]}
}

func ExampleGet() {
	// Without a middleware, Get applies the rules of the zero Config.
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		item, err := bodyjson.Get[Item](r)
		if err != nil {
			errjson.Write(w, r, err)
			return
		}
		fmt.Fprint(w, item.Name)
	})

	request(h, `{"name": "Widget", "price": 9.99}`)
	request(h, ``)
	// Output:
	// 200 Widget
	// 400 {"error":"Bad Request","message":"The request body is empty.","status":400,"code":"empty_body"}
}

func ExampleBytes() {
	h := bodyjson.New[any](bodyjson.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := bodyjson.Bytes(r)
		if err != nil {
			errjson.Write(w, r, err)
			return
		}
		again, _ := io.ReadAll(r.Body) // r.Body can be read again
		fmt.Fprintf(w, "%d bytes, and %d", len(raw), len(again))
	}))

	request(h, ` { "a" : 1 } `)
	// Output: 200 13 bytes, and 13
}

func ExampleFromContext() {
	h := bodyjson.New[Item](bodyjson.Config{Optional: true})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if item, ok := bodyjson.FromContext[Item](r.Context()); ok {
				fmt.Fprint(w, item.Name)
			} else {
				fmt.Fprint(w, "no body")
			}
		}))

	request(h, `{"name": "Widget", "price": 9.99}`)
	request(h, ``)
	// Output:
	// 200 Widget
	// 200 no body
}

func ExampleNewContext() {
	// This handler is tested without its middleware.
	handler := func(w http.ResponseWriter, r *http.Request) {
		item, _ := bodyjson.FromContext[Item](r.Context())
		fmt.Fprint(w, item.Name)
	}

	r := httptest.NewRequest(http.MethodPost, "/items", nil)
	w := httptest.NewRecorder()
	handler(w, r.WithContext(bodyjson.NewContext(r.Context(), Item{Name: "Widget"})))
	fmt.Println(w.Body)
	// Output: Widget
}

func ExampleConfig() {
	h := bodyjson.Handler(bodyjson.Config{
		MaxBytes:    64 << 10,
		ReadTimeout: 5 * time.Second,
		Validate: func(_ context.Context, v any) error {
			if item, ok := v.(*Item); ok && item.Price < 0 {
				return errjson.FieldError{Pointer: "/price", Code: "negative", Message: "Must not be negative."}
			}
			return nil
		},
	}, func(_ *http.Request, in Item) (Item, error) { return in, nil })

	request(h, `{"name": "Widget", "price": -1}`)
	// Output:
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/price","code":"negative","message":"Must not be negative.","offset":28,"line":1,"column":29}]}
}

// Verify rejects a webhook without the signature of the sender.
func ExampleConfig_verify() {
	key := []byte("secret")
	h := bodyjson.New[any](bodyjson.Config{Verify: func(r *http.Request, body []byte) error {
		mac := hmac.New(sha256.New, key)
		mac.Write(body)
		sent, err := hex.DecodeString(r.Header.Get("X-Signature"))
		if err != nil || !hmac.Equal(sent, mac.Sum(nil)) {
			return errors.New("wrong signature")
		}
		return nil
	}})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	request(h, `{"event": "paid"}`)
	// Output: 403 {"error":"Forbidden","message":"The request body could not be verified.","status":403,"code":"unverified"}
}

func ExampleErrEmpty() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := bodyjson.Get[Item](r)
		fmt.Fprint(w, errors.Is(err, bodyjson.ErrEmpty))
	})

	request(h, ``)
	// Output: 200 true
}

func ExampleOptional() {
	type patch struct {
		Name  bodyjson.Optional[string]  `json:"name" notnull:"true"`
		Note  bodyjson.Optional[string]  `json:"note"`
		Price bodyjson.Optional[float64] `json:"price"`
	}
	h := bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in patch) (string, error) {
		var changes []string
		if in.Name.Set {
			changes = append(changes, "name becomes "+in.Name.Value)
		}
		if in.Note.Null {
			changes = append(changes, "the note goes")
		}
		if !in.Price.Set {
			changes = append(changes, "the price stays")
		}
		return strings.Join(changes, ", "), nil
	})

	request(h, `{"name": "Gadget", "note": null}`)
	request(h, `{"name": null}`)
	// Output:
	// 200 "name becomes Gadget, the note goes, the price stays"
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"null","message":"Must not be null.","offset":9,"line":1,"column":10}]}
}

func ExampleOptional_IsZero() {
	type patch struct {
		Name bodyjson.Optional[string] `json:"name,omitzero"`
		Note bodyjson.Optional[string] `json:"note,omitzero"`
	}
	b, err := json.Marshal(patch{Note: bodyjson.Optional[string]{Set: true, Null: true}})
	fmt.Println(string(b), err)
	// Output: {"note":null} <nil>
}

func ExampleOptional_MarshalJSON() {
	b, err := json.Marshal([]bodyjson.Optional[int]{{Value: 7, Set: true}, {Set: true, Null: true}})
	fmt.Println(string(b), err)
	// Output: [7,null] <nil>
}

func ExampleOptional_UnmarshalJSON() {
	var v []bodyjson.Optional[int]
	err := json.Unmarshal([]byte(`[0, null]`), &v)
	fmt.Printf("%+v %v\n", v, err)
	// Output: [{Value:0 Set:true Null:false} {Value:0 Set:true Null:true}] <nil>
}

func ExampleOptional_UnmarshalJSONFrom() {
	// The rules of the Config apply inside an Optional.
	type inner struct{ A int }
	h := bodyjson.New[bodyjson.Optional[inner]](bodyjson.Config{DisallowUnknownFields: true})(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	request(h, `{"B": 1}`)
	// Output: 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/B","code":"unknown_field","message":"Unknown field.","offset":1,"line":1,"column":2}]}
}

// An adapter passes the error of the body to its framework.
func ExampleNewFunc() {
	type Item struct {
		Name string `json:"name" required:"true"`
	}
	decode := bodyjson.NewFunc[Item](bodyjson.Config{})
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"name":"a"}`))
	r.Header.Set("Content-Type", "application/json")
	err := decode(httptest.NewRecorder(), r, func(r *http.Request) error {
		item, _ := bodyjson.FromContext[Item](r.Context())
		fmt.Println(item.Name)
		return nil
	})
	fmt.Println(err)
	// Output:
	// a
	// <nil>
}

// Settings has a default Limit.
type Settings struct {
	Name  string            `json:"name" required:"true"`
	Limit int               `json:"limit"`
	Tags  map[string]string `json:"tags"`
}

func (s *Settings) SetDefaults() { s.Limit = 20 }

func ExampleDecode() {
	settings, err := bodyjson.Decode[Settings]([]byte(`{"name":"list"}`), bodyjson.Config{})
	fmt.Println(settings.Name, settings.Limit, err)

	_, err = bodyjson.Decode[Settings]([]byte(`{"limit":"many"}`), bodyjson.Config{})
	var e *errjson.Error
	if errors.As(err, &e) {
		for _, field := range e.Fields() {
			fmt.Println(field.Pointer, field.Message)
		}
	}
	// Output:
	// list 20 <nil>
	// /name This field is required.
	// /limit Must be an integer, not a string.
}

func ExampleMerge() {
	stored := Settings{Name: "list", Limit: 50, Tags: map[string]string{"a": "1", "b": "2"}}
	h := status.Handler(func(r *http.Request) (Settings, error) {
		settings, err := bodyjson.Merge(r, stored)
		if err == nil {
			stored = settings
		}
		return settings, err
	})
	request(h, `{"limit":null,"tags":{"a":null,"c":"3"}}`)
	request(h, `{"name":null}`)
	// Output:
	// 200 {"name":"list","limit":20,"tags":{"b":"2","c":"3"}}
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"This field is required.","offset":8,"line":1,"column":9}]}
}

func ExampleHandler_validation() {
	atMost := func(limit int) func(context.Context, *Settings) error {
		return func(_ context.Context, s *Settings) error {
			if s.Limit > limit {
				return errjson.FieldError{Pointer: "/limit", Code: "max", Message: fmt.Sprintf("Must be at most %d.", limit)}
			}
			return nil
		}
	}
	echo := func(_ *http.Request, s Settings) (Settings, error) { return s, nil }
	request(bodyjson.Handler(bodyjson.Config{}, echo, atMost(100)), `{"name":"list","limit":60}`)
	request(bodyjson.Handler(bodyjson.Config{}, echo, atMost(50)), `{"name":"list","limit":60}`)
	// Output:
	// 200 {"name":"list","limit":60,"tags":null}
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/limit","code":"max","message":"Must be at most 50.","offset":23,"line":1,"column":24}]}
}
