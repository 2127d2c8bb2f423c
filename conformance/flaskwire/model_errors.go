package flaskwire

// What the rules know of the errors of the applications.

import (
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

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

// isPage reports whether an answer is one of Flask's pages for errors.
func isPage(a *wireAnswer, r *wireRequest) bool {
	ctype := a.Headers["content-type"]
	return a.Status >= 400 && len(ctype) > 0 && strings.HasPrefix(ctype[0], "text/html") && (len(a.bytes()) > 0 || r.Method == http.MethodHead)
}

// needlessEscape is the escape of a letter or digit, which chi and Echo match as it
// is written.
var needlessEscape = regexp.MustCompile(`%(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])`)

var beyondInt64 = regexp.MustCompile(`/[0-9]{20,}$`)

var moments = map[string]string{
	"datetime-naive":  "2024-01-02T03:04:05Z",
	"datetime-utc":    "2024-01-02T03:04:05.678901Z",
	"datetime-offset": "2024-01-02T03:04:05+05:30",
	"datetime-far":    "9999-12-31T23:59:59Z",
	"date":            "2024-02-29",
}
