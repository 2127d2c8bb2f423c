package validatoradapter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/adapters/validator"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

type params = map[string]any

type holder struct {
	V any
}

// check returns the errors of v for value, and tests that FieldErrors and New agree on them.
func check(t *testing.T, v *validator.Validate, value any) []errjson.FieldError {
	t.Helper()
	var errs validator.ValidationErrors
	require.ErrorAs(t, v.Struct(value), &errs)
	got := validatoradapter.FieldErrors(errs, value)

	var ofNew []errjson.FieldError
	joined, ok := validatoradapter.New(v)(t.Context(), value).(interface{ Unwrap() []error })
	require.True(t, ok)
	for _, err := range joined.Unwrap() {
		var f errjson.FieldError
		require.ErrorAs(t, err, &f)
		ofNew = append(ofNew, f)
	}
	assert.Equal(t, ofNew, got)
	return got
}

// TestRules tests the message and the parameters of every rule about one field.
func TestRules(t *testing.T) {
	type item struct {
		SKU string `json:"sku"`
	}
	past, future := time.Unix(0, 0), time.Now().Add(time.Hour)
	tests := []struct {
		rule    string
		value   any
		message string
		params  params
	}{
		{"required", nil, "This field is required.", nil},
		{"min=1", "", "Must have at least 1 character.",
			params{"min": int64(1), "count": int64(1), "of": "string"}},
		{"min=2", []int{1}, "Must have at least 2 elements.",
			params{"min": int64(2), "count": int64(2), "of": "items"}},
		{"min=2", [1]int{1}, "Must have at least 2 elements.",
			params{"min": int64(2), "count": int64(2), "of": "items"}},
		{"min=2", (*string)(nil), "Must have at least 2 characters.",
			params{"min": int64(2), "count": int64(2), "of": "string"}},
		{"min=2", nil, "Must be at least 2.", params{"min": int64(2)}},
		{"min=-0x10", -17, "Must be at least -0x10.", params{"min": int64(-16), "of": "number"}},
		{"min=1h", time.Second, "Must be at least 1h.", params{"min": "1h", "of": "duration"}},
		{"min=9007199254740993", uint64(1), "Must be at least 9007199254740993.",
			params{"min": "9007199254740993", "of": "number"}},
		{"min=inf", 1.5, "Must be at least inf.", params{"min": "inf", "of": "number"}},
		{"gte=1.5", 1.0, "Must be at least 1.5.", params{"min": 1.5, "of": "number"}},
		{"gte", past, "Must not be in the past.", params{"of": "datetime"}},
		{"max=1", map[string]int{"a": 1, "b": 2}, "Must have at most 1 element.",
			params{"max": int64(1), "count": int64(1), "of": "items"}},
		{"lte=1", 2, "Must be at most 1.", params{"max": int64(1), "of": "number"}},
		{"lte", future, "Must not be in the future.", params{"of": "datetime"}},
		{"gt=1", 1, "Must be more than 1.",
			params{"min": int64(1), "of": "number", "exclusive": true}},
		{"gt=1", "a", "Must have more than 1 character.",
			params{"min": int64(1), "count": int64(1), "of": "string", "exclusive": true}},
		{"gt", past, "Must be in the future.", params{"of": "datetime", "exclusive": true}},
		{"lt=1", 1.5, "Must be less than 1.",
			params{"max": int64(1), "of": "number", "exclusive": true}},
		{"lt", future, "Must be in the past.", params{"of": "datetime", "exclusive": true}},
		{"len=3", 2, "Must be 3.", params{"expected": int64(3)}},
		{"len=3", "a", "Must have 3 characters.",
			params{"length": int64(3), "count": int64(3), "of": "string"}},
		{"eq=a", "b", "Must be a.", params{"expected": "a"}},
		{"eq=1", "b", "Must be 1.", params{"expected": "1"}},
		{"eq=true", false, "Must be true.", params{"expected": true}},
		{"eq=1", []int{}, "Must have 1 element.",
			params{"length": int64(1), "count": int64(1), "of": "items"}},
		{"ne=a", "a", "Must not be a.", params{"excluded": "a"}},
		{"ne=2", []int{1, 2}, "Must not have 2 elements.", params{"excluded": int64(2)}},
		{"oneof='a b' 1", "d", "Must be one of: a b, 1.", params{"choices": []any{"a b", "1"}}},
		{"oneof=1 2", 3, "Must be one of: 1, 2.", params{"choices": []any{int64(1), int64(2)}}},
		{"oneofci=a b", "c", "Must be one of: a, b.", params{"choices": []any{"a", "b"}}},
		{"unique", []int{1, 1}, "Must not contain duplicates.", nil},
		{"unique=SKU", []item{{"a"}, {"a"}}, `Must not contain duplicates of field "sku".`,
			params{"field": "sku"}},
		{"unique=SKU", []*item{{"a"}, {"a"}}, `Must not contain duplicates of field "sku".`,
			params{"field": "sku"}},
		{"startswith=x", "y", "Does not satisfy the rule startswith.", params{"param": "x"}},
		{"iscolor", "x", "Does not satisfy the rule iscolor.", nil},
		{"uuid4|email", "x", "Does not satisfy the rule uuid4|email.", nil},
		{"len=0|min=3", "x", "Does not satisfy the rule len=0|min=3.", nil},

		{"alpha", "É !", "Must be only letters.", nil},
		{"alphanum", "É !", "Must be only letters and digits.", nil},
		{"ascii", "É !", "Must be only ASCII characters.", nil},
		{"base64", "É !", "Must be base64.", nil},
		{"boolean", "É !", "Must be a boolean.", nil},
		{"cidr", "É !", "Must be an address range in CIDR notation.", nil},
		{"datetime=2006-01-02", "É !", "Must be a date and time.", params{"param": "2006-01-02"}},
		{"e164", "É !", "Must be a phone number in E.164 format.", nil},
		{"email", "É !", "Must be an email address.", nil},
		{"fqdn", "É !", "Must be a domain name.", nil},
		{"hexadecimal", "É !", "Must be hexadecimal.", nil},
		{"hexcolor", "É !", "Must be a hex colour.", nil},
		{"hostname", "É !", "Must be a host name.", nil},
		{"http_url", "É !", "Must be an HTTP URL.", nil},
		{"ip", "É !", "Must be an IP address.", nil},
		{"ipv4", "É !", "Must be an IPv4 address.", nil},
		{"ipv6", "É !", "Must be an IPv6 address.", nil},
		{"iso3166_1_alpha2", "É !", "Must be a country code.", nil},
		{"iso4217", "É !", "Must be a currency code.", nil},
		{"json", "É !", "Must be JSON.", nil},
		{"jwt", "É !", "Must be a JSON Web Token.", nil},
		{"latitude", "É !", "Must be a latitude.", nil},
		{"longitude", "É !", "Must be a longitude.", nil},
		{"lowercase", "É !", "Must be in lower case.", nil},
		{"mac", "É !", "Must be a MAC address.", nil},
		{"number", "É !", "Must be a number.", nil},
		{"numeric", "É !", "Must be a number.", nil},
		{"semver", "É !", "Must be a semantic version.", nil},
		{"timezone", "É !", "Must be a time zone.", nil},
		{"uppercase", "é !", "Must be in upper case.", nil},
		{"uri", "É !", "Must be a URI.", nil},
		{"url", "É !", "Must be a URL.", nil},
		{"uuid", "É !", "Must be a UUID.", nil},
		{"uuid4", "É !", "Must be a UUID of version 4.", nil},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %T", test.rule, test.value), func(t *testing.T) {
			v := validator.New()
			v.RegisterStructValidationMapRules(map[string]string{"V": test.rule}, holder{})
			code := test.rule
			if !strings.Contains(code, "|") {
				code, _, _ = strings.Cut(code, "=")
			}
			got := check(t, v, &holder{test.value})
			assert.Equal(t, []errjson.FieldError{
				{Pointer: "/V", Code: code, Message: test.message, Params: test.params},
			}, got)
			_, err := json.Marshal(got)
			assert.NoError(t, err)
		})
	}

	t.Run("alias", func(t *testing.T) {
		v := validator.New()
		v.RegisterAlias("short", "max=2")
		v.RegisterStructValidationMapRules(map[string]string{"V": "short"}, holder{})
		assert.Equal(t, []errjson.FieldError{{
			Pointer: "/V", Code: "short", Message: "Must have at most 2 characters.",
			Params: params{"max": int64(2), "count": int64(2), "of": "string"},
		}}, check(t, v, holder{"abc"}))
	})
	t.Run("rules of the program", func(t *testing.T) {
		v := validator.New()
		never := func(validator.FieldLevel) bool { return false }
		for rule, want := range map[string]errjson.FieldError{
			"odd": {Message: "Does not satisfy the rule odd."},
			"odd=a": {
				Message: "Does not satisfy the rule odd.", Params: params{"param": "a"},
			},
			"infield":          {Message: "Does not satisfy the rule infield."},
			"required_here":    {Message: "This field is required."},
			"required_here=de": {Message: "This field is required.", Params: params{"param": "de"}},
		} {
			want.Pointer = "/V"
			want.Code, _, _ = strings.Cut(rule, "=")
			require.NoError(t, v.RegisterValidation(want.Code, never))
			v.RegisterStructValidationMapRules(map[string]string{"V": rule}, holder{})
			assert.Equal(t, []errjson.FieldError{want}, check(t, v, holder{"a"}), rule)
			v = validator.New()
		}
	})
}

// TestRulesOfOtherFields tests the message and the parameters of rules that name another field.
func TestRulesOfOtherFields(t *testing.T) {
	type address struct {
		Country string `json:"country"`
	}
	type base struct {
		Plan string `json:"plan"`
	}
	type order struct {
		base
		A       string `json:"a-b"`
		B, Long string
		Hidden  string                    `json:"-"`
		Billing *address                  `json:"billing"`
		Extra   bodyjson.Optional[string] `json:"extra"`
		List    []address                 `json:"list"`
		V       string                    `json:"v"`
	}
	full := order{
		A: "x", B: "y", Long: "xx", Hidden: "x", V: "x", base: base{"x"},
		Billing: &address{"x"}, List: []address{{"x"}},
		Extra: bodyjson.Optional[string]{Set: true, Value: "x"},
	}
	empty := order{V: "x"}
	missing := full
	missing.V = ""
	onlyV := func(v string) order { return order{V: v} }
	conflict := func(name string) (string, params) {
		return `Conflicts with field "` + name + `".`, params{"other": name}
	}
	tests := []struct {
		rule    string
		value   order
		message string
		params  params
	}{
		{"required_if=A x", missing, `This field is required if field "a-b" is x.`,
			params{"others": []string{"a-b"}, "values": []string{"x"}}},
		{"required_if=A x B y", missing,
			`This field is required if field "a-b" is x and field "B" is y.`,
			params{"others": []string{"a-b", "B"}, "values": []string{"x", "y"}}},
		{"required_unless=A 'p q' B r", missing,
			`This field is required unless field "a-b" is p q or field "B" is r.`,
			params{"others": []string{"a-b", "B"}, "values": []string{"p q", "r"}}},
		{"skip_unless=A x", missing, `This field is required if field "a-b" is x.`,
			params{"others": []string{"a-b"}, "values": []string{"x"}}},
		{"required_with=A", missing, `This field is required if field "a-b" is present.`,
			params{"others": []string{"a-b"}}},
		{"required_with=A Billing.Country", missing,
			`This field is required if field "a-b" or field "billing.country" is present.`,
			params{"others": []string{"a-b", "billing.country"}}},
		{"required_with_all=A", missing, `This field is required if field "a-b" is present.`,
			params{"others": []string{"a-b"}}},
		{"required_with_all=A B", missing,
			`This field is required if field "a-b" and field "B" are present.`,
			params{"others": []string{"a-b", "B"}}},
		{"required_without=A B", onlyV(""),
			`This field is required if field "a-b" or field "B" is absent.`,
			params{"others": []string{"a-b", "B"}}},
		{"required_without_all=A B", onlyV(""),
			`This field is required if field "a-b" and field "B" are absent.`,
			params{"others": []string{"a-b", "B"}}},
		{"excluded_if=A x", full, `This field must be absent if field "a-b" is x.`,
			params{"others": []string{"a-b"}, "values": []string{"x"}}},
		{"excluded_unless=A z", full, `This field must be absent unless field "a-b" is z.`,
			params{"others": []string{"a-b"}, "values": []string{"z"}}},
		{"excluded_with=A B", full,
			`This field must be absent if field "a-b" or field "B" is present.`,
			params{"others": []string{"a-b", "B"}}},
		{"excluded_with_all=A B", full,
			`This field must be absent if field "a-b" and field "B" are present.`,
			params{"others": []string{"a-b", "B"}}},
		{"excluded_without=A B", empty,
			`This field must be absent if field "a-b" or field "B" is absent.`,
			params{"others": []string{"a-b", "B"}}},
		{"excluded_without_all=A B", empty,
			`This field must be absent if field "a-b" and field "B" are absent.`,
			params{"others": []string{"a-b", "B"}}},
	}
	for rule, name := range map[string]string{
		"eqfield=B": "B", "nefield=A": "a-b", "gtfield=A": "a-b", "gtefield=Long": "Long",
		"ltfield=A": "a-b", "ltefield=Lower": "Lower", "eqcsfield=B": "B",
		"necsfield=Billing.Country": "billing.country", "gtcsfield=A": "a-b", "gtecsfield=B": "B",
		"ltcsfield=A": "a-b", "ltecsfield=Lower": "Lower", "fieldcontains=B": "B",
		"fieldexcludes=A": "a-b", "unique=A": "a-b", "nefield=Plan": "plan",
		"nefield=base.Plan": "plan", "nefield=Extra.Value": "extra",
		"nefield=List[0].Country": "list[0].country", "eqfield=A[0].X": "A[0].X",
		"nefield=Hidden": "Hidden", "eqfield=Hidden.X": "Hidden.X", "eqfield=base": "base",
	} {
		message, p := conflict(name)
		tests = append(tests, struct {
			rule    string
			value   order
			message string
			params  params
		}{rule, full, message, p})
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			v := validator.New()
			v.RegisterStructValidationMapRules(map[string]string{"V": test.rule}, order{})
			code, _, _ := strings.Cut(test.rule, "=")
			want := errjson.FieldError{
				Pointer: "/v", Code: code, Message: test.message, Params: test.params,
			}
			assert.Equal(t, []errjson.FieldError{want}, check(t, v, &test.value))

			want.Pointer = "/0/v"
			err := validatoradapter.New(v)(t.Context(), []order{test.value})
			assert.Equal(t, errors.Join(want), err, "in a list")
		})
	}
}

func TestFieldErrors(t *testing.T) {
	tooSmall := params{"min": int64(1), "of": "number"}
	v := validator.New()
	errsOf := func(value any) (errs validator.ValidationErrors) {
		require.ErrorAs(t, v.Struct(value), &errs)
		return errs
	}
	t.Run("no errors", func(t *testing.T) {
		assert.Empty(t, validatoradapter.FieldErrors(nil, Line{}))
	})
	t.Run("nested and several", func(t *testing.T) {
		o := Order{Name: "a", ByKey: map[string]Line{"a/b": {"abcd", 0}}}
		assert.Equal(t, []errjson.FieldError{
			{Pointer: "/id", Code: "min", Message: "Must be at least 1.", Params: tooSmall},
			{
				Pointer: "/by_key/a~1b/qty", Code: "gte", Message: "Must be at least 1.",
				Params: tooSmall,
			},
		}, check(t, v, o))
	})
	t.Run("absent optional value", func(t *testing.T) {
		type patch struct {
			Line bodyjson.Optional[Line] `json:"line"`
		}
		assert.Empty(t, validatoradapter.FieldErrors(errsOf(patch{}), patch{}))
	})
	t.Run("nil and another type", func(t *testing.T) {
		errs := errsOf(Line{"abcd", 0})
		for _, value := range []any{nil, (*Line)(nil), 1, holder{}} {
			assert.Equal(t, []errjson.FieldError{
				{Code: "gte", Message: "Must be at least 1.", Params: tooSmall},
			}, validatoradapter.FieldErrors(errs, value))
		}
	})
	t.Run("other field without a struct", func(t *testing.T) {
		type repeated struct {
			A int `json:"a"`
			B int `json:"b" validate:"eqfield=A"`
		}
		assert.Equal(t, []errjson.FieldError{{
			Code: "eqfield", Message: `Conflicts with field "A".`, Params: params{"other": "A"},
		}}, validatoradapter.FieldErrors(errsOf(repeated{A: 1}), nil))
	})
	t.Run("nil element", func(t *testing.T) {
		type list struct {
			L []any `json:"l" validate:"dive,min=1"`
		}
		assert.Equal(t, []errjson.FieldError{{
			Pointer: "/l/0", Code: "min", Message: "Must be at least 1.",
			Params: params{"min": int64(1)},
		}}, check(t, v, list{[]any{nil}}))
	})
	t.Run("nil of a custom type function", func(t *testing.T) {
		v := validator.New()
		null := func(reflect.Value) any { return nil }
		v.RegisterCustomTypeFunc(null, bodyjson.Optional[string]{})
		type patch struct {
			Name bodyjson.Optional[string] `json:"name" validate:"min=1"`
		}
		assert.Equal(t, []errjson.FieldError{{
			Pointer: "/name", Code: "min", Message: "Must be at least 1.",
			Params: params{"min": int64(1)},
		}}, check(t, v, patch{}))
	})
	t.Run("one variable", func(t *testing.T) {
		var errs validator.ValidationErrors
		require.ErrorAs(t, v.Var([]int{1, 0}, "dive,gte=1"), &errs)
		assert.Equal(t, []errjson.FieldError{
			{Pointer: "/1", Code: "gte", Message: "Must be at least 1.", Params: tooSmall},
		}, validatoradapter.FieldErrors(errs, []int{1, 0}))
	})
}

// This example builds the error response that many Gin programs send from validator errors, such as
// those of ShouldBindJSON: Go names, each with the rule and its parameter.
func ExampleFieldErrors() {
	type Login struct {
		Email    string `json:"email" validate:"required"`
		Password string `json:"password" validate:"min=8"`
	}
	in := Login{Email: "ada@example.com", Password: "secret"}

	var errs validator.ValidationErrors
	if errors.As(validator.New().Struct(in), &errs) {
		response := map[string]string{}
		for i, f := range validatoradapter.FieldErrors(errs, in) {
			response[errs[i].StructField()] = fmt.Sprintf("{%s: %v}", f.Code, f.Params["min"])
		}
		body, _ := json.Marshal(response)
		fmt.Println(string(body))
	}
	// Output: {"Password":"{min: 8}"}
}

// This example checks all fields of a body except one.
func ExampleFieldErrors_bodyjson() {
	type Signup struct {
		Password string `json:"password" validate:"min=8"`
		Repeat   string `json:"repeat" validate:"eqfield=Password"`
		Company  string `json:"company" validate:"required"`
	}
	v := validator.New()
	validate := func(ctx context.Context, value any) error {
		err := v.StructExceptCtx(ctx, value, "Company")
		var errs validator.ValidationErrors
		if errors.As(err, &errs) {
			return errjson.Invalid(validatoradapter.FieldErrors(errs, value)...)
		}
		return err
	}
	h := bodyjson.Handler(bodyjson.Config{Validate: validate},
		func(_ *http.Request, in Signup) (Signup, error) { return in, nil })

	r := httptest.NewRequest(http.MethodPost, "/",
		strings.NewReader(`{"password":"secret","repeat":"sekret"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
	var body struct {
		Details []json.RawMessage
	}
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	for _, f := range body.Details {
		fmt.Println(string(f))
	}
	// Output:
	// 422
	// {"pointer":"/password","code":"min","message":"Must have at least 8 characters.","params":{"count":8,"min":8,"of":"string"},"offset":12,"line":1,"column":13}
	// {"pointer":"/repeat","code":"eqfield","message":"Conflicts with field \"password\".","params":{"other":"password"},"offset":30,"line":1,"column":31}
}
