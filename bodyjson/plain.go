package bodyjson

import (
	"encoding"
	stdjson "encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A plainReader decodes plain JSON, which is nearly all there is, in about half the
// time that the decoder takes. It has no say on what is wrong: what it does not read,
// be it bad or only unusual, is left to the decoder. What it reads is what the decoder
// would have read, with all that is required and no null where none may be.
//
// Its methods report false where they give up.
type plainReader struct {
	config  *config
	data    []byte
	at      int             // where the next byte is
	scratch []byte          // for a text with escapes
	strings strings.Builder // a block of memory for several strings
}

const (
	// plainDepth is how deep it looks.
	plainDepth = 200
	// plainUnknown is how many names without a field it bears with in a struct: they
	// are kept, to see one that is there twice.
	plainUnknown = 8
	// stringBlock is how much one short string can keep alive, in bytes.
	stringBlock = 4 << 10
)

// unmarshalPlain decodes data into v, a pointer to a zero value of p's type. If it
// gives up, that is zero again.
func (c *config) unmarshalPlain(data []byte, p *plan, v any) bool {
	if p.byDecoder || c.AllowDuplicateNames || c.AllowInvalidUTF8 || c.MatchCaseInsensitiveNames {
		return false
	}
	r := plainReader{config: c, data: data}
	root := reflect.ValueOf(v).Elem()
	if r.into(p, noField, root, plainDepth) && r.peek() == 0 && r.at == len(data) {
		return true
	}
	root.SetZero()
	return false
}

// into reads the next value, which is that of the field f, into v, which is zero and of
// p's type.
func (r *plainReader) into(p *plan, f *field, v reflect.Value, depth int) bool {
	b := r.peek()
	switch {
	case b == 'n' && p.nullFault(f) != "":
		return false
	case p.byDecoder:
		return r.decode(p, v)
	case p.shape == optional:
		v.Field(optionalSet).SetBool(true)
		if b == 'n' {
			v.Field(optionalNull).SetBool(true)
			return r.literal("null")
		}
		return r.into(p.elem, f, v.Field(optionalValue), depth)
	case b == 'n':
		return r.literal("null")
	case p.fromText:
		return b == '"' && r.fromText(v)
	case p.shape == pointer:
		target := reflect.New(p.elem.typ)
		v.Set(target)
		return r.into(p.elem, f, target.Elem(), depth)
	case p.shape == dynamic:
		value, ok := r.value(depth)
		if ok {
			v.Set(reflect.ValueOf(value))
		}
		return ok
	case p.shape == object:
		return b == '{' && r.fields(p, v, depth-1)
	case p.shape == dictionary:
		return b == '{' && r.members(p, v, depth-1)
	case p.shape == list:
		return b == '[' && r.elements(p, v, depth-1)
	}
	return r.scalar(v, b)
}

// scalar reads a value that begins with b.
func (r *plainReader) scalar(v reflect.Value, b byte) bool {
	switch v.Kind() {
	case reflect.String:
		if b != '"' {
			return false
		}
		s, ok := r.string()
		v.SetString(s)
		return ok
	case reflect.Bool:
		v.SetBool(b == 't')
		return r.literal(strconv.FormatBool(b == 't'))
	}
	text, ok := r.number()
	if !ok {
		return false
	}
	switch bits := v.Type().Bits(); {
	case v.CanInt():
		n, err := strconv.ParseInt(string(text), 10, bits)
		v.SetInt(n)
		return err == nil
	case v.CanUint():
		n, err := strconv.ParseUint(string(text), 10, bits)
		v.SetUint(n)
		return err == nil
	default:
		f, err := strconv.ParseFloat(string(text), bits)
		v.SetFloat(f)
		return err == nil
	}
}

// fromText reads a string into what is made from text, a time too.
func (r *plainReader) fromText(v reflect.Value) bool {
	text, ok := r.text()
	return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text) == nil
}

// fields reads an object into a struct.
func (r *plainReader) fields(p *plan, v reflect.Value, depth int) bool {
	var seen uint64 // a bit for each field
	var unknown []string
	expected := 0 // most clients send the fields in their order
	for first := true; ; first = false {
		name, more, ok := r.member(first, depth)
		if !more {
			return ok && p.required&^seen == 0
		}
		var f *field
		if expected < len(p.fields) && p.fields[expected].name == string(name) {
			f = &p.fields[expected]
		} else if f = p.byName[string(name)]; f == nil {
			name := string(name)
			if r.config.DisallowUnknownFields || len(unknown) == plainUnknown || slices.Contains(unknown, name) {
				return false
			}
			unknown = append(unknown, name)
			if !r.skip(depth) {
				return false
			}
			continue
		}
		bit := uint64(1) << f.at
		if seen&bit != 0 {
			return false
		}
		seen |= bit
		expected = f.at + 1
		if !r.into(f.plan, f, v.FieldByIndex(f.index), depth) {
			return false
		}
	}
}

// members reads an object into a map.
func (r *plainReader) members(p *plan, v reflect.Value, depth int) bool {
	if trees, ok := v.Addr().Interface().(*map[string]any); ok {
		m, ok := r.object(depth)
		*trees, _ = m.(map[string]any)
		return ok
	}
	m := reflect.MakeMap(p.typ)
	v.Set(m)
	key, value := reflect.New(p.typ.Key()).Elem(), reflect.New(p.elem.typ).Elem()
	for first := true; ; first = false {
		name, more, ok := r.member(first, depth)
		if !more {
			return ok
		}
		key.SetString(r.keep(name))
		value.SetZero()
		if !r.into(p.elem, noField, value, depth) {
			return false
		}
		before := m.Len()
		m.SetMapIndex(key, value)
		if m.Len() == before {
			return false // the name is there twice
		}
	}
}

// elements reads an array into a slice.
func (r *plainReader) elements(p *plan, v reflect.Value, depth int) bool {
	v.Set(reflect.MakeSlice(p.typ, 0, 0))
	for n := 0; ; n++ {
		more, ok := r.more(']', n == 0, depth)
		if !more {
			return ok
		}
		if n == v.Cap() {
			v.Grow(1 + 3/(n+1))
		}
		v.SetLen(n + 1)
		if !r.into(p.elem, noField, v.Index(n), depth) {
			return false
		}
	}
}

// skip reads a value that nobody wants.
func (r *plainReader) skip(depth int) bool {
	if b := r.peek(); b == '{' || b == '[' {
		return jsontext.Value(r.raw()).IsValid()
	}
	_, ok := r.value(depth)
	return ok
}

// decode has the decoder read a value of a type that it alone knows.
func (r *plainReader) decode(p *plan, v reflect.Value) bool {
	return json.Unmarshal(r.raw(), v.Addr().Interface(), r.config.options(p.numbers)...) == nil && !p.doubtful(v, true)
}

// raw returns all up to the end of the next value, or nothing if it is nested too
// deep. Whether it is a value at all is for the decoder to say.
func (r *plainReader) raw() []byte {
	start, depth := r.at, 0
	for i := start; i < len(r.data) && depth <= plainDepth; i++ {
		b := r.data[i]
		switch b {
		case '"':
			i = r.closingQuote(i)
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth < 0 || depth == 0 && b == ',' {
			r.at = i
			return r.data[start:i]
		}
	}
	if depth != 0 {
		return nil
	}
	r.at = len(r.data)
	return r.data[start:]
}

// value reads the next value into what an any gets.
func (r *plainReader) value(depth int) (v any, ok bool) {
	switch r.peek() {
	case '{':
		return r.object(depth - 1)
	case '[':
		return r.array(depth - 1)
	case '"':
		return anyOf(r.string())
	case 't':
		return true, r.literal("true")
	case 'f':
		return false, r.literal("false")
	case 'n':
		return nil, r.literal("null")
	}
	text, ok := r.number()
	if r.config.UseNumber {
		return stdjson.Number(r.keep(text)), ok
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil && ok
}

func anyOf(s string, ok bool) (any, bool) { return s, ok }

func (r *plainReader) object(depth int) (any, bool) {
	m := map[string]any{}
	for first := true; ; first = false {
		name, more, ok := r.member(first, depth)
		if !more {
			return m, ok
		}
		key, before := r.keep(name), len(m)
		m[key], ok = r.value(depth)
		if !ok || len(m) == before {
			return nil, false // it is no value, or the name is there twice
		}
	}
}

func (r *plainReader) array(depth int) (any, bool) {
	list := []any{}
	for {
		more, ok := r.more(']', len(list) == 0, depth)
		if !more {
			return list, ok
		}
		v, ok := r.value(depth)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
}

// more reads what is before the next member or element, and reports whether there is
// one. The first is behind the opening bracket.
func (r *plainReader) more(closing byte, first bool, depth int) (more, ok bool) {
	if depth <= 0 {
		return false, false
	}
	if first {
		r.at++
	}
	switch b := r.peek(); {
	case b == closing:
		r.at++
		return false, true
	case first:
		return true, true
	case b == ',':
		r.at++
		return true, true
	}
	return false, false
}

// member reads up to the value of the next member of an object, if there is one. The
// bytes are valid until the next text is read.
func (r *plainReader) member(first bool, depth int) (name []byte, more, ok bool) {
	if more, ok = r.more('}', first, depth); !more {
		return nil, false, ok
	}
	if r.peek() == '"' {
		if name, ok = r.text(); ok && r.peek() == ':' {
			r.at++
			return name, true, true
		}
	}
	return nil, false, false
}

func (r *plainReader) string() (s string, ok bool) {
	text, ok := r.text()
	return r.keep(text), ok
}

// text reads a string. The bytes are valid until the next text is read.
func (r *plainReader) text() (text []byte, ok bool) {
	start := r.at + 1
	for i := start; i < len(r.data); i++ {
		switch b := r.data[i]; {
		case b == '"':
			r.at = i + 1
			return r.data[start:i], true
		case b < ' ', b == '\\', b >= utf8.RuneSelf:
			end := r.closingQuote(i-1) + 1
			if end > len(r.data) {
				return nil, false
			}
			var err error
			r.scratch, err = jsontext.AppendUnquote(r.scratch[:0], r.data[start-1:end])
			r.at = end
			return r.scratch, err == nil
		}
	}
	return nil, false
}

// closingQuote returns where the string ends that has begun before or at i, which is
// behind the data if it does not end.
func (r *plainReader) closingQuote(i int) int {
	for i++; i < len(r.data) && r.data[i] != '"'; i++ {
		if r.data[i] == '\\' {
			i++
		}
	}
	return i
}

// keep returns a string of the text that is not the buffer's. To get memory for each
// would be most of the work.
func (r *plainReader) keep(text []byte) string {
	if len(text) > r.strings.Cap()-r.strings.Len() {
		if len(text) > stringBlock/4 {
			return string(text)
		}
		r.strings.Reset()
		r.strings.Grow(min(stringBlock, len(text)+len(r.data)-r.at))
	}
	start := r.strings.Len()
	r.strings.Write(text)
	return r.strings.String()[start:]
}

func (r *plainReader) literal(word string) bool {
	r.at += len(word)
	return r.at <= len(r.data) && string(r.data[r.at-len(word):r.at]) == word
}

// number reads the text of a number (RFC 8259, Section 6).
func (r *plainReader) number() (text []byte, ok bool) {
	start := r.at
	r.accept("-")
	first := r.at
	n := r.digits()
	ok = n == 1 || n > 1 && r.data[first] != '0'
	if r.accept(".") {
		ok = r.digits() > 0 && ok
	}
	if r.accept("eE") {
		r.accept("+-")
		ok = r.digits() > 0 && ok
	}
	return r.data[start:r.at], ok
}

// accept reads one of some characters, if it is there.
func (r *plainReader) accept(chars string) bool {
	if r.at < len(r.data) && strings.IndexByte(chars, r.data[r.at]) >= 0 {
		r.at++
		return true
	}
	return false
}

// digits reads all digits there are and returns how many.
func (r *plainReader) digits() int {
	start := r.at
	for r.at < len(r.data) && '0' <= r.data[r.at] && r.data[r.at] <= '9' {
		r.at++
	}
	return r.at - start
}

// peek skips white space and returns the byte behind it, or 0 at the end.
func (r *plainReader) peek() byte {
	for r.at < len(r.data) {
		switch b := r.data[r.at]; b {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return b
		}
	}
	return 0
}
