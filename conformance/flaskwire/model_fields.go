package flaskwire

// What the rules know of the fields that handlers want.

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

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
		return x.readsBody() && x.Request.path() != "/body" && x.Flask.Status != 404
	}
	return false
}

// fieldTypes are the types of the fields. No two applications have one of the same
// name with another type.
var fieldTypes = map[string]string{
	"name": "string", "price": "number", "n": "integer", "qty": "integer", "loose": "integer", "flag": "bool",
	"email": "string", "kind": "string", "city": "string", "zip": "string", "url": "string", "when": "string", "day": "string",
	"nick": "string", "deflt": "string", "re-named": "string", "uid": "string", "tag": "list", "tags": "list", "msg": "whole", "a": "string",
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
	case path == "/nullable":
		return []string{"a"}, 0
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
		for i, element := range list(body[name]) {
			if fieldTypes[name] == "list" && element != nil && !isType(element, "string") && x.Topic == "restful" {
				wrong = append(wrong, name+"."+strconv.Itoa(i))
			}
		}
	}
	slices.SortFunc(wrong, func(a, b string) int {
		return bytes.Index(x.Request.bytes(), []byte(`"`+a+`"`)) - bytes.Index(x.Request.bytes(), []byte(`"`+b+`"`))
	})
	return wrong
}

func list(v any) []any {
	elements, _ := v.([]any)
	return elements
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
	tree, faults := object{}, []any{}
	for _, name := range x.wrongTypes() {
		tree[name] = []any{sentence{}}
		code := "type"
		if _, isNumber := x.object()[name].(json.Number); isNumber && fieldTypes[name] == "number" {
			code = "range"
		}
		faults = append(faults, fault{"/" + name, code})
	}
	switch {
	case strings.Contains(x.App, "restful") && len(x.reqparseFaults()) == 0:
		a.status, a.body = 201, object{"id": 3, "name": x.object()["name"], "price": x.object()["price"]}
	case strings.Contains(x.App, "restful"):
		a.status, a.body = 400, object{"message": x.reqparseFaults()}
	case x.Topic == "validation":
		a.status, a.body = 422, object{"errors": tree}
	default:
		x.failFields(a, faults...)
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
