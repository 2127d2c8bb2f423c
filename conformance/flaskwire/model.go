package flaskwire

// What the rules know of the recorded applications.

import (
	"bytes"
	"encoding/json"
	"html"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/corsmw"
)

// conclude makes the verdict that of the policy in force.
func conclude(x *exchange, a *answer) { a.verdict = x.model() }

// model returns what a browser concludes from an answer by the policy in force: the
// rules of corsmw once more, in a simple form.
func (x *exchange) model() verdict {
	v := verdict{asked: x.Request.header("origin") != ""}
	policy, origin := x.policy(), x.Request.header("origin")
	if policy == nil || !v.asked {
		return v
	}
	ok := slices.Contains(policy.AllowOrigins, "*") || slices.Contains(policy.AllowOrigins, origin) ||
		slices.Contains(policy.AllowOrigins, "https://*.example.com") && belowExample.MatchString(origin) ||
		policy.AllowOriginFunc != nil && policy.AllowOriginFunc(nil, origin)
	if !x.Request.isPreflight() {
		v.readable = [2]bool{ok, ok && policy.AllowCredentials}
		if ok {
			v.headers = strings.ToLower(strings.Join(slices.Sorted(slices.Values(policy.ExposeHeaders)), ","))
		}
		return v
	}
	method := x.Request.header("access-control-request-method")
	ok = ok && (slices.Contains([]string{"GET", "HEAD", "POST"}, method) || slices.Contains(policy.AllowMethods, method))
	for name := range strings.SplitSeq(x.Request.header("access-control-request-headers"), ",") {
		name = strings.TrimSpace(name)
		listed := slices.ContainsFunc(policy.AllowHeaders, func(allowed string) bool { return strings.EqualFold(allowed, name) })
		ok = ok && (name == "" || listed || slices.Contains(policy.AllowHeaders, "*") && token.MatchString(name))
	}
	v.granted = [2]bool{ok, ok && policy.AllowCredentials}
	if ok && policy.MaxAge > 0 {
		v.maxAge = strconv.Itoa(policy.MaxAge)
	}
	return v
}

// passes reports whether a browser lets a page go on after Flask's answer.
func (x *exchange) passes() bool {
	if !x.isCORS() {
		return false
	}
	v := x.recorded().verdict
	return v.readable[0] || v.granted[0]
}

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

// hasID reports whether a path is one of a route that ends in a number.
func (s service) hasID(path string) bool {
	return slices.ContainsFunc(s.routes, func(rt route) bool { return strings.HasSuffix(rt.path, "/{id}") && matches(rt.path, path) })
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
	switch x.Request.Method + x.Request.Path {
	case "GET/abort-dict":
		a.body.(object)["details"] = object{"field": "name", "why": "missing"}
	case "GET/payload-bad": // the constant, since the application's format failed
		a.body = simplePage(500, sentence{})
	}
	if x.readsBody() && x.failsBody(a.status) || a.status == http.StatusRequestEntityTooLarge && x.Topic == "parsing" {
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
		return x.Request.Path == "/post" && x.Request.Method == http.MethodPost
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

// item returns the item that item_detail has for the path, or nil.
func (x *exchange) item() object {
	path := x.Request.path()
	if x.App == "itemdetail" {
		switch strings.TrimLeft(path[strings.LastIndex(path, "/")+1:], "0") {
		case "1":
			return object{"id": 1, "name": "Widget", "price": json.Number("9.99")}
		case "2":
			return object{"id": 2, "name": "Gadget", "price": json.Number("24.99")}
		}
	}
	return nil
}

// leaveItem is the answer of item_detail to a body that it passes over.
func (x *exchange) leaveItem(a *answer) {
	a.status, a.ctype, a.body = 200, "application/json", x.item()
}

// failBody is the answer to a body that is refused, in the application's format.
func (x *exchange) failBody(a *answer, status int) {
	a.status, a.ctype = status, "application/json"
	body := object{"error": http.StatusText(status), "message": sentence{}, "status": status}
	switch {
	case x.Topic == "restful":
		a.body = object{"message": sentence{}}
		return
	case status == 400 && (x.App == "errors-four" || x.App == "errors-guide"):
		a.body = object{"error": "Bad request", "message": sentence{"400 Bad Request: "}}
		return
	case x.App == "errors-http-keep":
		a.body = object{"name": http.StatusText(status), "description": sentence{}, "code": status}
		return
	case x.threeMembers():
		a.body = body
		return
	}
	body["code"] = sentence{}
	switch {
	case status == 400 && len(bytes.TrimSpace(x.Request.bytes())) == 0:
		body["code"] = "empty_body"
	case status == 400:
		body["details"] = []any{fault{}}
	case status == 413:
		body["code"] = "too_large"
	case status == 500:
		delete(body, "code")
	}
	a.body = body
}

// threeMembers reports whether the application has the guide's format to the letter.
func (x *exchange) threeMembers() bool {
	return strings.HasSuffix(x.App, "-json") || slices.Contains([]string{"getjson-debug", "getjson-limit", "errors-http", "errors-guide"}, x.App)
}

// failFields is the answer to faults of fields in the default format.
func (x *exchange) failFields(a *answer, faults ...any) {
	a.status, a.ctype = 422, "application/json"
	a.body = object{"error": "Unprocessable Entity", "message": sentence{}, "status": 422, "code": "invalid", "details": faults}
	if x.threeMembers() {
		a.body = object{"error": "Unprocessable Entity", "message": sentence{}, "status": 422}
	}
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
	"nick": "string", "deflt": "string", "re-named": "string", "uid": "string", "tag": "list", "tags": "list", "msg": "whole",
}

// isType reports whether a value is of a type. A number must fit into a float64.
func isType(v any, name string) bool {
	switch v := v.(type) {
	case string:
		return name == "string"
	case bool:
		return name == "bool"
	case json.Number:
		f, _ := strconv.ParseFloat(v.String(), 64)
		return name == "number" && !math.IsInf(f, 0) || name == "integer" && integer.MatchString(v.String()) ||
			name == "whole" && f == math.Trunc(f)
	case []any:
		return name == "list"
	}
	return v == nil
}

// fieldNames returns the fields that the handler wants, and how many of the first
// are required.
func (x *exchange) fieldNames() (names []string, required int) {
	switch path := x.Request.path(); {
	case x.Topic == "validation" && strings.HasPrefix(path, "/rich"):
		return schemaFields[""], 1
	case path == "/json":
		return []string{"name", "price", "n"}, 1
	case path == "/json-help":
		return []string{"price"}, 1
	case path == "/append-json":
		return []string{"tag"}, 0
	case path == "/partial":
		return []string{"name", "price"}, 0
	case strings.HasPrefix(path, "/api/items") && slices.Contains([]string{"POST", "PUT"}, x.Request.Method):
		return []string{"name", "price"}, 2
	}
	return nil, 0
}

// wrongTypes returns the names of fields of another type than they must be, in the
// order of the body.
func (x *exchange) wrongTypes() (wrong []string) {
	body := x.object()
	names, _ := x.fieldNames()
	if body == nil || x.Topic == "status" || duplicate(x.Request.bytes()) != "" {
		return nil
	}
	for _, name := range names {
		if v, ok := body[name]; ok && fieldTypes[name] != "" && !isType(v, fieldTypes[name]) {
			wrong = append(wrong, name)
		}
	}
	slices.SortFunc(wrong, func(a, b string) int {
		return bytes.Index(x.Request.bytes(), []byte(`"`+a+`"`)) - bytes.Index(x.Request.bytes(), []byte(`"`+b+`"`))
	})
	return wrong
}

// nulls returns the names of required fields that are null.
func (x *exchange) nulls() (null []string) {
	names, required := x.fieldNames()
	for _, name := range names[:required] {
		if v, there := x.object()[name]; there && v == nil {
			null = append(null, name)
		}
	}
	return null
}

// reqparseFaults returns the texts that reqparse's shape has for the body alone.
func (x *exchange) reqparseFaults() object {
	faults := object{}
	for _, name := range append(x.nulls(), x.wrongTypes()...) {
		faults[name] = sentence{}
	}
	names, required := x.fieldNames()
	for _, name := range names[:required] {
		if _, there := x.object()[name]; !there {
			faults[name] = name + " is required"
			if x.App == "restful-more" {
				faults[name] = sentence{}
			}
		}
	}
	return faults
}

// faultTypes is the answer to fields of the wrong type, null or absent.
func (x *exchange) faultTypes(a *answer) {
	tree, list := object{}, []any{}
	for _, name := range x.wrongTypes() {
		tree[name] = []any{sentence{}}
		code := "type"
		if _, isNumber := x.object()[name].(json.Number); isNumber && fieldTypes[name] == "number" {
			code = "range"
		}
		list = append(list, fault{"/" + name, code})
	}
	switch {
	case strings.Contains(x.App, "restful") && len(x.reqparseFaults()) == 0:
		a.status, a.body = 201, object{"id": 3, "name": x.object()["name"], "price": x.object()["price"]}
	case strings.Contains(x.App, "restful"):
		a.status, a.body = 400, object{"message": x.reqparseFaults()}
	case x.Topic == "validation":
		a.status, a.body = 422, object{"errors": tree}
	default:
		x.failFields(a, list...)
	}
}

// schemaFields are the fields of the schemas of the validation topic, by the place
// of their object.
var schemaFields = map[string][]string{
	"": {"name", "qty", "loose", "email", "url", "when", "day", "flag", "kind", "tags", "address", "uid", "amount", "nick",
		"deflt", "re-named", "msg"},
	"address": {"city", "zip"},
}

// decodeFault reports whether the fault of a member is one of decoding.
func (x *exchange) decodeFault(place, name string, body object) bool {
	known, required := schemaFields[place], 1
	if place == "" {
		known, required = x.fieldNames()
	}
	v, there := body[name]
	at := slices.Index(known, name)
	return !there || at < 0 || v == nil && at < required || fieldTypes[name] != "" && !isType(v, fieldTypes[name])
}

// brokenRules counts the faults that are those of a validation function.
func (x *exchange) brokenRules() (n int) {
	x.walkFaults(parse(x.Flask.JSON), func(place, name string, body object, _ object) {
		if !x.decodeFault(place, name, body) {
			n++
		}
	})
	return n
}

// hasDecodeFaults reports whether there are other faults besides.
func (x *exchange) hasDecodeFaults() (found bool) {
	x.walkFaults(parse(x.Flask.JSON), func(place, name string, body object, _ object) {
		found = found || x.decodeFault(place, name, body)
	})
	return found
}

// decodeFaultsOnly removes the faults of validation functions.
func (x *exchange) decodeFaultsOnly(answer any) any {
	x.walkFaults(answer, func(place, name string, body, tree object) {
		if !x.decodeFault(place, name, body) {
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
	code, err := strconv.Atoi(path[strings.LastIndex(path, "/")+1:])
	known := map[string]int{"/unauth": 401, "/retry": 429, "/form-key": 400, "/html-desc": 400, "/status-text": 409, "/abort-dict": 400}
	switch {
	case x.Flask.Status != 500:
		return 500 // it was no error in the first place
	case x.wrongMethod():
		return 405
	case err == nil && code >= 400 && code <= 599:
		return code
	case known[path] != 0:
		return known[path]
	case path == "/post" && x.Request.header("content-type") == "text/plain":
		return 415
	case path == "/post":
		return 400
	case !x.svc.has(path) && path != "/none":
		return 404
	}
	return 500
}

// wrongMethod reports whether the path is one of the application, but not with
// this method.
func (x *exchange) wrongMethod() bool {
	path := x.Request.path()
	return x.svc.has(path) && !slices.Contains(x.svc.methods(path), x.Request.Method)
}

// keepFields adds the header fields that belong to an error.
func (x *exchange) keepFields(a *answer) {
	switch {
	case x.wrongMethod():
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
	switch x.Flask.Status {
	case 400, 415:
		_, fields := answer["message"].(object)
		return x.readsBody() && (fields || answer["error"] == "Body must be a JSON object")
	case 404, 405, 413, 500:
		return false
	}
	if data, asked := answer["data"]; asked && data == nil {
		return false
	}
	return x.readsBody()
}

// echo is the answer of the getjson applications to a body.
func (x *exchange) echo(a *answer) {
	v := parse(x.Request.bytes())
	_, isObject := v.(object)
	switch a.status = http.StatusOK; {
	case x.Topic == "status":
		item := x.item()
		maps.Copy(item, x.object())
		a.body = item
	case x.Request.Path == "/twice":
		a.body = object{"first": v, "second": v}
	case x.Request.Path == "/guarded" && !isObject:
		a.status, a.body = 400, object{"error": "Body must be a JSON object"}
	default:
		a.body = typed(v)
	}
}

// withoutTexts returns the body without what is in quotes.
func (x *exchange) withoutTexts() []byte { return quoted.ReplaceAll(x.Request.bytes(), nil) }

var (
	quoted  = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	numbers = regexp.MustCompile(`-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?`)
	digits  = regexp.MustCompile(`/[0-9]+$`)
)

// changesNumber reports whether a number of the body is another one as a float64.
func (x *exchange) changesNumber() bool {
	return slices.ContainsFunc(numbers.FindAllString(string(x.withoutTexts()), -1), func(n string) bool {
		f, _ := strconv.ParseFloat(n, 64)
		mantissa, _, _ := strings.Cut(strings.ToLower(n), "e")
		return !integer.MatchString(n) && (math.IsInf(f, 0) || f == 0 && strings.ContainsAny(mantissa, "123456789"))
	})
}

// hasNestedSchema reports whether there is a fault of a value within the input that
// is no object.
func hasNestedSchema(tree any, level int) bool {
	node, _ := tree.(object)
	for name, inner := range node {
		if name == "_schema" && level > 0 || hasNestedSchema(inner, level+1) {
			return true
		}
	}
	return false
}

// flatten puts the faults under "_schema" in the place of their object.
func flatten(tree any) any {
	node, ok := tree.(object)
	if !ok {
		return tree
	}
	out := object{}
	for name, inner := range node {
		if below, ok := inner.(object); ok && below["_schema"] != nil {
			out[name] = below["_schema"]
		} else {
			out[name] = flatten(inner)
		}
	}
	return out
}

var surrogates = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// hasLoneSurrogate reports whether an escape is half of a character.
func hasLoneSurrogate(s string) bool {
	return slices.ContainsFunc(surrogates.FindAllString(s, -1), func(escape string) bool { return len(escape) == len(`\ud83d`) })
}
