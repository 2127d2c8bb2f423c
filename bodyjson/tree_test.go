package bodyjson_test

import (
	"bytes"
	stdjson "encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

// trees are documents at the edges of what is read without the decoder.
var trees = []string{
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

func TestTree(t *testing.T) {
	for _, data := range trees {
		sameTree(t, []byte(data))
	}
	v, e := get[any](t, []byte(`-0`), bodyjson.Config{})
	require.Nil(t, e)
	assert.True(t, math.Signbit(v.(float64)), "minus zero")
}

// sameTree compares what an any becomes with what the decoder makes of it.
func sameTree(t *testing.T, data []byte) {
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
		t.Fatalf("%q: %#v, %v, but want %#v", data, got, e, want)
	}
}

// FuzzTree compares the two ways to read a tree.
func FuzzTree(f *testing.F) {
	seeds(f)
	for _, data := range trees {
		f.Add([]byte(data))
	}
	f.Fuzz(sameTree)
}
