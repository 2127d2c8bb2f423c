package bodyjson_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/justinas/alice"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

// An answer is the response that a client receives.
type answer struct {
	status int
	header map[string]string
	body   string
}

// do calls h with r and returns the response without the headers that all responses have.
func do(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, body: strings.TrimSuffix(w.Body.String(), "\n"), header: map[string]string{}}
	for name, values := range w.Header() {
		switch name {
		case "Content-Length", "X-Content-Type-Options":
		default:
			a.header[name] = strings.Join(values, ", ")
		}
	}
	return a
}

// post returns a request with a JSON body.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// fail returns the error response to a rejected request.
func fail(status int, code, message string, details ...string) answer {
	body := fmt.Sprintf(`{"error":%q,"message":%q,"status":%d,"code":%q`, http.StatusText(status), message, status, code)
	if details != nil {
		body += `,"details":[` + strings.Join(details, ",") + `]`
	}
	return answer{status, map[string]string{"Content-Type": "application/json"}, body + "}"}
}

func (a answer) with(name, value string) answer {
	a.header[name] = value
	return a
}

// detail returns the JSON of a field error in the details.
func detail(pointer, code, message string, offset, line, column int) string {
	return fmt.Sprintf(`{"pointer":%q,"code":%q,"message":%q,"offset":%d,"line":%d,"column":%d}`, pointer, code, message, offset, line, column)
}

// ok returns the response of echoing to a value.
func ok(value string) answer {
	return answer{http.StatusOK, map[string]string{"Content-Type": "application/json"}, value}
}

// echoing returns a handler that decodes the body as a T and responds with the value.
func echoing[T any](cfg bodyjson.Config) http.Handler {
	return bodyjson.Handler(cfg, func(_ *http.Request, in T) (T, error) { return in, nil })
}

// lazily is echoing with Lazy and Get.
func lazily[T any](cfg bodyjson.Config) http.Handler {
	return bodyjson.Lazy(cfg)(status.Handler(func(r *http.Request) (T, error) { return bodyjson.Get[T](r) }))
}

// everyWay runs a test with New and with Lazy. Both must have the same results.
func everyWay[T any](t *testing.T, cfg bodyjson.Config, test func(t *testing.T, h http.Handler)) {
	t.Helper()
	t.Run("new", func(t *testing.T) { test(t, echoing[T](cfg)) })
	t.Run("lazy", func(t *testing.T) { test(t, lazily[T](cfg)) })
}

type named struct {
	Name string `json:"name"`
}

// An unreadable is a body that fails the test if it is read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}
func (u unreadable) Close() error { return nil }

const (
	notJSON    = "The request body must be JSON, with the content type application/json."
	notUTF8    = "JSON must be in UTF-8, and have no other charset."
	emptyBody  = "The request body is empty."
	notValid   = "The input is not valid."
	isRequired = "This field is required."
)

func TestContentType(t *testing.T) {
	wrongType := fail(415, "unsupported_media_type", notJSON).with("Accept", "application/json, application/*+json")
	wrongCharset := fail(415, "unsupported_charset", notUTF8).with("Accept", "application/json")
	tests := []struct {
		name   string
		header []string
		want   answer
	}{
		{"plain", []string{"application/json"}, ok(`{"name":"a"}`)},
		{"any case and a charset", []string{"Application/JSON ; charset=UTF-8"}, ok(`{"name":"a"}`)},
		{"quoted charset", []string{`application/json; charset="utf-8"`}, ok(`{"name":"a"}`)},
		{"charset without a dash", []string{`application/json;charset=utf8`}, ok(`{"name":"a"}`)},
		{"problem", []string{"application/problem+json"}, ok(`{"name":"a"}`)},
		{"vendor with a parameter", []string{"application/vnd.x.v2+json; v=1"}, ok(`{"name":"a"}`)},
		{"missing", nil, wrongType},
		{"empty", []string{""}, wrongType},
		{"text", []string{"text/plain"}, wrongType},
		{"longer", []string{"application/jsonp"}, wrongType},
		{"text json", []string{"text/json"}, wrongType},
		{"suffix alone", []string{"application/+json"}, wrongType},
		{"suffix in the middle", []string{"application/+json/x"}, wrongType},
		{"form", []string{"application/x-www-form-urlencoded"}, wrongType},
		{"two fields", []string{"application/json", "application/json"}, wrongType},
		{"two values", []string{"application/json, text/plain"}, wrongType},
		{"broken parameter", []string{"application/json; charset"}, wrongType},
		{"two charsets", []string{"application/json; charset=utf-8; charset=utf-16"}, wrongType},
		{"utf-16", []string{"application/json; charset=utf-16"}, wrongCharset},
		{"latin1", []string{"application/json; charset=latin1"}, wrongCharset},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyWay[named](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
				r := post(`{"name":"a"}`)
				r.Header["Content-Type"] = test.header
				if test.want.status != http.StatusOK {
					r.Body = unreadable{t}
				}
				assert.Equal(t, test.want, do(h, r))
			})
		})
	}

	t.Run("force", func(t *testing.T) {
		everyWay[named](t, bodyjson.Config{Force: true}, func(t *testing.T, h http.Handler) {
			r := post(`{"name":"a"}`)
			r.Header.Set("Content-Type", "text/plain; charset=latin1")
			assert.Equal(t, ok(`{"name":"a"}`), do(h, r))
		})
	})
	t.Run("content coding", func(t *testing.T) {
		everyWay[named](t, bodyjson.Config{Force: true}, func(t *testing.T, h http.Handler) {
			for _, coding := range []string{"gzip", "br", "identity, gzip"} {
				r := post("")
				r.ContentLength, r.Body = 12, unreadable{t}
				r.Header.Set("Content-Encoding", coding)
				assert.Equal(t, fail(415, "unsupported_encoding", "The content coding of the request body is not supported.").
					with("Accept-Encoding", "identity"), do(h, r))
			}
			r := post(`{"name":"a"}`)
			r.Header.Set("Content-Encoding", "Identity")
			assert.Equal(t, ok(`{"name":"a"}`), do(h, r))
		})
	})
}

func TestSilent(t *testing.T) {
	zero := ok(`{"name":""}`)
	tests := []struct {
		name, contentType, body string
		want                    answer
	}{
		{"right", "application/json", `{"name":"a"}`, ok(`{"name":"a"}`)},
		{"wrong type", "text/plain", `{"name":"a"}`, zero},
		{"malformed", "application/json", `{`, zero},
		{"empty", "application/json", ``, zero},
		{"wrong value", "application/json", `{"name":1}`, zero},
		{"wrong later", "application/json", `{"name":"a","name":"b"}`, zero},
		{"too large", "application/json", `{"name":"` + strings.Repeat("a", 64) + `"}`,
			fail(413, "too_large", "The request body is larger than 64 bytes.").with("Connection", "close")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyWay[named](t, bodyjson.Config{Silent: true, MaxBytes: 64}, func(t *testing.T, h http.Handler) {
				r := post(test.body)
				r.Header.Set("Content-Type", test.contentType)
				assert.Equal(t, test.want, do(h, r))
			})
		})
	}
	t.Run("FromContext reports whether there is a value", func(t *testing.T) {
		for body, there := range map[string]bool{`{"name":""}`: true, `{"name":1}`: false} {
			h := bodyjson.New[named](bodyjson.Config{Silent: true})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, got := bodyjson.FromContext[named](r.Context())
				assert.Equal(t, there, got, body)
			}))
			do(h, post(body))
		}
	})
	t.Run("New behind it returns the error", func(t *testing.T) {
		strict := echoing[named](bodyjson.Config{})
		h := bodyjson.Lazy(bodyjson.Config{Silent: true})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for range 2 {
				v, err := bodyjson.Get[named](r)
				require.NoError(t, err)
				assert.Zero(t, v)
			}
			strict.ServeHTTP(w, r)
		}))
		assert.Equal(t, fail(422, "invalid", notValid, detail("/name", "type", "Must be a string, not a number.", 8, 1, 9)),
			do(h, post(`{"name":1}`)))
	})
}

func TestSize(t *testing.T) {
	const limit = 64
	exact := `{"name":"` + strings.Repeat("a", limit-11) + `"}`
	tooLarge := fail(413, "too_large", "The request body is larger than 64 bytes.").with("Connection", "close")
	chunked := func(body string) *http.Request {
		r := post("")
		r.Body, r.ContentLength = io.NopCloser(iotest.OneByteReader(strings.NewReader(body))), -1
		return r
	}
	everyWay[named](t, bodyjson.Config{MaxBytes: limit}, func(t *testing.T, h http.Handler) {
		assert.Equal(t, ok(exact), do(h, post(exact)), "exactly the limit")
		assert.Equal(t, ok(exact), do(h, chunked(exact)), "exactly the limit, chunked")
		assert.Equal(t, tooLarge, do(h, chunked(exact+" ")), "one byte more, chunked")
		assert.Equal(t, tooLarge, do(h, chunked(`{}`+strings.Repeat(" ", limit))), "a short value and white space over the limit")
		assert.Equal(t, tooLarge, do(h, chunked(`{} {}`+strings.Repeat(" ", limit))), "trailing data over the limit")

		r := post(exact + " ")
		r.Body = unreadable{t}
		assert.Equal(t, tooLarge, do(h, r), "one byte more, by its Content-Length")
		r.ProtoMajor = 2
		assert.Equal(t, fail(413, "too_large", "The request body is larger than 64 bytes."), do(h, r), "HTTP/2 keeps the connection")

		r = chunked(exact)
		r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 16)
		assert.Equal(t, fail(413, "too_large", "The request body is larger than 16 bytes.").with("Connection", "close"), do(h, r),
			"a smaller limit of an outer reader")
	})
	t.Run("default", func(t *testing.T) {
		everyWay[string](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
			body := `"` + strings.Repeat("a", 1<<20-2) + `"`
			assert.Equal(t, ok(body), do(h, post(body)))
			assert.Equal(t, 413, do(h, post(body+" ")).status)
		})
	})
	t.Run("unlimited", func(t *testing.T) {
		everyWay[string](t, bodyjson.Config{MaxBytes: -1}, func(t *testing.T, h http.Handler) {
			body := `"` + strings.Repeat("a", 3<<20) + `"`
			assert.Equal(t, ok(body), do(h, post(body)))
			assert.Equal(t, ok(body), do(h, chunked(body)))
		})
	})
	t.Run("a large Content-Length does not allocate memory", func(t *testing.T) {
		h := echoing[named](bodyjson.Config{MaxBytes: 1 << 30})
		read := func(announced int64) uint64 {
			r := post(`{"name":"a"}`)
			r.ContentLength = announced
			before := allocated()
			assert.Equal(t, ok(`{"name":"a"}`), do(h, r))
			return allocated() - before
		}
		assert.Less(t, read(1<<30), uint64(256<<10))
	})
	t.Run("wrong Content-Length", func(t *testing.T) {
		// net/http limits bodies to their Content-Length. But a middleware may replace the body
		// without changing the Content-Length.
		everyWay[named](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
			for _, announced := range []int64{1, 5, 500} {
				r := post(`{"name":"abcdefghijklmnopqrstuvwxyz"}`)
				r.ContentLength = announced
				assert.Equal(t, ok(`{"name":"abcdefghijklmnopqrstuvwxyz"}`), do(h, r))
			}
		})
	})
}

func TestEmpty(t *testing.T) {
	requests := map[string]func() *http.Request{
		"zero bytes": func() *http.Request { return post("") },
		"spaces":     func() *http.Request { return post(" \t\r\n ") },
		"chunked": func() *http.Request {
			r := post("")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1
			return r
		},
		"NoBody": func() *http.Request {
			r := post("")
			r.Body = http.NoBody
			return r
		},
		"nil": func() *http.Request {
			r := post("")
			r.Body = nil
			return r
		},
		"behind a wrapper": func() *http.Request {
			r := post("")
			r.Body = io.NopCloser(http.NoBody)
			return r
		},
	}
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			everyWay[named](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
				assert.Equal(t, fail(400, "empty_body", emptyBody), do(h, request()))
			})
			t.Run("errors.Is", func(t *testing.T) {
				_, err := bodyjson.Get[named](request())
				require.ErrorIs(t, err, bodyjson.ErrEmpty)
			})
			t.Run("optional", func(t *testing.T) {
				everyWay[named](t, bodyjson.Config{Optional: true}, func(t *testing.T, h http.Handler) {
					assert.Equal(t, ok(`{"name":""}`), do(h, request()))
				})
				do(bodyjson.New[named](bodyjson.Config{Optional: true})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					_, there := bodyjson.FromContext[named](r.Context())
					assert.False(t, there)
				})), request())
			})
		})
	}
	t.Run("without a content type", func(t *testing.T) {
		r := post("")
		r.Header.Del("Content-Type")
		assert.Equal(t, fail(400, "empty_body", emptyBody), do(echoing[named](bodyjson.Config{}), r))
	})
	t.Run("body with a ContentLength of 0", func(t *testing.T) {
		r := post("")
		r.Body = io.NopCloser(strings.NewReader(`{"name":"a"}`))
		assert.Equal(t, ok(`{"name":"a"}`), do(echoing[named](bodyjson.Config{}), r))
		r.Body = io.NopCloser(strings.NewReader(`{"name":"a"}`))
		r.Header.Del("Content-Type")
		assert.Equal(t, 415, do(echoing[named](bodyjson.Config{}), r).status)
	})
	t.Run("optional rejects invalid bodies", func(t *testing.T) {
		everyWay[named](t, bodyjson.Config{Optional: true}, func(t *testing.T, h http.Handler) {
			assert.Equal(t, 422, do(h, post(`null`)).status)
			assert.Equal(t, 400, do(h, post(`{`)).status)
		})
	})
}

func TestNull(t *testing.T) {
	refused := fail(422, "invalid", notValid, detail("", "null", "Must not be null.", 1, 1, 2))
	assert.Equal(t, refused, do(echoing[named](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, refused, do(echoing[int](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, refused, do(echoing[[]int](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, refused, do(echoing[map[string]int](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, ok("null"), do(echoing[*named](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, ok("null"), do(echoing[any](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, ok("null"), do(echoing[json.RawMessage](bodyjson.Config{}), post(" null ")))
	assert.Equal(t, ok("null"), do(echoing[bodyjson.Optional[int]](bodyjson.Config{}), post(" null ")))
}

func TestSyntax(t *testing.T) {
	malformed := func(code, message, place, pointer string, offset, line, column int) answer {
		return fail(400, code, message+" "+place, detail(pointer, code, message, offset, line, column))
	}
	const (
		syntax    = "Syntax error in the JSON."
		early     = "Unexpected end of the JSON."
		trailing  = "Unexpected data after the JSON value."
		utf8Only  = "The JSON must be in UTF-8."
		duplicate = "Duplicate name."
		deep      = "The JSON is nested too deeply."
	)
	tests := []struct {
		name, body string
		want       answer
	}{
		{"BOM", "\xef\xbb\xbf{}", malformed("encoding", "The JSON must not begin with a byte order mark (BOM).", "(Line 1, column 1.)", "", 0, 1, 1)},
		{"UTF-16 with BOM", "\xff\xfe{\x00}\x00", malformed("encoding", utf8Only, "(Line 1, column 1.)", "", 0, 1, 1)},
		{"UTF-16", "\x00{\x00}", malformed("encoding", utf8Only, "(Line 1, column 1.)", "", 0, 1, 1)},
		{"trailing letter", `{} x`, malformed("trailing_data", trailing, "(Line 1, column 4.)", "", 3, 1, 4)},
		{"second value", "{}\n{}", malformed("trailing_data", trailing, "(Line 2, column 1.)", "", 3, 2, 1)},
		{"NUL behind", "{}\x00", malformed("trailing_data", trailing, "(Line 1, column 3.)", "", 2, 1, 3)},
		{"invalid UTF-8 in a value", "{\"name\":\"a\xff\"}", malformed("encoding", utf8Only, "(Line 1, column 11.)", "/name", 10, 1, 11)},
		{"invalid UTF-8 in a name", "{\"na\xffme\":\"a\"}", malformed("encoding", utf8Only, "(Line 1, column 5.)", "", 4, 1, 5)},
		{"unpaired surrogate", `{"name":"\ud800"}`, malformed("encoding", "Unpaired surrogate escape.", "(Line 1, column 10.)", "/name", 9, 1, 10)},
		{"duplicate name", `{"name":"a","name":"b"}`, malformed("duplicate", duplicate, "(Line 1, column 13.)", "/name", 12, 1, 13)},
		{"duplicate name by an escape", `{"name":"a","n\u0061me":"b"}`, malformed("duplicate", duplicate, "(Line 1, column 13.)", "/name", 12, 1, 13)},
		{"duplicate unknown name", `{"x/y":{"z":1,"z":2}}`, malformed("duplicate", duplicate, "(Line 1, column 15.)", "/x~1y/z", 14, 1, 15)},
		{"cut off", `{"name":`, malformed("syntax", early, "(Line 1, column 9.)", "/name", 8, 1, 9)},
		{"cut off in a string", `{"name":"a`, malformed("syntax", early, "(Line 1, column 11.)", "/name", 10, 1, 11)},
		{"trailing comma", `{"name":"a",}`, malformed("syntax", syntax, "(Line 1, column 12.)", "", 11, 1, 12)},
		{"single quotes", `{'name':'a'}`, malformed("syntax", syntax, "(Line 1, column 2.)", "", 1, 1, 2)},
		{"comment", "// x\n{}", malformed("syntax", syntax, "(Line 1, column 1.)", "", 0, 1, 1)},
		{"NaN", `{"name":NaN}`, malformed("syntax", syntax, "(Line 1, column 9.)", "/name", 8, 1, 9)},
		{"after type errors", `{"name":1,"x":}`, malformed("syntax", syntax, "(Line 1, column 15.)", "/x", 14, 1, 15)},
		{"after CRLF and letters of several bytes", "{\r\n \"name\": \"Zoë 💥\",\r\n \"é\": x}", malformed("syntax", syntax, "(Line 3, column 7.)", "/é", 33, 3, 7)},
		{"10,001 levels", strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), malformed("too_deep", deep, "(Line 1, column 10001.)", "", 10_000, 1, 10_001)},
		{"100,000 open brackets", strings.Repeat("[", 100_000), malformed("too_deep", deep, "(Line 1, column 10001.)", "", 10_000, 1, 10_001)},
		{"5 million levels", strings.Repeat("[", 5_000_000), malformed("too_deep", deep, "(Line 1, column 10001.)", "", 10_000, 1, 10_001)},
		{"5 million levels in an unknown field", `{"x":` + strings.Repeat(`{"a":`, 5_000_000), malformed("too_deep", deep, "(Line 1, column 50001.)", "", 50_000, 1, 50_001)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyWay[named](t, bodyjson.Config{MaxBytes: -1}, func(t *testing.T, h http.Handler) {
				start := time.Now()
				assert.Equal(t, test.want, do(h, post(test.body)))
				assert.Less(t, time.Since(start), 5*time.Second)
			})
		})
	}
	t.Run("10,000 levels", func(t *testing.T) {
		body := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
		h := bodyjson.New[any](bodyjson.Config{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		assert.Equal(t, http.StatusOK, do(h, post(body)).status)
	})
}

func TestLaxness(t *testing.T) {
	type inner struct {
		Name     string `json:"name"`
		UserName string `json:"user_name"`
	}
	unknown := func(pointer string, offset int) answer {
		return fail(422, "invalid", notValid, detail(pointer, "unknown_field", "Unknown field.", offset, 1, offset+1))
	}
	miscased := fail(422, "invalid", notValid, detail("/NAME", "unknown_field", `Unknown field. Did you mean "name"?`, 1, 1, 2))
	tests := []struct {
		name, body string
		cfg        bodyjson.Config
		want       answer
	}{
		{"name in another case", `{"NAME":"a"}`, bodyjson.Config{}, miscased},
		{"name in another case beside the name", `{"NAME":"a","name":"b"}`, bodyjson.Config{}, miscased},
		{"name in another case among unknown names", `{"NAME":"a"}`, bodyjson.Config{DisallowUnknownFields: true}, miscased},
		{"name in another case is ignored", `{"NAME":"a"}`, bodyjson.Config{IgnoreMiscasedNames: true}, ok(`{"name":"","user_name":""}`)},
		{"name in another case is unknown", `{"NAME":"a"}`, bodyjson.Config{IgnoreMiscasedNames: true, DisallowUnknownFields: true}, unknown("/NAME", 1)},
		{"name with other dashes is another name", `{"user-name":"a"}`, bodyjson.Config{}, ok(`{"name":"","user_name":""}`)},
		{"unknown", `{"x/":"a"}`, bodyjson.Config{DisallowUnknownFields: true}, unknown("/x~1", 1)},
		{"any case", `{"NAME":"a","userName":"b"}`, bodyjson.Config{MatchCaseInsensitiveNames: true}, ok(`{"name":"a","user_name":"b"}`)},
		{"any case, twice", `{"NAME":"a","name":"b"}`, bodyjson.Config{MatchCaseInsensitiveNames: true},
			fail(400, "duplicate", "Duplicate name. (Line 1, column 13.)", detail("/name", "duplicate", "Duplicate name.", 12, 1, 13))},
		{"duplicates", `{"name":"a","name":"b"}`, bodyjson.Config{AllowDuplicateNames: true}, ok(`{"name":"b","user_name":""}`)},
		{"duplicates with a type error", `{"name":1,"name":"b"}`, bodyjson.Config{AllowDuplicateNames: true},
			fail(422, "invalid", notValid, detail("/name", "type", "Must be a string, not a number.", 8, 1, 9))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			everyWay[inner](t, test.cfg, func(t *testing.T, h http.Handler) {
				assert.Equal(t, test.want, do(h, post(test.body)))
			})
		})
	}
	t.Run("duplicates of another type", func(t *testing.T) {
		const body = `{"a":{"x":1},"a":{"y":2},"b":1,"b":"c"}`
		for _, cfg := range []bodyjson.Config{{AllowDuplicateNames: true}, {AllowDuplicateNames: true, UseNumber: true}} {
			assert.Equal(t, ok(`{"a":{"y":2},"b":"c"}`), do(echoing[any](cfg), post(body)))
			assert.Equal(t, ok(`{"a":{"y":2},"b":"c"}`), do(echoing[map[string]any](cfg), post(body)))
			v, e := get[struct {
				A any            `json:"a"`
				R map[string]any `json:",embed"`
			}](t, []byte(body), cfg)
			require.Nil(t, e)
			assert.Equal(t, map[string]any{"b": "c"}, v.R)
			assert.Len(t, v.A, 1)
		}
		assert.Equal(t, ok(`{"x":1,"y":[3]}`), do(echoing[map[string]any](bodyjson.Config{AllowDuplicateNames: true}), post(`{"x":[1],"y":[1,2],"x":1,"y":[3]}`)))
		type kept struct {
			S struct{ X, Y int }
			M map[string]int
		}
		assert.Equal(t, ok(`{"S":{"X":1,"Y":2},"M":{"a":1,"b":2}}`), do(echoing[kept](bodyjson.Config{AllowDuplicateNames: true}),
			post(`{"S":{"X":1},"M":{"a":1},"S":{"Y":2},"M":{"b":2}}`)))
	})
	t.Run("numbers", func(t *testing.T) {
		const body = `[9007199254740993,{"a":1e400}]`
		assert.Equal(t, ok(body), do(echoing[any](bodyjson.Config{UseNumber: true}), post(body)))
		assert.Equal(t, ok(`[9007199254740992]`), do(echoing[any](bodyjson.Config{}), post(`[9007199254740993]`)))
		assert.Equal(t, fail(422, "invalid", notValid, detail("/1/a", "range", "The number is out of range.", 23, 1, 24)),
			do(echoing[any](bodyjson.Config{}), post(body)))
	})
}

func TestReadErrors(t *testing.T) {
	failing := func(err error) *http.Request {
		r := post("")
		r.ContentLength = 100
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"name":`), iotest.ErrReader(err)))
		return r
	}
	everyWay[named](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
		assert.Equal(t, fail(400, "truncated", "The request body ended before its announced length.").with("Connection", "close"),
			do(h, failing(io.ErrUnexpectedEOF)), "shorter than announced")
		assert.Equal(t, fail(408, "timeout", "The request body took too long to arrive.").with("Connection", "close"),
			do(h, failing(fmt.Errorf("read: %w", os.ErrDeadlineExceeded))), "deadline")
		assert.Equal(t, fail(400, "unreadable", "The request body could not be read.").with("Connection", "close"),
			do(h, failing(errors.New("secret 10.0.0.1"))), "anything else")
		assert.Equal(t, 403, do(h, failing(errjson.Forbidden(""))).status, "an errjson.Error of the reader")
		assert.Equal(t, 500, do(h, failing(http.ErrBodyReadAfterClose)).status, "an error of the program")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		gone := do(h, failing(errors.New("reset")).WithContext(ctx))
		assert.Empty(t, gone.body, "client disconnected")
	})
	t.Run("client disconnected", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := bodyjson.Get[named](failing(errors.New("reset")).WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("all calls return the same error", func(t *testing.T) {
		r := failing(io.ErrUnexpectedEOF)
		_, err1 := bodyjson.Get[named](r)
		_, err2 := bodyjson.Bytes(r)
		_, err3 := io.ReadAll(r.Body)
		require.ErrorIs(t, err1, io.ErrUnexpectedEOF)
		assert.Equal(t, err1, err2)
		assert.Equal(t, err1, err3)
	})
}

func TestGunzip(t *testing.T) {
	zip := func(body string) *http.Request {
		var b bytes.Buffer
		zw := gzip.NewWriter(&b)
		_, _ = io.WriteString(zw, body)
		_ = zw.Close()
		r := post(b.String())
		r.Header.Set("Content-Encoding", "gzip")
		return r
	}
	everyWay[named](t, bodyjson.Config{Gunzip: true, MaxBytes: 1000}, func(t *testing.T, h http.Handler) {
		assert.Equal(t, ok(`{"name":"a"}`), do(h, zip(`{"name":"a"}`)))
		assert.Equal(t, ok(`{"name":"a"}`), do(h, post(`{"name":"a"}`)), "not compressed")
		exact := `{"name":"` + strings.Repeat("a", 989) + `"}`
		assert.Equal(t, ok(exact), do(h, zip(exact)))
		assert.Equal(t, fail(413, "too_large", "The request body is larger than 1000 bytes.").with("Connection", "close"),
			do(h, zip(exact+" ")), "the limit applies to the decompressed size")

		r := zip(`{"name":"a"}`)
		r.Header.Set("Content-Encoding", "X-Gzip")
		assert.Equal(t, ok(`{"name":"a"}`), do(h, r))
		r = zip("")
		assert.Equal(t, fail(400, "empty_body", emptyBody), do(h, r), "decompresses to an empty body")
		r = post("")
		r.Header.Set("Content-Encoding", "gzip")
		assert.Equal(t, fail(400, "empty_body", emptyBody), do(h, r), "empty")

		damaged := fail(400, "encoding", "The gzip data of the request body is damaged.")
		r = post(`{"name":"a"}`)
		r.Header.Set("Content-Encoding", "gzip")
		assert.Equal(t, damaged, do(h, r), "not gzip")
		r = zip(`{"name":"a"}`)
		whole, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(whole[:len(whole)-3]))
		assert.Equal(t, damaged, do(h, r), "truncated")
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(whole[:20]), iotest.ErrReader(os.ErrDeadlineExceeded)))
		assert.Equal(t, 408, do(h, r).status, "the error of the reader has precedence")

		r = zip(`{"name":"a"}`)
		r.Header.Set("Content-Encoding", "br")
		assert.Equal(t, fail(415, "unsupported_encoding", "The content coding of the request body is not supported.").
			with("Accept-Encoding", "gzip"), do(h, r))

		// A gzip stream can have an unlimited number of empty members.
		var empty bytes.Buffer
		_ = gzip.NewWriter(&empty).Close()
		r = post("")
		r.ContentLength = -1
		r.Header.Set("Content-Encoding", "gzip")
		r.Body = io.NopCloser(&endless{data: empty.Bytes()})
		assert.Equal(t, 413, do(h, r).status)
	})
	t.Run("ratio", func(t *testing.T) {
		everyWay[string](t, bodyjson.Config{Gunzip: true, MaxBytes: 1 << 30}, func(t *testing.T, h http.Handler) {
			bomb := `"` + strings.Repeat("a", 8<<20) + `"`
			assert.Equal(t, 413, do(h, zip(bomb)).status)
			small := `"` + strings.Repeat("a", 100_000) + `"`
			assert.Equal(t, fail(413, "too_large", "The request body decompresses to more than 100 times its size.").
				with("Connection", "close"), do(h, zip(small)), "the ratio counts from the first byte")
			uneven := `"` + strings.Repeat("a", 600_000) + random(100_000) + `"`
			assert.Equal(t, ok(uneven), do(h, zip(uneven)), "the ratio is that of the whole")
			harmless := `"` + strings.Repeat("a", 2000) + `"`
			assert.Equal(t, ok(harmless), do(h, zip(harmless)))
		})
	})
	t.Run("handlers get the decompressed body", func(t *testing.T) {
		test := func(w http.ResponseWriter, r *http.Request) {
			for range 2 {
				raw, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				assert.Equal(t, `{"name":"a"}`, string(raw))
			}
			raw, err := bodyjson.Bytes(r)
			require.NoError(t, err)
			assert.Equal(t, `{"name":"a"}`, string(raw))
			assert.Empty(t, r.Header.Values("Content-Encoding"))
			assert.Empty(t, r.Header.Values("Content-Length"))
			assert.Equal(t, int64(-1), r.ContentLength)
		}
		cfg := bodyjson.Config{Gunzip: true}
		for _, mw := range []alice.Constructor{bodyjson.New[named](cfg), bodyjson.Lazy(cfg)} {
			r := zip(`{"name":"a"}`)
			do(mw(http.HandlerFunc(test)), r)
			assert.Equal(t, "gzip", r.Header.Get("Content-Encoding"), "the original request is not modified")
		}
	})
}

// random returns letters that do not compress well.
func random(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

// An endless is a reader that repeats data without end.
type endless struct {
	data []byte
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.data[e.at:])
	e.at = (e.at + n) % len(e.data)
	return n, nil
}

func TestVerify(t *testing.T) {
	errWrong := errors.New("secret: the key is 123")
	everyWay[named](t, bodyjson.Config{Silent: true, Verify: func(r *http.Request, body []byte) error {
		switch {
		case r.Header.Get("Signature") == "status":
			return errjson.Unauthorized("Sign it.")
		case r.Header.Get("Signature") != fmt.Sprint(len(body)):
			return errWrong
		}
		return nil
	}}, func(t *testing.T, h http.Handler) {
		signed := func(body, signature string) *http.Request {
			r := post(body)
			r.Header.Set("Signature", signature)
			return r
		}
		assert.Equal(t, ok(`{"name":"a"}`), do(h, signed(`{"name":"a"}`, "12")))
		assert.Equal(t, fail(403, "unverified", "The request body could not be verified."), do(h, signed(`{"name":"a"}`, "13")))
		assert.Equal(t, 403, do(h, signed(`{`, "13")).status, "Verify is called before decoding")
		assert.Equal(t, 403, do(h, signed(``, "13")).status, "an empty body")
		assert.Equal(t, 401, do(h, signed(`{}`, "status")).status)
	})
}

func TestVerifyOnce(t *testing.T) {
	calls := 0
	cfg := bodyjson.Config{Verify: func(r *http.Request, body []byte) error {
		calls++
		_, err := io.ReadAll(r.Body) // r.Body is at its end
		assert.NoError(t, err)
		if string(body) == "null" {
			return context.Canceled
		}
		if string(body) != text {
			return errors.New("wrong")
		}
		return nil
	}}
	for name, mw := range map[string]alice.Constructor{"lazy": bodyjson.Lazy(cfg), "new": bodyjson.New[named](cfg)} {
		for _, wrapped := range []bool{false, true} {
			t.Run(fmt.Sprint(name, wrapped), func(t *testing.T) {
				calls = 0
				within(t, mw, post(text), func(r *http.Request) {
					if wrapped {
						r.Body = hidingBody{r.Body}
					}
					_, err := bodyjson.Get[named](r)
					require.NoError(t, err)
					_, err = bodyjson.Get[any](r)
					require.NoError(t, err)
					_, err = bodyjson.Bytes(r)
					require.NoError(t, err)
				})
				assert.LessOrEqual(t, calls, map[bool]int{false: 1, true: 2}[wrapped])
			})
		}
	}
	t.Run("a rejected body is not available", func(t *testing.T) {
		within(t, bodyjson.Lazy(cfg), post(`{}`), func(r *http.Request) {
			_, err := bodyjson.Bytes(r)
			require.Error(t, err)
			raw, err := io.ReadAll(r.Body)
			require.Error(t, err)
			assert.Empty(t, raw)
			_, err = bodyjson.Get[any](r)
			require.Error(t, err)
		})
		within(t, bodyjson.Lazy(cfg), post(`null`), func(r *http.Request) {
			_, err := bodyjson.Bytes(r)
			require.ErrorIs(t, err, context.Canceled)
		})
	})
}

// TestChain composes New with the other packages.
func TestChain(t *testing.T) {
	errs := errjson.NewRenderer(errjson.Config{Format: errjson.Problem})
	chain := alice.New(errs.Wrap, bodyjson.Lazy(bodyjson.Config{}), bodyjson.New[named](bodyjson.Config{})).
		Then(status.Handler(func(r *http.Request) (named, error) {
			v, _ := bodyjson.FromContext[named](r.Context())
			return v, nil
		}))
	assert.Equal(t, ok(`{"name":"a"}`), do(chain, post(`{"name":"a"}`)))
	a := do(chain, post(`{"name":1}`))
	assert.Equal(t, "application/problem+json", a.header["Content-Type"])
	assert.JSONEq(t, `{"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"The input is not valid.","code":"invalid",
		"errors":[{"pointer":"/name","code":"type","message":"Must be a string, not a number.","offset":8,"line":1,"column":9}]}`, a.body)

	t.Run("behind a writer without Unwrap", func(t *testing.T) {
		chain := alice.New(errs.Wrap, bodyjson.Lazy(bodyjson.Config{}), func(next http.Handler) http.Handler {
			return http.TimeoutHandler(next, time.Minute, "")
		}, bodyjson.New[named](bodyjson.Config{})).ThenFunc(func(http.ResponseWriter, *http.Request) {})
		assert.Equal(t, "application/json", do(chain, post(`{"name":1}`)).header["Content-Type"], "by default")
		defer errjson.SetDefault(errjson.Default())
		errjson.SetDefault(errs)
		assert.Equal(t, "application/problem+json", do(chain, post(`{"name":1}`)).header["Content-Type"])
	})
}
