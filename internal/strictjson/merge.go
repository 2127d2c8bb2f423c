package strictjson

import (
	"errors"
	"reflect"
)

// Merge applies a JSON Merge Patch (RFC 7396) to the value that v points to. It changes nothing that
// the value shares with others: it copies pointers, maps and slices first, apart from those of types
// with unmarshal methods. If it returns an error, the value is undefined. The error is a [*Report] if
// the patch or the result is invalid.
//
// A null in an object removes the member: the field gets its default value, or is missing if it is
// required. The members of an object that the patch adds are required, too. Of the other values, a
// required pointer or interface must not be nil.
func (o *Options) Merge(patch []byte, t *Type, v any) error {
	if t.err != nil {
		return t.err
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
	if m.err != nil {
		return m.err
	}
	return m.report()
}

// A merger walks through a patch and the value that it changes.
type merger struct {
	checker
	err error // of the program
}

// merge applies the next value of the patch to v. isNew is set if the patch adds v.
func (m *merger) merge(t *Type, f *field, v reflect.Value, isNew bool) {
	b := m.peek()
	switch {
	case t.kind == pointer && b != 'n':
		if isNew = v.IsNil(); isNew {
			v.Set(reflect.New(t.elem.typ))
			t.elem.setDefaults(v.Elem())
		}
		m.merge(t.elem, f, v.Elem(), isNew)
	case t.kind == optional && b != 'n':
		isNew = !v.Field(optionalSet).Bool() || v.Field(optionalNull).Bool()
		v.Field(optionalSet).SetBool(true)
		v.Field(optionalNull).SetBool(false)
		m.merge(t.elem, f, v.Field(optionalValue), isNew)
	case t.kind == object && b == '{':
		m.mergeObject(t, v, isNew)
	case t.kind == dictionary && b == '{':
		if v.IsNil() {
			v.Set(reflect.MakeMap(t.typ))
		}
		m.mergeMap(t, f.elements(t.elem), v)
	case t.kind == dynamic && b == '{':
		members, ok := v.Interface().(map[string]any)
		if !ok {
			members = map[string]any{}
			v.Set(reflect.ValueOf(members))
		}
		m.mergeMap(anyMap, element, reflect.ValueOf(members))
	default:
		m.replace(t, f, v)
	}
}

func (m *merger) mergeObject(t *Type, v reflect.Value, isNew bool) {
	if t.extra != nil {
		m.err = errors.New("a merge patch cannot be applied to a struct with an embedded map or jsontext.Value")
	}
	m.object(t, func(f *field) {
		target := fieldByIndex(v, f.index)
		if m.peek() != 'n' {
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
		target.SetZero()
		f.typ.setDefaults(target)
	}, func(f *field) bool {
		target := fieldByIndex(v, f.index)
		isNil := (f.typ.kind == pointer || f.typ.kind == dynamic) && target.IsNil()
		return isNew || isNil || f.typ.kind == optional && !target.Field(optionalSet).Bool()
	})
}

// fieldByIndex returns a field. It allocates the embedded pointers that lead to it.
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

func (m *merger) mergeMap(t *Type, f *field, v reflect.Value) {
	m.path.push()
	for first := true; ; first = false {
		name, offset, more := m.name(first)
		if !more {
			break
		}
		key, ok := reflect.New(t.key.typ).Elem(), true
		if t.key.kind == text {
			key.SetString(string(name))
		} else if key, ok = m.key(t.key, offset); !ok {
			m.raw()
			continue
		}
		if m.peek() == 'n' {
			m.literal("null")
			v.SetMapIndex(key, reflect.Value{})
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
	if m.full() || len(m.errors) > before || m.err != nil {
		return
	}
	v.SetZero()
	t.setDefaults(v)
	d := fastDecoder{scanner: scanner{data: m.data[start:m.at]}, options: m.options}
	if !t.has(slow) && !m.options.AllowDuplicateNames && !m.options.MatchCaseInsensitiveNames &&
		d.value(t, f, v, maxFastDepth) {
		return
	}
	v.SetZero()
	t.setDefaults(v)
	m.err = m.options.unmarshal(d.data, t, v.Addr().Interface())
}

// A cloner makes deep copies. It copies a value that is used several times once, so that values with
// cycles have an end.
type cloner map[shared]reflect.Value

type shared struct {
	typ     reflect.Type
	pointer uintptr
	length  int
}

// clone returns a copy of v that shares no pointer, map, or slice with it, apart from those of fields
// that are not decoded, and of types with unmarshal methods.
func (c cloner) clone(t *Type, v reflect.Value) reflect.Value {
	kind := v.Kind()
	if kind == reflect.Pointer || kind == reflect.Map || kind == reflect.Slice {
		if v.IsNil() {
			return v
		}
		id := shared{typ: t.typ, pointer: v.Pointer()}
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
		for _, index := range t.embeds {
			if p, err := clone.FieldByIndexErr(index); err == nil && !p.IsNil() {
				target := reflect.New(p.Type().Elem())
				target.Elem().Set(p.Elem())
				p.Set(target)
			}
		}
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
		switch value := v.Interface().(type) {
		case map[string]any:
			clone.Set(c.clone(anyMap, reflect.ValueOf(value)))
		case []any:
			clone.Set(c.clone(anyList, reflect.ValueOf(value)))
		}
	}
	return clone
}
