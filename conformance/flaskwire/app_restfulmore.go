package flaskwire

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
	"github.com/hipflask/hipflask/status"
)

var _ = register(&app{
	name:  "restful-more",
	build: restfulMore,
	page:  messageOnly,
	texts: regexp.MustCompile(restfulTexts.String() + `|^bad page: |^price is bad: |^b: |^Bad choice: `),
})

// restfulMore has a URL for each option of Flask-RESTful's argument parser.
func restfulMore() service {
	type jsonArgs struct {
		Name  string   `json:"name" required:"true"`
		Price *float64 `json:"price"`
		N     *int     `json:"n"`
	}
	type helpArgs struct {
		Price float64 `json:"price" required:"price is bad: it is missing"`
	}
	type nullableArgs struct {
		A bodyjson.Optional[string] `json:"a" notnull:"true"`
	}
	type appendArgs struct {
		Tag []string `json:"tag"`
	}
	q := func(path string, list ...arg) route {
		return get(path, func(r *http.Request) (any, error) { return parseArgs(r, list...) })
	}
	fields := object{"message": "bad", "errors": object{"name": []string{"required"}}}
	boom := failure(errors.New("boom"))
	keywords := errjson.NewRenderer(errjson.Config{Format: shapes.Restful})

	return service{errs: reqparse(), routes: []route{
		{"/args", status.Resource{
			Get:  status.Handler(func(r *http.Request) (any, error) { return parseArgs(r, argQ, argPage) }),
			Post: status.Handler(func(r *http.Request) (any, error) { return parseArgs(r, argQ, argPage) }),
		}},
		q("/args-nohelp", arg{name: "page", required: true, parse: asInt}),
		q("/headers", arg{name: "X-Token", required: true, from: header}),
		q("/cookies", arg{name: "sid", required: true, from: cookie}),
		q("/choices", arg{name: "size", choices: []string{"s", "m", "l"}}),
		q("/choices-help", arg{name: "size", choices: []string{"s", "m", "l"}, help: "Bad choice: "}),
		q("/append", arg{name: "tag", list: true}),
		q("/store-missing", arg{name: "b"}),
		q("/strict", arg{name: "a", strict: true}),
		{"/code", keywords.Render(status.Resource{Get: status.Handler(func(r *http.Request) (any, error) {
			values, err := parseArgs(r, arg{name: "a", required: true})
			if fault, ok := errors.AsType[errjson.FieldError](err); ok {
				err = &errjson.Error{Status: http.StatusUnprocessableEntity, Details: object{"message": object{"a": fault.Message}}}
			}
			return values, err
		})})},
		q("/trim", arg{name: "a", parse: func(s string) (any, error) { return strings.TrimSpace(s), nil }}),
		q("/case", arg{name: "a", choices: []string{"red"}, fold: true}),
		q("/bool", arg{name: "b", parse: asBool}),
		q("/boolbuiltin", arg{name: "b", parse: asBool}),
		q("/natural", arg{name: "n", parse: asIntWithin(0, 1<<53)}),
		q("/range", arg{name: "n", parse: asIntWithin(1, 10)}),
		q("/dest", arg{name: "user-name", dest: "user"}),
		q("/bundle", arg{name: "a", required: true, parse: asInt},
			arg{name: "b", required: true, parse: asInt, help: "b: "}, arg{name: "c", choices: []string{"x", "y"}}),
		q("/twolocs", arg{name: "a", required: true, from: func(r *http.Request, name string) []string {
			return slices.Concat(query(r, name), header(r, name))
		}}),
		post("/form", func(r *http.Request) (any, error) {
			return parseArgs(r, arg{name: "name", required: true, from: form}, arg{name: "price", from: form, parse: asFloat})
		}),

		post("/json", func(r *http.Request) (any, error) { return bodyjson.Get[jsonArgs](r) }),
		post("/json-help", func(r *http.Request) (any, error) { return bodyjson.Get[helpArgs](r) }),
		post("/append-json", func(r *http.Request) (any, error) { return bodyjson.Get[appendArgs](r) }),
		post("/nullable", func(r *http.Request) (any, error) { return bodyjson.Get[nullableArgs](r) }),
		post("/body", func(r *http.Request) (any, error) {
			data, err := bodyjson.Get[any](r)
			return object{"data": data}, err
		}),

		get("/ret/dict", value(object{"a": 1})),
		get("/ret/list", value([]int{1, 2})),
		get("/ret/str", value("hello")),
		get("/ret/none", value(nil)),
		get("/ret/headers", value(status.Accepted(object{"a": 1}).WithHeader("X-A", "b"))),
		get("/ret/unicode", value(object{"n": "Zoë 💥", "b": 1, "a": 2})),
		get("/ret/datetime", value(object{"when": time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)})),
		get("/ret/empty204", value(status.NoContent())),

		get("/abort/plain", failure(errjson.NotFound(""))),
		get("/abort/message", failure(errjson.NotFound("Item 7 not found"))),
		{"/abort/fields", keywords.Render(status.Handler(failure(&errjson.Error{Status: http.StatusUnprocessableEntity, Details: fields})))},
		get("/abort/401", failure(errjson.Unauthorized("login"))),
		get("/abort/409", failure(errjson.Conflict(""))),
		get("/boom", boom),

		get("/plain-flask", value(object{"ok": true})),
		get("/plain-boom", boom),
	}}
}

var (
	argQ    = arg{name: "q", required: true}
	argPage = arg{name: "page", parse: asInt, otherwise: 1, help: "bad page: "}
)

// An arg is an argument as reqparse declares it. Nothing of it is about JSON, and
// net/http has all that it takes; what fails leaves through errjson all the same.
type arg struct {
	name      string
	dest      string                               // the name in the result
	from      func(*http.Request, string) []string // nil is the query
	parse     func(string) (any, error)            // nil is text
	required  bool
	otherwise any // where it is absent
	choices   []string
	fold      bool // to lower case
	list      bool
	strict    bool // no other argument may be there
	help      string
}

func parseArgs(r *http.Request, list ...arg) (object, error) {
	values := object{}
	var faults []error
	for _, a := range list {
		v, err := a.read(r)
		if err != nil {
			faults = append(faults, errjson.FieldError{Pointer: "/" + a.name, Message: a.help + err.Error()})
		}
		if a.dest != "" {
			a.name = a.dest
		}
		values[a.name] = v
	}
	return values, errors.Join(faults...)
}

func (a arg) read(r *http.Request) (any, error) {
	from := a.from
	if from == nil {
		from = query
	}
	if a.strict {
		for name := range r.URL.Query() {
			if name != a.name {
				return nil, errors.New("there are other arguments")
			}
		}
	}
	texts := from(r, a.name)
	switch {
	case len(texts) == 0 && a.required:
		return nil, errors.New("is required")
	case len(texts) == 0:
		return a.otherwise, nil
	case a.list:
		return texts, nil
	}
	text := texts[0]
	if a.fold {
		text = strings.ToLower(text)
	}
	for _, text := range texts {
		if a.fold {
			text = strings.ToLower(text)
		}
		if a.choices != nil && !slices.Contains(a.choices, text) {
			return nil, errors.New("is not one of " + strings.Join(a.choices, ", "))
		}
	}
	if a.parse != nil {
		return a.parse(text)
	}
	return text, nil
}

func query(r *http.Request, name string) []string  { return r.URL.Query()[name] }
func header(r *http.Request, name string) []string { return r.Header.Values(name) }

func form(r *http.Request, name string) []string {
	if err := r.ParseForm(); err != nil {
		return nil
	}
	return r.PostForm[name]
}

func cookie(r *http.Request, name string) []string {
	c, err := r.Cookie(name)
	if err != nil {
		return nil
	}
	return []string{c.Value}
}

func asInt(s string) (any, error) {
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
		return n, nil
	}
	return nil, errors.New("must be an integer")
}

func asFloat(s string) (any, error) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, nil
	}
	return nil, errors.New("must be a number")
}

func asBool(s string) (any, error) {
	if b, err := strconv.ParseBool(s); err == nil {
		return b, nil
	}
	return nil, errors.New("must be true or false")
}

func asIntWithin(low, high int) func(string) (any, error) {
	return func(s string) (any, error) {
		if n, err := strconv.Atoi(s); err == nil && n >= low && n <= high {
			return n, nil
		}
		return nil, errors.New("is out of range")
	}
}
