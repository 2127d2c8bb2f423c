package bodyjson_test

import (
	"bytes"
	stdjson "encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

// plain contains documents at the limits of the fast decoder.
var plain = []string{
	`{}`, `[]`, ` [ ] `, "\t{\r\n}\n", `0`, `-0`, `-0.0e-0`, `1E+2`, `123456789012345678901234567890`, `1e400`, `1e-400`, `4.9e-324`,
	`01`, `-`, `-a`, `1.`, `.1`, `1e`, `1e+`, `+1`, `1a`, `Infinity`, `true`, `tru`, `truex`, `false`, `nul`, `null`, `nulll`,
	`""`, `"a`, `"\"`, `"\\"`, `"\\\"`, `"\u00e9\n"`, `"\x"`, `"\ud83d\ude00"`, `"\ud83d"`, `"é💥"`, "\"\xff\"", "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"é\x01\"",
	`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"":0,"a":{"a":{}},"b":[{"a":1}]}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a":1`, `{"a":1]`, `{"a" 1}`,
	`[1,]`, `[,1]`, `[1`, `[1}`, `[1 2]`, `[[],{},[[]],null,true,false,"a",1.5,"\t"]`, `[]]`, `{} {}`, "\x00", "1\x00", "[1]\x00", "\xef\xbb\xbf1",
	strings.Repeat("[", 199) + strings.Repeat("]", 199), strings.Repeat("[", 200) + strings.Repeat("]", 200),
	strings.Repeat("[", 201) + strings.Repeat("]", 201), strings.Repeat(`{"a":`, 201) + `1` + strings.Repeat("}", 201),
	`["` + strings.Repeat("a", 1023) + `","` + strings.Repeat("b", 1024) + `","` + strings.Repeat("c", 1025) + `","` + strings.Repeat("é", 5000) + `"]`,
	`[` + strings.Repeat(`"0123456789",`, 2000) + `"\n"]`,
}

func TestPlain(t *testing.T) {
	for _, data := range plain {
		samePlain(t, []byte(data))
	}
	v, e := get[any](t, []byte(`-0`), bodyjson.Config{})
	require.Nil(t, e)
	assert.True(t, math.Signbit(v.(float64)), "minus zero")

	type other any
	for _, deep := range []int{1, 300} { // the second is decoded by the v2 decoder
		list, e := get[[]other](t, []byte("[1,"+strings.Repeat("[", deep)+strings.Repeat("]", deep)+"]"), bodyjson.Config{UseNumber: true})
		require.Nil(t, e)
		assert.IsType(t, 1.0, list[0], "an interface type other than any does not get a json.Number")
	}
}

// samePlain compares the results for any with those of the v2 decoder.
func samePlain(t *testing.T, data []byte) {
	t.Helper()
	agree[any](t, data, bodyjson.Config{})
	agree[map[string]any](t, data, bodyjson.Config{})
	agree[[]any](t, data, bodyjson.Config{})
	if json.Unmarshal(data, new(any)) != nil {
		return
	}
	dec := stdjson.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var want any
	if err := dec.Decode(&want); err != nil {
		t.Fatal(err)
	}
	got, e := get[any](t, data, bodyjson.Config{UseNumber: true})
	if e != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%q: got %#v, %v, want %#v", data, got, e, want)
	}
}

// FuzzPlain compares the fast decoder with the v2 decoder.
func FuzzPlain(f *testing.F) {
	seeds(f)
	for _, data := range plain {
		f.Add([]byte(data))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		f.Add([]byte(document(random)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		samePlain(t, data)
		sameKinds(t, data)
	})
}

type (
	name    string
	Inner   struct{ A, B int8 }
	inner   struct{ C *bool }
	Another struct {
		D string
		E *float32
	}
)

// kinds has a field of each kind. Most names are letters.
type kinds struct {
	A int               `json:"a"`
	B int8              `json:"b,omitempty"`
	C int64             `json:"c"`
	D uint              `json:"d"`
	E uint8             `json:"e"`
	F uint64            `json:"f"`
	G float32           `json:"g"`
	H float64           `json:"h"`
	I string            `json:"i"`
	J name              `json:"j"`
	K bool              `json:"k"`
	L *int              `json:"l"`
	M **string          `json:"m"`
	N []string          `json:"n"`
	O []*Inner          `json:"o"`
	P [][]int           `json:"p"`
	Q map[string]string `json:"q"`
	R map[name]Inner    `json:"r"`
	S map[string]any    `json:"s"`
	T any               `json:"t"`
	U []any             `json:"u"`
	V time.Time         `json:"v"`
	W []byte            `json:"w"`
	X [2]int            `json:"x"`
	Y map[int]bool      `json:"y"`
	Z *kinds            `json:"z"`

	Optional  bodyjson.Optional[[]int] `json:"optional,omitzero"`
	Addresses []netip.Addr             `json:"addresses"`
	Amounts   map[string]even          `json:"amounts"`
	Raw       stdjson.RawMessage       `json:"raw"`
	Quoted    int                      `json:"quoted"`
	Escaped   bool                     `json:"é"`
	Inner
	inner
	Another `json:"another"`
}

// sameKinds compares the results for each kind with those of the v2 decoder.
func sameKinds(t *testing.T, data []byte) {
	t.Helper()
	agree[kinds](t, data, bodyjson.Config{})
	agree[kinds](t, data, bodyjson.Config{DisallowUnknownFields: true}, json.RejectUnknownMembers(true))
	agree[map[string]*kinds](t, data, bodyjson.Config{})
	agree[[]Another](t, data, bodyjson.Config{})
	agree[*kinds](t, data, bodyjson.Config{})
}

// TestPlainModel compares the decoders for many documents with few errors.
func TestPlainModel(t *testing.T) {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	taken := 0
	for range 2_000 {
		data := []byte(document(random))
		sameKinds(t, data)
		samePlain(t, data)
		if json.Unmarshal(data, new(kinds)) == nil {
			taken++
		}
	}
	assert.Greater(t, taken, 200, "too few valid documents")
	assert.Less(t, taken, 1_800, "too few invalid documents")
}

// document returns a random document for kinds.
func document(random *rand.Rand) string {
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	space := func() string { return pick("", "", "", "", " ", "\n", "\t\r ") }
	var value func(depth int, of string) string
	object := func(depth int, of func() (name, value string)) string {
		var members []string
		for range random.IntN(4) {
			name, value := of()
			members = append(members, space()+strconv.Quote(name)+space()+":"+space()+value+space())
		}
		return "{" + strings.Join(members, ",") + pick("", space()) + "}"
	}
	array := func(of func() string) string {
		var elements []string
		for range random.IntN(4) {
			elements = append(elements, space()+of()+space())
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	value = func(depth int, of string) string {
		if random.IntN(60) == 0 {
			of = pick("text", "int", "float", "bool", "any")
		}
		if random.IntN(20) == 0 {
			return "null"
		}
		switch of {
		case "int":
			return pick("0", "1", "-1", "7", "-0", "127", "128", "-128", "255", "9007199254740993", "1.0", "1e1", "01", "18446744073709551615")
		case "small":
			return pick("0", "1", "7", "100", "127")
		case "float":
			return pick("0", "-0", "1.5", "0.1", "1e3", "-2.5E-3", "3.4028235e38", "3.5e38", "1e400", "123456789.123456789", "1.")
		case "text":
			return pick(`""`, `"a"`, `"long enough to be kept"`, `"\n"`, `"é"`, `"\u00e9\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", `"a\"b"`)
		case "bool":
			return pick("true", "false")
		case "time":
			return pick(`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.678+01:00"`, `"2026"`)
		case "base64":
			return pick(`""`, `"aGk="`, `"*"`)
		case "ints":
			return array(func() string { return value(depth, "small") })
		case "texts":
			return array(func() string { return value(depth, "text") })
		case "Inner":
			return object(depth, func() (string, string) { return pick("A", "B", "C"), value(depth, "small") })
		case "Another":
			return object(depth, func() (string, string) {
				if random.IntN(2) == 0 {
					return "D", value(depth, "text")
				}
				return "E", value(depth, "float")
			})
		}
		if depth == 0 {
			return value(0, pick("text", "float", "bool"))
		}
		if random.IntN(2) == 0 {
			return array(func() string { return value(depth-1, "any") })
		}
		return object(depth, func() (string, string) { return pick("a", "b", "c", "é"), value(depth-1, "any") })
	}
	of := map[string]string{
		"a": "int", "b": "small", "c": "int", "d": "small", "e": "small", "f": "int", "g": "float", "h": "float", "i": "text", "j": "text", "k": "bool",
		"l": "int", "m": "text", "n": "texts", "t": "any", "v": "time", "w": "base64", "x": "ints", "optional": "ints", "raw": "any",
		"quoted": "small", "é": "bool", "A": "small", "B": "small", "C": "bool", "another": "Another", "unknown": "any", "D": "text", "Z": "any",
	}
	names := slices.Sorted(maps.Keys(of))
	var kindsOf func(depth int) string
	kindsOf = func(depth int) string {
		return object(3, func() (string, string) {
			switch name := pick(append(names, "o", "p", "q", "r", "s", "u", "y", "z", "addresses", "amounts")...); name {
			case "o":
				return name, array(func() string { return value(2, "Inner") })
			case "addresses":
				return name, array(func() string { return pick(`"::1"`, `"127.0.0.1"`, `"::1%é"`, `"::1"`, `"\u003a:1"`, `"x"`, `null`) })
			case "amounts":
				return name, object(2, func() (string, string) { return pick("a", "b"), pick("2", "4", "null", " 6 ", "3") })
			case "p":
				return name, array(func() string { return value(2, "ints") })
			case "q":
				return name, object(2, func() (string, string) { return pick("a", "b", "\n"), value(2, "text") })
			case "r":
				return name, object(2, func() (string, string) { return pick("a", "b", "é"), value(2, "Inner") })
			case "s":
				return name, object(2, func() (string, string) { return pick("a", "b"), value(2, "any") })
			case "u":
				return name, array(func() string { return value(2, "any") })
			case "y":
				return name, object(2, func() (string, string) { return pick("1", "2", "x"), value(2, "bool") })
			case "z":
				if depth == 0 {
					return name, "null"
				}
				return name, kindsOf(depth - 1)
			default:
				return name, value(2, of[name])
			}
		})
	}
	switch random.IntN(5) {
	case 0:
		return array(func() string { return value(3, "Another") })
	case 1:
		return object(3, func() (string, string) { return pick("a", "b"), kindsOf(1) })
	}
	return space() + kindsOf(2) + space()
}
