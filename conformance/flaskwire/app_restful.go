package flaskwire

import (
	"net/http"
	"regexp"
	"slices"
	"sync"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/status"
)

var restfulTexts = regexp.MustCompile(`^Item \d+ not found$|^(name|price) is required$|^bad$|^login$|^required$`)

var _ = register(
	restfulApp("restful", messageOnly),
	restfulApp("restful-bundle", messageOnly),
	restfulApp("restful-bundle-config", messageOnly),
	restfulApp("restful-catchall", messageOnly),
	restfulApp("restful-debug", messageOnly),
	restfulApp("restful-json", simplePage),
)

func restfulApp(name string, page func(int, any) any) *app {
	return &app{name: name, texts: restfulTexts, page: page, build: func() service { return restful(name == "restful-json") }}
}

func messageOnly(_ int, message any) any { return object{"message": message} }

// reqparse is how Flask-RESTful's argument parser answers.
func reqparse() errjson.Config {
	return errjson.Config{
		Format: shapes.Reqparse,
		Rules:  []errjson.Rule{shapes.InvalidAs(http.StatusBadRequest)},
	}
}

// restful is the guide's API of items. With withHandlers the application has a
// format of its own, and the API another one inside.
func restful(withHandlers bool) service {
	type newItem struct {
		Name  string  `json:"name" required:"name is required"`
		Price float64 `json:"price" required:"price is required"`
	}
	var mu sync.Mutex
	items := []*item{{1, "Widget", 9.99}, {2, "Gadget", 24.99}}
	at := func(r *http.Request) (int, error) {
		id, err := pathInt(r, "id")
		if err != nil {
			return 0, err
		}
		i := slices.IndexFunc(items, func(it *item) bool { return it.ID == id })
		if i < 0 {
			return 0, errjson.Errorf(http.StatusNotFound, "Item %d not found", id)
		}
		return i, nil
	}
	locked := func(fn view) http.Handler {
		return status.Handler(func(r *http.Request) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			return fn(r)
		})
	}
	list := status.Resource{
		Get: locked(func(*http.Request) (any, error) { return items, nil }),
		Post: locked(func(r *http.Request) (any, error) {
			in, err := bodyjson.Get[newItem](r)
			if err != nil {
				return nil, err
			}
			id := 1
			for _, it := range items {
				id = max(id, it.ID+1)
			}
			items = append(items, &item{id, in.Name, in.Price})
			return status.Created(items[len(items)-1], ""), nil
		}),
	}
	one := status.Resource{
		Get: locked(func(r *http.Request) (any, error) {
			i, err := at(r)
			if err != nil {
				return nil, err
			}
			return items[i], nil
		}),
		Put: locked(func(r *http.Request) (any, error) {
			i, err := at(r)
			if err != nil {
				return nil, err
			}
			in, err := bodyjson.Get[newItem](r)
			if err != nil {
				return nil, err
			}
			items[i].Name, items[i].Price = in.Name, in.Price
			return items[i], nil
		}),
		Delete: locked(func(r *http.Request) (any, error) {
			i, err := at(r)
			if err != nil {
				return nil, err
			}
			items = slices.Delete(items, i, i+1)
			return status.NoContent(), nil
		}),
	}
	if withHandlers {
		api := errjson.NewRenderer(reqparse())
		return service{routes: []route{{"/api/items", api.Render(list)}, {"/api/items/{id}", api.Render(one)}}}
	}
	return service{errs: reqparse(), routes: []route{{"/api/items", list}, {"/api/items/{id}", one}}}
}
