package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/status"
)

type newItem struct {
	Name  string  `json:"name" required:"name is required"`
	Price float64 `json:"price" required:"price is required"`
}

func parsing() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /api/items", bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in newItem) (any, error) {
		return status.Created(map[string]any{"id": 99, "name": in.Name, "price": in.Price}, ""), nil
	}))
	return mux
}
