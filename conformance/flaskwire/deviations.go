package flaskwire

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
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
		ours:  "leaves out nil, has false for \"false\", and faults what is neither true nor false",
		why:   "What is true in Python is Python's.",
		match: func(x *exchange) bool {
			u, err := url.Parse(x.Request.Path)
			isTrue := func(s string) bool { b, err := strconv.ParseBool(s); return err == nil && b }
			return err == nil && u.Path == "/boolbuiltin" && u.Query().Has("b") && !isTrue(u.Query().Get("b")) ||
				slices.Contains([]string{"/payload-empty", "/payload-zero"}, x.Request.Path)
		},
		apply: func(x *exchange, a *answer) {
			switch x.Request.Path {
			case "/payload-empty":
				a.body.(object)["details"] = object{}
			case "/payload-zero":
				a.body.(object)["details"] = 0
			default:
				u, _ := url.Parse(x.Request.Path)
				if a.body = (object{"b": false}); !slices.Contains([]string{"0", "f", "F", "false", "FALSE", "False"}, u.Query().Get("b")) {
					a.status, a.body = 400, object{"message": object{"b": sentence{}}}
				}
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
		ours:  "the handler parses the segment, after the method was looked at",
		why:   "Routing belongs to the router.",
		match: func(x *exchange) bool {
			path := x.Request.path()
			first, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
			noInteger := x.Flask.Status == 404 && x.svc.hasID(path) && !digits.MatchString(path) &&
				(x.wrongMethod() || x.Request.Method == http.MethodOptions || x.App == "restful-json")
			beyond := x.Flask.Status == 200 && beyondInt64.MatchString(path)
			return noInteger || x.App == "routing" &&
				(beyond || slices.Contains([]string{"signed", "fixed", "range", "float", "uuid", "path", "any"}, first))
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

// Answers without errors.
var answerRules = []rule{
	{
		name:  "head-is-get",
		flask: "hands HEAD to the view, which has no branch for it, returns None and fails: 500",
		ours:  "what GET would have answered",
		why:   "A fault of the guide's item_detail. HEAD is GET without the content (RFC 9110, Section 9.3.2).",
		match: func(x *exchange) bool {
			return strings.HasPrefix(x.App, "itemdetail") && x.Request.Method == http.MethodHead && x.Flask.Status == 500
		},
		apply: func(x *exchange, a *answer) {
			a.status, a.ctype = http.StatusNotFound, "application/json"
			if x.item() != nil {
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
				a.body.(object)["when"] = x.object()["when"]
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
		name:  "list-as-sent",
		flask: "Flask-RESTful's action=\"append\" makes None of an empty list, and a list of None of null",
		ours:  "what was sent",
		why:   "An empty list and null are not the same.",
		match: func(x *exchange) bool {
			tag, there := x.object()["tag"]
			list, isList := tag.([]any)
			return x.Request.Path == "/append-json" && there && (tag == nil || isList && len(list) == 0)
		},
		apply: func(x *exchange, a *answer) { a.body = object{"tag": x.object()["tag"]} },
	},
}

// What is taken as a JSON body.
var bodyRules = []rule{
	{
		name:  "numbers-of-json",
		flask: "takes NaN and Infinity in a body",
		ours:  "400",
		why:   "RFC 8259, Section 6: they are not JSON.",
		match: func(x *exchange) bool { return x.tookBody() && notNumber.Match(x.withoutTexts()) },
		apply: (*exchange).refuseBody,
	},
	{
		name:  "digits-kept",
		flask: "makes Infinity of 1e400 and zero of 1e-400, and then writes what is not JSON",
		ours:  "with UseNumber, all digits as they came",
		why:   "RFC 8259, Section 6, allows any number. What does not fit a float64 is not replaced by another number.",
		match: func(x *exchange) bool {
			echoes := x.App == "itemdetail" || strings.HasPrefix(x.App, "getjson") && (x.Request.Path != "/guarded" || x.object() != nil)
			return echoes && x.tookBody() && x.changesNumber()
		},
		apply: (*exchange).echo,
	},
	{
		name:  "names-once",
		flask: "lets the last of several members of one name win",
		ours:  "400; AllowDuplicateNames is there for those who need it",
		why:   "RFC 8259, Section 4: what it means is unpredictable. Two parsers that disagree are a known way around checks.",
		match: func(x *exchange) bool {
			return x.Request.Path != "/raw" && x.tookBody() && duplicate(x.Request.bytes()) != ""
		},
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
			return x.tookBody() && x.Request.Path != "/raw" && hasLoneSurrogate(x.Request.Text)
		},
		apply: (*exchange).refuseBody,
	},
	{
		name:  "charset-utf-8",
		flask: "ignores the charset parameter",
		ours:  "415, if it is not UTF-8",
		why:   "The client says that its text is in another encoding; reading it as UTF-8 would garble it (RFC 8259, Section 8.1).",
		match: func(x *exchange) bool {
			_, params, err := mime.ParseMediaType(x.Request.header("content-type"))
			charset := strings.ToLower(params["charset"])
			return x.readsBody() && !x.forced() && err == nil && charset != "" && charset != "utf-8" && charset != "utf8"
		},
		apply: (*exchange).refuseType,
	},
	{
		name:  "content-coding",
		flask: "ignores Content-Encoding, and parses the bytes as they are",
		ours:  "415; with Gunzip, gzip is taken",
		why:   "RFC 9110, Section 15.5.16: the coding is not supported, and the answer says what is.",
		match: func(x *exchange) bool {
			return x.readsBody() && x.Request.Path != "/raw" && x.tookBody() && x.Request.has("content-encoding")
		},
		apply: (*exchange).refuseType,
	},
	{
		name:  "well-formed-media-type",
		flask: "takes what is no media type for JSON: application/+json",
		ours:  "415",
		why:   "RFC 9110, Section 8.3.1, and RFC 6838, Section 4.2: a subtype has a name before its suffix.",
		match: func(x *exchange) bool {
			ct := x.Request.header("content-type")
			mediaType, _, err := mime.ParseMediaType(ct)
			answer, _ := parse(x.Flask.JSON).(object)
			reads := !x.forced() && x.tookBody() && x.Newer == nil || answer["is_json"] == true
			return reads && ct != "" && (err != nil || strings.Contains(mediaType, "/+"))
		},
		apply: func(x *exchange, a *answer) {
			switch x.Request.Path {
			case "/is-json":
				a.body.(object)["is_json"] = false
			case "/guarded":
				a.status, a.body = http.StatusUnsupportedMediaType, object{"error": "Content-Type must be application/json"}
			default:
				x.refuseType(a)
			}
		},
	},
	{
		name:  "depth-without-recursion",
		flask: "fails with 500 for 1,000 levels of nesting or so, a RecursionError, also with silent=True",
		ours:  "accepts 10,000 levels of nesting, and responds with 400 beyond",
		why:   "The depth of the input must not be a fault of the server.",
		match: func(x *exchange) bool {
			return x.readsBody() && x.Flask.Status == 500 && depth(x.Request.bytes()) > 900 &&
				(x.Request.Path != "/raw" || json.Valid(x.Request.bytes()))
		},
		apply: func(x *exchange, a *answer) {
			if !json.Valid(x.Request.bytes()) {
				x.refuseBody(a)
				return
			}
			x.echo(a)
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
				x.leaveItem(a)
			default:
				x.failFields(a, fault{"", "type"})
			}
		},
	},
}

// What is taken as a field.
var fieldRules = []rule{
	{
		name:  "types-are-strict",
		flask: "reqparse and Marshmallow convert (\"12.5\" to 12.5, 5 to \"5\", 3.7 to 3, [1] to 1), and the guide's sample takes any type",
		ours:  "faults the field",
		why:   "A stricter default: what the client sent by mistake is not stored as something else.",
		match: func(x *exchange) bool {
			taken := x.tookBody() && (x.Flask.Status < 300 || x.Topic == "parsing")
			return len(x.wrongTypes()) > 0 && (taken || x.Topic == "restful" && x.Flask.Status == 500)
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "help-fits-the-fault",
		flask: "reqparse answers a price that is no number with the help text, \"price is required\"",
		ours:  "says that it must be a number",
		why:   "The help text is about an absent field; this one is there.",
		match: func(x *exchange) bool {
			return x.Topic == "restful" && len(x.wrongTypes()) > 0 && x.Flask.Status == 400 && x.tookBody() && x.Request.path() != "/json"
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "null-is-no-value",
		flask: "reqparse takes null for a required field, and stores it",
		ours:  "faults the field",
		why:   "The type has no null. A field that may be null is an Optional.",
		match: func(x *exchange) bool {
			return x.Topic == "restful" && x.tookBody() && len(x.nulls()) > 0
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "all-faults-at-once",
		flask: "reqparse names the first fault only, without bundle_errors",
		ours:  "names all",
		why:   "A form can be mended in one round.",
		match: func(x *exchange) bool {
			told, _ := parse(x.Flask.JSON).(object)
			first, _ := told["message"].(object)
			bundled := x.App == "restful-bundle" || x.App == "restful-bundle-config"
			return x.object() != nil && !bundled && len(first) == 1 && len(x.reqparseFaults()) > 1
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "body-alone",
		flask: "reqparse fills in from the query what the JSON body lacks",
		ours:  "takes the body as what it is",
		why:   "A value from a link that somebody else wrote must not end up in the record.",
		match: func(x *exchange) bool {
			u, err := url.Parse(x.Request.Path)
			if err != nil || x.object() == nil || u.Path != "/api/items" || !u.Query().Has("name") && !u.Query().Has("price") {
				return false
			}
			told, _ := parse(x.Flask.JSON).(object)
			fields, _ := told["message"].(object)
			bundled := x.App == "restful-bundle" || x.App == "restful-bundle-config"
			ours := len(x.reqparseFaults())
			return ours > 0 && x.Flask.Status < 300 || x.Flask.Status == 400 && (ours == 0 || bundled && len(fields) != ours)
		},
		apply: (*exchange).faultTypes,
	},
	{
		name:  "strict-without-a-body",
		flask: "reqparse's strict=True reads the body of a GET, which has none, and fails with 400 or 415",
		ours:  "looks at the query only",
		why:   "A trap of Flask-RESTful's default locations.",
		match: func(x *exchange) bool { return x.Request.path() == "/strict" },
		apply: func(x *exchange, a *answer) {
			u, _ := url.Parse(x.Request.Path)
			a.status, a.body = 200, object{"a": nil}
			if u.Query().Has("a") {
				a.body = object{"a": u.Query().Get("a")}
			}
			if u.Query().Has("b") {
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
			_, err := time.Parse(time.RFC3339, when)
			return x.App == "marshmallow" && x.Flask.Status == 200 && when != "" && err != nil
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
		name:  "fault-at-its-pointer",
		flask: "Marshmallow puts the fault of a nested value that is no object under \"_schema\"",
		ours:  "under the name of the field",
		why:   "The JSON Pointer of the fault (RFC 6901) is that of the field.",
		match: func(x *exchange) bool {
			tree, _ := parse(x.Flask.JSON).(object)
			return x.App == "marshmallow" && hasNestedSchema(tree["errors"], 0)
		},
		apply: func(_ *exchange, a *answer) { a.body = object{"errors": flatten(a.body.(object)["errors"])} },
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
			return jsonError && !x.exceptionApp() && !x.Request.isPreflight() &&
				(x.Flask.Status == 405 && h["allow"] == nil && x.wrongMethod() ||
					x.Request.Path == "/unauth" && x.Flask.Status == 401 && h["www-authenticate"] == nil ||
					x.Request.Path == "/retry" && x.Flask.Status == 429 && h["retry-after"] == nil)
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
			switch path := x.Request.Path; {
			case path == "/post" && a.status != 405:
				x.failBody(a, a.status)
			case strings.HasPrefix(path, "/abort-desc/") && a.status != 405:
				a.body = simplePage(a.status, "Custom description for "+strconv.Itoa(a.status))
			default:
				a.body = simplePage(a.status, sentence{})
				if path == "/abort-dict" && a.status == 400 {
					a.body.(object)["details"] = object{"field": "name", "why": "missing"}
				}
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
			return x.Topic == "errors" && err == nil && code >= 400 && code <= 599 && code != 500 && x.Flask.Status == 500 &&
				!x.exceptionApp() && !(x.App == "errors-failing-handler" && code == 404)
		},
		apply: func(x *exchange, a *answer) {
			code, _ := strconv.Atoi(strings.TrimPrefix(x.Request.Path, "/abort/"))
			a.status, a.ctype, a.body = code, "application/json", object{"error": sentence{}, "message": sentence{}, "status": code}
			if x.App == "errors-http-keep" {
				a.body = object{"name": sentence{}, "description": sentence{}, "code": code}
			}
		},
	},
	{
		name:  "fallback-cannot-fail",
		flask: "answers for a handler that fails with the 500 handler",
		ours:  "a constant JSON 500",
		why:   "What stands in for the application's own code must not be the application's own code.",
		match: func(x *exchange) bool { return x.App == "errors-failing-handler" && x.httpStatus() == 404 },
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
		match: func(x *exchange) bool {
			return x.Request.isPreflight() && x.Flask.Status >= 400 && x.model().granted[0]
		},
		apply: conclude,
	},
	{
		name:  "one-policy",
		flask: "the guide's four CORS(app, ...) calls on one app add up: what one refuses the one before allows, every origin in the end",
		ours:  "one policy for one handler, the last and strictest of the four",
		why:   "As printed, the guide's sample restricts nothing.",
		match: func(x *exchange) bool {
			return x.App == "cors-guide" && x.passes() && x.Request.header("origin") != originA
		},
		apply: conclude,
	},
	{
		name:  "origins-byte-for-byte",
		flask: "compares origins without regard to case",
		ours:  "byte for byte",
		why:   "Browsers send lower case (https://fetch.spec.whatwg.org/#origin-header). Whoever sends another is no browser.",
		match: func(x *exchange) bool {
			origin := x.Request.header("origin")
			return x.passes() && origin != strings.ToLower(origin) && x.policy() != nil && !slices.Contains(x.policy().AllowOrigins, "*")
		},
		apply: conclude,
	},
	{
		name:  "patterns-are-anchored",
		flask: "matches an expression at the start only: https://a.example.com.evil.example passes https://.*\\.example\\.com",
		ours:  "a pattern is a whole origin, and its \"*\" is labels of a host",
		why:   "A security fault: anybody could register the host.",
		match: func(x *exchange) bool {
			origin := strings.ToLower(x.Request.header("origin"))
			return strings.HasPrefix(x.App, "cors-regex") && x.passes() && origin != "http://localhost:3000" && !belowExample.MatchString(origin)
		},
		apply: conclude,
	},
	{
		name:  "null-is-nobody",
		flask: "can allow the origin \"null\"",
		ours:  "refuses the policy",
		why:   "Sandboxed frames of any site send it: it is everybody.",
		match: func(x *exchange) bool { return x.App == "cors-null" && x.passes() },
		apply: conclude,
	},
	{
		name:  "no-credentials-for-everybody",
		flask: "echoes every origin, with credentials, where any origin and supports_credentials are set",
		ours:  "refuses the policy",
		why:   "Any site could act in the name of the user. Fetch has \"*\" fail with credentials for that reason; an echo goes around it.",
		match: func(x *exchange) bool { return x.App == "cors-credentials-any" && x.passes() },
		apply: conclude,
	},
	{
		name:  "paths-not-expressions",
		flask: "takes the key of resources for an expression that matches at the start: /api/public/* also takes /api/publicity, and /api/* takes /apix",
		ours:  "patterns as those of http.ServeMux",
		why:   "What is allowed is what was written.",
		match: func(x *exchange) bool {
			// Flask's expression took the path; the pattern that it stands for does not.
			return slices.Contains([]string{"cors-resources", "cors-precedence", "cors-faq-fixed", "cors-res-options"}, x.App) && x.passes() &&
				x.model() == (verdict{asked: true})
		},
		apply: conclude,
	},
	{
		name:  "key-of-the-faq",
		flask: "the FAQ has resources={\"r/api/*\": ...}, with the r inside the quotes: it matches no path, so there is no CORS at all",
		ours:  "the policy for /api/ that was meant",
		why:   "A misprint of the guide.",
		match: func(x *exchange) bool {
			return x.App == "cors-faq" && x.Request.header("origin") != "" && !x.passes() && x.model() != (verdict{asked: true})
		},
		apply: conclude,
	},
	{
		name:  "post-is-always-allowed",
		flask: "takes methods=[\"GET\"] for a refusal of POST, and leaves Max-Age out",
		ours:  "GET, HEAD and POST are allowed in every policy",
		why:   "Browsers allow them whatever the answer lists (https://fetch.spec.whatwg.org/#cors-preflight-fetch, step 7.5).",
		match: func(x *exchange) bool {
			listed := x.Flask.Headers["access-control-allow-methods"] != nil
			return x.Request.isPreflight() && x.allowed() && !listed && x.Flask.Status == 200 && x.model().granted[0] &&
				x.model() != x.recorded().verdict
		},
		apply: conclude,
	},
	{
		name:  "header-names-are-tokens",
		flask: "allows requested header names that are no names",
		ours:  "refuses the preflight",
		why:   "RFC 9110, Section 5.1: no browser can send such a field.",
		match: func(x *exchange) bool {
			return x.Request.isPreflight() && x.passes() &&
				slices.ContainsFunc(strings.Split(x.Request.header("access-control-request-headers"), ","), func(name string) bool {
					name = strings.TrimSpace(name)
					return name != "" && !token.MatchString(name)
				})
		},
		apply: conclude,
	},
	{
		name:  "cors-on-errors",
		flask: "@cross_origin leaves unhandled exceptions and 405 without CORS header fields",
		ours:  "they stay",
		why:   "Else the page cannot tell a 500 from a failing network.",
		match: func(x *exchange) bool {
			return x.App == "cors-decorator" && x.Flask.Status >= 400 && !x.Request.isPreflight() && !x.allowed() && x.model().readable[0]
		},
		apply: conclude,
	},
	{
		name:  "no-options-view",
		flask: "the manual sample's OPTIONS view on /api/<path> makes 405 of every unknown URL below /api",
		ours:  "404",
		why:   "A side effect of the guide's sample.",
		match: func(x *exchange) bool {
			byView := x.Flask.Status == 405 || x.Flask.Status == 204 && !x.Request.isPreflight()
			return x.Topic == "cors-manual" && byView && x.svc.methods(x.Request.path()) == nil
		},
		apply: func(x *exchange, a *answer) {
			a.status, a.ctype, a.fields = 404, "application/json", nil
			if a.body = simplePage(404, sentence{}); x.App == "cors-manual-json" {
				a.body = object{"error": "Not found"}
			}
		},
	},
}
