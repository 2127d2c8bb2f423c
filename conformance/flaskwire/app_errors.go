package flaskwire

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var errorTexts = regexp.MustCompile(`^(400 Bad Request: )?Custom description for \d+$`)

var _ = register(
	errorsApp("errors-none", errjson.Config{}),
	errorsApp("errors-four", errjson.Config{Rules: guideHandlers()}),
	errorsApp("errors-guide", errjson.Config{Rules: guideHandlers(), Format: threeMembers}),
	errorsApp("errors-http", errjson.Config{Format: threeMembers}),
	errorsApp("errors-http-keep", errjson.Config{Format: codeNameDescription}),
	errorsApp("errors-500", errjson.Config{Rules: []errjson.Rule{
		errjson.OnStatus(http.StatusInternalServerError, func(_ *http.Request, e *errjson.Error) any {
			var original any
			if e.Err != nil {
				original = fmt.Sprintf("%T", innermost(e.Err))
			}
			return object{"error": "Internal server error", "handled": fmt.Sprintf("%T", e), "original": original}
		}),
	}}),
	// Flask's errorhandler(Exception). It is for errors of which nothing is known.
	errorsApp("errors-exception", errjson.Config{Rules: []errjson.Rule{
		errjson.OnStatus(http.StatusInternalServerError, says("Internal server error")),
	}}),
	errorsApp("errors-failing-handler", errjson.Config{Rules: []errjson.Rule{
		errjson.OnStatus(http.StatusNotFound, func(*http.Request, *errjson.Error) any { panic("a handler that fails") }),
		errjson.OnStatus(http.StatusInternalServerError, says("Internal server error")),
	}}),
)

// codeNameDescription is the format of Flask's "Generic Exception Handlers".
func codeNameDescription(_ *http.Request, e *errjson.Error) errjson.Response {
	name := cmp.Or(http.StatusText(e.Status), "Unknown Error")
	return errjson.Response{
		Body: object{"code": e.Status, "name": name, "description": description(e)},
	}
}

// guideHandlers are the guide's handlers for 400, 404, 405 and 500. That for
// Exception is what happens without it.
func guideHandlers() []errjson.Rule {
	return []errjson.Rule{
		errjson.OnStatus(http.StatusBadRequest, func(_ *http.Request, e *errjson.Error) any {
			return object{"error": "Bad request", "message": "400 Bad Request: " + e.Message} // str(e)
		}),
		errjson.OnStatus(http.StatusNotFound, says("Not found")),
		errjson.OnStatus(http.StatusMethodNotAllowed, says("Method not allowed")),
		errjson.OnStatus(http.StatusInternalServerError, says("Internal server error")),
	}
}

// says is a handler that gives one text.
func says(text string) func(*http.Request, *errjson.Error) any {
	return func(*http.Request, *errjson.Error) any { return object{"error": text} }
}

// innermost returns the error at the end of a chain of causes.
func innermost(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// A runtimeError stands for Python's RuntimeError.
type runtimeError struct{ text string }

func (e *runtimeError) Error() string { return e.text }

func errorsApp(name string, cfg errjson.Config) *app {
	return &app{name: name, texts: errorTexts, build: func() service {
		return service{errs: cfg, routes: []route{
			get("/ok", value(object{"ok": true})),
			get("/boom", failure(&runtimeError{"boom"})),
			get("/zero", func(r *http.Request) (any, error) {
				n, _ := strconv.Atoi(r.URL.Query().Get("n"))
				return 1 / n, nil
			}),
			get("/abort/{id}", func(r *http.Request) (any, error) {
				code, err := pathInt(r, "id")
				if err != nil {
					return nil, err
				}
				return nil, errjson.New(code, "")
			}),
			get("/abort-desc/{id}", func(r *http.Request) (any, error) {
				code, err := pathInt(r, "id")
				if err != nil {
					return nil, err
				}
				return nil, errjson.Errorf(code, "Custom description for %d", code)
			}),
			get("/abort-response", value(status.Of(http.StatusTeapot, object{"custom": true}))),
			get("/abort-dict", failure(&errjson.Error{
				Status: http.StatusBadRequest, Details: object{"field": "name", "why": "missing"},
			})),
			get("/unauth", failure(errjson.Unauthorized("", `Basic realm="api"`))),
			get("/retry", failure(errjson.TooManyRequests("", 30*time.Second))),
			post("/form-key", func(r *http.Request) (any, error) {
				if x := r.PostFormValue("x"); x != "" {
					return object{"x": x}, nil
				}
				return nil, errjson.BadRequest("")
			}),
			post("/post", func(r *http.Request) (any, error) {
				data, err := bodyjson.Get[any](r)
				return object{"data": data}, err
			}),
			get("/slash/", value(object{"ok": true})),
			get("/html-desc", failure(errjson.BadRequest("<b>bad</b>"))),
			get("/status-text", failure(errjson.Conflict(""))),
		}}
	}}
}
