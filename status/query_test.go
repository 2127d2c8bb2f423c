package status_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/vectortest"
	"github.com/hipflask/hipflask/status"
)

// A vectorText is a string, or an object that describes a long string.
type vectorText string

func (text *vectorText) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(text))
	}
	var v struct {
		Prefix, Repeat, Suffix string
		Times                  int
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	*text = vectorText(v.Prefix + strings.Repeat(v.Repeat, v.Times) + v.Suffix)
	return err
}

type queryVector struct {
	ID, Note, Source string
	Resource         []string
	Request          struct {
		Method, Path string
		Headers      [][2]string
		Body         vectorText
	}
	Expect struct {
		Handler         string
		Status          []int
		Prefer          int
		NotStatus       []int           `json:"not_status"`
		JSONEqual       json.RawMessage `json:"json_equal"`
		Code            string
		Details         [][2]string
		Allow           []string
		AcceptQuery     []string `json:"accept_query"`
		Absent          []string
		ResponseHeaders map[string]string `json:"response_headers"`
		ContentTypeJSON bool              `json:"content_type_json"`
		EmptyBody       bool              `json:"empty_body"`
	}
}

type query struct {
	Q     string `json:"q" required:"true"`
	Limit int    `json:"limit"`
}

// queryResource returns the resource of query.jsonl with some of its handlers. A handler that runs
// sets ran to its name.
func queryResource(handlers []string, ran *string) (res status.Resource) {
	if slices.Contains(handlers, "Get") {
		res.Get = status.Handler(func(*http.Request) ([]int, error) {
			*ran = "get"
			return nil, nil
		})
	}
	if slices.Contains(handlers, "Post") {
		res.Post = bodyjson.Handler(bodyjson.Config{}, func(_ *http.Request, in query) (status.Response, error) {
			*ran = "post"
			return status.Created(in, ""), nil
		})
	}
	if slices.Contains(handlers, "Query") {
		res.Query = bodyjson.Handler(bodyjson.Config{}, func(r *http.Request, in query) (status.Response, error) {
			*ran = "query"
			empty := status.OK([]int{})
			switch in.Q {
			case "stored":
				return empty.WithHeader("Content-Location", "/items/results/17").
					WithHeader("Location", "/items/queries/42"), nil
			case "indirect":
				return status.Of(303, nil).WithHeader("Location", "/items/queries/42"), nil
			case "moved":
				return status.Of(307, nil).WithHeader("Location", "/v2/items"), nil
			case "moved-for-good":
				return status.Of(308, nil).WithHeader("Location", "/v2/items"), nil
			case "nothing":
				return empty, nil
			case "boom":
				return empty, errors.New("boom")
			case "conflict":
				return empty, errjson.Conflict("")
			case "etag":
				return empty.WithHeader("ETag", `"v1"`), nil
			}
			return status.OK(map[string]any{"q": in.Q, "limit": in.Limit, "uri": r.URL.RawQuery}), nil
		})
	}
	return res
}

func TestVectorsQuery(t *testing.T) {
	var notPreferred []string
	vectortest.Run(t, "query.jsonl", func(t *testing.T, v queryVector) {
		ran := "none"
		mux := http.NewServeMux()
		mux.Handle("/items", queryResource(v.Resource, &ran))
		r := httptest.NewRequest(v.Request.Method, v.Request.Path, strings.NewReader(string(v.Request.Body)))
		for _, h := range v.Request.Headers {
			r.Header.Add(h[0], h[1])
		}
		w := httptest.NewRecorder()
		quiet.Wrap(mux).ServeHTTP(w, r)

		want := v.Expect
		if want.Handler != "" {
			assert.Equal(t, want.Handler, ran)
		}
		assert.Contains(t, want.Status, w.Code)
		assert.NotContains(t, want.NotStatus, w.Code)
		if want.Prefer != 0 && want.Prefer != w.Code {
			notPreferred = append(notPreferred, v.ID)
		}
		if want.JSONEqual != nil {
			assert.JSONEq(t, string(want.JSONEqual), w.Body.String())
		}
		if want.Code != "" || want.Details != nil {
			var body struct {
				Code    string
				Details []errjson.FieldError
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
			if want.Code != "" {
				assert.Equal(t, want.Code, body.Code)
			}
			var details [][2]string
			for _, d := range body.Details {
				details = append(details, [2]string{d.Pointer, d.Code})
			}
			if want.Details != nil {
				assert.Equal(t, want.Details, details)
			}
		}
		if want.Allow != nil {
			allow := strings.Split(strings.Join(w.Header()["Allow"], ", "), ", ")
			assert.ElementsMatch(t, want.Allow, allow)
		}
		if want.AcceptQuery != nil {
			types, err := parseAcceptQuery(strings.Join(w.Header()["Accept-Query"], ", "))
			require.NoError(t, err)
			var names []string
			for _, mt := range types {
				names = append(names, mt.Type)
			}
			assert.Subset(t, names, want.AcceptQuery)
		}
		for _, name := range want.Absent {
			assert.Empty(t, w.Header().Values(name), name)
		}
		for name, value := range want.ResponseHeaders {
			assert.Equal(t, []string{value}, w.Header().Values(name))
		}
		if want.ContentTypeJSON {
			assert.Equal(t, "application/json", w.Header().Get("Content-Type"))
		}
		if want.EmptyBody {
			assert.Empty(t, w.Body.String())
		}
	})
	// A missing Content-Type is a 415, as for POST, and not a 400. If-None-Match is not evaluated.
	assert.Equal(t, []string{"Q007", "Q009", "Q062"}, notPreferred)
}

type mediaType struct {
	Type   string
	Params map[string]string
}

type acceptQueryVector struct {
	ID, Note, Kind, Value string
	Types                 []mediaType
	ValueAny              []string `json:"value_any"`
	Error                 bool
}

func TestVectorsAcceptQuery(t *testing.T) {
	vectortest.Run(t, "accept-query.jsonl", func(t *testing.T, v acceptQueryVector) {
		switch v.Kind {
		case "format":
			var types []string
			for _, mt := range v.Types {
				s := mt.Type
				for name, value := range mt.Params {
					s += fmt.Sprintf("; %s=%q", name, value)
				}
				types = append(types, s)
			}
			got := record(status.Resource{Query: returning(1), AcceptQuery: types}, "OPTIONS")
			require.Len(t, got.header["Accept-Query"], 1)
			assert.Contains(t, v.ValueAny, got.header["Accept-Query"][0])
		case "parse":
			types, err := parseAcceptQuery(v.Value)
			if v.Error {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			assert.ElementsMatch(t, v.Types, types)
		default:
			require.Fail(t, "unknown kind", v.Kind)
		}
	})
}

// parseAcceptQuery parses a List of Tokens and Strings with parameters (RFC 9651, Section 4.2.1).
func parseAcceptQuery(s string) (types []mediaType, err error) {
	for s != "" {
		mt := mediaType{Params: map[string]string{}}
		if mt.Type, s, err = cutBareItem(s); err != nil {
			return nil, err
		}
		for strings.HasPrefix(s, ";") {
			name, rest, ok := strings.Cut(strings.TrimLeft(s[1:], " "), "=")
			if !ok {
				return nil, fmt.Errorf("a parameter without a value: %q", s)
			}
			if mt.Params[name], s, err = cutBareItem(rest); err != nil {
				return nil, err
			}
		}
		types = append(types, mt)
		if s = strings.TrimLeft(s, " \t"); s == "" {
			return types, nil
		}
		rest, ok := strings.CutPrefix(s, ",")
		if s = strings.TrimLeft(rest, " \t"); !ok || s == "" {
			return nil, fmt.Errorf("not a list at %q", rest)
		}
	}
	return types, nil
}

// cutBareItem returns the Token or String at the start of s, and the rest of s.
func cutBareItem(s string) (value, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '"':
				return value, s[i+1:], nil
			case '\\':
				i++
			}
			if i < len(s) {
				value += s[i : i+1]
			}
		}
		return "", "", fmt.Errorf("an unterminated string: %q", s)
	}
	if s == "" || s[0] != '*' && (s[0]|0x20 < 'a' || s[0]|0x20 > 'z') {
		return "", "", fmt.Errorf("not a token: %q", s)
	}
	end := strings.IndexAny(s+" ", " \t,;=\"")
	return s[:end], s[end:], nil
}

func TestResourceQuery(t *testing.T) {
	res := status.Resource{Get: returning("get"), Query: returning("query")}
	body405 := `{"error":"Method Not Allowed","message":"This method is not allowed for this URL.","status":405}` + "\n"
	const allow = "GET, HEAD, QUERY, OPTIONS"
	for method, want := range map[string]answer{
		"QUERY":   jsonAnswer(200, `"query"`+"\n"),
		"GET":     jsonAnswer(200, `"get"`+"\n"),
		"HEAD":    jsonAnswer(200, `"get"`+"\n").withBody(""),
		"OPTIONS": {200, http.Header{"Allow": {allow}, "Content-Length": {"0"}}, ""},
		"query":   jsonAnswer(405, body405, "X-Content-Type-Options", "nosniff", "Allow", allow),
		"DELETE":  jsonAnswer(405, body405, "X-Content-Type-Options", "nosniff", "Allow", allow),
	} {
		want.header.Set("Accept-Query", "application/json")
		assert.Equal(t, want, record(quiet.Wrap(res), method), method)
	}
	for _, invalid := range []string{"", "json", "a/b/c", "application/json; q"} {
		res.AcceptQuery = []string{"text/plain", invalid}
		assert.PanicsWithValue(t, fmt.Sprintf("status: invalid media type in AcceptQuery: %q", invalid),
			func() { record(res, "QUERY") })
	}
}
