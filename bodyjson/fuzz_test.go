package bodyjson_test

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// seeds adds bodies of other tests and the files of the suite to f.
func seeds(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		``, ` `, `null`, `{}`, `[]`, text, `{"name":1,"age":"b","in":{"X":true},"l":[1,"a",3.5],"m":{"k/1":"z"}}`,
		"{\r\n \"é\": \"💥\", \"age\": \"b\",\n \"l\": [ 1, [] ],\r\n \"m\": {\"💥~\":  \"\"}}",
		`{"numbers":{"1":true,"x":true,"300":1}}`, `{"numbers":{"1":true,"01":true,"1":1}}`, `{"when":"2026-01-02T03:04:05Z","bytes":"aGk=","three":[1,2,3]}`,
		`{"pointer":{"Y":1},"any":[{"x":1e400}],"color":"blue","pair":[1,2],"even":4,"quoted":"7","address":"::1","perhaps":{"z":null}}`,
		`{"name":"","nodes":[{"name":"","nodes":[{"name":""},{}]}]}`, `{"name":null,"nodes":[null]}`, "\xef\xbb\xbf{}", `{"a":{"b":1,"b":2}}`,
		`{"name":"\ud800"}`, strings.Repeat("[", 10_001), `{"NAME":"a","na-me":"b"}`, `{"big":18446744073709551616,"small":128,"float":1e39}`,
	} {
		f.Add([]byte(s))
	}
	files, err := filepath.Glob(filepath.Join("testdata", "jsontestsuite", "test_parsing", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 10_000 {
			f.Add(data)
		}
	}
}

// get calls Get behind Lazy and returns the value or the error response.
func get[T any](t *testing.T, data []byte, cfg bodyjson.Config) (v T, e *errjson.Error) {
	t.Helper()
	r := post(string(data))
	bodyjson.Lazy(cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var err error
		v, err = bodyjson.Get[T](r)
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: not an errjson.Error: %v", data, err)
		}
	})).ServeHTTP(quietWriter{http.Header{}}, r)
	return v, e
}

// FuzzDiagnose compares the accepted documents and the errors with those of the v2 decoder.
func FuzzDiagnose(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		agree[everything](t, data, bodyjson.Config{})
		agree[everything](t, data, bodyjson.Config{DisallowUnknownFields: true}, json.RejectUnknownMembers(true))
		agree[everything](t, data, bodyjson.Config{AllowDuplicateNames: true}, jsontext.AllowDuplicateNames(true))
		agree[everything](t, data, bodyjson.Config{MatchCaseInsensitiveNames: true}, json.MatchCaseInsensitiveNames(true))
		agree[any](t, data, bodyjson.Config{})
		agree[map[int8][]*string](t, data, bodyjson.Config{})
		agree[[]everything](t, data, bodyjson.Config{})
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
	})
}

func agree[T any](t *testing.T, data []byte, cfg bodyjson.Config, opts ...json.Options) {
	t.Helper()
	cfg.IgnoreMiscasedNames = true
	var want T
	wantErr := json.Unmarshal(data, &want, opts...)
	got, e := get[T](t, data, cfg)
	blank := len(bytes.Trim(data, " \t\r\n")) == 0
	kind := reflect.TypeFor[T]().Kind()
	null := string(bytes.Trim(data, " \t\r\n")) == "null" && kind != reflect.Interface && kind != reflect.Pointer
	switch {
	case wantErr == nil && null:
		if e == nil || e.Status != 422 {
			t.Fatalf("%q: null is accepted", data)
		}
		return
	case wantErr == nil && e != nil: // the v2 decoder accepts null for elements
		if e.Status != 422 || len(e.Fields()) == 0 {
			t.Fatalf("%T: %q: the v2 decoder accepts the document, Get returns %v", want, data, e)
		}
		for _, f := range e.Fields() {
			checkPlace(t, data, f)
			if f.Code != "null" || !bytes.HasPrefix(data[f.Offset:], []byte("null")) || !resolves(data, f.Pointer) {
				t.Fatalf("%T: %q: %#v", want, data, f)
			}
		}
		return
	case (wantErr == nil) != (e == nil):
		t.Fatalf("%T: %q: the v2 decoder returns %v, Get returns %v", want, data, wantErr, e)
	case wantErr == nil:
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%T: %q: got %v, want %v", want, data, got, want)
		}
		return
	case blank:
		if !errors.Is(e, bodyjson.ErrEmpty) {
			t.Fatalf("%q: %v", data, e)
		}
		return
	}

	// A syntax error is a 400 and any other error is a 422. The exception is a 400 for names that
	// are duplicates only for the type.
	valid := jsontext.Value(data).IsValid(opts...)
	if valid && e.Status != 422 && e.Code != "duplicate" || !valid && e.Status != 400 {
		t.Fatalf("%T: %q: valid is %t, Get returns %v", want, data, valid, e)
	}
	if len(detailsOf(e)) == 0 {
		t.Fatalf("%T: %q: no details: %v", want, data, e)
	}
	for _, f := range detailsOf(e) {
		checkPlace(t, data, f)
		if valid && !resolves(data, f.Pointer) {
			t.Fatalf("%T: %q: %q does not point to a value", want, data, f.Pointer)
		}
	}
}

// checkPlace checks the line and column of a field error with another algorithm.
func checkPlace(t *testing.T, data []byte, f errjson.FieldError) {
	t.Helper()
	if f.Offset < 0 || f.Offset > len(data) || f.Code == "" || f.Message == "" {
		t.Fatalf("%q: %#v", data, f)
	}
	lines := bytes.Split(data[:f.Offset], []byte("\n"))
	last := lines[len(lines)-1]
	if f.Line != len(lines) || f.Column != utf8.RuneCount(last)+1 {
		t.Fatalf("%q: %#v", data, f)
	}
}

// resolves reports whether a pointer points to a value in data. data must be valid JSON.
func resolves(data []byte, pointer string) bool {
	dec := stdjson.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return false
	}
	for token := range jsontext.Pointer(pointer).Tokens() {
		switch c := v.(type) {
		case map[string]any:
			inner, ok := c[token]
			if !ok {
				return false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i >= len(c) {
				return false
			}
			v = c[i]
		default:
			return false
		}
	}
	return true
}

// FuzzRoundTrip encodes accepted values and decodes the result again.
func FuzzRoundTrip(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip[any](t, data, bodyjson.Config{})
		roundTrip[any](t, data, bodyjson.Config{UseNumber: true})
		roundTrip[node](t, data, bodyjson.Config{})
		roundTrip[bodyjson.Optional[[]string]](t, data, bodyjson.Config{})
	})
}

func roundTrip[T any](t *testing.T, data []byte, cfg bodyjson.Config) {
	t.Helper()
	v, e := get[T](t, data, cfg)
	if e != nil {
		return
	}
	again, err := stdjson.Marshal(v) // encoding/json supports its own Number
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	w, e := get[T](t, again, cfg)
	if e != nil || !reflect.DeepEqual(v, w) {
		t.Fatalf("%q: %#v was encoded as %q, which was decoded as %#v, %v", data, v, again, w, e)
	}
}

// bush is recursive through elements that cannot be null.
type bush struct {
	Name  string           `json:"name" required:"true"`
	Nodes []bush           `json:"nodes"`
	Named map[string]*bush `json:"named"`
	Tags  []string         `json:"tags"`
	Sizes map[string]int   `json:"sizes"`
}

// FuzzRequired compares the number of missing and null values with that in the document as a tree.
func FuzzRequired(f *testing.F) {
	seeds(f)
	for _, s := range []string{
		`{"name":"","nodes":[{"name":"a"},null,{}],"named":{"a":null,"b":{}},"tags":["",null,"a"],"sizes":{"a":0,"b":null}}`,
		`{"name":"null","nodes":[{"name":"a","tags":["a"]}],"tags":[null]}`, `{"name":"a","tags":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if json.Unmarshal(data, new(bush)) != nil || string(bytes.Trim(data, " \t\r\n")) == "null" {
			return
		}
		var tree any
		if err := stdjson.Unmarshal(data, &tree); err != nil {
			return // a number in an unknown member that is out of range for encoding/json
		}
		want := shortfalls(tree)
		_, e := get[bush](t, data, bodyjson.Config{IgnoreMiscasedNames: true})
		found := 0
		if e != nil {
			found = len(e.Fields())
		}
		if found != min(want, 100) {
			t.Fatalf("%q: %d values are missing or null, Get reports %d: %v", data, want, found, e)
		}
	})
}

// shortfalls returns the number of missing and null values in a bush.
func shortfalls(tree any) (n int) {
	object, ok := tree.(map[string]any)
	if !ok {
		return 0
	}
	if object["name"] == nil {
		n++
	}
	nodes, _ := object["nodes"].([]any)
	tags, _ := object["tags"].([]any)
	sizes, _ := object["sizes"].(map[string]any)
	for _, element := range slices.Concat(nodes, tags, slices.Collect(maps.Values(sizes))) {
		if element == nil {
			n++
		}
		n += shortfalls(element)
	}
	named, _ := object["named"].(map[string]any)
	for _, inner := range named {
		n += shortfalls(inner)
	}
	return n
}
