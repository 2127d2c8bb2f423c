package errjson_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/params"
)

type object = map[string]any

// jsonAPI is the format of JSON:API 1.1, https://jsonapi.org/format/1.1/#error-objects.
func jsonAPI(_ *http.Request, e *errjson.Error) errjson.Response {
	status, name := strconv.Itoa(e.Status), http.StatusText(e.Status)
	all := []object{}
	for _, f := range e.Fields() {
		source := object{"pointer": f.Pointer}
		switch f.In {
		case "query":
			source = object{"parameter": f.Name}
		case "header":
			source = object{"header": f.Name}
		}
		all = append(all, object{
			"status": status, "title": name, "code": f.Code, "detail": f.Message, "source": source,
		})
	}
	if len(all) == 0 {
		all = []object{{"status": status, "title": name, "detail": e.Message}}
	}
	return errjson.Response{ContentType: "application/vnd.api+json", Body: object{"errors": all}}
}

// aip is the format of Google's APIs, https://google.aip.dev/193.
func aip(_ *http.Request, e *errjson.Error) errjson.Response {
	name, ok := map[int]string{
		400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
		409: "ABORTED", 422: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
	}[e.Status]
	if !ok {
		name = "UNKNOWN"
	}
	reason := strings.ToUpper(cmp.Or(e.Code, name))
	const typeOf = "type.googleapis.com/google.rpc."
	details := []object{{"@type": typeOf + "ErrorInfo", "reason": reason, "domain": "items.example.com"}}
	violations := []object{}
	for _, f := range e.Fields() {
		field := cmp.Or(f.Name, strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", "."))
		violations = append(violations, object{"field": field, "description": f.Message})
	}
	if len(violations) > 0 {
		details = append(details, object{"@type": typeOf + "BadRequest", "fieldViolations": violations})
	}
	return errjson.Response{Body: object{"error": object{
		"code": e.Status, "status": name, "message": e.Message, "details": details,
	}}}
}

// fieldMap is {"errors":{field:[message, …]}}, as of Laravel, Rails and ASP.NET.
func fieldMap(_ *http.Request, e *errjson.Error) errjson.Response {
	texts := map[string][]string{}
	for _, f := range e.Fields() {
		name := cmp.Or(f.Name, strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", "."))
		texts[name] = append(texts[name], f.Message)
	}
	if len(texts) == 0 {
		return errjson.Response{Body: object{"message": e.Message}}
	}
	return errjson.Response{Body: object{"message": e.Message, "errors": texts}}
}

// realWorld is the format of the RealWorld applications.
func realWorld(_ *http.Request, e *errjson.Error) errjson.Response {
	texts := []string{}
	for _, f := range e.Fields() {
		name := cmp.Or(f.Name, strings.TrimPrefix(f.Pointer, "/"))
		texts = append(texts, strings.TrimSpace(name+" "+f.Message))
	}
	if len(texts) == 0 {
		texts = []string{e.Message}
	}
	return errjson.Response{Body: object{"errors": object{"body": texts}}}
}

// The formats of JSON:API, of Google's APIs (AIP-193), of fields with their messages, and of
// RealWorld.
func ExampleFormat_others() {
	e := errjson.Invalid(
		errjson.FieldError{Pointer: "/name", Code: "required", Message: "This field is required."},
		errjson.FieldError{In: "query", Name: "page", Code: "type", Message: "Must be an integer."},
	)
	for _, format := range []errjson.Format{jsonAPI, aip, fieldMap, realWorld} {
		errs := errjson.NewRenderer(errjson.Config{Logger: silent, Format: format})
		request(errs.Wrap(writing(e)), "GET", "/")
	}
	// Output:
	// 422 {"errors":[{"code":"required","detail":"This field is required.","source":{"pointer":"/name"},"status":"422","title":"Unprocessable Entity"},{"code":"type","detail":"Must be an integer.","source":{"parameter":"page"},"status":"422","title":"Unprocessable Entity"}]}
	// 422 {"error":{"code":422,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"items.example.com","reason":"INVALID"},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"description":"This field is required.","field":"name"},{"description":"Must be an integer.","field":"page"}]}],"message":"The input is not valid.","status":"INVALID_ARGUMENT"}}
	// 422 {"errors":{"name":["This field is required."],"page":["Must be an integer."]},"message":"The input is not valid."}
	// 422 {"errors":{"body":["name This field is required.","page Must be an integer."]}}
}

// TestFormatsOfOthers tests these formats with the errors of a body that is not JSON, a field, a query
// parameter, a header, and the router.
func TestFormatsOfOthers(t *testing.T) {
	type item struct {
		Name  string `json:"name" required:"true"`
		Sizes []struct {
			Width int `json:"width"`
		} `json:"sizes"`
	}
	mux := http.NewServeMux()
	mux.Handle("POST /items", bodyjson.New[item](bodyjson.Config{})(http.NotFoundHandler()))
	mux.Handle("GET /items", errjson.Handler(func(_ http.ResponseWriter, r *http.Request) error {
		p := params.Of(r)
		p.Query("page").Int(params.Default(1))
		p.Header("X-Shop").Int()
		return p.Err()
	}))
	formats := []errjson.Format{jsonAPI, aip, fieldMap, realWorld}
	contentTypes := []string{"application/vnd.api+json", "application/json", "application/json", "application/json"}
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     [4]string // of the formats
	}{
		{"syntax", "POST", "/items", `{"name":x}`, 400, [4]string{
			`{"errors":[{"detail":"Syntax error in the JSON. (Line 1, column 9.)","status":"400","title":"Bad Request"}]}`,
			`{"error":{"code":400,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"items.example.com","reason":"SYNTAX"}],"message":"Syntax error in the JSON. (Line 1, column 9.)","status":"INVALID_ARGUMENT"}}`,
			`{"message":"Syntax error in the JSON. (Line 1, column 9.)"}`,
			`{"errors":{"body":["Syntax error in the JSON. (Line 1, column 9.)"]}}`,
		}},
		{"fields", "POST", "/items", `{"sizes":[{"width":"x"}]}`, 422, [4]string{
			`{"errors":[{"code":"required","detail":"This field is required.","source":{"pointer":"/name"},"status":"422","title":"Unprocessable Entity"},{"code":"type","detail":"Must be an integer, not a string.","source":{"pointer":"/sizes/0/width"},"status":"422","title":"Unprocessable Entity"}]}`,
			`{"error":{"code":422,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"items.example.com","reason":"INVALID"},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"description":"This field is required.","field":"name"},{"description":"Must be an integer, not a string.","field":"sizes.0.width"}]}],"message":"The input is not valid.","status":"INVALID_ARGUMENT"}}`,
			`{"errors":{"name":["This field is required."],"sizes.0.width":["Must be an integer, not a string."]},"message":"The input is not valid."}`,
			`{"errors":{"body":["name This field is required.","sizes/0/width Must be an integer, not a string."]}}`,
		}},
		{"parameters", "GET", "/items?page=x", ``, 422, [4]string{
			`{"errors":[{"code":"type","detail":"Must be an integer.","source":{"parameter":"page"},"status":"422","title":"Unprocessable Entity"},{"code":"type","detail":"Must be an integer.","source":{"header":"X-Shop"},"status":"422","title":"Unprocessable Entity"}]}`,
			`{"error":{"code":422,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"items.example.com","reason":"INVALID"},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"description":"Must be an integer.","field":"page"},{"description":"Must be an integer.","field":"X-Shop"}]}],"message":"The input is not valid.","status":"INVALID_ARGUMENT"}}`,
			`{"errors":{"X-Shop":["Must be an integer."],"page":["Must be an integer."]},"message":"The input is not valid."}`,
			`{"errors":{"body":["page Must be an integer.","X-Shop Must be an integer."]}}`,
		}},
		{"router", "GET", "/nope", ``, 404, [4]string{
			`{"errors":[{"detail":"There is nothing at this URL.","status":"404","title":"Not Found"}]}`,
			`{"error":{"code":404,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"items.example.com","reason":"NOT_FOUND"}],"message":"There is nothing at this URL.","status":"NOT_FOUND"}}`,
			`{"message":"There is nothing at this URL."}`,
			`{"errors":{"body":["There is nothing at this URL."]}}`,
		}},
	}
	for _, test := range tests {
		for i, format := range formats {
			t.Run(test.name+"/"+strconv.Itoa(i), func(t *testing.T) {
				errs := errjson.NewRenderer(errjson.Config{Logger: silent, Format: format})
				r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Shop", "a")
				w := httptest.NewRecorder()
				errs.Wrap(mux).ServeHTTP(w, r)
				assert.Equal(t, test.status, w.Code)
				assert.Equal(t, contentTypes[i], w.Header().Get("Content-Type"))
				assert.Equal(t, test.want[i]+"\n", w.Body.String())
			})
		}
	}
}
