package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
)

func returning() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/status", status.Handler(func(*http.Request) (any, error) {
		return map[string]any{"status": "ok", "version": "1.0"}, nil
	}))
	mux.Handle("GET /api/items", status.Handler(func(*http.Request) (any, error) {
		return []map[string]any{
			{"id": 1, "name": "Widget", "price": 9.99},
			{"id": 2, "name": "Gadget", "price": 24.99},
		}, nil
	}))
	mux.Handle("GET /api/user/{id}", status.Handler(func(r *http.Request) (any, error) {
		p := params.Of(r)
		id := p.Path("id").Int() // if it is not an integer, Err is a 404
		return map[string]any{"id": id, "name": "Alice", "active": true}, p.Err()
	}))
	mux.Handle("POST /api/items", status.Handler(func(*http.Request) (any, error) {
		return status.Created(map[string]any{"id": 42, "name": "New Widget"}, "/api/items/42"), nil
	}))
	mux.Handle("DELETE /api/items/{id}", status.Handler(func(*http.Request) (any, error) {
		return status.NoContent(), nil
	}))
	return mux
}
