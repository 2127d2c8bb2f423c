package flaskwire

// What the rules know of the bodies of requests.

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

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

var notNumber = regexp.MustCompile(`\bNaN\b|\bInfinity\b`)

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

var surrogates = regexp.MustCompile(`\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)

// hasLoneSurrogate reports whether an escape is half of a character.
func hasLoneSurrogate(s string) bool {
	return slices.ContainsFunc(surrogates.FindAllString(s, -1), func(escape string) bool { return len(escape) == len(`\ud83d`) })
}
