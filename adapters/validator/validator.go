// Package validatoradapter lets go-playground/validator check the bodies that
// bodyjson decodes, and makes field errors of what it finds:
//
//	validate := validator.New(validator.WithRequiredStructEnabled())
//	bodyjson.New[Order](bodyjson.Config{Validate: validatoradapter.New(validate)})
//
// The faults have JSON Pointers with the names that the fields have in JSON, also
// if the validator knows only those of Go, the tag of the rule as their code, and
// sentences for people; see [NewTranslated] for other languages. They leave as a
// 422, in one answer with all of them.
//
// It has its place in bodyjson.Config.Validate, after the body is decoded. The
// validator's "required" takes zero for absent; the tag required:"true" of bodyjson
// does not.
//
// What is in a [bodyjson.Optional] is checked if it is there and not null. For rules in
// the tag of one itself, the validator must be told what to look at:
//
//	validate.RegisterCustomTypeFunc(func(field reflect.Value) any {
//		if o := field.Interface().(bodyjson.Optional[string]); o.Set && !o.Null {
//			return &o.Value
//		}
//		return (*string)(nil) // which the rule "omitnil" passes
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

// New returns a function for bodyjson.Config.Validate that checks structs with v,
// as v.StructCtx does, and so the structs in arrays and maps that are themselves
// the body. The error is of field errors, joined, or one of v itself, which is a
// fault of the program.
//
// The function is safe for concurrent use if v is, which it is once its rules are
// registered. v is not changed.
func New(v *validator.Validate) func(context.Context, any) error {
	return NewTranslated(v, nil)
}

// NewTranslated is [New] with the sentences of a translator, which is found in the
// context of the request: by the language of the client, for example. Rules must be
// registered with the translator (see the translations of validator). Where there
// is none, or it has no sentence for a rule, the sentences are those of New.
//
// A translation calls a field by the name that the validator has for it: that of Go,
// unless v.RegisterTagNameFunc gives it that of JSON.
func NewTranslated(v *validator.Validate, translator func(context.Context) ut.Translator) func(context.Context, any) error {
	return func(ctx context.Context, value any) error {
		c := check{validate: v, ctx: ctx}
		if translator != nil {
			c.translator = translator(ctx)
		}
		if err := c.value(reflect.ValueOf(value), ""); err != nil {
			return err
		}
		return errors.Join(c.faults...)
	}
}

type check struct {
	validate   *validator.Validate
	ctx        context.Context
	translator ut.Translator
	faults     []error
}

// value checks the structs that v is or holds; pointer leads to v.
func (c *check) value(v reflect.Value, pointer string) error {
	switch v = indirect(v); v.Kind() {
	case reflect.Struct:
		if v.Type().ConvertibleTo(reflect.TypeFor[time.Time]()) {
			return nil // which the validator takes for no struct
		}
		return c.structure(v, pointer)
	case reflect.Slice, reflect.Array, reflect.Map:
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Array, reflect.Map:
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
	for _, f := range found {
		path := f.StructNamespace()
		if name := v.Type().Name(); name != "" {
			path = strings.TrimPrefix(path, name+".")
		}
		if to, isThere := pointerTo(v, path); isThere {
			c.faults = append(c.faults, errjson.FieldError{
				Pointer: pointer + to,
				Code:    f.Tag(),
				Message: c.message(f),
			})
		}
	}
	return nil
}

func (c *check) message(f validator.FieldError) string {
	if c.translator != nil {
		// Without a translation the text is that of Error, which has Go names.
		if text := f.Translate(c.translator); text != f.Error() {
			return text
		}
	}
	return sentence(f)
}

// indirect follows pointers and interfaces.
func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

var escape = strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901, Section 3

// pointerTo makes a JSON Pointer of a path of the validator, Items[3].Price, with
// the help of the value that it leads through: it tells the names of JSON, and where
// the keys of a map end, which may have brackets in them. It stops where JSON does.
// What is in an Optional that is absent or null is not there.
func pointerTo(v reflect.Value, path string) (pointer string, isThere bool) {
	for v = indirect(v); path != ""; v = indirect(v) {
		switch path = strings.TrimPrefix(path, "."); v.Kind() {
		case reflect.Struct:
			name, rest := path, ""
			if end := strings.IndexAny(path, ".["); end >= 0 {
				name, rest = path[:end], path[end:]
			}
			field, ok := v.Type().FieldByName(name)
			if !ok {
				return pointer, true // a name that a struct-level rule made up
			}
			token, inJSON := jsonName(field)
			switch {
			case isOptional(v.Type()):
				if !v.FieldByName("Set").Bool() || v.FieldByName("Null").Bool() {
					return "", false
				}
			case !inJSON:
				return pointer, true
			case token != "":
				pointer += "/" + escape.Replace(token)
			}
			path = rest
			v, _ = v.FieldByIndexErr(field.Index) // no value behind an embedded pointer that is nil
		case reflect.Slice, reflect.Array:
			var i int
			if n, err := fmt.Sscanf(path, "[%d]", &i); n != 1 || err != nil || i >= v.Len() {
				return pointer, true
			}
			pointer += fmt.Sprint("/", i)
			v, path = v.Index(i), path[strings.IndexByte(path, ']')+1:]
		case reflect.Map:
			key, rest, ok := cutKey(v, path)
			if !ok {
				return pointer, true
			}
			pointer += "/" + escape.Replace(fmt.Sprint(key))
			v, path = v.MapIndex(key), rest
		default:
			return pointer, true
		}
	}
	return pointer, true
}

// isOptional reports whether t is a bodyjson.Optional, whose value has no name of
// its own.
func isOptional(t reflect.Type) bool {
	return t.PkgPath() == optional.PkgPath() && strings.HasPrefix(t.Name(), "Optional[")
}

var optional = reflect.TypeFor[bodyjson.Optional[any]]()

// cutKey cuts the longest key that m has, in brackets, from a path.
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

// jsonName returns the name of a field in JSON, which is empty for a struct whose
// fields stand for themselves, and whether it has one at all.
func jsonName(f reflect.StructField) (name string, ok bool) {
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

func indirectType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
