// Package validatoradapter checks the bodies that bodyjson decodes with go-playground/validator,
// and converts the errors of the validator to field errors:
//
//	validate := validator.New(validator.WithRequiredStructEnabled())
//	bodyjson.New[Order](bodyjson.Config{Validate: validatoradapter.New(validate)})
//
// The field errors have JSON Pointers with the JSON names of the fields, even if the validator has
// the Go names only. Their Code is the tag of the rule, their Message is an English sentence; see
// [NewTranslated] for other languages. bodyjson sends all of them in one 422. [FieldErrors]
// converts errors that the program has from the validator, such as those of Gin's binding.
//
// # Params
//
// Params holds the parameters of the rule:
//
//	rule                                      Params
//	min, gte                                  min, of, count
//	max, lte                                  max, of, count
//	gt                                        min, of, count, exclusive
//	lt                                        max, of, count, exclusive
//	len of strings and lists, eq of lists     length, of, count
//	len and eq of other values                expected
//	ne                                        excluded
//	oneof, oneofci                            choices
//	unique=Field of a list                    field
//	unique=Field of another value             other
//	eqfield, other rules that end in field    other
//	fieldcontains, fieldexcludes              other
//	required_if, required_unless              others, values
//	excluded_if, excluded_unless              others, values
//	skip_unless                               others, values
//	required_with, required_with_all          others
//	required_without, required_without_all    others
//	excluded_with, excluded_with_all          others
//	excluded_without, excluded_without_all    others
//	required, unique, rules joined with |     none
//	any other rule                            param, if it has one
//
// The values are:
//
//   - min, max and length are an int64 or a float64. They are the string in the tag if that is not
//     a number, such as "1h", or is beyond 2^53. They are omitted if the rule compares a time with
//     the current time.
//   - of is "string", "items", "number", "datetime" or "duration". It is omitted for a nil
//     interface.
//   - count is the same number as min, max or length, for plurals. It is omitted unless the rule
//     counts characters or items.
//   - exclusive is true.
//   - expected, excluded and the elements of choices, which is a []any, have the type of the value:
//     a bool, a number as above, or a string. For a list, excluded is a number of items.
//   - other, field and the elements of others, which is a []string, are the names in the Message.
//     They are JSON names, joined by dots. A field without a JSON name has its Go name.
//   - values is a []string with one value for each of others.
//   - param is the string in the tag.
//
// An alias has the Params of its rule. Messages, unless they are translated, and Params never have
// a value from the client.
//
// # Use with bodyjson
//
// The functions of New and NewTranslated are for bodyjson.Config.Validate, which is called after
// the body is decoded. The validator's "required" rejects zero values; the tag required:"true" of
// bodyjson rejects absent fields only.
//
// The value in a [bodyjson.Optional] is checked if it is present and not null. Rules in the tag of
// an Optional field need a function that returns its value:
//
//	validate.RegisterCustomTypeFunc(func(field reflect.Value) any {
//		if o := field.Interface().(bodyjson.Optional[string]); o.Set && !o.Null {
//			return &o.Value
//		}
//		return (*string)(nil) // accepted by the rule "omitnil"
//	}, bodyjson.Optional[string]{})
package validatoradapter

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// New returns a function for bodyjson.Config.Validate that checks structs with v.StructCtx. It also
// checks the structs in a body that is an array or a map. The error is field errors, joined, or an
// error of v itself, which is an error of the program.
//
// The function is safe for concurrent use after the rules of v are registered.
func New(v *validator.Validate) func(context.Context, any) error {
	return NewTranslated(v, nil)
}

// NewTranslated is [New] with messages of the translator that translator returns for the context of
// the request. If translator returns nil, or the Translator has no message for a rule, the message
// is that of New. The rules must be registered with the Translator; see the translations of
// validator.
//
// A translation has the validator's name of the field. This is the Go name unless
// v.RegisterTagNameFunc sets another one.
func NewTranslated(
	v *validator.Validate, translator func(context.Context) ut.Translator,
) func(context.Context, any) error {
	return func(ctx context.Context, value any) error {
		c := check{validate: v, ctx: ctx}
		if translator != nil {
			c.translator = translator(ctx)
		}
		if err := c.value(reflect.ValueOf(value), ""); err != nil {
			return err
		}
		return errors.Join(c.errs...)
	}
}

// FieldErrors converts errors of the validator to the field errors that the function of [New]
// returns. value is the struct that was checked, or a pointer to it; if it is nil, the pointers are
// empty. The field errors are in the order of errs. Errors in a [bodyjson.Optional] that is absent
// or null are omitted. Pass the result to [errjson.Invalid] for a 422.
func FieldErrors(errs validator.ValidationErrors, value any) []errjson.FieldError {
	return fieldErrors(errs, indirect(reflect.ValueOf(value)), "", nil)
}

// fieldErrors converts errs, which are about v. pointer leads to v. translator may be nil.
func fieldErrors(
	errs validator.ValidationErrors, v reflect.Value, pointer string, translator ut.Translator,
) []errjson.FieldError {
	fields := make([]errjson.FieldError, 0, len(errs))
	for _, f := range errs {
		path := f.StructNamespace()
		if v.IsValid() && v.Type().Name() != "" {
			path = strings.TrimPrefix(path, v.Type().Name()+".")
		}
		to, parent, isThere := pointerTo(v, path)
		if !isThere {
			continue
		}
		message, params := failure{f, indirectType(f.Type()), parent}.describe()
		if translator != nil {
			// Without a translation the text is that of Error, which has Go names.
			if text := f.Translate(translator); text != f.Error() {
				message = text
			}
		}
		fields = append(fields, errjson.FieldError{
			Pointer: pointer + to, Code: f.Tag(), Message: message, Params: params,
		})
	}
	return fields
}

type check struct {
	validate   *validator.Validate
	ctx        context.Context
	translator ut.Translator
	errs       []error // field errors
}

// value checks the structs that v is or holds; pointer leads to v.
func (c *check) value(v reflect.Value, pointer string) error {
	switch v = indirect(v); v.Kind() {
	case reflect.Struct:
		if v.Type().ConvertibleTo(reflect.TypeFor[time.Time]()) {
			return nil // StructCtx does not accept a time.Time
		}
		return c.structure(v, pointer)
	case reflect.Slice, reflect.Array, reflect.Map:
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Pointer, reflect.Interface,
			reflect.Slice, reflect.Array, reflect.Map:
			return c.elements(v, pointer)
		}
	}
	return nil
}

// elements checks the structs in a list or map.
func (c *check) elements(v reflect.Value, pointer string) error {
	if v.Kind() != reflect.Map {
		for i := range v.Len() {
			if err := c.value(v.Index(i), fmt.Sprint(pointer, "/", i)); err != nil {
				return err
			}
		}
		return nil
	}
	for i := v.MapRange(); i.Next(); {
		if err := c.value(i.Value(), pointer+"/"+escape.Replace(fmt.Sprint(i.Key()))); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) structure(v reflect.Value, pointer string) error {
	err := c.validate.StructCtx(c.ctx, v.Interface())
	var found validator.ValidationErrors
	if !errors.As(err, &found) {
		return err
	}
	for _, f := range fieldErrors(found, v, pointer, c.translator) {
		c.errs = append(c.errs, f)
	}
	return nil
}

// indirect follows pointers and interfaces.
func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

var escape = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901, Section 3

// pointerTo converts a path of the validator, such as Items[3].Price, to a JSON Pointer. It follows
// the path through v, because map keys may contain brackets. It stops at the first part without a
// JSON name. parent is the struct with the field, or nil. isThere is false for a path into an
// Optional that is absent or null.
func pointerTo(v reflect.Value, path string) (pointer string, parent reflect.Type, isThere bool) {
	for v = indirect(v); path != ""; v = indirect(v) {
		switch path = strings.TrimPrefix(path, "."); v.Kind() {
		case reflect.Struct:
			name, rest := path, ""
			if end := strings.IndexAny(path, ".["); end >= 0 {
				name, rest = path[:end], path[end:]
			}
			parent = v.Type()
			field, ok := parent.FieldByName(name)
			if !ok {
				return pointer, parent, true // a name from ReportError, in a struct-level rule
			}
			token, inJSON := jsonName(field)
			switch {
			case isOptional(parent):
				if !v.FieldByName("Set").Bool() || v.FieldByName("Null").Bool() {
					return "", nil, false
				}
			case !inJSON:
				return pointer, parent, true
			case token != "":
				pointer += "/" + escape.Replace(token)
			}
			path = rest
			v, _ = v.FieldByIndexErr(field.Index) // no value behind an embedded pointer that is nil
		case reflect.Slice, reflect.Array:
			var i int
			if n, err := fmt.Sscanf(path, "[%d]", &i); n != 1 || err != nil || i >= v.Len() {
				return pointer, parent, true
			}
			pointer += fmt.Sprint("/", i)
			v, path = v.Index(i), path[strings.IndexByte(path, ']')+1:]
		case reflect.Map:
			key, rest, ok := cutKey(v, path)
			if !ok {
				return pointer, parent, true
			}
			pointer += "/" + escape.Replace(fmt.Sprint(key))
			v, path = v.MapIndex(key), rest
		default:
			return pointer, parent, true
		}
	}
	return pointer, parent, true
}

// isOptional reports whether t is a bodyjson.Optional. Its field Value has no JSON name.
func isOptional(t reflect.Type) bool {
	return t.PkgPath() == optional.PkgPath() && strings.HasPrefix(t.Name(), "Optional[")
}

var optional = reflect.TypeFor[bodyjson.Optional[any]]()

// cutKey cuts a map key in brackets from path. It uses the longest key that m has.
func cutKey(m reflect.Value, path string) (key reflect.Value, rest string, ok bool) {
	longest := -1
	for i := m.MapRange(); i.Next(); {
		text := fmt.Sprintf("[%v]", i.Key())
		if strings.HasPrefix(path, text) && len(text) > longest {
			longest, key, rest = len(text), i.Key(), path[len(text):]
		}
	}
	return key, rest, longest >= 0
}

// jsonPath returns a path of Go field names in t, such as Billing.Country, with their JSON names.
// It returns path if one of the fields is unknown or has no JSON name.
func jsonPath(t reflect.Type, path string) string {
	var names []string
	for part := range strings.SplitSeq(path, ".") {
		name, index := part, ""
		if i := strings.IndexByte(part, '['); i >= 0 {
			name, index = part[:i], part[i:]
		}
		if t = indirectType(t); t == nil || t.Kind() != reflect.Struct {
			return path
		}
		field, ok := t.FieldByName(name)
		if !ok {
			return path
		}
		token, inJSON := jsonName(field)
		if !inJSON {
			return path
		}
		if token != "" && !isOptional(t) {
			names = append(names, token+index)
		}
		t = field.Type
		for range strings.Count(index, "[") {
			if t = indirectType(t); !isList(t) {
				return path
			}
			t = t.Elem()
		}
	}
	if names == nil {
		return path
	}
	return strings.Join(names, ".")
}

// jsonName returns the JSON name of a field, and whether it is encoded. The name is empty for a
// struct whose fields are those of the outer object.
func jsonName(f reflect.StructField) (name string, inJSON bool) {
	tag := f.Tag.Get("json")
	if tag == "-" {
		return "", false
	}
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case name != "":
		return name, true
	case f.Anonymous && indirectType(f.Type).Kind() == reflect.Struct,
		slices.Contains(strings.Split(options, ","), "embed"):
		return "", true
	}
	return f.Name, true
}

// indirectType follows pointers. t may be nil.
func indirectType(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
