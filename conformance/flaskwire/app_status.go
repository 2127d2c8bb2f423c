package flaskwire

import (
	"maps"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var _ = register(
	&app{name: "itemdetail", build: func() service {
		return itemDetail(map[int]object{
			1: {"id": 1, "name": "Widget", "price": 9.99},
			2: {"id": 2, "name": "Gadget", "price": 24.99},
		})
	}, page: errorOnly},
	&app{name: "itemdetail-empty", build: func() service { return itemDetail(map[int]object{}) }, page: errorOnly},
)

// justError is a format with the one member that the guide's own answers have.
func justError(_ *http.Request, e *errjson.Error) errjson.Response {
	return errjson.Response{Body: object{"error": e.Message}}
}

func errorOnly(_ int, message any) any { return object{"error": message} }

// itemDetail is the guide's item_detail. The requests of a case come one after the
// other, so the items need no lock.
func itemDetail(items map[int]object) service {
	find := func(r *http.Request) (int, object, error) {
		id, err := pathInt(r, "id")
		if err != nil {
			return 0, nil, err
		}
		found, ok := items[id]
		if !ok {
			return 0, nil, errjson.NotFound("Item not found")
		}
		return id, found, nil
	}
	update := func(r *http.Request) (any, error) {
		_, found, err := find(r)
		if err != nil {
			return nil, err
		}
		changes, err := bodyjson.Get[*object](r) // null is nil, as None is
		if changes != nil {
			maps.Copy(found, *changes)
		}
		return found, err
	}
	lax := bodyjson.Lazy(bodyjson.Config{Force: true, Silent: true, UseNumber: true}) // as the guide has it
	return service{errs: errjson.Config{Format: justError}, routes: []route{
		{"/api/items/{id}", status.Resource{
			Get: status.Handler(func(r *http.Request) (any, error) {
				_, found, err := find(r)
				return found, err
			}),
			Put:   lax(status.Handler(update)),
			Patch: lax(status.Handler(update)),
			Delete: status.Handler(func(r *http.Request) (any, error) {
				id, _, err := find(r)
				delete(items, id)
				return status.NoContent(), err
			}),
		}},
	}}
}
