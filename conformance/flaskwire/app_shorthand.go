package flaskwire

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var _ = register(
	&app{name: "shorthand", build: shorthand},
	&app{name: "tuples", build: tuples, texts: regexp.MustCompile(`^returned not raised$`)},
)

// isoformat is the layout of Python's datetime.isoformat.
const isoformat = "2006-01-02T15:04:05.999999-07:00"

// shorthand is the guide's section on it, with a clock that stands.
func shorthand() service {
	now := time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
	return service{routes: []route{
		get("/api/status", value(object{"status": "ok", "uptime": 99.9})),
		get("/api/tags", value([]string{"python", "flask", "json", "rest"})),
		post("/api/items", value(status.Created(object{"id": 42, "name": "New Widget", "created": true}, ""))),
		{"/api/items/{id}", status.Resource{Delete: status.Handler(func(r *http.Request) (any, error) {
			_, err := pathInt(r, "id")
			return status.NoContent(), err
		})}},
		get("/api/time", func(*http.Request) (any, error) {
			return object{"utc": now.Format(isoformat), "timestamp": float64(now.UnixMicro()) / 1e6}, nil
		}),
	}}
}

// tuples has a URL for each form of return value that Go has, too.
func tuples() service {
	html := func(path, text string) route {
		return route{path, status.Resource{Get: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, text)
		})}}
	}
	a1 := object{"a": 1}
	return service{routes: []route{
		get("/dict", value(a1)),
		get("/dict-empty", value(object{})),
		get("/list-empty", value([]int(nil))),
		get("/list-of-dicts", value([]object{{"a": 1}, {"b": nil}})),
		get("/dict-status", value(status.Of(http.StatusNotFound, object{"error": "not found"}))),
		get("/dict-status-headers", value(status.Created(a1, "/x/1").WithHeader("X-A", "b"))),
		get("/dict-headers", value(status.OK(a1).WithHeader("X-A", "b"))),
		get("/list-status", value(status.Of(http.StatusPartialContent, []int{1, 2}))),
		get("/status-string", value(status.Of(http.StatusCreated, a1))),
		get("/content-type", value(status.Of(http.StatusBadRequest, object{"type": "about:blank"}).
			WithHeader("Content-Type", "application/problem+json"))),
		get("/content-type-lower", value(status.OK(a1).WithHeader("content-type", "application/vnd.api+json"))),
		html("/str", "plain"),
		html("/str-json", `{"a": 1}`),
		html("/empty-200", ""),
		get("/str-json-typed", value(json.RawMessage(`{"a": 1}`))),
		get("/dict-204", value(status.Of(http.StatusNoContent, a1))),
		get("/jsonify-override", value(status.Accepted(a1).WithHeader("X-A", "b"))),
		get("/response-status", value(status.Of(http.StatusTeapot, a1))),
		get("/generator-json", value([]int{1, 2})),
		get("/ordereddict", value(struct {
			B int `json:"b"`
			A int `json:"a"`
		}{1, 2})),
		get("/http-exception", failure(errjson.BadRequest("returned not raised"))),
		get("/redirect", value(status.Of(http.StatusFound, object{"moved": true}).WithHeader("Location", "/dict"))),
		get("/dict-in-tuple-list", value([]any{a1, 201})),
	}}
}
