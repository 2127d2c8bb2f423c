package bodyjson_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/vectortest"
	"github.com/hipflask/hipflask/status"
)

const mergePatchType = "application/merge-patch+json"

// mergeRequest returns a PATCH request with a merge patch.
func mergeRequest(patch string) *http.Request {
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(patch))
	r.Header.Set("Content-Type", mergePatchType)
	return r
}

// mergeFrom calls Merge with the request r in a handler behind Lazy.
func mergeFrom[T any](cfg bodyjson.Config, r *http.Request, current T) (result T, err error) {
	h := bodyjson.Lazy(cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		result, err = bodyjson.Merge(r, current)
	}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	return result, err
}

// mergeInto calls Merge with a patch in a handler behind Lazy.
func mergeInto[T any](cfg bodyjson.Config, current T, patch string) (T, error) {
	return mergeFrom(cfg, mergeRequest(patch), current)
}

// mergeOK calls Merge with a patch that must be accepted.
func mergeOK[T any](t *testing.T, cfg bodyjson.Config, current T, patch string) T {
	t.Helper()
	result, err := mergeInto(cfg, current, patch)
	require.NoError(t, err, patch)
	return result
}

// mergeFails calls Merge with a patch that must be rejected, and returns the error response. The
// result must be zero.
func mergeFails[T any](t *testing.T, cfg bodyjson.Config, current T, patch string) *errjson.Error {
	t.Helper()
	result, err := mergeInto(cfg, current, patch)
	require.Error(t, err, "%s: the result is %+v", patch, result)
	assert.Zero(t, result, patch)
	return mergeResponse(t, err)
}

// mergeRejects calls Merge with a patch that must be rejected with these field errors.
func mergeRejects[T any](t *testing.T, cfg bodyjson.Config, current T, patch string,
	want ...mergeDetail) {
	t.Helper()
	assert.Equal(t, want, mergeDetails(mergeFails(t, cfg, current, patch)), patch)
}

// mergeResponse returns the error response in err.
func mergeResponse(t *testing.T, err error) *errjson.Error {
	t.Helper()
	var e *errjson.Error
	require.ErrorAs(t, err, &e)
	return e
}

// A mergeDetail is a pointer and a code.
type mergeDetail [2]string

// mergeDetails returns the pointers and codes of the field errors.
func mergeDetails(e *errjson.Error) (details []mergeDetail) {
	for _, f := range detailsOf(e) {
		details = append(details, mergeDetail{f.Pointer, f.Code})
	}
	return details
}

// mergeEncode encodes a value with encoding/json.
func mergeEncode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// mergeTree decodes JSON into an any. Numbers keep their digits.
func mergeTree(t *testing.T, data []byte) (tree any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&tree), "%s", data)
	return tree
}

// mergeSame asserts that v is encoded as the JSON want. Numbers must have the same digits.
func mergeSame(t *testing.T, want string, v any, msg ...any) {
	t.Helper()
	assert.Equal(t, mergeTree(t, []byte(want)), mergeTree(t, []byte(mergeEncode(t, v))), msg...)
}

// mergeStrictly decodes JSON and rejects unknown names.
func mergeStrictly(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// mergeHeader has the members that all vectors have.
type mergeHeader struct {
	ID     string `json:"id"`
	Note   string `json:"note"`
	Source string `json:"source"`
}

// A mergeText is a string, or an object that describes a long string or bytes.
type mergeText string

func (m *mergeText) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(m))
	}
	var v struct {
		Prefix    string  `json:"prefix"`
		Repeat    string  `json:"repeat"`
		Times     int     `json:"times"`
		Middle    string  `json:"middle"`
		RepeatEnd string  `json:"repeat_end"`
		Suffix    string  `json:"suffix"`
		Hex       *string `json:"hex"`
	}
	if err := mergeStrictly(data, &v); err != nil {
		return err
	}
	if v.Hex != nil {
		raw, err := hex.DecodeString(*v.Hex)
		*m = mergeText(raw)
		return err
	}
	*m = mergeText(v.Prefix + strings.Repeat(v.Repeat, v.Times) + v.Middle +
		strings.Repeat(v.RepeatEnd, v.Times) + v.Suffix)
	return nil
}

type mergeVector struct {
	mergeHeader
	Doc    json.RawMessage `json:"doc"`
	Patch  json.RawMessage `json:"patch"`
	Result json.RawMessage `json:"result"`
}

func TestVectorsMerge(t *testing.T) {
	vectortest.Run(t, "merge-patch.jsonl", func(t *testing.T, v mergeVector) {
		current := mergeTree(t, v.Doc)
		result := mergeOK(t, bodyjson.Config{UseNumber: true}, current, string(v.Patch))
		assert.Equal(t, mergeTree(t, v.Result), result)
		assert.Equal(t, mergeTree(t, v.Doc), current, "the current value has changed")
	})
}

type mergeSize struct {
	W int `json:"w"`
	H int `json:"h"`
}

type mergeOwner struct {
	Name string `json:"name" required:"true"`
	Mail string `json:"mail"`
}

type mergePart struct {
	SKU string `json:"sku" required:"true"`
	Qty int    `json:"qty"`
}

// A mergeItem is the type of merge-patch-typed.jsonl.
type mergeItem struct {
	ID     int64             `json:"id"`
	Name   string            `json:"name" required:"true"`
	Price  float64           `json:"price" required:"true"`
	Active bool              `json:"active"`
	Note   *string           `json:"note"`
	Tags   []string          `json:"tags"`
	Size   *mergeSize        `json:"size"`
	Owner  mergeOwner        `json:"owner" required:"true"`
	Owner2 *mergeOwner       `json:"owner2,omitempty"`
	Attrs  map[string]string `json:"attrs"`
	Parts  []mergePart       `json:"parts"`
	Since  time.Time         `json:"since"`
	Extra  any               `json:"extra"`
	Level  uint8             `json:"level"`
}

func (i *mergeItem) Validate() error {
	var errs []error
	if i.Price < 0 {
		errs = append(errs, errjson.FieldError{Pointer: "/price", Code: "min"})
	}
	if i.Size != nil && i.Size.W*i.Size.H > 1000 {
		errs = append(errs, errjson.FieldError{Pointer: "/size", Code: "area"})
	}
	return errors.Join(errs...)
}

type mergeTypedVector struct {
	mergeHeader
	Doc       json.RawMessage `json:"doc"`
	Patch     json.RawMessage `json:"patch"`
	PatchText *mergeText      `json:"patch_text"`
	Options   struct {
		DisallowUnknownFields bool `json:"disallow_unknown_fields"`
		ValidateChange        bool `json:"validate_change"`
	} `json:"options"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Status  int           `json:"status"`
		Code    string        `json:"code"`
		Details []mergeDetail `json:"details"`
	} `json:"error"`
	Alternative struct {
		ResultAttrs map[string]string `json:"result_attrs"` // another result for attrs
		Code        string            `json:"code"`         // another code of the details
		Error       *mergeDetail      `json:"error"`        // of an error instead of the result
		Order       string            `json:"order"`        // "any": the order of details is free
	} `json:"alternative"`
}

func TestVectorsMergeTyped(t *testing.T) {
	vectortest.Run(t, "merge-patch-typed.jsonl", func(t *testing.T, v mergeTypedVector) {
		require.True(t, (v.Result == nil) != (v.Error == nil), "a vector has a result or an error")
		require.True(t, (v.Patch == nil) != (v.PatchText == nil), "a vector has one patch")
		patch := string(v.Patch)
		if v.PatchText != nil {
			patch = string(*v.PatchText)
		}
		var current, before mergeItem
		require.NoError(t, json.Unmarshal(v.Doc, &current))
		require.NoError(t, json.Unmarshal(v.Doc, &before))

		cfg := bodyjson.Config{DisallowUnknownFields: v.Options.DisallowUnknownFields}
		result, err := mergeInto(cfg, current, patch)
		if err != nil {
			assert.Zero(t, result)
		} else if v.Options.ValidateChange && result.ID != current.ID {
			err = errjson.Invalid(errjson.FieldError{Pointer: "/id", Code: "read_only"})
		}
		assert.Equal(t, before, current, "the current value has changed")

		if v.Error == nil && (err == nil || v.Alternative.Error == nil) {
			require.NoError(t, err)
			want := mergeTree(t, v.Result).(map[string]any)
			if result.Attrs != nil && v.Alternative.ResultAttrs != nil {
				assert.Equal(t, v.Alternative.ResultAttrs, result.Attrs)
				delete(want, "attrs")
			}
			got := mergeTree(t, []byte(mergeEncode(t, result))).(map[string]any)
			if want["attrs"] == nil && v.Alternative.ResultAttrs != nil {
				delete(want, "attrs")
				delete(got, "attrs")
			}
			assert.Equal(t, want, got)
			return
		}
		e := mergeResponse(t, err)
		if v.Error == nil {
			t.Log("the result is the alternative")
			assert.Equal(t, []mergeDetail{*v.Alternative.Error}, mergeDetails(e))
			return
		}
		assert.Equal(t, v.Error.Status, e.Status)
		if v.Error.Code != "" {
			assert.Equal(t, v.Error.Code, e.Code)
		}
		if v.Error.Details != nil {
			got := mergeDetails(e)
			for i, detail := range v.Error.Details {
				other := mergeDetail{detail[0], v.Alternative.Code}
				if other[1] != "" && slices.Contains(got, other) {
					t.Log("the code is the alternative")
					v.Error.Details[i] = other
				}
			}
			assert.ElementsMatch(t, v.Error.Details, got)
		}
	})
}

// A mergeStored is the type of merge-patch-http.jsonl: a mergeItem whose owner is not required.
type mergeStored struct {
	ID     int64             `json:"id"`
	Name   string            `json:"name" required:"true"`
	Price  float64           `json:"price" required:"true"`
	Active bool              `json:"active"`
	Note   *string           `json:"note"`
	Tags   []string          `json:"tags"`
	Size   *mergeSize        `json:"size"`
	Owner  mergeOwner        `json:"owner"`
	Owner2 *mergeOwner       `json:"owner2,omitempty"`
	Attrs  map[string]string `json:"attrs"`
	Parts  []mergePart       `json:"parts"`
	Since  time.Time         `json:"since"`
	Extra  any               `json:"extra"`
	Level  uint8             `json:"level"`
}

// A mergeStore is the resource of merge-patch-http.jsonl.
type mergeStore struct {
	item mergeStored
	etag string
}

func newMergeStore() *mergeStore {
	return &mergeStore{mergeStored{ID: 7, Name: "Widget", Price: 9.5}, `"1"`}
}

func (s *mergeStore) patch(r *http.Request) (status.Response, error) {
	if !mergePrecondition(r.Header, s.etag) {
		return status.Response{}, errjson.New(http.StatusPreconditionFailed,
			"The item has changed.")
	}
	item, err := bodyjson.Merge(r, s.item)
	if err != nil {
		return status.Response{}, err
	}
	s.item, s.etag = item, `"2"`
	return status.OK(item).WithHeader("ETag", s.etag), nil
}

// mergePrecondition evaluates If-Match (RFC 9110, Section 13.1.1). A weak tag never matches.
func mergePrecondition(h http.Header, etag string) bool {
	lines := h.Values("If-Match")
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || tag == etag {
				return true
			}
		}
	}
	return len(lines) == 0
}

type mergeHTTPVector struct {
	mergeHeader
	Request struct {
		Method  string      `json:"method"`
		Path    string      `json:"path"`
		Headers [][2]string `json:"headers"`
		Body    mergeText   `json:"body"`
	} `json:"request"`
	Expect struct {
		Status          []int                      `json:"status"`
		Prefer          int                        `json:"prefer"`
		JSONContains    map[string]json.RawMessage `json:"json_contains"`
		AllowContains   []string                   `json:"allow_contains"`
		AcceptPatch     []string                   `json:"accept_patch"`
		AcceptPatchIf   int                        `json:"accept_patch_if"`
		ResponseHeaders map[string]string          `json:"response_headers"`
		Unchanged       bool                       `json:"unchanged"`
	} `json:"expect"`
}

func TestVectorsMergeHTTP(t *testing.T) {
	vectortest.Run(t, "merge-patch-http.jsonl", func(t *testing.T, v mergeHTTPVector) {
		store := newMergeStore()
		mux := http.NewServeMux()
		mux.Handle("/items/7", status.Resource{Patch: status.Handler(store.patch)})
		r := httptest.NewRequest(v.Request.Method, v.Request.Path,
			strings.NewReader(string(v.Request.Body)))
		for _, header := range v.Request.Headers {
			r.Header.Add(header[0], header[1])
		}
		w := httptest.NewRecorder()
		errjson.Wrap(mux).ServeHTTP(w, r)

		assert.Contains(t, v.Expect.Status, w.Code, w.Body.String())
		if v.Expect.Prefer != 0 && w.Code != v.Expect.Prefer {
			t.Logf("the status is %d, %d is better", w.Code, v.Expect.Prefer)
		}
		if len(v.Expect.JSONContains) > 0 {
			got, ok := mergeTree(t, w.Body.Bytes()).(map[string]any)
			require.True(t, ok, w.Body.String())
			for name, want := range v.Expect.JSONContains {
				assert.Equal(t, mergeTree(t, want), got[name], name)
			}
		}
		for _, method := range v.Expect.AllowContains {
			assert.Contains(t, mergeElements(w.Header()["Allow"]), method)
		}
		accepted := v.Expect.AcceptPatch
		if v.Expect.AcceptPatchIf == w.Code {
			accepted = append(accepted, mergePatchType)
		}
		if r.Method == http.MethodOptions && strings.Contains(v.Note, "[tolerance]") {
			// A Resource does not send Accept-Patch for OPTIONS (RFC 5789, Section 3.1: SHOULD).
			assert.NotContains(t, w.Header(), "Accept-Patch")
			accepted = nil
		}
		for _, mediaType := range accepted {
			assert.Contains(t, mergeMediaTypes(t, w.Header()["Accept-Patch"]), mediaType)
		}
		for name, value := range v.Expect.ResponseHeaders {
			assert.Equal(t, []string{value}, w.Header().Values(name), name)
		}
		if v.Expect.Unchanged || w.Code >= 400 {
			assert.Equal(t, newMergeStore(), store)
		}
	})
}

// mergeElements returns the elements of a list header.
func mergeElements(lines []string) (elements []string) {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			elements = append(elements, strings.TrimSpace(element))
		}
	}
	return elements
}

// mergeMediaTypes returns the media types of a list header, without parameters.
func mergeMediaTypes(t *testing.T, lines []string) (mediaTypes []string) {
	t.Helper()
	for _, element := range mergeElements(lines) {
		mediaType, _, err := mime.ParseMediaType(element)
		require.NoError(t, err)
		mediaTypes = append(mediaTypes, mediaType)
	}
	return mediaTypes
}

// MergeBase is embedded by pointer, so its name is exported.
type MergeBase struct {
	BaseNumber *int           `json:"base_number"`
	BaseMap    map[string]int `json:"base_map"`
	BaseText   string         `json:"base_text"`
}

type mergeInner struct {
	X    int            `json:"x"`
	List []int          `json:"list"`
	Map  map[string]int `json:"map"`
	Next *mergeInner    `json:"next,omitempty"`
}

// A mergeGraph has references of each kind.
type mergeGraph struct {
	*MergeBase
	Text       string                                     `json:"text"`
	Pointer    *int                                       `json:"pointer"`
	Pointers   **int                                      `json:"pointers"`
	Struct     mergeInner                                 `json:"struct"`
	Inner      *mergeInner                                `json:"inner"`
	Map        map[string]int                             `json:"map"`
	Maps       map[string]map[string]int                  `json:"maps"`
	InnerMap   map[string]*mergeInner                     `json:"inner_map"`
	StructMap  map[string]mergeInner                      `json:"struct_map"`
	ListMap    map[int][]string                           `json:"list_map"`
	List       []int                                      `json:"list"`
	Inners     []*mergeInner                              `json:"inners"`
	Lists      [][]int                                    `json:"lists"`
	Bytes      []byte                                     `json:"bytes"`
	ByteLists  [][]byte                                   `json:"byte_lists"`
	Array      [2]*int                                    `json:"array"`
	Arrays     [2][]int                                   `json:"arrays"`
	Any        any                                        `json:"any"`
	AnyList    any                                        `json:"any_list"`
	AnyMap     map[string]any                             `json:"any_map"`
	OptPointer bodyjson.Optional[*int]                    `json:"opt_pointer"`
	OptList    bodyjson.Optional[[]int]                   `json:"opt_list"`
	OptMap     bodyjson.Optional[map[string]int]          `json:"opt_map"`
	OptInner   bodyjson.Optional[mergeInner]              `json:"opt_inner"`
	OptMaps    map[string]bodyjson.Optional[[]mergeInner] `json:"opt_maps"`
}

func newMergeInner(x int) *mergeInner {
	return &mergeInner{x, []int{x, 2}, map[string]int{"a": x}, &mergeInner{X: x + 1,
		List: []int{x}}}
}

func newMergeGraph() mergeGraph {
	number := new(int)
	return mergeGraph{
		MergeBase: &MergeBase{new(int), map[string]int{"a": 1}, "base"},
		Text:      "text",
		Pointer:   new(int),
		Pointers:  &number,
		Struct:    *newMergeInner(1),
		Inner:     newMergeInner(2),
		Map:       map[string]int{"a": 1, "b": 2},
		Maps:      map[string]map[string]int{"a": {"x": 1}, "b": {"y": 2}},
		InnerMap:  map[string]*mergeInner{"a": newMergeInner(3), "b": newMergeInner(4)},
		StructMap: map[string]mergeInner{"a": *newMergeInner(5), "b": *newMergeInner(6)},
		ListMap:   map[int][]string{1: {"a"}, 2: {"b"}},
		List:      []int{1, 2},
		Inners:    []*mergeInner{newMergeInner(7), nil},
		Lists:     [][]int{{1}, {2, 3}},
		Bytes:     []byte("bytes"),
		ByteLists: [][]byte{[]byte("a"), []byte("b")},
		Array:     [2]*int{new(int), new(int)},
		Arrays:    [2][]int{{1}, {2}},
		Any: map[string]any{
			"a": map[string]any{"x": 1.0, "y": []any{1.0, map[string]any{"z": "z"}}},
			"b": []any{true}, "c": nil,
		},
		AnyList:    []any{[]any{1.0}, map[string]any{"x": 1.0}},
		AnyMap:     map[string]any{"a": map[string]any{"x": 1.0}, "b": []any{[]any{"b"}}},
		OptPointer: bodyjson.Optional[*int]{Set: true, Value: new(int)},
		OptList:    bodyjson.Optional[[]int]{Set: true, Value: []int{1}},
		OptMap:     bodyjson.Optional[map[string]int]{Set: true, Value: map[string]int{"a": 1}},
		OptInner:   bodyjson.Optional[mergeInner]{Set: true, Value: *newMergeInner(8)},
		OptMaps: map[string]bodyjson.Optional[[]mergeInner]{
			"a": {Set: true, Value: []mergeInner{*newMergeInner(9)}},
		},
	}
}

// mergeScramble changes every exported value that v refers to. Cycles are not followed.
func mergeScramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			mergeScramble(v.Elem())
		}
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if inner := v.Elem(); inner.Kind() == reflect.Map || inner.Kind() == reflect.Slice ||
			inner.Kind() == reflect.Pointer {
			mergeScramble(inner)
		} else if v.CanSet() {
			v.Set(reflect.ValueOf("scrambled"))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			mergeScramble(value)
			v.SetMapIndex(key, reflect.Value{})
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			mergeScramble(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				mergeScramble(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString(v.String() + "!")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Float64:
		v.SetFloat(v.Float() + 1000)
	case reflect.Int:
		v.SetInt(v.Int() + 1000)
	case reflect.Uint8:
		v.SetUint(v.Uint() ^ 0xff)
	}
}

func TestMergeCopies(t *testing.T) {
	patches := []string{
		`{}`, `{"text":"x"}`, `{"pointer":5}`, `{"pointers":5}`, `{"base_number":5}`,
		`{"base_map":{"b":1}}`, `{"base_text":"x"}`,
		`{"struct":{"x":5}}`, `{"struct":{"map":{"a":5},"list":[5],"next":{"x":5}}}`,
		`{"inner":{"x":5}}`, `{"inner":{"map":{"b":5,"a":null},"list":[5],"next":{"list":null}}}`,
		`{"inner":null}`,
		`{"map":{"a":null,"b":5,"c":6}}`, `{"maps":{"a":{"x":5},"b":null,"c":{}}}`,
		`{"inner_map":{"a":{"x":5,"map":{"z":1}},"b":null,"c":{}}}`,
		`{"struct_map":{"a":{"x":5,"map":{"z":1},"next":{"x":5}},"c":{}}}`,
		`{"list_map":{"1":["z"],"2":null}}`,
		`{"list":[5]}`, `{"inners":[{"x":5}]}`, `{"lists":[[5]]}`, `{"bytes":"YWJj"}`,
		`{"byte_lists":["YWJj"]}`,
		`{"array":[5,6]}`, `{"arrays":[[5],[6]]}`,
		`{"any":{"a":{"x":null,"y":[5]},"b":{"z":1},"c":7}}`, `{"any":null}`, `{"any":[1,2]}`,
		`{"any":{"a":{"w":{"v":[1]}}}}`, `{"any_list":{"a":1}}`, `{"any_list":[]}`,
		`{"any_map":{"a":{"x":2},"b":null}}`,
		`{"opt_pointer":5}`, `{"opt_list":[5]}`, `{"opt_map":{"a":5,"b":6}}`,
		`{"opt_inner":{"map":{"b":5},"next":{"x":5}}}`,
		`{"opt_pointer":null,"opt_list":null,"opt_map":null,"opt_inner":null}`,
		`{"opt_maps":{"a":[{"x":5}],"b":[]}}`,
	}
	for _, patch := range patches {
		t.Run(patch, func(t *testing.T) {
			current := newMergeGraph()
			result := mergeOK(t, bodyjson.Config{}, current, patch)
			require.Equal(t, newMergeGraph(), current, "Merge has changed the current value")
			want := mergeOK(t, bodyjson.Config{}, newMergeGraph(), patch)
			require.Equal(t, want, result)

			mergeScramble(reflect.ValueOf(&current).Elem())
			require.NotEqual(t, newMergeGraph(), current)
			assert.Equal(t, want, result, "a change of the current value has changed the result")

			current = newMergeGraph()
			result = mergeOK(t, bodyjson.Config{}, current, patch)
			mergeScramble(reflect.ValueOf(&result).Elem())
			assert.Equal(t, newMergeGraph(), current,
				"a change of the result has changed the current value")
		})
	}
	t.Run("a pointer", func(t *testing.T) {
		current, twin := newMergeGraph(), newMergeGraph()
		result := mergeOK(t, bodyjson.Config{}, &current, `{"inner":{"x":5}}`)
		mergeScramble(reflect.ValueOf(result))
		assert.Equal(t, twin, current)
	})
	t.Run("a map", func(t *testing.T) {
		current := map[string]*mergeInner{"a": newMergeInner(1)}
		result := mergeOK(t, bodyjson.Config{}, current, `{"b":{}}`)
		mergeScramble(reflect.ValueOf(result))
		assert.Equal(t, map[string]*mergeInner{"a": newMergeInner(1)}, current)
	})
	t.Run("an array", func(t *testing.T) {
		current := [2]map[string]int{{"a": 1}, nil}
		result, err := mergeInto(bodyjson.Config{}, current, `{}`)
		require.Error(t, err, result)
		assert.Equal(t, [2]map[string]int{{"a": 1}, nil}, current)
	})
	t.Run("after an error", func(t *testing.T) {
		for _, patch := range []string{
			`{"inner":{"x":5,"map":{"a":"x"}}}`, `{"any":{"a":1e400,"b":null}}`,
			`{"struct_map":{"a":{"x":5}},"text":7}`,
			`{"map":{"a":9},"map":{}}`, `{"map":{"a":9}`,
		} {
			current := newMergeGraph()
			mergeFails(t, bodyjson.Config{}, current, patch)
			assert.Equal(t, newMergeGraph(), current, patch)
		}
	})
	for name, newValue := range map[string]func() any{
		"a pointer":      func() any { return newMergeInner(1) },
		"a typed map":    func() any { return map[string]int{"a": 1} },
		"a typed list":   func() any { return []string{"a"} },
		"a list of maps": func() any { return []map[string]any{{"a": 1.0}} },
	} {
		t.Run(name+" in an interface", func(t *testing.T) {
			type holder struct {
				Any  any    `json:"any"`
				Text string `json:"text"`
			}
			current := holder{newValue(), ""}
			result := mergeOK(t, bodyjson.Config{}, current, `{"text":"x"}`)
			require.Equal(t, holder{newValue(), "x"}, result)
			mergeScramble(reflect.ValueOf(&result).Elem())
			assert.Equal(t, holder{newValue(), ""}, current)
		})
	}
	t.Run("spare capacity of a list", func(t *testing.T) {
		list := append(make([]int, 0, 8), 1, 2)
		result := mergeOK(t, bodyjson.Config{}, mergeInner{List: list}, `{"x":1}`)
		_ = append(result.List, 3)
		assert.Equal(t, []int{1, 2, 0}, list[:3])
	})
	t.Run("nil and empty values are kept", func(t *testing.T) {
		current := mergeInner{List: []int{}, Map: map[string]int{}}
		result := mergeOK(t, bodyjson.Config{}, current, `{"x":1}`)
		assert.Equal(t, mergeInner{X: 1, List: []int{}, Map: map[string]int{}}, result)
		assert.Equal(t, mergeInner{X: 1}, mergeOK(t, bodyjson.Config{}, mergeInner{}, `{"x":1}`))
	})
}

// A pointer that two fields share is one value in Go, but two values in JSON.
func TestMergeSharedValues(t *testing.T) {
	t.Run("pointers", func(t *testing.T) {
		type pair struct {
			A *mergeInner `json:"a"`
			B *mergeInner `json:"b"`
		}
		shared := newMergeInner(1)
		result := mergeOK(t, bodyjson.Config{}, pair{shared, shared}, `{"a":{"x":5}}`)
		assert.Equal(t, 5, result.A.X)
		assert.Equal(t, 1, result.B.X, "the patch has changed another member")
	})
	t.Run("maps", func(t *testing.T) {
		shared := map[string]int{"x": 1}
		result := mergeOK(t, bodyjson.Config{}, map[string]map[string]int{"a": shared, "b": shared},
			`{"a":{"x":5}}`)
		assert.Equal(t, map[string]map[string]int{"a": {"x": 5}, "b": {"x": 1}}, result)
	})
	t.Run("interfaces", func(t *testing.T) {
		shared := map[string]any{"x": "1"}
		result := mergeOK(t, bodyjson.Config{}, any(map[string]any{"a": shared, "b": shared}),
			`{"a":{"x":null}}`)
		assert.Equal(t, map[string]any{"a": map[string]any{}, "b": map[string]any{"x": "1"}},
			result)
	})
	t.Run("embedded pointers", func(t *testing.T) {
		type labeled struct {
			*MergeLabels
		}
		shared := &labeled{&MergeLabels{"a", map[string]int{"x": 1}}}
		current := map[string]*labeled{"a": shared, "b": shared}
		result := mergeOK(t, bodyjson.Config{}, current, `{"a":{"label":"c","named":{"x":2}}}`)
		mergeSame(t, `{"a":{"label":"c","named":{"x":2}},"b":{"label":"a","named":{"x":1}}}`,
			result)
		elements := map[string]labeled{"x": *shared}
		maps := map[string]map[string]labeled{"a": elements, "b": elements}
		merged := mergeOK(t, bodyjson.Config{}, maps, `{"a":{"x":{"label":"c"}}}`)
		assert.Equal(t, "a", merged["b"]["x"].Label, "the patch has changed another member")
	})
	t.Run("a list element", func(t *testing.T) {
		type pair struct {
			A    *mergeInner   `json:"a"`
			List []*mergeInner `json:"list"`
		}
		shared := newMergeInner(1)
		result := mergeOK(t, bodyjson.Config{}, pair{shared, []*mergeInner{shared}},
			`{"a":{"x":5}}`)
		assert.Equal(t, 1, result.List[0].X, "the patch has changed another member")
	})
}

// An interface may contain a Go value that is encoded as a JSON object.
func TestMergeInterfaces(t *testing.T) {
	type holder struct {
		Any any `json:"any"`
	}
	for name, value := range map[string]any{
		"a typed map": map[string]string{"a": "1"},
		"a struct": struct {
			A string `json:"a"`
		}{"1"},
		"a pointer to a map": &map[string]any{"a": "1"},
	} {
		t.Run(name, func(t *testing.T) {
			result := mergeOK(t, bodyjson.Config{}, holder{value}, `{"any":{"b":"2"}}`)
			mergeSame(t, `{"any":{"a":"1","b":"2"}}`, result)
		})
	}
	for name, value := range map[string]any{
		"a channel":   make(chan int),
		"an error":    io.EOF,
		"a mutex":     &sync.Mutex{},
		"a time":      time.Unix(0, 0).UTC(),
		"a duration":  time.Second,
		"an embedded": struct{ *mergeSize }{&mergeSize{1, 2}},
		"a pointer to an embedded": &struct {
			*mergeSize
			N int
		}{&mergeSize{1, 2}, 3},
		"an interface with methods": struct{ Reader io.Reader }{strings.NewReader("")},
		"a map with other keys":     map[[2]int]*int{{1, 2}: nil},
		"a list of errors":          []error{io.EOF, nil},
	} {
		t.Run(name+" that is not in the patch", func(t *testing.T) {
			type outer struct {
				Any  any    `json:"any"`
				Name string `json:"name"`
			}
			assert.NotPanics(t, func() {
				result := mergeOK(t, bodyjson.Config{}, outer{Any: value}, `{"name":"a"}`)
				assert.Equal(t, outer{value, "a"}, result)
				result = mergeOK(t, bodyjson.Config{}, outer{Any: value}, `{"any":null}`)
				assert.Nil(t, result.Any)
			})
		})
	}
	t.Run("an interface type with a name", func(t *testing.T) {
		type dynamic any
		result := mergeOK(t, bodyjson.Config{}, map[string]dynamic{"a": map[string]any{"b": "1"}},
			`{"a":{"c":"2"},"d":[1]}`)
		mergeSame(t, `{"a":{"b":"1","c":"2"},"d":[1]}`, result)
	})
}

type mergeHidden struct {
	Name    string `json:"name"`
	Secret  string `json:"-"`
	private int
	mutex   *sync.Mutex
	Nested  struct {
		Name   string         `json:"name"`
		Hash   map[string]int `json:"-"`
		hidden []int
	} `json:"nested"`
	Pointer *struct {
		Name   string `json:"name"`
		Hidden *int   `json:"-"`
		hidden int
	} `json:"pointer"`
	Map map[string]mergeHiddenElement `json:"map"`
	Opt bodyjson.Optional[mergeHiddenElement]
}

type mergeHiddenElement struct {
	Name   string `json:"name"`
	Hidden int    `json:"-"`
	hidden int
}

func newMergeHidden() mergeHidden {
	h := mergeHidden{Name: "a", Secret: "secret", private: 1, mutex: &sync.Mutex{}}
	h.Nested.Hash, h.Nested.hidden = map[string]int{"a": 1}, []int{1}
	h.Pointer = &struct {
		Name   string `json:"name"`
		Hidden *int   `json:"-"`
		hidden int
	}{"b", new(int), 2}
	h.Map = map[string]mergeHiddenElement{"a": {"c", 3, 3}, "b": {"d", 4, 4}}
	h.Opt = bodyjson.Optional[mergeHiddenElement]{Set: true, Value: mergeHiddenElement{"e", 5, 5}}
	return h
}

func TestMergeHiddenFields(t *testing.T) {
	current := newMergeHidden()
	result := mergeOK(t, bodyjson.Config{}, current,
		`{"name":"x","nested":{"name":"x"},"pointer":{"name":"x"},"map":{"a":{"name":"x"}},`+
			`"Opt":{"name":"x"}}`)
	want := newMergeHidden()
	want.Name, want.Nested.Name, want.Pointer.Name = "x", "x", "x"
	want.Map["a"] = mergeHiddenElement{"x", 3, 3}
	want.Opt.Value.Name = "x"
	assert.Equal(t, want, result)
	assert.Equal(t, newMergeHidden(), current)
	assert.Same(t, current.mutex, result.mutex)
	assert.Same(t, current.Pointer.Hidden, result.Pointer.Hidden)

	t.Run("their Go names are unknown names", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, current, `{"Secret":"x","private":9,"-":"x"}`)
		assert.Equal(t, current, result)
		mergeRejects(t, bodyjson.Config{DisallowUnknownFields: true}, current,
			`{"Secret":"x","private":9}`, mergeDetail{"/Secret", "unknown_field"},
			mergeDetail{"/private", "unknown_field"})
	})
}

// A mergeNode has a pointer to its parent, so its values have cycles.
type mergeNode struct {
	Name     string                `json:"name"`
	Parent   *mergeNode            `json:"parent"`
	Children []*mergeNode          `json:"children"`
	ByName   map[string]*mergeNode `json:"by_name"`
	Any      any                   `json:"any"`
}

func TestMergeCycles(t *testing.T) {
	root := &mergeNode{Name: "root"}
	child := &mergeNode{Name: "child", Parent: root}
	root.Children = []*mergeNode{child}
	root.ByName = map[string]*mergeNode{"child": child, "root": root}
	loop := map[string]any{"text": "a"}
	loop["loop"], loop["list"] = loop, []any{loop}
	root.Any = loop

	t.Run("pointer", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, root, `{"name":"new"}`)
		assert.Equal(t, "new", result.Name)
		assert.Equal(t, "root", root.Name)
		assert.NotSame(t, root, result)
		copied := result.Children[0]
		assert.NotSame(t, child, copied)
		assert.Equal(t, "child", copied.Name)
		assert.NotSame(t, root, copied.Parent)
		assert.NotSame(t, root, copied.Parent.Children[0].Parent)
		assert.NotSame(t, child, result.ByName["child"])
	})
	t.Run("struct", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, *child, `{"name":"new","parent":{"name":"other"}}`)
		assert.Equal(t, "new", result.Name)
		assert.Equal(t, "other", result.Parent.Name)
		assert.Equal(t, "root", root.Name)
		assert.Equal(t, "child", child.Name)
	})
	t.Run("the patch follows the cycle", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, *child,
			`{"parent":{"children":null,"by_name":{"child":{"name":"x"}}}}`)
		assert.Nil(t, result.Parent.Children)
		assert.Equal(t, "x", result.Parent.ByName["child"].Name)
		assert.Equal(t, "child", child.Name)
		assert.Len(t, root.Children, 1)
	})
	t.Run("the work is linear in the number of values", func(t *testing.T) {
		// Each node refers to all nodes. The number of paths in this graph grows as a factorial.
		nodes := make([]*mergeNode, 7)
		for i := range nodes {
			nodes[i] = &mergeNode{Children: nodes}
		}
		allocs := testing.AllocsPerRun(1, func() {
			mergeOK(t, bodyjson.Config{}, nodes[0], `{"name":"new"}`)
		})
		assert.Less(t, allocs, 500.0)
		// Each level has two references to the next one.
		level := &mergeNode{}
		for range 12 {
			level = &mergeNode{Parent: level, Children: []*mergeNode{level}}
		}
		allocs = testing.AllocsPerRun(1, func() {
			mergeOK(t, bodyjson.Config{}, level, `{"name":"new"}`)
		})
		assert.Less(t, allocs, 500.0)
	})
	t.Run("interface", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, any(loop), `{"text":"b"}`).(map[string]any)
		assert.Equal(t, "b", result["text"])
		assert.Equal(t, "a", loop["text"])
		result["loop"].(map[string]any)["text"] = "c"
		assert.Equal(t, "a", loop["text"])
	})
}

// A mergeChecked has a pointer to its parent and a Validate method.
type mergeChecked struct {
	Name   string        `json:"name"`
	Parent *mergeChecked `json:"parent"`
}

func (c *mergeChecked) Validate() error { return nil }

// The test runs in a separate process, because a stack overflow ends the process.
func TestMergeCycleWithValidate(t *testing.T) {
	if os.Getenv("MERGE_CYCLE") != "" {
		debug.SetMaxStack(32 << 20)
		root := &mergeChecked{Name: "root"}
		root.Parent = root
		result := mergeOK(t, bodyjson.Config{}, root, `{"name":"new"}`)
		assert.Equal(t, "new", result.Name)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMergeCycleWithValidate$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "MERGE_CYCLE=1")
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%.600s", out)
}

type MergeLabels struct {
	Label string         `json:"label"`
	Named map[string]int `json:"named"`
}

type MergeIdentity struct {
	ID    int    `json:"id" required:"true"`
	Title string `json:"title"`
}

func TestMergeEmbeddedPointers(t *testing.T) {
	type labeled struct {
		*MergeLabels
		Name string `json:"name"`
	}
	type identified struct {
		*MergeIdentity
		Name string `json:"name"`
	}
	t.Run("set", func(t *testing.T) {
		current := labeled{&MergeLabels{"a", map[string]int{"a": 1}}, "n"}
		result := mergeOK(t, bodyjson.Config{}, current, `{"label":"b","named":{"b":2}}`)
		assert.Equal(t, labeled{&MergeLabels{"b", map[string]int{"a": 1, "b": 2}}, "n"}, result)
		assert.Equal(t, labeled{&MergeLabels{"a", map[string]int{"a": 1}}, "n"}, current)
	})
	t.Run("nil", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, labeled{Name: "n"}, `{"label":"b"}`)
		assert.Equal(t, labeled{&MergeLabels{Label: "b"}, "n"}, result)
	})
	t.Run("nil and not in the patch", func(t *testing.T) {
		assert.Equal(t, labeled{Name: "m"}, mergeOK(t, bodyjson.Config{}, labeled{Name: "n"},
			`{"name":"m"}`))
	})
	t.Run("null for a member of nil", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, labeled{Name: "n"}, `{"label":null}`)
		mergeSame(t, `{"name":"n"}`, result)
	})
	t.Run("null for a map element of nil", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, labeled{Name: "n"}, `{"named":null}`)
		mergeSame(t, `{"name":"n"}`, result)
	})
	t.Run("required members of a pointer that is set", func(t *testing.T) {
		current := identified{&MergeIdentity{1, "t"}, "n"}
		result := mergeOK(t, bodyjson.Config{}, current, `{"title":"x"}`)
		assert.Equal(t, identified{&MergeIdentity{1, "x"}, "n"}, result)
		mergeRejects(t, bodyjson.Config{}, current, `{"id":null}`, mergeDetail{"/id", "required"})
	})
	t.Run("required members of a nil pointer", func(t *testing.T) {
		for _, patch := range []string{`{"name":"m"}`, `{"title":"x"}`, `{}`} {
			t.Run(patch, func(t *testing.T) {
				mergeRejects(t, bodyjson.Config{}, identified{Name: "n"}, patch,
					mergeDetail{"/id", "required"})
			})
		}
		result := mergeOK(t, bodyjson.Config{}, identified{Name: "n"}, `{"id":2}`)
		assert.Equal(t, identified{&MergeIdentity{ID: 2}, "n"}, result)
	})
	t.Run("embedded value of an unexported type", func(t *testing.T) {
		type outer struct {
			mergeInner
			Name string `json:"name"`
		}
		current := outer{*newMergeInner(1), "n"}
		result := mergeOK(t, bodyjson.Config{}, current, `{"x":5,"map":{"b":2},"next":{"x":6}}`)
		assert.Equal(t, 5, result.X)
		assert.Equal(t, map[string]int{"a": 1, "b": 2}, result.Map)
		assert.Equal(t, 6, result.Next.X)
		assert.Equal(t, outer{*newMergeInner(1), "n"}, current)
	})
}

func TestMergeOptional(t *testing.T) {
	type patched struct {
		Note   bodyjson.Optional[string]         `json:"note,omitzero"`
		Count  bodyjson.Optional[int]            `json:"count,omitzero" required:"true"`
		Name   bodyjson.Optional[string]         `json:"name,omitzero" notnull:"true"`
		Inner  bodyjson.Optional[mergeOwner]     `json:"inner,omitzero"`
		Map    bodyjson.Optional[map[string]int] `json:"map,omitzero"`
		Target *bodyjson.Optional[string]        `json:"target,omitempty"`
	}
	one := bodyjson.Optional[int]{Value: 1, Set: true}
	text := func(s string) bodyjson.Optional[string] {
		return bodyjson.Optional[string]{Value: s, Set: true}
	}
	null := bodyjson.Optional[string]{Set: true, Null: true}

	t.Run("value", func(t *testing.T) {
		for name, current := range map[string]bodyjson.Optional[string]{"missing": {}, "null": null,
			"value": text("a")} {
			result := mergeOK(t, bodyjson.Config{}, patched{Count: one, Note: current},
				`{"note":"b"}`)
			assert.Equal(t, patched{Count: one, Note: text("b")}, result, name)
		}
	})
	t.Run("null makes the field missing", func(t *testing.T) {
		for name, current := range map[string]bodyjson.Optional[string]{"missing": {}, "null": null,
			"value": text("a")} {
			result := mergeOK(t, bodyjson.Config{}, patched{Count: one, Note: current},
				`{"note":null}`)
			assert.Equal(t, patched{Count: one}, result, name)
		}
	})
	t.Run("not in the patch", func(t *testing.T) {
		current := patched{Count: one, Note: null, Name: text("a")}
		assert.Equal(t, current, mergeOK(t, bodyjson.Config{}, current, `{}`))
	})
	t.Run("required", func(t *testing.T) {
		mergeRejects(t, bodyjson.Config{}, patched{}, `{}`, mergeDetail{"/count", "required"})
		mergeRejects(t, bodyjson.Config{}, patched{Count: one}, `{"count":null}`,
			mergeDetail{"/count", "required"})
		null := bodyjson.Optional[int]{Set: true, Null: true}
		assert.Equal(t, patched{Count: null}, mergeOK(t, bodyjson.Config{}, patched{Count: null},
			`{}`))
	})
	t.Run("notnull", func(t *testing.T) {
		mergeRejects(t, bodyjson.Config{}, patched{Count: one}, `{"name":null}`,
			mergeDetail{"/name", "null"})
	})
	t.Run("object", func(t *testing.T) {
		owner := bodyjson.Optional[mergeOwner]{Set: true, Value: mergeOwner{"a", "m"}}
		result := mergeOK(t, bodyjson.Config{}, patched{Count: one, Inner: owner},
			`{"inner":{"mail":"n"}}`)
		assert.Equal(t, mergeOwner{"a", "n"}, result.Inner.Value)
		for _, current := range []bodyjson.Optional[mergeOwner]{{}, {Set: true, Null: true}} {
			mergeRejects(t, bodyjson.Config{}, patched{Count: one, Inner: current},
				`{"inner":{"mail":"n"}}`, mergeDetail{"/inner/name", "required"})
		}
	})
	t.Run("map", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, patched{Count: one}, `{"map":{"a":1,"b":null}}`)
		assert.Equal(t, map[string]int{"a": 1}, result.Map.Value)
		result = mergeOK(t, bodyjson.Config{}, result, `{"map":{"b":2}}`)
		assert.Equal(t, map[string]int{"a": 1, "b": 2}, result.Map.Value)
	})
	t.Run("pointer", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, patched{Count: one}, `{"target":"a"}`)
		assert.Equal(t, text("a"), *result.Target)
		assert.Nil(t, mergeOK(t, bodyjson.Config{}, result, `{"target":null}`).Target)
	})
	t.Run("type error", func(t *testing.T) {
		mergeRejects(t, bodyjson.Config{}, patched{Count: one},
			`{"note":1,"inner":{"name":1},"map":{"a":"x"}}`, mergeDetail{"/note", "type"},
			mergeDetail{"/inner/name", "type"}, mergeDetail{"/map/a", "type"})
	})
	t.Run("the whole value", func(t *testing.T) {
		assert.Equal(t, text("b"), mergeOK(t, bodyjson.Config{}, text("a"), `"b"`))
	})
}

func TestMergeMaps(t *testing.T) {
	t.Run("int keys", func(t *testing.T) {
		current := map[int8]string{1: "a", 2: "b", -3: "c"}
		result := mergeOK(t, bodyjson.Config{}, current, `{"1":"x","2":null,"4":"y","5":null}`)
		assert.Equal(t, map[int8]string{1: "x", -3: "c", 4: "y"}, result)
		assert.Equal(t, map[int8]string{1: "a", 2: "b", -3: "c"}, current)
	})
	t.Run("invalid keys", func(t *testing.T) {
		mergeRejects(t, bodyjson.Config{}, map[int8]mergeInner{},
			`{"x":{},"300":null,"1":{"x":"a"}}`, mergeDetail{"/x", "type"},
			mergeDetail{"/300", "type"}, mergeDetail{"/1/x", "type"})
	})
	t.Run("values of invalid keys", func(t *testing.T) {
		patch := `{"x":{"x":"a"}}`
		_, err := bodyjson.Decode[map[int8]mergeInner]([]byte(patch), bodyjson.Config{})
		want := mergeDetails(mergeResponse(t, err))
		mergeRejects(t, bodyjson.Config{}, map[int8]mergeInner{}, patch, want...)
	})
	t.Run("struct elements", func(t *testing.T) {
		current := map[uint]mergePart{1: {"a", 1}}
		result := mergeOK(t, bodyjson.Config{}, current, `{"1":{"qty":2},"2":{"sku":"b"}}`)
		assert.Equal(t, map[uint]mergePart{1: {"a", 2}, 2: {"b", 0}}, result)
		mergeRejects(t, bodyjson.Config{}, current, `{"1":{"sku":null},"2":{"qty":1}}`,
			mergeDetail{"/1/sku", "required"}, mergeDetail{"/2/sku", "required"})
	})
	t.Run("pointer elements", func(t *testing.T) {
		current := map[string]*mergePart{"a": {"a", 1}, "nil": nil}
		result := mergeOK(t, bodyjson.Config{}, current, `{"a":{"qty":2},"nil":{"sku":"b"}}`)
		assert.Equal(t, map[string]*mergePart{"a": {"a", 2}, "nil": {"b", 0}}, result)
		assert.Equal(t, map[string]*mergePart{"a": {"a", 1}, "nil": nil}, current)
		mergeRejects(t, bodyjson.Config{}, current, `{"nil":{}}`,
			mergeDetail{"/nil/sku", "required"})
	})
	t.Run("keys from text", func(t *testing.T) {
		one, two := netip.MustParseAddr("::1"), netip.MustParseAddr("::2")
		current := map[netip.Addr]int{one: 1, two: 2}
		result := mergeOK(t, bodyjson.Config{}, current, `{"0::1":5,"::2":null}`)
		assert.Equal(t, map[netip.Addr]int{one: 5}, result)
		mergeRejects(t, bodyjson.Config{}, current, `{"x":5}`, mergeDetail{"/x", "format"})
	})
	t.Run("two names of one key", func(t *testing.T) {
		patch := `{"::1":5,"0::1":6}`
		_, err := bodyjson.Decode[map[netip.Addr]int]([]byte(patch), bodyjson.Config{})
		assert.Equal(t, "duplicate", mergeResponse(t, err).Code)
		e := mergeFails(t, bodyjson.Config{}, map[netip.Addr]int{}, patch)
		assert.Equal(t, 400, e.Status)
		assert.Equal(t, []mergeDetail{{"/0::1", "duplicate"}}, mergeDetails(e))
	})
	t.Run("nil map", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, mergeInner{}, `{"map":{"a":null}}`)
		assert.Equal(t, map[string]int{}, result.Map)
		var m map[string]int
		assert.Equal(t, map[string]int{"a": 1}, mergeOK(t, bodyjson.Config{}, m,
			`{"a":1,"b":null}`))
	})
	t.Run("named string keys", func(t *testing.T) {
		type key string
		result := mergeOK(t, bodyjson.Config{}, map[key][]int{"a": {1}}, `{"a":null,"\u0062":[2]}`)
		assert.Equal(t, map[key][]int{"b": {2}}, result)
	})
	t.Run("pointers of the errors", func(t *testing.T) {
		mergeRejects(t, bodyjson.Config{}, map[string]map[string]int{},
			`{"a/b~":{"\u00e9":"x"},"":{"":true}}`, mergeDetail{"/a~1b~0/é", "type"},
			mergeDetail{"//", "type"})
	})
}

func TestMergeBytes(t *testing.T) {
	type blobs struct {
		Bytes []byte            `json:"bytes"`
		Four  [4]byte           `json:"four"`
		List  [][]byte          `json:"list"`
		Map   map[string][]byte `json:"map"`
		Opt   bodyjson.Optional[[]byte]
		Ptr   *[]byte `json:"ptr"`
	}
	data := []byte("data")
	current := blobs{Bytes: data, Four: [4]byte{1, 2, 3, 4}, Map: map[string][]byte{"a": data}}
	result := mergeOK(t, bodyjson.Config{}, current,
		`{"bytes":"YWI=","four":"BQYHCA==","list":["YQ=="],"map":{"b":"Yg=="},"Opt":"Yw==",`+
			`"ptr":"ZA=="}`)
	ptr := []byte("d")
	assert.Equal(t, blobs{
		[]byte("ab"), [4]byte{5, 6, 7, 8}, [][]byte{[]byte("a")}, map[string][]byte{"a": data,
			"b": []byte("b")},
		bodyjson.Optional[[]byte]{Value: []byte("c"), Set: true}, &ptr,
	}, result)
	assert.Equal(t, "data", string(data))

	result = mergeOK(t, bodyjson.Config{}, current, `{"bytes":null,"four":null,"map":{"a":null}}`)
	assert.Equal(t, blobs{Map: map[string][]byte{}}, result)

	e := mergeFails(t, bodyjson.Config{}, current,
		`{"bytes":"?","four":"YQ==","list":["a",1],"map":{"a":[1]}}`)
	assert.Equal(t, []mergeDetail{
		{"/bytes", "format"}, {"/four", "length"}, {"/list/0", "format"}, {"/list/1", "type"},
		{"/map/a", "type"},
	}, mergeDetails(e))
}

type mergeRetry struct {
	Max   int    `json:"max"`
	Delay string `json:"delay"`
}

func (r *mergeRetry) SetDefaults() { *r = mergeRetry{3, "1s"} }

type mergeRank int

func (r *mergeRank) SetDefaults() { *r = 7 }

type mergeSettings struct {
	Limit  int                           `json:"limit"`
	Rank   mergeRank                     `json:"rank"`
	Retry  mergeRetry                    `json:"retry"`
	Other  *mergeRetry                   `json:"other"`
	List   []mergeRetry                  `json:"list"`
	Pair   [2]mergeRank                  `json:"pair"`
	Map    map[string]mergeRetry         `json:"map"`
	Opt    bodyjson.Optional[mergeRetry] `json:"opt"`
	Nested *mergeNested                  `json:"nested"`
}

func (s *mergeSettings) SetDefaults() { s.Limit = 20 }

// A mergeNested has defaults with references.
type mergeNested struct {
	Map     map[string]int `json:"map"`
	Pointer *mergeRetry    `json:"pointer"`
	Any     any            `json:"any"`
}

func (n *mergeNested) SetDefaults() {
	n.Map, n.Pointer, n.Any = map[string]int{"a": 1}, &mergeRetry{9, "9s"}, map[string]any{"a": "1"}
}

func TestMergeDefaults(t *testing.T) {
	old := mergeRetry{8, "8s"}
	current := func() mergeSettings {
		return mergeSettings{Limit: 5, Rank: 6, Retry: old, Other: &mergeRetry{8, "8s"},
			Map: map[string]mergeRetry{"a": old},
			Opt: bodyjson.Optional[mergeRetry]{Set: true, Value: old}}
	}
	tests := []struct {
		name, patch string
		change      func(s *mergeSettings)
	}{
		{"not in the patch", `{}`, func(*mergeSettings) {}},
		{"null in a type with defaults", `{"rank":null}`, func(s *mergeSettings) { s.Rank = 7 }},
		{"null in a struct with defaults", `{"retry":null}`,
			func(s *mergeSettings) { s.Retry = mergeRetry{3, "1s"} }},
		{"null in a pointer", `{"other":null}`, func(s *mergeSettings) { s.Other = nil }},
		{"null in an array", `{"pair":null}`, func(s *mergeSettings) { s.Pair = [2]mergeRank{} }},
		{"null in an Optional", `{"opt":null}`,
			func(s *mergeSettings) { s.Opt = bodyjson.Optional[mergeRetry]{} }},
		{"null in a member of a struct with defaults", `{"retry":{"max":null}}`,
			func(s *mergeSettings) { s.Retry.Max = 3 }},
		{"null in a member of a target with defaults", `{"other":{"max":null}}`,
			func(s *mergeSettings) { s.Other.Max = 3 }},
		{"null in a member of an element with defaults", `{"map":{"a":{"delay":null}}}`,
			func(s *mergeSettings) { s.Map["a"] = mergeRetry{8, "1s"} }},
		{"null in a member of the whole value", `{"limit":null}`,
			func(s *mergeSettings) { s.Limit = 20 }},
		{"a struct is merged", `{"retry":{"max":1}}`, func(s *mergeSettings) { s.Retry.Max = 1 }},
		{"an element is merged", `{"map":{"a":{"max":1}}}`,
			func(s *mergeSettings) { s.Map["a"] = mergeRetry{1, "8s"} }},
		{"a new element", `{"map":{"b":{"max":1}}}`,
			func(s *mergeSettings) { s.Map["b"] = mergeRetry{1, "1s"} }},
		{"elements of a list", `{"list":[{},{"max":1}]}`,
			func(s *mergeSettings) { s.List = []mergeRetry{{3, "1s"}, {1, "1s"}} }},
		{"elements of an array", `{"pair":[1,2]}`,
			func(s *mergeSettings) { s.Pair = [2]mergeRank{1, 2} }},
		{"an Optional is merged", `{"opt":{"max":1}}`,
			func(s *mergeSettings) { s.Opt.Value.Max = 1 }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := current()
			test.change(&want)
			assert.Equal(t, want, mergeOK(t, bodyjson.Config{}, current(), test.patch))
		})
	}
	t.Run("new values", func(t *testing.T) {
		// Merge sets the same defaults in a new value as Get.
		for _, patch := range []string{
			`{"other":{"max":1}}`, `{"other":{}}`, `{"map":{"a":{"max":1}}}`, `{"opt":{"max":1}}`,
			`{"opt":{}}`, `{"nested":{}}`,
			`{"nested":{"map":{"b":2}}}`, `{"nested":{"pointer":{"max":1}}}`,
			`{"nested":{"any":{"b":"2"}}}`,
			`{"nested":{"map":{"b":2},"any":[]}}`,
		} {
			t.Run(patch, func(t *testing.T) {
				want, err := bodyjson.Decode[mergeSettings]([]byte(patch), bodyjson.Config{})
				require.NoError(t, err)
				result := mergeOK(t, bodyjson.Config{}, mergeSettings{Limit: 20, Rank: 7,
					Retry: mergeRetry{3, "1s"}}, patch)
				assert.Equal(t, want, result)
			})
		}
	})
	t.Run("an Optional that is null", func(t *testing.T) {
		current := mergeSettings{Opt: bodyjson.Optional[mergeRetry]{Set: true, Null: true}}
		result := mergeOK(t, bodyjson.Config{}, current, `{"opt":{"max":1}}`)
		assert.Equal(t, bodyjson.Optional[mergeRetry]{Set: true, Value: mergeRetry{1, "1s"}},
			result.Opt)
	})
}

func TestMergeRequired(t *testing.T) {
	type inner struct {
		Pointer *int `json:"pointer" required:"true"`
		Number  int  `json:"number" required:"true"`
	}
	type outer struct {
		Pointer *int             `json:"pointer" required:"pointer is required"`
		Any     any              `json:"any" required:"true"`
		List    []int            `json:"list" required:"true"`
		Map     map[string]inner `json:"map"`
		Text    string           `json:"text" required:"true"`
		Inner   inner            `json:"inner"`
		Target  *inner           `json:"target"`
	}
	number := 1
	valid := outer{Pointer: &number, Any: 1.0, Inner: inner{&number, 1}}
	details := func(t *testing.T, current outer, patch string) []mergeDetail {
		t.Helper()
		return mergeDetails(mergeFails(t, bodyjson.Config{}, current, patch))
	}
	t.Run("zero values are present", func(t *testing.T) {
		assert.Equal(t, valid, mergeOK(t, bodyjson.Config{}, valid, `{}`))
	})
	t.Run("nil and not in the patch", func(t *testing.T) {
		current := valid
		current.Pointer, current.Any = nil, nil
		e := mergeFails(t, bodyjson.Config{}, current, ` {"text":"a"}`)
		assert.Equal(t, []errjson.FieldError{
			{Pointer: "/pointer", Code: "required", Message: "pointer is required", Offset: 1,
				Line: 1, Column: 2},
			{Pointer: "/any", Code: "required", Message: "This field is required.", Offset: 1,
				Line: 1, Column: 2},
		}, detailsOf(e))
		result := mergeOK(t, bodyjson.Config{}, current, `{"pointer":1,"any":{}}`)
		assert.Equal(t, 1, *result.Pointer)
	})
	t.Run("nil in a struct that is in the patch", func(t *testing.T) {
		current := valid
		current.Inner.Pointer = nil
		assert.Equal(t, []mergeDetail{{"/inner/pointer", "required"}}, details(t, current,
			`{"inner":{"number":2}}`))
	})
	t.Run("nil in a struct that is not in the patch", func(t *testing.T) {
		current := valid
		current.Inner.Pointer = nil
		assert.Nil(t, mergeOK(t, bodyjson.Config{}, current, `{"text":"a"}`).Inner.Pointer)
	})
	t.Run("null", func(t *testing.T) {
		want := []mergeDetail{
			{"/pointer", "required"}, {"/text", "required"}, {"/list", "required"},
		}
		assert.Equal(t, want, details(t, valid, `{"pointer":null,"text":null,"list":null}`))
	})
	t.Run("new values", func(t *testing.T) {
		want := []mergeDetail{{"/target/pointer", "required"}, {"/target/number", "required"}}
		assert.Equal(t, want, details(t, valid, `{"target":{}}`))
		want = []mergeDetail{{"/map/a/number", "required"}}
		assert.Equal(t, want, details(t, valid, `{"map":{"a":{"pointer":1}}}`))
	})
	t.Run("nulls in a new value", func(t *testing.T) {
		want := []mergeDetail{{"/target/pointer", "required"}, {"/target/number", "required"}}
		assert.Equal(t, want, details(t, valid, `{"target":{"pointer":null,"number":null}}`))
	})
	t.Run("notnull", func(t *testing.T) {
		type guarded struct {
			Note *string         `json:"note" notnull:"note must not be null"`
			List []*int          `json:"list" notnull:"true"`
			Map  map[string]*int `json:"map" notnull:"true"`
			Any  any             `json:"any" notnull:"true"`
		}
		text := "a"
		current := guarded{Note: &text, Map: map[string]*int{"a": &number}}
		e := mergeFails(t, bodyjson.Config{}, current, `{"note":null,"list":[1,null],"any":null}`)
		assert.Equal(t, []errjson.FieldError{
			{Pointer: "/note", Code: "null", Message: "note must not be null", Offset: 8, Line: 1,
				Column: 9},
			{Pointer: "/list/1", Code: "null", Message: "Must not be null.", Offset: 23, Line: 1,
				Column: 24},
			{Pointer: "/any", Code: "null", Message: "Must not be null.", Offset: 35, Line: 1,
				Column: 36},
		}, detailsOf(e))
		mergeRejects(t, bodyjson.Config{}, current, `{"list":null}`, mergeDetail{"/list", "null"})
		result := mergeOK(t, bodyjson.Config{}, current, `{"map":{"a":null}}`)
		assert.Equal(t, map[string]*int{}, result.Map, "null removes the element")
		assert.Equal(t, guarded{}, mergeOK(t, bodyjson.Config{}, guarded{}, `{}`))
	})
}

func TestMergeDuplicateNames(t *testing.T) {
	lax := bodyjson.Config{AllowDuplicateNames: true}
	text := "a"
	current := mergeItem{Name: "n", Note: &text, Attrs: map[string]string{"a": "1"}}
	t.Run("by default", func(t *testing.T) {
		for _, patch := range []string{`{"name":"a","name":"b"}`, `{"attrs":{"a":null,"a":"1"}}`,
			`{"x":1,"x":1}`, `{"extra":[{"a":1,"a":1}]}`} {
			e := mergeFails(t, bodyjson.Config{}, current, patch)
			assert.Equal(t, 400, e.Status, patch)
			assert.Equal(t, "duplicate", e.Code, patch)
		}
	})
	tests := []struct{ name, patch, member, want string }{
		{"the last value wins", `{"name":"a","name":"b"}`, "name", `"b"`},
		{"a value after null", `{"note":null,"note":"b"}`, "note", `"b"`},
		{"null after a value", `{"note":"b","note":null}`, "note", `null`},
		{"typed maps are merged", `{"attrs":{"b":"2"},"attrs":{"c":"3"}}`, "attrs",
			`{"a":"1","b":"2","c":"3"}`},
		{"structs are merged", `{"size":{"w":1},"size":{"h":2}}`, "size", `{"w":1,"h":2}`},
		{"lists are replaced", `{"tags":["a","b"],"tags":["c"]}`, "tags", `["c"]`},
		{"elements of a map", `{"attrs":{"a":"2","a":null,"b":"3"}}`, "attrs", `{"b":"3"}`},
		{"in an interface they are merged", `{"extra":{"a":1},"extra":{"b":2}}`, "extra",
			`{"a":1,"b":2}`},
		{"in a list in an interface the last value wins", `{"extra":[{"a":1,"a":2}]}`, "extra",
			`[{"a":2}]`},
		{"values of two types in an interface", `{"extra":{"a":1},"extra":"x"}`, "extra", `"x"`},
		{"unknown names", `{"x":1,"x":{}}`, "name", `"n"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var members map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(mergeEncode(t, mergeOK(t, lax, current,
				test.patch))), &members))
			assert.JSONEq(t, test.want, string(members[test.member]))
		})
	}
}

func TestMergeNames(t *testing.T) {
	type outer struct {
		FirstName string         `json:"first_name" required:"true"`
		Inner     mergeOwner     `json:"inner"`
		Any       any            `json:"any"`
		Map       map[string]int `json:"map"`
		Folded    string         `json:"folded,case:ignore"`
		Exact     string         `json:"exact,case:strict"`
	}
	fold := bodyjson.Config{MatchCaseInsensitiveNames: true}
	current := outer{FirstName: "a", Inner: mergeOwner{"n", "m"}, Map: map[string]int{"a": 1}}
	t.Run("without regard to case", func(t *testing.T) {
		result := mergeOK(t, fold, current,
			`{"FirstName":"b","INNER":{"MAIL":"x"},"ANY":{"A":1},"map":{"A":2},"FOLDED":"f",`+
				`"exact":"e"}`)
		assert.Equal(t, outer{
			FirstName: "b", Inner: mergeOwner{"n", "x"}, Any: map[string]any{"A": 1.0},
			Map: map[string]int{"a": 1, "A": 2}, Folded: "f", Exact: "e",
		}, result)
	})
	t.Run("the tag option case", func(t *testing.T) {
		assert.Equal(t, "f", mergeOK(t, bodyjson.Config{}, current, `{"FOLDED":"f"}`).Folded)
		mergeRejects(t, fold, current, `{"EXACT":"e"}`, mergeDetail{"/EXACT", "unknown_field"})
	})
	t.Run("null", func(t *testing.T) {
		mergeRejects(t, fold, current, `{"First-Name":null,"Inner":{"NAME":null}}`,
			mergeDetail{"/First-Name", "required"}, mergeDetail{"/Inner/NAME", "required"})
		assert.Equal(t, mergeOwner{"n", ""}, mergeOK(t, fold, current,
			`{"Inner":{"MAIL":null}}`).Inner)
	})
	t.Run("in lists", func(t *testing.T) {
		result := mergeOK(t, fold, []mergePart{{"z", 9}}, `[{"SKU":"a","QTY":1}]`)
		assert.Equal(t, []mergePart{{"a", 1}}, result)
	})
	t.Run("two names of one field", func(t *testing.T) {
		e := mergeFails(t, fold, current, `{"first_name":"b","FirstName":"c"}`)
		assert.Equal(t, 400, e.Status)
		assert.Equal(t, []mergeDetail{{"/FirstName", "duplicate"}}, mergeDetails(e))
	})
	t.Run("by default", func(t *testing.T) {
		const patch = `{"First_Name":"b","inner":{"MAIL":null}}`
		e := mergeFails(t, bodyjson.Config{}, current, patch)
		assert.Equal(t, []mergeDetail{
			{"/First_Name", "unknown_field"}, {"/inner/MAIL", "unknown_field"},
		}, mergeDetails(e))
		assert.Contains(t, detailsOf(e)[0].Message, `"first_name"`)
	})
	t.Run("ignored", func(t *testing.T) {
		cfg := bodyjson.Config{IgnoreMiscasedNames: true}
		assert.Equal(t, current, mergeOK(t, cfg, current,
			`{"First_Name":"b","inner":{"MAIL":null}}`))
	})
	t.Run("unknown", func(t *testing.T) {
		cfg := bodyjson.Config{DisallowUnknownFields: true}
		mergeRejects(t, cfg, current, `{"x":1,"inner":{"y":{}},"any":{"z":1}}`,
			mergeDetail{"/x", "unknown_field"}, mergeDetail{"/inner/y", "unknown_field"})
	})
}

type mergeRest struct {
	Name string         `json:"name"`
	Rest map[string]int `json:",embed"`
}

func TestMergeUnsupported(t *testing.T) {
	rest := func() mergeRest { return mergeRest{"a", map[string]int{"x": 1}} }
	rejects := func(t *testing.T, err error) {
		t.Helper()
		require.Error(t, err)
		var e *errjson.Error
		assert.False(t, errors.As(err, &e), "the error is for the client: %v", err)
		w := httptest.NewRecorder()
		errjson.Write(w, mergeRequest("{}"), err)
		assert.Equal(t, 500, w.Code)
		assert.NotContains(t, w.Body.String(), "embedded")
	}
	t.Run("embedded map", func(t *testing.T) {
		for _, patch := range []string{`{"name":"b"}`, `{"y":2}`, `{}`} {
			current := rest()
			result, err := mergeInto(bodyjson.Config{}, current, patch)
			rejects(t, err)
			assert.Zero(t, result)
			assert.Equal(t, rest(), current)
		}
	})
	type outer struct {
		Name  string    `json:"name"`
		Inner mergeRest `json:"inner"`
	}
	t.Run("embedded map of a field", func(t *testing.T) {
		_, err := mergeInto(bodyjson.Config{}, outer{Inner: rest()}, `{"inner":{"y":2}}`)
		rejects(t, err)
	})
	t.Run("embedded map of a field that is not in the patch", func(t *testing.T) {
		current := outer{Inner: rest()}
		result, err := mergeInto(bodyjson.Config{}, current, `{"name":"b"}`)
		if err != nil {
			rejects(t, err)
			return
		}
		mergeScramble(reflect.ValueOf(&result).Elem())
		assert.Equal(t, outer{Inner: rest()}, current,
			"the result shares memory with the current value")
	})
	t.Run("embedded jsontext.Value", func(t *testing.T) {
		type value struct {
			Rest jsontext.Value `json:",embed"`
		}
		_, err := mergeInto(bodyjson.Config{}, value{}, `{"y":2}`)
		rejects(t, err)
	})
	t.Run("a type that JSON cannot be decoded into", func(t *testing.T) {
		_, err := mergeInto(bodyjson.Config{}, struct{ C chan int }{}, `{}`)
		rejects(t, err)
	})
}

func TestMergePositions(t *testing.T) {
	const patch = "{\r\n  \"é\": \"💥\", \"owner\": {\"mail\": 7},\n" +
		"  \"parts\": [{\"sku\": \"a\"}, {\"qty\": 1.5}],\n" +
		"  \"attrs\": {\"a\": \"b\", \"é\": [1]},\n" +
		"\t\"size\": {\"w\": {\"x\": 1}, \"h\": -9223372036854775809},\n" +
		"  \"since\": \"now\", \"level\": 256, \"owner2\": { }\n}"
	at := func(pointer, code, text string) errjson.FieldError {
		offset := strings.Index(patch, text)
		require.GreaterOrEqual(t, offset, 0)
		before := strings.Split(patch[:offset], "\n")
		return errjson.FieldError{Pointer: pointer, Code: code, Offset: offset, Line: len(before),
			Column: len([]rune(before[len(before)-1])) + 1}
	}
	e := mergeFails(t, bodyjson.Config{}, mergeItem{}, patch)
	got := detailsOf(e)
	for i := range got {
		assert.NotEmpty(t, got[i].Message)
		got[i].Message = ""
	}
	assert.Equal(t, 422, e.Status)
	assert.Equal(t, "invalid", e.Code)
	assert.Equal(t, []errjson.FieldError{
		at("/owner/mail", "type", "7}"),
		at("/parts/1/sku", "required", `{"qty": 1.5}`),
		at("/parts/1/qty", "type", "1.5"),
		at("/attrs/é", "type", "[1]"),
		at("/size/w", "type", `{"x"`),
		at("/size/h", "range", "-9223372036854775809"),
		at("/since", "format", `"now"`),
		at("/level", "range", "256"),
		at("/owner2/name", "required", "{ }"),
	}, got)

	t.Run("syntax", func(t *testing.T) {
		e := mergeFails(t, bodyjson.Config{}, mergeItem{}, "{\n\"name\" 1}")
		assert.Equal(t, 400, e.Status)
		assert.Equal(t, "syntax", e.Code)
		require.Len(t, detailsOf(e), 1)
		f := detailsOf(e)[0]
		assert.Equal(t, [3]int{9, 2, 8}, [3]int{f.Offset, f.Line, f.Column})
	})
	t.Run("the whole value", func(t *testing.T) {
		e := mergeFails(t, bodyjson.Config{}, mergeItem{}, " []")
		assert.Equal(t, []errjson.FieldError{
			{Code: "type", Message: "Must be an object, not an array.", Offset: 1, Line: 1,
				Column: 2},
		}, detailsOf(e))
	})
	t.Run("not more than 100", func(t *testing.T) {
		patch := `{"attrs":{` + strings.TrimSuffix(manyMergeMembers(200), ",") + `},"name":7}`
		assert.Len(t, mergeFails(t, bodyjson.Config{}, mergeItem{}, patch).Fields(), 100)
	})
	t.Run("depth", func(t *testing.T) {
		deep := func(n int) string {
			return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)
		}
		result := mergeOK(t, bodyjson.Config{}, any(nil), deep(9_999))
		result = mergeOK(t, bodyjson.Config{}, result, `{"b":1}`)
		assert.Equal(t, 1.0, result.(map[string]any)["b"])
		assert.Equal(t, "too_deep", mergeFails(t, bodyjson.Config{}, any(nil), deep(10_001)).Code)
	})
}

// manyMergeMembers returns n members that are numbers.
func manyMergeMembers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"b` + strings.Repeat("b", i) + `":1,`)
	}
	return b.String()
}

func TestMergeNumbers(t *testing.T) {
	type numbers struct {
		Int    int64              `json:"int"`
		Uint   uint64             `json:"uint"`
		Float  float64            `json:"float"`
		Number json.Number        `json:"number"`
		Any    any                `json:"any"`
		Floats map[string]float32 `json:"floats"`
	}
	exact := bodyjson.Config{UseNumber: true}
	t.Run("of the patch", func(t *testing.T) {
		result := mergeOK(t, exact, numbers{},
			`{"int":9007199254740993,"uint":18446744073709551615,"number":1.10,`+
				`"any":{"a":12345678901234567890,"b":[1.10,{"c":1e400}],"d":-0}}`)
		assert.Equal(t, numbers{
			Int: 9007199254740993, Uint: 18446744073709551615, Number: "1.10",
			Any: map[string]any{
				"a": json.Number("12345678901234567890"), "d": json.Number("-0"),
				"b": []any{json.Number("1.10"), map[string]any{"c": json.Number("1e400")}},
			},
		}, result)
	})
	t.Run("of the current value", func(t *testing.T) {
		current := numbers{Int: 9007199254740993, Number: "1.10",
			Any: map[string]any{"a": json.Number("1.10"), "b": int64(9007199254740993)}}
		result := mergeOK(t, exact, current, `{"any":{"c":1.0}}`)
		assert.Equal(t, map[string]any{"a": json.Number("1.10"), "b": int64(9007199254740993),
			"c": json.Number("1.0")}, result.Any)
		assert.Equal(t, int64(9007199254740993), result.Int)
		assert.Equal(t, json.Number("1.10"), result.Number)
	})
	t.Run("null", func(t *testing.T) {
		assert.Equal(t, numbers{}, mergeOK(t, exact, numbers{1, 1, 1, "1", json.Number("1"), nil},
			`{"int":null,"uint":null,"float":null,"number":null,"any":null}`))
	})
	t.Run("range", func(t *testing.T) {
		e := mergeFails(t, bodyjson.Config{}, numbers{},
			`{"int":9223372036854775808,"uint":-1,"float":1e400,"number":"1",`+
				`"any":{"a":[1e400],"b":1e400},"floats":{"a":1e39}}`)
		assert.Equal(t, []mergeDetail{
			{"/int", "range"}, {"/uint", "range"}, {"/float", "range"}, {"/number", "type"},
			{"/any/a/0", "range"}, {"/any/b", "range"}, {"/floats/a", "range"},
		}, mergeDetails(e))
	})
}

// The tag option string is a rule of the field, not of its type.
type mergeQuoted[T any] struct {
	Value T `json:"value,string"` //lint:ignore SA5008 T is a number
}

func TestMergeQuotedNumbers(t *testing.T) {
	t.Run("int64", testMergeQuoted[int64])
	t.Run("uint8", testMergeQuoted[uint8])
	t.Run("float64", testMergeQuoted[float64])
	t.Run("pointer", testMergeQuoted[*int])
	t.Run("Optional", testMergeQuoted[bodyjson.Optional[int64]])
}

// testMergeQuoted compares Merge with Decode.
func testMergeQuoted[T any](t *testing.T) {
	for _, patch := range []string{`{"value":"7"}`, `{"value":null}`, `{}`} {
		t.Run(patch, func(t *testing.T) {
			want, err := bodyjson.Decode[mergeQuoted[T]]([]byte(patch), bodyjson.Config{})
			require.NoError(t, err)
			if patch == `{"value":null}` {
				want = mergeQuoted[T]{} // also of an Optional
			}
			assert.Equal(t, want, mergeOK(t, bodyjson.Config{}, mergeQuoted[T]{}, patch))
			current := []mergeQuoted[T]{{}, {}}
			list, err := bodyjson.Decode[[]mergeQuoted[T]]([]byte("["+patch+"]"), bodyjson.Config{})
			require.NoError(t, err)
			assert.Equal(t, list, mergeOK(t, bodyjson.Config{}, current, "["+patch+"]"))
		})
	}
	for _, patch := range []string{
		`{"value":7}`, `{"value":"x"}`, `{"value":""}`, `{"value":["7"]}`,
	} {
		t.Run(patch, func(t *testing.T) {
			_, err := bodyjson.Decode[mergeQuoted[T]]([]byte(patch), bodyjson.Config{})
			want := mergeResponse(t, err)
			e := mergeFails(t, bodyjson.Config{}, mergeQuoted[T]{}, patch)
			assert.Equal(t, detailsOf(want), e.Fields())
		})
	}
}

// A mergeRange is decoded from an object by its own method.
type mergeRange struct {
	From, To int
	seen     []byte
}

func (m *mergeRange) UnmarshalJSON(data []byte) error {
	if string(data) == `"x"` {
		return errjson.FieldError{Pointer: "/from", Code: "custom", Message: "Invalid range."}
	}
	m.seen = append(m.seen[:0], data...)
	var v struct{ From, To *int }
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	if v.From != nil {
		m.From = *v.From
	}
	if v.To != nil {
		m.To = *v.To
	}
	return nil
}

// A mergeLevel is decoded from text.
type mergeLevel struct{ n int }

func (m *mergeLevel) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("secret")
	}
	m.n += len(text)
	return nil
}

// A mergeStream is decoded from tokens.
type mergeStream struct{ Raw string }

func (m *mergeStream) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if m.Raw += string(value); value.Kind() == '[' {
		return errors.New("secret")
	}
	return err
}

func TestMergeUnmarshalMethods(t *testing.T) {
	type custom struct {
		Range   mergeRange            `json:"range"`
		Pointer *mergeRange           `json:"pointer"`
		Map     map[string]mergeRange `json:"map"`
		Level   mergeLevel            `json:"level"`
		Stream  mergeStream           `json:"stream"`
		Raw     json.RawMessage       `json:"raw"`
		Addr    netip.Addr            `json:"addr"`
		Since   time.Time             `json:"since"`
	}
	newCurrent := func() custom {
		return custom{
			Range: mergeRange{1, 2, []byte("seen")}, Pointer: &mergeRange{3, 4, []byte("seen")},
			Map: map[string]mergeRange{"a": {5, 6, []byte("seen")}}, Level: mergeLevel{9},
			Stream: mergeStream{"old"},
			Raw:    json.RawMessage(`{"a":1}`),
			Addr:   netip.MustParseAddr("::1"),
			Since:  time.Unix(0, 0).UTC(),
		}
	}
	t.Run("values are replaced", func(t *testing.T) {
		current := newCurrent()
		result := mergeOK(t, bodyjson.Config{}, current,
			`{"range":{"from":7},"pointer":{"to":8},"map":{"a":{"to":9},"b":{"from":1}},`+
				`"level":"abc","stream":{"a":null},"raw":{"b":null},"addr":"::2",`+
				`"since":"2026-01-02T03:04:05Z"}`)
		assert.Equal(t, [2]int{7, 0}, [2]int{result.Range.From, result.Range.To})
		assert.Equal(t, [2]int{0, 8}, [2]int{result.Pointer.From, result.Pointer.To})
		assert.Equal(t, [2]int{0, 9}, [2]int{result.Map["a"].From, result.Map["a"].To})
		assert.Equal(t, 1, result.Map["b"].From)
		assert.Equal(t, 3, result.Level.n)
		assert.Equal(t, `{"a":null}`, result.Stream.Raw)
		assert.Equal(t, `{"b":null}`, string(result.Raw), "a null in a json.RawMessage is a value")
		assert.Equal(t, "::2", result.Addr.String())
		assert.Equal(t, 2026, result.Since.Year())
		assert.Equal(t, newCurrent(), current)
	})
	t.Run("null removes", func(t *testing.T) {
		current := newCurrent()
		result := mergeOK(t, bodyjson.Config{}, current,
			`{"range":null,"pointer":null,"map":null,"level":null,"stream":null,"raw":null,`+
				`"addr":null,"since":null}`)
		assert.Equal(t, custom{}, result)
		assert.Equal(t, newCurrent(), current)
	})
	t.Run("not in the patch", func(t *testing.T) {
		current := newCurrent()
		assert.Equal(t, current, mergeOK(t, bodyjson.Config{}, current, `{}`))
	})
	t.Run("errors", func(t *testing.T) {
		e := mergeFails(t, bodyjson.Config{}, newCurrent(),
			`{"range":"x","pointer":7,"level":"","stream":[],"raw":1,"addr":"x","since":1}`)
		assert.Equal(t, []mergeDetail{
			{"/range/from", "custom"}, {"/pointer", "format"}, {"/level", "format"},
			{"/stream", "format"}, {"/addr", "format"}, {"/since", "type"},
		}, mergeDetails(e))
		assert.Equal(t, 9, detailsOf(e)[0].Offset)
	})
	t.Run("the whole value", func(t *testing.T) {
		result := mergeOK(t, bodyjson.Config{}, mergeRange{From: 1, To: 2}, `{"from":7}`)
		assert.Equal(t, [2]int{7, 0}, [2]int{result.From, result.To})
		assert.Equal(t, `{"b":null}`, string(mergeOK(t, bodyjson.Config{},
			json.RawMessage(`{"a":1}`), ` {"b":null} `)))
	})
	t.Run("Config.Unmarshal is not used", func(t *testing.T) {
		cfg := bodyjson.Config{Unmarshal: func([]byte, any) error { return errors.New("unused") }}
		assert.Equal(t, mergeOwner{"b", "m"}, mergeOK(t, cfg, mergeOwner{"a", "m"}, `{"name":"b"}`))
		assert.Equal(t, []int{1}, mergeOK(t, cfg, []int{2}, `[1]`))
	})
}

type mergeLimits struct {
	Low   int             `json:"low"`
	High  int             `json:"high"`
	Inner *mergeLimits    `json:"inner,omitempty"`
	Each  []mergeLimits   `json:"each,omitempty"`
	Named map[string]*int `json:"named,omitempty"`
}

func (l *mergeLimits) Validate(ctx context.Context) error {
	if ctx.Value(mergeContextKey{}) != "value" {
		return errors.New("another context")
	}
	if l.Low > l.High {
		return errjson.FieldError{Pointer: "/high", Code: "order",
			Message: "Must not be less than low."}
	}
	return nil
}

type mergeContextKey struct{}

func TestMergeValidation(t *testing.T) {
	merge := func(cfg bodyjson.Config, current mergeLimits, patch string) (mergeLimits, error) {
		r := mergeRequest(patch)
		return mergeFrom(cfg, r.WithContext(context.WithValue(r.Context(), mergeContextKey{},
			"value")), current)
	}
	current := mergeLimits{1, 2, &mergeLimits{3, 4, nil, nil, nil}, []mergeLimits{{1, 2, nil, nil,
		nil}}, nil}
	t.Run("the result is valid", func(t *testing.T) {
		result, err := merge(bodyjson.Config{}, current, `{"low":5,"high":6,"inner":{"low":4}}`)
		require.NoError(t, err)
		assert.Equal(t, 4, result.Inner.Low)
	})
	t.Run("the position is that of the member in the patch", func(t *testing.T) {
		result, err := merge(bodyjson.Config{}, current, ` {"inner": {"high": 1}, "high": 0}`)
		assert.Zero(t, result)
		const message = "Must not be less than low."
		assert.Equal(t, []errjson.FieldError{
			{Pointer: "/inner/high", Code: "order", Message: message, Offset: 20, Line: 1,
				Column: 21},
			{Pointer: "/high", Code: "order", Message: message, Offset: 32, Line: 1, Column: 33},
		}, detailsOf(mergeResponse(t, err)))
	})
	t.Run("a member that is not in the patch has the position of the object", func(t *testing.T) {
		_, err := merge(bodyjson.Config{}, current, ` {"inner": {"low": 9}, "each": [{"low":3}]}`)
		fields := detailsOf(mergeResponse(t, err))
		assert.Equal(t, []mergeDetail{{"/inner/high", "order"}, {"/each/0/high", "order"}},
			mergeDetails(mergeResponse(t, err)))
		assert.Equal(t, [2]int{11, 32}, [2]int{fields[0].Offset, fields[1].Offset})
	})
	t.Run("values that are not in the patch", func(t *testing.T) {
		invalid := current
		invalid.Inner = &mergeLimits{5, 4, nil, nil, nil}
		_, err := merge(bodyjson.Config{}, invalid, ` {"low":0}`)
		e := mergeResponse(t, err)
		assert.Equal(t, []mergeDetail{{"/inner/high", "order"}}, mergeDetails(e))
		assert.Equal(t, 1, detailsOf(e)[0].Offset)
	})
	t.Run("Config.Validate", func(t *testing.T) {
		calls := 0
		cfg := bodyjson.Config{Validate: func(_ context.Context, v any) error {
			calls++
			limits, ok := v.(*mergeLimits)
			require.True(t, ok, "%T", v)
			assert.Equal(t, 1, limits.Low)
			assert.Equal(t, 4, limits.Inner.High)
			if limits.High > 10 {
				return errjson.FieldError{Pointer: "/high", Code: "max"}
			}
			return nil
		}}
		_, err := merge(cfg, current, `{"high":11}`)
		assert.Equal(t, []mergeDetail{{"/high", "max"}}, mergeDetails(mergeResponse(t, err)))
		_, err = merge(cfg, current, `{"high":9}`)
		require.NoError(t, err)
		assert.Equal(t, 2, calls)
		_, err = merge(cfg, current, `{"high":0}`)
		assert.Equal(t, []mergeDetail{{"/high", "order"}}, mergeDetails(mergeResponse(t, err)))
		_, err = merge(cfg, current, `{"high":"x"}`)
		assert.Equal(t, []mergeDetail{{"/high", "type"}}, mergeDetails(mergeResponse(t, err)))
		assert.Equal(t, 2, calls, "Config.Validate is not called for an invalid value")
	})
	t.Run("Config.Validate with a pointer", func(t *testing.T) {
		var got any
		cfg := bodyjson.Config{Validate: func(_ context.Context, v any) error {
			got = v
			return nil
		}}
		mergeOK(t, cfg, &mergeOwner{"a", "m"}, `{"name":"b"}`)
		assert.Equal(t, &mergeOwner{"b", "m"}, got)
		got = nil
		assert.Nil(t, mergeOK(t, cfg, &mergeOwner{"a", "m"}, `null`))
		assert.Nil(t, got)
	})
	t.Run("Config.Validate can change the result only", func(t *testing.T) {
		cfg := bodyjson.Config{Validate: func(_ context.Context, v any) error {
			v.(*mergeItem).Attrs["a"] = "changed"
			return nil
		}}
		current := mergeItem{Attrs: map[string]string{"a": "1"}}
		assert.Equal(t, "changed", mergeOK(t, cfg, current, `{"name":"b"}`).Attrs["a"])
		assert.Equal(t, "1", current.Attrs["a"])
	})
}

// TestMergeRules tests the rules of the Config that apply to the whole body.
func TestMergeRules(t *testing.T) {
	current := mergeOwner{"a", "m"}
	merged := mergeOwner{"b", "m"}
	const patch = `{"name":"b"}`
	withType := func(contentType, body string) *http.Request {
		r := mergeRequest(body)
		r.Header.Set("Content-Type", contentType)
		return r
	}
	t.Run("without Lazy", func(t *testing.T) {
		result, err := bodyjson.Merge(mergeRequest(patch), current)
		require.NoError(t, err)
		assert.Equal(t, merged, result)
	})
	t.Run("Force", func(t *testing.T) {
		for _, contentType := range []string{"text/plain", "application/json-patch+json", ""} {
			result, err := mergeFrom(bodyjson.Config{Force: true}, withType(contentType, patch),
				current)
			require.NoError(t, err, contentType)
			assert.Equal(t, merged, result, contentType)
		}
	})
	t.Run("Silent does not ignore errors", func(t *testing.T) {
		// Merge without an error and without a result would overwrite the current value with zero.
		for body, code := range map[string]string{`{"name":7}`: "invalid", `{`: "syntax",
			``: "empty_body", `{"name":null}`: "invalid"} {
			assert.Equal(t, code, mergeFails(t, bodyjson.Config{Silent: true}, current, body).Code,
				body)
		}
		result, err := mergeFrom(bodyjson.Config{Silent: true}, withType("text/plain", patch),
			current)
		assert.Equal(t, 415, mergeResponse(t, err).Status)
		assert.Zero(t, result)
		assert.Equal(t, merged, mergeOK(t, bodyjson.Config{Silent: true}, current, patch))
	})
	t.Run("Optional does not accept an empty body", func(t *testing.T) {
		assert.Equal(t, "empty_body", mergeFails(t, bodyjson.Config{Optional: true}, current,
			``).Code)
	})
	t.Run("MaxBytes", func(t *testing.T) {
		assert.Equal(t, 413, mergeFails(t, bodyjson.Config{MaxBytes: 10}, current, patch).Status)
	})
	t.Run("Verify", func(t *testing.T) {
		cfg := bodyjson.Config{Verify: func(_ *http.Request, body []byte) error {
			if string(body) != patch {
				return errors.New("secret")
			}
			return nil
		}}
		assert.Equal(t, merged, mergeOK(t, cfg, current, patch))
		assert.Equal(t, 403, mergeFails(t, cfg, current, `{"name":"c"}`).Status)
	})
	t.Run("Gunzip", func(t *testing.T) {
		var body bytes.Buffer
		zw := gzip.NewWriter(&body)
		_, _ = zw.Write([]byte(patch))
		require.NoError(t, zw.Close())
		compressed := func() *http.Request {
			r := mergeRequest(body.String())
			r.Header.Set("Content-Encoding", "gzip")
			return r
		}
		result, err := mergeFrom(bodyjson.Config{Gunzip: true}, compressed(), current)
		require.NoError(t, err)
		assert.Equal(t, merged, result)
		_, err = mergeFrom(bodyjson.Config{}, compressed(), current)
		e := mergeResponse(t, err)
		assert.Equal(t, 415, e.Status)
		assert.Equal(t, "unsupported_encoding", e.Code)
		assert.Equal(t, "identity", e.Header.Get("Accept-Encoding"))
		bomb := compressed()
		body.Reset()
		zw.Reset(&body)
		_, _ = io.WriteString(zw, `{"name":"`+strings.Repeat("a", 1<<20)+`"}`)
		require.NoError(t, zw.Close())
		bomb.Body = io.NopCloser(&body)
		_, err = mergeFrom(bodyjson.Config{Gunzip: true, MaxBytes: -1}, bomb, current)
		assert.Equal(t, 413, mergeResponse(t, err).Status)
	})
}

func TestMergeContentType(t *testing.T) {
	const patch = `{"name":"b"}`
	current := mergeOwner{"a", "m"}
	for _, contentType := range []string{
		mergePatchType, "Application/Merge-Patch+JSON; charset=UTF-8", "application/json",
		"application/json; charset=utf-8",
		"application/merge-patch+json; profile=x",
	} {
		r := mergeRequest(patch)
		r.Header.Set("Content-Type", contentType)
		result, err := mergeFrom(bodyjson.Config{}, r, current)
		require.NoError(t, err, contentType)
		assert.Equal(t, "b", result.Name, contentType)
	}
	for name, values := range map[string][]string{
		"text": {"text/plain"}, "JSON Patch": {"application/json-patch+json"}, "missing": nil,
		"empty":          {""},
		"another suffix": {"application/vnd.x+json"}, "problem": {"application/problem+json"},
		"malformed": {"application/json; ="},
		"two":       {mergePatchType, mergePatchType}, "JSON of text": {"text/json"},
		"merge patch of text": {"text/merge-patch+json"},
	} {
		t.Run(name, func(t *testing.T) {
			r := mergeRequest(patch)
			r.Header["Content-Type"] = values
			result, err := mergeFrom(bodyjson.Config{}, r, current)
			assert.Zero(t, result)
			e := mergeResponse(t, err)
			assert.Equal(t, 415, e.Status)
			assert.Equal(t, "unsupported_media_type", e.Code)
			assert.Equal(t, []string{"application/merge-patch+json", "application/json"},
				mergeMediaTypes(t, e.Header["Accept-Patch"]))
			assert.NotContains(t, e.Header, "Accept")
		})
	}
	t.Run("on the wire", func(t *testing.T) {
		h := status.Handler(func(r *http.Request) (mergeOwner, error) {
			return bodyjson.Merge(r, current)
		})
		r := mergeRequest(patch)
		r.Header.Set("Content-Type", "text/plain")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, 415, w.Code)
		assert.Equal(t, "application/merge-patch+json, application/json",
			w.Header().Get("Accept-Patch"))
		assert.Contains(t, w.Body.String(), "application/merge-patch+json")
	})
	t.Run("charset", func(t *testing.T) {
		r := mergeRequest(patch)
		r.Header.Set("Content-Type", mergePatchType+"; charset=latin1")
		_, err := mergeFrom(bodyjson.Config{}, r, current)
		e := mergeResponse(t, err)
		assert.Equal(t, 415, e.Status)
		assert.Equal(t, "unsupported_charset", e.Code)
		assert.Contains(t, mergeMediaTypes(t, e.Header["Accept-Patch"]), mergePatchType)
	})
}

func TestMergeEmptyBody(t *testing.T) {
	for _, body := range []string{"", " \r\n\t"} {
		e := mergeFails(t, bodyjson.Config{}, mergeOwner{"a", "m"}, body)
		assert.Equal(t, 400, e.Status)
		assert.Equal(t, "empty_body", e.Code)
		assert.ErrorIs(t, e, bodyjson.ErrEmpty)
	}
	t.Run("without a content type", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPatch, "/", nil)
		_, err := bodyjson.Merge(r, mergeOwner{"a", "m"})
		assert.Equal(t, "empty_body", mergeResponse(t, err).Code)
	})
}

func TestMergeWithOtherFunctions(t *testing.T) {
	t.Run("two patches of one request", func(t *testing.T) {
		r := mergeRequest(`{"name":"b"}`)
		for _, current := range []mergeOwner{{"a", "m"}, {"c", "n"}} {
			result, err := bodyjson.Merge(r, current)
			require.NoError(t, err)
			assert.Equal(t, mergeOwner{"b", current.Mail}, result)
		}
		data, err := bodyjson.Bytes(r)
		require.NoError(t, err)
		assert.Equal(t, `{"name":"b"}`, string(data))
	})
	t.Run("the value of Get is not changed", func(t *testing.T) {
		r := mergeRequest(`{"a":{"x":5},"b":{"y":1}}`)
		value, err := bodyjson.Get[map[string]map[string]int](r)
		require.NoError(t, err)
		delete(value, "b")
		value["a"]["x"] = 1
		result, err := bodyjson.Merge(r, value)
		require.NoError(t, err)
		assert.Equal(t, map[string]map[string]int{"a": {"x": 5}, "b": {"y": 1}}, result)
		value, err = bodyjson.Get[map[string]map[string]int](r)
		require.NoError(t, err)
		assert.Equal(t, map[string]map[string]int{"a": {"x": 1}}, value)
	})
	t.Run("behind New", func(t *testing.T) {
		var result mergeOwner
		mw := bodyjson.New[map[string]any](bodyjson.Config{})
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var err error
			result, err = bodyjson.Merge(r, mergeOwner{"a", "m"})
			assert.NoError(t, err)
		})
		mw(h).ServeHTTP(httptest.NewRecorder(), mergeRequest(`{"mail":null}`))
		assert.Equal(t, mergeOwner{"a", ""}, result)
	})
	t.Run("after the handler", func(t *testing.T) {
		var kept *http.Request
		mw := bodyjson.Lazy(bodyjson.Config{})
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { kept = r })
		mw(h).ServeHTTP(httptest.NewRecorder(), mergeRequest(`{}`))
		_, err := bodyjson.Merge(kept, mergeOwner{})
		assert.ErrorIs(t, err, http.ErrBodyReadAfterClose)
	})
	t.Run("the result does not share memory with the body", func(t *testing.T) {
		const patch = `{"name":"first","attrs":{"first":"value"},"extra":{"first":["value"]},` +
			`"tags":["first"]}`
		cfg := bodyjson.Config{UseNumber: true}
		result := mergeOK(t, cfg, mergeItem{}, patch)
		for range 10 {
			mergeOK(t, cfg, mergeItem{}, strings.NewReplacer("first", "other", "value",
				"XXXXX").Replace(patch))
		}
		assert.Equal(t, mergeOK(t, cfg, mergeItem{}, patch), result)
	})
	t.Run("concurrent calls with one current value", func(t *testing.T) {
		current := newMergeGraph()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for _, patch := range []string{
					`{"inner":{"x":5},"map":{"a":null},"any":{"a":{"x":2}}}`,
					`{"struct_map":{"a":{"map":{"z":1}}},"base_map":{"c":1}}`,
				} {
					result, err := mergeInto(bodyjson.Config{}, current, patch)
					assert.NoError(t, err)
					mergeScramble(reflect.ValueOf(&result).Elem())
				}
			})
		}
		group.Wait()
		assert.Equal(t, newMergeGraph(), current)
	})
	t.Run("concurrent calls with one request", func(t *testing.T) {
		mw := bodyjson.Lazy(bodyjson.Config{})
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					result, err := bodyjson.Merge(r, mergeOwner{"a", "m"})
					assert.NoError(t, err)
					assert.Equal(t, mergeOwner{"b", "m"}, result)
				})
			}
			group.Wait()
		})
		mw(h).ServeHTTP(httptest.NewRecorder(), mergeRequest(`{"name":"b"}`))
	})
}

// mergeModel is the algorithm of RFC 7396, Section 2. mergeModel modifies target.
func mergeModel(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = mergeModel(object[name], value)
		}
	}
	return object
}

// FuzzMerge compares Merge with a model. A patch is accepted if and only if Decode accepts it.
func FuzzMerge(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "vectors", "merge-patch*.jsonl"))
	if err != nil || len(files) == 0 {
		f.Fatal("no vectors", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(data) {
			var v struct {
				Doc, Patch json.RawMessage
				PatchText  mergeText `json:"patch_text"`
			}
			if err := json.Unmarshal(line, &v); err != nil {
				f.Fatal(err)
			}
			if v.Doc != nil {
				f.Add([]byte(v.Doc), append([]byte(v.PatchText), v.Patch...))
			}
		}
	}
	f.Add([]byte(`{"a":1e400,"b":[1.10]}`),
		[]byte(`{"a":{"b":{"c":null}},"b":[{"c":null}],"d":1e400}`))
	f.Fuzz(func(t *testing.T, doc, patch []byte) {
		for _, cfg := range []bodyjson.Config{{}, {UseNumber: true}} {
			current, err := bodyjson.Decode[any](doc, cfg)
			if err != nil {
				continue
			}
			before, _ := bodyjson.Decode[any](doc, cfg)
			target, _ := bodyjson.Decode[any](doc, cfg)
			value, wantErr := bodyjson.Decode[any](patch, cfg)
			result, err := mergeInto(cfg, current, string(patch))
			if !reflect.DeepEqual(current, before) {
				t.Fatalf("%q: Merge of %q has changed the current value to %#v", doc, patch,
					current)
			}
			if wantErr != nil {
				want, got := mergeResponse(t, wantErr), mergeResponse(t, err)
				if result != nil || got.Status != want.Status || got.Code != want.Code ||
					!reflect.DeepEqual(detailsOf(got), detailsOf(want)) {
					t.Fatalf("%q: Merge of %q returns %#v and %#v, want %#v", doc, patch, result,
						got, want)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%q: Merge of %q: %v", doc, patch, err)
			}
			if want := mergeModel(target, value); !reflect.DeepEqual(result, want) {
				t.Fatalf("%q: Merge of %q returns %#v, want %#v", doc, patch, result, want)
			}
		}
	})
}
