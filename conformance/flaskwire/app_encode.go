package flaskwire

import (
	"encoding/hex"
	"math"
	"math/big"
	"net/http"
	"time"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

var _ = register(
	encodeApp("encode", ""),
	encodeApp("encode-unsorted", ""),
	encodeApp("encode-utf8", ""),
	encodeApp("encode-pretty", ""),
	encodeApp("encode-debug", ""),
	encodeApp("encode-mimetype", "application/vnd.api+json"),
	encodeApp("encode-isoformat", ""),
)

// A uuid and a decimal are types that say themselves what they are as text.
type (
	uuid    [16]byte
	decimal string
	markup  string
	isoTime time.Time
)

func (u uuid) MarshalText() ([]byte, error) {
	b := make([]byte, 0, 36)
	for i, part := range [][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b, nil
}

func (d decimal) MarshalText() ([]byte, error) { return []byte(d), nil }
func (m markup) MarshalText() ([]byte, error)  { return []byte("<b>" + m + "</b>"), nil }

// MarshalText writes a time as Python's isoformat does, without a zone if there is
// no fraction: the naive times of the recording are those.
func (t isoTime) MarshalText() ([]byte, error) {
	if time.Time(t).Nanosecond() == 0 {
		return time.Time(t).AppendFormat(nil, "2006-01-02T15:04:05"), nil
	}
	return time.Time(t).AppendFormat(nil, isoformat), nil
}

// encodeApp answers /v/{name} with the Go value that stands for the Python one of
// that name.
func encodeApp(name, mediaType string) *app {
	return &app{name: name, build: func() service {
		values := encodeValues()
		if name == "encode-isoformat" { // the application has its own encoder of dates
			for name, v := range values {
				if t, ok := v.(time.Time); ok {
					values[name] = isoTime(t)
				}
			}
		}
		answer := func(v any) (any, error) {
			if mediaType == "" {
				return v, nil
			}
			return status.OK(v).WithHeader("Content-Type", mediaType), nil
		}
		return service{routes: []route{
			get("/v/{name}", func(r *http.Request) (any, error) {
				v, ok := values[r.PathValue("name")]
				if !ok {
					return nil, errjson.NotFound("")
				}
				return answer(v)
			}),
			get("/args/none", func(*http.Request) (any, error) { return answer(nil) }),
			get("/args/two", func(*http.Request) (any, error) { return answer([]any{1, "two", nil}) }),
			get("/args/kwargs", func(*http.Request) (any, error) { return answer(object{"b": 1, "a": 2}) }),
		}}
	}}
}

func encodeValues() map[string]any {
	moment := time.Date(2024, 1, 2, 3, 4, 5, 678901000, time.UTC)
	whole := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	id := uuid{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78}
	deep := []any{}
	for range 50 {
		deep = []any{deep}
	}
	power := func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
	below := new(big.Int).Neg(new(big.Int).Add(power(63), big.NewInt(1)))
	mixed := []any{1, "a", nil, true, 1.5, object{"k": []any{1, object{"x": []any{}}}}}
	return map[string]any{
		"datetime-naive":           whole,
		"datetime-utc":             moment,
		"datetime-offset":          time.Date(2024, 1, 2, 3, 4, 5, 0, time.FixedZone("", 5*3600+1800)),
		"datetime-far":             time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"datetime-isoformat-utc":   moment.Format(isoformat),
		"datetime-isoformat-naive": whole.Format("2006-01-02T15:04:05.999999"),
		"timestamp":                float64(moment.UnixMicro()) / 1e6,
		"date":                     day.Format(time.DateOnly),
		"decimal":                  decimal("9.99"),
		"decimal-zeros":            decimal("1.10"),
		"uuid":                     id,
		"dataclass": struct {
			X    int        `json:"x"`
			Y    int        `json:"y"`
			Tag  *string    `json:"tag"`
			When *time.Time `json:"when"`
		}{X: 1, Y: 2},
		"html":          markup("hi"),
		"tuple":         []any{1, "a"},
		"intenum":       3,
		"non-ascii":     object{"name": "Zoë Grüße 日本"},
		"emoji":         object{"e": "💥"},
		"controls":      object{"s": "a\x00b\x1f\t\n\r\b\f\"\\/"},
		"script":        object{"s": "</script><b>&'"},
		"line-sep":      object{"s": "\u2028\u2029"},
		"sort":          object{"b": 1, "a": 2, "C": 3, "_": 4, "é": 5, "10": 6, "9": 7},
		"sort-nested":   object{"z": object{"b": 1, "a": 2}, "a": []object{{"d": 1, "c": 2}}},
		"nested-empty":  object{"a": object{}, "b": []any{}, "c": "", "d": nil},
		"int-keys":      map[int]string{2: "b", 10: "c", 1: "a"},
		"mixed-keys":    object{"a": 1, "2": "b"},
		"float-keys":    object{"1.5": 1, "1.0": 2},
		"none-key":      object{"null": 1},
		"nan":           math.NaN(),
		"inf":           object{"a": math.Inf(1), "b": math.Inf(-1)},
		"float-int":     1.0,
		"float-big":     []float64{1e15, 1e16, 1e17, 1e21, 1e22, 123456789012345678.9},
		"float-third":   []float64{0.30000000000000004, 1.0 / 3, math.Copysign(0, -1), 9.99, 2.5},
		"int-big":       power(70),
		"int-limits":    []any{int64(1 << 53), int64(1<<53 + 1), int64(math.MaxInt64), power(63), power(64), below},
		"bools":         []any{true, false, nil},
		"none":          nil,
		"string":        "hello",
		"string-empty":  "",
		"number":        3,
		"object":        make(chan int), // what JSON has nothing for
		"nested-object": object{"a": make(chan int)},
		"true":          true,
		"list-empty":    []int(nil),
		"dict-empty":    map[string]int(nil),
		"list-mixed":    mixed,
		"deep":          deep,
	}
}
