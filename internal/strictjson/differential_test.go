package strictjson_test

import (
	"bytes"
	"cmp"
	stdjson "encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/internal/strictjson"
)

var (
	seed         = flag.Uint64("seed", 0, "seed of the first type of TestDifferential; 0 is random")
	differential = flag.Duration("differential", 2*time.Second, "duration of TestDifferential")
)

// TestDifferential compares Options.Decode with the v2 decoder for random types, documents and
// options. A failure reports the seed of its type. To run the test for an hour:
//
//	go test ./internal/strictjson -run TestDifferential -timeout 0 -differential 1h
func TestDifferential(t *testing.T) {
	first := cmp.Or(*seed, uint64(time.Now().UnixNano()))
	t.Logf("the first seed is %d", first)
	perType := 60
	if *differential > time.Minute {
		perType = 600 // Go never frees a type
	}
	count := map[string]int{}
	end := time.Now().Add(*differential)
	for s := first; time.Now().Before(end) || count["document"] < 6_000; s++ {
		g := generator{Rand: rand.New(rand.NewPCG(s, 0))}
		x := trial{typ: g.typ(3), count: count}
		x.t = strictjson.TypeOf(x.typ)
		count["type"]++
		if x.t.Err() != nil {
			count["unsupported type"]++
			continue
		}
		for range perType {
			x.data, x.options = g.document(x.typ), g.options()
			if problem := x.run(); problem != "" {
				t.Fatalf("%s\ntype: %v\ndocument: %q\noptions: %+v\nreproduce with -seed=%d",
					problem, x.typ, x.data, x.options, s)
			}
		}
	}
	t.Log(count)
	share := func(part, whole string) float64 { return float64(count[part]) / float64(count[whole]) }
	assert.Less(t, share("unsupported type", "type"), 0.2)
	assert.Greater(t, share("accepted", "document"), 0.2)
	assert.Greater(t, share("accepted by the fast decoder", "accepted"), 0.2)
	assert.Greater(t, share("rejected by Decode only", "document"), 0.01)
	assert.Greater(t, share("rejected by both", "document"), 0.2)
	assert.Greater(t, share("malformed", "rejected by both"), 0.1)
	assert.Less(t, share("malformed", "rejected by both"), 0.8)
}

// A trial decodes a document into a type.
type trial struct {
	typ     reflect.Type
	t       *strictjson.Type
	data    []byte
	options strictjson.Options
	count   map[string]int
}

// run compares the decoders and returns a description of a difference, or "".
func (x trial) run() (problem string) {
	defer func() {
		if r := recover(); r != nil {
			problem = fmt.Sprint("panic: ", r)
		}
	}()
	x.count["document"]++
	input := bytes.Clone(x.data)
	got, want := reflect.New(x.typ), reflect.New(x.typ)
	wantErr := x.options.DecodeV2(bytes.Clone(x.data), x.t, want.Interface())
	err := x.options.Decode(input, x.t, got.Interface())
	if !bytes.Equal(input, x.data) {
		return "Decode modifies the document"
	}
	clear(input) // the value must not alias it
	if string(sharedRaw) != sharedText || !slices.Equal(sharedList, []int{1, 2, 3}) {
		sharedRaw, sharedList = []byte(sharedText), []int{1, 2, 3}
		return "a slice that SetDefaults assigns is modified"
	}
	checkErr := x.options.Check(x.data, x.t)
	report, _ := err.(*strictjson.Report)
	switch {
	case err == nil && wantErr != nil:
		return fmt.Sprintf("only v2 rejects it: %v", wantErr)
	case err == nil && !x.equal(got, want):
		return fmt.Sprintf("got %s, want %s", describe(got), describe(want))
	case err == nil && checkErr != nil:
		return fmt.Sprintf("only the checker rejects it: %v", checkErr)
	case err == nil:
		x.count["accepted"]++
		if x.options.DecodeFast(x.data, x.t, reflect.New(x.typ).Interface()) {
			x.count["accepted by the fast decoder"]++
		}
		return ""
	case !got.Elem().IsZero():
		return fmt.Sprintf("the value is not zero: %s", describe(got))
	case report == nil || len(report.Errors) == 0 || len(report.Errors) > 100:
		return fmt.Sprintf("not a Report with errors: %v", err)
	case wantErr != nil:
		x.count["rejected by both"]++
		return cmp.Or(x.checkPositions(report), x.checkError(report, wantErr))
	case checkErr == nil || !reflect.DeepEqual(checkErr, err):
		return fmt.Sprintf("Decode reports %+v, the checker %+v", err, checkErr)
	}
	x.count["rejected by Decode only"]++
	for _, e := range report.Errors {
		isNull := e.Code == "null" && bytes.HasPrefix(x.data[e.Offset:], []byte("null"))
		isMiscased := e.Code == "unknown_field" && strings.Contains(e.Message, "Did you mean")
		if !isNull && !isMiscased && e.Code != "required" {
			return fmt.Sprintf("only Decode rejects it: %v", err)
		}
	}
	return x.checkPositions(report)
}

func (x trial) equal(got, want reflect.Value) bool {
	switch {
	case pointerKeys.MatchString(x.typ.String()):
		return true // the values are never equal
	case !reflect.DeepEqual(got.Interface(), want.Interface()):
		return false
	}
	return !bytes.Contains(x.data, []byte("-0")) || describe(got) == describe(want) // minus zero
}

var (
	pointerKeys = regexp.MustCompile(`map\[(\*|time)`)
	addresses   = regexp.MustCompile(`0x[0-9a-f]+`)
)

// describe returns a value as text, without addresses.
func describe(v reflect.Value) string {
	return addresses.ReplaceAllString(fmt.Sprintf("%+v", v.Elem()), "&")
}

// checkError checks that a Report contains the error at which the v2 decoder stops. The result is a
// description of the difference, or "".
func (x trial) checkError(report *strictjson.Report, err error) string {
	var semantic *json.SemanticError
	if report.Malformed || len(report.Errors) == 100 || len(x.data) > 1_000 ||
		!errors.As(err, &semantic) || semantic.GoType == reflect.TypeFor[position]() {
		return ""
	}
	for _, e := range report.Errors {
		want := string(semantic.JSONPointer)
		if e.Pointer == want || e.Cause != nil && strings.HasPrefix(want, e.Pointer+"/") {
			return ""
		}
	}
	return fmt.Sprintf("v2: %v, but Decode: %+v", err, report.Errors)
}

// checkPositions checks the offsets and pointers of a Report. The result is a description of an
// invalid one, or "".
func (x trial) checkPositions(report *strictjson.Report) string {
	duplicates := jsontext.AllowDuplicateNames(x.options.AllowDuplicateNames)
	isJSON := jsontext.Value(x.data).IsValid(duplicates)
	for _, e := range report.Errors {
		isComplete := e.Code != "" && e.Message != ""
		if e.Offset < 0 || e.Offset > len(x.data) || len(e.Pointer) > 1<<10 || !isComplete {
			return fmt.Sprintf("invalid error: %+v", e)
		}
		if report.Malformed {
			x.count["malformed"]++
			err := json.Unmarshal(x.data[:e.Offset], new(jsontext.Value), duplicates)
			if err != nil && !strings.Contains(err.Error(), "unexpected EOF") {
				return fmt.Sprintf("%v is before %+v", err, e)
			} else if len(report.Errors) != 1 || isJSON && e.Code != "duplicate" {
				return fmt.Sprintf("not malformed: %+v", e)
			}
			continue
		}
		name, _ := jsontext.NewDecoder(bytes.NewReader(x.data[e.Offset:])).ReadToken()
		isName := name.String() == jsontext.Pointer(e.Pointer).LastToken()
		isKnown := !x.options.AllowDuplicateNames && len(x.data) < 1_000
		if !isJSON || isKnown && e.Cause == nil && !isName &&
			e.Offset != strictjson.Offsets(x.data, []string{e.Pointer})[0] {
			return fmt.Sprintf("invalid position: %+v", e)
		}
	}
	return ""
}

// Types with methods.
type (
	text       string
	custom     struct{ Raw string }
	merging    map[string]int
	position   struct{ Offset int64 }
	delegating struct {
		Number stdjson.Number `json:"number"`
		Any    any            `json:"any"`
		List   []defaulting   `json:"list" required:"true"`
	}
	declining  struct{ A int8 }
	stamp      struct{ time.Time }
	maybe      struct{ bodyjson.Optional[int8] }
	defaultRaw struct {
		A stdjson.RawMessage
		B merging
	}
	defaultInt  int8
	defaultMap  map[string]int
	defaultList []int
	defaulting  struct {
		A int            `json:"a"`
		B *int           `json:"b"`
		C []int          `json:"c"`
		D map[string]int `json:"d"`
		E any            `json:"e"`
		F [2]defaultInt  `json:"f" required:"true"`
	}
	resetting struct{ A, B defaulting }
	Embedded  struct{ A, B int }
	embedding struct {
		*Embedded
		C int
	}
)

func reject(condition bool) error {
	if condition {
		return errors.New("rejected")
	}
	return nil
}

func (v *text) UnmarshalText(data []byte) error {
	*v = text(strings.ToLower(string(data)))
	return reject(strings.Contains(string(data), "!"))
}

func (v *custom) UnmarshalJSON(data []byte) error {
	v.Raw += string(data)
	return reject(data[0] == '-')
}

func (v *merging) UnmarshalJSON(data []byte) error {
	return stdjson.Unmarshal(data, (*map[string]int)(v))
}

func (v *position) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v.Offset = dec.InputOffset() + int64(len(dec.StackPointer()))
	return cmp.Or(dec.SkipValue(), reject(v.Offset%8 == 7))
}

func (v *delegating) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain delegating
	return json.UnmarshalDecode(dec, (*plain)(v))
}

func (v *declining) UnmarshalJSONFrom(*jsontext.Decoder) error { return errors.ErrUnsupported }

const sharedText = `"shared"`

var sharedRaw, sharedList = []byte(sharedText), []int{1, 2, 3}

func (v *defaultRaw) SetDefaults()  { *v = defaultRaw{sharedRaw, merging{"x": 1}} }
func (v *defaultInt) SetDefaults()  { *v = 5 }
func (v *defaultMap) SetDefaults()  { *v = defaultMap{"x": 1} }
func (v *defaultList) SetDefaults() { *v = sharedList }
func (v *resetting) SetDefaults()   { v.A = defaulting{} }
func (v *Embedded) SetDefaults()    { v.A = 5 }
func (v *defaulting) SetDefaults() {
	v.A, v.B, v.C, v.D, v.E = 7, new(int), sharedList, map[string]int{"x": 1}, &declining{}
}

// Types without methods.
type (
	anything any
	name     string
	number   int16
	octet    byte
	node     struct {
		Name  string                   `json:"name" required:"true"`
		Nodes []node                   `json:"nodes"`
		Next  *node                    `json:"next"`
		Named map[name]*node           `json:"named" notnull:"true"`
		Links []*node                  `json:"links" notnull:"true"`
		Maybe bodyjson.Optional[*node] `json:"maybe"`
	}
	Plain struct {
		P    int8 `json:"p"`
		Q, R *bool
		S    int `json:"-"`
	}
	Other struct {
		P, R string `json:",omitempty"`
		T    name   `json:"Q,case:ignore"`
	}
	hidden struct{ H float32 }
	outer  struct {
		hidden
		*Plain
		Other
		Named Plain `json:"named"`
	}
)

// typesOf returns the types that pointers point to.
func typesOf(pointers ...any) (types []reflect.Type) {
	for _, p := range pointers {
		types = append(types, reflect.TypeOf(p).Elem())
	}
	return types
}

var (
	simple = typesOf(new(bool), new(string), new(int), new(int8), new(int64), new(uint), new(uint8),
		new(uint64), new(float32), new(float64), new(stdjson.Number), new(time.Time), new([]byte),
		new([3]byte), new(stdjson.RawMessage), new(jsontext.Value), new(any), new(anything), new(name),
		new(number), new(octet), new([]octet), new(netip.Addr), new(text), new(custom), new(merging),
		new(position), new(delegating), new(declining), new(stamp), new(maybe), new(defaultInt))
	composed = typesOf(new(defaulting), new(resetting), new(embedding), new(defaultMap), new(node),
		new(defaultRaw), new(defaultList), new(Plain), new(Other), new(outer), new(bodyjson.Optional[int]),
		new(bodyjson.Optional[any]), new(bodyjson.Optional[[]*name]), new(bodyjson.Optional[defaulting]),
		new(bodyjson.Optional[stdjson.Number]), new(bodyjson.Optional[bodyjson.Optional[*custom]]),
		new(bodyjson.Optional[position]), new(bodyjson.Optional[map[string]node]))
	keys = typesOf(new(string), new(string), new(name), new(int), new(uint8), new(float64),
		new(stdjson.Number), new(text), new(*int), new(time.Time), new(netip.Addr), new([3]byte),
		new(custom), new(any), new(bodyjson.Optional[int]), new(defaultInt), new(*stdjson.Number),
		new(position))
	unsupported = typesOf(new(time.Duration), new(chan int), new(func()), new(complex64),
		new(fmt.Stringer), new(map[bool]int), new(map[Plain]int), new(struct{ a int }),
		new(struct{ *hidden }))
	names = strings.Fields(`a b name Name na-me é ſ s x_y xY ~/ null 0 💥`)

	// Values of documents. The unusual ones are invalid for some types.
	texts    = strings.Fields(`"" "a" "A" "a" "\u0061" "é" "a/b" "\ud83d\ude00" "\"\\\/\n" "1" "-0"`)
	oddTexts = strings.Fields(`"!" "\ud800" "\udc00\ud800" "\x" "` + "\xff" + `" "` + "\x01" + `"
		"01" "1.0" "1e0" "-" "+1" "\u0031" "1\n" "127" "128" "" "null" "9223372036854775808"
		"aGk" "aGk=" "aGl=" "YWJj" "YW\nJj" "YWJj\r\n" "*" "YWJ-" "aGk=aGk=" "=" "::1" "::1%é"
		"2026-01-02T3:04:05Z" "2026-01-02T03:04:05,5Z" "2026-01-02T03:04:05+24:00" "2026"
		"2026-01-02T03:04:05+23:60" "2026-02-29T03:04:05Z" "2026-01-02T24:04:05Z"
		"2026-01-02T03:04:60Z" "2026-01-02t03:04:05z" "2026-01-02T03:04:05" "2026-01-02T03:04:05.Z"
		"2026-01-02T03:04:05+1:00" "2026-01-02T03:04:05+0100" "\u0032026-01-02T03:04:05Z"`)
	numbers    = strings.Fields(`0 1 -1 7 12 -0 127 -128 300 1.5 1.0 1e1 -0.0`)
	oddNumbers = strings.Fields(`1e400 -1e400 1e39 1e-400 4.9e-324 0.1e1 256 -129 65536 128 01 1. .5 -
		9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551615
		18446744073709551616 123456789012345678901234567890`)
	others = strings.Fields(`null true false {} [] [1] {"a":null} {"A":1,"a":[{}]} "a" truE`)
)

// A generator makes random types, documents, and options.
type generator struct {
	*rand.Rand
	rate float64 // of errors in the document
}

func pick[T any](g generator, values []T) T   { return values[g.IntN(len(values))] }
func (g generator) chance(p float64) bool     { return g.Float64() < p }
func (g generator) choose(s ...string) string { return pick(g, s) }

func (g generator) options() (o strictjson.Options) {
	if g.chance(0.6) {
		o = strictjson.Options{RejectUnknownNames: g.chance(0.3), IgnoreMiscasedNames: g.chance(0.3),
			MatchCaseInsensitiveNames: g.chance(0.2), UseNumber: g.chance(0.3)}
		o.AllowDuplicateNames = g.chance(0.2)
	}
	return o
}

func (g generator) typ(depth int) reflect.Type {
	n := g.IntN(20)
	switch {
	case g.chance(0.004):
		return pick(g, unsupported)
	case depth == 0 || n < 4 && depth < 3:
		return pick(g, simple)
	case n < 7:
		return pick(g, composed)
	case n < 9:
		return reflect.PointerTo(g.typ(depth - 1))
	case n < 11:
		return reflect.SliceOf(g.typ(depth - 1))
	case n < 12:
		return reflect.ArrayOf(g.IntN(4), g.typ(depth-1))
	case n < 14:
		return reflect.MapOf(pick(g, keys), g.typ(depth-1))
	}
	count, isLarge := g.IntN(6), g.chance(0.02)
	if isLarge {
		count = 70 // more fields than the bits of a word
	}
	var fields []reflect.StructField
	for i, n := range g.Perm(max(count, len(names)))[:count] {
		f := reflect.StructField{Name: "F" + strconv.Itoa(i), Type: pick(g, simple[:9])}
		if !isLarge {
			f.Type = g.typ(depth - 1)
		}
		tag := ""
		if n < len(names) && g.chance(0.9) {
			tag = names[n]
		}
		_, isFrom := reflect.PointerTo(f.Type).MethodByName("UnmarshalJSONFrom")
		isNumber := f.Type.Kind() >= reflect.Int && f.Type.Kind() <= reflect.Float64 && !isFrom
		if !isLarge && isNumber && g.chance(0.3) || g.chance(0.02) {
			tag += ",string"
		}
		if !isLarge {
			tag += g.choose("", "", "", ",omitempty", ",omitzero", ",case:ignore", ",case:strict")
		}
		f.Tag = reflect.StructTag(fmt.Sprintf("json:%q", tag) + g.choose("", "", "", "",
			` required:"true"`, ` required:"x y"`, ` required:"false"`, ` notnull:"true"`))
		fields = append(fields, f)
	}
	embedded := typesOf(new(Plain), new(*Other), new(*map[string]int), new(jsontext.Value))
	for i, typ := range append(embedded, reflect.MapOf(pick(g, keys[:3]), g.typ(depth-1))) {
		f := reflect.StructField{Name: "E" + strconv.Itoa(i), Type: typ, Tag: `json:",embed"`}
		if i < 2 && g.chance(0.8) {
			f.Name, f.Anonymous = []string{"Plain", "Other"}[i], true
			f.Tag = reflect.StructTag(g.choose("", "", `json:"embedded"`))
		}
		if g.chance(0.1) {
			fields = append(fields, f)
		}
	}
	return reflect.StructOf(fields)
}

// document returns a random document. Most documents are valid for t or have few errors.
func (g generator) document(t reflect.Type) []byte {
	g.rate = pick(g, []float64{0, 0.02, 0.05, 0.1, 0.3})
	v := reflect.New(t)
	g.fill(v.Elem(), 5)
	data, err := json.Marshal(v.Interface(), jsontext.AllowDuplicateNames(true))
	if err != nil {
		data = []byte(pick(g, others))
	}
	data = []byte(g.space() + g.mutate(data) + g.space())
	if g.chance(0.85) {
		return data
	}
	at := g.IntN(len(data) + 1)
	bad := g.choose("", ",", "x", "\xff", "\x00", `"`, `\`, `\ud800`, "{", "]", ":", "1", "[[", "é")
	switch g.IntN(6) {
	case 0:
		return data[:at]
	case 1:
		return append(data, g.choose("1", "{}", ",", "]", "x", "\x00", " null")...)
	case 2:
		return append([]byte(g.choose("\xef\xbb\xbf", "\xff\xfe", "\x00")), data...)
	}
	return slices.Replace(data, at, min(len(data), at+g.IntN(2)), []byte(bad)...)
}

// fill sets v to a random value with at most depth levels.
func (g generator) fill(v reflect.Value, depth int) {
	n := 0
	if depth > 0 {
		n = g.IntN(5)
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		zone := time.FixedZone("", g.IntN(24)*1800)
		*p = time.Unix(g.Int64N(1e10), g.Int64N(2)*g.Int64N(1e9)).In(zone)
		return
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{127, 0, 0, byte(n)})
		return
	case *stdjson.Number:
		*p = stdjson.Number(pick(g, numbers))
		return
	case *stdjson.RawMessage, *jsontext.Value:
		v.SetBytes([]byte(pick(g, others[:8])))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(n > 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(pick(g, []int64{0, 1, -1, 7, 127, -128}))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(pick(g, []uint64{0, 1, 7, 255}))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(pick(g, []float64{0, 1, -1, 1.5, 1e30, 1e-9}))
	case reflect.String:
		v.SetString(pick(g, names))
	case reflect.Pointer:
		if depth > 0 && g.chance(0.9) {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem(), depth)
		}
	case reflect.Interface:
		types := typesOf(new(string), new(bool), new(float64), new([]any), new(map[string]any))
		if value := reflect.New(types[n]); v.NumMethod() == 0 {
			g.fill(value.Elem(), depth-1)
			v.Set(value.Elem())
		}
	case reflect.Slice:
		n /= 2
		if depth > 0 && g.chance(0.002) {
			n = 150 // more than the errors of a Report
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			g.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range n / 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			g.fill(key, 0)
			g.fill(value, depth-1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				g.fill(v.Field(i), depth-1)
			}
		}
	}
}

// mutate returns a value with random errors, white space, and members in another order.
func (g generator) mutate(data jsontext.Value) string {
	kind := data.Kind()
	switch {
	case g.chance(0.02):
		return "null"
	case g.chance(g.rate / 3):
		return pick(g, others)
	case g.chance(0.0005):
		n := pick(g, []int{198, 199, 200, 201, 9_998, 10_000, 10_001})
		return strings.Repeat("[", n) + strings.Repeat("]", n)
	case kind == '"' && g.chance(g.rate):
		return pick(g, slices.Concat(oddTexts, texts, numbers))
	case kind == '0' && g.chance(g.rate):
		return pick(g, slices.Concat(oddNumbers, numbers, oddTexts))
	case kind != '{' && kind != '[':
		return string(data)
	}
	var elements []string
	dec := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	for dec.ReadToken(); dec.PeekKind() != '}' && dec.PeekKind() != ']'; {
		name := ""
		if kind == '{' {
			token, _ := dec.ReadToken()
			name = g.name(token.String())
		}
		value, _ := dec.ReadValue()
		value = value.Clone()
		if !g.chance(0.1) {
			elements = append(elements, name+g.space()+g.mutate(value)+g.space())
		}
		if g.chance(g.rate / 3) {
			elements = append(elements, name+g.mutate(jsontext.Value(pick(g, others)))) // a duplicate
		}
	}
	unknown := pick(g, []int{0, 0, 0, 0, 0, 0, 1, 2, 3})
	if g.chance(0.02) {
		unknown = 12
	}
	for i := 0; kind == '{' && i < unknown; i++ {
		name := "u" + strconv.Itoa(g.IntN(90))
		if g.chance(0.1) {
			name = g.choose(pick(g, names), strings.Repeat("long", g.IntN(600)))
		}
		elements = append(elements, g.name(name)+pick(g, slices.Concat(others, texts, numbers)))
	}
	if kind == '{' && g.chance(0.3) {
		g.Shuffle(len(elements), func(i, j int) { elements[i], elements[j] = elements[j], elements[i] })
	}
	end := "}"
	if kind == '[' {
		end = "]"
	}
	return string(data[:1]) + strings.Join(elements, ",") + g.space() + end
}

// name returns a quoted name and a colon.
func (g generator) name(name string) string {
	if g.chance(g.rate / 3) {
		name = g.choose(strings.ToUpper(name), "-"+name, strings.ToLower(name), "01", "1.0", "x")
	}
	quoted, _ := jsontext.AppendQuote(nil, name)
	text := string(quoted)
	if g.chance(0.2) {
		text = strings.ReplaceAll(text, "a", `\u0061`)
	}
	return g.space() + text + g.space() + ":"
}

func (g generator) space() string {
	return g.choose("", "", "", "", "", "", "", "", " ", "\n\t\r ")
}
