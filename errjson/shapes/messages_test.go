package shapes_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/errjson/shapes"
)

// at is a fieldError at a pointer, whose message is given.
func at(pointer, message string) errjson.FieldError {
	return errjson.FieldError{Pointer: pointer, Message: message}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		name   string
		faults []errjson.FieldError
		want   string
	}{
		{"none", nil, `{"_schema":["The input is not valid."]}`},
		{"one", []errjson.FieldError{at("/name", "a")}, `{"name":["a"]}`},
		{"several of one field", []errjson.FieldError{at("/name", "b"), at("/x", "x"), at("/name", "a"), at("/name", "b")}, `{"name":["b","a","b"],"x":["x"]}`},
		{"nested", []errjson.FieldError{at("/a/b/c", "1"), at("/a/b/d", "2"), at("/a/e", "3")}, `{"a":{"b":{"c":["1"],"d":["2"]},"e":["3"]}}`},
		{"indices", []errjson.FieldError{at("/items/0/qty", "1"), at("/items/10", "2"), at("/items/-", "3"), at("/0", "4")}, `{"items":{"0":{"qty":["1"]},"10":["2"],"-":["3"]},"0":["4"]}`},
		{"escapes", []errjson.FieldError{at("/a~1b/~0", "1"), at("/~01", "2"), at("/~10", "3"), at("/~2", "4")}, `{"a/b":{"~":["1"]},"~1":["2"],"/0":["3"],"~2":["4"]}`},
		{"empty names", []errjson.FieldError{at("/", "1"), at("//a/", "2")}, `{"":{"_schema":["1"],"a":{"":["2"]}}}`},
		{"no slash", []errjson.FieldError{at("name", "1"), at("a/b", "2")}, `{"name":["1"],"a":{"b":["2"]}}`},
		{"whole", []errjson.FieldError{at("", "1"), at("", "2")}, `{"_schema":["1","2"]}`},
		{"whole and field", []errjson.FieldError{at("/name", "1"), at("", "2")}, `{"name":["1"],"_schema":["2"]}`},
		{"own before nested", []errjson.FieldError{at("/a", "1"), at("/a", "2"), at("/a/b/c", "3"), at("/a", "4")}, `{"a":{"_schema":["1","2","4"],"b":{"c":["3"]}}}`},
		{"own after nested", []errjson.FieldError{at("/a/b", "1"), at("/a", "2")}, `{"a":{"_schema":["2"],"b":["1"]}}`},
		{"a field named _schema", []errjson.FieldError{at("", "1"), at("/_schema", "2")}, `{"_schema":["1","2"]}`},
		{"within a field named _schema", []errjson.FieldError{at("", "1"), at("/_schema/a", "2"), at("", "3")}, `{"_schema":{"_schema":["1","3"],"a":["2"]}}`},
		{"no message", []errjson.FieldError{at("/a", "")}, `{"a":[""]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := json.Marshal(shapes.Messages(errjson.Invalid(test.faults...)))
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(got))
		})
	}
}

// TestMessagesOfOthers tests errors without field errors.
func TestMessagesOfOthers(t *testing.T) {
	tests := []struct {
		name string
		err  *errjson.Error
		want string
	}{
		{"no details", errjson.NotFound("No item 7."), "No item 7."},
		{"other details", &errjson.Error{Status: 409, Message: "Taken.", Details: map[string]any{"by": "you"}}, "Taken."},
		{"no field errors", &errjson.Error{Status: 422, Message: "Too late.", Details: []errjson.FieldError{}}, "Too late."},
		{"syntax error", &errjson.Error{
			Status: 400, Code: "syntax", Message: "Syntax error in the JSON. (Line 1, column 6.)",
			Details: errjson.SyntaxError{Pointer: "/name", Code: "syntax", Message: "Syntax error in the JSON.", Line: 1, Column: 6},
		}, "Syntax error in the JSON. (Line 1, column 6.)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, map[string]any{"_schema": []string{test.want}}, shapes.Messages(test.err))
		})
	}
}

// TestMessagesAliases tests that what is returned is the caller's.
func TestMessagesAliases(t *testing.T) {
	e := errjson.Invalid(at("/a", "1"), at("/a/b", "2"))
	messages := shapes.Messages(e)
	inner := messages["a"].(map[string]any)
	inner["b"].([]string)[0] = "changed"
	inner["c"] = "added"
	delete(messages, "a")
	assert.Equal(t, map[string]any{"a": map[string]any{"_schema": []string{"1"}, "b": []string{"2"}}}, shapes.Messages(e))
}

func FuzzGrouping(f *testing.F) {
	f.Add("", "/a")
	f.Add("/a", "/a/b~1c/0")
	f.Add("/_schema/_schema", "~")
	f.Fuzz(func(t *testing.T, first, second string) {
		// No message is lost, whatever the pointers are.
		count := 0
		var walk func(any)
		walk = func(node any) {
			switch n := node.(type) {
			case []string:
				count += len(n)
			case map[string]any:
				for _, inner := range n {
					walk(inner)
				}
			}
		}
		walk(shapes.Messages(errjson.Invalid(at(first, "1"), at(second, "2"), at(first, "3"))))
		assert.Equal(t, 3, count)
	})
}
