package bodyjson_test

import (
	"context"
	"encoding/json"
	"errors"
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
		return fault(pointer, code, message, offset, 1, offset+1)
	}
	assert.Equal(t, invalid(
		at("/shapes/0/r", "type", "Must be a number, not a string.", `"1"`),
		at("/shapes/1/Type", "one_of", "Must be circle or rect.", `"x"`),
		at("/shapes/2/Type", "unknown_field", "Unknown field.", `"rect"`),
	), do(h, post(body)))
	assert.Equal(t, invalid(
		fault("/named/a/r", "required", isRequired, 14, 1, 15),
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
		{"syntax", `{"id":`, bodyjson.Config{}, 400, []string{"/id"}},
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
