package flaskwire

import (
	"bytes"
	"encoding/json"
	"html"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A rule is a reason to answer otherwise than Flask did, or not to compare.
//
// All rules that match a case are applied to Flask's answer, in the order below,
// and what comes out is asserted in full.
type rule struct {
	name       string
	outOfScope bool
	flask      string // what Flask does
	ours       string // what a service with hipflask does
	why        string
	// match reports whether the reason holds for a case, as it was recorded.
	match func(x *exchange) bool
	// apply makes of Flask's answer the one that is demanded instead. It is nil
	// only where there is nothing to ask: the case has no meaning in Go, or is
	// about what the router does.
	apply func(x *exchange, a *answer)
}

var rules = slices.Concat(scopeRules, answerRules, bodyRules, fieldRules, errorRules, corsRules)

// What cannot be compared, because Go or the router decides it.
var scopeRules = []rule{
	{
		name: "html-page", outOfScope: true,
		flask: "sends a page of HTML for an error that no handler takes",
		ours:  "the same status and header fields, with the error as JSON",
		why:   "A client of a JSON API reads JSON. The pages' text is not something to reproduce.",
		match: func(x *exchange) bool {
			return !x.isCORS() && !x.notInGo() && (isPage(&x.Flask, &x.Request) || x.Newer != nil && isPage(x.Newer, &x.Request))
		},
		apply: func(x *exchange, a *answer) {
			if x.isHTML() {
				x.toPage(a)
			}
		},
	},
	{
		name: "python-value", outOfScope: true,
		flask: "raises a TypeError for values and return values that it cannot encode, and answers 500",
		ours:  "does not compile, or has no such value",
		why:   "Sets, mixed keys, a view that returns None or four values: there is no Go program to ask.",
		match: (*exchange).notInGo,
	},
	{
		name: "answer-not-json", outOfScope: true,
		flask: "sends NaN, Infinity and halves of characters as if they were JSON",
		ours:  "what the rules on bodies and numbers below say",
		why:   "Only Python reads such an answer; there is nothing to compare by meaning.",
		match: func(x *exchange) bool {
			ctype := x.Flask.Headers["content-type"]
			return len(ctype) > 0 && ctype[0] == "application/json" && len(x.Flask.bytes()) > 0 && x.Flask.JSON == nil
		},
		apply: func(*exchange, *answer) {},
	},
	{
		name: "python-truth", outOfScope: true,
		flask: "takes {}, 0 and [] for false, so that a payload of these is left out, and every text but the empty one for true, \"false\" included",
		ours:  "leaves out nil, and has false for \"false\"",
		why:   "What is true in Python is Python's.",
		match: func(x *exchange) bool {
			return x.Request.Path == "/boolbuiltin?b=false" || slices.Contains([]string{"/payload-empty", "/payload-zero"}, x.Request.Path)
		},
		apply: func(x *exchange, a *answer) {
			switch x.Request.Path {
			case "/payload-empty":
				a.body.(object)["details"] = object{}
			case "/payload-zero":
				a.body.(object)["details"] = 0
			default:
				a.body = object{"b": false}
			}
		},
	},
	{
		name: "python-class-name", outOfScope: true,
		flask: "shows the class names of Python's exceptions, where a handler reports them",
		ours:  "shows the names of Go's types",
		why:   "The handler of 500 gets what failed in both; its name is the language's.",
		match: func(x *exchange) bool { return x.App == "errors-500" && x.Flask.Status == 500 },
		apply: func(x *exchange, a *answer) {
			a.body = object{"error": "Internal server error", "handled": "*errjson.Error", "original": map[string]any{
				"/boom": "*flaskwire.runtimeError", "/zero": "runtime.errorString",
			}[x.Request.path()]}
		},
	},
	{
		name: "converter", outOfScope: true,
		flask: "converts path segments by the rule's converter: integers of any size, signed, of fixed digits, in a range, floats, UUIDs, paths, choices",
		ours:  "the handler parses the segment",
		why:   "Routing belongs to the router.",
		match: func(x *exchange) bool {
			first, _, _ := strings.Cut(strings.TrimPrefix(x.Request.path(), "/api/"), "/")
			beyond := x.Flask.Status == 200 && beyondInt64.MatchString(x.Request.path())
			return x.App == "routing" && (beyond || slices.Contains([]string{"signed", "fixed", "range", "float", "uuid", "path", "any"}, first))
		},
	},
	{
		name: "url-form", outOfScope: true,
		flask: "redirects with 308 to the canonical path, or answers 404, for slashes too many or too few and dot segments; an escaped letter or slash is the letter or slash",
		ours:  "what the router does",
		why:   "Each router has its own way, and none of them asks the middlewares.",
		match: func(x *exchange) bool {
			raw, _, _ := strings.Cut(x.Request.Path, "?")
			other := strings.TrimSuffix(raw, "/")
			if other == raw {
				other += "/"
			}
			return x.Flask.Status == 308 || strings.Contains(raw, "//") || strings.Contains(raw+"/", "/./") ||
				strings.Contains(raw, "/../") || slices.Contains([]string{"chi", "Echo", "Echo v4"}, x.router) && needlessEscape.MatchString(raw) || strings.Contains(strings.ToUpper(raw), "%2F") || x.svc.has(other) && !x.svc.has(raw)
		},
	},
}

// isPage reports whether an answer is one of Flask's pages for errors.
func isPage(a *wireAnswer, r *wireRequest) bool {
	ctype := a.Headers["content-type"]
	return a.Status >= 400 && len(ctype) > 0 && strings.HasPrefix(ctype[0], "text/html") && (len(a.bytes()) > 0 || r.Method == http.MethodHead)
}

// Answers without errors.
var answerRules = []rule{
	{
		name:  "head-is-get",
		flask: "hands HEAD to the view, which has no branch for it, returns None and fails: 500",
		ours:  "what GET would have answered",
		why:   "A fault of the guide's item_detail. HEAD is GET without the content (RFC 9110, Section 9.3.2).",
		match: func(x *exchange) bool { return x.App == "itemdetail" && x.Request.Method == http.MethodHead },
		apply: func(x *exchange, a *answer) {
			a.status, a.ctype = http.StatusNotFound, "application/json"
			if slices.Contains([]string{"/api/items/1", "/api/items/2"}, x.Request.path()) {
				a.status = http.StatusOK
			}
		},
	},
	{
		name:  "time-rfc3339",
		flask: "writes a datetime as an HTTP date without its fraction and zone, or without a zone at all; Flask-RESTful fails with 500",
		ours:  "RFC 3339, to the nanosecond, with the zone",
		why:   "It is the format that JavaScript and every other language parse, and loses nothing.",
		match: func(x *exchange) bool {
			name := strings.TrimPrefix(x.Request.path(), "/v/")
			return x.Topic == "encode" && moments[name] != "" && x.App != "encode-isoformat" ||
				x.Request.Path == "/ret/datetime" ||
				x.App == "marshmallow" && x.Flask.Status == 200 && bytes.Contains(x.Flask.JSON, []byte(`+00:00"`))
		},
		apply: func(x *exchange, a *answer) {
			switch {
			case x.Topic == "encode":
				a.body = moments[strings.TrimPrefix(x.Request.path(), "/v/")]
			case x.Topic == "restful":
				a.status, a.body = http.StatusOK, object{"when": "2024-01-02T03:04:05Z"}
			default:
				a.body = parse(bytes.ReplaceAll(x.Flask.JSON, []byte(`+00:00"`), []byte(`Z"`)))
			}
		},
	},
	{
		name:  "nan-fails",
		flask: "writes NaN and Infinity as they are called in Python: the answer is not JSON",
		ours:  "500, and the log says which value",
		why:   "RFC 8259, Section 6: no such numbers. A client could not parse the answer.",
		match: func(x *exchange) bool { return x.Topic == "encode" && notNumber.Match(x.Flask.bytes()) },
		apply: func(_ *exchange, a *answer) {
			a.status, a.body = 500, simplePage(500, sentence{})
		},
	},
	{
		name:  "empty-list",
		flask: "Flask-RESTful's action=\"append\" makes None of an empty list",
		ours:  "the empty list that was sent",
		why:   "Nothing that was sent is lost.",
		match: func(x *exchange) bool { return x.Request.Path == "/append-json" && x.Request.Text == `{"tag": []}` },
		apply: func(_ *exchange, a *answer) { a.body = object{"tag": []any{}} },
	},
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

// What is taken as a JSON body.
var bodyRules = []rule{
	{
		name:  "numbers-of-json",
		flask: "takes NaN and Infinity in a body",
		ours:  "400",
		why:   "RFC 8259, Section 6: they are not JSON.",
		match: func(x *exchange) bool {
			return x.readsBody() && x.Topic != "encode" && notNumber.Match(x.Request.bytes()) && x.Flask.Status != 400
		},
		apply: (*exchange).refuseBody,
	},
	{
		name:  "digits-kept",
		flask: "makes Infinity of 1e400 and zero of 1e-400, and then writes what is not JSON",
		ours:  "with UseNumber, all digits as they came",
		why:   "RFC 8259, Section 6, allows any number. What does not fit a float64 is not replaced by another number.",
		match: func(x *exchange) bool {
			f, err := strconv.ParseFloat(x.Request.Text, 64)
			return x.readsBody() && x.Request.Text != "" && (err != nil && math.IsInf(f, 0) && json.Valid(x.Request.bytes()) ||
				err == nil && f == 0 && strings.ContainsAny(x.Request.Text, "123456789"))
		},
		apply: func(x *exchange, a *answer) {
			a.body = object{"data": json.Number(x.Request.Text), "type": "float"}
		},
	},
	{
		name:  "names-once",
		flask: "lets the last of several members of one name win",
		ours:  "400; AllowDuplicateNames is there for those who need it",
		why:   "RFC 8259, Section 4: what it means is unpredictable. Two parsers that disagree are a known way around checks.",
		match: func(x *exchange) bool { return x.readsBody() && hasDuplicates(x.Request.bytes()) },
		apply: (*exchange).refuseBody,
	},
	{
		name:  "utf-8-only",
		flask: "guesses UTF-16 and UTF-32 from the first bytes, and takes a byte order mark",
		ours:  "400",
		why:   "RFC 8259, Section 8.1: JSON between systems is UTF-8, and has no byte order mark.",
		match: func(x *exchange) bool {
			b := x.Request.bytes()
			return x.tookBody() && (bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) || !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0)
		},
		apply: (*exchange).refuseBody,
	},
	{
		name:  "surrogates-in-pairs",
		flask: "takes the escape of half a character, and sends it back as such",
		ours:  "400",
		why:   "RFC 8259, Section 8.2: it is no character, and another system may crash on it.",
		match: func(x *exchange) bool {
			return x.tookBody() && hasLoneSurrogate(x.Request.Text)
		},
		apply: (*exchange).refuseBody,
	},
	{
		name:  "charset-utf-8",
		flask: "ignores the charset parameter",
		ours:  "415, if it is not UTF-8",
		why:   "The client says that its text is in another encoding; reading it as UTF-8 would garble it (RFC 8259, Section 8.1).",
		match: func(x *exchange) bool {
			ct := strings.ToLower(x.Request.header("content-type"))
			return x.readsBody() && strings.Contains(ct, "charset=") && !strings.Contains(ct, "charset=utf-8")
		},
		apply: func(x *exchange, a *answer) { x.failBody(a, http.StatusUnsupportedMediaType) },
	},
	{
		name:  "content-coding",
		flask: "ignores Content-Encoding, and parses the bytes as they are",
		ours:  "415; with Gunzip, gzip is taken",
		why:   "RFC 9110, Section 15.5.16: the coding is not supported, and the answer says what is.",
		match: func(x *exchange) bool { return x.readsBody() && x.Request.has("content-encoding") },
		apply: func(x *exchange, a *answer) { x.failBody(a, http.StatusUnsupportedMediaType) },
	},
	{
		name:  "suffix-of-something",
		flask: "takes application/+json for JSON",
		ours:  "415",
		why:   "RFC 6838, Section 4.2: a subtype's name has a character at least before the suffix.",
		match: func(x *exchange) bool {
			return x.Request.header("content-type") == "application/+json" && x.Flask.Status == 200 && x.Request.Path != "/is-json"
		},
		apply: func(x *exchange, a *answer) { x.failBody(a, http.StatusUnsupportedMediaType) },
	},
	{
		name:  "depth-without-recursion",
		flask: "fails with 500 for 1,000 levels of nesting or so, a RecursionError, also with silent=True",
		ours:  "takes 10,000 levels, or MaxDepth, and answers 400 beyond",
		why:   "The depth of the input must not be a fault of the server.",
		match: func(x *exchange) bool {
			return x.readsBody() && x.Flask.Status == 500 && bytes.Count(x.Request.bytes(), []byte("[")) > 900
		},
		apply: func(x *exchange, a *answer) {
			if !json.Valid(x.Request.bytes()) {
				x.refuseBody(a)
				return
			}
			a.status, a.body = 200, object{"data": parse(x.Request.bytes()), "type": "list"}
		},
	},
	{
		name:  "limit-counts-chunks",
		flask: "does not apply MAX_CONTENT_LENGTH to a chunked body, or cuts the body there and parses what is left",
		ours:  "413, however the length is declared",
		why:   "A limit that a client can go around is none, and half a body is not the body.",
		match: func(x *exchange) bool {
			return strings.HasPrefix(x.App, "getjson-limit") && x.Request.Framing == "chunked" && len(x.Request.bytes()) > 64 && x.Request.Path != "/lazy"
		},
		apply: func(x *exchange, a *answer) { x.failBody(a, http.StatusRequestEntityTooLarge) },
	},
	{
		name:  "not-an-object",
		flask: "fails with 500 for an array, a number or a text where an object is wanted, or takes a list of pairs or an empty one for an object",
		ours:  "422, or 400 in the shape of reqparse, or with Silent nothing, as for any other body that is not good",
		why:   "get_json returns any value, and the guide's samples call .get on it. The fault is the client's, and is told.",
		match: (*exchange).wantsObject,
		apply: func(x *exchange, a *answer) {
			switch {
			case x.Topic == "restful":
				a.status, a.body = 400, object{"message": sentence{}}
			case x.Topic == "status": // under silent=True
				a.status, a.ctype = 200, "application/json"
				a.body = object{"id": 1, "name": "Widget", "price": json.Number("9.99")}
			default:
				x.failFields(a, fault{"", "type"})
			}
		},
	},
}

// tookBody reports whether Flask took the body for JSON.
func (x *exchange) tookBody() bool {
	answer, _ := parse(x.Flask.JSON).(object)
	return x.readsBody() && x.Flask.Status == 200 && (answer == nil || answer["data"] != nil)
}

var surrogates = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?`)

// hasLoneSurrogate reports whether an escape is the first half of a character
// without the second.
func hasLoneSurrogate(s string) bool {
	return slices.ContainsFunc(surrogates.FindAllString(s, -1), func(escape string) bool { return len(escape) == 6 })
}

// What is taken as a field.
var fieldRules = []rule{
	{
		name:  "types-are-strict",
		flask: "reqparse and Marshmallow convert (\"12.5\" to 12.5, 5 to \"5\", 3.7 to 3, [1] to 1), and the guide's sample takes any type",
		ours:  "faults the field",
		why:   "A stricter default: what the client sent by mistake is not stored as something else.",
		match: func(x *exchange) bool {
			return len(x.wrongTypes()) > 0 && (x.Flask.Status < 300 || x.Topic == "parsing" && x.Flask.Status == 422)
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "help-fits-the-fault",
		flask: "reqparse answers a price that is no number with the help text, \"price is required\"",
		ours:  "says that it must be a number",
		why:   "The help text is about an absent field; this one is there.",
		match: func(x *exchange) bool {
			return x.Topic == "restful" && len(x.wrongTypes()) > 0 && x.Flask.Status == 400 && x.Request.path() != "/json"
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "null-is-no-value",
		flask: "reqparse takes null for a required field, and stores it",
		ours:  "faults the field",
		why:   "The type has no null. A field that may be null is an Optional.",
		match: func(x *exchange) bool {
			body := x.object()
			v, there := body["name"]
			return x.Topic == "restful" && x.Flask.Status < 300 && there && v == nil
		},
		apply: func(x *exchange, a *answer) {
			a.status, a.body = 400, object{"message": object{"name": sentence{}, "price": sentence{}}}
		},
	},
	{
		name:  "all-faults-at-once",
		flask: "reqparse names the first fault only, without bundle_errors",
		ours:  "names all",
		why:   "A form can be mended in one round.",
		match: func(x *exchange) bool {
			return slices.Contains([]string{"restful", "restful-json", "cors-restful"}, x.App) && x.Request.Text == `{}` && bytes.Contains(x.Flask.JSON, []byte("is required"))
		},
		apply: func(_ *exchange, a *answer) {
			a.body = object{"message": object{"name": "name is required", "price": "price is required"}}
		},
	},
	{
		name:  "body-alone",
		flask: "reqparse fills in from the query what the JSON body lacks",
		ours:  "takes the body as what it is",
		why:   "A value from a link that somebody else wrote must not end up in the record.",
		match: func(x *exchange) bool {
			u, err := url.Parse(x.Request.Path)
			body := x.object()
			return err == nil && x.App == "restful" && body != nil && x.Flask.Status == 201 && body["price"] == nil && u.Query().Has("price")
		},
		apply: func(_ *exchange, a *answer) {
			a.status, a.body = 400, object{"message": object{"price": "price is required"}}
		},
	},
	{
		name:  "strict-without-a-body",
		flask: "reqparse's strict=True reads the body of a GET, which has none, and fails with 400 or 415",
		ours:  "looks at the query only",
		why:   "A trap of Flask-RESTful's default locations.",
		match: func(x *exchange) bool { return x.Request.path() == "/strict" },
		apply: func(x *exchange, a *answer) {
			a.status, a.body = 200, object{"a": "1"}
			if strings.Contains(x.Request.Path, "b=") {
				a.status, a.body = 400, object{"message": object{"a": sentence{}}}
			}
		},
	},
	{
		name:  "time-has-a-zone",
		flask: "Marshmallow takes a time without a zone",
		ours:  "faults the field",
		why:   "RFC 3339, Section 5.6: without the zone it is not known what moment is meant.",
		match: func(x *exchange) bool {
			when, _ := x.object()["when"].(string)
			return x.App == "marshmallow" && x.Flask.Status == 200 && when != "" && !strings.ContainsAny(when[10:], "Z+-")
		},
		apply: func(_ *exchange, a *answer) {
			a.status, a.body = 422, object{"errors": object{"when": []any{sentence{}}}}
		},
	},
	{
		name:  "decode-then-validate",
		flask: "Marshmallow names unknown fields, wrong types and rules that are broken all together",
		ours:  "unknown fields and wrong types first, all of them; the rules when there are none of these",
		why:   "A validation function gets a whole value, never one with holes where a type was wrong.",
		match: func(x *exchange) bool {
			return x.App == "marshmallow" && x.Flask.Status == 422 && x.brokenRules() > 0 && x.hasDecodeFaults()
		},
		apply: func(x *exchange, a *answer) { a.body = x.decodeFaultsOnly(a.body) },
	},
	{
		name:  "null-in-a-list",
		flask: "Marshmallow faults a null among the elements of a list of texts",
		ours:  "takes it for the zero value, as encoding/json does",
		why:   "A list whose elements must not be null is one of pointers, with a validation.",
		match: func(x *exchange) bool {
			tags, _ := x.object()["tags"].([]any)
			return x.App == "marshmallow" && slices.Contains(tags, nil)
		},
		apply: func(x *exchange, a *answer) {
			tree := a.body.(object)["errors"].(object)["tags"].(object)
			for i, tag := range x.object()["tags"].([]any) {
				if tag == nil {
					delete(tree, strconv.Itoa(i))
				}
			}
		},
	},
	{
		name:  "fault-at-its-pointer",
		flask: "Marshmallow puts the fault of a nested value that is no object under \"_schema\"",
		ours:  "under the name of the field",
		why:   "The JSON Pointer of the fault (RFC 6901) is that of the field.",
		match: func(x *exchange) bool {
			_, isText := x.object()["address"].(string)
			return x.App == "marshmallow" && isText
		},
		apply: func(_ *exchange, a *answer) { a.body = object{"errors": object{"address": []any{sentence{}}}} },
	},
}

// How errors are answered.
var errorRules = []rule{
	{
		name:  "header-fields-stay",
		flask: "handlers that return jsonify drop Allow, WWW-Authenticate and Retry-After",
		ours:  "keeps them",
		why:   "RFC 9110, Sections 15.5.6 and 15.5.2, demand the first two; the guide's handlers send 405 and 401 without.",
		match: func(x *exchange) bool {
			h, jsonError := x.Flask.Headers, x.Flask.JSON != nil || x.Request.Method == http.MethodHead
			return jsonError && !x.exceptionApp() &&
				(x.Flask.Status == 405 && h["allow"] == nil && x.svc.methods(x.Request.path()) != nil ||
					x.Request.Path == "/unauth" && h["www-authenticate"] == nil || x.Request.Path == "/retry" && h["retry-after"] == nil)
		},
		apply: (*exchange).keepFields,
	},
	{
		name:  "errors-keep-their-status",
		flask: "errorhandler(Exception) alone makes 500 of 400, 404, 405 and all other HTTP errors",
		ours:  "a handler for unknown errors gets unknown errors",
		why:   "The guide recommends it to \"catch all unhandled exceptions\"; a 404 is none.",
		match: func(x *exchange) bool { return x.exceptionApp() && x.httpStatus() != 500 },
		apply: func(x *exchange, a *answer) {
			a.status = x.httpStatus()
			if x.Request.Path == "/post" {
				x.failBody(a, a.status)
			} else if x.Request.Method != http.MethodHead {
				var message any = sentence{}
				switch {
				case strings.HasPrefix(x.Request.Path, "/abort-desc/"):
					message = "Custom description for " + strconv.Itoa(a.status)
				case x.Request.Path == "/html-desc":
					message = "<b>bad</b>"
				}
				a.body = simplePage(a.status, message)
			}
			x.keepFields(a)
		},
	},
	{
		name:  "any-error-status",
		flask: "abort knows the codes that werkzeug has a class for, and fails with 500 for others",
		ours:  "takes any status of 400 to 599",
		why:   "RFC 9110, Section 15: clients treat what they do not know as the x00 of its class.",
		match: func(x *exchange) bool {
			code, err := strconv.Atoi(strings.TrimPrefix(x.Request.Path, "/abort/"))
			return err == nil && code >= 400 && code <= 599 && x.Flask.Status == 500 && code != 500 && !x.exceptionApp() && x.Topic == "errors"
		},
		apply: func(x *exchange, a *answer) {
			code, _ := strconv.Atoi(strings.TrimPrefix(x.Request.Path, "/abort/"))
			a.status, a.ctype, a.body = code, "application/json", object{"error": sentence{}, "message": sentence{}, "status": code}
		},
	},
	{
		name:  "fallback-cannot-fail",
		flask: "answers for a handler that fails with the 500 handler",
		ours:  "a constant JSON 500, also where a program aborts with a status that is not that of an error",
		why:   "What stands in for the application's own code must not be the application's own code.",
		match: func(x *exchange) bool {
			code, err := strconv.Atoi(strings.TrimPrefix(x.Request.Path, "/abort/"))
			noError := x.Topic == "errors" && err == nil && (code < 400 || code > 599)
			return (noError || x.App == "errors-failing-handler") && bytes.Contains(x.Flask.JSON, []byte(`"Internal server error"`))
		},
		apply: func(_ *exchange, a *answer) { a.body = simplePage(500, sentence{}) },
	},
}

// What browsers conclude.
var corsRules = []rule{
	{
		name:  "preflight-before-routing",
		flask: "answers a preflight for an unknown path or a route without OPTIONS with 404 or 405, which browsers take for a refusal",
		ours:  "answers it by the policy, and the request itself with 404",
		why:   "The page reads the 404 then; a refused preflight would look like a failing network.",
		match: func(x *exchange) bool { return x.isCORS() && x.Request.isPreflight() && x.Flask.Status >= 400 },
		apply: func(x *exchange, a *answer) {
			a.verdict.granted = [2]bool{true, x.app.policy(x.Request.path()).AllowCredentials}
		},
	},
	{
		name:  "one-policy",
		flask: "the guide's four CORS(app, ...) calls on one app add up: what one refuses the one before allows, every origin in the end",
		ours:  "one policy for one handler, the last and strictest of the four",
		why:   "As printed, the guide's sample restricts nothing.",
		match: func(x *exchange) bool {
			return x.App == "cors-guide" && x.Request.has("origin") && x.Request.header("origin") != originA
		},
		apply: refuse,
	},
	{
		name:  "origins-byte-for-byte",
		flask: "compares origins without regard to case",
		ours:  "byte for byte",
		why:   "Browsers send lower case (https://fetch.spec.whatwg.org/#origin-header). Whoever sends another is no browser.",
		match: func(x *exchange) bool {
			origin := x.Request.header("origin")
			return x.isCORS() && origin != strings.ToLower(origin) && !slices.Contains(x.app.policy(x.Request.path()).AllowOrigins, "*")
		},
		apply: refuse,
	},
	{
		name:  "patterns-are-anchored",
		flask: "matches an expression at the start only: https://a.example.com.evil.example passes https://.*\\.example\\.com",
		ours:  "a pattern is a whole origin, and its \"*\" is labels of a host",
		why:   "A security fault: anybody could register the host.",
		match: func(x *exchange) bool {
			_, host, _ := strings.Cut(x.Request.header("origin"), "://")
			return strings.HasPrefix(x.App, "cors-regex") && strings.Contains(host, "evil") && x.Flask.Headers["access-control-allow-origin"] != nil
		},
		apply: refuse,
	},
	{
		name:  "null-is-nobody",
		flask: "can allow the origin \"null\"",
		ours:  "refuses the policy",
		why:   "Sandboxed frames of any site send it: it is everybody.",
		match: func(x *exchange) bool { return x.App == "cors-null" && x.Request.has("origin") },
		apply: refuse,
	},
	{
		name:  "no-credentials-for-everybody",
		flask: "echoes every origin, with credentials, where any origin and supports_credentials are set",
		ours:  "refuses the policy",
		why:   "Any site could act in the name of the user. Fetch has \"*\" fail with credentials for that reason; an echo goes around it.",
		match: func(x *exchange) bool { return x.App == "cors-credentials-any" && x.Request.has("origin") },
		apply: refuse,
	},
	{
		name:  "paths-not-expressions",
		flask: "takes the key of resources for an expression that matches at the start: /api/public/* also takes /api/publicity, and /api/* takes /apix",
		ours:  "patterns as those of http.ServeMux",
		why:   "What is allowed is what was written.",
		match: func(x *exchange) bool {
			return slices.Contains([]string{"cors-resources", "cors-faq-fixed"}, x.App) && x.Request.has("origin") &&
				x.app.policy(x.Request.path()) == nil && x.Flask.Headers["access-control-allow-origin"] != nil
		},
		apply: refuse,
	},
	{
		name:  "key-of-the-faq",
		flask: "the FAQ has resources={\"r/api/*\": ...}, with the r inside the quotes: it matches no path, so there is no CORS at all",
		ours:  "the policy for /api/ that was meant",
		why:   "A misprint of the guide.",
		match: func(x *exchange) bool {
			return x.App == "cors-faq" && x.app.policy(x.Request.path()) != nil && x.Request.has("origin")
		},
		apply: func(x *exchange, a *answer) {
			if x.Request.isPreflight() {
				a.verdict.granted[0] = true
			} else {
				a.verdict.readable[0] = true
			}
		},
	},
	{
		name:  "post-is-always-allowed",
		flask: "takes methods=[\"GET\"] for a refusal of POST, and leaves Max-Age out",
		ours:  "GET, HEAD and POST are allowed in every policy",
		why:   "Browsers allow them whatever the answer lists (https://fetch.spec.whatwg.org/#cors-preflight-fetch, step 7.5).",
		match: func(x *exchange) bool {
			return x.App == "cors-res-options" && x.Request.header("access-control-request-method") == "POST"
		},
		apply: func(_ *exchange, a *answer) { a.verdict.maxAge = "5" },
	},
	{
		name:  "header-names-are-tokens",
		flask: "allows requested header names that are no names",
		ours:  "refuses the preflight",
		why:   "RFC 9110, Section 5.1: no browser can send such a field.",
		match: func(x *exchange) bool {
			return x.isCORS() && strings.Contains(x.Request.header("access-control-request-headers"), ";") && x.Flask.Headers["access-control-allow-headers"] != nil
		},
		apply: refuse,
	},
	{
		name:  "cors-on-errors",
		flask: "@cross_origin leaves unhandled exceptions without CORS header fields",
		ours:  "they stay",
		why:   "Else the page cannot tell a 500 from a failing network.",
		match: func(x *exchange) bool { return x.App == "cors-decorator" && x.Flask.Status == 500 },
		apply: func(_ *exchange, a *answer) { a.verdict.readable[0] = true },
	},
	{
		name:  "no-options-view",
		flask: "the manual sample's OPTIONS view on /api/<path> makes 405 of every unknown URL below /api",
		ours:  "404",
		why:   "A side effect of the guide's sample.",
		match: func(x *exchange) bool {
			return x.Topic == "cors-manual" && x.Flask.Status == 405 && x.svc.methods(x.Request.path()) == nil
		},
		apply: func(x *exchange, a *answer) {
			a.status, a.fields = 404, nil
			if a.body = simplePage(404, sentence{}); x.App == "cors-manual-json" {
				a.body = object{"error": "Not found"}
			}
		},
	},
}

// refuse is the answer to an origin that may not read it.
func refuse(_ *exchange, a *answer) { a.verdict = verdict{asked: true} }

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
	if x.Request.Path == "/abort-dict" {
		a.body.(object)["details"] = object{"field": "name", "why": "missing"}
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
		return !slices.Contains([]string{"/lazy", "/is-json", "/bytes"}, x.Request.Path) && x.Request.Path != "/guarded"
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

// refuseBody is the answer to a body that is not JSON.
func (x *exchange) refuseBody(a *answer) {
	switch {
	case x.silent():
		a.status, a.body = 200, object{"data": nil, "type": "NoneType"}
	case x.Request.Path == "/raw": // json.Unmarshal failed, and nobody handles it
		x.failBody(a, 500)
	default:
		x.failBody(a, 400)
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
	case status == 400 && hasDuplicates(x.Request.bytes()):
		body["code"], body["details"] = "duplicate", []any{fault{"/price", "duplicate"}}
	case status == 400:
		pointer := ""
		if bytes.Contains(x.Request.bytes(), []byte(`"price": NaN`)) {
			pointer = "/price"
		}
		body["code"], body["details"] = "syntax", []any{fault{pointer, "syntax"}}
	case status == 413:
		body["code"] = "too_large"
	case status == 415:
		body["code"] = "unsupported_media_type"
	}
	a.body = body
}

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
		return x.Flask.Status == 500
	case strings.HasPrefix(x.App, "parsing"):
		return v != nil
	case x.Topic == "restful":
		return x.readsBody() && (x.Request.path() == "/api/items" || strings.HasPrefix(x.Request.path(), "/json"))
	}
	return false
}

// fieldTypes are the types of the fields of all applications that have fields.
var fieldTypes = map[string]string{
	"name": "string", "price": "number", "n": "integer", "qty": "integer", "loose": "integer", "flag": "bool",
	"email": "string", "kind": "string", "city": "string", "zip": "string",
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
	for _, name := range []string{"name", "price", "n", "qty", "loose", "flag", "email", "kind"} {
		if v, ok := body[name]; ok && !isType(v, fieldTypes[name]) && !hasDuplicates(x.Request.bytes()) {
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
	return !there || !slices.Contains(schemaFields[place], name) || fieldTypes[name] != "" && !isType(v, fieldTypes[name])
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
		inner, isObject := body[name].(object)
		if isTree && isObject {
			for member := range nested {
				fn(name, member, inner, nested)
			}
		} else if !isTree {
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

// hasDuplicates reports whether a name is twice in one object.
func hasDuplicates(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		names map[string]bool
		name  bool // a name is next
	}
	var stack []*level
	for {
		tok, err := dec.Token()
		if err != nil {
			return false
		}
		top := func() *level {
			if len(stack) == 0 {
				return nil
			}
			return stack[len(stack)-1]
		}
		l := top()
		if l != nil && l.names != nil && l.name {
			if name, ok := tok.(string); ok {
				if l.names[name] {
					return true
				}
				l.names[name], l.name = true, false
				continue
			}
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, &level{map[string]bool{}, true})
			continue
		case json.Delim('['):
			stack = append(stack, &level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
		if l := top(); l != nil && l.names != nil {
			l.name = true
		}
	}
}
