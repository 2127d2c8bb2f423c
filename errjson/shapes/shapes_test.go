package shapes_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
)

// presetErrors has field errors with every difference that the formats know.
var presetErrors = errjson.Invalid(
	errjson.FieldError{Pointer: "/name", Code: "required", Message: "This field is required."},
	errjson.FieldError{Pointer: "/items/3/qty", Code: "type", Message: "Must be an integer.", Offset: 7, Line: 1, Column: 8},
	errjson.FieldError{Pointer: "/items/3/qty", Code: "few", Message: "Too few."},
	errjson.FieldError{Pointer: "/items/3", Code: "sold", Message: "Is sold."},
	errjson.FieldError{Pointer: "/a~1b/~0", Code: "unknown_field", Message: "Unknown field."},
	errjson.FieldError{Pointer: "/01", Code: "x", Message: "One."},
)

func TestShapes(t *testing.T) {
	syntax := &errjson.Error{Status: 400, Code: "syntax", Message: "Syntax error. (Line 1, column 6.)",
		Details: errjson.SyntaxError{Pointer: "/name", Code: "syntax", Message: "Syntax error.", Offset: 5, Line: 1, Column: 6}}
	whole := errjson.Invalid(errjson.FieldError{Code: "null", Message: "Must not be null."})
	bare := errjson.Invalid()
	plain := errjson.NotFound("No item 7.")
	other := &errjson.Error{Status: 409, Message: "Taken.", Details: map[string]any{"by": "you"}}

	parameters := errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Message: "a"},
		errjson.FieldError{In: "query", Name: "limit", Code: "range", Message: "b", Params: map[string]any{"min": 1}},
		errjson.FieldError{In: "query", Name: "limit", Message: "c"},
		errjson.FieldError{In: "query", Name: "filter", Pointer: "/a/0", Message: "d"},
		errjson.FieldError{In: "path", Name: "id", Message: "e"},
		errjson.FieldError{In: "header", Name: "X-Token", Message: "f"},
		errjson.FieldError{In: "cookie", Name: "s", Message: "g"},
		errjson.FieldError{In: "form", Name: "file", Message: "h"},
	)

	tests := []struct {
		name   string
		format errjson.Format
		err    error
		want   string
	}{
		{"Marshmallow/fields", shapes.Marshmallow, presetErrors, `{"code":422,"status":"Unprocessable Entity","errors":{"json":{
			"name":["This field is required."],
			"items":{"3":{"_schema":["Is sold."],"qty":["Must be an integer.","Too few."]}},
			"a/b":{"~":["Unknown field."]},
			"01":["One."]}}}`},
		{"Marshmallow/parameters", shapes.Marshmallow, parameters, `{"code":422,"status":"Unprocessable Entity","errors":{
			"json":{"name":["a"]},"query":{"limit":["b","c"],"filter":{"a":{"0":["d"]}}},"path":{"id":["e"]},
			"headers":{"X-Token":["f"]},"cookies":{"s":["g"]},"form":{"file":["h"]}}}`},
		{"Reqparse/parameters", shapes.Reqparse, parameters, `{"message":{
			"name":"a","limit":"b","filter.a.0":"d","id":"e","X-Token":"f","s":"g","file":"h"}}`},
		{"FastAPI/parameters", shapes.FastAPI, parameters, `{"detail":[
			{"type":"value_error","loc":["body","name"],"msg":"a"},
			{"type":"range","loc":["query","limit"],"msg":"b","ctx":{"min":1}},
			{"type":"value_error","loc":["query","limit"],"msg":"c"},
			{"type":"value_error","loc":["query","filter","a",0],"msg":"d"},
			{"type":"value_error","loc":["path","id"],"msg":"e"},
			{"type":"value_error","loc":["header","X-Token"],"msg":"f"},
			{"type":"value_error","loc":["cookie","s"],"msg":"g"},
			{"type":"value_error","loc":["form","file"],"msg":"h"}]}`},
		{"Restful/parameters", shapes.Restful, errjson.Invalid(parameters.Fields()[1]),
			`{"message":"The input is not valid.","code":"invalid","details":[{"in":"query","name":"limit","code":"range","message":"b","params":{"min":1}}]}`},
		{"Restful/other", shapes.Restful, other, `{"message":"Taken.","by":"you"}`},
		{"Restful/code", shapes.Restful, &errjson.Error{Status: 409, Message: "Taken.", Code: "taken"}, `{"message":"Taken.","code":"taken"}`},

		{"Marshmallow/whole", shapes.Marshmallow, whole, `{"code":422,"status":"Unprocessable Entity","errors":{"json":{"_schema":["Must not be null."]}}}`},
		{"Marshmallow/none", shapes.Marshmallow, bare, `{"code":422,"status":"Unprocessable Entity","message":"The input is not valid."}`},
		{"Marshmallow/syntax", shapes.Marshmallow, syntax, `{"code":400,"status":"Bad Request","message":"Syntax error. (Line 1, column 6.)"}`},
		{"Marshmallow/plain", shapes.Marshmallow, plain, `{"code":404,"status":"Not Found","message":"No item 7."}`},
		{"Marshmallow/other", shapes.Marshmallow, other, `{"code":409,"status":"Conflict","message":"Taken."}`},

		{"Reqparse/fields", shapes.Reqparse, presetErrors, `{"message":{
			"name":"This field is required.","items.3.qty":"Must be an integer.","items.3":"Is sold.","a/b.~":"Unknown field.","01":"One."}}`},
		{"Reqparse/whole", shapes.Reqparse, whole, `{"message":"Must not be null."}`},
		{"Reqparse/none", shapes.Reqparse, bare, `{"message":"The input is not valid."}`},
		{"Reqparse/syntax", shapes.Reqparse, syntax, `{"message":"Syntax error. (Line 1, column 6.)"}`},
		{"Reqparse/plain", shapes.Reqparse, plain, `{"message":"No item 7."}`},

		{"FastAPI/fields", shapes.FastAPI, presetErrors, `{"detail":[
			{"type":"missing","loc":["body","name"],"msg":"This field is required."},
			{"type":"type","loc":["body","items",3,"qty"],"msg":"Must be an integer."},
			{"type":"few","loc":["body","items",3,"qty"],"msg":"Too few."},
			{"type":"sold","loc":["body","items",3],"msg":"Is sold."},
			{"type":"extra_forbidden","loc":["body","a/b","~"],"msg":"Unknown field."},
			{"type":"x","loc":["body","01"],"msg":"One."}]}`},
		{"FastAPI/whole", shapes.FastAPI, whole, `{"detail":[{"type":"null","loc":["body"],"msg":"Must not be null."}]}`},
		{"FastAPI/no code", shapes.FastAPI, errjson.Invalid(errjson.FieldError{Pointer: "/a", Message: "Wrong."}),
			`{"detail":[{"type":"value_error","loc":["body","a"],"msg":"Wrong."}]}`},
		{"FastAPI/none", shapes.FastAPI, bare, `{"detail":"The input is not valid."}`},
		{"FastAPI/syntax", shapes.FastAPI, syntax, `{"detail":[{"type":"json_invalid","loc":["body",5],"msg":"Syntax error."}]}`},
		{"FastAPI/plain", shapes.FastAPI, plain, `{"detail":"No item 7."}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rd := errjson.NewRenderer(errjson.Config{Format: test.format})
			w := httptest.NewRecorder()
			rd.Write(w, httptest.NewRequest(http.MethodPost, "/", nil), test.err)
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
			assert.JSONEq(t, test.want, w.Body.String())
		})
	}
}

func TestInvalidAs(t *testing.T) {
	rd := errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{shapes.InvalidAs(400)}})
	status := func(err error) int {
		w := httptest.NewRecorder()
		rd.Write(w, httptest.NewRequest(http.MethodPost, "/", nil), err)
		return w.Code
	}
	assert.Equal(t, 400, status(presetErrors))
	assert.Equal(t, 400, status(fmt.Errorf("wrapped: %w", presetErrors)))
	assert.Equal(t, 422, presetErrors.Status, "the error is not changed")
	assert.Equal(t, 422, status(errjson.UnprocessableContent("")), "no field errors")
	assert.Equal(t, 409, status(&errjson.Error{Status: 409, Details: presetErrors.Details}))
	assert.PanicsWithValue(t, "shapes: InvalidAs: 200 is not an error status", func() { shapes.InvalidAs(200) })
}

// respondWith prints the response for an error in a format.
func respondWith(cfg errjson.Config, err error) {
	w := httptest.NewRecorder()
	errjson.NewRenderer(cfg).Write(w, httptest.NewRequest(http.MethodPost, "/", nil), err)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

func ExampleMarshmallow() {
	respondWith(errjson.Config{Format: shapes.Marshmallow}, errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Code: "required", Message: "This field is required."},
		errjson.FieldError{Pointer: "/items/0/qty", Code: "type", Message: "Must be an integer."}))
	// Output:
	// 422 {"code":422,"status":"Unprocessable Entity","errors":{"json":{"items":{"0":{"qty":["Must be an integer."]}},"name":["This field is required."]}}}
}

func ExampleReqparse() {
	respondWith(errjson.Config{Format: shapes.Reqparse, Rules: []errjson.Rule{shapes.InvalidAs(400)}}, errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Code: "required", Message: "name is required"},
		errjson.FieldError{Pointer: "/price", Code: "required", Message: "price is required"}))
	// Output:
	// 400 {"message":{"name":"name is required","price":"price is required"}}
}

func ExampleFastAPI() {
	respondWith(errjson.Config{Format: shapes.FastAPI}, errjson.Invalid(
		errjson.FieldError{Pointer: "/items/0/qty", Code: "required", Message: "This field is required."}))
	// Output:
	// 422 {"detail":[{"type":"missing","loc":["body","items",0,"qty"],"msg":"This field is required."}]}
}

func ExampleInvalidAs() {
	respondWith(errjson.Config{Rules: []errjson.Rule{shapes.InvalidAs(http.StatusBadRequest)}}, errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Code: "required", Message: "This field is required."}))
	// Output:
	// 400 {"error":"Bad Request","message":"The input is not valid.","status":400,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"This field is required."}]}
}

func ExampleRestful() {
	respondWith(errjson.Config{Format: shapes.Restful}, errjson.NotFound("No item 7."))
	// Output: 404 {"message":"No item 7."}
}

func ExampleMessages() {
	errs := errjson.Config{Rules: []errjson.Rule{
		errjson.OnStatus(422, func(_ *http.Request, e *errjson.Error) any {
			return map[string]any{"errors": shapes.Messages(e)}
		}),
	}}
	respondWith(errs, errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Message: "Is required."},
		errjson.FieldError{Pointer: "/items/0/qty", Message: "Must be an integer."},
		errjson.FieldError{Message: "Order something."},
	))
	// Output: 422 {"errors":{"_schema":["Order something."],"items":{"0":{"qty":["Must be an integer."]}},"name":["Is required."]}}
}
