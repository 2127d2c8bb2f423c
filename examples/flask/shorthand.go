package flask

import (
	"net/http"
	"time"

	"github.com/hipflask/hipflask/status"
)

func shorthand() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/status", status.Handler(func(*http.Request) (any, error) {
		return map[string]any{"status": "ok", "uptime": 99.9}, nil
	}))
	mux.Handle("GET /api/tags", status.Handler(func(*http.Request) ([]string, error) {
		return []string{"go", "hipflask", "json", "rest"}, nil
	}))
	mux.Handle("POST /api/items", status.Handler(func(*http.Request) (any, error) {
		return status.Created(map[string]any{"id": 42, "name": "New Widget", "created": true}, "/api/items/42"), nil
	}))
	mux.Handle("DELETE /api/items/{id}", status.Handler(func(*http.Request) (any, error) {
		return status.NoContent(), nil
	}))
	mux.Handle("GET /api/time", status.Handler(func(*http.Request) (any, error) {
		now := time.Now().UTC() // encoded as RFC 3339, without further ado
		return map[string]any{"utc": now, "timestamp": float64(now.UnixMicro()) / 1e6}, nil
	}))
	return mux
}
