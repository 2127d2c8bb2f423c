package flaskwire

// What the rules know of the recorded applications.

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/corsmw"
)

// refuse is the answer to an origin that may not read it.
func refuse(_ *exchange, a *answer) { a.verdict = verdict{asked: true} }

// allowed reports whether Flask's answer allows the origin of the request.
func (x *exchange) allowed() bool {
	return x.isCORS() && x.Request.has("origin") && x.Flask.Headers["access-control-allow-origin"] != nil
}

// policy returns the CORS policy in force, or nil.
func (x *exchange) policy() *corsmw.Config {
	if x.app == nil || x.app.policy == nil {
		return nil
	}
	return x.app.policy(x.Request.path())
}

// belowExample are the origins that https://*.example.com is meant for.
var belowExample = regexp.MustCompile(`^https://[a-z0-9.-]+\.example\.com$`)

// token is a header's name (RFC 9110, Section 5.6.2).
var token = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$")

// exceptionApp reports whether the application has errorhandler(Exception) alone.
func (x *exchange) exceptionApp() bool { return x.App == "errors-exception" }

// notInGo reports whether there is no Go program to ask.
func (x *exchange) notInGo() bool {
	failed := x.Flask.Status == 500 || x.Flask.Status == 0
	switch path := x.Request.path(); {
	case x.App == "tuples":
		return failed
	case x.Topic == "encode":
		return failed && (!x.svc.has(path) || path == "/v/mixed-keys" || strings.HasPrefix(path, "/v/") && !hasGoValue(path[3:]))
	case x.Topic == "errors":
		return path == "/none"
	}
	return false
}

func hasGoValue(name string) bool {
	_, ok := encodeValues()[name]
	return ok
}

// has reports whether the service has a route for a path.
func (s service) has(path string) bool {
	return slices.ContainsFunc(s.routes, func(rt route) bool { return matches(rt.path, path) })
}

// toPage makes of a page of HTML the error as JSON that stands for it.
func (x *exchange) toPage(a *answer) {
	a.ctype = "application/json"
	if x.Request.Method == http.MethodHead {
		return
	}
	var message any = sentence{}
	if found := paragraph.FindSubmatch(x.recordedAnswer().bytes()); found != nil {
		message = x.textOf(html.UnescapeString(string(found[1])))
	}
	a.body = x.app.page(a.status, message)
	switch x.Request.Path {
	case "/abort-dict":
		a.body.(object)["details"] = object{"field": "name", "why": "missing"}
	case "/payload-bad": // the constant, since the application's format failed
		a.body = simplePage(500, sentence{})
	}
	if x.readsBody() && x.failsBody(a.status) {
		x.failBody(a, a.status)
	}
}

var paragraph = regexp.MustCompile(`(?s)<p>(.*?)</p>`)

// readsBody reports whether the handler asks for the JSON body.
func (x *exchange) readsBody() bool {
	switch x.Topic {
	case "parsing":
		return !slices.Contains([]string{"/lazy", "/is-json", "/bytes"}, x.Request.Path)
	case "validation", "status", "restful":
		return slices.Contains([]string{"POST", "PUT", "PATCH"}, x.Request.Method)
	case "errors":
		return x.Request.Path == "/post"
	}
	return false
}

func (x *exchange) failsBody(status int) bool {
	return slices.Contains([]int{400, 413, 415, 422}, status)
}

// silent reports whether a body that is not JSON is passed over in silence.
func (x *exchange) silent() bool { return x.Request.Path == "/silent" || x.Request.Path == "/both" }

// forced reports whether the content type is not looked at.
func (x *exchange) forced() bool {
	return slices.Contains([]string{"/force", "/both", "/raw"}, x.Request.Path) || x.Topic == "status"
}

// refuseBody is the answer to a body that is not JSON.
func (x *exchange) refuseBody(a *answer) { x.refuseWith(a, http.StatusBadRequest) }

// refuseType is the answer to a body that is not said to be JSON.
func (x *exchange) refuseType(a *answer) { x.refuseWith(a, http.StatusUnsupportedMediaType) }

func (x *exchange) refuseWith(a *answer, status int) {
	switch {
	case x.Topic == "status":
		x.leaveItem(a)
	case x.silent():
		a.status, a.body = 200, object{"data": nil, "type": "NoneType"}
	case x.Request.Path == "/raw": // json.Unmarshal failed, and nobody handles it
		x.failBody(a, 500)
	default:
		x.failBody(a, status)
	}
}

// leaveItem is the answer of item_detail to a body that it passes over.
func (x *exchange) leaveItem(a *answer) {
	a.status, a.ctype = 200, "application/json"
	a.body = object{"id": 1, "name": "Widget", "price": json.Number("9.99")}
	if x.Request.path() == "/api/items/2" {
		a.body = object{"id": 2, "name": "Gadget", "price": json.Number("24.99")}
	}
}

// failBody is the answer to a body that is refused, in the application's format.
func (x *exchange) failBody(a *answer, status int) {
	a.status, a.ctype = status, "application/json"
	body := object{"error": http.StatusText(status), "message": sentence{}, "status": status}
	switch {
	case x.Topic == "restful":
		a.body = object{"message": sentence{}}
		return
	case strings.HasSuffix(x.App, "-json"), x.App == "getjson-debug", x.App == "getjson-limit", x.App == "errors-http", x.App == "errors-guide":
		a.body = body
		return
	}
	body["code"] = sentence{}
	switch {
	case status == 400 && len(bytes.TrimSpace(x.Request.bytes())) == 0:
		body["code"] = "empty_body"
	case status == 400 && duplicate(x.Request.bytes()) != "":
		body["code"], body["details"] = "duplicate", []any{fault{"/" + duplicate(x.Request.bytes()), "duplicate"}}
	case status == 400:
		pointer := ""
		if found := memberNotNumber.FindSubmatch(x.Request.bytes()); found != nil {
			pointer = "/" + string(found[1])
		}
		body["code"], body["details"] = "syntax", []any{fault{pointer, "syntax"}}
	case status == 413:
		body["code"] = "too_large"
	case status == 415:
		body["code"] = "unsupported_media_type"
	}
	a.body = body
}

// memberNotNumber finds the name of a member that is NaN or Infinity.
var memberNotNumber = regexp.MustCompile(`"(\w+)":\s*-?(?:NaN|Infinity)`)

// failFields is the answer to faults of fields in the default format.
func (x *exchange) failFields(a *answer, faults ...any) {
	a.status, a.ctype = 422, "application/json"
	a.body = object{"error": "Unprocessable Entity", "message": sentence{}, "status": 422, "code": "invalid", "details": faults}
}

// object returns the body of the request if it is an object.
func (x *exchange) object() object {
	v, _ := parse(x.Request.bytes()).(object)
	return v
}

// wantsObject reports whether the body is JSON, but no object, where one is
// wanted.
func (x *exchange) wantsObject() bool {
	v := parse(x.Request.bytes())
	_, isText := v.(text)
	_, isObject := v.(object)
	if isText || isObject {
		return false
	}
	switch {
	case strings.HasPrefix(x.App, "itemdetail"):
		list, isList := v.([]any)
		return x.Flask.Status == 500 || isList && len(list) > 0 && x.Flask.Status == 200 // of pairs
	case strings.HasPrefix(x.App, "parsing"):
		return v != nil
	case x.Topic == "restful":
		path := x.Request.path()
		return x.readsBody() && (strings.HasPrefix(path, "/api/items") || strings.HasPrefix(path, "/json")) && x.Flask.Status != 404
	}
	return false
}

// fieldTypes are the types of the fields. No two applications have one of the same
// name with another type.
var fieldTypes = map[string]string{
	"name": "string", "price": "number", "n": "integer", "qty": "integer", "loose": "integer", "flag": "bool",
	"email": "string", "kind": "string", "city": "string", "zip": "string", "url": "string", "when": "string", "day": "string",
	"nick": "string", "deflt": "string", "re-named": "string", "uid": "string", "tag": "list", "tags": "list",
}

// isType reports whether a value is of a type. Whether an application has the
// field is not looked at: none has two of one name.
func isType(v any, name string) bool {
	switch v := v.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "bool"
	case json.Number:
		return name == "number" || name == "integer" && integer.MatchString(v.String())
	case []any:
		return name == "list"
	}
	return v == nil
}

// wrongTypes returns the names of fields of another type than they must be, in the
// order of the body.
func (x *exchange) wrongTypes() (names []string) {
	if x.Topic != "parsing" && x.Topic != "restful" && x.Topic != "validation" || strings.HasPrefix(x.App, "getjson") {
		return nil
	}
	body := x.object()
	for name, v := range body {
		if fieldTypes[name] != "" && !isType(v, fieldTypes[name]) && duplicate(x.Request.bytes()) == "" && x.Request.path() != "/body" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return bytes.Index(x.Request.bytes(), []byte(`"`+a+`"`)) - bytes.Index(x.Request.bytes(), []byte(`"`+b+`"`))
	})
	return names
}

// nulls returns the names of required fields that are null.
func (x *exchange) nulls() (names []string) {
	required := []string{"name", "price"}
	switch x.Request.path() {
	case "/json":
		required = []string{"name"}
	case "/json-help":
		required = []string{"price"}
	}
	body := x.object()
	for _, name := range required {
		if v, there := body[name]; there && v == nil && x.readsBody() && x.Request.path() != "/body" {
			names = append(names, name)
		}
	}
	return names
}

// faultTypes is the answer to fields of the wrong type.
func (x *exchange) faultTypes(a *answer) {
	tree, list := object{}, []any{}
	for _, name := range x.wrongTypes() {
		tree[name] = sentence{}
		if x.Topic == "validation" {
			tree[name] = []any{sentence{}}
		}
		list = append(list, fault{"/" + name, "type"})
	}
	switch x.Topic {
	case "restful":
		a.status, a.body = 400, object{"message": tree}
	case "validation":
		a.status, a.body = 422, object{"errors": tree}
	default:
		x.failFields(a, list...)
	}
}

// fields of the schemas of the validation topic, by the place of their object.
var schemaFields = map[string][]string{
	"": {"name", "price", "qty", "loose", "email", "url", "when", "day", "flag", "kind", "tags", "address", "uid", "amount", "nick",
		"deflt", "re-named", "msg"},
	"address": {"city", "zip"},
}

// decodeFault reports whether the fault of a member is one of decoding.
func decodeFault(place, name string, body object) bool {
	v, there := body[name]
	return !there || name == "_schema" || !slices.Contains(schemaFields[place], name) || fieldTypes[name] != "" && !isType(v, fieldTypes[name])
}

// brokenRules counts the faults that are those of a validation function.
func (x *exchange) brokenRules() (n int) {
	x.walkFaults(parse(x.Flask.JSON), func(place, name string, body object, _ object) {
		if !decodeFault(place, name, body) {
			n++
		}
	})
	return n
}

// hasDecodeFaults reports whether there are other faults besides.
func (x *exchange) hasDecodeFaults() (found bool) {
	x.walkFaults(parse(x.Flask.JSON), func(place, name string, body object, _ object) {
		found = found || decodeFault(place, name, body)
	})
	return found
}

// decodeFaultsOnly removes the faults of validation functions.
func (x *exchange) decodeFaultsOnly(answer any) any {
	x.walkFaults(answer, func(place, name string, body, tree object) {
		if !decodeFault(place, name, body) {
			delete(tree, name)
		}
	})
	return answer
}

// walkFaults calls fn for each member of Marshmallow's tree of faults, with the
// object of the request that it is about.
func (x *exchange) walkFaults(answer any, fn func(place, name string, body, tree object)) {
	top, _ := answer.(object)
	tree, _ := top["errors"].(object)
	body := x.object()
	for name, entry := range tree {
		if name == "_schema" || name == "tags" || body == nil {
			continue
		}
		nested, isTree := entry.(object)
		inner, _ := body[name].(object)
		if isTree {
			for member := range nested {
				fn(name, member, inner, nested)
			}
		} else {
			fn("", name, body, tree)
		}
	}
}

// httpStatus returns the status of the HTTP error that a request to one of the
// error applications asks for; 500 if there is none.
func (x *exchange) httpStatus() int {
	path := x.Request.Path
	if code, err := strconv.Atoi(path[strings.LastIndex(path, "/")+1:]); err == nil && code >= 400 && code <= 599 {
		return code
	}
	known := map[string]int{"/unauth": 401, "/retry": 429, "/form-key": 400, "/html-desc": 400, "/status-text": 409, "/abort-dict": 400}
	switch {
	case x.Flask.Status != 500:
		return 500 // it was no error in the first place
	case known[path] != 0:
		return known[path]
	case path == "/post" && x.Request.header("content-type") == "text/plain":
		return 415
	case path == "/post":
		return 400
	case !x.svc.has(path) && path != "/none":
		return 404
	case !slices.Contains(x.svc.methods(path), x.Request.Method) && path != "/none":
		return 405
	}
	return 500
}

// keepFields adds the header fields that belong to an error.
func (x *exchange) keepFields(a *answer) {
	switch {
	case a.status == 405:
		allow := x.svc.methods(x.Request.path())
		slices.Sort(allow)
		a.fields["allow"] = strings.Join(allow, ", ")
	case x.Request.Path == "/unauth":
		a.fields["www-authenticate"] = `Basic realm="api"`
	case x.Request.Path == "/retry":
		a.fields["retry-after"] = "30"
	}
}

// duplicate returns the first name that is twice in one object, or "".
func duplicate(data []byte) string {
	dec := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		names map[string]bool // nil for an array
		name  bool            // a name is next
	}
	stack := []*level{{}}
	for {
		tok, err := dec.Token()
		if err != nil {
			return ""
		}
		top := stack[len(stack)-1]
		if name, ok := tok.(string); ok && top.name {
			if top.names[name] {
				return name
			}
			top.names[name], top.name = true, false
			continue
		}
		switch tok {
		case json.Delim('{'):
			top.name = top.names != nil
			stack = append(stack, &level{map[string]bool{}, true})
		case json.Delim('['):
			top.name = top.names != nil
			stack = append(stack, &level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		default:
			top.name = top.names != nil
		}
	}
}

// depth returns how deep arrays and objects are nested, valid or not.
func depth(data []byte) (deepest int) {
	level := 0
	for _, c := range data {
		switch c {
		case '[', '{':
			level++
			deepest = max(deepest, level)
		case ']', '}':
			level--
		}
	}
	return deepest
}

// isPage reports whether an answer is one of Flask's pages for errors.
func isPage(a *wireAnswer, r *wireRequest) bool {
	ctype := a.Headers["content-type"]
	return a.Status >= 400 && len(ctype) > 0 && strings.HasPrefix(ctype[0], "text/html") && (len(a.bytes()) > 0 || r.Method == http.MethodHead)
}

// needlessEscape is the escape of a letter or digit, which chi and Echo match as it
// is written.
var needlessEscape = regexp.MustCompile(`%(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])`)

var beyondInt64 = regexp.MustCompile(`/[0-9]{20,}$`)

var notNumber = regexp.MustCompile(`\bNaN\b|\bInfinity\b`)

var moments = map[string]string{
	"datetime-naive":  "2024-01-02T03:04:05Z",
	"datetime-utc":    "2024-01-02T03:04:05.678901Z",
	"datetime-offset": "2024-01-02T03:04:05+05:30",
	"datetime-far":    "9999-12-31T23:59:59Z",
	"date":            "2024-02-29",
}

// tookBody reports whether Flask took the body for JSON.
func (x *exchange) tookBody() bool {
	answer, _ := parse(x.Flask.JSON).(object)
	data, asked := answer["data"]
	return x.readsBody() && x.Flask.Status < 300 && (!asked || data != nil)
}

// echo is the answer of the getjson applications to a body.
func (x *exchange) echo(a *answer) {
	v := parse(x.Request.bytes())
	if a.status = http.StatusOK; x.Request.Path == "/twice" {
		a.body = object{"first": v, "second": v}
	} else {
		a.body = typed(v)
	}
}

var surrogates = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// hasLoneSurrogate reports whether an escape is half of a character.
func hasLoneSurrogate(s string) bool {
	return slices.ContainsFunc(surrogates.FindAllString(s, -1), func(escape string) bool { return len(escape) == len(`\ud83d`) })
}
