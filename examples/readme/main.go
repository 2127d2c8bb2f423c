package main

import (
	"log"
	"net/http"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
	"github.com/justinas/alice"
)

type Item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name" required:"name is required"`
	Price float64 `json:"price" required:"price is required"`
}

func newHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/items/{id}", status.Handler(func(r *http.Request) (Item, error) {
		if r.PathValue("id") != "1" {
			return Item{}, errjson.NotFound("There is no such item.")
		}
		return Item{ID: 1, Name: "Widget", Price: 9.99}, nil
	}))
	mux.Handle("POST /api/items", bodyjson.Handler(bodyjson.Config{},
		func(_ *http.Request, in Item) (status.Response, error) {
			in.ID = 2
			return status.Created(in, "/api/items/2"), nil
		}))
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://app.example.com"}, AllowHeaders: []string{"Content-Type"}}))
	return alice.New(errjson.Wrap, cors.Wrap).Then(mux)
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", newHandler()))
}
