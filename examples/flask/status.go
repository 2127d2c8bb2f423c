package flask

import (
	"maps"
	"net/http"
	"sync"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// items are by id. One that is stored is not changed any more, but replaced, so that
// a request can still be encoding it.
var items sync.Map

func itemDetail() http.Handler {
	find := func(r *http.Request) (map[string]any, error) {
		if item, ok := items.Load(r.PathValue("id")); ok {
			return item.(map[string]any), nil
		}
		return nil, errjson.NotFound("Item not found")
	}
	update := bodyjson.Handler(bodyjson.Config{}, func(r *http.Request, changes map[string]any) (any, error) {
		item, err := find(r)
		if err == nil {
			item = maps.Clone(item)
			maps.Copy(item, changes)
			items.Store(r.PathValue("id"), item)
		}
		return item, err
	})
	mux := http.NewServeMux()
	mux.Handle("/api/items/{id}", status.Resource{
		Get: status.Handler(find), Put: update, Patch: update,
		Delete: status.Handler(func(r *http.Request) (any, error) {
			_, err := find(r)
			items.Delete(r.PathValue("id"))
			return status.NoContent(), err
		}),
	})
	return mux
}
