package corsmw_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/corsmw"
)

// TestVectors replays testdata/vectors.jsonl, or the file that the environment variable CORS_VECTORS names: one case per line, a
// policy, a request, and what the answer must satisfy. A key that this test does not know is an error, and so is a file without cases.
func TestVectors(t *testing.T) {
	name := "testdata/vectors.jsonl"
	if other := os.Getenv("CORS_VECTORS"); other != "" {
		name = other
	}
	replayFile(t, name)
}

// TestVectorsQueryCORS replays query-cors.jsonl of testdata/vectors, or of the folder that VECTORS_DIR names.
func TestVectorsQueryCORS(t *testing.T) {
	dir := cmp.Or(os.Getenv("VECTORS_DIR"), filepath.Join("testdata", "vectors"))
	replayFile(t, filepath.Join(dir, "query-cors.jsonl"))
}

func replayFile(t *testing.T, name string) {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()

	cases := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var v vector
		require.NoError(t, decodeStrictly(lines.Bytes(), &v))
		t.Run(v.ID, func(t *testing.T) {
			t.Log(v.Note)
			v.replay(t)
		})
		cases++
	}
	require.NoError(t, lines.Err())
	require.NotZero(t, cases, "no cases in %s", name)
}

func decodeStrictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

type vector struct {
	ID        string        `json:"id"`
	Note      string        `json:"note"`
	Config    corsmw.Config `json:"config"`
	Construct string        `json:"construct"`
	Request   struct {
		Method  string  `json:"method"`
		Headers []field `json:"headers"`
	} `json:"request"`
	OuterHeaders []field     `json:"outer_headers"`
	Expect       expectation `json:"expect"`
}

// A field is a name and one or more values, in one of the forms ["Name", "value"], ["Name", {"repeat": ..., "times": ...}] and
// ["Name", {"lines": ..., "value": ...}].
type field struct {
	name   string
	values []string
}

func (f *field) UnmarshalJSON(data []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if err := json.Unmarshal(pair[0], &f.name); err != nil {
		return err
	}
	var many struct {
		Lines  int             `json:"lines"`
		Value  json.RawMessage `json:"value"`
		Repeat string          `json:"repeat"`
		Times  int             `json:"times"`
		Prefix string          `json:"prefix"`
		Suffix string          `json:"suffix"`
	}
	value := pair[1]
	lines := 1
	if value[0] == '{' {
		if err := decodeStrictly(value, &many); err != nil {
			return err
		}
		if many.Value != nil {
			lines, value = many.Lines, many.Value
		}
	}
	var text string
	if value[0] == '{' {
		if err := decodeStrictly(value, &many); err != nil {
			return err
		}
		text = many.Prefix + strings.Repeat(many.Repeat, many.Times) + many.Suffix
	} else if err := json.Unmarshal(value, &text); err != nil {
		return err
	}
	f.values = slices.Repeat([]string{text}, lines)
	return nil
}

// expectation is what an answer must satisfy: every key that is there.
type expectation struct {
	Handler                *bool               `json:"handler"`
	CORSCheck              string              `json:"cors_check"`
	Preflight              string              `json:"preflight"`
	Absent                 []string            `json:"absent"`
	Equal                  map[string]string   `json:"equal"`
	VaryContains           []string            `json:"vary_contains"`
	ListContains           map[string][]string `json:"list_contains"`
	MaxLines               map[string]int      `json:"max_lines"`
	NeverContains          map[string]string   `json:"never_contains"`
	MaxResponseHeaderBytes int                 `json:"max_response_header_bytes"`
	AnyOf                  []expectation       `json:"any_of"`
}

// answer is what came out of the middleware.
type answer struct {
	status  int
	header  http.Header
	handler bool
}

func (v *vector) replay(t *testing.T) {
	// The vectors take http origins for granted; this package wants them said aloud when there are credentials.
	cfg := v.Config
	cfg.DangerouslyAllowInsecureOrigins = slices.ContainsFunc(cfg.AllowOrigins, func(o string) bool { return strings.HasPrefix(o, "http:") })
	m, err := corsmw.New(cfg)
	switch v.Construct {
	case "error":
		require.Error(t, err)
		return
	case "any":
		if err != nil {
			return
		}
	case "ok":
		require.NoError(t, err)
	default:
		require.Fail(t, "unknown construct", v.Construct)
	}

	r := httptest.NewRequest(http.MethodGet, "https://api.example.net/items", nil)
	r.Method = v.Request.Method
	addFields(r.Header, v.Request.Headers)
	w := httptest.NewRecorder()
	addFields(w.Header(), v.OuterHeaders)
	ran := false
	m.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran = true })).ServeHTTP(w, r)

	a := answer{w.Code, w.Header(), ran}
	for _, fault := range v.Expect.faults(a, r, cfg.AllowCredentials) {
		assert.Fail(t, fault, "status %d, handler ran: %t, header %.2000q", a.status, a.handler, a.header)
	}
}

func addFields(h http.Header, fields []field) {
	for _, f := range fields {
		for _, value := range f.values {
			h.Add(f.name, value)
		}
	}
}

func (e *expectation) faults(a answer, r *http.Request, credentials bool) (faults []string) {
	check := func(ok bool, fault string) {
		if !ok {
			faults = append(faults, fault)
		}
	}
	outcome := map[bool]string{true: "pass", false: "fail"}

	if e.Handler != nil {
		check(a.handler == *e.Handler, "handler")
	}
	if e.CORSCheck != "" {
		check(e.CORSCheck == outcome[passesCORSCheck(a, r, credentials)], "cors_check is not "+e.CORSCheck)
	}
	if e.Preflight != "" {
		check(e.Preflight == outcome[passesPreflightCheck(a, r, credentials)], "preflight is not "+e.Preflight)
	}
	for _, pattern := range e.Absent {
		for name := range a.header {
			match, err := path.Match(pattern, strings.ToLower(name))
			check(err == nil && !match, name+" is present")
		}
	}
	for name, want := range e.Equal {
		check(slices.Equal(a.header.Values(name), []string{want}), name+" is not "+want)
	}
	for _, name := range e.VaryContains {
		check(slices.Contains(elements(a.header.Values("Vary")), strings.ToLower(name)), "Vary lacks "+name)
	}
	for name, list := range e.ListContains {
		for _, element := range list {
			check(slices.Contains(elements(a.header.Values(name)), strings.ToLower(element)), name+" lacks "+element)
		}
	}
	for name, most := range e.MaxLines {
		check(len(a.header.Values(name)) <= most, "too many lines of "+name)
	}
	for name, text := range e.NeverContains {
		check(!strings.Contains(strings.Join(a.header.Values(name), "\n"), text), name+" contains "+text)
	}
	if e.MaxResponseHeaderBytes > 0 {
		size := 0
		for name, values := range a.header {
			for _, value := range values {
				size += len(name) + len(value) + 4
			}
		}
		check(size <= e.MaxResponseHeaderBytes, "the response header is too large")
	}
	if len(e.AnyOf) > 0 {
		check(slices.ContainsFunc(e.AnyOf, func(e expectation) bool { return len(e.faults(a, r, credentials)) == 0 }), "none of any_of")
	}
	return faults
}

// passesCORSCheck is https://fetch.spec.whatwg.org/#concept-cors-check.
func passesCORSCheck(a answer, r *http.Request, credentials bool) bool {
	allowed := strings.Join(a.header.Values("Access-Control-Allow-Origin"), ", ")
	if !credentials && allowed == "*" {
		return true
	}
	if allowed == "" || allowed != r.Header.Get("Origin") {
		return false
	}
	return !credentials || strings.Join(a.header.Values("Access-Control-Allow-Credentials"), ", ") == "true"
}

// passesPreflightCheck is the end of https://fetch.spec.whatwg.org/#cors-preflight-fetch.
func passesPreflightCheck(a answer, r *http.Request, credentials bool) bool {
	if !passesCORSCheck(a, r, credentials) || a.status < 200 || a.status > 299 {
		return false
	}
	method := r.Header.Get("Access-Control-Request-Method")
	var methods []string
	for _, line := range a.header.Values("Access-Control-Allow-Methods") {
		for element := range strings.SplitSeq(line, ",") {
			methods = append(methods, strings.Trim(element, " \t"))
		}
	}
	if method == "" || !slices.Contains([]string{"GET", "HEAD", "POST"}, method) && !slices.Contains(methods, method) &&
		(credentials || !slices.Contains(methods, "*")) {
		return false
	}
	headers := elements(a.header.Values("Access-Control-Allow-Headers"))
	for _, name := range elements(r.Header.Values("Access-Control-Request-Headers")) {
		wildcard := !credentials && name != "authorization" && slices.Contains(headers, "*")
		if !slices.Contains(headers, name) && !wildcard {
			return false
		}
	}
	return true
}

// elements returns the elements of a list header, in lower case and without empty ones.
func elements(lines []string) (list []string) {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element != "" {
				list = append(list, strings.ToLower(element))
			}
		}
	}
	return list
}
