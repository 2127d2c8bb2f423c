package bodyjson_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// invalid returns a 422 with the details.
func invalid(details ...string) answer { return fail(422, "invalid", notValid, details...) }

// color has an unmarshal method that returns field errors.
type color string

func (c *color) UnmarshalText(text []byte) error {
	switch string(text) {
	case "red", "green":
		*c = color(text)
		return nil
	case "black":
		return errors.New("secret")
	case "pink":
		return &errjson.FieldError{}
	}
	return errjson.FieldError{Code: "color", Message: "Must be red or green."}
}

// pair is a struct that is decoded from an array.
type pair struct{ X, Y int }

func (p *pair) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&p.X, &p.Y})
}

// even is an integer with an UnmarshalJSONFrom method.
type even int

func (e *even) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var n int
	if json.Unmarshal(value, &n) != nil || n%2 != 0 {
		return errors.New("secret")
	}
	*e = even(n)
	return nil
}

// grade is an integer that implements encoding.TextUnmarshaler.
type grade int

func (g *grade) UnmarshalText(text []byte) error {
	if string(text) != "low" {
		return errors.New("secret")
	}
	*g = 1
	return nil
}

type everything struct {
	Name    string            `json:"name"`
	Age     int               `json:"age"`
	In      struct{ X int }   `json:"in"`
	List    []int             `json:"l"`
	Map     map[string]int    `json:"m"`
	Numbers map[int8]bool     `json:"numbers"`
	Colors  map[color]int     `json:"colors"`
	Times   map[time.Time]int `json:"times"`
	Small   int8              `json:"small"`
	Big     uint64            `json:"big"`
	Float   float32           `json:"float"`
	Flag    bool              `json:"flag"`
	When    time.Time         `json:"when"`
	Bytes   []byte            `json:"bytes"`
	Three   [3]int            `json:"three"`
	Pointer *struct{ Y bool } `json:"pointer"`
	Any     any               `json:"any"`
	Color   color             `json:"color"`
	Pair    pair              `json:"pair"`
	Even    even              `json:"even"`
	Quoted  int               `json:"quoted,string"`
	Address netip.Addr        `json:"address"`
	Perhaps bodyjson.Optional[struct {
		Z int `json:"z"`
	}] `json:"perhaps"`
}

func TestTypes(t *testing.T) {
	h := echoing[everything](bodyjson.Config{})
	t.Run("several errors", func(t *testing.T) {
		assert.Equal(t, invalid(
			detail("/name", "type", "Must be a string, not a number.", 8, 1, 9),
			detail("/age", "type", "Must be an integer, not a string.", 16, 1, 17),
			detail("/in/X", "type", "Must be an integer, not a boolean.", 30, 1, 31),
			detail("/l/1", "type", "Must be an integer, not a string.", 43, 1, 44),
			detail("/l/2", "type", "Must be an integer.", 47, 1, 48),
			detail("/m/k~11", "type", "Must be an integer, not a string.", 63, 1, 64),
		), do(h, post(`{"name":1,"age":"b","in":{"X":true},"l":[1,"a",3.5],"m":{"k/1":"z"}}`)))
	})
	t.Run("lines and columns", func(t *testing.T) {
		assert.Equal(t, invalid(
			detail("/age", "type", "Must be an integer, not a string.", 25, 2, 19),
			detail("/l/1", "type", "Must be an integer, not an array.", 41, 3, 12),
			detail("/m/💥~0", "type", "Must be an integer, not a string.", 65, 4, 15),
		), do(h, post("{\r\n \"é\": \"💥\", \"age\": \"b\",\n \"l\": [ 1, [] ],\r\n \"m\": {\"💥~\":  \"\"}}")))
	})
	tests := []struct{ body, want string }{
		{`{"name":null,"age":null,"in":null,"l":null,"m":null,"pointer":null,"when":null,"any":null}`, ""},
		{`{"age":1.0}`, detail("/age", "type", "Must be an integer.", 7, 1, 8)},
		{`{"age":1e2}`, detail("/age", "type", "Must be an integer.", 7, 1, 8)},
		{`{"age":9223372036854775808}`, detail("/age", "range", "Must be from -9223372036854775808 to 9223372036854775807.", 7, 1, 8)},
		{`{"small":-129}`, detail("/small", "range", "Must be from -128 to 127.", 9, 1, 10)},
		{`{"big":-1}`, detail("/big", "range", "Must be from 0 to 18446744073709551615.", 7, 1, 8)},
		{`{"float":1e39}`, detail("/float", "range", "The number is out of range.", 9, 1, 10)},
		{`{"float":"1"}`, detail("/float", "type", "Must be a number, not a string.", 9, 1, 10)},
		{`{"flag":"true"}`, detail("/flag", "type", "Must be a boolean, not a string.", 8, 1, 9)},
		{`{"in":[]}`, detail("/in", "type", "Must be an object, not an array.", 6, 1, 7)},
		{`{"m":1}`, detail("/m", "type", "Must be an object, not a number.", 5, 1, 6)},
		{`{"l":{}}`, detail("/l", "type", "Must be an array, not an object.", 5, 1, 6)},
		{`{"numbers":{"1":true,"x":true,"300":1}}`, strings.Join([]string{
			detail("/numbers/x", "type", "The name must be an integer.", 21, 1, 22),
			detail("/numbers/300", "type", "The name must be an integer.", 30, 1, 31),
			detail("/numbers/300", "type", "Must be a boolean, not a number.", 36, 1, 37)}, ",")},
		{`{"colors":{"red":1,"blue":2}}`, detail("/colors/blue", "color", "Must be red or green.", 19, 1, 20)},
		{`{"times":{"2026-01-02T03:04:05Z":1,"x":2}}`, detail("/times/x", "type", "The name must be a date and time in the format of RFC 3339.", 35, 1, 36)},
		{`{"when":"yesterday"}`, detail("/when", "format", "Must be a date and time in the format of RFC 3339.", 8, 1, 9)},
		{`{"when":1}`, detail("/when", "type", "Must be a date and time in the format of RFC 3339, not a number.", 8, 1, 9)},
		{`{"bytes":"*"}`, detail("/bytes", "format", "Must be a string in base64.", 9, 1, 10)},
		{`{"bytes":[1]}`, detail("/bytes", "type", "Must be a string in base64, not an array.", 9, 1, 10)},
		{`{"three":[1,2]}`, detail("/three", "length", "Must have 3 elements.", 9, 1, 10)},
		{`{"three":[1,2,3,"x"]}`, detail("/three", "length", "Must have 3 elements.", 9, 1, 10)},
		{`{"pointer":{"Y":1}}`, detail("/pointer/Y", "type", "Must be a boolean, not a number.", 16, 1, 17)},
		{`{"pointer":1}`, detail("/pointer", "type", "Must be an object, not a number.", 11, 1, 12)},
		{`{"any":[{"x":1e400}]}`, detail("/any/0/x", "range", "The number is out of range.", 13, 1, 14)},
		{`{"color":"blue"}`, detail("/color", "color", "Must be red or green.", 9, 1, 10)},
		{`{"color":"pink"}`, detail("/color", "format", "Invalid format.", 9, 1, 10)},
		{`{"color":"black"}`, detail("/color", "format", "Invalid format.", 9, 1, 10)},
		{`{"color":1}`, detail("/color", "type", "Must be a string, not a number.", 9, 1, 10)},
		{`{"pair":[1,"2"]}`, detail("/pair", "format", "Invalid format.", 8, 1, 9)},
		{`{"even":3}`, detail("/even", "format", "Invalid format.", 8, 1, 9)},
		{`{"quoted":1}`, detail("/quoted", "type", "Must be an integer in a string, not a number.", 10, 1, 11)},
		{`{"quoted":"x"}`, detail("/quoted", "format", "Must be an integer in a string.", 10, 1, 11)},
		{`{"address":"::g"}`, detail("/address", "format", "Invalid format.", 11, 1, 12)},
		{`{"perhaps":{"z":"1"}}`, detail("/perhaps/z", "type", "Must be an integer, not a string.", 16, 1, 17)},
		{`{"perhaps":null}`, ""},
		{`{"l":[0,null,7]}`, detail("/l/1", "null", "Must not be null.", 8, 1, 9)},
		{`{"m":{"a":0,"b/c":null}}`, detail("/m/b~1c", "null", "Must not be null.", 18, 1, 19)},
		{`{"three":[null,1,2]}`, detail("/three/0", "null", "Must not be null.", 10, 1, 11)},
		{`{"l":[null,"a"]}`, detail("/l/0", "null", "Must not be null.", 6, 1, 7) + "," +
			detail("/l/1", "type", "Must be an integer, not a string.", 11, 1, 12)},
		{`{"l":[0],"name":null,"any":[null,{"a":null}]}`, ""},
		{`[]`, detail("", "type", "Must be an object, not an array.", 0, 1, 1)},
		{` "x"`, detail("", "type", "Must be an object, not a string.", 1, 1, 2)},
	}
	for _, test := range tests {
		t.Run(test.body, func(t *testing.T) {
			got := do(h, post(test.body))
			if test.want == "" {
				assert.Equal(t, http.StatusOK, got.status)
				return
			}
			assert.Equal(t, invalid(test.want), got)
		})
	}
	t.Run("encoding.TextUnmarshaler", func(t *testing.T) {
		h := echoing[struct {
			G  grade         `json:"g"`
			P  *grade        `json:"p"`
			ID [2]grade      `json:"ids"`
			By map[grade]int `json:"by"`
		}](bodyjson.Config{})
		assert.Equal(t, invalid(
			detail("/g", "format", "Invalid format.", 5, 1, 6),
			detail("/p", "type", "Must be a string, not a number.", 13, 1, 14),
			detail("/ids/1", "type", "Must be a string, not an array.", 28, 1, 29),
			detail("/by/x", "format", "Invalid format.", 38, 1, 39),
		), do(h, post(`{"g":"x","p":5,"ids":["low",[]],"by":{"x":1}}`)))
		assert.Equal(t, http.StatusOK, do(h, post(`{"g":"low","p":"low","ids":["low","low"],"by":{"low":1}}`)).status)
	})
	t.Run("json.Number", func(t *testing.T) {
		type numbers struct {
			N    json.Number            `json:"n" required:"true"`
			List []json.Number          `json:"list"`
			Map  map[string]json.Number `json:"map"`
			Any  any                    `json:"any"`
		}
		h := echoing[numbers](bodyjson.Config{})
		assert.Equal(t, ok(`{"n":1.50,"list":[0,123456789012345678901],"map":{"a":-1e400},"any":1}`),
			do(h, post(`{"n":1.50,"list":[0,123456789012345678901],"map":{"a":-1e400},"any":1.0}`)))
		assert.Equal(t, invalid(
			detail("/n", "type", "Must be a number, not a string.", 5, 1, 6),
			detail("/list/0", "null", "Must not be null.", 19, 1, 20),
			detail("/map/a", "type", "Must be a number, not an array.", 36, 1, 37),
		), do(h, post(`{"n":"1.5","list":[null],"map":{"a":[]}}`)))
		assert.Equal(t, invalid(detail("/n", "null", "Must not be null.", 5, 1, 6)), do(h, post(`{"n":null}`)))
		assert.Equal(t, ok(`{"n":1.0,"list":null,"map":null,"any":[2.0]}`),
			do(echoing[numbers](bodyjson.Config{UseNumber: true}), post(`{"n":1.0,"any":[2.0]}`)))
		assert.Equal(t, ok(`1.0`), do(echoing[json.Number](bodyjson.Config{}), post(`1.0`)))
	})
	t.Run("null elements", func(t *testing.T) {
		isNull := func(pointer string, offset int) string {
			return detail(pointer, "null", "Must not be null.", offset, 1, offset+1)
		}
		for _, test := range []struct {
			name string
			h    http.Handler
			body string
			want string // the field errors
		}{
			{"strings", echoing[[]string](bodyjson.Config{}), `["a",null,"",null]`, isNull("/1", 5) + "," + isNull("/3", 13)},
			{"booleans", echoing[[]bool](bodyjson.Config{}), `[false,null]`, isNull("/1", 7)},
			{"structs", echoing[[]line](bodyjson.Config{}), `[null]`, isNull("/0", 1)},
			{"structs without required fields", echoing[[]struct{}](bodyjson.Config{}), `[null]`, isNull("/0", 1)},
			{"lists", echoing[[][]int](bodyjson.Config{}), `[[],null,[null]]`, isNull("/1", 4) + "," + isNull("/2/0", 10)},
			{"maps", echoing[map[string]map[string]int](bodyjson.Config{}), `{"a":{"b":null},"c":null}`, isNull("/a/b", 10) + "," + isNull("/c", 20)},
			{"times", echoing[[]time.Time](bodyjson.Config{}), `[null]`, isNull("/0", 1)},
			{"types with UnmarshalText", echoing[[]netip.Addr](bodyjson.Config{}), `["::1",null]`, isNull("/1", 7)},
			{"types with UnmarshalJSONFrom", echoing[[]even](bodyjson.Config{}), `[2,null]`, ""},
			{"pointers", echoing[[]*line](bodyjson.Config{}), `[null]`, ""},
			{"any", echoing[[]any](bodyjson.Config{}), `[null]`, ""},
			{"Optionals", echoing[[]bodyjson.Optional[int]](bodyjson.Config{}), `[null]`, ""},
			{"behind a pointer", echoing[*[]*[]int](bodyjson.Config{}), `[null,[null]]`, isNull("/1/0", 7)},
			{"in an Optional", echoing[bodyjson.Optional[[]int]](bodyjson.Config{}), `[null]`, isNull("/0", 1)},
			{"names without a field", echoing[withRest](bodyjson.Config{}), `{"a":null}`, isNull("/a", 5)},
			{"required in names without a field", echoing[withRest](bodyjson.Config{}), `{"a":{}}`, detail("/a/qty", "required", isRequired, 5, 1, 6)},
			{"good names without a field", echoing[withRest](bodyjson.Config{}), `{"a":{"qty":0}}`, ""},
			{"Config.Unmarshal", echoing[[]int](bodyjson.Config{Unmarshal: json.Unmarshal}), `[1,null]`, isNull("/1", 3)},
			{"the string null, and zero values", echoing[[]string](bodyjson.Config{}), `["","null"]`, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := do(test.h, post(test.body))
				if test.want == "" {
					assert.Equal(t, http.StatusOK, got.status, got.body)
					return
				}
				assert.Equal(t, invalid(test.want), got)
			})
		}
	})
	t.Run("names of equal numbers", func(t *testing.T) {
		got := do(echoing[map[float64]int](bodyjson.Config{}), post(`{"1":1,"1.0":2}`))
		assert.Equal(t, 400, got.status)
		assert.Contains(t, got.body, `"code":"duplicate"`)
	})
	t.Run("at most a hundred", func(t *testing.T) {
		got := do(h, post(`{"l":[`+strings.Repeat(`"a",`, 10_000)+`1]}`))
		assert.Equal(t, 100, strings.Count(got.body, `"pointer"`))
		got = do(h, post(`{"l":[`+strings.Repeat(`"a",`, 10_000)+`]}`))
		assert.Equal(t, 400, got.status, "the syntax of the whole body is checked")
	})
	t.Run("pointers of bounded length", func(t *testing.T) {
		name := strings.Repeat("n", 100_000)
		h := echoing[map[string]map[string]int](bodyjson.Config{})
		assert.Equal(t, invalid(detail("", "type", "Must be an integer, not a string.", len(name)+9, 1, len(name)+10)),
			do(h, post(`{"`+name+`":{"a":""}}`)))
		assert.Equal(t, invalid(detail("/a", "type", "Must be an integer, not a string.", len(name)+9, 1, len(name)+10)),
			do(h, post(`{"a":{"`+name+`":""}}`)))
		got := do(h, post(`{"`+name+`":{"a":1,"a":2}}`))
		assert.Equal(t, 400, got.status)
		assert.Less(t, len(got.body), 300)
	})
	t.Run("errors that are not reported do not allocate pointers", func(t *testing.T) {
		// A pointer is as long as the enclosing names. Building a pointer for each of many errors
		// would take minutes.
		name := strings.Repeat("n", 200_000)
		type tree struct {
			A    int             `json:"a" required:"true"`
			More map[string]tree `json:"more"`
		}
		var unknown, keys strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&unknown, `"u%d":0,`, i)
			fmt.Fprintf(&keys, `"k%d":0,`, i)
		}
		for kind, test := range map[string]struct {
			h    http.Handler
			body string
		}{
			"null":     {echoing[map[string][]int](bodyjson.Config{}), `{"` + name + `":[` + strings.Repeat("null,", 1000) + `1]}`},
			"type":     {echoing[map[string][]int](bodyjson.Config{}), `{"` + name + `":[` + strings.Repeat(`"",`, 1000) + `1]}`},
			"unknown":  {echoing[map[string]line](bodyjson.Config{DisallowUnknownFields: true}), `{"` + name + `":{` + unknown.String() + `"qty":1}}`},
			"name":     {echoing[map[string]map[int]int](bodyjson.Config{}), `{"` + name + `":{` + keys.String() + `"1":1}}`},
			"required": {echoing[map[string]tree](bodyjson.Config{}), `{"` + name + `":` + strings.Repeat(`{"more":{"m":`, 1000) + `{}` + strings.Repeat("}}", 1000) + `}`},
		} {
			before := allocated()
			got := do(test.h, post(test.body))
			assert.Equal(t, 100, strings.Count(got.body, `"pointer"`), kind)
			assert.Less(t, allocated()-before, uint64(256<<20), kind)
		}
	})
	t.Run("messages do not contain internals or the body", func(t *testing.T) {
		body := `{"name":["SECRET1"],"age":"SECRET2","color":"black","address":"SECRET3","in":SECRET4}`
		for _, body := range []string{body, strings.Replace(body, "SECRET4", "0", 1)} {
			got := do(h, post(body))
			for _, word := range []string{"SECRET", "secret", "everything", "int8", "struct", "json:", "unmarshal", "Go "} {
				assert.NotContains(t, strings.ReplaceAll(got.body, "Must be a", ""), word)
			}
		}
	})
}

func (a answer) replace(old, new string) answer {
	a.body = strings.Replace(a.body, old, new, 1)
	return a
}

type Base struct {
	ID int `json:"id" required:"true"`
}

type deep struct {
	*Base
	Name  string          `json:"name" required:"name is required"`
	Age   int             `json:"age" required:"true"`
	Items []line          `json:"items"`
	ByKey map[string]line `json:"by_key"`
	First *line           `json:"first"`
	Set   bodyjson.Optional[line]
	Maybe bodyjson.Optional[int] `json:"maybe" required:"true"`
	Tags  []string               `json:"tags" required:"true"`
	Not   int                    `json:"not" required:"false"`
}

type line struct {
	Qty int `json:"qty" required:"true"`
}

// withRest accepts all names.
type withRest struct {
	Rest map[string]line `json:",embed"`
}

// node is recursive.
type node struct {
	Name  string  `json:"name" required:"true"`
	Nodes []*node `json:"nodes"`
}

func TestRequired(t *testing.T) {
	h := echoing[deep](bodyjson.Config{})
	status := func(body string) int { return do(h, post(body)).status }
	const (
		rest = `"id":0,"name":"","maybe":null,"tags":[]`
		full = `"id":1,"name":"a","maybe":1,"tags":["a"]` // valid in the fast decoder
	)

	t.Run("zero is present", func(t *testing.T) {
		assert.Equal(t, 200, status(`{"age":0,`+rest+`}`))
		assert.Equal(t, 200, status(`{"age":0,"items":[{"qty":0}],"by_key":{"a":{"qty":0}},"first":{"qty":0},"Set":{"qty":0},`+rest+`}`))
	})
	t.Run("missing", func(t *testing.T) {
		assert.Equal(t, invalid(detail("/age", "required", isRequired, 1, 1, 2)), do(h, post(` {`+rest+`}`)))
	})
	t.Run("all missing", func(t *testing.T) {
		assert.Equal(t, invalid(
			detail("/id", "required", isRequired, 0, 1, 1),
			detail("/name", "required", "name is required", 0, 1, 1),
			detail("/age", "required", isRequired, 0, 1, 1),
			detail("/maybe", "required", isRequired, 0, 1, 1),
			detail("/tags", "required", isRequired, 0, 1, 1),
		), do(h, post(`{}`)))
	})
	t.Run("with type errors", func(t *testing.T) {
		assert.Equal(t, invalid(
			detail("/age", "required", isRequired, 0, 1, 1),
			detail("/items", "type", "Must be an array, not a number.", 9, 1, 10),
		), do(h, post(`{"items":1,`+rest+`}`)))
	})
	t.Run("null", func(t *testing.T) {
		assert.Equal(t, invalid(detail("/age", "null", "Must not be null.", 7, 1, 8)), do(h, post(`{"age":null,`+rest+`}`)))
		assert.Equal(t, invalid(detail("/tags", "null", "Must not be null.", 8, 1, 9)),
			do(h, post(`{"tags":null,"id":0,"age":0,"name":"","maybe":1}`)))
	})
	t.Run("null of a type with a method", func(t *testing.T) {
		type holder struct {
			C sql.NullInt64   `json:"-"`
			R json.RawMessage `json:"r" required:"true"`
		}
		h := echoing[holder](bodyjson.Config{})
		assert.Equal(t, ok(`{"r":0}`), do(h, post(`{"r":0}`)))
		assert.Equal(t, invalid(detail("/r", "required", isRequired, 0, 1, 1)), do(h, post(`{}`)))
		type number struct {
			N color `json:"n" required:"true"`
		}
		assert.Equal(t, invalid(detail("/n", "null", "Must not be null.", 5, 1, 6)), do(echoing[number](bodyjson.Config{}), post(`{"n":null}`)))
	})
	for name, field := range map[string]string{
		"array":    `"items":[{"qty":1},{"qty":2},{"qty":0},{}]`,
		"map":      `"by_key":{"a/b":{}}`,
		"pointer":  `"first":{}`,
		"Optional": `"Set":{}`,
	} {
		t.Run("in "+name, func(t *testing.T) {
			want := map[string]string{"array": "/items/3/qty", "map": "/by_key/a~1b/qty", "pointer": "/first/qty", "Optional": "/Set/qty"}[name]
			for _, rest := range []string{rest, full} {
				body := `{"age":1,` + rest + `,` + field + `}`
				at := strings.LastIndex(body, "{}")
				assert.Equal(t, invalid(detail(want, "required", isRequired, at, 1, at+1)), do(h, post(body)))
			}
		})
	}
	t.Run("not in null or missing values", func(t *testing.T) {
		assert.Equal(t, 200, status(`{"age":1,"items":null,"by_key":null,"first":null,"Set":null,`+rest+`}`))
		assert.Equal(t, 200, status(`{"age":1,"items":[],"by_key":{},`+rest+`}`))
		assert.Equal(t, 200, status(`{"age":1,"items":null,"by_key":null,"first":null,"Set":null,`+full+`}`))
	})
	t.Run("in a recursive type", func(t *testing.T) {
		h := echoing[node](bodyjson.Config{})
		assert.Equal(t, 200, do(h, post(`{"name":"","nodes":[{"name":"","nodes":[null]}]}`)).status)
		assert.Equal(t, invalid(detail("/nodes/0/nodes/1/name", "required", isRequired, 52, 1, 53)),
			do(h, post(`{"name":"","nodes":[{"name":"","nodes":[{"name":""},{}]}]}`)))
	})
	t.Run("in the elements of the body", func(t *testing.T) {
		assert.Equal(t, invalid(detail("/1/qty", "required", isRequired, 11, 1, 12)), do(echoing[[]line](bodyjson.Config{}), post(`[{"qty":0},{}]`)))
	})
	t.Run("Config.Unmarshal", func(t *testing.T) {
		h := echoing[line](bodyjson.Config{Unmarshal: json.Unmarshal})
		assert.Equal(t, ok(`{"qty":0}`), do(h, post(`{"qty":0}`)))
		assert.Equal(t, invalid(detail("/qty", "required", isRequired, 0, 1, 1)), do(h, post(`{}`)))
	})
}

// TestNames tests that the checker finds the same field for a name as the decoder.
func TestNames(t *testing.T) {
	type Inner struct {
		Same int `json:"same" required:"true"`
		Only int `json:"only" required:"true"`
	}
	type Other struct {
		Both int `required:"true"`
	}
	type Third struct {
		Both int `required:"true"`
	}
	type outer struct {
		Inner
		Other
		*Third
		Same   int            `json:"same"`
		Slash  int            `json:"a/b" required:"true"`
		Plain  int            `required:"true"`
		Hidden int            `json:"-" required:"true"`
		Any    int            `json:"any_case,case:ignore" required:"true"`
		Rest   map[string]int `json:",embed"`
	}
	h := echoing[outer](bodyjson.Config{DisallowUnknownFields: true})
	assert.Equal(t, invalid(
		detail("/only", "required", isRequired, 0, 1, 1),
		detail("/a~1b", "required", isRequired, 0, 1, 1),
		detail("/Plain", "required", isRequired, 0, 1, 1),
		detail("/any_case", "required", isRequired, 0, 1, 1),
	), do(h, post(`{}`)))
	got := do(bodyjson.New[outer](bodyjson.Config{DisallowUnknownFields: true})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := bodyjson.FromContext[outer](r.Context())
		fmt.Fprint(w, v.Same, v.Only, v.Slash, v.Plain, v.Any, v.Rest)
	})), post(`{"only":0,"a/b":1,"Plain":3,"ANYCASE":4,"Both":5}`))
	assert.Equal(t, "0 0 1 3 4 map[Both:5]", got.body)
	assert.Equal(t, invalid(detail("/rest", "type", "Must be an integer, not a string.", 8, 1, 9)),
		do(h, post(`{"rest":"","only":0,"a/b":1,"Plain":3,"ANYCASE":0}`)))

	t.Run("several fields match", func(t *testing.T) {
		type twins struct {
			A int `json:"a_b,case:ignore"`
			B int `json:"ab,case:ignore"`
		}
		got := do(echoing[twins](bodyjson.Config{}), post(`{"A-B":1}`))
		assert.Equal(t, invalid(detail("/A-B", "unknown_field", "The name matches several fields if case is ignored.", 1, 1, 2)), got)
	})
	t.Run("the option case:strict", func(t *testing.T) {
		type exact struct {
			A int `json:"a,case:strict" required:"true"`
			B int `json:"b"`
		}
		h := echoing[exact](bodyjson.Config{MatchCaseInsensitiveNames: true})
		assert.Equal(t, ok(`{"a":1,"b":2}`), do(h, post(`{"a":1,"B":2}`)))
		assert.Equal(t, invalid(detail("/a", "required", isRequired, 0, 1, 1),
			detail("/A", "unknown_field", `Unknown field. Did you mean "a"?`, 1, 1, 2)), do(h, post(`{"A":1}`)))
	})
	t.Run("with and without a tag", func(t *testing.T) {
		type Left struct {
			Name int `required:"true"`
		}
		type Right struct {
			Other string `json:"Name" required:"true"`
		}
		type both struct {
			Left
			Right
		}
		assert.Equal(t, ok(`{"Name":"a"}`), do(echoing[both](bodyjson.Config{}), post(`{"Name":"a"}`)))
	})
	t.Run("an embedded jsontext.Value", func(t *testing.T) {
		type raw struct {
			A    int            `json:"a"`
			Rest jsontext.Value `json:",embed"`
		}
		h := echoing[raw](bodyjson.Config{DisallowUnknownFields: true})
		assert.Equal(t, 200, do(h, post(`{"x":[1e400]}`)).status)
		assert.Equal(t, 422, do(h, post(`{"x":1,"a":""}`)).status)
	})
}

// checked has a Validate method with a pointer receiver. byValue has a Validate method with a
// context and a value receiver.
type checked struct {
	Name  string `json:"name"`
	Items []line `json:"items"`
}

func (c *checked) Validate() error {
	switch c.Name {
	case "plain":
		return errors.New("secret: table users")
	case "field":
		return errjson.FieldError{Pointer: "/name", Code: "taken", Message: "Is taken."}
	case "bare":
		return fmt.Errorf("wrapped: %w", &errjson.FieldError{Pointer: "/name"})
	case "joined":
		return errors.Join(
			errjson.FieldError{Pointer: "/items/1/qty", Message: "Too many."},
			fmt.Errorf("and: %w", errjson.FieldError{Pointer: "/absent/x", Code: "absent", Message: "Is missing."}),
			errjson.FieldError{Pointer: "/items/0", Code: "sold", Message: "Is sold."})
	case "status":
		return fmt.Errorf("conflict: %w", errjson.Conflict("It is there."))
	case "cancelled":
		return context.DeadlineExceeded
	case "many":
		var all []error
		for i := range 10_000 {
			all = append(all, errjson.FieldError{Pointer: "/name", Code: strconv.Itoa(i)})
		}
		return errors.Join(all...)
	}
	return nil
}

type byValue struct {
	Name string `json:"name"`
}

type nameKey struct{}

func (v byValue) Validate(ctx context.Context) error {
	if v.Name != ctx.Value(nameKey{}) {
		return errjson.FieldError{Pointer: "/name", Code: "name", Message: "Is another."}
	}
	return nil
}

func TestValidate(t *testing.T) {
	tests := []struct {
		body string
		want answer
	}{
		{`{"name":"good","items":null}`, ok(`{"name":"good","items":[]}`)},
		{`{"name":"plain"}`, invalid()},
		{`{"name":"field"}`, invalid(detail("/name", "taken", "Is taken.", 8, 1, 9))},
		{`{"name":"bare"}`, invalid(detail("/name", "invalid", "Invalid value.", 8, 1, 9))},
		{`{"items":[{"qty":0},{"qty":2}], "name":"joined"}`, invalid(
			detail("/absent/x", "absent", "Is missing.", 0, 1, 1),
			detail("/items/0", "sold", "Is sold.", 10, 1, 11),
			detail("/items/1/qty", "invalid", "Too many.", 27, 1, 28))},
		{`{"name":"status"}`, answer{409, map[string]string{"Content-Type": "application/json"},
			`{"error":"Conflict","message":"It is there.","status":409}`}},
		{`{"name":"cancelled"}`, answer{504, map[string]string{"Content-Type": "application/json"},
			`{"error":"Gateway Timeout","message":"The answer took too long.","status":504}`}},
	}
	for _, test := range tests {
		t.Run(test.body, func(t *testing.T) {
			assert.Equal(t, test.want.replace(`"items":[]`, `"items":null`), do(echoing[checked](bodyjson.Config{}), post(test.body)))
			assert.Equal(t, test.want.status, do(echoing[*checked](bodyjson.Config{}), post(test.body)).status)
		})
	}
	t.Run("at most a hundred", func(t *testing.T) {
		assert.Equal(t, 100, strings.Count(do(echoing[checked](bodyjson.Config{}), post(`{"name":"many"}`)).body, `"pointer"`))
	})
	t.Run("pointers of bounded length", func(t *testing.T) {
		name := strings.Repeat("n", 100_000)
		cfg := bodyjson.Config{Validate: func(context.Context, any) error { return errjson.FieldError{Pointer: "/" + name} }}
		assert.Equal(t, invalid(detail("", "invalid", "Invalid value.", len(name)+4, 1, len(name)+5)),
			do(echoing[map[string]int](cfg), post(`{"`+name+`":1}`)))
	})
	t.Run("with the context, by value", func(t *testing.T) {
		r := post(`{"name":"a"}`)
		r = r.WithContext(context.WithValue(r.Context(), nameKey{}, "a"))
		assert.Equal(t, 200, do(echoing[byValue](bodyjson.Config{}), r).status)
		assert.Equal(t, invalid(detail("/name", "name", "Is another.", 8, 1, 9)), do(echoing[byValue](bodyjson.Config{}), post(`{"name":"a"}`)))
		assert.Equal(t, 422, do(echoing[*byValue](bodyjson.Config{}), post(`{"name":"a"}`)).status)
	})
	t.Run("null is not validated", func(t *testing.T) {
		assert.Equal(t, ok("null"), do(echoing[*checked](bodyjson.Config{}), post(`null`)))
	})
	t.Run("Config.Validate", func(t *testing.T) {
		var got []any
		cfg := bodyjson.Config{Validate: func(_ context.Context, v any) error {
			got = append(got, v)
			return errjson.FieldError{Pointer: "", Code: "all", Message: "All wrong."}
		}}
		want := invalid(detail("", "all", "All wrong.", 1, 1, 2))
		assert.Equal(t, want, do(echoing[named](cfg), post(` {"name":"a"}`)))
		assert.Equal(t, want, do(echoing[*named](cfg), post(` {"name":"a"}`)))
		assert.Equal(t, want, do(echoing[[]int](cfg), post(` [1]`)))
		assert.Equal(t, invalid(detail("/name", "taken", "Is taken.", 8, 1, 9)), do(echoing[checked](cfg), post(`{"name":"field"}`)),
			"the Validate method is called first")
		assert.Equal(t, ok(`{"name":""}`), do(echoing[named](bodyjson.Config{Validate: cfg.Validate, Silent: true}), post(` {"name":"a"}`)))
		require.Len(t, got, 4)
		assert.IsType(t, &named{}, got[0])
		assert.IsType(t, &named{}, got[1])
		assert.IsType(t, &[]int{}, got[2])
	})
}

func TestOtherDecoder(t *testing.T) {
	errOther := errors.New("secret")
	cfg := bodyjson.Config{Unmarshal: func(data []byte, v any) error {
		if strings.Contains(string(data), "refuse") {
			return errOther
		}
		return json.Unmarshal(data, v)
	}}
	everyWay[named](t, cfg, func(t *testing.T, h http.Handler) {
		assert.Equal(t, ok(`{"name":"a"}`), do(h, post(`{"NAME":"a"}`)), "its own rules for names")
		assert.Equal(t, 400, do(h, post(`{"name":"a","name":"b"}`)).status, "duplicates are rejected")
		assert.Equal(t, 400, do(h, post("{\"name\":\"\xff\"}")).status, "invalid UTF-8 is rejected")
		assert.Equal(t, 400, do(h, post(`{} x`)).status, "trailing data is rejected")
		assert.Equal(t, 422, do(h, post(`null`)).status)
		assert.Equal(t, invalid(detail("/name", "type", "Must be a string, not a number.", 8, 1, 9)), do(h, post(`{"name":1}`)))
		assert.Equal(t, invalid(), do(h, post(`{"name":"refuse"}`)))
	})
	t.Run("types that only encoding/json supports", func(t *testing.T) {
		type job struct {
			Name  string          `json:"name" required:"true"`
			Limit time.Duration   `json:"limit" required:"true"`
			Waits []time.Duration `json:"waits"`
		}
		h := echoing[job](bodyjson.Config{Unmarshal: json.Unmarshal})
		assert.Equal(t, invalid(), do(h, post(`{"name":"a","limit":"1"}`)))
		assert.Equal(t, invalid(
			detail("/name", "required", isRequired, 0, 1, 1),
			detail("/limit", "null", "Must not be null.", 9, 1, 10),
			detail("/waits/1", "null", "Must not be null.", 25, 1, 26),
		), do(h, post(`{"limit":null,"waits":[1,null]}`)))
		assert.Equal(t, invalid(detail("/name", "type", "Must be a string, not a number.", 8, 1, 9)), do(h, post(`{"name":1,"limit":"1"}`)))
	})
	t.Run("accepted values are not checked again", func(t *testing.T) {
		type order struct {
			Qty int `json:"qty" required:"true"`
			Age int `json:"age"`
		}
		h := echoing[order](bodyjson.Config{Unmarshal: func(data []byte, v any) error {
			return json.Unmarshal([]byte(strings.ReplaceAll(string(data), `"7"`, `7`)), v)
		}})
		for _, qty := range []string{"0", "1"} {
			assert.Equal(t, ok(`{"qty":`+qty+`,"age":7}`), do(h, post(`{"QTY":`+qty+`,"age":"7"}`)))
		}
		assert.Equal(t, invalid(detail("/qty", "required", isRequired, 0, 1, 1)), do(h, post(`{"age":"7"}`)))
		assert.Equal(t, invalid(detail("/Qty", "null", "Must not be null.", 17, 1, 18)), do(h, post(`{"age":"7","Qty":null}`)))
	})
}

// fickle rejects every other value.
type fickle struct{}

var calls int

func (*fickle) UnmarshalJSON([]byte) error {
	calls++
	if calls%2 == 1 {
		return errors.New("secret")
	}
	return nil
}

// TestUnexplained tests an error of the decoder that the checker does not find.
func TestUnexplained(t *testing.T) {
	calls = 0
	assert.Equal(t, invalid(detail("/0", "format", "Invalid format.", 1, 1, 2)), do(echoing[[]fickle](bodyjson.Config{}), post(`[1]`)))
}

func TestNotNull(t *testing.T) {
	type inner struct {
		A int `json:"a" notnull:"a must not be null"`
	}
	type body struct {
		Text     string                      `json:"text" notnull:"true"`
		Pointer  *int                        `json:"pointer" notnull:"true"`
		Optional bodyjson.Optional[int]      `json:"optional" notnull:"true"`
		Nullable bodyjson.Optional[int]      `json:"nullable"`
		Both     bodyjson.Optional[string]   `json:"both" required:"true" notnull:"true"`
		Words    string                      `json:"words" required:"is required" notnull:"must not be null"`
		Raw      json.RawMessage             `json:"raw" notnull:"true"`
		Must     json.RawMessage             `json:"must" required:"true"`
		Any      any                         `json:"any" notnull:"true"`
		List     []inner                     `json:"list" notnull:"false"`
		Deep     bodyjson.Optional[[]*inner] `json:"deep"`
	}
	h := echoing[body](bodyjson.Config{})
	isNull := func(pointer, text string, offset int) string {
		return detail(pointer, "null", text, offset, 1, offset+1)
	}
	const rest = `"both":"","words":"","must":0`
	for _, test := range []struct{ body, want string }{
		{`{` + rest + `}`, ""},
		{`{"text":"","pointer":0,"optional":0,"nullable":null,"raw":[null],"any":[null],"list":null,"deep":null,` + rest + `}`, ""},
		{`{"deep":[null,{}],"list":[{"a":0}],` + rest + `}`, ""},
		{`{"text":null,` + rest + `}`, isNull("/text", "Must not be null.", 8)},
		{`{"pointer":null,` + rest + `}`, isNull("/pointer", "Must not be null.", 11)},
		{`{"optional":null,` + rest + `}`, isNull("/optional", "Must not be null.", 12)},
		{`{"raw":null,` + rest + `}`, isNull("/raw", "Must not be null.", 7)},
		{`{"any":null,` + rest + `}`, isNull("/any", "Must not be null.", 7)},
		{`{"list":[{"a":null}],` + rest + `}`, isNull("/list/0/a", "a must not be null", 14)},
		{`{"deep":[{"a":null}],` + rest + `}`, isNull("/deep/0/a", "a must not be null", 14)},
		{`{"both":null,"words":"","must":0}`, isNull("/both", "Must not be null.", 8)},
		{`{"both":"a","words":null,"must":0}`, isNull("/words", "must not be null", 20)},
		{`{"both":"a","words":"a","must":null}`, isNull("/must", "Must not be null.", 31)},
		{`{"both":"a","must":0}`, detail("/words", "required", "is required", 0, 1, 1)},
	} {
		t.Run(test.body, func(t *testing.T) {
			got := do(h, post(test.body))
			if test.want == "" {
				assert.Equal(t, http.StatusOK, got.status, got.body)
				return
			}
			assert.Equal(t, invalid(test.want), got)
		})
	}
}

// quoted has the tag option string.
type quoted[T any] struct {
	V T `json:"v,string"` //lint:ignore SA5008 the option is valid for some T
}

func TestUndecodableTypes(t *testing.T) {
	type bad struct {
		Channel chan int `json:"channel"`
	}
	assert.PanicsWithValue(t, "bodyjson: New[[]map[string]bodyjson_test.bad]: bad.Channel: chan int cannot be decoded from JSON",
		func() { bodyjson.New[[]map[string]bad](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[struct{ D time.Duration }](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[fmt.Stringer](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[map[bool]int](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[map[time.Duration]int](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[[]map[*[2]int]int](bodyjson.Config{}) })
	assert.Panics(t, func() { bodyjson.New[map[struct{ A int }]int](bodyjson.Config{}) })
	for _, test := range []struct {
		h    http.Handler
		body string
	}{
		{echoing[map[[2]byte]int](bodyjson.Config{}), `{"aGk=":1}`},
		{echoing[map[netip.Addr]int](bodyjson.Config{}), `{"::1":1}`},
		{echoing[map[time.Time]int](bodyjson.Config{}), `{"2026-01-02T03:04:05Z":1}`},
		{echoing[map[float32]int](bodyjson.Config{}), `{"1.5":1}`},
		{echoing[map[uint8]int](bodyjson.Config{}), `{"1":1}`},
		{echoing[map[color]int](bodyjson.Config{}), `{"red":1}`},
	} {
		assert.NotEqual(t, 422, do(test.h, post(test.body)).status, "as map keys: %s", test.body)
	}
	assert.Panics(t, func() {
		bodyjson.New[struct {
			A int `json:",embed"`
		}](bodyjson.Config{})
	})
	for _, newQuoted := range []func(){ // the v2 decoder rejects these only when it decodes
		func() { bodyjson.New[quoted[bool]](bodyjson.Config{}) },
		func() { bodyjson.New[quoted[*string]](bodyjson.Config{}) },
		func() { bodyjson.New[quoted[any]](bodyjson.Config{}) },
		func() { bodyjson.New[quoted[[]int]](bodyjson.Config{}) },
		func() { bodyjson.New[quoted[struct{ A int }]](bodyjson.Config{}) },
		func() { bodyjson.New[quoted[json.Number]](bodyjson.Config{}) },
	} {
		assert.Panics(t, newQuoted)
	}
	assert.Equal(t, ok(`{"v":"7"}`), do(echoing[quoted[*int8]](bodyjson.Config{}), post(`{"v":"7"}`)))
	type hidden struct{ A int }
	assert.Panics(t, func() { bodyjson.New[struct{ *hidden }](bodyjson.Config{}) })
	assert.NotPanics(t, func() {
		bodyjson.New[struct{ D time.Duration }](bodyjson.Config{Unmarshal: json.Unmarshal})
	})

	_, err := bodyjson.Get[bad](post(`{"channel":1}`))
	require.Error(t, err)
	var answer *errjson.Error
	assert.NotErrorAs(t, err, &answer, "an error of the program: a 500")
}
