package errjson_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/justinas/alice"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
)

// serve answers a GET of / with a handler inside Wrap, and prints the status and
// the body.
func serve(handler http.HandlerFunc) { request(quiet.Wrap(handler), "GET", "/") }

// request sends a request to a handler, and prints the status and the body.
func request(handler http.Handler, method, path string) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

// silent is a logger for examples that are not about logs.
var silent = slog.New(slog.DiscardHandler)

// printing is a logger that prints without the time.
func printing(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "stack" {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// A service in which every failure is JSON: errors, panics, and what the router
// says by itself.
func Example() {
	errs := errjson.NewRenderer(errjson.Config{Logger: silent})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.NotFound("No item "+r.PathValue("id")+"."))
	})
	mux.HandleFunc("GET /bug", func(_ http.ResponseWriter, r *http.Request) {
		_ = strings.Fields(r.URL.RawQuery)[0] // there is none
	})
	handler := alice.New(errs.Wrap).Then(mux)

	request(handler, "GET", "/items/7")
	request(handler, "GET", "/bug")
	request(handler, "GET", "/nope")
	request(handler, "DELETE", "/bug")
	// Output:
	// 404 {"error":"Not Found","message":"No item 7.","status":404}
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
	// 405 {"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}
}

func ExampleWrap() {
	handler := errjson.Wrap(http.NotFoundHandler())
	request(handler, "GET", "/")
	// Output: 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

func ExampleHandler() {
	handler := errjson.Handler(func(w http.ResponseWriter, r *http.Request) error {
		id := r.URL.Query().Get("id")
		if id == "" {
			return errjson.BadRequest("The id is missing.")
		}
		_, err := io.WriteString(w, "item "+id)
		return err
	})
	request(quiet.Wrap(handler), "GET", "/?id=7")
	request(quiet.Wrap(handler), "GET", "/")
	// Output:
	// 200 item 7
	// 400 {"error":"Bad Request","message":"The id is missing.","status":400}
}

// The text of a health check is for a load balancer that expects it.
func ExamplePassthrough() {
	health := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "database: down", http.StatusServiceUnavailable)
	})
	mux := http.NewServeMux()
	mux.Handle("/healthz", errjson.Passthrough(health))
	request(quiet.Wrap(mux), "GET", "/healthz")
	request(quiet.Wrap(mux), "GET", "/nope")
	// Output:
	// 503 database: down
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

func ExampleDefault() {
	handler := errjson.Default().Recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(errjson.Conflict("The name is taken."))
	}))
	request(handler, "GET", "/")
	// Output: 409 {"error":"Conflict","message":"The name is taken.","status":409}
}

// A service has one format everywhere, also behind a writer that does not unwrap.
func ExampleSetDefault() {
	defer errjson.SetDefault(errjson.Default())
	errjson.SetDefault(errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: silent}))

	handler := errjson.Wrap(http.TimeoutHandler(writing(errjson.Gone("")), time.Minute, ""))
	request(handler, "GET", "/")
	// Output: 410 {"type":"about:blank","title":"Gone","status":410,"detail":"What was at this URL is gone for good."}
}

func ExampleWrite() {
	find := func() (string, error) { return "", fmt.Errorf("finding 7: %w", errjson.NotFound("No item 7.")) }
	serve(func(w http.ResponseWriter, r *http.Request) {
		item, err := find()
		if err != nil {
			errjson.Write(w, r, err)
			return
		}
		_, _ = io.WriteString(w, item)
	})
	// Output: 404 {"error":"Not Found","message":"No item 7.","status":404}
}

func ExampleAbort() {
	mustBeAdmin := func(r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			errjson.Abort(errjson.Unauthorized("Log in first.", "Bearer"))
		}
	}
	serve(func(_ http.ResponseWriter, r *http.Request) { mustBeAdmin(r) })
	// Output: 401 {"error":"Unauthorized","message":"Log in first.","status":401}
}

func ExampleInvalid() {
	serve(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.Invalid(
			errjson.FieldError{Pointer: "/name", Code: "required", Message: "Is required."},
			errjson.FieldError{Pointer: "/items/0/qty", Code: "minimum", Message: "Must be 1 at least."},
		))
	})
	// Output: 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","code":"required","message":"Is required."},{"pointer":"/items/0/qty","code":"minimum","message":"Must be 1 at least."}]}
}

func ExampleFieldError() {
	// A function that checks may return one fault, or several with errors.Join.
	validate := func(name string, age int) error {
		var errs []error
		if name == "" {
			errs = append(errs, errjson.FieldError{Pointer: "/name", Message: "Is required."})
		}
		if age < 18 {
			errs = append(errs, errjson.FieldError{Pointer: "/age", Message: "Must be 18 at least."})
		}
		return errors.Join(errs...)
	}
	serve(func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, validate("", 7)) })
	// Output: 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/name","message":"Is required."},{"pointer":"/age","message":"Must be 18 at least."}]}
}

func ExampleFieldError_Error() {
	fmt.Println(errjson.FieldError{Pointer: "/age", Message: "must be a number"})
	// Output: /age: must be a number
}

func ExampleFieldError_MarshalJSON() {
	b, err := json.Marshal(errjson.FieldError{Pointer: "/age", Code: "type", Message: "Must be a number.", Offset: 7, Line: 1, Column: 8})
	fmt.Println(string(b), err)
	// Output: {"pointer":"/age","code":"type","message":"Must be a number.","offset":7,"line":1,"column":8} <nil>
}

func ExampleSyntaxError() {
	_, err := bodyjson.Decode[map[string]int]([]byte(`{"age":x}`), bodyjson.Config{})
	if e, ok := errors.AsType[*errjson.Error](err); ok {
		if s, ok := e.Details.(errjson.SyntaxError); ok {
			fmt.Printf("%d:%d: %s\n", s.Line, s.Column, s.Message)
		}
	}
	// Output: 1:8: Syntax error in the JSON.
}

func ExampleSyntaxError_MarshalJSON() {
	b, err := json.Marshal(errjson.SyntaxError{Code: "syntax", Message: "Syntax error in the JSON.", Offset: 7, Line: 1, Column: 8})
	fmt.Println(string(b), err)
	// Output: [{"pointer":"","code":"syntax","message":"Syntax error in the JSON.","offset":7,"line":1,"column":8}] <nil>
}

func ExampleError() {
	serve(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, &errjson.Error{
			Status:  http.StatusPaymentRequired,
			Message: "Your balance is too low.",
			Code:    "balance_too_low",
			Details: map[string]any{"balance": 30, "cost": 50},
			Header:  http.Header{"Link": {"</top-up>; rel=payment"}},
			Err:     errors.New("account 17: 30 < 50"), // for the log
		})
	})
	// Output: 402 {"error":"Payment Required","message":"Your balance is too low.","status":402,"code":"balance_too_low","details":{"balance":30,"cost":50}}
}

func ExampleError_Error() {
	e := &errjson.Error{Status: 404, Message: "No item 7.", Err: sql.ErrNoRows}
	fmt.Println(e.Error())
	// Output: 404 Not Found: No item 7.: sql: no rows in result set
}

func ExampleError_Unwrap() {
	e := &errjson.Error{Status: 404, Err: sql.ErrNoRows}
	fmt.Println(errors.Is(e, sql.ErrNoRows))
	// Output: true
}

func ExampleError_StatusCode() {
	err := fmt.Errorf("finding 7: %w", errjson.NotFound(""))
	var coded interface{ StatusCode() int }
	if errors.As(err, &coded) {
		fmt.Println(coded.StatusCode())
	}
	// Output: 404
}

func ExampleError_Fields() {
	e := errjson.Invalid(errjson.FieldError{Pointer: "/name", Message: "Is required."})
	for _, field := range e.Fields() {
		fmt.Println(field.Pointer, field.Message)
	}
	// Output: /name Is required.
}

func ExampleError_RequestID() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger:    silent,
		RequestID: func(r *http.Request) string { return "req-1" },
		Format: func(_ *http.Request, e *errjson.Error) errjson.Response {
			return errjson.Response{Body: map[string]string{"problem": e.Message, "id": e.RequestID()}}
		},
	})
	request(errs.Wrap(writing(errjson.NotFound("No item 7."))), "GET", "/")
	// Output: 404 {"id":"req-1","problem":"No item 7."}
}

func ExampleError_ExposedCause() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger:                 silent,
		DangerouslyExposeCause: true,
		Format: func(_ *http.Request, e *errjson.Error) errjson.Response {
			return errjson.Response{Body: map[string]string{"problem": e.Message, "why": e.ExposedCause()}}
		},
	})
	request(errs.Wrap(writing(errors.New("no such table"))), "GET", "/")
	// Output: 500 {"problem":"The server met an error and could not answer.","why":"no such table"}
}

// An APIError is what a service may have of its own.
type APIError struct {
	Message string
	Payload map[string]any
}

func (e *APIError) Error() string { return e.Message }

// @app.errorhandler(APIError) in Flask.
func ExampleMap() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: silent,
		Rules: []errjson.Rule{
			errjson.Map(func(_ *http.Request, err *APIError) *errjson.Error {
				return &errjson.Error{Status: 400, Message: err.Message, Details: err.Payload}
			}),
		},
	})
	request(errs.Wrap(writing(fmt.Errorf("x: %w", &APIError{"out of stock", map[string]any{"left": 0}}))), "GET", "/")
	// Output: 400 {"error":"Bad Request","message":"out of stock","status":400,"details":{"left":0}}
}

// The constructors set the headers of their statuses. A rule for *Error adds one to every HTTP error.
func ExampleMap_headers() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: silent,
		Rules: []errjson.Rule{
			errjson.Map(func(_ *http.Request, e *errjson.Error) *errjson.Error {
				withLink := *e // errors may be shared
				withLink.Header = http.Header{"Link": {"</docs/errors>; rel=help"}}
				maps.Copy(withLink.Header, e.Header)
				return &withLink
			}),
		},
	})
	for _, e := range []*errjson.Error{
		errjson.TooManyRequests("Three uploads per minute.", 20*time.Second),
		errjson.Unauthorized("", `Bearer realm="items"`),
		errjson.MethodNotAllowed("GET", "PUT"),
		errjson.ServiceUnavailable("", time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)),
	} {
		w := httptest.NewRecorder()
		errs.Wrap(writing(e)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Println(w.Code, w.Header().Get("Link"))
		for _, name := range []string{"Retry-After", "WWW-Authenticate", "Allow"} {
			if value := w.Header().Get(name); value != "" {
				fmt.Println("   ", name+":", value)
			}
		}
	}
	// Output:
	// 429 </docs/errors>; rel=help
	//     Retry-After: 20
	// 401 </docs/errors>; rel=help
	//     WWW-Authenticate: Bearer realm="items"
	// 405 </docs/errors>; rel=help
	//     Allow: GET, PUT
	// 503 </docs/errors>; rel=help
	//     Retry-After: Fri, 02 Jan 2026 03:00:00 GMT
}

func ExampleMapIs() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: silent,
		Rules: []errjson.Rule{
			errjson.MapIs(sql.ErrNoRows, errjson.NotFound("")),
			errjson.MapIs(context.DeadlineExceeded, errjson.New(http.StatusServiceUnavailable, "")),
		},
	})
	request(errs.Wrap(writing(fmt.Errorf("item 7: %w", sql.ErrNoRows))), "GET", "/")
	// Output: 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

// @app.errorhandler(404) in Flask.
func ExampleOnStatus() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger: silent,
		Rules: []errjson.Rule{
			errjson.OnStatus(404, func(r *http.Request, e *errjson.Error) any {
				return map[string]string{"error": "Not found", "path": r.URL.Path}
			}),
		},
	})
	request(errs.Wrap(http.NewServeMux()), "GET", "/nope")
	// Output: 404 {"error":"Not found","path":"/nope"}
}

func ExampleRule() {
	rules := []errjson.Rule{
		errjson.MapIs(sql.ErrNoRows, errjson.NotFound("")),
		errjson.Map(func(_ *http.Request, err error) *errjson.Error { // all that nothing is known of
			return &errjson.Error{Status: 500, Code: "bug"}
		}),
	}
	errs := errjson.NewRenderer(errjson.Config{Rules: rules, Logger: silent})
	request(errs.Wrap(writing(sql.ErrNoRows)), "GET", "/")
	request(errs.Wrap(writing(io.EOF)), "GET", "/")
	// Output:
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500,"code":"bug"}
}

// formatted answers with an error in a format.
func formatted(format errjson.Format, accept string) {
	errs := errjson.NewRenderer(errjson.Config{Format: format, Logger: silent})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	errs.Wrap(writing(errjson.NotFound("No item 7."))).ServeHTTP(w, r)
	fmt.Print(w.Header().Get("Content-Type"), " ", w.Body)
}

func ExampleSimple() {
	formatted(errjson.Simple, "")
	// Output: application/json {"error":"Not Found","message":"No item 7.","status":404}
}

func ExampleProblem() {
	formatted(errjson.Problem, "")
	// Output: application/problem+json {"type":"about:blank","title":"Not Found","status":404,"detail":"No item 7."}
}

func ExampleNegotiate() {
	format := errjson.Negotiate(errjson.Simple, errjson.Problem)
	formatted(format, "application/problem+json")
	formatted(format, "*/*")
	// Output:
	// application/problem+json {"type":"about:blank","title":"Not Found","status":404,"detail":"No item 7."}
	// application/json {"error":"Not Found","message":"No item 7.","status":404}
}

func ExampleFormat() {
	var format errjson.Format = func(_ *http.Request, e *errjson.Error) errjson.Response {
		return errjson.Response{Body: map[string]any{"ok": false, "why": e.Message}}
	}
	formatted(format, "")
	// Output: application/json {"ok":false,"why":"No item 7."}
}

// A page for browsers, and JSON for programs.
func ExampleResponse() {
	page := func(_ *http.Request, e *errjson.Error) errjson.Response {
		return errjson.Response{
			ContentType: "text/html; charset=utf-8",
			Body:        "<h1>" + html.EscapeString(e.Message) + "</h1>\n",
			Header:      http.Header{"Content-Language": {"en"}},
		}
	}
	format := errjson.Negotiate(errjson.Simple, page)
	formatted(format, "text/html")
	formatted(format, "*/*")
	// Output:
	// text/html; charset=utf-8 <h1>No item 7.</h1>
	// application/json {"error":"Not Found","message":"No item 7.","status":404}
}

func ExampleConfig() {
	errs := errjson.NewRenderer(errjson.Config{
		Logger:    printing(slog.LevelDebug),
		Report:    func(_ *http.Request, e *errjson.Error) { fmt.Println("reported:", e) },
		RequestID: func(r *http.Request) string { return "req-1" },
	})
	request(errs.Wrap(writing(errors.New("database is down"))), "GET", "/items")
	// Output:
	// level=ERROR msg="request failed" method=GET path=/items status=500 error="database is down" request_id=req-1
	// reported: 500 Internal Server Error: The server met an error and could not answer.: database is down
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500,"request_id":"req-1"}
}

func ExampleNewRenderer() {
	errs := errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: silent})
	request(errs.Wrap(http.NotFoundHandler()), "GET", "/")
	// Output: 404 {"type":"about:blank","title":"Not Found","status":404,"detail":"There is nothing at this URL."}
}

func ExampleRenderer() {
	errs := errjson.NewRenderer(errjson.Config{Logger: silent})
	// One Renderer serves any number of chains.
	public := alice.New(errs.Wrap).Then(http.NotFoundHandler())
	admin := alice.New(errs.Wrap, http.NewCrossOriginProtection().Handler).Then(panicking("bug"))
	request(public, "GET", "/")
	request(admin, "GET", "/")
	// Output:
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}
}

func ExampleRenderer_Wrap() {
	errs := errjson.NewRenderer(errjson.Config{Logger: silent})
	request(errs.Wrap(http.NotFoundHandler()), "GET", "/")
	// Output: 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

func ExampleRenderer_Recover() {
	errs := errjson.NewRenderer(errjson.Config{Logger: printing(slog.LevelError)})
	handler := errs.Recover(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bug") }))
	request(handler, "GET", "/")
	// Output:
	// level=ERROR msg="handler panicked" method=GET path=/ status=500 error="panic: bug"
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}
}

// A part of a service with another format, as a blueprint may have.
func ExampleRenderer_Render() {
	errs := errjson.NewRenderer(errjson.Config{Logger: silent})
	legacy := errjson.NewRenderer(errjson.Config{Format: shapes.Restful})

	mux := http.NewServeMux()
	mux.Handle("/v1/", legacy.Render(http.NotFoundHandler()))
	handler := errs.Wrap(mux)
	request(handler, "GET", "/v1/items/7")
	request(handler, "GET", "/v2/items/7")
	// Output:
	// 404 {"message":"There is nothing at this URL."}
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}

func ExampleRenderer_Write() {
	errs := errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: silent})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errs.Write(w, r, errjson.Gone("")) // without any middleware
	})
	request(handler, "GET", "/")
	// Output: 410 {"type":"about:blank","title":"Gone","status":410,"detail":"What was at this URL is gone for good."}
}

// What is sent is whole, or is nothing that a client takes for whole.
func ExampleWrap_afterTheFirstByte() {
	handler := quiet.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[1,2,`)
		panic("the third one is missing")
	}))
	server := httptest.NewServer(handler)
	defer server.Close()

	resp, err := http.Get(server.URL)
	if err == nil {
		_, err = io.Copy(new(bytes.Buffer), resp.Body)
		_ = resp.Body.Close()
	}
	fmt.Println("complete:", err == nil)
	// Output: complete: false
}

func ExampleProblemFormat() {
	errs := errjson.NewRenderer(errjson.Config{
		Format: errjson.ProblemFormat(errjson.ProblemConfig{
			TypeBase: "https://api.example.com/problems/",
			Instance: func(r *http.Request, _ *errjson.Error) string { return r.URL.Path },
		}),
	})
	handler := errs.Wrap(errjson.Handler(func(http.ResponseWriter, *http.Request) error {
		return &errjson.Error{
			Status: http.StatusForbidden, Code: "out_of_credit", Title: "You do not have enough credit.",
			Message: "Your balance is 30, but that costs 50.",
			Details: map[string]any{"balance": 30},
		}
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("POST", "/account/12345/msgs/abc", nil))
	fmt.Println(w.Header().Get("Content-Type"))
	fmt.Println(w.Body)
	// Output:
	// application/problem+json
	// {"type":"https://api.example.com/problems/out_of_credit","title":"You do not have enough credit.","status":403,"detail":"Your balance is 30, but that costs 50.","instance":"/account/12345/msgs/abc","code":"out_of_credit","balance":30}
}
