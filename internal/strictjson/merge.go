package strictjson

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
)

// Merge applies a JSON Merge Patch (RFC 7396) to the value that v points to. Merge first replaces
// the pointers, maps and slices in the value by copies, except in types with unmarshal methods. If
// Merge returns an error, the value is undefined. The error is a [*Report] if the patch or the
// result is invalid.
//
// A null in an object resets the field to its default value. A null for a required field is an
// error. If the patch adds an object, the patch must have the required members of the object. If
// the patch changes an object, its required pointers and interfaces must not be nil and its
// required Optionals must be set. Allowed duplicate members are applied one after the other.
func (o *Options) Merge(patch []byte, t *Type, v any) error {
	switch {
	case t.err != nil:
		return t.err
	case t.has(open):
		return fmt.Errorf("a merge patch cannot be applied to a %v, which has an embedded map or jsontext.Value", t.typ)
	}
	rules := *o
	rules.Unmarshal = nil
	m := merger{checker: checker{options: &rules, scanner: scanner{data: patch}}}
	if err := m.checkSyntax(); err != nil {
		return err
	}
	root := reflect.ValueOf(v).Elem()
	root.Set(cloner{}.clone(t, root))
	m.merge(t, element, root, false)
	return m.report()
}

// A merger applies a patch to a value.
type merger struct{ checker }

// merge applies the next value of the patch to v. isNew is set if the patch adds v.
func (m *merger) merge(t *Type, f *field, v reflect.Value, isNew bool) {
	b := m.peek()
	switch {
	case t.kind == pointer && b != 'n':
		target := reflect.New(t.elem.typ) // the old target may be used elsewhere in the value
		if isNew = v.IsNil(); isNew {
			t.elem.setDefaults(target.Elem())
		} else {
			target.Elem().Set(v.Elem())
		}
		v.Set(target)
		m.merge(t.elem, f, target.Elem(), isNew)
	case t.kind == optional && b != 'n':
		isNew = !v.Field(optionalSet).Bool() || v.Field(optionalNull).Bool()
		v.Field(optionalSet).SetBool(true)
		v.Field(optionalNull).SetBool(false)
		if isNew {
			t.elem.setDefaults(v.Field(optionalValue))
		}
		m.merge(t.elem, f, v.Field(optionalValue), isNew)
	case t.kind == object && b == '{':
		m.mergeObject(t, v, isNew)
	case t.kind == dictionary && b == '{':
		v.Set(copyMap(v))
		m.mergeMap(t, f.elements(t.elem), v)
	case t.kind == dynamic && b == '{':
		members, ok := v.Interface().(map[string]any)
		if !ok { // merge into the JSON form of the value
			if data, err := json.Marshal(v.Interface()); err == nil {
				_ = m.options.decodeV2(data, anyMap, reflect.ValueOf(&members).Elem())
			}
		}
		target := copyMap(reflect.ValueOf(members))
		v.Set(target)
		m.mergeMap(anyMap, element, target)
	default:
		m.replace(t, f, v)
	}
}

func (m *merger) mergeObject(t *Type, v reflect.Value, isNew bool) {
	before := v
	if t.embeds != nil { // before keeps the nil embedded pointers that the merge allocates
		before = reflect.New(t.typ).Elem()
		before.Set(v)
	}
	t.copyEmbedded(v)
	m.object(t, func(f *field) {
		if m.peek() != 'n' {
			target := fieldByIndex(v, f.index)
			if isNew {
				clearShared(target)
			}
			m.merge(f.typ, f, target, isNew)
			return
		}
		switch {
		case f.required != "":
			m.add(m.at, codeRequired, f.required)
		case f.notNull != "":
			m.add(m.at, codeNull, f.notNull)
		}
		m.literal("null")
		if target, err := v.FieldByIndexErr(f.index); err == nil {
			target.SetZero()
			if t.has(defaults) {
				fresh := reflect.New(t.typ).Elem()
				t.setDefaults(fresh)
				target.Set(fieldByIndex(fresh, f.index))
			}
		}
	}, func(f *field) bool {
		current, err := before.FieldByIndexErr(f.index)
		isNil := err != nil || (f.typ.kind == pointer || f.typ.kind == dynamic) && current.IsNil()
		return isNew || isNil || f.typ.kind == optional && !current.Field(optionalSet).Bool()
	})
}

// copyEmbedded replaces the targets of v's embedded pointers with copies.
func (t *Type) copyEmbedded(v reflect.Value) {
	for _, index := range t.embeds {
		if p, err := v.FieldByIndexErr(index); err == nil && !p.IsNil() {
			target := reflect.New(p.Type().Elem())
			target.Elem().Set(p.Elem())
			p.Set(target)
		}
	}
}

// fieldByIndex returns the field of v at index and allocates the embedded pointers on the path to
// it.
func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

// copyMap returns a new map with the elements of v. v may be nil.
func copyMap(v reflect.Value) reflect.Value {
	m := reflect.MakeMapWithSize(v.Type(), v.Len())
	for i := v.MapRange(); i.Next(); {
		m.SetMapIndex(i.Key(), i.Value())
	}
	return m
}

func (m *merger) mergeMap(t *Type, f *field, v reflect.Value) {
	var keys reflect.Value
	m.path.push()
	for first := true; ; first = false {
		name, offset, more := m.name(first)
		if !more {
			break
		}
		key, ok := m.key(t.key, name, offset, &keys)
		if !ok && m.peek() != 'n' {
			m.value(t.elem, f)
			continue
		}
		if m.peek() == 'n' {
			m.literal("null")
			if ok {
				v.SetMapIndex(key, reflect.Value{})
			}
			continue
		}
		value := reflect.New(t.elem.typ).Elem()
		current := v.MapIndex(key)
		if current.IsValid() {
			value.Set(current)
		} else {
			t.elem.setDefaults(value)
		}
		m.merge(t.elem, f, value, !current.IsValid())
		v.SetMapIndex(key, value)
	}
	m.path.pop()
}

// replace decodes the next value of the patch into v.
func (m *merger) replace(t *Type, f *field, v reflect.Value) {
	before, start := len(m.errors), m.at
	m.value(t, f)
	if m.full() || len(m.errors) > before {
		return
	}
	v.SetZero()
	t.setDefaults(v)
	d := fastDecoder{scanner: scanner{data: m.data[start:m.at]}, options: m.options}
	if !t.has(slow) && !m.options.AllowDuplicateNames && !m.options.MatchCaseInsensitiveNames &&
		!f.quoted && d.value(t, f, v, maxFastDepth) {
		return
	}
	v.SetZero()
	t.setDefaults(v)
	options := append(m.options.v2(t), json.StringifyNumbers(f.quoted))
	if err := json.Unmarshal(d.data, v.Addr().Interface(), options...); err != nil { // see unexplained
		m.addCause(start, codeFormat, invalidFormat, err)
	}
}

// A cloner makes deep copies. Each pointer, map or slice is copied once, so cycles terminate.
type cloner map[identity]reflect.Value

// An identity identifies a pointer, map, or slice.
type identity struct {
	typ     reflect.Type
	pointer uintptr
	length  int
}

// clone returns a deep copy of v. Fields that are not decoded share memory with v. Values of types
// with unmarshal methods share memory with v.
func (c cloner) clone(t *Type, v reflect.Value) reflect.Value {
	kind := v.Kind()
	if kind == reflect.Pointer || kind == reflect.Map || kind == reflect.Slice {
		if v.IsNil() {
			return v
		}
		id := identity{typ: t.typ, pointer: v.Pointer()}
		if kind == reflect.Slice {
			id.length = v.Len()
		}
		if copied, ok := c[id]; ok {
			return copied
		}
		switch {
		case t.kind == pointer:
			c[id] = reflect.New(t.elem.typ)
			c[id].Elem().Set(c.clone(t.elem, v.Elem()))
		case t.kind == dictionary:
			c[id] = reflect.MakeMapWithSize(t.typ, v.Len())
			for i := v.MapRange(); i.Next(); {
				c[id].SetMapIndex(i.Key(), c.clone(t.elem, i.Value()))
			}
		case t.kind == list || t.kind == base64:
			c[id] = reflect.MakeSlice(t.typ, v.Len(), v.Len())
			reflect.Copy(c[id], v)
			for i := range v.Len() {
				if t.kind == list {
					c[id].Index(i).Set(c.clone(t.elem, v.Index(i)))
				}
			}
		default:
			return v
		}
		return c[id]
	}
	clone := reflect.New(t.typ).Elem()
	clone.Set(v)
	switch t.kind {
	case object:
		t.copyEmbedded(clone)
		for i := range t.fields {
			f := &t.fields[i]
			if field, err := clone.FieldByIndexErr(f.index); err == nil {
				field.Set(c.clone(f.typ, field))
			}
		}
	case optional:
		clone.Field(optionalValue).Set(c.clone(t.elem, v.Field(optionalValue)))
	case list: // an array
		for i := range v.Len() {
			clone.Index(i).Set(c.clone(t.elem, v.Index(i)))
		}
	case dynamic:
		if v.IsNil() {
			break
		}
		if inner := TypeOf(v.Elem().Type()); inner.err == nil {
			clone.Set(c.clone(inner, v.Elem()))
		}
	}
	return clone
}
