package flask

import (
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/status"
)

type itemInput struct {
	Name  string  `json:"name" required:"name is required"`
	Price float64 `json:"price" required:"price is required"`
}

type item struct {
	ID int `json:"id"`
	itemInput
}

func restful() http.Handler {
	var mu sync.Mutex
	items, lastID := []item{{1, itemInput{"Widget", 9.99}}, {2, itemInput{"Gadget", 24.99}}}, 2

	// with calls fn with the index of the item that the path names.
	with := func(r *http.Request, fn func(i int) any) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		i := slices.IndexFunc(items, func(it item) bool { return strconv.Itoa(it.ID) == r.PathValue("id") })
		if i < 0 {
			return nil, errjson.Errorf(http.StatusNotFound, "Item %s not found", r.PathValue("id"))
		}
		return fn(i), nil
	}

	mux := http.NewServeMux()
	mux.Handle("/api/items", status.Resource{
		Get: status.Handler(func(*http.Request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(items), nil
		}),
		Post: bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in itemInput) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			lastID++
			items = append(items, item{lastID, in})
			return status.Created(items[len(items)-1], "/api/items/"+strconv.Itoa(lastID)), nil
		}),
	})
	mux.Handle("/api/items/{id}", status.Resource{
		Get: status.Handler(func(r *http.Request) (any, error) {
			return with(r, func(i int) any { return items[i] })
		}),
		Put: bodyjson.Handler(bodyjson.Config{}, func(r *http.Request, in itemInput) (any, error) {
			return with(r, func(i int) any { items[i].itemInput = in; return items[i] })
		}),
		Delete: status.Handler(func(r *http.Request) (any, error) {
			return with(r, func(i int) any { items = slices.Delete(items, i, i+1); return status.NoContent() })
		}),
	})
	errs := errjson.NewRenderer(errjson.Config{Format: shapes.Restful})
	return errs.Wrap(mux)
}
