package errjson_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
)

// TestLogIsBounded tests that a record has at most 16 KiB of text, whatever the request and the
// error contain.
func TestLogIsBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<19)
	deep := func() { panic("deep") }
	for range 200 {
		next := deep
		deep = func() { next() }
	}
	r := httptest.NewRequest(strings.Repeat("X", 1<<10), "/", nil)
	r.URL.Path, r.Pattern = long, long
	for name, handler := range map[string]http.Handler{
		"panic value":  panicking(strings.Repeat("é", 10<<20)),
		"panic error":  panicking(errors.New(long)),
		"deep panic":   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { deep() }),
		"error":        writing(errors.New(long)),
		"joined":       writing(errors.Join(errors.New(long), errors.New(long))),
		"LogValuer":    writing(valuer{slog.StringValue(long)}),
		"large group":  writing(valuer{slog.GroupValue(slog.String("a", long), slog.Any("b", []string{long}), slog.String(long, ""))}),
		"nested group": writing(valuer{slog.GroupValue(slog.Group("a", slog.Group("b", slog.String("c", long))))}),
	} {
		t.Run(name, func(t *testing.T) {
			logs, rd := newCapture(errjson.Config{RequestID: func(*http.Request) string { return long }})
			assert.Equal(t, 500, record(rd.Wrap(handler), r).status)
			rec := logs.one(t)
			size := len(rec.msg)
			for key, value := range rec.attrs {
				size += len(key) + len(value)
				assert.True(t, strings.ToValidUTF8(value, "") == value, "%s is not cut within a character", key)
			}
			assert.LessOrEqual(t, size, 16<<10)
			assert.NotEmpty(t, rec.attrs["error"])
		})
	}
}

// valuer is an error with attributes.
type valuer struct{ value slog.Value }

func (v valuer) Error() string        { return "valuer" }
func (v valuer) LogValue() slog.Value { return v.value }

type panickingValuer struct{}

func (panickingValuer) Error() string        { return "valuer" }
func (panickingValuer) LogValue() slog.Value { panic("in LogValue") }

func TestLogValuer(t *testing.T) {
	value := slog.GroupValue(slog.String("table", "items"), slog.Int("rows", 3), slog.Group("in", slog.Bool("ok", true)))
	const want = "[table=items rows=3 in=[ok=true]]"
	for name, c := range map[string]struct {
		err  error
		text string
		want string
	}{
		"itself":      {valuer{value}, "valuer", want},
		"wrapped":     {fmt.Errorf("loading: %w", valuer{value}), "loading: valuer", want},
		"joined":      {errors.Join(io.EOF, valuer{value}), "EOF\nvaluer", want},
		"a cause":     {&errjson.Error{Status: 500, Err: valuer{value}}, "500 Internal Server Error: valuer", want},
		"no group":    {valuer{slog.IntValue(7)}, "valuer", "7"},
		"it panics":   {panickingValuer{}, "valuer", ""},
		"no LogValue": {io.EOF, "EOF", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for how, handler := range map[string]http.Handler{"Write": writing(c.err), "panic": panicking(c.err)} {
				logs, rd := newCapture(errjson.Config{})
				assert.Equal(t, 500, record(rd.Wrap(handler), get("/")).status)
				attrs := logs.one(t).attrs
				assert.Contains(t, attrs["error"], c.text, how)
				if name == "it panics" {
					assert.Contains(t, attrs["error_attrs"], "LogValue panicked")
					continue
				}
				assert.Equal(t, c.want, attrs["error_attrs"], how)
			}
		})
	}
}

// nilable has an Error method that does not work for a nil pointer.
type nilable struct{ text string }

func (n nilable) Error() string { return n.text }

// TestNilPointer tests that the log names the type of a nil pointer that was returned as an error.
func TestNilPointer(t *testing.T) {
	for name, err := range map[string]error{
		"value receiver":   (*nilable)(nil),
		"pointer receiver": (*pointerError)(nil),
		"*Error":           (*errjson.Error)(nil),
		"wrapped":          fmt.Errorf("x: %w", (*nilable)(nil)),
	} {
		logs, rd := newCapture(errjson.Config{})
		assert.Equal(t, constant500, record(rd.Wrap(writing(err)), get("/")), name)
		text := logs.one(t).attrs["error"]
		assert.NotEqual(t, "<nil>", text, name)
		if name != "wrapped" {
			assert.Contains(t, text, fmt.Sprintf("%T", err), name)
		}
	}
}

// leveled is an error with a level of its own.
type leveled struct{ error }

func (leveled) LogLevel() slog.Level { return slog.LevelWarn }

type panickingLevel struct{ error }

func (panickingLevel) LogLevel() slog.Level { panic("in LogLevel") }

func TestLogLevel(t *testing.T) {
	level := func(e *errjson.Error) slog.Level {
		if e.Status == http.StatusConflict {
			return slog.LevelWarn
		}
		return slog.LevelInfo
	}
	logs, rd := newCapture(errjson.Config{LogLevel: level})
	_, inner := newCapture(errjson.Config{})
	innerLogs, overriding := newCapture(errjson.Config{LogLevel: func(*errjson.Error) slog.Level { return slog.LevelDebug }})
	for _, c := range []struct {
		handler http.Handler
		logs    *capture
		want    slog.Level
	}{
		{rd.Wrap(writing(errjson.Conflict(""))), logs, slog.LevelWarn},
		{rd.Wrap(writing(io.EOF)), logs, slog.LevelInfo},
		{rd.Wrap(panicking("boom")), logs, slog.LevelInfo},
		{rd.Wrap(overriding.Render(writing(errjson.Conflict("")))), innerLogs, slog.LevelDebug},
	} {
		c.logs.reset()
		record(c.handler, get("/"))
		assert.Equal(t, c.want, c.logs.one(t).level)
	}
	require.NotNil(t, inner)

	logs, rd = newCapture(errjson.Config{})
	for status, want := range map[int]slog.Level{422: slog.LevelWarn, 500: slog.LevelError} {
		logs.reset()
		err := &errjson.Error{Status: status, Err: fmt.Errorf("wrapped: %w", leveled{io.EOF})}
		record(rd.Wrap(writing(err)), get("/"))
		assert.Equal(t, want, logs.one(t).level, "an error with a level of its own, status %d", status)
	}

	logs.reset()
	record(rd.Wrap(writing(&errjson.Error{Status: 422, Err: leveled{nil}})), get("/"))
	assert.Equal(t, slog.LevelWarn, logs.one(t).level)
	logs.reset()
	record(rd.Wrap(writing(&errjson.Error{Status: 422, Err: panickingLevel{io.EOF}})), get("/"))
	require.Len(t, logs.all(), 2)
	assert.Equal(t, "panic in a LogLevel method", logs.all()[0].msg)
	assert.Equal(t, slog.LevelDebug, logs.all()[1].level)

	logs, rd = newCapture(errjson.Config{LogLevel: func(*errjson.Error) slog.Level { panic("in LogLevel") }})
	assert.Equal(t, jsonAnswer(404, body404), record(rd.Wrap(writing(errjson.NotFound(""))), get("/")))
	require.Len(t, logs.all(), 2)
	assert.Equal(t, "panic in Config.LogLevel", logs.all()[0].msg)
	assert.Equal(t, slog.LevelDebug, logs.all()[1].level, "the default")
}

// TestLoggedStatus tests that a record has the status that the client gets.
func TestLoggedStatus(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		msg     string
		status  string
	}{
		{"nothing was sent", func(w http.ResponseWriter, r *http.Request) { errjson.Write(w, r, io.EOF) }, "request failed", "500"},
		{"a part was sent", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			errjson.Write(w, r, io.EOF)
		}, "error in the middle of a response", "202"},
		{"a part was sent, then a panic", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "part")
			panic(io.EOF)
		}, "handler panicked", "200"},
		{"an error was sent", func(w http.ResponseWriter, r *http.Request) {
			quiet.Write(w, r, errjson.NotFound(""))
			errjson.Write(w, r, io.EOF)
		}, "error after the response", "404"},
	} {
		t.Run(c.name, func(t *testing.T) {
			logs, rd := newCapture(errjson.Config{})
			func() {
				defer func() { _ = recover() }()
				record(rd.Wrap(c.handler), get("/"))
			}()
			rec := logs.one(t)
			assert.Equal(t, c.msg, rec.msg)
			assert.Equal(t, c.status, rec.attrs["status"])
			assert.Equal(t, slog.LevelError, rec.level)
		})
	}
}

// TestFieldLocations tests that a field error names its location in every format of this package.
func TestFieldLocations(t *testing.T) {
	e := errjson.Invalid(
		errjson.FieldError{Pointer: "/a", Code: "type", Message: "m", Params: map[string]any{"expected": "string"}, Line: 1, Column: 2},
		errjson.FieldError{In: "query", Name: "limit", Code: "range", Message: "m", Params: map[string]any{"min": 1, "max": 100}},
		errjson.FieldError{In: "query", Name: "filter", Pointer: "/a/0", Message: "m"},
	)
	const fields = `[{"pointer":"/a","code":"type","message":"m","params":{"expected":"string"},"offset":0,"line":1,"column":2},` +
		`{"in":"query","name":"limit","code":"range","message":"m","params":{"max":100,"min":1}},` +
		`{"in":"query","name":"filter","pointer":"/a/0","message":"m"}]`
	assert.Equal(t, jsonAnswer(422, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":`+fields+"}\n"),
		record(quiet.Wrap(writing(e)), get("/")))
	rd := errjson.NewRenderer(errjson.Config{Format: errjson.Problem, Logger: slog.New(slog.DiscardHandler)})
	assert.Contains(t, record(rd.Wrap(writing(e)), get("/")).body, `"errors":`+fields)
	for i, want := range []string{"/a: m", "query limit: m", "query filter/a/0: m"} {
		assert.Equal(t, want, e.Fields()[i].Error())
	}
	unencodable := errjson.Invalid(errjson.FieldError{Pointer: "/a", Params: map[string]any{"min": make(chan int)}})
	assert.Equal(t, constant500, record(quiet.Wrap(writing(unencodable)), get("/")))
}

// TestFormatResponse tests the parts of a response that a Format decides.
func TestFormatResponse(t *testing.T) {
	for _, c := range []struct {
		name string
		resp errjson.Response
		want answer
	}{
		{"a value", errjson.Response{Body: map[string]int{"a": 1}}, jsonAnswer(404, "{\"a\":1}\n")},
		{"text", errjson.Response{ContentType: "text/plain; charset=utf-8", Body: "no\n"}, jsonAnswer(404, "no\n", "Content-Type", "text/plain; charset=utf-8")},
		{"bytes", errjson.Response{ContentType: "text/html", Body: []byte("<p>")}, jsonAnswer(404, "<p>", "Content-Type", "text/html")},
		{"an empty text", errjson.Response{ContentType: "text/plain", Body: ""}, jsonAnswer(404, "", "Content-Type", "text/plain")},
		{"a string as JSON", errjson.Response{ContentType: "Application/JSON; x=y", Body: "a"}, jsonAnswer(404, "\"a\"\n", "Content-Type", "Application/JSON; x=y")},
		{"bytes as +json", errjson.Response{ContentType: "application/vnd.api+json", Body: []byte("a")},
			jsonAnswer(404, "\"YQ==\"\n", "Content-Type", "application/vnd.api+json")},
		{"headers", errjson.Response{Body: 1, Header: http.Header{"Content-Language": {"de"}, "vary": {"Accept-Language"}, "X-A": {"format"}, "Content-Length": {"9"}}},
			jsonAnswer(404, "1\n", "Content-Language", "de", "Vary", "Origin", "Vary", "Accept-Language", "X-A", "format")},
	} {
		t.Run(c.name, func(t *testing.T) {
			rd := errjson.NewRenderer(errjson.Config{
				Logger: slog.New(slog.DiscardHandler),
				Format: func(*http.Request, *errjson.Error) errjson.Response { return c.resp },
			})
			before := c.resp.Header.Clone()
			notFound := &errjson.Error{Status: 404, Header: http.Header{"X-A": {"error"}}}
			if c.resp.Header == nil {
				notFound.Header = nil
			}
			c.want.header["Content-Type"] = c.want.header["Content-Type"][len(c.want.header["Content-Type"])-1:]
			for name, wrap := range map[string]func(http.Handler) http.Handler{
				"one": rd.Wrap, "two": func(next http.Handler) http.Handler { return quiet.Wrap(rd.Render(next)) },
			} {
				handler := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.resp.Header != nil {
						w.Header().Set("Vary", "Origin")
					}
					errjson.Write(w, r, notFound)
				}))
				assert.Equal(t, c.want, record(handler, get("/")), name)
			}
			assert.Equal(t, before, c.resp.Header, "it is not changed")
		})
	}
}

// traced is an error of another library that has a stack, and is no panic.
type traced struct{ error }

func (traced) StackTrace() []uintptr { return []uintptr{1} }

// TestStackOfError tests that an error with a stack is not logged as a panic.
func TestStackOfError(t *testing.T) {
	logs, rd := newCapture(errjson.Config{})
	record(rd.Wrap(writing(traced{io.EOF})), get("/"))
	rec := logs.one(t)
	assert.Equal(t, "request failed", rec.msg)
	assert.Contains(t, rec.attrs, "stack")
}

// TestErrorAfterErrorPanics tests that an error whose methods panic is also logged after an error
// response, and does not change it.
func TestErrorAfterErrorPanics(t *testing.T) {
	logs, rd := newCapture(errjson.Config{})
	a := record(rd.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errjson.Write(w, r, errjson.NotFound(""))
		errjson.Write(w, r, fmt.Errorf("later: %w", (*nilCoder)(nil)))
	})), get("/"))
	assert.Equal(t, jsonAnswer(404, body404), a)
	all := logs.all()
	require.Len(t, all, 2)
	assert.Equal(t, "error after the response", all[1].msg)
	assert.Contains(t, all[1].attrs["error"], "later: ")
}

// nilCoder has a method that panics for a nil pointer.
type nilCoder struct{ status int }

func (*nilCoder) Error() string     { return "coded" }
func (c *nilCoder) StatusCode() int { return c.status }
