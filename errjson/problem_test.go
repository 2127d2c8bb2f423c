package errjson_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/vectortest"
)

type problemVector struct {
	ID, Note, Source, Construct string
	Config                      struct {
		TypeBase    string            `json:"type_base"`
		Titles      map[string]string `json:"titles"`
		ErrorsStyle string            `json:"errors_style"`
	}
	Error struct {
		Status                               int
		Message, Code, Type, Title, Instance string
		Extensions                           map[string]any
		Fields                               []struct{ In, Name, Pointer, Code, Message string }
		Header                               map[string]string
		Cause                                string
		RequestID                            string `json:"request_id"`
	}
	Expect struct {
		Status          int
		ContentType     string            `json:"content_type"`
		ResponseHeaders map[string]string `json:"response_headers"`
		Body            map[string]any
		Absent          []string
	}
}

func TestVectorsProblem(t *testing.T) {
	vectortest.Run(t, "problem.jsonl", func(t *testing.T, v problemVector) {
		config := errjson.ProblemConfig{
			TypeBase:         v.Config.TypeBase,
			FragmentPointers: v.Config.ErrorsStyle == "rfc9457",
		}
		if v.Construct == "error" {
			assert.Panics(t, func() { errjson.ProblemFormat(config) })
			return
		}
		rd := errjson.NewRenderer(errjson.Config{
			Format: errjson.ProblemFormat(config), Logger: slog.New(slog.DiscardHandler),
			RequestID: func(*http.Request) string { return v.Error.RequestID },
		})
		got := record(rd.Wrap(writing(v.error())), get("/"))
		assert.Equal(t, v.Expect.Status, got.status)
		for name, value := range v.Expect.ResponseHeaders {
			assert.Equal(t, value, got.header.Get(name))
		}
		var body map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.body), &body), got.body)
		if v.Expect.ContentType != "" {
			assert.Equal(t, v.Expect.ContentType, got.header.Get("Content-Type"))
			assert.Len(t, body, len(v.Expect.Body), got.body)
		}
		for name, want := range v.Expect.Body {
			assertMember(t, want, body[name])
		}
		for _, name := range v.Expect.Absent {
			assert.NotContains(t, body, name)
		}
	})
}

func (v problemVector) error() error {
	var fields []errjson.FieldError
	for _, f := range v.Error.Fields {
		fields = append(fields, errjson.FieldError{In: f.In, Name: f.Name, Pointer: f.Pointer, Code: f.Code, Message: f.Message})
	}
	e := &errjson.Error{
		Status: v.Error.Status, Message: v.Error.Message, Code: v.Error.Code, Type: v.Error.Type,
		Title: cmp.Or(v.Error.Title, v.Config.Titles[v.Error.Code]), Instance: v.Error.Instance,
	}
	for name, value := range v.Error.Extensions {
		if m, ok := value.(map[string]any); ok && m["$go"] == "NaN" {
			v.Error.Extensions[name] = math.NaN()
		}
	}
	switch {
	case v.Error.Extensions != nil && fields != nil:
		v.Error.Extensions["errors"] = fields
		e.Details = v.Error.Extensions
	case v.Error.Extensions != nil:
		e.Details = v.Error.Extensions
	case fields != nil:
		e.Details = fields
	}
	for name, value := range v.Error.Header {
		e.Header = http.Header{name: {value}}
	}
	if v.Error.Cause != "" {
		e.Err = errors.New(v.Error.Cause)
	}
	return e
}

// assertMember compares a member with a value, any of some values, or any string.
func assertMember(t *testing.T, want, got any) {
	t.Helper()
	rule, ok := want.(map[string]any)
	switch {
	case ok && rule["$one_of"] != nil:
		assert.Contains(t, rule["$one_of"], got)
	case ok && rule["$any"] == "string":
		text, isString := got.(string)
		assert.True(t, isString && text != "", "%v", got)
	default:
		assert.Equal(t, want, got)
	}
}

func TestVectorsNegotiate(t *testing.T) {
	formats := map[string]errjson.Format{"application/problem+json": errjson.Problem, "application/json": errjson.Simple}
	vectortest.Run(t, "negotiate.jsonl", func(t *testing.T, v struct {
		ID, Note string
		Offers   []string
		Accept   *string
		Expect   struct {
			ContentType  string   `json:"content_type"`
			VaryContains []string `json:"vary_contains"`
		}
	}) {
		var offers []errjson.Format
		for _, offer := range v.Offers {
			offers = append(offers, formats[offer])
		}
		rd := errjson.NewRenderer(errjson.Config{Format: errjson.Negotiate(offers...), Logger: slog.New(slog.DiscardHandler)})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if v.Accept != nil {
			r.Header.Set("Accept", *v.Accept)
		}
		got := record(rd.Wrap(writing(errjson.NotFound(""))), r)
		assert.Equal(t, v.Expect.ContentType, got.header.Get("Content-Type"))
		for _, name := range v.Expect.VaryContains {
			assert.Contains(t, strings.ToLower(got.header.Get("Vary")), name)
		}
	})
}

// TestProblemTypes tests what the vectors leave out.
func TestProblemTypes(t *testing.T) {
	format := errjson.ProblemFormat(errjson.ProblemConfig{TypeBase: "/problems/"})
	rd := errjson.NewRenderer(errjson.Config{Format: format, Logger: slog.New(slog.DiscardHandler)})
	body := func(e error) string { return strings.TrimSpace(record(rd.Wrap(writing(e)), get("/")).body) }
	assert.Equal(t, `{"type":"/problems/taken","title":"Name taken","status":409,"detail":"m","code":"taken"}`,
		body(&errjson.Error{Status: 409, Code: "taken", Title: "Name taken", Message: "m"}))
	assert.Equal(t, `{"type":"about:blank","title":"Conflict","status":409,"detail":"m"}`,
		body(&errjson.Error{Status: 409, Title: "Name taken", Message: "m"}), "a title is that of a type")
	assert.Equal(t, `{"type":"/problems/taken","title":"Conflict","status":409,"detail":"m","code":"taken","details":[1]}`,
		body(&errjson.Error{Status: 409, Code: "taken", Message: "m", Details: []int{1}}))
	assert.Equal(t, `{"type":"about:blank","title":"Conflict","status":409,"detail":"m","a":1,"b\n":{"c":[true]}}`,
		body(&errjson.Error{Status: 409, Message: "m", Details: map[string]any{"b\n": map[string]any{"c": []bool{true}}, "a": 1}}), "sorted")

	t.Run("instance", func(t *testing.T) {
		format := errjson.ProblemFormat(errjson.ProblemConfig{Instance: func(r *http.Request, _ *errjson.Error) string { return r.URL.Path }})
		rd := errjson.NewRenderer(errjson.Config{Format: format, Logger: slog.New(slog.DiscardHandler)})
		for instance, want := range map[string]string{"": "/items/7", "/own": "/own"} {
			e := &errjson.Error{Status: 409, Message: "m", Instance: instance}
			assert.JSONEq(t, `{"type":"about:blank","title":"Conflict","status":409,"detail":"m","instance":"`+want+`"}`,
				record(rd.Wrap(writing(e)), get("/items/7")).body)
		}
	})
	t.Run("Simple does not send them", func(t *testing.T) {
		e := &errjson.Error{Status: 409, Message: "m", Type: "/t", Title: "T", Instance: "/i"}
		assert.JSONEq(t, `{"error":"Conflict","message":"m","status":409}`, record(quiet.Wrap(writing(e)), get("/")).body)
	})
	t.Run("a Format in another one", func(t *testing.T) {
		data, err := json.Marshal(map[string]any{"error": format(get("/"), &errjson.Error{Status: 409, Message: "m", Code: "x"}).Body})
		require.NoError(t, err)
		assert.JSONEq(t, `{"error":{"type":"/problems/x","title":"Conflict","status":409,"detail":"m","code":"x"}}`, string(data))
	})
}

// TestSyntaxError tests that the formats send a syntax error as they send one field error.
func TestSyntaxError(t *testing.T) {
	e := &errjson.Error{
		Status: 400, Code: "syntax", Message: "Syntax error in the JSON. (Line 1, column 6.)",
		Details: errjson.SyntaxError{Pointer: "/a b", Code: "syntax", Message: "Syntax error in the JSON.", Offset: 5, Line: 1, Column: 6},
	}
	assert.Nil(t, e.Fields())
	const place = `"offset":5,"line":1,"column":6}]}`
	for _, test := range []struct {
		format errjson.Format
		want   string
	}{
		{errjson.Simple, `{"error":"Bad Request","message":"Syntax error in the JSON. (Line 1, column 6.)","status":400,` +
			`"code":"syntax","details":[{"pointer":"/a b","code":"syntax","message":"Syntax error in the JSON.",` + place},
		{errjson.Problem, `{"type":"about:blank","title":"Bad Request","status":400,` +
			`"detail":"Syntax error in the JSON. (Line 1, column 6.)","code":"syntax",` +
			`"errors":[{"pointer":"/a b","code":"syntax","message":"Syntax error in the JSON.",` + place},
		{errjson.ProblemFormat(errjson.ProblemConfig{FragmentPointers: true}), `{"type":"about:blank","title":"Bad Request","status":400,` +
			`"detail":"Syntax error in the JSON. (Line 1, column 6.)","code":"syntax",` +
			`"errors":[{"pointer":"#/a%20b","code":"syntax","detail":"Syntax error in the JSON.",` + place},
	} {
		rd := errjson.NewRenderer(errjson.Config{Format: test.format, Logger: slog.New(slog.DiscardHandler)})
		assert.Equal(t, test.want+"\n", record(rd.Wrap(writing(e)), get("/")).body)
	}
}

// TestInvalidCode tests that the same 422 has the same code from Invalid and from a FieldError.
func TestInvalidCode(t *testing.T) {
	f := errjson.FieldError{Pointer: "/a", Message: "m"}
	const want = `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid",` +
		`"details":[{"pointer":"/a","message":"m"}]}` + "\n"
	for _, err := range []error{errjson.Invalid(f), f, &f, errors.Join(f), fmt.Errorf("x: %w", f)} {
		assert.Equal(t, want, record(quiet.Wrap(writing(err)), get("/")).body)
	}
}
