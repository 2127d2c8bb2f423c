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
package validatoradapter

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"

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
	v = indirect(v)
	switch v.Kind() {
	case reflect.Struct:
		return c.structure(v, pointer)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := c.value(v.Index(i), fmt.Sprint(pointer, "/", i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for i := v.MapRange(); i.Next(); {
			if err := c.value(i.Value(), pointer+"/"+escape.Replace(fmt.Sprint(i.Key()))); err != nil {
				return err
			}
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
		c.faults = append(c.faults, errjson.FieldError{
			Pointer: pointer + pointerTo(v, path),
			Code:    f.Tag(),
			Message: c.message(f),
		})
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
func pointerTo(v reflect.Value, path string) string {
	var pointer strings.Builder
	for v = indirect(v); path != ""; v = indirect(v) {
		switch path = strings.TrimPrefix(path, "."); {
		case v.Kind() == reflect.Struct:
			name, rest := path, ""
			if end := strings.IndexAny(path, ".["); end >= 0 {
				name, rest = path[:end], path[end:]
			}
			field, ok := v.Type().FieldByName(name)
			if !ok {
				return pointer.String() // a name that a struct-level rule made up
			}
			token, inJSON := jsonName(field)
			if !inJSON {
				return pointer.String()
			}
			if token != "" {
				pointer.WriteString("/" + escape.Replace(token))
			}
			v, path = v.FieldByIndex(field.Index), rest
		case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
			var i int
			if n, err := fmt.Sscanf(path, "[%d]", &i); n != 1 || err != nil || i >= v.Len() {
				return pointer.String()
			}
			fmt.Fprintf(&pointer, "/%d", i)
			v, path = v.Index(i), path[strings.IndexByte(path, ']')+1:]
		case v.Kind() == reflect.Map:
			key, rest, ok := cutKey(v, path)
			if !ok {
				return pointer.String()
			}
			pointer.WriteString("/" + escape.Replace(fmt.Sprint(key)))
			v, path = v.MapIndex(key), rest
		default:
			return pointer.String()
		}
	}
	return pointer.String()
}

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

// jsonName returns the name of a field in JSON, which is empty for an embedded
// struct whose fields stand for themselves, and whether it has one at all.
func jsonName(f reflect.StructField) (name string, ok bool) {
	tag := f.Tag.Get("json")
	if tag == "-" {
		return "", false
	}
	name, _, _ = strings.Cut(tag, ",")
	switch {
	case name != "":
		return name, true
	case f.Anonymous && indirectType(f.Type).Kind() == reflect.Struct:
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
