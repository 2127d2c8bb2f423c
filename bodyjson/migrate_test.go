package bodyjson_test

//lint:file-ignore SA5008 encoding/json accepts the struct tags

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/strictjson"
)

// A migration tests a row of a table in docs/migrate/encoding-json.md.
type migration struct {
	name string // the first cell of the row, without backticks
	test func(t *testing.T, row string)
}

// oldDecoder is the Config that the page recommends for types that bodyjson rejects.
var oldDecoder = bodyjson.Config{Unmarshal: json.Unmarshal}

// TestMigrateFromEncodingJSON tests the page docs/migrate/encoding-json.md. Each row of a table has
// a subtest. The row has the status, code and text that the subtest asserts.
func TestMigrateFromEncodingJSON(t *testing.T) {
	data, err := os.ReadFile("../docs/migrate/encoding-json.md")
	require.NoError(t, err)
	page := string(data)
	rows := tableRows(page)
	tested := map[string]bool{}
	for _, group := range [][]migration{
		callMigrations(), tagMigrations(), structMigrations(), typeMigrations(),
		documentMigrations(), elementMigrations(), numberMigrations(), presetMigrations(),
		requestMigrations(),
	} {
		for _, m := range group {
			assert.False(t, tested[m.name], "duplicate subtest: %s", m.name)
			tested[m.name] = true
			t.Run(m.name, func(t *testing.T) {
				require.Contains(t, rows, m.name, "the page does not contain the row")
				m.test(t, rows[m.name])
			})
		}
	}
	for name := range rows {
		assert.Contains(t, tested, name, "the row is not tested")
	}

	t.Run("the old decoder", func(t *testing.T) {
		testOldDecoder(t, page)
	})
	t.Run("the path of the field", func(t *testing.T) {
		type Job struct {
			Timeout time.Duration
		}
		assert.Contains(t, page, "    "+panicText[Job](t)+"\n")
	})
	t.Run("the type Duration", func(t *testing.T) {
		_, code, _ := strings.Cut(page, "```go\n")
		code, _, _ = strings.Cut(code, "```\n")
		source, err := os.ReadFile("migrate_test.go")
		require.NoError(t, err)
		require.NotEmpty(t, code)
		assert.Contains(t, string(source), code)

		type job struct {
			Timeout Duration `json:"timeout"`
		}
		want := job{Duration{90 * time.Second}}
		bodyDecodes(t, bodyjson.Config{}, `{"timeout":"1m30s"}`, want)
		encoded, err := json.Marshal(want)
		require.NoError(t, err)
		assert.JSONEq(t, `{"timeout":"1m30s"}`, string(encoded))
	})
}

// tableRows returns the rows of the tables in a page, by the text of their first cell.
func tableRows(page string) map[string]string {
	rows := map[string]string{}
	isHeader := true
	for line := range strings.Lines(page) {
		switch {
		case !strings.HasPrefix(line, "| "):
			isHeader = !strings.HasPrefix(line, "|---")
		case !isHeader:
			name, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			rows[strings.ReplaceAll(name, "`", "")] = line
		}
	}
	return rows
}

// stdDecodes tests that encoding/json decodes the document.
func stdDecodes[T any](t *testing.T, document string, want T) {
	t.Helper()
	var got T
	require.NoError(t, json.Unmarshal([]byte(document), &got))
	assert.Equal(t, want, got)
}

// bodyDecodes tests that Decode and Get decode the document.
func bodyDecodes[T any](t *testing.T, cfg bodyjson.Config, document string, want T) {
	t.Helper()
	got, err := bodyjson.Decode[T]([]byte(document), cfg)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	got, err = lazyGet[T](t, cfg, jsonRequest(document))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// bodyRejects tests that Decode and Get reject the document with one field error. The row has its
// status, code and message.
func bodyRejects[T any](t *testing.T, row string, cfg bodyjson.Config, document string,
	status int, code, pointer, message string) {
	t.Helper()
	got, err := bodyjson.Decode[T]([]byte(document), cfg)
	assert.Zero(t, got)
	var decodeErr, getErr *errjson.Error
	require.ErrorAs(t, err, &decodeErr)
	_, err = lazyGet[T](t, cfg, jsonRequest(document))
	require.ErrorAs(t, err, &getErr)
	assert.Equal(t, decodeErr, getErr)

	assert.Equal(t, status, decodeErr.Status)
	fields := detailsOf(decodeErr)
	require.Len(t, fields, 1)
	assert.Equal(t, []string{pointer, code, message},
		[]string{fields[0].Pointer, fields[0].Code, fields[0].Message})
	if status == http.StatusBadRequest {
		assert.Equal(t, code, decodeErr.Code)
	} else {
		assert.Equal(t, "invalid", decodeErr.Code)
	}
	assert.Contains(t, row, fmt.Sprint(status))
	assert.Contains(t, row, "`"+code+"`")
	assert.Contains(t, row, message)
}

// lazyGet calls Get behind Lazy.
func lazyGet[T any](t *testing.T, cfg bodyjson.Config, r *http.Request) (value T, err error) {
	t.Helper()
	called := false
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called = true
		value, err = bodyjson.Get[T](r)
	})
	bodyjson.Lazy(cfg)(handler).ServeHTTP(httptest.NewRecorder(), r)
	require.True(t, called)
	return value, err
}

func jsonRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// panicText returns the text of the panic of New, with the types in the package main.
func panicText[T any](t *testing.T) (text string) {
	t.Helper()
	defer func() { text = inMain(fmt.Sprint(recover())) }()
	bodyjson.New[T](bodyjson.Config{})
	return ""
}

// inMain returns a text that has the types of this package in the package main.
func inMain(text string) string { return strings.ReplaceAll(text, "bodyjson_test.", "main.") }

// rejectsType tests that bodyjson rejects the type of old. The row has the text behind the path.
// encoding/json and Config.Unmarshal decode the document as old. bodyjson decodes the new document
// as new.
func rejectsType[Old, New any](name, path, text, document string, old Old,
	newDocument string, new New) migration {
	return migration{name, func(t *testing.T, row string) {
		assert.Contains(t, row, text)
		want := path + ": " + text
		name := reflect.TypeFor[Old]().Name()
		assert.Equal(t, "bodyjson: New[main."+name+"]: "+want, panicText[Old](t))

		assert.Panics(t, func() { bodyjson.NewFunc[Old](bodyjson.Config{}) })
		assert.Panics(t, func() {
			handle := func(*http.Request, Old) (any, error) { return nil, nil }
			bodyjson.Handler(bodyjson.Config{}, handle)
		})

		isErrorOfProgram := func(_ Old, err error) {
			t.Helper()
			require.Error(t, err)
			assert.Equal(t, "bodyjson: "+want, inMain(err.Error()))
			w := httptest.NewRecorder()
			errjson.Write(w, jsonRequest(""), err)
			assert.Equal(t, http.StatusInternalServerError, w.Code)
			assert.NotContains(t, w.Body.String(), path)
		}
		isErrorOfProgram(bodyjson.Decode[Old]([]byte(document), bodyjson.Config{}))
		isErrorOfProgram(bodyjson.Get[Old](jsonRequest(document)))
		isErrorOfProgram(bodyjson.Merge(jsonRequest(document), old))

		if !strings.Contains(text, "`format`") || version.Compare(runtime.Version(), "go1.27") < 0 {
			stdDecodes(t, document, old)
			assert.NotPanics(t, func() { bodyjson.New[Old](oldDecoder) })
			bodyDecodes(t, oldDecoder, document, old)
		}

		bodyDecodes(t, bodyjson.Config{}, newDocument, new)
	}}
}

// rejectsStruct is rejectsType for a struct that go vet rejects. rejectsStruct tests the functions
// that New, Get and Decode call.
func rejectsStruct[New any](name, text string, fields []reflect.StructField, document, old string,
	newDocument string, new New) migration {
	return migration{name, func(t *testing.T, row string) {
		assert.Contains(t, row, text)
		typ := reflect.StructOf(fields)
		require.EqualError(t, strictjson.TypeOf(typ).Err(), text)

		v := reflect.New(typ)
		require.NoError(t, json.Unmarshal([]byte(document), v.Interface()))
		assert.Equal(t, old, fmt.Sprint(v.Elem()))

		v = reflect.New(typ)
		options := strictjson.Options{Unmarshal: json.Unmarshal}
		require.NoError(t, options.Decode([]byte(document), strictjson.TypeOf(typ), v.Interface()))
		assert.Equal(t, old, fmt.Sprint(v.Elem()))

		bodyDecodes(t, bodyjson.Config{}, newDocument, new)
	}}
}

func callMigrations() []migration {
	type named struct {
		Name string `json:"name"`
	}
	type required struct {
		Age int `json:"age" binding:"required" required:"true"`
	}
	type bound struct {
		Age int `json:"age" binding:"required"`
	}
	return []migration{
		{"json.Unmarshal(data, &v)", func(t *testing.T, _ string) {
			stdDecodes(t, `{"name":"Ann"}`, named{"Ann"})
			got, err := bodyjson.Decode[named]([]byte(`{"name":"Ann"}`), bodyjson.Config{})
			require.NoError(t, err)
			assert.Equal(t, named{"Ann"}, got)
		}},
		{"json.NewDecoder(r.Body).Decode(&v)", func(t *testing.T, _ string) {
			var old named
			require.NoError(t, json.NewDecoder(jsonRequest(`{"name":"Ann"}`).Body).Decode(&old))
			got, err := bodyjson.Get[named](jsonRequest(`{"name":"Ann"}`))
			require.NoError(t, err)
			assert.Equal(t, old, got)
		}},
		{"decoder.DisallowUnknownFields()", func(t *testing.T, row string) {
			decoder := json.NewDecoder(strings.NewReader(`{"size":1}`))
			decoder.DisallowUnknownFields()
			assert.Error(t, decoder.Decode(new(named)))
			bodyDecodes(t, bodyjson.Config{}, `{"size":1}`, named{})
			bodyRejects[named](t, row, bodyjson.Config{DisallowUnknownFields: true}, `{"size":1}`,
				422, "unknown_field", "/size", "Unknown field.")
		}},
		{"decoder.UseNumber()", func(t *testing.T, _ string) {
			var old any
			decoder := json.NewDecoder(strings.NewReader(`[1.0]`))
			decoder.UseNumber()
			require.NoError(t, decoder.Decode(&old))
			bodyDecodes(t, bodyjson.Config{UseNumber: true}, `[1.0]`, old)
			bodyDecodes[any](t, bodyjson.Config{}, `[1.0]`, []any{1.0})
		}},
		{`binding:"required"`, func(t *testing.T, row string) {
			bodyDecodes(t, bodyjson.Config{}, `{}`, bound{})
			bodyRejects[required](t, row, bodyjson.Config{}, `{}`,
				422, "required", "/age", "This field is required.")
			bodyDecodes(t, bodyjson.Config{}, `{"age":0}`, required{})
		}},
	}
}

// testOldDecoder tests the section about Config.Unmarshal.
func testOldDecoder(t *testing.T, page string) {
	type job struct {
		Wait time.Duration `json:"wait" required:"true" notnull:"true"`
		Key  [2]byte       `json:"key"`
		List []int         `json:"list"`
	}
	assert.Contains(t, page, "`bodyjson.Config{Unmarshal: json.Unmarshal}`")
	bodyDecodes(t, oldDecoder, `{"wait":1,"key":[1,2]}`, job{Wait: 1, Key: [2]byte{1, 2}})
	for document, code := range map[string]string{
		`{}`:                        "required",
		`{"wait":null}`:             "null",
		`{"wait":1,"list":[null]}`:  "null",
		`{"wait":1,"wait":2}`:       "duplicate",
		`{"wait":1} x`:              "trailing_data",
		"{\"wait\":1,\"\xff\":1}":   "encoding",
		`{"wait":1,"key":"AQI="}`:   "", // bodyjson accepts it
		`{"wait":"1m","key":[1,2]}`: "type",
	} {
		_, err := bodyjson.Decode[job]([]byte(document), oldDecoder)
		var e *errjson.Error
		require.ErrorAs(t, err, &e, document)
		if code == "" {
			assert.Equal(t, 422, e.Status, document)
			assert.Equal(t, "invalid", e.Code, document)
			assert.Nil(t, e.Details, document)
			continue
		}
		require.Len(t, detailsOf(e), 1, document)
		assert.Equal(t, code, detailsOf(e)[0].Code, document)
	}

	type preset struct {
		Wait    time.Duration
		Default presetValues
	}
	r := jsonRequest(`{}`)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := bodyjson.Get[preset](r)
		require.NoError(t, err)
		assert.Equal(t, "Ann", got.Default.Name, "SetDefaults")
		_, err = bodyjson.Merge(r, got)
		assert.ErrorContains(t, err, "Wait: time.Duration has no default JSON form")
	})
	bodyjson.Lazy(oldDecoder)(handler).ServeHTTP(httptest.NewRecorder(), r)

	_, err := bodyjson.Decode[invalidValue]([]byte(`{}`), oldDecoder)
	assert.ErrorIs(t, err, errInvalidValue)
}

var errInvalidValue = errors.New("invalid value")

type invalidValue struct{}

func (invalidValue) Validate() error { return errInvalidValue }

func tagMigrations() []migration {
	type comma struct {
		Name string `json:"name,"`
	}
	type dash struct {
		Name string `json:"-,"`
	}
	type newDash struct {
		Name string `json:"-,case:strict"`
	}
	type quotes struct {
		Name string `json:"'name'"`
	}
	type misspelled struct {
		Name string `json:"name,omitEmpty"`
	}
	type twice struct {
		Name string `json:"name,omitempty,omitempty"`
	}
	type quoted struct {
		Name string `json:"name,string"`
	}
	type quotedNumber struct {
		Count json.Number `json:"count,string"`
	}
	type newNumber struct {
		Count int `json:"count,string"`
	}
	type format struct {
		At time.Time `json:"at,format:DateOnly"`
	}
	type named struct {
		Name string `json:"name,omitempty"`
	}
	type tagged struct {
		TagList []string `json:"tagList,omitempty"`
	}
	type at struct {
		At time.Time `json:"at"`
	}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	const (
		document = `{"name":"Ann"}`
		isNoon   = `{"at":"2026-01-02T12:00:00Z"}`
	)
	field := func(name, tag string, typ reflect.Type) []reflect.StructField {
		return []reflect.StructField{{Name: name, Type: typ, Tag: reflect.StructTag(tag)}}
	}
	return []migration{
		rejectsStruct("Space before an option",
			"Go struct field TagList has malformed `json` tag: "+
				"invalid character ' ' at start of option (expecting Unicode letter)",
			field("TagList", `json:"tagList, omitempty"`, reflect.TypeFor[[]string]()),
			`{"tagList":["a"]}`, "{[a]}", `{"tagList":["a"]}`, tagged{[]string{"a"}}),
		rejectsStruct("Space after an option", "Go struct field Name has malformed `json` tag: "+
			"invalid character ' ' before next option (expecting ',')",
			field("Name", `json:"name,omitempty "`, reflect.TypeFor[string]()),
			document, "{Ann}", document, named{"Ann"}),
		rejectsType("Comma at the end of a tag", "comma",
			"Go struct field Name has malformed `json` tag: invalid trailing ',' character",
			document, comma{"Ann"}, document, named{"Ann"}),
		rejectsType(`Field with the name "-"`, "dash",
			"Go struct field Name has malformed `json` tag: invalid trailing ',' character",
			`{"-":"Ann"}`, dash{"Ann"}, `{"-":"Ann"}`, newDash{"Ann"}),
		rejectsType("Quotes in a tag", "quotes", "Go struct field Name has malformed `json` tag: "+
			`invalid character '\'' at start of option (expecting Unicode letter)`,
			`{"Name":"Ann","'name'":"Bob","name":"Ann"}`, quotes{"Ann"}, document, named{"Ann"}),
		rejectsType("Misspelled option", "misspelled",
			"Go struct field Name has invalid appearance of `omitEmpty` tag option; "+
				"specify `omitempty` instead",
			document, misspelled{"Ann"}, document, named{"Ann"}),
		rejectsType("Duplicate option", "twice",
			"Go struct field Name has duplicate appearance of `omitempty` tag option",
			document, twice{"Ann"}, document, named{"Ann"}),
		rejectsType("Option string for other types", "quoted",
			"the field Name has the tag option string, which is for integers and floats",
			`{"name":"\"Ann\""}`, quoted{"Ann"}, document, named{"Ann"}),
		rejectsType("Option string for json.Number", "quotedNumber",
			"the field Count has the tag option string, which is for integers and floats",
			`{"count":"1"}`, quotedNumber{"1"}, `{"count":"1"}`, newNumber{1}),
		rejectsType("Option format", "format",
			"Go struct field At has unsupported `format` tag option",
			isNoon, format{noon}, isNoon, at{noon}),
	}
}

// A Duration is a time.Duration that is "1m30s" in JSON.
type Duration struct{ time.Duration }

func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *Duration) UnmarshalText(text []byte) (err error) {
	d.Duration, err = time.ParseDuration(string(text))
	return err
}

// A Price can be encoded, but not decoded.
type Price struct {
	Cents int `json:"cents"`
}

func (p Price) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%d", p.Cents), nil }

func structMigrations() []migration {
	type Level int
	type Base struct {
		ID int `json:"id"`
	}
	type base struct {
		ID int `json:"id"`
	}
	type hidden struct {
		ID     int    `json:"id"`
		secret string //lint:ignore U1000 encoding/json ignores the tag
	}
	type pointer struct {
		*base
		Name string `json:"name"`
	}
	type value struct {
		base
		Name string `json:"name"`
	}
	type scalar struct {
		Level
	}
	type namedScalar struct {
		Level `json:"Level"`
	}
	type option struct {
		Base `json:",omitempty"`
	}
	type plain struct {
		Base
	}
	type inline struct {
		Base `json:",inline"`
	}
	type marshaler struct {
		Price
	}
	type namedMarshaler struct {
		Price Price `json:"price"`
	}
	type Job struct {
		Callback url.URL
	}
	type newJob struct {
		Callback string
	}
	integer := reflect.TypeFor[int]()
	twoFields := []reflect.StructField{
		{Name: "ID", Type: integer, Tag: `json:"id"`},
		{Name: "Number", Type: integer, Tag: `json:"id"`},
	}
	type oneField struct {
		ID     int `json:"id"`
		Number int `json:"-"`
	}
	unexported := []reflect.StructField{
		{Name: "ID", Type: integer, Tag: `json:"id"`},
		{Name: "secret", Type: reflect.TypeFor[string](), Tag: `json:"secret"`, PkgPath: "main"},
	}
	rejectsPointer := rejectsType("Embedded pointer to an unexported struct", "pointer",
		"the embedded field base is a pointer to an unexported struct",
		`{"name":"Ann"}`, pointer{Name: "Ann"}, `{"id":1,"name":"Ann"}`, value{base{1}, "Ann"})
	rejectsOption := rejectsType("Embedded struct with an option", "option",
		"Go struct field Base cannot have any options other than `embed` specified",
		`{"id":1}`, option{Base{1}}, `{"id":1}`, plain{Base{1}})
	return []migration{
		rejectsStruct("Two fields with one name",
			`Go struct fields ID and Number conflict over JSON object name "id"`,
			twoFields, `{"id":1}`, "{0 0}", `{"id":1}`, oneField{ID: 1}),
		rejectsStruct("Tag on an unexported field",
			"unexported Go struct field secret cannot have non-ignored `json:\"secret\"` tag",
			unexported, `{"id":1,"secret":"a"}`, "{1 }", `{"id":1,"secret":"a"}`, hidden{ID: 1}),
		{rejectsPointer.name, func(t *testing.T, row string) {
			rejectsPointer.test(t, row)
			assert.Error(t, json.Unmarshal([]byte(`{"id":1}`), new(pointer)))
		}},
		rejectsType("Embedded type that is not a struct", "scalar",
			"embedded Go struct field Level of non-struct type must be explicitly "+
				"given a JSON name",
			`{"Level":1}`, scalar{1}, `{"Level":1}`, namedScalar{1}),
		{rejectsOption.name, func(t *testing.T, row string) {
			rejectsOption.test(t, row)
			bodyDecodes(t, bodyjson.Config{}, `{"id":1}`, inline{Base{1}})
		}},
		rejectsType("Embedded type with a marshal method only", "marshaler",
			"embedded Go struct field Price of type main.Price must not implement marshal "+
				"or unmarshal methods",
			`{"cents":1}`, marshaler{Price{1}}, `{"price":{"cents":1}}`, namedMarshaler{Price{1}}),
		rejectsType("Struct without exported fields", "Job.Callback.User",
			"Go struct has no exported fields",
			`{"Callback":{"Host":"a"}}`, Job{url.URL{Host: "a"}},
			`{"Callback":"//a"}`, newJob{"//a"}),
	}
}

func typeMigrations() []migration {
	type duration struct {
		Timeout time.Duration
	}
	type nanoseconds struct {
		Timeout int64
	}
	type durationKeys struct {
		Delays map[time.Duration]int
	}
	type integerKeys struct {
		Delays map[int64]int
	}
	type boolKeys struct {
		Counts map[bool]int
	}
	type stringKeys struct {
		Counts map[string]int
	}
	type methods struct {
		Label fmt.Stringer
	}
	type dynamic struct {
		Label any
	}
	type channel struct {
		Done chan bool
	}
	type function struct {
		OnDone func()
	}
	type complexNumber struct {
		Z complex128
	}
	type ignored struct {
		Done   chan bool  `json:"-"`
		OnDone func()     `json:"-"`
		Z      complex128 `json:"-"`
	}
	rejectsKeys := rejectsType("Map with unsupported keys", "boolKeys.Counts",
		"map keys of type bool cannot be decoded from JSON names; use a string, a number, or a type with an UnmarshalText method",
		`{}`, boolKeys{}, `{"Counts":{"true":1}}`, stringKeys{map[string]int{"true": 1}})
	rejectsMethods := rejectsType("Interface with methods", "methods.Label",
		"the interface fmt.Stringer has methods; use a concrete type or any",
		`{"Label":null}`, methods{}, `{"Label":"a"}`, dynamic{"a"})
	return []migration{
		rejectsType("Field of type time.Duration", "duration.Timeout",
			"time.Duration has no default JSON form; use an integer, "+
				"or a type with an UnmarshalText method",
			`{"Timeout":1000}`, duration{1000}, `{"Timeout":1000}`, nanoseconds{1000}),
		rejectsType("Map with time.Duration keys", "durationKeys.Delays",
			"map keys of type time.Duration cannot be decoded from JSON names; use a string, a number, or a type with an UnmarshalText method",
			`{"Delays":{"1000":1}}`, durationKeys{map[time.Duration]int{1000: 1}},
			`{"Delays":{"1000":1}}`, integerKeys{map[int64]int{1000: 1}}),
		{rejectsKeys.name, func(t *testing.T, row string) {
			rejectsKeys.test(t, row)
			assert.Error(t, json.Unmarshal([]byte(`{"Counts":{"true":1}}`), new(boolKeys)))
		}},
		{rejectsMethods.name, func(t *testing.T, row string) {
			rejectsMethods.test(t, row)
			assert.Error(t, json.Unmarshal([]byte(`{"Label":"a"}`), new(methods)))
		}},
		rejectsType("Channel", "channel.Done", "chan bool cannot be decoded from JSON",
			`{}`, channel{}, `{}`, ignored{}),
		rejectsType("Function", "function.OnDone", "func() cannot be decoded from JSON",
			`{}`, function{}, `{}`, ignored{}),
		rejectsType("Complex number", "complexNumber.Z", "complex128 cannot be decoded from JSON",
			`{}`, complexNumber{}, `{}`, ignored{}),
	}
}

func documentMigrations() []migration {
	type person struct {
		Name string `json:"name"`
		Age  int    `json:"age"`
	}
	type anyCase struct {
		Name string `json:"name,case:ignore"`
	}
	type firstName struct {
		FirstName string `json:"firstname"`
	}
	var (
		ann        = person{Name: "Ann"}
		allowCase  = bodyjson.Config{MatchCaseInsensitiveNames: true}
		ignoreCase = bodyjson.Config{IgnoreMiscasedNames: true}
		lastWins   = bodyjson.Config{AllowDuplicateNames: true}
		strict     = bodyjson.Config{}
	)
	// decodesFirst tests that a json.Decoder decodes the first value. json.Unmarshal fails.
	decodesFirst := func(t *testing.T, document string) {
		assert.Error(t, json.Unmarshal([]byte(document), new(person)))
		var got person
		require.NoError(t, json.NewDecoder(strings.NewReader(document)).Decode(&got))
		assert.Equal(t, ann, got)

		body, err := bodyjson.Bytes(jsonRequest(document))
		require.NoError(t, err)
		got = person{}
		require.NoError(t, json.NewDecoder(bytes.NewReader(body)).Decode(&got))
		assert.Equal(t, ann, got)
	}
	return []migration{
		{"Name in another case", func(t *testing.T, row string) {
			document := `{"NAME":"Ann"}`
			stdDecodes(t, document, ann)
			bodyRejects[person](t, row, strict, document,
				422, "unknown_field", "/NAME", `Unknown field. Did you mean "name"?`)
			bodyDecodes(t, strict, document, anyCase{"Ann"})
			bodyDecodes(t, allowCase, document, ann)
			bodyDecodes(t, ignoreCase, document, person{})
			bodyDecodes(t, oldDecoder, document, ann)

			dashes := `{"first_name":"Ann"}`
			stdDecodes(t, dashes, firstName{})
			bodyDecodes(t, allowCase, dashes, firstName{"Ann"})
			bodyDecodes(t, strict, `{"na-me":"Ann"}`, anyCase{"Ann"})
		}},
		{"Duplicate name", func(t *testing.T, row string) {
			document := `{"name":"Ann","name":"Bob"}`
			stdDecodes(t, document, person{Name: "Bob"})
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[person](t, row, cfg, document,
					400, "duplicate", "/name", "Duplicate name.")
			}
			bodyDecodes(t, lastWins, document, person{Name: "Bob"})

			elements := `{"x":{"name":"Ann"},"x":{"age":7}}`
			stdDecodes(t, elements, map[string]person{"x": {Age: 7}})
			bodyDecodes(t, lastWins, elements, map[string]person{"x": {Name: "Ann", Age: 7}})
		}},
		{"Invalid UTF-8", func(t *testing.T, row string) {
			document := "{\"name\":\"\xff\"}"
			stdDecodes(t, document, person{Name: "\ufffd"})
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[person](t, row, cfg, document,
					400, "encoding", "/name", "The JSON must be in UTF-8.")
			}
		}},
		{"Unpaired surrogate", func(t *testing.T, row string) {
			document := `{"name":"\ud800"}`
			stdDecodes(t, document, person{Name: "\ufffd"})
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[person](t, row, cfg, document,
					400, "encoding", "/name", "Unpaired surrogate escape.")
			}
		}},
		{"Trailing data", func(t *testing.T, row string) {
			document := `{"name":"Ann"} x`
			decodesFirst(t, document)
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[person](t, row, cfg, document,
					400, "trailing_data", "", "Unexpected data after the JSON value.")
			}
		}},
		{"Second value", func(t *testing.T, row string) {
			document := `{"name":"Ann"}{"name":"Bob"}`
			decodesFirst(t, document)
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[person](t, row, cfg, document,
					400, "trailing_data", "", "Unexpected data after the JSON value.")
			}
		}},
		{"Several errors", func(t *testing.T, row string) {
			type tagged struct {
				person
				Tags []string `json:"tags"`
			}
			document := `{"age":"old","tags":1,"name":"Ann"}`
			var old tagged
			var typeError *json.UnmarshalTypeError
			require.ErrorAs(t, json.Unmarshal([]byte(document), &old), &typeError)
			assert.Contains(t, typeError.Field, "age")
			assert.Equal(t, tagged{person: ann}, old)

			got, err := bodyjson.Decode[tagged]([]byte(document), strict)
			assert.Zero(t, got)
			var e *errjson.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 422, e.Status)
			var fields []string
			for _, f := range detailsOf(e) {
				fields = append(fields, f.Pointer+" "+f.Code)
			}
			assert.Equal(t, []string{"/age type", "/tags type"}, fields)
			assert.Contains(t, row, "422 `type`")
		}},
	}
}

func elementMigrations() []migration {
	type optional struct {
		Age  int      `json:"age"`
		Tags []string `json:"tags"`
	}
	type notNull struct {
		Age  int      `json:"age" notnull:"true"`
		Tags []string `json:"tags" notnull:"true"`
	}
	type octet byte
	type moment struct {
		At time.Time `json:"at"`
	}
	strict := bodyjson.Config{}
	const (
		notBase64 = "Must be a string in base64, not an array."
		isNull    = "Must not be null."
	)
	one := 1
	return []migration{
		{"null for the document", func(t *testing.T, row string) {
			stdDecodes(t, `null`, optional{})
			stdDecodes(t, `null`, []int(nil))
			stdDecodes(t, `null`, map[string]int(nil))
			bodyRejects[optional](t, row, strict, `null`, 422, "null", "", isNull)
			bodyRejects[[]int](t, row, strict, `null`, 422, "null", "", isNull)
			bodyRejects[map[string]int](t, row, strict, `null`, 422, "null", "", isNull)
			bodyRejects[optional](t, row, oldDecoder, `null`, 422, "null", "", isNull)
			bodyDecodes[*optional](t, strict, `null`, nil)
		}},
		{"null for an element", func(t *testing.T, row string) {
			stdDecodes(t, `[1,null]`, []int{1, 0})
			bodyRejects[[]int](t, row, strict, `[1,null]`, 422, "null", "/1", isNull)
			bodyRejects[[]int](t, row, oldDecoder, `[1,null]`, 422, "null", "/1", isNull)
			bodyRejects[map[string]int](t, row, strict, `{"a":null}`, 422, "null", "/a", isNull)
			bodyDecodes(t, strict, `[1,null]`, []*int{&one, nil})
		}},
		{"null for a field", func(t *testing.T, row string) {
			stdDecodes(t, `{"age":null}`, optional{})
			bodyDecodes(t, strict, `{"age":null}`, optional{})
			bodyRejects[notNull](t, row, strict, `{"age":null}`, 422, "null", "/age", isNull)
		}},
		{"null for a slice or map", func(t *testing.T, row string) {
			type lists struct {
				Tags []string       `json:"tags"`
				Map  map[string]int `json:"map"`
			}
			document := `{"tags":null,"map":null}`
			stdDecodes(t, document, lists{})
			bodyDecodes(t, strict, document, lists{})
			bodyRejects[notNull](t, row, strict, `{"tags":null}`, 422, "null", "/tags", isNull)
		}},
		{"Array of another length", func(t *testing.T, row string) {
			for document, old := range map[string][2]int{`[1]`: {1, 0}, `[1,2,3]`: {1, 2}} {
				stdDecodes(t, document, old)
				bodyRejects[[2]int](t, row, strict, document,
					422, "length", "", "Must have 2 elements.")
				bodyDecodes(t, oldDecoder, document, old)
			}
			bodyDecodes(t, strict, `[1]`, []int{1})
		}},
		{"Array for [N]byte", func(t *testing.T, row string) {
			stdDecodes(t, `[1,2]`, [2]byte{1, 2})
			bodyRejects[[2]byte](t, row, strict, `[1,2]`, 422, "type", "", notBase64)
			bodyDecodes(t, oldDecoder, `[1,2]`, [2]byte{1, 2})
			bodyDecodes(t, strict, `[1,2]`, [2]octet{1, 2})

			assert.Error(t, json.Unmarshal([]byte(`"AQI="`), new([2]byte)))
			bodyDecodes(t, strict, `"AQI="`, [2]byte{1, 2})
		}},
		{"Array for []byte", func(t *testing.T, row string) {
			stdDecodes(t, `[1,2]`, []byte{1, 2})
			stdDecodes(t, `"AQI="`, []byte{1, 2})
			bodyRejects[[]byte](t, row, strict, `[1,2]`, 422, "type", "", notBase64)
			bodyDecodes(t, oldDecoder, `[1,2]`, []byte{1, 2})
			bodyDecodes(t, strict, `[1,2]`, []octet{1, 2})
		}},
		{"Base64 for a slice of a named byte type", func(t *testing.T, row string) {
			stdDecodes(t, `"AQI="`, []octet{1, 2})
			stdDecodes(t, `[1,2]`, []octet{1, 2})
			bodyRejects[[]octet](t, row, strict, `"AQI="`,
				422, "type", "", "Must be an array, not a string.")
			bodyDecodes(t, oldDecoder, `"AQI="`, []octet{1, 2})
			bodyDecodes(t, strict, `"AQI="`, []byte{1, 2})
		}},
		{"Base64 with line breaks", func(t *testing.T, row string) {
			for _, document := range []string{`"AQ\nI="`, `"AQI=\r\n"`} {
				stdDecodes(t, document, []byte{1, 2})
				bodyRejects[[]byte](t, row, strict, document,
					422, "format", "", "Must be a string in base64.")
				bodyDecodes(t, oldDecoder, document, []byte{1, 2})
			}
		}},
		{"Time that is not exactly RFC 3339", func(t *testing.T, row string) {
			for _, text := range []string{"T3:04:05Z", "T03:04:05,5Z", "T03:04:05+24:00"} {
				document := `{"at":"2026-01-02` + text + `"}`
				var old moment
				require.NoError(t, json.Unmarshal([]byte(document), &old))
				assert.False(t, old.At.IsZero())
				bodyRejects[moment](t, row, strict, document,
					422, "format", "/at", "Must be a date and time in the format of RFC 3339.")
				bodyDecodes(t, oldDecoder, document, old)
			}
		}},
	}
}

func numberMigrations() []migration {
	type quoted struct {
		Count int     `json:"count,string"`
		Price float64 `json:"price,string"`
	}
	strict := bodyjson.Config{}
	// onlyOld tests that only the old decoder decodes the document.
	onlyOld := func(t *testing.T, row, document string, old quoted, pointer, message string) {
		stdDecodes(t, document, old)
		bodyRejects[quoted](t, row, strict, document, 422, "format", pointer, message)
		bodyDecodes(t, oldDecoder, document, old)
	}
	return []migration{
		{"Number that does not fit", func(t *testing.T, row string) {
			var typeError *json.UnmarshalTypeError
			require.ErrorAs(t, json.Unmarshal([]byte(`300`), new(int8)), &typeError)
			for _, cfg := range []bodyjson.Config{strict, oldDecoder} {
				bodyRejects[int8](t, row, cfg, `300`, 422, "range", "", "Must be from -128 to 127.")
			}
		}},
		{`"null" in quotes`, func(t *testing.T, row string) {
			onlyOld(t, row, `{"count":"null"}`, quoted{},
				"/count", "Must be an integer in a string.")
			bodyDecodes(t, strict, `{"count":null}`, quoted{})
		}},
		{"Leading zeros in quotes", func(t *testing.T, row string) {
			onlyOld(t, row, `{"count":"007"}`, quoted{Count: 7},
				"/count", "Must be an integer in a string.")
		}},
		{"Go literal in quotes", func(t *testing.T, row string) {
			for document, old := range map[string]float64{
				`{"price":"0x1p-2"}`: 0.25,
				`{"price":"1_0"}`:    10,
			} {
				onlyOld(t, row, document, quoted{Price: old},
					"/price", "Must be a number in a string.")
			}
		}},
		{"String for json.Number", func(t *testing.T, row string) {
			stdDecodes(t, `"12"`, json.Number("12"))
			bodyRejects[json.Number](t, row, strict, `"12"`,
				422, "type", "", "Must be a number, not a string.")
			bodyDecodes(t, oldDecoder, `"12"`, json.Number("12"))
			bodyDecodes(t, strict, `12`, json.Number("12"))
		}},
		{"Map with json.Number keys", func(t *testing.T, row string) {
			stdDecodes(t, `{"x":1}`, map[json.Number]int{"x": 1})
			bodyRejects[map[json.Number]int](t, row, strict, `{"x":1}`,
				422, "type", "/x", "The name must be a number.")
			bodyDecodes(t, oldDecoder, `{"x":1}`, map[json.Number]int{"x": 1})
			bodyDecodes(t, strict, `{"x":1}`, map[string]int{"x": 1})
		}},
		{"Map with integer keys", func(t *testing.T, row string) {
			for _, key := range []string{"007", "+7"} {
				document := `{"` + key + `":1}`
				stdDecodes(t, document, map[int]int{7: 1})
				bodyRejects[map[int]int](t, row, strict, document,
					422, "type", "/"+key, "The name must be an integer.")
				bodyDecodes(t, oldDecoder, document, map[int]int{7: 1})
			}
		}},
	}
}

type presetPoint struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// presetValues has a default in each field.
type presetValues struct {
	Name    string         `json:"name"`
	Tags    []string       `json:"tags"`
	Counts  map[string]int `json:"counts"`
	Pointer *presetPoint   `json:"pointer"`
	Points  []presetPoint  `json:"points"`
	Any     any            `json:"any"`
}

func (p *presetValues) SetDefaults() {
	*p = presetValues{
		Name:    "Ann",
		Tags:    []string{"a"},
		Counts:  map[string]int{"a": 1},
		Pointer: &presetPoint{1, 2},
		Points:  []presetPoint{{1, 2}},
		Any:     &presetPoint{1, 2},
	}
}

func presetMigrations() []migration {
	// differ tests the values of both decoders. Config.Unmarshal decodes the old value. The
	// functions change the values of SetDefaults to the expected ones.
	differ := func(t *testing.T, document string, old, new func(*presetValues)) {
		t.Helper()
		var want, got presetValues
		want.SetDefaults()
		got.SetDefaults()
		old(&want)
		require.NoError(t, json.Unmarshal([]byte(document), &got))
		assert.Equal(t, want, got)
		bodyDecodes(t, oldDecoder, document, want)

		want.SetDefaults()
		new(&want)
		bodyDecodes(t, bodyjson.Config{}, document, want)
	}
	merge := func(t *testing.T, document string) presetValues {
		t.Helper()
		var current presetValues
		current.SetDefaults()
		got, err := bodyjson.Merge(jsonRequest(document), current)
		require.NoError(t, err)
		return got
	}
	same := func(*presetValues) {}
	return []migration{
		{"Missing field", func(t *testing.T, _ string) {
			differ(t, `{}`, same, same)
		}},
		{"Member of a map", func(t *testing.T, _ string) {
			document := `{"counts":{"b":2}}`
			differ(t, document,
				func(v *presetValues) { v.Counts = map[string]int{"a": 1, "b": 2} },
				func(v *presetValues) { v.Counts = map[string]int{"b": 2} })
			assert.Equal(t, map[string]int{"a": 1, "b": 2}, merge(t, document).Counts)
		}},
		{"Member of a pointer", func(t *testing.T, _ string) {
			document := `{"pointer":{"x":7}}`
			differ(t, document,
				func(v *presetValues) { v.Pointer = &presetPoint{7, 2} },
				func(v *presetValues) { v.Pointer = &presetPoint{7, 0} })
			assert.Equal(t, &presetPoint{7, 2}, merge(t, document).Pointer)
		}},
		{"Element of a slice", func(t *testing.T, _ string) {
			differ(t, `{"points":[{"x":7}]}`,
				func(v *presetValues) { v.Points = []presetPoint{{7, 2}} },
				func(v *presetValues) { v.Points = []presetPoint{{7, 0}} })
		}},
		{"Object for any", func(t *testing.T, _ string) {
			differ(t, `{"any":{"x":7}}`,
				func(v *presetValues) { v.Any = &presetPoint{7, 2} },
				func(v *presetValues) { v.Any = map[string]any{"x": 7.0} })
		}},
		{"null for a set field", func(t *testing.T, _ string) {
			differ(t, `{"name":null,"tags":null,"counts":null,"pointer":null,"any":null}`,
				func(v *presetValues) { v.Tags, v.Counts, v.Pointer, v.Any = nil, nil, nil, nil },
				func(v *presetValues) { v.Pointer, v.Any = nil, nil })
		}},
	}
}

func requestMigrations() []migration {
	// rejectsRequest tests that Get rejects a request that cfg accepts. A json.Decoder decodes the
	// same value, or returns oldErr.
	rejectsRequest := func(t *testing.T, row string, request func() *http.Request,
		oldErr error, status int, code string, cfg bodyjson.Config) {
		t.Helper()
		_, err := bodyjson.Get[[]int](request())
		var e *errjson.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, status, e.Status)
		assert.Equal(t, code, e.Code)
		assert.Contains(t, row, fmt.Sprintf("%d `%s`", status, code))

		got, err := lazyGet[[]int](t, cfg, request())
		require.NoError(t, err)
		var old []int
		assert.Equal(t, oldErr, json.NewDecoder(request().Body).Decode(&old))
		assert.Equal(t, old, got)
	}
	return []migration{
		{"Other content type", func(t *testing.T, row string) {
			for _, contentType := range []string{"", "text/plain"} {
				request := func() *http.Request {
					r := jsonRequest(`[1]`)
					r.Header.Set("Content-Type", contentType)
					return r
				}
				rejectsRequest(t, row, request, nil, 415, "unsupported_media_type",
					bodyjson.Config{Force: true})
			}
		}},
		{"Body of more than 1 MiB", func(t *testing.T, row string) {
			body := "[1" + strings.Repeat(" ", 1<<20) + "]"
			large := func() *http.Request { return jsonRequest(body) }
			rejectsRequest(t, row, large, nil, 413, "too_large", bodyjson.Config{MaxBytes: -1})
		}},
		{"Empty body", func(t *testing.T, row string) {
			empty := func() *http.Request { return jsonRequest("") }
			rejectsRequest(t, row, empty, io.EOF, 400, "empty_body",
				bodyjson.Config{Optional: true})
		}},
	}
}
