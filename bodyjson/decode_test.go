package bodyjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// shape is a union. The member "Type" selects the type of the value.
type shape struct{ value any }

type circle struct {
	R float64 `json:"r" required:"true"`
}

type rect struct {
	W    int    `json:"w"`
	H    int    `json:"h"`
	Part part   `json:"part"`
	Tags []code `json:"tags"`
}

func (s *shape) UnmarshalJSON(data []byte) (err error) {
	var head struct{ Type string }
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	switch head.Type {
	case "circle":
		s.value, err = bodyjson.Decode[circle](data, bodyjson.Config{})
	case "rect":
		s.value, err = bodyjson.Decode[rect](data, bodyjson.Config{DisallowUnknownFields: true})
	default:
		err = errjson.FieldError{Pointer: "/Type", Code: "one_of", Message: "Must be circle or rect."}
	}
	return err
}

func TestUnions(t *testing.T) {
	type drawing struct {
		Shapes []shape          `json:"shapes"`
		Named  map[string]shape `json:"named"`
	}
	h := echoing[drawing](bodyjson.Config{})
	assert.Equal(t, 200, do(h, post(`{"shapes":[{"Type":"circle","r":1}]}`)).status)
	const body = `{"shapes":[{"Type":"circle","r":"1"},{"Type":"x"},{"Type":"rect"}]}`
	at := func(pointer, code, message, value string) string {
		offset := strings.Index(body, value)
		return detail(pointer, code, message, offset, 1, offset+1)
	}
	assert.Equal(t, invalid(
		at("/shapes/0/r", "type", "Must be a number, not a string.", `"1"`),
		at("/shapes/1/Type", "one_of", "Must be circle or rect.", `"x"`),
		at("/shapes/2/Type", "unknown_field", "Unknown field.", `"rect"`),
	), do(h, post(body)))
	assert.Equal(t, invalid(
		detail("/named/a/r", "required", isRequired, 14, 1, 15),
	), do(h, post(`{"named":{"a":{"Type":"circle"}}}`)))
}

func TestDecode(t *testing.T) {
	v, err := bodyjson.Decode[account]([]byte(`{"id":1,"name":"a","email":"b"}`), bodyjson.Config{MaxBytes: 1})
	require.NoError(t, err)
	assert.Equal(t, account{ID: 1, Name: "a", Email: "b"}, v)

	tests := []struct {
		name, data string
		cfg        bodyjson.Config
		status     int
		pointers   []string
	}{
		{"field errors", `{"id":"x","name":null}`, bodyjson.Config{}, 422, []string{"/email", "/id", "/name"}},
		{"syntax", `{"id":`, bodyjson.Config{}, 400, nil},
		{"empty", ` `, bodyjson.Config{}, 400, nil},
		{"unknown", `{"id":1,"name":"a","email":"b","x":1}`, bodyjson.Config{DisallowUnknownFields: true}, 422, []string{"/x"}},
		{"Validate", `{"id":1,"name":"a","email":"b"}`, bodyjson.Config{Validate: func(context.Context, any) error {
			return errjson.FieldError{Pointer: "/id"}
		}}, 422, []string{"/id"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := bodyjson.Decode[account]([]byte(test.data), test.cfg)
			assert.Zero(t, v)
			var e *errjson.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, test.status, e.Status)
			var pointers []string
			for _, f := range e.Fields() {
				pointers = append(pointers, f.Pointer)
			}
			assert.ElementsMatch(t, test.pointers, pointers)
		})
	}
	t.Run("position of a syntax error", func(t *testing.T) {
		_, err := bodyjson.Decode[account]([]byte("{\n\"id\":"), bodyjson.Config{})
		var e *errjson.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, errjson.SyntaxError{
			Pointer: "/id", Code: "syntax", Message: "Unexpected end of the JSON.", Offset: 7, Line: 2, Column: 6,
		}, e.Details)
	})
	t.Run("optional, silent", func(t *testing.T) {
		v, err := bodyjson.Decode[retry](nil, bodyjson.Config{Optional: true})
		require.NoError(t, err)
		assert.Equal(t, retry{3, "1s"}, v)
		_, err = bodyjson.Decode[retry]([]byte("{"), bodyjson.Config{Silent: true})
		require.NoError(t, err)
	})
	t.Run("does not keep the data", func(t *testing.T) {
		data := []byte(`{"id":1,"name":"name","email":"b","role":"admin"}`)
		v, err := bodyjson.Decode[account](data, bodyjson.Config{})
		require.NoError(t, err)
		clear(data)
		assert.Equal(t, account{ID: 1, Name: "name", Email: "b", Role: "admin"}, v)
	})
	t.Run("an unsupported type is an error of the program", func(t *testing.T) {
		_, err := bodyjson.Decode[chan int]([]byte(`1`), bodyjson.Config{})
		require.ErrorContains(t, err, "chan int cannot be decoded from JSON")
		var e *errjson.Error
		assert.False(t, errors.As(err, &e))
	})
}

// expr is a recursive union: the number of calls of its method must not grow faster than the body.
type expr struct{ value any }

type negation struct {
	Not *expr `json:"not"`
	Val int   `json:"val"`
}

var exprCalls int

func (e *expr) UnmarshalJSON(data []byte) (err error) {
	exprCalls++
	e.value, err = bodyjson.Decode[negation](data, bodyjson.Config{})
	return err
}

// slowExpr is a type for the v2 decoder.
type slowExpr struct {
	Expr expr        `json:"expr"`
	Slow map[int]int `json:"slow"`
}

func TestRecursiveUnions(t *testing.T) {
	nested := func(depth int, value string) string {
		return strings.Repeat(`{"not":`, depth) + `{"val":` + value + `}` + strings.Repeat("}", depth)
	}
	for _, depth := range []int{1, 16, 190, 210, 1000} {
		for value, status := range map[string]int{"1": 200, `"x"`: 422, `1,"val":2`: 400, "": 400} {
			body := nested(depth, value)
			exprCalls = 0
			assert.Equal(t, status, do(bodyjson.New[expr](bodyjson.Config{})(noContent), post(body)).status)
			assert.LessOrEqual(t, exprCalls, depth+1, "%d levels around %s", depth, value)
			exprCalls = 0
			do(bodyjson.New[slowExpr](bodyjson.Config{})(noContent), post(`{"expr":`+body+`}`))
			assert.LessOrEqual(t, exprCalls, depth+1, "v2 decoder, %d levels around %s", depth, value)
		}
	}
	got := do(echoing[expr](bodyjson.Config{}), post(nested(3, `"x"`)))
	assert.Equal(t, invalid(detail("/not/not/not/val", "type", "Must be an integer, not a string.", 28, 1, 29)), got)
}

var noContent = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})

// node is a union without a head.
type unionNode struct{ value rect }

func (n *unionNode) UnmarshalJSON(data []byte) (err error) {
	n.value, err = bodyjson.Decode[rect](data, bodyjson.Config{})
	return err
}

// TestUnionErrors tests that the errors of a union's value are reported once, with whole pointers.
func TestUnionErrors(t *testing.T) {
	h := echoing[[]unionNode](bodyjson.Config{})
	assert.Equal(t, invalid(detail("/0/part/n", "min", "Must be positive.", 14, 1, 15)),
		do(h, post(`[{"part":{"n":-1}}]`)))
	assert.Equal(t, invalid(detail("/1/tags/0", "invalid", "Is bad.", 13, 1, 14), detail("/1/w", "type", "Must be an integer, not a string.", 24, 1, 25)).status,
		do(h, post(`[{},{"tags":["bad"],"w":"1"}]`)).status)
}

// badElements has an unmarshal method that reports each element.
type badElements struct{}

func (*badElements) UnmarshalJSON(data []byte) error {
	var list []int
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	errs := make([]error, len(list))
	for i := range list {
		errs[i] = errjson.FieldError{Pointer: fmt.Sprintf("/%d", i), Message: "Is bad."}
	}
	return errors.Join(errs...)
}

func TestManyErrorsOfOneMethod(t *testing.T) {
	got := do(echoing[badElements](bodyjson.Config{}), post(`[`+strings.Repeat("1,", 100_000)+`1]`))
	assert.Equal(t, 100, strings.Count(got.body, `"pointer"`))
	assert.Contains(t, got.body, `{"pointer":"/99","code":"format","message":"Is bad.","offset":199,"line":1,"column":200}`)
}

// An embedded is JSON in a string.
type embedded struct{ Qty int }

func (e *embedded) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	type plain embedded
	v, err := bodyjson.Decode[plain]([]byte(text), bodyjson.Config{})
	*e = embedded(v)
	return err
}

// TestJSONInString tests that a syntax error of Decode in an unmarshal method is a field error.
func TestJSONInString(t *testing.T) {
	h := echoing[struct {
		Item embedded `json:"item"`
	}](bodyjson.Config{})
	assert.Equal(t, invalid(detail("/item", "syntax", "Unexpected end of the JSON.", 8, 1, 9)),
		do(h, post(`{"item":"{"}`)))
	assert.Equal(t, invalid(detail("/item/Qty", "type", "Must be an integer, not a string.", 8, 1, 9)),
		do(h, post(`{"item":"{\"Qty\":\"x\"}"}`)))
}
