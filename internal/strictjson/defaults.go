package strictjson

import (
	"errors"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// setDefaults calls the SetDefaults methods of v and of the structs in it, the innermost first. It
// is called for the document, and for each element and each target of a pointer, before it is
// decoded. v is addressable.
func (t *Type) setDefaults(v reflect.Value) {
	if !t.has(defaults) {
		return
	}
	for _, index := range t.embeds { // the method may be that of an embedded pointer
		p, err := v.FieldByIndexErr(index)
		if err == nil && p.IsNil() && p.Type().Implements(reflect.TypeFor[defaulter]()) {
			p.Set(reflect.New(p.Type().Elem()))
		}
	}
	for i := range t.fields {
		f := &t.fields[i]
		if inner, err := v.FieldByIndexErr(f.index); err == nil { // not in a nil pointer
			f.typ.setDefaults(inner)
		}
	}
	if t.setsDefault {
		v.Addr().Interface().(defaulter).SetDefaults()
	}
}

// keepDefaults has the v2 decoder keep the defaults as the fast decoder does: null leaves a value
// that has no null as it is, and a pointer, map, slice or interface is replaced, not merged.
var keepDefaults = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, target any) error {
	v := reflect.ValueOf(target).Elem()
	t := TypeOf(v.Type())
	if t.rejectsNull && dec.PeekKind() == jsontext.KindNull {
		_, err := dec.ReadToken()
		return err
	}
	if !clearShared(v) && v.IsZero() { // as an element or the target of a pointer is
		t.setDefaults(v)
	}
	return errors.ErrUnsupported // the v2 decoder continues
})

// clearShared clears a value that may share memory with a default of the program, which must not be
// changed. It reports whether the value is of such a kind.
func clearShared(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		v.SetZero()
		return true
	}
	return false
}
