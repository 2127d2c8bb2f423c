package params_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/params"
	"github.com/hipflask/hipflask/status"
)

// read returns what a function reads from a request, and the error.
func read[T any](target string, header http.Header, get func(p *params.Params) T) (T, error) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if header != nil {
		r.Header = header
	}
	p := params.Of(r)
	value := get(p)
	return value, p.Err()
}

func fieldsOf(t *testing.T, err error) []errjson.FieldError {
	t.Helper()
	var e *errjson.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.StatusUnprocessableEntity, e.Status)
	assert.Equal(t, "invalid", e.Code)
	return e.Fields()
}

func TestValues(t *testing.T) {
	text := func(p *params.Params) any { return p.Query("v").String() }
	integer := func(p *params.Params) any { return p.Query("v").Int() }
	long := func(p *params.Params) any { return p.Query("v").Int64() }
	number := func(p *params.Params) any { return p.Query("v").Float64() }
	boolean := func(p *params.Params) any { return p.Query("v").Bool() }
	date := func(p *params.Params) any { return p.Query("v").Time() }
	ranged := func(p *params.Params) any { return p.Query("v").Int(params.Default(20), params.Range(1, 100)) }
	oneOf := func(p *params.Params) any { return p.Query("v").String(params.OneOf("a", "b")) }
	const (
		required  = "required: This parameter is required."
		duplicate = "duplicate: Must be given only once."
		anInteger = "type: Must be an integer."
		aNumber   = "type: Must be a number."
	)
	for _, test := range []struct {
		name  string
		get   func(p *params.Params) any
		query string
		want  any
		err   string
	}{
		{"text", text, "v=a%20b", "a b", ""},
		{"empty text", text, "v=", "", ""},
		{"missing text", text, "", "", required},
		{"text given twice", text, "v=a&v=b", "", duplicate},
		{"name in another case", text, "V=a", "", required},
		{"integer", integer, "v=7", 7, ""},
		{"negative integer", integer, "v=-7", -7, ""},
		{"integer with zeros", integer, "v=007", 7, ""},
		{"integer with a plus sign", integer, "v=%2B7", 0, anInteger},
		{"integer with a space", integer, "v=7%20", 0, anInteger},
		{"empty integer", integer, "v=", 0, anInteger},
		{"sign alone", integer, "v=-", 0, anInteger},
		{"fraction", integer, "v=1.0", 0, anInteger},
		{"digits of another script", integer, "v=%D9%A7", 0, anInteger},
		{"largest integer", long, "v=9223372036854775807", int64(9223372036854775807), ""},
		{"too large", long, "v=9223372036854775808", int64(0), "range: Must be from -9223372036854775808 to 9223372036854775807."},
		{"number", number, "v=-1.5e3", -1500.0, ""},
		{"not a number", number, "v=NaN", 0.0, aNumber},
		{"infinity", number, "v=Inf", 0.0, aNumber},
		{"hexadecimal", number, "v=0x1p-2", 0.0, aNumber},
		{"number out of range", number, "v=1e400", 0.0, "range: The number is out of range."},
		{"true", boolean, "v=true", true, ""},
		{"one", boolean, "v=1", true, ""},
		{"false", boolean, "v=false", false, ""},
		{"yes", boolean, "v=yes", false, "type: Must be true or false."},
		{"time", date, "v=2026-01-02T03:04:05Z", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ""},
		{"date", date, "v=2026-01-02", time.Time{}, "format: Must be a date and time in the format of RFC 3339."},
		{"default", ranged, "", 20, ""},
		{"in the range", ranged, "v=100", 100, ""},
		{"above the range", ranged, "v=101", 0, "range: Must be from 1 to 100."},
		{"below the range", ranged, "v=0", 0, "range: Must be from 1 to 100."},
		{"not an integer, with a default", ranged, "v=x", 0, anInteger},
		{"one of the values", oneOf, "v=b", "b", ""},
		{"another value", oneOf, "v=c", "", "one_of: Must be one of a, b."},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := read("/?"+test.query, nil, test.get)
			assert.Equal(t, test.want, got)
			if test.err == "" {
				require.NoError(t, err)
				return
			}
			fields := fieldsOf(t, err)
			require.Len(t, fields, 1)
			assert.Equal(t, test.err, fields[0].Code+": "+fields[0].Message)
			assert.Equal(t, "query", fields[0].In)
			assert.Equal(t, "v", fields[0].Name)
		})
	}
	t.Run("several values", func(t *testing.T) {
		values, err := read("/?v=a&v=b", nil, func(p *params.Params) []string { return p.Query("v").Strings() })
		require.NoError(t, err)
		assert.Equal(t, []string{"a", "b"}, values)
		values, err = read("/", nil, func(p *params.Params) []string { return p.Query("v").Strings() })
		require.NoError(t, err)
		assert.Nil(t, values)
	})
	t.Run("IsSet", func(t *testing.T) {
		for query, want := range map[string]bool{"": false, "v": true, "v=": true, "w=1": false} {
			got, err := read("/?"+query, nil, func(p *params.Params) bool { return p.Query("v").IsSet() })
			require.NoError(t, err)
			assert.Equal(t, want, got, query)
		}
	})
	t.Run("header", func(t *testing.T) {
		header := http.Header{"X-Limit": {"5"}}
		got, err := read("/", header, func(p *params.Params) int { return p.Header("x-limit").Int() })
		require.NoError(t, err)
		assert.Equal(t, 5, got)
		_, err = read("/", http.Header{}, func(p *params.Params) int { return p.Header("x-limit").Int() })
		assert.Equal(t, []errjson.FieldError{{In: "header", Name: "x-limit", Code: "required", Message: "This parameter is required."}}, fieldsOf(t, err))
	})
	t.Run("malformed query", func(t *testing.T) {
		_, err := read("/?a=1;b=2", nil, func(p *params.Params) int {
			return p.Query("a").Int(params.Default(0)) + p.Query("b").Int(params.Default(0))
		})
		assert.Equal(t, []errjson.FieldError{{In: "query", Code: "syntax", Message: "The query string is malformed."}}, fieldsOf(t, err))
	})
	t.Run("parse functions", func(t *testing.T) {
		parse := func(s string) (time.Duration, error) {
			d, err := time.ParseDuration(s)
			if err == nil && d < 0 {
				err = errjson.FieldError{Code: "negative", Message: "Must not be negative.", Params: map[string]any{"min": 0}}
			}
			return d, err
		}
		get := func(p *params.Params) time.Duration {
			return params.Parse(p.Query("v"), parse, params.Default(time.Second))
		}
		for query, want := range map[string]time.Duration{"v=1m": time.Minute, "": time.Second} {
			got, err := read("/?"+query, nil, get)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
		_, err := read("/?v=x", nil, get)
		assert.Equal(t, []errjson.FieldError{{In: "query", Name: "v", Code: "format", Message: "Invalid format."}}, fieldsOf(t, err))
		_, err = read("/?v=-1s", nil, get)
		assert.Equal(t, []errjson.FieldError{{In: "query", Name: "v", Code: "negative", Message: "Must not be negative.",
			Params: map[string]any{"min": 0}}}, fieldsOf(t, err))
	})
}

// TestAllErrors has several invalid parameters, in a response.
func TestAllErrors(t *testing.T) {
	handler := errjson.Wrap(status.Handler(func(r *http.Request) (any, error) {
		p := params.Of(r)
		page := p.Query("page").Int(params.Default(1), params.Range(1, 10))
		sort := p.Query("sort").String(params.OneOf("name", "price"))
		match := p.Header("If-Match").String()
		if err := p.Err(); err != nil {
			return nil, err
		}
		return []any{page, sort, match}, nil
	}))
	send := func(target string) (int, string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		return w.Code, w.Body.String()
	}
	code, body := send("/?page=11&sort=age")
	assert.Equal(t, 422, code)
	assert.JSONEq(t, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[
		{"in":"query","name":"page","code":"range","message":"Must be from 1 to 10.","params":{"min":1,"max":10}},
		{"in":"query","name":"sort","code":"one_of","message":"Must be one of name, price.","params":{"choices":["name","price"]}},
		{"in":"header","name":"If-Match","code":"required","message":"This parameter is required."}]}`, body)
}

func TestPath(t *testing.T) {
	var log bytes.Buffer
	errs := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	handle := func(pattern, name string) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(pattern, status.Handler(func(r *http.Request) (any, error) {
			p := params.Of(r)
			id, q := p.Path(name).Int(), p.Query("q").Int(params.Default(0))
			if err := p.Err(); err != nil {
				return nil, err
			}
			return id + q, nil
		}))
		return errs.Wrap(mux)
	}
	send := func(h http.Handler, target string) (int, string) {
		log.Reset()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		return w.Code, w.Body.String()
	}
	h := handle("GET /items/{id}", "id")
	code, body := send(h, "/items/7?q=1")
	assert.Equal(t, 200, code)
	assert.JSONEq(t, `8`, body)
	for _, id := range []string{"x", "-7", "+7", "1.0", "99999999999999999999", "%20"} {
		code, body = send(h, "/items/"+id+"?q=x")
		assert.Equal(t, 404, code, id)
		assert.JSONEq(t, `{"error":"Not Found","message":"There is nothing at this URL.","status":404}`, body)
	}
	code, _ = send(h, "/items/7?q=x")
	assert.Equal(t, 422, code)

	t.Run("a name that the pattern does not have", func(t *testing.T) {
		code, body := send(handle("GET /items/{id}", "item"), "/items/7")
		assert.Equal(t, 500, code)
		assert.NotContains(t, body, "item")
		assert.Contains(t, log.String(), `the route of \"GET /items/{id}\" has no parameter \"item\"`)
	})
	t.Run("the rest of the path", func(t *testing.T) {
		code, _ := send(handle("GET /files/{rest...}", "rest"), "/files/")
		assert.Equal(t, 404, code, "empty, and not an integer")
	})
	t.Run("of another router", func(t *testing.T) {
		p := params.OfPath(httptest.NewRequest(http.MethodGet, "/", nil), func(name string) (string, bool) {
			return map[string]string{"id": "7"}[name], name == "id"
		})
		assert.Equal(t, int64(7), p.Path("id").Int64())
		require.NoError(t, p.Err())
		assert.Zero(t, p.Path("other").Int64())
		var e *errjson.Error
		assert.False(t, errors.As(p.Err(), &e), "an error of the program")
	})
}

func FuzzInt(f *testing.F) {
	for _, s := range []string{"", "0", "-0", "7", "-7", "+7", "007", "9223372036854775808", "1e3", "٧", " 7", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["V"] = []string{s}
		p := params.Of(r)
		n := p.Header("v").Int64()
		if err := p.Err(); err != nil {
			assert.Zero(t, n)
			return
		}
		var want json.Number
		_, err := fmt.Sscan(s, &want)
		require.NoError(t, err)
		got, err := want.Int64()
		require.NoError(t, err)
		assert.Equal(t, got, n)
	})
}
