package bodyjson_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// TestTimes tests times that are invalid in RFC 3339. time.Time.UnmarshalText accepts some of these
// times.
func TestTimes(t *testing.T) {
	const want = "Must be a date and time in the format of RFC 3339."
	for _, text := range []string{
		"2026-01-02T3:04:05Z", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+23:60",
		"2026-01-02T03:04:05-99:99", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z", "",
	} {
		t.Run(text, func(t *testing.T) {
			everyWay[[]time.Time](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
				assert.Equal(t, invalid(detail("/0", "format", want, 1, 1, 2)), do(h, post(`["`+text+`"]`)))
			})
			assert.Equal(t, 422, do(echoing[map[time.Time]int](bodyjson.Config{}), post(`{"`+text+`":1}`)).status)
		})
	}
	for _, text := range []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789+23:59", "2026-01-02T23:59:59-00:00"} {
		assert.Equal(t, 200, do(echoing[[]time.Time](bodyjson.Config{}), post(`["`+text+`"]`)).status, text)
	}
}

type embedsOptional struct {
	bodyjson.Optional[string]
}

type namedAny any

// position contains the position at which its UnmarshalJSONFrom method was called.
type position struct {
	pointer string
	offset  int64
}

func (p *position) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	dec.PeekKind()
	p.pointer, p.offset = string(dec.StackPointer()), dec.InputOffset()
	value, err := dec.ReadValue()
	if err == nil && value.Kind() != jsontext.KindNumber {
		return fmt.Errorf("secret")
	}
	return err
}

func (p position) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%s %d", p.pointer, p.offset))
}

func TestUnusualTypes(t *testing.T) {
	t.Run("a struct with an embedded Optional", func(t *testing.T) {
		v, e := get[embedsOptional](t, []byte(`"a"`), bodyjson.Config{})
		require.Nil(t, e)
		assert.Equal(t, "a", v.Value)
		assert.Equal(t, 422, do(echoing[embedsOptional](bodyjson.Config{}), post(`{"a":1}`)).status)
	})
	t.Run("a named interface does not get a json.Number", func(t *testing.T) {
		assert.Equal(t, invalid(detail("", "range", "The number is out of range.", 0, 1, 1)),
			do(echoing[namedAny](bodyjson.Config{UseNumber: true}), post(`1e400`)))
		assert.Equal(t, ok(`[1e400]`), do(echoing[namedAny](bodyjson.Config{UseNumber: true}), post(`[1e400]`)))
	})
	t.Run("json.Number as a name", func(t *testing.T) {
		h := echoing[map[json.Number]int](bodyjson.Config{})
		assert.Equal(t, ok(`{"1.50":1}`), do(h, post(`{"1.50":1}`)))
		assert.Equal(t, invalid(detail("/x", "type", "The name must be a number.", 1, 1, 2)), do(h, post(`{"x":1}`)))
		type holder struct {
			M map[json.Number]int `json:"m"`
		}
		unknown := `"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,`
		for _, names := range []string{"", unknown} {
			assert.Equal(t, ok(`{"m":{"1":1}}`), do(echoing[holder](bodyjson.Config{}), post(`{`+names+`"m":{"1":1}}`)))
		}
	})
	t.Run("UnmarshalJSONFrom gets its position in the document", func(t *testing.T) {
		type holder struct {
			A int        `json:"a"`
			L []position `json:"l"`
		}
		h := echoing[holder](bodyjson.Config{})
		assert.Equal(t, ok(`{"a":1,"l":["/l 12","/l/0 13"]}`), do(h, post(`{"a":1,"l":[1,2]}`)), "the offset is the end of the previous token")
		assert.Equal(t, invalid(
			detail("/a", "type", "Must be an integer, not a string.", 5, 1, 6),
			detail("/l/1", "format", "Invalid format.", 16, 1, 17),
		), do(h, post(`{"a":"x","l":[1,"y"]}`)))
	})
}

func TestNumbers(t *testing.T) {
	type numbers struct {
		F8  float64 `json:"f8,string"`
		I   int     `json:"i,string"`
		U   uint8   `json:"u"`
		UQ  uint8   `json:"uq,string"`
		B4  [4]byte `json:"b4"`
		I64 int64   `json:"i64"`
	}
	for _, test := range []struct{ body, want string }{
		{`{"f8":"abc"}`, detail("/f8", "format", "Must be a number in a string.", 6, 1, 7)},
		{`{"f8":""}`, detail("/f8", "format", "Must be a number in a string.", 6, 1, 7)},
		{`{"f8":"1e400"}`, detail("/f8", "range", "The number is out of range.", 6, 1, 7)},
		{`{"f8":1}`, detail("/f8", "type", "Must be a number in a string, not a number.", 6, 1, 7)},
		{`{"i":"007"}`, detail("/i", "format", "Must be an integer in a string.", 5, 1, 6)},
		{`{"i":"-"}`, detail("/i", "format", "Must be an integer in a string.", 5, 1, 6)},
		{`{"i":"1.5"}`, detail("/i", "format", "Must be an integer in a string.", 5, 1, 6)},
		{`{"i":"9223372036854775808"}`, detail("/i", "range", "Must be from -9223372036854775808 to 9223372036854775807.", 5, 1, 6)},
		{`{"u":-0}`, detail("/u", "type", "Must be an integer without a sign.", 5, 1, 6)},
		{`{"u":-1}`, detail("/u", "range", "Must be from 0 to 255.", 5, 1, 6)},
		{`{"u":256}`, detail("/u", "range", "Must be from 0 to 255.", 5, 1, 6)},
		{`{"u":1e2}`, detail("/u", "type", "Must be an integer.", 5, 1, 6)},
		{`{"uq":"-0"}`, detail("/uq", "format", "Must be an integer in a string without a sign.", 6, 1, 7)},
		{`{"b4":"aGk="}`, detail("/b4", "length", "Must be 4 bytes in base64.", 6, 1, 7)},
		{`{"b4":"aG*="}`, detail("/b4", "format", "Must be a string in base64.", 6, 1, 7)},
		{"{\"b4\":\"aGVs\\nbA==\"}", detail("/b4", "format", "Must be a string in base64.", 6, 1, 7)},
		{`{"f8":"-1.5e3","i":"-7","u":255,"uq":"0","b4":"aGVsbA==","i64":-0}`, ""},
	} {
		t.Run(test.body, func(t *testing.T) {
			got := do(echoing[numbers](bodyjson.Config{}), post(test.body))
			if test.want == "" {
				assert.Equal(t, http.StatusOK, got.status, got.body)
				return
			}
			assert.Equal(t, invalid(test.want), got)
		})
	}
}

// TestDuplicates tests names that are duplicates only for the type, alone and with another error.
func TestDuplicates(t *testing.T) {
	type folded struct {
		A int    `json:"a,case:ignore"`
		B string `json:"b"`
	}
	duplicate := func(pointer string, offset int) answer {
		return fail(400, "duplicate", fmt.Sprintf("Duplicate name. (Line 1, column %d.)", offset+1),
			detail(pointer, "duplicate", "Duplicate name.", offset, 1, offset+1))
	}
	assert.Equal(t, duplicate("/A", 7), do(echoing[folded](bodyjson.Config{}), post(`{"a":1,"A":2}`)))
	assert.Equal(t, duplicate("/A", 13), do(echoing[folded](bodyjson.Config{}), post(`{"b":1,"a":1,"A":2}`)))
	assert.Equal(t, duplicate("/1.0", 9), do(echoing[map[float64]string](bodyjson.Config{}), post(`{"1":"a","1.0":"b"}`)))
	assert.Equal(t, duplicate("/1.0", 7), do(echoing[map[float64]string](bodyjson.Config{}), post(`{"1":1,"1.0":2}`)))
}

// chooser returns field errors with a pointer to an inner value.
type chooser struct{}

func (*chooser) UnmarshalJSON(data []byte) error {
	var v struct{ Kind string }
	if err := json.Unmarshal(data, &v); err != nil || v.Kind != "a" {
		return errKind
	}
	return nil
}

var errKind = fmt.Errorf("wrapped: %w", fieldError("/Kind", "one_of", "Must be a."))

func TestOwnPointers(t *testing.T) {
	h := echoing[struct {
		List []chooser `json:"list"`
	}](bodyjson.Config{})
	assert.Equal(t, invalid(detail("/list/1/Kind", "one_of", "Must be a.", 31, 1, 32)),
		do(h, post(`{"list":[{"Kind":"a"}, {"Kind":"b"}]}`)))
	assert.Equal(t, invalid(detail("/list/0/Kind", "one_of", "Must be a.", 9, 1, 10)), do(h, post(`{"list":[7]}`)), "the enclosing value")
}

func TestNotNullElements(t *testing.T) {
	type inner struct{}
	type body struct {
		Ptrs  []*inner                 `json:"ptrs" notnull:"true"`
		Ints  []*int                   `json:"ints" notnull:"no null here"`
		Map   map[string]*inner        `json:"map" notnull:"true"`
		Deep  [][]*int                 `json:"deep" notnull:"true"`
		Arr   [1]*int                  `json:"arr" notnull:"true"`
		Any   []any                    `json:"any" notnull:"true"`
		Free  []*inner                 `json:"free"`
		Outer *[]map[string]*int       `json:"outer" notnull:"true"`
		Slow  map[int]*int             `json:"slow" notnull:"true"`
		Opt   []bodyjson.Optional[int] `json:"opt" notnull:"true"`
	}
	isNull := func(pointer, text string, offset int) string {
		return detail(pointer, "null", text, offset, 1, offset+1)
	}
	for _, test := range []struct{ body, want string }{
		{`{"ptrs":[{},null]}`, isNull("/ptrs/1", "Must not be null.", 12)},
		{`{"ints":[null,1]}`, isNull("/ints/0", "no null here", 9)},
		{`{"ints":null}`, isNull("/ints", "no null here", 8)},
		{`{"map":{"a":null}}`, isNull("/map/a", "Must not be null.", 12)},
		{`{"deep":[[1],[null]]}`, isNull("/deep/1/0", "Must not be null.", 14)},
		{`{"deep":[null]}`, isNull("/deep/0", "Must not be null.", 9)},
		{`{"arr":[null]}`, isNull("/arr/0", "Must not be null.", 8)},
		{`{"outer":[{"a":null}]}`, isNull("/outer/0/a", "Must not be null.", 15)},
		{`{"slow":{"1":null}}`, isNull("/slow/1", "Must not be null.", 13)},
		{`{"any":[null],"free":[null],"ptrs":[],"opt":[null]}`, ""},
	} {
		t.Run(test.body, func(t *testing.T) {
			got := do(echoing[body](bodyjson.Config{}), post(test.body))
			if test.want == "" {
				assert.Equal(t, http.StatusOK, got.status, got.body)
				return
			}
			assert.Equal(t, invalid(test.want), got)
		})
	}
}

// TestUnsupportedTypes tests that the errors of New and Get contain the path of the field.
func TestUnsupportedTypes(t *testing.T) {
	type Inner struct {
		Wait time.Duration `json:"wait"`
	}
	type Config struct {
		List []map[string]*Inner `json:"list"`
	}
	type Keys struct {
		M map[bool]int
	}
	type Quoted struct {
		B bool `json:"b,string"` //nolint
	}
	type Stringer struct {
		S fmt.Stringer
	}
	const duration = "time.Duration has no default JSON form; use an integer, or a type with an UnmarshalText method"
	for want, run := range map[string]func(*http.Request) error{
		"Inner.Wait: " + duration:           func(r *http.Request) error { _, err := bodyjson.Get[Inner](r); return err },
		"Config.List[][].Wait: " + duration: func(r *http.Request) error { _, err := bodyjson.Get[Config](r); return err },
		"Inner.Wait: " + duration + " ":     func(r *http.Request) error { _, err := bodyjson.Get[[]Inner](r); return err },
		"Keys.M: map keys of type bool cannot be decoded from JSON names; use a string, a number, or a type with an UnmarshalText method": func(r *http.Request) error { _, err := bodyjson.Get[Keys](r); return err },
		"Quoted: the field B has the tag option string, which is for integers and floats":                                                 func(r *http.Request) error { _, err := bodyjson.Get[*Quoted](r); return err },
		"Stringer.S: the interface fmt.Stringer has methods; use a concrete type or any":                                                  func(r *http.Request) error { _, err := bodyjson.Get[Stringer](r); return err },
	} {
		t.Run(want, func(t *testing.T) {
			within(t, bodyjson.Lazy(bodyjson.Config{}), post(`{}`), func(r *http.Request) {
				assert.EqualError(t, run(r), "bodyjson: "+strings.TrimSpace(want))
			})
		})
	}
	assert.PanicsWithValue(t, "bodyjson: New[bodyjson_test.Config]: Config.List[][].Wait: "+duration, func() { bodyjson.New[Config](bodyjson.Config{}) })
	assert.PanicsWithValue(t, "bodyjson: NewFunc[time.Duration]: "+duration, func() { bodyjson.NewFunc[time.Duration](bodyjson.Config{}) })
}

func fieldError(pointer, code, message string) error {
	return errjson.FieldError{Pointer: pointer, Code: code, Message: message}
}
