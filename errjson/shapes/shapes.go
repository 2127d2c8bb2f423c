// Package shapes has the error formats of other frameworks, for services that replace one and for
// their clients:
//
//	errs := errjson.NewRenderer(errjson.Config{Format: shapes.Marshmallow})
//
// [Restful], [Reqparse], [Marshmallow] and [FastAPI] are [errjson.Format] functions. Each presents
// an [errjson.FieldError] by its location: the request body, or a parameter in the query, the path,
// a header, a cookie or a form.
package shapes

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/statustext"
)

// Restful is the format of Flask-RESTful:
//
//	{"message":"No item 7."}
//
// The members of Details that are a map[string]any are beside the message, like the keywords of
// Flask-RESTful's abort. A member "message" replaces the message. Other Details are the member
// "details". The members "code" and "request_id" follow if they are set.
func Restful(_ *http.Request, e *errjson.Error) errjson.Response {
	members, ok := e.Details.(map[string]any)
	if !ok {
		return errjson.Response{Body: struct {
			Message   string `json:"message"`
			Code      string `json:"code,omitempty"`
			Details   any    `json:"details,omitempty"`
			RequestID string `json:"request_id,omitempty"`
			Cause     string `json:"cause,omitempty"`
		}{e.Message, e.Code, e.Details, e.RequestID(), e.ExposedCause()}}
	}
	all := map[string]any{"message": e.Message}
	for name, value := range map[string]string{
		"code": e.Code, "request_id": e.RequestID(), "cause": e.ExposedCause(),
	} {
		if value != "" {
			all[name] = value
		}
	}
	maps.Copy(all, members)
	return errjson.Response{Body: all}
}

// Marshmallow is the format of flask-smorest, with field errors grouped as by [Messages] under the
// location names of webargs: json, query, path, headers, cookies and form.
//
//	{"code":422,"status":"Unprocessable Entity",
//	 "errors":{"json":{"name":["This field is required."],"items":{"0":{"qty":["Must be an integer."]}}}}}
//
// Without field errors it is {"code":404,"status":"Not Found","message":"No item 7."}.
func Marshmallow(_ *http.Request, e *errjson.Error) errjson.Response {
	type body struct {
		Code    int                       `json:"code"`
		Status  string                    `json:"status"`
		Message string                    `json:"message,omitempty"`
		Errors  map[string]map[string]any `json:"errors,omitempty"`
	}
	b := body{Code: e.Status, Status: statustext.Name(e.Status)}
	if len(e.Fields()) == 0 {
		b.Message = e.Message
		return errjson.Response{Body: b}
	}
	b.Errors = make(map[string]map[string]any)
	for _, f := range e.Fields() {
		location := webargsLocation(f.In)
		if b.Errors[location] == nil {
			b.Errors[location] = make(map[string]any)
		}
		addMessage(b.Errors[location], path(f), f.Message)
	}
	return errjson.Response{Body: b}
}

// webargsLocation returns webargs' name of a location.
func webargsLocation(in string) string {
	switch in {
	case "":
		return "json"
	case "header":
		return "headers"
	case "cookie":
		return "cookies"
	}
	return in
}

// Reqparse is the format of Flask-RESTful's reqparse with bundle_errors:
//
//	{"message":{"name":"This field is required.","items.0.qty":"Must be an integer."}}
//
// Without field errors, or with one for the whole body, it is {"message":"No item 7."}. Of several
// errors of one field it has the first. The status of reqparse is 400, which [InvalidAs] sets:
//
//	errjson.Config{Format: shapes.Reqparse, Rules: []errjson.Rule{shapes.InvalidAs(400)}}
func Reqparse(_ *http.Request, e *errjson.Error) errjson.Response {
	var message any = e.Message
	if fields := e.Fields(); len(fields) > 0 {
		texts := make(map[string]string, len(fields))
		for _, f := range slices.Backward(fields) {
			texts[strings.Join(path(f), ".")] = f.Message
		}
		message = texts
		if text, ok := texts[""]; ok && len(texts) == 1 {
			message = text
		}
	}
	return errjson.Response{Body: map[string]any{"message": message}}
}

// FastAPI is the format of FastAPI and Pydantic:
//
//	{"detail":[{"type":"missing","loc":["body","items",0,"qty"],"msg":"This field is required."}]}
//
// The first element of a loc is the location: body, query, path, header, cookie or form. A number
// in a pointer is an index. The ctx has the parameters of the message. A type is the code of the
// field error, except where FastAPI has another name: missing for required, extra_forbidden for
// unknown_field, value_error for an empty code, and json_invalid for a body that is not JSON, whose
// loc has the offset. Without field errors it is {"detail":"No item 7."}.
func FastAPI(_ *http.Request, e *errjson.Error) errjson.Response {
	type detail struct {
		Type string         `json:"type"`
		Loc  []any          `json:"loc"`
		Msg  string         `json:"msg"`
		Ctx  map[string]any `json:"ctx,omitempty"`
	}
	fields := e.Fields()
	if s, ok := e.Details.(errjson.SyntaxError); ok {
		d := detail{Type: "json_invalid", Loc: []any{"body", s.Offset}, Msg: s.Message}
		return errjson.Response{Body: map[string]any{"detail": []detail{d}}}
	}
	if len(fields) == 0 {
		return errjson.Response{Body: map[string]any{"detail": e.Message}}
	}
	details := make([]detail, len(fields))
	for i, f := range fields {
		in := f.In
		if in == "" {
			in = "body"
		}
		loc := []any{in}
		for _, token := range path(f) {
			index, err := strconv.Atoi(token)
			if err == nil && index >= 0 && strconv.Itoa(index) == token {
				loc = append(loc, index)
			} else {
				loc = append(loc, token)
			}
		}
		details[i] = detail{Type: fastAPIType(f.Code), Loc: loc, Msg: f.Message, Ctx: f.Params}
	}
	return errjson.Response{Body: map[string]any{"detail": details}}
}

func fastAPIType(code string) string {
	switch code {
	case "":
		return "value_error"
	case "required":
		return "missing"
	case "unknown_field":
		return "extra_forbidden"
	}
	return code
}

// Messages returns the field errors of e grouped as in Marshmallow's err.messages. A custom response
// is then one line:
//
//	errjson.OnStatus(422, func(_ *http.Request, e *errjson.Error) any {
//		return map[string]any{"errors": shapes.Messages(e)}
//	})
//
// The tokens of a pointer become the keys, and so does an index. The value at the end is a []string
// with the messages in their order:
//
//	{"name":["Is required."],"items":{"0":{"qty":["Must be an integer."]}}}
//
// Messages about the whole body have the key "_schema". So do those about an object or list that
// contains other field errors. The key of a parameter is its name. An error without field errors has
// its own message under "_schema".
//
// Each call returns a new map, which the caller may change.
func Messages(e *errjson.Error) map[string]any {
	tree := make(map[string]any)
	for _, f := range e.Fields() {
		addMessage(tree, path(f), f.Message)
	}
	if len(tree) == 0 {
		addMessage(tree, nil, e.Message)
	}
	return tree
}

const schema = "_schema"

// addMessage adds a message to a tree at a path of names.
func addMessage(tree map[string]any, path []string, message string) {
	at, name := tree, schema
	for i, next := range path {
		if i > 0 {
			at = subtree(at, name)
		}
		name = next
	}
	for { // an object with messages inside has its own among them
		inner, ok := at[name].(map[string]any)
		if !ok {
			break
		}
		at, name = inner, schema
	}
	texts, _ := at[name].([]string)
	at[name] = append(texts, message)
}

// subtree returns the tree under a name, with the messages that are there.
func subtree(tree map[string]any, name string) map[string]any {
	inner, ok := tree[name].(map[string]any)
	if !ok {
		inner = make(map[string]any)
		if texts := tree[name]; texts != nil {
			inner[schema] = texts
		}
		tree[name] = inner
	}
	return inner
}

// InvalidAs returns a rule that gives field errors, such as those of [errjson.Invalid], another
// status than 422. The status of reqparse, Gin and Echo is 400.
//
// It panics if the status is not within 400–599.
func InvalidAs(status int) errjson.Rule {
	if status < 400 || status > 599 {
		panic("shapes: InvalidAs: " + strconv.Itoa(status) + " is not an error status")
	}
	return errjson.Map(func(_ *http.Request, e *errjson.Error) *errjson.Error {
		if e.Status != http.StatusUnprocessableEntity || e.Fields() == nil {
			return nil
		}
		other := *e
		other.Status = status
		return &other
	})
}

// path returns the names that lead to the value of a field error: the name of a parameter, and the
// tokens of the pointer (RFC 6901, Sections 3 and 4). A pointer without its first slash is
// accepted.
func path(f errjson.FieldError) []string {
	var names []string
	if f.In != "" {
		names = append(names, f.Name)
	}
	if f.Pointer != "" {
		for token := range strings.SplitSeq(strings.TrimPrefix(f.Pointer, "/"), "/") {
			names = append(names, unescape.Replace(token))
		}
	}
	return names
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")
