package bodyjson_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/bodyjson"
)

type tree struct {
	A    int             `json:"a" required:"true"`
	More map[string]tree `json:"more"`
	List []tree          `json:"list"`
	Any  any             `json:"any"`
}

type amount struct {
	A int `json:"a" required:"true"`
}

// TestWork limits the time and memory for bodies with costly errors. Most bodies have a long name
// that encloses many invalid values.
func TestWork(t *testing.T) {
	const size = 512 << 10
	name := strings.Repeat("n", size)
	many := func(format string, n int) string { return strings.Repeat(format+",", n) }
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+",", i)
		}
		return b.String()
	}
	v1 := bodyjson.Config{Unmarshal: json.Unmarshal}
	strict := bodyjson.Config{DisallowUnknownFields: true}
	for _, test := range []struct {
		name   string
		h      http.Handler
		body   string
		status int
	}{
		{"required", echoing[map[string][]amount](bodyjson.Config{}), `{"` + name + `":[` + many("{}", 121) + `{"a":1}]}`, 422},
		{"required, in a recursive map", echoing[map[string]tree](bodyjson.Config{}),
			`{"` + name + `":` + strings.Repeat(`{"more":{"m":`, 1000) + `{}` + strings.Repeat("}}", 1000) + `}`, 422},
		{"null", echoing[map[string][]int](bodyjson.Config{}), `{"` + name + `":[` + many("null", 1000) + `1]}`, 422},
		{"type", echoing[map[string][]int](bodyjson.Config{}), `{"` + name + `":[` + many(`""`, 1000) + `1]}`, 422},
		{"range", echoing[map[string][]int8](bodyjson.Config{}), `{"` + name + `":[` + many(`1000`, 1000) + `1]}`, 422},
		{"format", echoing[map[string][]time.Time](bodyjson.Config{}), `{"` + name + `":[` + many(`"x"`, 1000) + `"x"]}`, 422},
		{"length", echoing[map[string][][1]int](bodyjson.Config{}), `{"` + name + `":[` + many(`[]`, 1000) + `[1]]}`, 422},
		{"custom", echoing[map[string][]even](bodyjson.Config{}), `{"` + name + `":[` + many(`3`, 1000) + `2]}`, 422},
		{"unknown", echoing[map[string]amount](strict), `{"` + name + `":{` + numbered(`"u%d":0`, 1000) + `"a":1}}`, 422},
		{"miscased", echoing[map[string][]amount](bodyjson.Config{}), `{"` + name + `":[` + many(`{"A":1}`, 1000) + `{"a":1}]}`, 422},
		{"names of another type", echoing[map[string]map[int]int](bodyjson.Config{}), `{"` + name + `":{` + numbered(`"k%d":0`, 1000) + `"1":1}}`, 422},
		{"escapes in the name", echoing[map[string][]int](bodyjson.Config{}), `{"` + strings.Repeat(`~\/\u0041`, size/9) + `":[` + many(`""`, 1000) + `1]}`, 422},
		{"in an any", echoing[any](bodyjson.Config{}), `{"` + name + `":[` + many("1e400", 1000) + `1]}`, 422},
		{"json.Number with encoding/json", echoing[map[string][]json.Number](v1), `{"` + name + `":[` + many("1", 1000) + `null]}`, 422},
		{"valid json.Number with encoding/json", echoing[map[string][]json.Number](v1), `{"` + name + `":[` + many("1", 1000) + `2]}`, 200},
		{"rejected by encoding/json", echoing[map[string][]json.Number](v1), `{"` + name + `":[` + many(`"1"`, 1000) + `{}]}`, 422},
		{"duplicate", echoing[map[string]any](bodyjson.Config{}), `{"` + name[:size/2] + `":1,"` + name[:size/2] + `":2}`, 400},
		{"syntax at the end", echoing[map[string]any](bodyjson.Config{}), `{"` + name + `":[` + many("1", 1000) + `]}`, 400},
		{"deep", echoing[any](bodyjson.Config{}), strings.Repeat(`{"`+strings.Repeat("n", 50)+`":`, 10_001), 400},
		{"Validate with long pointers", echoing[map[string][]part](bodyjson.Config{}), `{"` + name + `":[` + many(`{"n":-1}`, 1000) + `{}]}`, 422},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := post(test.body)
			before, start := allocated(), time.Now()
			got := do(test.h, r)
			spent, took := allocated()-before, time.Since(start)
			assert.Equal(t, test.status, got.status)
			assert.Less(t, spent, uint64(24*len(test.body)+1<<20), "memory for a body of %d bytes", len(test.body))
			assert.Less(t, took, 10*time.Second)
			if test.status != 200 {
				assert.Less(t, len(got.body), 200<<10)
			}
		})
	}
	t.Run("gzip", func(t *testing.T) {
		var zipped bytes.Buffer
		zw := gzip.NewWriter(&zipped)
		_, _ = fmt.Fprintf(zw, `{"%s":[%s{}]}`, strings.Repeat("n", 1<<20-400), many("{}", 121))
		_ = zw.Close()
		r := post(zipped.String())
		r.Header.Set("Content-Encoding", "gzip")
		before := allocated()
		assert.Equal(t, 413, do(echoing[map[string][]amount](bodyjson.Config{Gunzip: true}), r).status)
		assert.Less(t, allocated()-before, uint64(4<<20), "memory for a compressed body of %d bytes", zipped.Len())
	})
}

// TestStringMemory limits the memory that a short string keeps in use.
func TestStringMemory(t *testing.T) {
	const n = 2000
	kept := make([]string, 0, n)
	body := []byte(`["` + strings.Repeat("a", 7) + `",` + strings.Repeat(`"bbbbbbb",`, 500) + `"c"]`)
	before := int64(inUse())
	for range n {
		list, e := get[[]string](t, body, bodyjson.Config{})
		if e != nil {
			t.Fatal(e)
		}
		kept = append(kept, list[0])
	}
	assert.Less(t, float64(int64(inUse())-before)/n, 1300.0, "a block has at most 1 KiB")
	assert.Len(t, kept, n)
}

// FuzzWork bounds the memory for each byte of a body.
func FuzzWork(f *testing.F) {
	seeds(f)
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add([]byte(document(random)))
	}
	f.Add([]byte(`{"` + strings.Repeat("n", 5000) + `":[{},{},{},null,{"a":null},{"A":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		bound[any](t, data, bodyjson.Config{})
		bound[everything](t, data, bodyjson.Config{DisallowUnknownFields: true})
		bound[map[string][]tree](t, data, bodyjson.Config{})
		bound[tree](t, data, bodyjson.Config{Unmarshal: json.Unmarshal})
		bound[map[string][]json.Number](t, data, bodyjson.Config{UseNumber: true})
		bound[[]machine](t, data, bodyjson.Config{AllowDuplicateNames: true})
	})
}

// bound compares the memory for a body with that of encoding/json.
func bound[T any](t *testing.T, data []byte, cfg bodyjson.Config) {
	t.Helper()
	before := allocated()
	_ = json.Unmarshal(data, new(T))
	floor := allocated() - before
	before = allocated()
	_, _ = get[T](t, data, cfg)
	if spent := allocated() - before; spent > 4*floor+uint64(200*len(data))+256<<10 {
		t.Fatalf("%T: %d bytes need %d bytes of memory, with encoding/json %d", *new(T), len(data), spent, floor)
	}
}
