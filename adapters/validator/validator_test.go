package validatoradapter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/en"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	detranslations "github.com/go-playground/validator/v10/translations/de"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/adapters/validator"
	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

type Base struct {
	ID int `json:"id" validate:"min=1"`
}

type Line struct {
	SKU string `json:"sku" validate:"required,len=4"`
	Qty int    `json:"qty" validate:"gte=1,lte=9"`
}

type Order struct {
	Base
	Name    string          `json:"name" validate:"required"`
	Email   string          `json:"e~mail/x" validate:"omitempty,email"`
	Lines   []Line          `json:"lines" validate:"max=2,dive"`
	ByKey   map[string]Line `json:"by_key" validate:"dive"`
	Matrix  [][]int         `validate:"dive,dive,lt=10"`
	Pointer *Line           `json:"pointer,omitempty"`
	Any     any             `json:"any" validate:"omitempty,oneof=a b"`
	Secret  string          `json:"-" validate:"omitempty,uuid"`
	Start   time.Time       `json:"start" validate:"omitempty,lt"`
	End     time.Time       `json:"end" validate:"omitempty,gtfield=Start"`
}

func good() Order { return Order{Base: Base{1}, Name: "a"} }

// fieldErrorsOf returns the field errors of validate as text.
func fieldErrorsOf(t *testing.T, validate func(context.Context, any) error, v any) []string {
	t.Helper()
	err := validate(t.Context(), v)
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%v", err)
	var found []string
	for _, err := range joined.Unwrap() {
		var f errjson.FieldError
		require.ErrorAs(t, err, &f)
		found = append(found, f.Pointer+" "+f.Code+" "+f.Message)
	}
	return found
}

func TestNew(t *testing.T) {
	validate := validatoradapter.New(validator.New(validator.WithRequiredStructEnabled()))
	tests := []struct {
		name   string
		change func(*Order)
		want   []string
	}{
		{"good", func(*Order) {}, nil},
		{"required", func(o *Order) { o.Name = "" }, []string{"/name required This field is required."}},
		{"embedded", func(o *Order) { o.ID = 0 }, []string{"/id min Must be at least 1."}},
		{"escaped", func(o *Order) { o.Email = "x" }, []string{"/e~0mail~1x email Must be an email address."}},
		{"list", func(o *Order) { o.Lines = []Line{{"abcd", 1}, {"abc", 10}} }, []string{
			"/lines/1/sku len Must have 4 characters.", "/lines/1/qty lte Must be at most 9."}},
		{"length of a list", func(o *Order) { o.Lines = make([]Line, 3) }, []string{"/lines max Must have at most 2 elements."}},
		{"map", func(o *Order) { o.ByKey = map[string]Line{"a.b[0]/": {"abcd", 0}} }, []string{"/by_key/a.b[0]~1/qty gte Must be at least 1."}},
		{"map with keys in keys", func(o *Order) { o.ByKey = map[string]Line{"a": {"abcd", 1}, "a].Qty[": {"abcd", 0}} },
			[]string{"/by_key/a].Qty[/qty gte Must be at least 1."}},
		{"lists in lists", func(o *Order) { o.Matrix = [][]int{{1}, {2, 10}} }, []string{"/Matrix/1/1 lt Must be less than 10."}},
		{"pointer", func(o *Order) { o.Pointer = &Line{} }, []string{
			"/pointer/sku required This field is required.", "/pointer/qty gte Must be at least 1."}},
		{"interface", func(o *Order) { o.Any = "c" }, []string{"/any oneof Must be one of: a, b."}},
		{"not in JSON", func(o *Order) { o.Secret = "x" }, []string{" uuid Must be a UUID."}},
		{"times", func(o *Order) { o.Start = time.Now().Add(time.Hour) }, []string{"/start lt Must be in the past."}},
		{"other field", func(o *Order) { o.Start, o.End = time.Unix(9, 0), time.Unix(8, 0) }, []string{`/end gtfield Conflicts with field "start".`}},
		{"all", func(o *Order) { *o = Order{Email: "x"} }, []string{
			"/id min Must be at least 1.", "/name required This field is required.", "/e~0mail~1x email Must be an email address."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := good()
			test.change(&o)
			assert.Equal(t, test.want, fieldErrorsOf(t, validate, &o))
			assert.Equal(t, test.want, fieldErrorsOf(t, validate, o), "by value")

			byTag := validator.New(validator.WithRequiredStructEnabled())
			byTag.RegisterTagNameFunc(func(reflect.StructField) string { return "other.name[" })
			assert.Equal(t, test.want, fieldErrorsOf(t, validatoradapter.New(byTag), &o), "with other names for the validator")
		})
	}
	t.Run("lists and maps as bodies", func(t *testing.T) {
		assert.Equal(t, []string{"/1/sku len Must have 4 characters."}, fieldErrorsOf(t, validate, &[]*Line{{"abcd", 1}, {"abc", 1}}))
		assert.Equal(t, []string{"/a~1/0/qty gte Must be at least 1."}, fieldErrorsOf(t, validate, &map[string][1]Line{"a/": {{"abcd", 0}}}))
	})
	t.Run("bodies without structs", func(t *testing.T) {
		n := 1
		var nothing *Line
		now := time.Now()
		for _, v := range []any{
			&n, "a", &[]string{"a"}, nothing, nil, []*Line{nil}, &now, []time.Time{now}, map[string]*time.Time{"a": &now},
		} {
			assert.Nil(t, fieldErrorsOf(t, validate, v))
		}
	})
	t.Run("long lists without structs", func(t *testing.T) {
		numbers := make([]int, 10_000)
		assert.Less(t, testing.AllocsPerRun(10, func() { _ = validate(t.Context(), &numbers) }), 100.0, "no pointers are built")
	})
	t.Run("embedded struct fields", func(t *testing.T) {
		type embedding struct {
			In Line `json:",embed"`
		}
		assert.Equal(t, []string{"/sku required This field is required.", "/qty gte Must be at least 1."}, fieldErrorsOf(t, validate, embedding{}))
	})
	t.Run("an error in a nil embedded struct", func(t *testing.T) {
		type empty struct{ *Base }
		v := validator.New()
		v.RegisterStructValidation(func(sl validator.StructLevel) { sl.ReportError(0, "ID", "ID", "odd", "") }, empty{})
		assert.Equal(t, []string{"/id odd Does not satisfy the rule odd."}, fieldErrorsOf(t, validatoradapter.New(v), empty{}))
	})
	t.Run("optional fields", func(t *testing.T) {
		type patch struct {
			Line  bodyjson.Optional[Line]   `json:"line,omitzero"`
			Lines bodyjson.Optional[[]Line] `json:"lines,omitzero"`
			Name  bodyjson.Optional[string] `json:"name,omitzero" validate:"omitnil,min=2"`
		}
		v := validator.New()
		v.RegisterCustomTypeFunc(func(field reflect.Value) any {
			if o := field.Interface().(bodyjson.Optional[string]); o.Set && !o.Null {
				return &o.Value
			}
			return (*string)(nil)
		}, bodyjson.Optional[string]{})
		validate := validatoradapter.New(v)
		assert.Nil(t, fieldErrorsOf(t, validate, patch{}), "absent fields")
		assert.Nil(t, fieldErrorsOf(t, validate, patch{Line: bodyjson.Optional[Line]{Set: true, Null: true}}))
		assert.Equal(t, []string{"/line/qty gte Must be at least 1.", "/name min Must have at least 2 characters."}, fieldErrorsOf(t, validate, patch{
			Line: bodyjson.Optional[Line]{Set: true, Value: Line{SKU: "abcd"}},
			Name: bodyjson.Optional[string]{Set: true},
		}))
	})
	t.Run("generic and anonymous structs", func(t *testing.T) {
		assert.Equal(t, []string{"/item/qty gte Must be at least 1."}, fieldErrorsOf(t, validate, page[Line]{Line{"abcd", 0}}))
		assert.Equal(t, []string{"/a required This field is required."}, fieldErrorsOf(t, validate, struct {
			A int `json:"a" validate:"required"`
		}{}))
	})
	t.Run("a rule about the struct", func(t *testing.T) {
		v := validator.New()
		v.RegisterStructValidation(func(sl validator.StructLevel) {
			sl.ReportError(sl.Current().Interface(), "made_up", "MadeUp", "whole", "")
		}, Line{})
		assert.Equal(t, []string{" whole Does not satisfy the rule whole."}, fieldErrorsOf(t, validatoradapter.New(v), Line{"abcd", 1}))
	})
	t.Run("concurrent", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { assert.Error(t, validate(t.Context(), &Order{})) })
		}
		wg.Wait()
	})
}

type page[T any] struct {
	Item T `json:"item"`
}

// TestUnknownRule tests an error of the program.
func TestUnknownRule(t *testing.T) {
	type bad struct {
		A int `validate:"no_such_rule"`
	}
	assert.Panics(t, func() { _ = validatoradapter.New(validator.New())(t.Context(), bad{}) })
}

type languageKey struct{}

// german returns a validator with German translations, and a function that returns their translator.
func german() (*validator.Validate, func(context.Context) ut.Translator) {
	v := validator.New()
	universal := ut.New(en.New(), en.New(), de.New())
	trans, _ := universal.GetTranslator("de")
	if err := detranslations.RegisterDefaultTranslations(v, trans); err != nil {
		panic(err)
	}
	return v, func(ctx context.Context) ut.Translator {
		if ctx.Value(languageKey{}) == "de" {
			return trans
		}
		return nil
	}
}

func TestNewTranslated(t *testing.T) {
	validate := validatoradapter.NewTranslated(german())
	assert.Equal(t, []string{"/sku len Must have 4 characters."}, fieldErrorsOf(t, validate, Line{"abc", 1}))

	err := validate(context.WithValue(t.Context(), languageKey{}, "de"), Line{"abc", 1})
	var f errjson.FieldError
	require.ErrorAs(t, err, &f)
	assert.Equal(t, "SKU darf nur 4 Zeichen lang sein", f.Message)

	v, translator := german()
	require.NoError(t, v.RegisterValidation("odd", func(fl validator.FieldLevel) bool { return fl.Field().Int()%2 == 1 }))
	type odd struct {
		N int `json:"n" validate:"odd"`
	}
	err = validatoradapter.NewTranslated(v, translator)(context.WithValue(t.Context(), languageKey{}, "de"), odd{2})
	require.ErrorAs(t, err, &f)
	assert.Equal(t, "Does not satisfy the rule odd.", f.Message, "missing translation")
}

// TestBody tests the response to a client.
func TestBody(t *testing.T) {
	validate := validatoradapter.New(validator.New(validator.WithRequiredStructEnabled()))
	h := bodyjson.Handler(bodyjson.Config{Validate: validate}, func(_ *http.Request, in Order) (Order, error) { return in, nil })
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{\"id\":1,\n \"lines\":[{\"sku\":\"abcd\",\"qty\":12}]}"))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Equal(t, http.StatusUnprocessableEntity, w.Code)
	assert.JSONEq(t, `{"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[
		{"pointer":"/name","code":"required","message":"This field is required.","offset":0,"line":1,"column":1},
		{"pointer":"/lines/0/qty","code":"lte","message":"Must be at most 9.","params":{"max":9,"of":"number"},"offset":39,"line":2,"column":31}]}`, w.Body.String())
}

func TestErrorsAreFieldErrors(t *testing.T) {
	err := validatoradapter.New(validator.New())(t.Context(), Line{})
	var f errjson.FieldError
	assert.True(t, errors.As(err, &f))
	assert.Equal(t, "/sku: This field is required.\n/qty: Must be at least 1.", err.Error())
}

func ExampleNew() {
	type Signup struct {
		Email string `json:"email" required:"true" validate:"email"`
		Age   int    `json:"age" validate:"gte=18"`
	}
	validate := validator.New(validator.WithRequiredStructEnabled())
	h := bodyjson.Handler(bodyjson.Config{Validate: validatoradapter.New(validate)},
		func(_ *http.Request, in Signup) (Signup, error) { return in, nil })

	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"email":"ada","age":17}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// 422 {"error":"Unprocessable Entity","message":"The input is not valid.","status":422,"code":"invalid","details":[{"pointer":"/email","code":"email","message":"Must be an email address.","offset":9,"line":1,"column":10},{"pointer":"/age","code":"gte","message":"Must be at least 18.","params":{"min":18,"of":"number"},"offset":21,"line":1,"column":22}]}
}

func ExampleNewTranslated() {
	// A middleware has put the language of the client into the context.
	ctx := context.WithValue(context.Background(), languageKey{}, "de")
	validate := validatoradapter.NewTranslated(german())
	fmt.Println(validate(ctx, &Line{SKU: "abcd", Qty: 12}))
	// Output: /qty: Qty darf 9 oder weniger sein
}
