package flaskwire

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var _ = register(
	&app{name: "parsing", build: func() service { return parsing(errjson.Config{}) }},
	&app{name: "parsing-json", build: func() service { return parsing(errjson.Config{Format: threeMembers}) }},
	&app{name: "getjson", build: func() service { return getJSON(errjson.Config{}, 0) }},
	&app{name: "getjson-json", build: func() service { return getJSON(errjson.Config{Format: threeMembers}, 0) }},
	&app{name: "getjson-debug", build: func() service { return getJSON(errjson.Config{Format: threeMembers}, 0) }},
	&app{name: "getjson-limit", build: func() service { return getJSON(errjson.Config{Format: threeMembers}, 64) }},
	&app{name: "getjson-limit-html", build: func() service { return getJSON(errjson.Config{}, 64) }},
)

// threeMembers is the guide's handler for HTTPException to the letter. The default
// format has the code and the details of an error as well.
func threeMembers(_ *http.Request, e *errjson.Error) errjson.Response {
	name := cmp.Or(http.StatusText(e.Status), "Unknown Error")
	return errjson.Response{
		Body: object{"error": name, "message": description(e), "status": e.Status},
	}
}

// description is the message, or the object that an application has put in its place, as the
// description of abort can be any object.
func description(e *errjson.Error) any {
	switch e.Details.(type) {
	case nil, []errjson.FieldError, errjson.SyntaxError:
		return e.Message
	}
	return e.Details
}

// parsing is the guide's create_item.
func parsing(errs errjson.Config) service {
	type newItem struct {
		Name  string   `json:"name"`
		Price *float64 `json:"price"`
	}
	return service{errs: errs, routes: []route{
		post("/api/items", func(r *http.Request) (any, error) {
			in, err := bodyjson.Get[*newItem](r)
			switch {
			case err != nil:
				return nil, err
			case in == nil:
				return status.Of(http.StatusBadRequest, object{"error": "Request body must be JSON"}), nil
			case in.Name == "" || in.Price == nil:
				return status.Of(http.StatusUnprocessableEntity, object{"error": "name and price are required"}), nil
			}
			return status.Created(item{99, in.Name, *in.Price}, ""), nil
		}),
	}}
}

// getJSON has a URL for each way to ask for the body.
func getJSON(errs errjson.Config, limit int64) service {
	// UseNumber keeps the digits of large integers, as Python does.
	strict := bodyjson.Config{UseNumber: true, MaxBytes: limit}
	force, silent := strict, strict
	force.Force, silent.Silent = true, true
	both := force
	both.Silent = true

	body := func(r *http.Request) (any, error) {
		data, err := bodyjson.Get[any](r)
		return typed(data), err
	}
	any4 := func(fn view) http.Handler {
		h := status.Handler(fn)
		return bodyjson.Lazy(strict)(status.Resource{Get: h, Post: h, Put: h, Delete: h})
	}
	under := func(cfg bodyjson.Config) http.Handler {
		h := status.Handler(body)
		return bodyjson.Lazy(cfg)(status.Resource{Get: h, Post: h, Put: h, Delete: h})
	}
	return service{errs: errs, routes: []route{
		{"/plain", under(strict)},
		{"/force", under(force)},
		{"/silent", under(silent)},
		{"/both", under(both)},
		{"/json-attr", any4(body)},
		{"/raw", any4(func(r *http.Request) (any, error) {
			raw, err := bodyjson.Bytes(r)
			if err != nil {
				return nil, err
			}
			if !json.Valid(raw) || !utf8.Valid(raw) {
				return nil, errors.New("not JSON") // what json.loads raises
			}
			var data any
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.UseNumber()
			err = dec.Decode(&data)
			return typed(data), err
		})},
		{"/bytes", any4(func(r *http.Request) (any, error) {
			raw, err := bodyjson.Bytes(r)
			return object{"length": len(raw), "hex": hex.EncodeToString(raw[:min(64, len(raw))])}, err
		})},
		{"/is-json", any4(func(r *http.Request) (any, error) {
			mediaType, _, _ := strings.Cut(strings.ReplaceAll(r.Header.Get("Content-Type"), ",", ";"), ";")
			return object{"is_json": bodyjson.IsJSON(r), "mimetype": strings.ToLower(strings.TrimSpace(mediaType))}, nil
		})},
		{"/guarded", any4(func(r *http.Request) (any, error) {
			if !bodyjson.IsJSON(r) {
				return status.Of(http.StatusUnsupportedMediaType, object{"error": "Content-Type must be application/json"}), nil
			}
			data, err := bodyjson.Get[any](r)
			if _, ok := data.(object); err == nil && !ok {
				return status.Of(http.StatusBadRequest, object{"error": "Body must be a JSON object"}), nil
			}
			return typed(data), err
		})},
		{"/twice", any4(func(r *http.Request) (any, error) {
			first, _ := bodyjson.Get[any](r) // silent=True is to pass over the error
			second, err := bodyjson.Get[any](r)
			return object{"first": first, "second": second}, err
		})},
		{"/lazy", any4(value(object{"parsed": false}))},
	}}
}

// typed is a value with the name that its type has in Python.
func typed(v any) object {
	name := "NoneType"
	switch v := v.(type) {
	case object:
		name = "dict"
	case []any:
		name = "list"
	case string:
		name = "str"
	case bool:
		name = "bool"
	case json.Number:
		name = "float"
		if integer.MatchString(v.String()) {
			name = "int"
		}
	}
	return object{"data": v, "type": name}
}

var integer = regexp.MustCompile(`^-?[0-9]+$`)
