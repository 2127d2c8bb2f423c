package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// An APIError is an error of this application.
type APIError struct {
	Message string
	Status  int
	Payload any
}

func (e *APIError) Error() string { return e.Message }

func apiErrors() http.Handler {
	errs := errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{
		errjson.Map(func(_ *http.Request, e *APIError) *errjson.Error {
			return &errjson.Error{Status: e.Status, Message: e.Message, Details: e.Payload}
		}),
	}})
	mux := http.NewServeMux()
	mux.Handle("GET /api/items/{id}", status.Handler(func(r *http.Request) (any, error) {
		if r.PathValue("id") != "1" {
			return nil, &APIError{Message: "Item not found", Status: http.StatusNotFound}
		}
		return map[string]any{"id": 1, "name": "Widget"}, nil
	}))
	return errs.Wrap(mux)
}
