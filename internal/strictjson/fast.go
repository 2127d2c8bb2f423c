package strictjson

import (
	"bytes"
	"encoding"
	stdbase64 "encoding/base64"
	stdjson "encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A fastDecoder decodes common documents into common types in about half the time of the v2
// decoder. The methods report false if a document is invalid or not supported. If they report true,
// the values are those of the v2 decoder. All required members are then present, and each null is
// valid.
type fastDecoder struct {
	scanner
	options *Options
	strings strings.Builder // a block of memory for several strings
	failed  methodError     // the error of an UnmarshalJSON method
	tooDeep bool            // the document has too many levels
}

const (
	// maxFastDepth is the largest depth of nesting that the fast decoder supports.
	maxFastDepth = 200
	// stringBlock is the size of the blocks for short strings, in bytes. A short string keeps its
	// block in memory.
	stringBlock = 1 << 10
)

// decode decodes the document into v, which must have its default value. If decode reports false, v
// may have any value.
func (d *fastDecoder) decode(t *Type, v reflect.Value) bool {
	return d.value(t, element, v, maxFastDepth) && d.peek() == 0 && d.at == len(d.data)
}

// value decodes the next value, the value of the field f.
func (d *fastDecoder) value(t *Type, f *field, v reflect.Value, depth int) bool {
	b := d.peek()
	if b == 'n' && t.kind != customJSON {
		return t.nullError(f) == "" && d.null(t, v)
	}
	switch t.kind {
	case text:
		if b != '"' {
			return false
		}
		s, ok := d.string()
		v.SetString(s)
		return ok
	case boolean:
		v.SetBool(b == 't')
		return d.literal(strconv.FormatBool(b == 't'))
	case integer, unsigned, float, number:
		return d.number(t.kind, v)
	case object:
		return b == '{' && d.object(t, v, depth-1)
	case list:
		return b == '[' && d.list(t, f.elements(t.elem), v, depth-1)
	case pointer:
		target := reflect.New(t.elem.typ)
		v.Set(target)
		t.elem.setDefaults(target.Elem())
		return d.value(t.elem, f, target.Elem(), depth)
	case optional:
		v.SetZero()
		v.Field(optionalSet).SetBool(true)
		t.elem.setDefaults(v.Field(optionalValue))
		return d.value(t.elem, f, v.Field(optionalValue), depth)
	case dynamic:
		value, ok := d.any(depth)
		if ok {
			v.Set(reflect.ValueOf(value))
		}
		return ok
	case dictionary:
		return b == '{' && d.dictionary(t, f.elements(t.elem), v, depth-1)
	case timestamp, base64, customText:
		return b == '"' && d.fromText(t.kind, v)
	case customJSON:
		return (b != 'n' || t.nullError(f) == "") && d.custom(v)
	}
	return false
}

// null decodes a valid null.
func (d *fastDecoder) null(t *Type, v reflect.Value) bool {
	if !t.rejectsNull {
		v.SetZero()
	}
	if t.kind == optional {
		v.Field(optionalSet).SetBool(true)
		v.Field(optionalNull).SetBool(true)
	}
	return d.literal("null")
}

func (d *fastDecoder) number(k kind, v reflect.Value) bool {
	digits, ok := d.scanner.number()
	if !ok {
		return false
	}
	switch k {
	case integer:
		n, ok := parseInt(digits)
		v.SetInt(n)
		return ok && !v.OverflowInt(n)
	case unsigned:
		n, err := strconv.ParseUint(string(digits), 10, 64)
		v.SetUint(n)
		return err == nil && !v.OverflowUint(n)
	case number:
		v.SetString(d.keep(digits))
		return true
	}
	n, err := strconv.ParseFloat(string(digits), v.Type().Bits())
	v.SetFloat(n)
	return err == nil
}

// parseInt parses a JSON number as strconv.ParseInt does. For short numbers, parseInt is faster.
func parseInt(digits []byte) (n int64, ok bool) {
	if len(digits) > 18 {
		n, err := strconv.ParseInt(string(digits), 10, 64)
		return n, err == nil
	}
	negative := digits[0] == '-'
	for i, b := range digits {
		switch {
		case '0' <= b && b <= '9':
			n = 10*n + int64(b-'0')
		case i > 0 || !negative:
			return 0, false // a fraction or an exponent
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// fromText decodes a JSON string into a type that is not a string.
func (d *fastDecoder) fromText(k kind, v reflect.Value) bool {
	text, ok := d.text()
	if !ok {
		return false
	}
	switch k {
	case timestamp:
		return isRFC3339(text) && v.Addr().Interface().(*time.Time).UnmarshalText(text) == nil
	case customText:
		clearShared(v)
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
	}
	b, ok := decodeBase64(text)
	if v.Kind() == reflect.Array {
		return ok && reflect.Copy(v, reflect.ValueOf(b)) == len(b) && len(b) == v.Len()
	}
	v.SetBytes(b)
	return ok
}

// isRFC3339 reports whether text is a time of RFC 3339, Section 5.6. time.Time.UnmarshalText must
// accept text. That method also accepts an hour of one digit, a decimal comma and any zone offset.
func isRFC3339(text []byte) bool {
	const prefix = "2006-01-02T15:04:05"
	if len(text) <= len(prefix) || text[len("2006-01-02T15")] != ':' || bytes.IndexByte(text, ',') >= 0 {
		return false
	}
	zone := text[len(text)-min(len(text), len("+07:00")):]
	return text[len(text)-1] == 'Z' || string(zone[1:3]) < "24" && string(zone[4:]) < "60"
}

// decodeBase64 decodes base64 with padding and without line breaks (RFC 4648, Sections 3 and 4).
func decodeBase64(text []byte) (b []byte, ok bool) {
	b = make([]byte, stdbase64.StdEncoding.DecodedLen(len(text)))
	n, err := stdbase64.StdEncoding.Decode(b, text)
	return b[:n], err == nil && !bytes.ContainsAny(text, "\r\n")
}

// custom calls the UnmarshalJSON method of v with the next value.
func (d *fastDecoder) custom(v reflect.Value) bool {
	d.peek()
	offset := d.at
	raw, ok := d.rawValue()
	if !ok {
		return false
	}
	clearShared(v)
	err := v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw)
	if err != nil {
		d.failed = methodError{err, offset}
	}
	return err == nil
}

// rawValue reads a value and reports whether it is valid. With the levels around it, it must not have
// more than the v2 decoder allows.
func (d *fastDecoder) rawValue() (jsontext.Value, bool) {
	raw, depth := d.raw()
	d.tooDeep = d.tooDeep || depth > maxDepth-maxFastDepth
	value := jsontext.Value(raw)
	return value, !d.tooDeep && value.IsValid()
}

// isDeep reports whether the document has too many levels for the fast decoder. depth is the number
// of levels that are left.
func (d *fastDecoder) isDeep(depth int) bool {
	d.tooDeep = d.tooDeep || depth < 0
	return d.tooDeep
}

func (d *fastDecoder) object(t *Type, v reflect.Value, depth int) bool {
	var seen uint64 // a bit for each field
	var unknown nameSet
	expected := 0 // the next field; most clients send the members in the order of the fields
	if d.isDeep(depth) {
		return false
	}
	for first := true; ; first = false {
		name, more, ok := d.member(first)
		if !more {
			return ok && t.needed&^seen == 0
		}
		var f *field
		if expected < len(t.fields) && t.fields[expected].name == string(name) {
			f = &t.fields[expected]
		} else if f = t.byName[string(name)]; f == nil {
			if d.options.RejectUnknownNames || t.find(name, d.options) != (match{}) || !unknown.add(d.keep(name)) || !d.skip(depth) {
				return false
			}
			continue
		}
		bit := uint64(1) << f.bit
		if seen&bit != 0 {
			return false
		}
		seen |= bit
		expected = f.bit + 1
		target := v.FieldByIndex(f.index)
		if f.typ.has(defaults) && target.IsZero() && d.peek() != 'n' {
			f.typ.setDefaults(target)
		}
		if !d.value(f.typ, f, target, depth) {
			return false
		}
	}
}

// A nameSet is a set of unknown names. Most objects have few unknown names.
type nameSet struct {
	few  []string
	many map[string]bool
}

// add adds a name and reports whether it is new.
func (s *nameSet) add(name string) bool {
	if s.many == nil && len(s.few) < 8 {
		if slices.Contains(s.few, name) {
			return false
		}
		s.few = append(s.few, name)
		return true
	}
	if s.many == nil {
		s.many = make(map[string]bool)
		for _, name := range s.few {
			s.many[name] = true
		}
	}
	before := len(s.many)
	s.many[name] = true
	return len(s.many) > before
}

// skip reads the value of an unknown name.
func (d *fastDecoder) skip(depth int) bool {
	if b := d.peek(); b == '{' || b == '[' {
		_, ok := d.rawValue()
		return ok
	}
	_, ok := d.any(depth)
	return ok
}

func (d *fastDecoder) dictionary(t *Type, f *field, v reflect.Value, depth int) bool {
	if trees, ok := v.Addr().Interface().(*map[string]any); ok {
		m, ok := d.anyObject(depth)
		*trees = m
		return ok
	}
	if d.isDeep(depth) {
		return false
	}
	m := reflect.MakeMap(t.typ)
	v.Set(m)
	key, value := reflect.New(t.key.typ).Elem(), reflect.New(t.elem.typ).Elem()
	for first := true; ; first = false {
		name, more, ok := d.member(first)
		if !more {
			return ok
		}
		key.SetString(d.keep(name))
		value.SetZero()
		t.elem.setDefaults(value)
		if !d.value(t.elem, f, value, depth) {
			return false
		}
		before := m.Len()
		m.SetMapIndex(key, value)
		if m.Len() == before {
			return false // a duplicate name
		}
	}
}

func (d *fastDecoder) list(t *Type, f *field, v reflect.Value, depth int) bool {
	if d.isDeep(depth) {
		return false
	}
	isArray, start := v.Kind() == reflect.Array, d.at
	if !isArray {
		v.Set(reflect.MakeSlice(t.typ, 0, 0))
	}
	for n := 0; ; n++ {
		exists, ok := d.next(']', n == 0)
		switch {
		case !exists:
			return ok && n == v.Len()
		case isArray && n == v.Len():
			return false
		case isArray:
			v.Index(n).SetZero()
		default:
			if n == v.Cap() {
				more := 4
				if n > 0 { // estimate the number of elements in the rest of the document
					more = min(1+n*(len(d.data)-d.at)/(d.at-start), 3*n)
				}
				v.Grow(more)
			}
			v.SetLen(n + 1)
		}
		t.elem.setDefaults(v.Index(n))
		if !d.value(t.elem, f, v.Index(n), depth) {
			return false
		}
	}
}

// any decodes the next value for a variable of type any.
func (d *fastDecoder) any(depth int) (v any, ok bool) {
	switch d.peek() {
	case '{':
		return anyOf(d.anyObject(depth - 1))
	case '[':
		return anyOf(d.anyList(depth - 1))
	case '"':
		return anyOf(d.string())
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case 'n':
		return nil, d.literal("null")
	}
	digits, ok := d.scanner.number()
	if d.options.UseNumber {
		return stdjson.Number(d.keep(digits)), ok
	}
	f, err := strconv.ParseFloat(string(digits), 64)
	return f, err == nil && ok
}

func anyOf[T any](v T, ok bool) (any, bool) { return v, ok }

func (d *fastDecoder) anyObject(depth int) (map[string]any, bool) {
	m := map[string]any{}
	if d.isDeep(depth) {
		return nil, false
	}
	for first := true; ; first = false {
		name, more, ok := d.member(first)
		if !more {
			return m, ok
		}
		key, before := d.keep(name), len(m)
		m[key], ok = d.any(depth)
		if !ok || len(m) == before {
			return nil, false // invalid, or a duplicate name
		}
	}
}

func (d *fastDecoder) anyList(depth int) ([]any, bool) {
	list := []any{}
	if d.isDeep(depth) {
		return nil, false
	}
	for {
		more, ok := d.next(']', len(list) == 0)
		if !more {
			return list, ok
		}
		v, ok := d.any(depth)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
}

func (d *fastDecoder) string() (s string, ok bool) {
	text, ok := d.text()
	return d.keep(text), ok
}

// keep returns a copy of text as a string. Short strings share blocks of memory, because one
// allocation for each string would take most of the time.
func (d *fastDecoder) keep(text []byte) string {
	if len(text) > d.strings.Cap()-d.strings.Len() {
		if len(text) > stringBlock/4 {
			return string(text)
		}
		d.strings.Reset()
		d.strings.Grow(min(stringBlock, len(text)+len(d.data)-d.at))
	}
	start := d.strings.Len()
	d.strings.Write(text)
	return d.strings.String()[start:]
}
