package bodyjson_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// part is valid if its number is not negative. The numbers 409, 422 and 500 select other errors.
type part struct {
	N int `json:"n"`
}

func (p part) Validate() error {
	switch {
	case p.N < 0:
		return errjson.FieldError{Pointer: "/n", Code: "min", Message: "Must be positive."}
	case p.N == 409:
		return errjson.Conflict("It is taken.")
	case p.N == 422:
		return errjson.Invalid(errjson.FieldError{Pointer: "/n", Code: "odd", Message: "Is odd."}, errjson.FieldError{Message: "Is wrong."})
	case p.N == 500:
		return errors.New("secret")
	}
	return nil
}

// code is a string with a Validate method, and custom also has an unmarshal method.
type (
	code   string
	custom struct{ s string }
)

func (c *code) Validate(context.Context) error {
	if *c == "bad" {
		return errjson.FieldError{Message: "Is bad."}
	}
	return nil
}

func (c *custom) UnmarshalText(text []byte) error {
	c.s = string(text)
	return nil
}

func (c custom) Validate() error {
	if c.s == "bad" {
		return errjson.FieldError{Message: "Is bad."}
	}
	return nil
}

type Embedded struct {
	E part `json:"e"`
}

type machine struct {
	Embedded
	Part  part                    `json:"part"`
	Ptr   *part                   `json:"ptr"`
	List  []part                  `json:"list"`
	Deep  [][]*part               `json:"deep"`
	Map   map[string]part         `json:"map"`
	ByInt map[int]part            `json:"by_int"`
	Opt   bodyjson.Optional[part] `json:"opt"`
	Code  code                    `json:"code"`
	Text  custom                  `json:"text"`
	Sub   *machine                `json:"sub"`
	Max   int                     `json:"max"`
}

func (m *machine) Validate() error {
	if m.Max == 1 {
		return errjson.FieldError{Pointer: "/max", Code: "max", Message: "Is one."}
	}
	if m.Max == 2 { // as if the method had called that of Part
		return errjson.FieldError{Pointer: "/part/n", Code: "min", Message: "Must be positive."}
	}
	return nil
}

func TestNestedValidate(t *testing.T) {
	negative := func(pointer string, offset int) string {
		return detail(pointer, "min", "Must be positive.", offset, 1, offset+1)
	}
	bad := func(pointer string, offset int) string {
		return detail(pointer, "invalid", "Is bad.", offset, 1, offset+1)
	}
	for _, test := range []struct{ body, want string }{
		{`{"part":{"n":-1}}`, negative("/part/n", 13)},
		{`{"e":{"n":-1}}`, negative("/e/n", 10)},
		{`{"ptr":{"n":-1}}`, negative("/ptr/n", 12)},
		{`{"list":[{"n":1},{"n":-1}]}`, negative("/list/1/n", 22)},
		{`{"deep":[[null],[{"n":0},{"n":-1}]]}`, negative("/deep/1/1/n", 30)},
		{`{"map":{"a/b":{"n":-1}}}`, negative("/map/a~1b/n", 19)},
		{`{"by_int":{"7":{"n":-1}}}`, negative("/by_int/7/n", 20)},
		{`{"opt":{"n":-1}}`, negative("/opt/n", 12)},
		{`{"code":"bad"}`, bad("/code", 8)},
		{`{"text":"bad"}`, bad("/text", 8)},
		{`{"sub":{"sub":{"list":[{"n":-1}]}}}`, negative("/sub/sub/list/0/n", 28)},
		{`{"max":1,"part":{"n":-1},"list":[{"n":-2}]}`, detail("/max", "max", "Is one.", 7, 1, 8) + "," +
			negative("/part/n", 21) + "," + negative("/list/0/n", 38)},
		{`{"max":2,"part":{"n":-1}}`, negative("/part/n", 21)},
		{`{"part":{"n":422}}`, detail("/part", "invalid", "Is wrong.", 8, 1, 9) + "," + detail("/part/n", "odd", "Is odd.", 13, 1, 14)},
	} {
		t.Run(test.body, func(t *testing.T) {
			everyWay[machine](t, bodyjson.Config{}, func(t *testing.T, h http.Handler) {
				assert.Equal(t, invalid(test.want), do(h, post(test.body)))
			})
		})
	}
	h := echoing[machine](bodyjson.Config{})
	assert.Equal(t, http.StatusOK, do(h, post(`{"part":{"n":1},"ptr":null,"list":[{"n":1}],"opt":null,"code":"good","sub":{}}`)).status)
	assert.Equal(t, http.StatusConflict, do(h, post(`{"max":1,"list":[{"n":409}]}`)).status, "an error with a status is the response")
	assert.Equal(t, invalid(), do(h, post(`{"list":[{"n":500}]}`)), "the text is not sent")
	assert.Equal(t, invalid(negative("/part/n", 13)), do(h, post(`{"part":{"n":-1},"list":[{"n":500}]}`)))
	assert.Equal(t, invalid(negative("/1/n", 14)), do(echoing[[]part](bodyjson.Config{}), post(`[{"n":1},{"n":-1}]`)))

	t.Run("at most a hundred", func(t *testing.T) {
		body := `[` + strings.Repeat(`{"n":-1},`, 5000) + `{"n":1}]`
		assert.Equal(t, 100, strings.Count(do(echoing[[]part](bodyjson.Config{}), post(body)).body, `"pointer"`))
	})
	t.Run("Config.Validate is not called after an error", func(t *testing.T) {
		cfg := bodyjson.Config{Validate: func(context.Context, any) error { panic("not called") }}
		assert.Equal(t, http.StatusUnprocessableEntity, do(echoing[[]part](cfg), post(`[{"n":-1}]`)).status)
	})
}

// TestValidationFunctions tests several validation functions for one type.
func TestValidationFunctions(t *testing.T) {
	positive := func(_ context.Context, p *part) error {
		if p.N == 0 {
			return errjson.FieldError{Pointer: "/n", Code: "zero", Message: "Must not be 0."}
		}
		return nil
	}
	small := func(ctx context.Context, p *part) error {
		if p.N > ctx.Value(nameKey{}).(int) {
			return errjson.FieldError{Pointer: "/n", Code: "max", Message: "Is too large."}
		}
		return nil
	}
	echo := func(_ *http.Request, p part) (part, error) { return p, nil }
	send := func(h http.Handler, body string) answer {
		r := post(body)
		return do(h, r.WithContext(context.WithValue(r.Context(), nameKey{}, 5)))
	}
	both := bodyjson.Handler(bodyjson.Config{}, echo, positive, small)
	assert.Equal(t, ok(`{"n":3}`), send(both, `{"n":3}`))
	assert.Equal(t, invalid(detail("/n", "zero", "Must not be 0.", 5, 1, 6)), send(both, `{"n":0}`))
	assert.Equal(t, invalid(detail("/n", "max", "Is too large.", 6, 1, 7)), send(both, ` {"n":6}`))
	assert.Equal(t, invalid(detail("/n", "min", "Must be positive.", 5, 1, 6)), send(both, `{"n":-1}`), "the Validate method is called first")
	assert.Equal(t, ok(`{"n":6}`), send(bodyjson.Handler(bodyjson.Config{}, echo, positive), `{"n":6}`))

	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	assert.Equal(t, http.StatusUnprocessableEntity, send(bodyjson.New(bodyjson.Config{}, positive)(next), `{"n":0}`).status)
	assert.Equal(t, http.StatusNoContent, send(bodyjson.New(bodyjson.Config{}, positive)(next), `{"n":1}`).status)
	run := bodyjson.NewFunc(bodyjson.Config{}, positive)
	assert.Error(t, run(quietWriter{http.Header{}}, post(`{"n":0}`), func(*http.Request) error { return nil }))
	called := bodyjson.Config{Validate: func(context.Context, any) error { panic("not called") }}
	assert.Equal(t, http.StatusUnprocessableEntity, send(bodyjson.New(called, positive)(next), `{"n":0}`).status)
}

// TestHiddenErrors tests that a validation error without field errors is logged and not sent.
func TestHiddenErrors(t *testing.T) {
	for name, cfg := range map[string]bodyjson.Config{
		"method":          {},
		"Config.Validate": {Validate: func(context.Context, any) error { return fmt.Errorf("wrapped: %w", errors.New("secret")) }},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			errs := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			assert.Equal(t, invalid(), do(errs.Wrap(echoing[part](cfg)), post(`{"n":500}`)))
			assert.Contains(t, log.String(), "level=WARN")
			assert.Contains(t, log.String(), "secret")
		})
	}
	var log bytes.Buffer
	errs := errjson.NewRenderer(errjson.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	assert.Equal(t, http.StatusUnprocessableEntity, do(errs.Wrap(echoing[part](bodyjson.Config{})), post(`{"n":-1}`)).status)
	assert.Empty(t, log.String(), "a field error is sent and logged at Debug")
}

type taken struct {
	ID string `json:"id"`
}

func (t taken) Validate() error {
	switch t.ID {
	case "conflict":
		return &errjson.Error{Status: 409, Code: "taken", Details: []errjson.FieldError{{Pointer: "/id"}}}
	case "timeout":
		return fmt.Errorf("late: %w", context.DeadlineExceeded)
	case "":
		return errjson.FieldError{Pointer: "/id", Code: "empty", Message: "Is empty."}
	}
	return nil
}

type takenHolder struct {
	List     []taken          `json:"list"`
	Map      map[string]taken `json:"map"`
	Optional taken            `json:"optional"`
	Required taken            `json:"required" required:"true"`
	Pointer  *taken           `json:"pointer"`
}

func (h takenHolder) Validate() error {
	if len(h.Map) == 9 {
		return errjson.Invalid(errjson.FieldError{Pointer: "/map", Code: "nine", Message: "Are nine."})
	}
	return nil
}

func TestValidateResponses(t *testing.T) {
	h := echoing[takenHolder](bodyjson.Config{})
	empty := func(pointer string, offset int) string {
		return detail(pointer, "empty", "Is empty.", offset, 1, offset+1)
	}
	const required = `"required":{"id":"a"}`
	for _, test := range []struct {
		name, body string
		want       int
		details    string
	}{
		{"an error with a status of an element", `{"list":[{"id":"conflict"}],` + required + `}`, 409, ""},
		{"a context error of an element", `{"list":[{"id":"timeout"}],` + required + `}`, 504, ""},
		{"missing field", `{` + required + `}`, 200, ""},
		{"null field", `{"optional":null,"pointer":null,` + required + `}`, 200, ""},
		{"zero field that is required", `{"required":{}}`, 422, empty("/required/id", 12)},
		{"zero element", `{"list":[{}],` + required + `}`, 422, empty("/list/0/id", 9)},
		{"zero target of a pointer", `{"pointer":{},` + required + `}`, 422, empty("/pointer/id", 11)},
		{"a 422 of the outer value keeps the errors of inner values",
			`{"map":{"1":{},"2":{"id":"a"},"3":{"id":"a"},"4":{"id":"a"},"5":{"id":"a"},"6":{"id":"a"},"7":{"id":"a"},"8":{"id":"a"},"9":{"id":"a"}},` + required + `}`,
			422, detail("/map", "nine", "Are nine.", 7, 1, 8) + "," + empty("/map/1/id", 12)},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := do(h, post(test.body))
			if test.details != "" {
				assert.Equal(t, invalid(test.details), got)
				return
			}
			assert.Equal(t, test.want, got.status, got.body)
		})
	}
	t.Run("the order of a map does not matter", func(t *testing.T) {
		first := do(h, post(`{"map":{"a":{"id":"conflict"},"b":{"id":"timeout"},"c":{}},`+required+`}`))
		for range 20 {
			assert.Equal(t, first, do(h, post(`{"map":{"a":{"id":"conflict"},"b":{"id":"timeout"},"c":{}},`+required+`}`)))
		}
		assert.Equal(t, 409, first.status)
	})
	t.Run("a method may change the value", func(t *testing.T) {
		assert.Equal(t, ok(`{"List":["a"],"Map":{"x":"a"},"Field":"a"}`), do(echoing[struct {
			List  []trimmed
			Map   map[string]trimmed
			Field trimmed
		}](bodyjson.Config{}), post(`{"List":[" a "],"Map":{"x":" a "},"Field":" a "}`)))
	})
	t.Run("many hidden errors", func(t *testing.T) {
		body := `[` + strings.Repeat(`{"n":500},`, 50_000) + `{"n":500}]`
		before := allocated()
		assert.Equal(t, invalid(), do(echoing[[]part](bodyjson.Config{}), post(body)))
		assert.Less(t, allocated()-before, uint64(16<<20))
	})
}

type trimmed string

func (s *trimmed) Validate() error {
	*s = trimmed(strings.TrimSpace(string(*s)))
	return nil
}

// TestGetValidates tests that Get does not return a value that the functions of New have rejected.
func TestGetValidates(t *testing.T) {
	reject := func(context.Context, *named) error { return errjson.FieldError{Message: "Is rejected."} }
	for _, body := range []string{`{"name":"admin"}`, `{`, ``} {
		within(t, bodyjson.New(bodyjson.Config{Silent: true}, reject), post(body), func(r *http.Request) {
			v, err := bodyjson.Get[named](r)
			assert.NoError(t, err)
			assert.Zero(t, v)
		})
	}
	null := func(context.Context, **named) error { panic("not called") }
	within(t, bodyjson.New(bodyjson.Config{}, null), post(`null`), func(*http.Request) {})
}
