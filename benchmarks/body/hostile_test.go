package body_test

import (
	"bytes"
	"compress/gzip"
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hipflask/hipflask/bodyjson"
)

// A hostile document costs more than other documents of its size. Most have an error at the end.
type hostile struct {
	name string
	body string
	new  func(bodyjson.Config) func(http.Handler) http.Handler
	std  func([]byte) error
	cfg  bodyjson.Config
}

func hostileAs[T any](name, body string, cfg ...bodyjson.Config) hostile {
	h := hostile{name: name, body: body,
		new: func(cfg bodyjson.Config) func(http.Handler) http.Handler { return bodyjson.New[T](cfg) },
		std: func(data []byte) error { return stdjson.Unmarshal(data, new(T)) }}
	if len(cfg) > 0 {
		h.cfg = cfg[0]
	}
	return h
}

type (
	hostileItem struct {
		A int    `json:"a" required:"true"`
		B string `json:"b"`
	}
	hostileTree struct {
		A    int                    `json:"a" required:"true"`
		More map[string]hostileTree `json:"more"`
	}
	hostileText struct{ s string }
	hostileJSON struct{ n int }
)

func (h *hostileText) UnmarshalText(text []byte) error {
	h.s = string(text)
	if h.s == "x" {
		return fmt.Errorf("rejected")
	}
	return nil
}

func (h *hostileJSON) UnmarshalJSON(data []byte) error { return stdjson.Unmarshal(data, &h.n) }

func hostiles() []hostile {
	const size = 256 << 10
	// fill repeats an element until the result has the size.
	fill := func(element string) string { return strings.Repeat(element+",", size/(len(element)+1)) }
	numbered := func(format string, width int) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format+",", i)
		}
		return b.String()
	}
	name := strings.Repeat("n", size/2)
	strict := bodyjson.Config{DisallowUnknownFields: true}
	v1 := bodyjson.Config{Unmarshal: stdjson.Unmarshal}
	duplicates := bodyjson.Config{AllowDuplicateNames: true}
	folding := bodyjson.Config{MatchCaseInsensitiveNames: true}
	return []hostile{
		hostileAs[[]int]("integers-then-string", `[`+fill(`1`)+`"x"]`),
		hostileAs[[]int]("integers-then-syntax", `[`+fill(`1`)+`]`),
		hostileAs[[]int]("strings-for-integers", `[`+fill(`"x"`)+`1]`),
		hostileAs[[]int]("long-integers", `[`+fill(strings.Repeat("9", 100))+`1]`),
		hostileAs[[]float64]("floats-then-range", `[`+fill(`1.25e-3`)+`1e400]`),
		hostileAs[[]float64]("long-floats", `[`+fill(`0.`+strings.Repeat("1234567890", 20)+`1e-300`)+`"x"]`),
		hostileAs[[]bool]("booleans-then-null", `[`+fill(`true`)+`null]`),
		hostileAs[[]string]("short-strings", `[`+fill(`""`)+`1]`),
		hostileAs[[]string]("escapes", `[`+fill(`"\u00e9\n\ud83d\ude00"`)+`1]`),
		hostileAs[[]string]("not-ascii", `[`+fill(`"éèêë"`)+`1]`),
		hostileAs[string]("one-string-invalid-utf-8", `"`+strings.Repeat("a", size)+"\xff\""),
		hostileAs[[]hostileItem]("empty-objects", `[`+fill(`{}`)+`{}]`),
		hostileAs[[]hostileItem]("objects-then-type", `[`+fill(`{"a":1,"b":"x"}`)+`{"a":"x"}]`),
		hostileAs[[]hostileItem]("objects-then-syntax", `[`+fill(`{"a":1,"b":"x"}`)+`{"a"}]`),
		hostileAs[[]hostileItem]("miscased", `[`+fill(`{"A":1}`)+`{}]`),
		hostileAs[[]*hostileItem]("nulls", `[`+fill(`null`)+`1]`),
		hostileAs[hostileItem]("unknown-names", `{`+numbered(`"u%d":0`, 8)+`"a":"x"}`),
		hostileAs[hostileItem]("accepted-unknown-names", `{`+numbered(`"u%d":0`, 8)+`"a":1}`),
		hostileAs[hostileItem]("strict-unknown-names", `{`+numbered(`"u%d":0`, 8)+`"a":1}`, strict),
		hostileAs[map[string]int]("names-then-type", `{`+numbered(`"k%d":0`, 8)+`"a":"x"}`),
		hostileAs[map[string]int]("names-then-duplicate", `{`+numbered(`"k%d":0`, 8)+`"k0":1}`),
		hostileAs[map[int]int]("integer-names-then-type", `{`+numbered(`"%d":0`, 8)+`"a":0}`),
		hostileAs[map[string][]hostileItem]("long-name-required", `{"`+name+`":[`+strings.Repeat("{},", size/8)+`{}]}`),
		hostileAs[map[string][]int]("long-name-types", `{"`+name+`":[`+strings.Repeat(`"",`, size/8)+`1]}`),
		hostileAs[map[string]hostileTree]("long-name-deep", `{"`+name+`":`+strings.Repeat(`{"more":{"m":`, 2000)+`{}`+strings.Repeat("}}", 2000)+`}`),
		hostileAs[any]("deep-arrays", strings.Repeat("[", 9999)+strings.Repeat("]", 9999)+"x"),
		hostileAs[any]("deep-objects", strings.Repeat(`{"a":`, 9999)+"x"),
		hostileAs[any]("too-deep", strings.Repeat("[", size)),
		hostileAs[any]("numbers-in-any", `[`+fill(`1`)+`1e400]`),
		hostileAs[any]("objects-in-any", `[`+fill(`{"a":1}`)+`{]`),
		hostileAs[[]time.Time]("times", `[`+fill(`"2026-01-02T03:04:05Z"`)+`"x"]`),
		hostileAs[[][]byte]("base64", `[`+fill(`"aGVsbG8="`)+`"*"]`),
		hostileAs[[][2]int]("arrays", `[`+fill(`[1,2]`)+`[1,"x"]]`),
		hostileAs[[]hostileText]("text-methods", `[`+fill(`"a"`)+`"x"]`),
		hostileAs[[]hostileJSON]("json-methods", `[`+fill(`1`)+`"x"]`),
		hostileAs[[]stdjson.RawMessage]("raw-messages", `[`+fill(`{"a":[1]}`)+`{]`),
		hostileAs[[]stdjson.Number]("json-numbers", `[`+fill(`1`)+`"x"]`),
		hostileAs[map[string][]stdjson.Number]("unmarshal-long-name", `{"`+name+`":[`+strings.Repeat("1,", size/4)+`{}]}`, v1),
		hostileAs[[]hostileItem]("unmarshal-required", `[`+fill(`{}`)+`{}]`, v1),
		hostileAs[[]hostileItem]("duplicates-allowed", `[`+fill(`{"a":1,"a":2}`)+`{"a":"x"}]`, duplicates),
		hostileAs[[]hostileItem]("folded-names", `[`+fill(`{"A":1}`)+`{"a":"x"}]`, folding),
		hostileAs[[]int]("white-space", `[`+fill("1\n\t   \r\n      ")+`"x"]`),
		hostileAs[any]("lines", strings.Repeat("\n", size)+"x"),
		hostileAs[[]int]("gzip", gzipped(`[`+fill(`1`)+`"x"]`), bodyjson.Config{Gunzip: true}),
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, _ = zw.Write([]byte(text))
	_ = zw.Close()
	return b.String()
}

// BenchmarkHostile compares New with encoding/json for costly documents. encoding/json does not
// detect duplicate names and invalid UTF-8, and returns one error only. The metric ratio is the
// time of New divided by the time of encoding/json.
func BenchmarkHostile(b *testing.B) {
	for _, h := range hostiles() {
		b.Run(h.name, func(b *testing.B) {
			data := []byte(h.body)
			plain := data
			h.cfg.MaxBytes = noLimit
			r, err := http.NewRequest(http.MethodPost, "/", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if h.cfg.Gunzip {
				r.Header.Set("Content-Encoding", "gzip")
				plain = []byte(`[` + strings.Repeat("1,", 128<<10) + `"x"]`)
			}
			rd, w := new(reader), writer{http.Header{}}
			handler := h.new(h.cfg)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			var std time.Duration
			for b.Loop() {
				clear(w.header)
				rd.r.Reset(data)
				r.Body, r.ContentLength = rd, int64(len(data))
				handler.ServeHTTP(w, r)
				b.StopTimer()
				start := time.Now()
				_ = h.std(plain)
				std += time.Since(start)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(std), "ratio")
		})
	}
}

// TestHostile tests that each document is rejected, except those with the prefix "accepted".
func TestHostile(t *testing.T) {
	all := hostiles()
	if len(all) < 30 {
		t.Fatalf("%d documents", len(all))
	}
	for _, h := range all {
		h.cfg.MaxBytes = noLimit
		r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(h.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if h.cfg.Gunzip {
			r.Header.Set("Content-Encoding", "gzip")
		}
		accepted := false
		w := &statusWriter{header: http.Header{}}
		h.new(h.cfg)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { accepted = true })).ServeHTTP(w, r)
		if want := strings.HasPrefix(h.name, "accepted"); accepted != want || !want && w.status != 400 && w.status != 422 && w.status != 413 {
			t.Errorf("%s: accepted is %t, status %d", h.name, accepted, w.status)
		}
	}
}

type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.header }
func (w *statusWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *statusWriter) WriteHeader(status int)      { w.status = status }
