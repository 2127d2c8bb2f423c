package flaskwire

import (
	"net/http"
	"net/url"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var _ = register(
	&app{name: "returning", build: func() service { return returning("") }},
	&app{name: "returning-location", build: func() service { return returning("/api/items/42") }},
	&app{name: "routing", build: routing},
)

type item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

// returning is the guide's first section.
func returning(location string) service {
	return service{routes: []route{
		get("/api/status", value(object{"status": "ok", "version": "1.0"})),
		{"/api/items", status.Resource{
			Get:  status.Handler(value([]item{{1, "Widget", 9.99}, {2, "Gadget", 24.99}})),
			Post: status.Handler(value(status.Created(object{"id": 42, "name": "New Widget"}, location))),
		}},
		{"/api/items/{id}", status.Resource{Delete: status.Handler(func(r *http.Request) (any, error) {
			_, err := pathInt(r, "id")
			return status.NoContent(), err
		})}},
		get("/api/user/{id}", func(r *http.Request) (any, error) {
			id, err := pathInt(r, "id")
			return object{"id": id, "name": "Alice", "active": true}, err
		}),
		get("/api/made", value(status.Of(http.StatusCreated, object{"id": 1}))),
		get("/api/made-headers", value(status.Of(http.StatusCreated, object{"id": 1}).WithHeader("X-Total", "1"))),
		get("/api/abs-location", value(status.Created(object{"id": 1}, "https://api.example.com/api/items/1"))),
	}}
}

// routing has what of Flask's routing is not about converters.
func routing() service {
	byMethod := status.Handler(func(r *http.Request) (any, error) {
		return object{"method": r.Method}, nil
	})
	return service{routes: []route{
		get("/api/user/{id}", func(r *http.Request) (any, error) {
			id, err := pathInt(r, "id")
			return object{"id": id}, err
		}),
		get("/api/name/{name}", func(r *http.Request) (any, error) {
			return object{"name": r.PathValue("name")}, nil
		}),
		{"/api/things/", status.Resource{
			Get:  status.Handler(value(object{"method": "GET", "things": []any{}})),
			Post: status.Handler(value(object{"method": "POST", "things": []any{}})),
		}},
		get("/api/leaf", value(object{"leaf": true})),
		get("/api/loose", value(object{"ok": true})),
		get("/api/loose/", value(object{"ok": true})),
		withoutOptions("/api/nopt", object{"ok": true}),
		{"/api/own-options", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodOptions {
				byMethod.ServeHTTP(w, r)
				return
			}
			status.Resource{Get: byMethod}.ServeHTTP(w, r)
		})},
		post("/api/postonly", value(status.Of(http.StatusCreated, object{"ok": true}))),
		{"/api/multi", status.Resource{Get: byMethod, Post: byMethod, Put: byMethod, Patch: byMethod, Delete: byMethod}},
		get("/api/query", func(r *http.Request) (any, error) {
			query, err := url.ParseQuery(r.URL.RawQuery)
			return query, err
		}),
	}}
}

// withoutOptions is a URL whose OPTIONS is not answered, as with
// provide_automatic_options=False.
func withoutOptions(path string, v any) route {
	h := status.Handler(value(v))
	return route{path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			h.ServeHTTP(w, r)
			return
		}
		errjson.Write(w, r, errjson.MethodNotAllowed("GET", "HEAD"))
	})}
}
