package strictjson

import (
	"cmp"
	"context"
	"reflect"
	"slices"
)

// SetDefaults calls the SetDefaults methods of the value that v points to, and of the structs in
// it.
func (t *Type) SetDefaults(v any) { t.setDefaults(reflect.ValueOf(v).Elem()) }

// Validate calls the Validate methods of the value that v points to and of all values in it. The
// methods of inner values are called first. Inner values are fields, elements and the values of
// pointers and Optionals. Validate calls report with each error and the JSON Pointer of its value
// until report returns false. If that pointer is too long, pointer is that of an enclosing value
// and whole is false.
func (t *Type) Validate(ctx context.Context, v any, report func(pointer string, whole bool, err error) bool) {
	w := validation{ctx: ctx, report: report}
	w.value(t, reflect.ValueOf(v).Elem())
}

type validation struct {
	ctx     context.Context
	report  func(pointer string, whole bool, err error) bool
	path    path
	stopped bool
	seen    map[any]bool // the visited pointers, because values can have cycles after Merge
}

func (w *validation) value(t *Type, v reflect.Value) {
	if !t.has(validates) || w.stopped {
		return
	}
	switch t.kind {
	case pointer:
		if !v.IsNil() && !w.seen[v.Interface()] {
			if w.seen == nil {
				w.seen = map[any]bool{}
			}
			w.seen[v.Interface()] = true
			w.value(t.elem, v.Elem())
		}
	case optional:
		if v.Field(optionalSet).Bool() && !v.Field(optionalNull).Bool() {
			w.value(t.elem, v.Field(optionalValue))
		}
	case object:
		for i := range t.fields {
			f := &t.fields[i]
			// A zero value is most likely that of a missing member.
			if inner, err := v.FieldByIndexErr(f.index); err == nil && (f.required != "" || !inner.IsZero()) {
				w.step(step{name: f.name}, f.typ, inner)
			}
		}
	case list:
		for i := range v.Len() {
			w.step(step{number: i + 1}, t.elem, v.Index(i))
		}
	case dictionary:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return cmp.Compare(keyName(x), keyName(y)) })
		for _, key := range keys {
			inner := reflect.New(t.elem.typ).Elem() // an addressable copy
			inner.Set(v.MapIndex(key))
			w.step(step{name: keyName(key)}, t.elem, inner)
			v.SetMapIndex(key, inner) // the method may have changed it
		}
	}
	if t.validator && !w.stopped {
		if err := callValidate(w.ctx, v.Addr().Interface()); err != nil {
			pointer, whole := w.path.pointer()
			w.stopped = !w.report(pointer, whole, err)
		}
	}
}

func (w *validation) step(s step, t *Type, v reflect.Value) {
	w.path = append(w.path, s)
	w.value(t, v)
	w.path = w.path[:len(w.path)-1]
}

func callValidate(ctx context.Context, v any) error {
	switch v := v.(type) {
	case validator:
		return v.Validate()
	case contextValidator:
		return v.Validate(ctx)
	}
	return nil
}

// Validates reports whether t or a type in it has a Validate method.
func (t *Type) Validates() bool { return t.has(validates) }
