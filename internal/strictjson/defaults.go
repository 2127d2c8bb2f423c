package strictjson

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// setDefaults calls the SetDefaults methods of v and of the structs in it, the innermost first. The
// decoders call setDefaults before they decode the document, an element or the target of a pointer.
// v must be addressable.
func (t *Type) setDefaults(v reflect.Value) {
	if !t.has(defaults) {
		return
	}
	for _, index := range t.embeds { // the method may be promoted from an embedded pointer
		p, err := v.FieldByIndexErr(index)
		if err == nil && p.IsNil() && p.Type().Implements(reflect.TypeFor[defaulter]()) {
			p.Set(reflect.New(p.Type().Elem()))
		}
	}
	for i := range t.fields {
		f := &t.fields[i]
		if inner, err := v.FieldByIndexErr(f.index); err == nil { // the pointers are not nil
			f.typ.setDefaults(inner)
		}
	}
	if t.setsDefault {
		v.Addr().Interface().(defaulter).SetDefaults()
	}
}

// keepDefaults makes the v2 decoder treat defaults as the fast decoder does. If null is not a value
// of the type, null keeps the default. A default pointer, map, slice or interface is replaced.
var keepDefaults = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, target any) error {
	v := reflect.ValueOf(target).Elem()
	t := TypeOf(v.Type())
	if t.rejectsNull && dec.PeekKind() == jsontext.KindNull {
		_, err := dec.ReadToken()
		return err
	}
	if !clearShared(v) && v.IsZero() { // such as an element or the target of a pointer
		t.setDefaults(v)
	}
	return errors.ErrUnsupported // the v2 decoder continues
})

// clearShared clears a pointer, map, slice or interface. The result is false for any other value.
// The program may share the memory of such a default, so decoding must not modify it.
func clearShared(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		v.SetZero()
		return true
	}
	return false
}
