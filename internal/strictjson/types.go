package strictjson

import (
	"cmp"
	"context"
	"encoding"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Type describes how JSON is decoded into a Go type. A Type is immutable and safe for concurrent
// use.
type Type struct {
	typ  reflect.Type
	kind kind
	elem *Type // of a pointer, an Optional, a list, or a dictionary
	key  *Type // of a dictionary

	// Of an object:
	fields  []field
	byName  map[string]*field
	byFold  map[string][]*field // by the folded name
	extra   *Type               // of members without a field; nil if such members are ignored
	embeds  [][]int             // the indexes of embedded pointers, the outer ones first
	needed  uint64              // the bits of the required fields among the first 64
	anyFold bool                // a field has the option case:ignore

	rejectsNull bool // null is not a value of the type
	setsDefault bool // the type has a SetDefaults method
	validator   bool // the type has a Validate method

	traits
	unsupported error // the reason why JSON cannot be decoded into the type itself
	err         error // of the first unsupported type, with its path; only for a root
}

// traits are properties of a type that the types around it inherit.
type traits uint8

const (
	checked   traits = 1 << iota // a document that the v2 decoder accepts may still be invalid
	numbers                      // a json.Number
	defaults                     // a SetDefaults method
	validates                    // a Validate method
	slow                         // a type that the fast decoder does not support
	broken                       // an unsupported type
	open                         // a struct that keeps members without a field
)

func (t traits) has(u traits) bool { return t&u != 0 }

// A kind selects how a type is decoded.
type kind uint8

const (
	unsupported kind = iota
	boolean
	text
	integer
	unsigned
	float
	number     // json.Number
	timestamp  // time.Time
	base64     // []byte or [N]byte
	customText // has an UnmarshalText method
	customJSON // has an UnmarshalJSON method
	customFrom // has an UnmarshalJSONFrom method
	dynamic    // an interface without methods
	object     // a struct
	dictionary // a map
	list       // a slice or an array
	pointer
	optional
)

// isCustom reports whether a method of the type decodes it.
func (k kind) isCustom() bool { return k == customText || k == customJSON || k == customFrom }

// fast reports whether the fast decoder supports the type itself.
func (t *Type) fast() bool {
	switch t.kind {
	case boolean, text, integer, unsigned, float, number, timestamp, base64, customText, customJSON,
		list, pointer, optional:
		return true
	case dynamic:
		return t.typ == reflect.TypeFor[any]()
	case dictionary:
		return t.key.kind == text
	case object:
		return t.extra == nil && len(t.fields) <= 64 &&
			!slices.ContainsFunc(t.fields, func(f field) bool { return f.unusual })
	}
	return false // customFrom reads its position in the document
}

// A field is a struct field that is decoded from a member with its name.
type field struct {
	name         string
	bit          int   // its index in Type.fields
	index        []int // as for reflect.Value.FieldByIndex
	typ          *Type
	required     string // the message if the member is missing; empty if the tag is not set
	notNull      string // the message for null; empty if the tag is not set
	tagged       bool   // the name is from the tag
	quoted       bool   // json:",string"
	ignoreCase   bool   // json:",case:ignore"
	strictCase   bool   // json:",case:strict"
	unusual      bool   // the fast decoder does not support the field
	isElement    bool   // the field represents the document, or an element of a list or dictionary
	elementField *field // of the elements; nil if the tag notnull is not set
}

// element represents values that are not in a field: the document and the elements.
var element = &field{isElement: true}

// elements returns the field that represents the elements of f's value. The tag notnull of a list
// or dictionary applies to elements that are pointers, also in nested lists and dictionaries.
func (f *field) elements(elem *Type) *field {
	if f.elementField != nil && (elem.kind == pointer || elem.kind == list || elem.kind == dictionary) {
		return f.elementField
	}
	return element
}

// nullError returns the error message for a null in the field f, where t is the type of the value.
// If null is valid, the message is "". A null member is treated as missing unless t has a value for
// null or a tag rejects null. The document and elements cannot be missing.
func (t *Type) nullError(f *field) string {
	switch {
	case f.notNull != "":
		return f.notNull
	case f.isElement && t.rejectsNull, f.required != "" && f.typ.kind != optional:
		return mustNotBeNull
	}
	return ""
}

var types sync.Map // of *Type, by reflect.Type

// TypeOf returns the Type of t.
func TypeOf(t reflect.Type) *Type {
	if known, ok := types.Load(t); ok {
		return known.(*Type)
	}
	b := builder{}
	root := b.build(t)
	b.propagate()
	if root.has(broken) {
		root.err = root.findUnsupported("", map[*Type]bool{})
	}
	known, _ := types.LoadOrStore(t, root)
	return known.(*Type)
}

// Err returns the reason why JSON cannot be decoded into t, or nil. The error contains the path of
// the field.
func (t *Type) Err() error { return t.err }

// findUnsupported returns the error of the first unsupported type in t. The path begins with the
// first struct that has a name.
func (t *Type) findUnsupported(path string, seen map[*Type]bool) error {
	if t == nil || seen[t] || !t.has(broken) {
		return nil
	}
	seen[t] = true
	if path == "" && t.kind == object {
		path = t.typ.Name()
	}
	if t.unsupported != nil && path == "" {
		return t.unsupported
	}
	if t.unsupported != nil {
		return fmt.Errorf("%s: %w", path, t.unsupported)
	}
	if path != "" && (t.kind == list || t.kind == dictionary) {
		path += "[]"
	}
	for i := range t.fields {
		f := &t.fields[i]
		name := strings.TrimPrefix(path+"."+t.typ.FieldByIndex(f.index).Name, ".")
		if err := f.typ.findUnsupported(name, seen); err != nil {
			return err
		}
	}
	return cmp.Or(t.elem.findUnsupported(path, seen), t.extra.findUnsupported(path+"[]", seen))
}

// A builder creates the Types of a type and of all types in it. The types may be recursive.
type builder map[reflect.Type]*Type

func (b builder) build(typ reflect.Type) *Type {
	if t, ok := b[typ]; ok {
		return t
	}
	t := &Type{typ: typ, kind: kindOf(typ), setsDefault: implements[defaulter](typ)}
	t.validator = implements[validator](typ) || implements[contextValidator](typ)
	b[typ] = t
	switch t.kind {
	case unsupported:
		t.unsupported = errUnsupported(typ)
	case timestamp, boolean, text, integer, unsigned, float:
		if typ == reflect.TypeFor[time.Duration]() {
			t.unsupported = errUnsupported(typ)
		}
	case pointer, list:
		t.elem = b.build(typ.Elem())
	case dictionary:
		t.key, t.elem = b.build(typ.Key()), b.build(typ.Elem())
		if !t.key.isName() {
			t.unsupported = fmt.Errorf("map keys of type %v cannot be decoded from JSON names; "+
				"use a string, a number, or a type with an UnmarshalText method", typ.Key())
		}
	case optional:
		t.elem = b.build(typ.Field(optionalValue).Type)
	case object:
		err := json.Unmarshal([]byte("{}"), reflect.New(typ).Interface())
		if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
			t.unsupported = semantic.Err
			if semantic.GoType != typ { // an embedded struct
				t.unsupported = fmt.Errorf("%v: %w", semantic.GoType, semantic.Err)
			}
		}
		b.addFields(t)
	}
	switch t.kind {
	case pointer, optional, dynamic, customJSON, customFrom:
	default:
		t.rejectsNull = true
	}
	return t
}

func kindOf(t reflect.Type) kind {
	switch kind := t.Kind(); {
	case isOptional(t):
		return optional
	case t == reflect.TypeFor[stdjson.Number]():
		return number
	case t == reflect.TypeFor[time.Time]():
		return timestamp // the v2 decoder does not call the methods of time.Time
	case implements[json.UnmarshalerFrom](t):
		return customFrom
	case implements[json.Unmarshaler](t):
		return customJSON
	case implements[encoding.TextUnmarshaler](t):
		return customText
	case (kind == reflect.Slice || kind == reflect.Array) && t.Elem() == reflect.TypeFor[byte]():
		return base64
	case kind == reflect.Slice, kind == reflect.Array:
		return list
	case kind == reflect.Interface && t.NumMethod() == 0:
		return dynamic
	}
	return kinds[t.Kind()]
}

var kinds = map[reflect.Kind]kind{
	reflect.Bool: boolean, reflect.String: text,
	reflect.Int: integer, reflect.Int8: integer, reflect.Int16: integer, reflect.Int32: integer,
	reflect.Int64: integer,
	reflect.Uint:  unsigned, reflect.Uint8: unsigned, reflect.Uint16: unsigned, reflect.Uint32: unsigned,
	reflect.Uint64: unsigned, reflect.Uintptr: unsigned,
	reflect.Float32: float, reflect.Float64: float,
	reflect.Struct: object, reflect.Map: dictionary, reflect.Pointer: pointer,
}

// implements reports whether a pointer to t implements I. The result is false for pointers and
// interfaces, because the v2 decoder does not call their methods.
func implements[I any](t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface &&
		reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}

type (
	defaulter        interface{ SetDefaults() }
	validator        interface{ Validate() error }
	contextValidator interface{ Validate(context.Context) error }
)

func errUnsupported(t reflect.Type) error {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return errors.New("time.Duration has no default JSON form; " +
			"use an integer, or a type with an UnmarshalText method")
	case t.Kind() == reflect.Interface:
		return fmt.Errorf("the interface %v has methods; use a concrete type or any", t)
	}
	return fmt.Errorf("%v cannot be decoded from JSON", t)
}

// isName reports whether t can be decoded from a member name.
func (t *Type) isName() bool {
	for t.kind == pointer {
		t = t.elem
	}
	switch t.kind {
	case unsupported, boolean, object, dictionary, list:
		return false
	}
	return t.unsupported == nil
}

// propagate adds the traits of the types in a type to the type, for all types.
func (b builder) propagate() {
	for _, t := range b {
		set := func(trait traits, condition bool) {
			if condition {
				t.traits |= trait
			}
		}
		set(checked, t.kind == object && (len(t.fields) > 0 || t.extra != nil))
		set(checked, (t.kind == list || t.kind == dictionary) && t.elem.rejectsNull)
		set(numbers, t.kind == number || t.kind == customFrom) // the method may decode any type
		set(defaults, t.setsDefault || t.kind == customFrom)
		set(validates, t.validator)
		set(slow, !t.fast())
		set(broken, t.unsupported != nil)
		set(open, t.extra != nil)
	}
	for changed := true; changed; {
		changed = false
		for _, t := range b {
			before := t.traits
			for _, inner := range []*Type{t.elem, t.key, t.extra} {
				if inner != nil {
					t.traits |= inner.traits
				}
			}
			for i := range t.fields {
				t.traits |= t.fields[i].typ.traits
			}
			changed = changed || t.traits != before
		}
	}
}

// addFields finds the fields of a struct by the rules of the v2 decoder.
func (b builder) addFields(t *Type) {
	all, extra := b.collectFields(t)
	t.extra = extra
	t.fields = dominantFields(all)
	t.byName = make(map[string]*field, len(t.fields))
	t.byFold = make(map[string][]*field, len(t.fields))
	for i := range t.fields {
		f := &t.fields[i]
		f.bit = i
		t.byName[f.name] = f
		folded := string(appendFold(nil, []byte(f.name)))
		t.byFold[folded] = append(t.byFold[folded], f)
		if f.required != "" && i < 64 {
			t.needed |= 1 << i
		}
		t.anyFold = t.anyFold || f.ignoreCase
	}
}

// collectFields returns the fields of t and of its embedded structs, in breadth-first order. extra
// is the type of members without a field.
func (b builder) collectFields(t *Type) (all []field, extra *Type) {
	type level struct {
		typ     reflect.Type
		index   []int
		embeds  bool // collect the fields of its embedded structs
		pointer bool // the struct is in an embedded pointer
	}
	queue := []level{{t.typ, nil, true, false}}
	seen := map[reflect.Type]bool{t.typ: true}
	var extras []field
	for ; len(queue) > 0; queue = queue[1:] {
		l := queue[0]
		for i := range l.typ.NumField() {
			sf := l.typ.Field(i)
			f, embedded, ok := parseTag(sf)
			if !ok {
				continue
			}
			f.index = append(slices.Clip(slices.Clone(l.index)), i)
			f.unusual = f.unusual || l.pointer
			inner := sf.Type
			if inner.Kind() == reflect.Pointer && inner.Name() == "" {
				inner = inner.Elem()
			}
			switch {
			case !embedded:
				f.typ = b.build(sf.Type)
				if f.quoted && !f.typ.acceptsQuotes() {
					t.unsupported = fmt.Errorf("the field %s has the tag option string, which is for integers and floats", sf.Name)
				}
				all = append(all, f)
			case inner == reflect.TypeFor[jsontext.Value]():
				f.typ = b.build(inner)
				extras = append(extras, f)
			case inner.Kind() == reflect.Map:
				f.typ = b.build(inner.Elem())
				extras = append(extras, f)
			case inner.Kind() == reflect.Struct:
				if inner != sf.Type && !sf.IsExported() {
					t.unsupported = fmt.Errorf("the embedded field %s is a pointer to an unexported struct", sf.Name)
				}
				if inner != sf.Type {
					t.embeds = append(t.embeds, f.index)
				}
				if l.embeds {
					queue = append(queue, level{inner, f.index, !seen[inner], l.pointer || inner != sf.Type})
				}
				seen[inner] = true
			}
		}
	}
	if n := len(extras); n == 1 || n > 1 && len(extras[0].index) < len(extras[1].index) {
		extra = extras[0].typ
	}
	return all, extra
}

// dominantFields returns at most one field for each name, in the order of the struct. The
// shallowest field with a name wins. At the same depth, a field with the name in its tag wins. If
// several fields are equal in both, the name has no field.
func dominantFields(all []field) (fields []field) {
	tagged := map[bool]int{true: 0, false: 1}
	slices.SortStableFunc(all, func(x, y field) int {
		return cmp.Or(cmp.Compare(x.name, y.name), cmp.Compare(len(x.index), len(y.index)),
			cmp.Compare(tagged[x.tagged], tagged[y.tagged]))
	})
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].name == all[0].name {
			n++
		}
		if n == 1 || len(all[0].index) != len(all[1].index) || all[0].tagged != all[1].tagged {
			fields = append(fields, all[0])
		}
		all = all[n:]
	}
	slices.SortFunc(fields, func(x, y field) int { return slices.Compare(x.index, y.index) })
	return fields
}

// acceptsQuotes reports whether the tag option string is valid for t. The v2 decoder rejects an
// invalid option only when it decodes a document.
func (t *Type) acceptsQuotes() bool {
	for t.kind == pointer || t.kind == optional {
		t = t.elem
	}
	switch t.kind {
	case integer, unsigned, float, customText, customJSON:
		return true
	}
	return false
}

// parseTag parses the tags of a field. embedded reports whether the members of the field's value
// are members of the outer struct. ok reports whether the field is decoded.
func parseTag(sf reflect.StructField) (f field, embedded, ok bool) {
	tag := sf.Tag.Get("json")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return f, false, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f.name, f.tagged = cmp.Or(name, sf.Name), name != ""
	f.unusual = !sf.IsExported()
	for option := range strings.SplitSeq(options, ",") {
		f.unusual = f.unusual || option != "" && option != "omitzero" && option != "omitempty"
		switch option {
		case "string":
			f.quoted = true
		case "embed":
			embedded = true
		case "case:ignore":
			f.ignoreCase = true
		case "case:strict":
			f.strictCase = true
		}
	}
	f.required = tagMessage(sf.Tag.Get("required"), isRequired)
	f.notNull = tagMessage(sf.Tag.Get("notnull"), mustNotBeNull)
	if f.notNull != "" {
		f.elementField = &field{isElement: true, notNull: f.notNull}
		f.elementField.elementField = f.elementField
	}
	return f, embedded || sf.Anonymous && !f.tagged, true
}

// tagMessage returns the error message of a required or notnull tag, or "" if the tag is not set.
func tagMessage(tag, message string) string {
	switch tag {
	case "", "false":
		return ""
	case "true":
		return message
	}
	return tag
}

// A match is the result of a search for the field of a member.
type match struct {
	field   *field // nil if the name is unknown
	several bool   // several fields match the name, which the v2 decoder rejects
	similar string // the name of a field that differs by case only, or empty
}

// find finds the field for a member name.
func (t *Type) find(name []byte, o *Options) (m match) {
	if f := t.byName[string(name)]; f != nil {
		return match{field: f}
	}
	// Options.Unmarshal may ignore case, as encoding/json does.
	ignoreCase := o.MatchCaseInsensitiveNames || o.Unmarshal != nil
	if !ignoreCase && !t.anyFold && o.IgnoreMiscasedNames {
		return match{}
	}
	var buf [64]byte
	for _, f := range t.byFold[string(appendFold(buf[:0], name))] {
		switch {
		case f.ignoreCase || ignoreCase && !f.strictCase:
			if m.field != nil {
				return match{several: true}
			}
			m.field = f
		case !o.IgnoreMiscasedNames && t.extra == nil && strings.EqualFold(string(name), f.name):
			m.similar = f.name
		}
	}
	if m.field != nil {
		m.similar = ""
	}
	return m
}

// appendFold appends the folded name to b. Names that differ only by case, dashes and underscores
// have the same folded name.
func appendFold(b, name []byte) []byte {
	for _, r := range string(name) {
		switch {
		case r == '-' || r == '_':
			continue
		case 'a' <= r && r <= 'z':
			r -= 'a' - 'A'
		case r >= utf8.RuneSelf: // the smallest rune that differs by case only
			for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
				if next < r {
					r = next
				}
			}
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
