package flaskwire

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/hipflask/hipflask/errjson"
)

var _ = register(&app{
	name:  "apierror",
	build: apiErrors,
	page:  errorOnly,
})

// An apiError is the guide's APIError.
type apiError struct {
	message string
	status  int
	payload any
}

func (e *apiError) Error() string { return e.message }

// A subError stands for a subclass of it.
type subError struct{ *apiError }

func (e subError) Unwrap() error { return e.apiError }

// apiErrorBody is what the guide's handler for it sends.
func apiErrorBody(_ *http.Request, e *errjson.Error) errjson.Response {
	return errjson.Response{Body: struct {
		Error   string `json:"error"`
		Details any    `json:"details,omitempty"`
	}{e.Message, e.Details}}
}

func apiErrors() service {
	fails := func(path, message string, status int, payload any) route {
		return get(path, failure(&apiError{message, status, payload}))
	}
	return service{
		errs: errjson.Config{Format: apiErrorBody, Rules: []errjson.Rule{
			errjson.Map(func(_ *http.Request, e *apiError) *errjson.Error {
				return &errjson.Error{Status: e.status, Message: e.message, Details: e.payload}
			}),
		}},
		routes: []route{
			get("/api/items/{id}", func(r *http.Request) (any, error) {
				id, err := pathInt(r, "id")
				if err != nil {
					return nil, err
				}
				if id != 1 {
					return nil, &apiError{"Item not found", http.StatusNotFound, nil}
				}
				return object{"id": 1, "name": "Widget"}, nil
			}),
			fails("/default", "Bad thing", 400, nil),
			fails("/payload", "Validation failed", 422, map[string][]string{"name": {"required"}, "price": {"must be positive"}}),
			fails("/payload-empty", "Validation failed", 422, object{}),
			fails("/payload-list", "Many", 400, []string{"a", "b"}),
			fails("/payload-zero", "Zero", 400, 0),
			fails("/payload-bad", "Bad", 400, make(chan int)),
			fails("/unicode", "Ürün bulunamadı 💥", 404, object{"ключ": "значение"}),
			get("/sub", failure(subError{&apiError{"sub", 403, nil}})),
			fails("/401", "Authentication required", 401, nil),
			fails("/503", "Down", 503, object{"retry": 5}),
			fails("/599", "Odd", 599, nil),
			fails("/200", "Fine", 200, nil),
			fails("/204", "Nothing", 204, nil),
			fails("/string-status", "teapot", 418, nil),
			get("/other", failure(errors.New("a ValueError"))),
			get("/chained", failure(fmt.Errorf("around: %w", &apiError{"wrapped", 500, nil}))),
		},
	}
}
