package strictjson

import (
	"bytes"
	"encoding"
	"errors"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A checker finds the errors of a document. checkSyntax finds a syntax error. After that, check
// compares the document with a Type and collects all errors. JSON Pointers are built only for
// errors.
type checker struct {
	scanner
	options *Options
	decoded bool // a decoder has accepted the document: types are not checked again
	path    path
	errors  []Error

	duplicate *Error // the first duplicate name
	known     methodError
}

// A methodError is the error of an UnmarshalJSON method for the value at an offset. The checker does
// not call the method again: with methods that decode the values in them, the number of calls would
// double with each level.
type methodError struct {
	err    error
	offset int
}

// A syntaxChecker is a reusable decoder, because a new decoder is costly.
type syntaxChecker struct {
	decoder jsontext.Decoder
	data    bytes.Buffer
}

var syntaxCheckers = sync.Pool{New: func() any { return new(syntaxChecker) }}

// checkSyntax returns a Report if the document is not one JSON value.
func (c *checker) checkSyntax() error {
	s := syntaxCheckers.Get().(*syntaxChecker)
	defer syntaxCheckers.Put(s)
	s.data = *bytes.NewBuffer(c.data)
	if c.options.AllowDuplicateNames {
		s.decoder.Reset(&s.data, jsontext.AllowDuplicateNames(true))
	} else {
		s.decoder.Reset(&s.data)
	}
	_, err := s.decoder.ReadValue()
	end := int(s.decoder.InputOffset())
	s.data = bytes.Buffer{} // the pool must not keep the document
	if err != nil {
		syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
		if !ok { // io.EOF
			syntax = &jsontext.SyntacticError{ByteOffset: int64(len(c.data)), Err: err}
		}
		return syntaxReport(c.data, syntax)
	}
	if end += skipSpace(c.data[end:]); end < len(c.data) {
		return syntaxReport(c.data, &jsontext.SyntacticError{ByteOffset: int64(end), Err: errTrailing})
	}
	return nil
}

// check returns a Report if the document is invalid for t. The document must be valid JSON.
func (c *checker) check(t *Type) error {
	c.at = 0
	c.value(t, element)
	return c.report()
}

func (c *checker) report() error {
	switch {
	case c.duplicate != nil:
		return &Report{Malformed: true, Errors: []Error{*c.duplicate}}
	case len(c.errors) > 0:
		return &Report{Errors: c.errors}
	}
	return nil
}

// add records an error of the current value at offset.
func (c *checker) add(offset int, code, message string) {
	c.addCause(offset, code, message, nil)
}

func (c *checker) addCause(offset int, code, message string, cause error) {
	if len(c.errors) < maxErrors {
		pointer, whole := c.path.pointer()
		c.errors = append(c.errors, Error{pointer, !whole, offset, code, message, cause})
	}
}

// addDuplicate records a duplicate name. The Report then contains only this error.
func (c *checker) addDuplicate(offset int) {
	if c.duplicate == nil {
		pointer, _ := c.path.pointer()
		c.duplicate = &Error{Pointer: pointer, Offset: offset, Code: codeDuplicate, Message: "Duplicate name."}
	}
}

func (c *checker) full() bool { return len(c.errors) == maxErrors || c.duplicate != nil }

// value checks the next value, the value of the field f.
func (c *checker) value(t *Type, f *field) {
	b := c.peek()
	if b == 'n' {
		if message := t.nullError(f); message != "" && !c.full() {
			c.add(c.at, codeNull, message)
			c.raw()
			return
		}
	}
	isNull := b == 'n' && t.kind != customJSON && t.kind != customFrom // these methods decode null
	if isNull || c.full() || t.unsupported != nil || c.decoded && !t.has(checked) && f.elementField == nil {
		c.raw()
		return
	}
	switch t.kind {
	case pointer, optional:
		c.value(t.elem, f)
	case object:
		if c.isKind(b, '{', "an object") {
			c.object(t, nil, nil)
		}
	case dictionary:
		if c.isKind(b, '{', "an object") {
			c.dictionary(t, f.elements(t.elem))
		}
	case list:
		if c.isKind(b, '[', "an array") {
			c.list(t, f.elements(t.elem))
		}
	case dynamic:
		c.dynamic(t, b)
	default:
		offset := c.at
		raw, _ := c.raw()
		if !c.decoded {
			c.scalar(t, f, offset, raw)
		}
	}
}

// isKind reports whether a value begins with the bracket. Otherwise isKind skips the value and
// records an error.
func (c *checker) isKind(b, bracket byte, want string) bool {
	if b == bracket {
		return true
	}
	if !c.decoded {
		c.add(c.at, codeType, "Must be "+want+", not "+kindName(b)+".")
	}
	c.raw()
	return false
}

// name reads the name of the next member and returns it with its offset.
func (c *checker) name(first bool) (name []byte, offset int, more bool) {
	if more, _ := c.next('}', first); !more {
		return nil, 0, false
	}
	c.peek()
	offset = c.at
	name, _ = c.text()
	c.path.top().quoted = c.data[offset:c.at]
	c.peek()
	c.at++ // the colon
	return name, offset, true
}

// object checks an object. If member is set, object calls it instead of value for the value of each
// field. If missing is set, missing reports whether a missing required member is an error. Merge
// sets both functions.
func (c *checker) object(t *Type, member func(f *field), missing func(f *field) bool) {
	start := c.at
	var seen bitset
	c.path.push()
	for first := true; ; first = false {
		name, offset, more := c.name(first)
		if !more {
			break
		}
		m := t.find(name, c.options)
		f := m.field
		switch {
		case f != nil:
			if seen.set(f.bit) && !c.options.AllowDuplicateNames && c.options.Unmarshal == nil {
				c.addDuplicate(offset)
			}
			if member != nil {
				member(f)
			} else {
				c.value(f.typ, f)
			}
			continue
		case m.several:
			c.add(offset, codeUnknown, "The name matches several fields if case is ignored.")
		case m.similar != "":
			c.add(offset, codeUnknown, "Unknown field. Did you mean "+strconv.Quote(m.similar)+"?")
		case t.extra != nil:
			c.value(t.extra, element)
			continue
		case c.options.RejectUnknownNames && !c.decoded:
			c.add(offset, codeUnknown, "Unknown field.")
		}
		c.raw()
	}
	for i := range t.fields {
		f := &t.fields[i]
		if f.required != "" && !seen.has(f.bit) && !c.full() && (missing == nil || missing(f)) {
			*c.path.top() = step{name: f.name}
			c.add(start, codeRequired, f.required)
		}
	}
	c.path.pop()
}

// A bitset is a set of small integers.
type bitset struct {
	low  uint64
	rest []uint64 // for the integers from 64 on
}

func (s *bitset) word(i int) *uint64 {
	if i < 64 {
		return &s.low
	}
	for len(s.rest) < i/64 {
		s.rest = append(s.rest, 0)
	}
	return &s.rest[i/64-1]
}

func (s *bitset) has(i int) bool { return *s.word(i)&(1<<(i%64)) != 0 }

// set adds i and reports whether it was in the set before.
func (s *bitset) set(i int) (had bool) {
	had = s.has(i)
	*s.word(i) |= 1 << (i % 64)
	return had
}

func (c *checker) dictionary(t *Type, f *field) {
	var keys reflect.Value
	c.path.push()
	for first := true; ; first = false {
		name, offset, more := c.name(first)
		if !more {
			break
		}
		if t.key.kind != text && !c.decoded && !c.full() {
			c.key(t.key, name, offset, &keys)
		}
		c.value(t.elem, f)
	}
	c.path.pop()
}

// key decodes a name as the key of a map and adds it to keys. If the name is invalid or a
// duplicate, key records the error.
func (c *checker) key(t *Type, name []byte, offset int, keys *reflect.Value) (key reflect.Value, ok bool) {
	if t.kind == text { // the syntax check has found duplicates
		key = reflect.New(t.typ).Elem()
		key.SetString(string(name))
		return key, true
	}
	key, err := decodeName(t, c.path.top().quoted)
	switch {
	case err != nil && t.kind.isCustom():
		c.addCause(offset, codeFormat, invalidFormat, err)
	case err != nil:
		c.add(offset, codeType, "The name must be "+t.want()+".")
	case t.kind != customFrom: // such a key can depend on its position in the document
		if !keys.IsValid() {
			*keys = reflect.MakeMap(reflect.MapOf(t.typ, reflect.TypeFor[struct{}]()))
		}
		before := keys.Len()
		keys.SetMapIndex(key, reflect.ValueOf(struct{}{}))
		if keys.Len() == before && !c.options.AllowDuplicateNames {
			c.addDuplicate(offset)
		}
	}
	return key, err == nil
}

// decodeName decodes a quoted name as a map key.
func decodeName(t *Type, quoted []byte) (key reflect.Value, err error) {
	p := reflect.New(t.typ)
	err = json.Unmarshal(quoted, p.Interface(), json.StringifyNumbers(true))
	for t.kind == pointer {
		t = t.elem
	}
	if t.kind == number { // the v2 decoder accepts any string
		if name, _ := jsontext.AppendUnquote(nil, quoted); !isNumber(name) {
			err = errNotNumber
		}
	}
	return p.Elem(), err
}

func (c *checker) list(t *Type, f *field) {
	start := c.at
	isArray := t.typ.Kind() == reflect.Array
	c.path.push()
	n := 0
	for ; ; n++ {
		if more, _ := c.next(']', n == 0); !more {
			break
		}
		c.path.top().number = n + 1
		if isArray && n >= t.typ.Len() {
			c.raw()
		} else {
			c.value(t.elem, f)
		}
	}
	c.path.pop()
	if isArray && n != t.typ.Len() && !c.decoded && !c.full() {
		c.add(start, codeLength, "Must have "+strconv.Itoa(t.typ.Len())+" elements.")
	}
}

// dynamic checks the value of an interface. Only numbers can be invalid.
func (c *checker) dynamic(t *Type, b byte) {
	exact := c.options.UseNumber && t.typ == reflect.TypeFor[any]()
	switch {
	case b == '{' && !exact:
		c.dictionary(anyMap, element)
	case b == '[' && !exact:
		c.list(anyList, element)
	case b == '"' || b == 't' || b == 'f' || exact:
		c.raw()
	default:
		c.value(floatType, element)
	}
}

var (
	anyMap    = TypeOf(reflect.TypeFor[map[string]any]())
	anyList   = TypeOf(reflect.TypeFor[[]any]())
	floatType = TypeOf(reflect.TypeFor[float64]())
)

// scalar checks a value without elements and members, or a value that a method decodes.
func (c *checker) scalar(t *Type, f *field, offset int, raw []byte) {
	b := raw[0]
	isString := b == '"'
	isNumber := b == '-' || '0' <= b && b <= '9'
	ok := isString
	want := t.want()
	switch t.kind {
	case boolean:
		ok = b == 't' || b == 'f'
	case integer, unsigned, float:
		ok = isNumber
		if f.quoted {
			ok, want = isString, want+" in a string"
		}
	case number:
		ok = isNumber
	case customText:
		want = "a string"
	case customJSON, customFrom:
		ok = true
	}
	if !ok {
		c.add(offset, codeType, "Must be "+want+", not "+kindName(b)+".")
		return
	}
	switch t.kind {
	case integer, unsigned, float:
		if code, message := checkNumber(t, raw, f.quoted, want); code != "" {
			c.add(offset, code, message)
		}
	case timestamp:
		s, _ := jsontext.AppendUnquote(nil, raw)
		if new(time.Time).UnmarshalText(s) != nil || !isRFC3339(s) {
			c.add(offset, codeFormat, "Must be "+want+".")
		}
	case base64:
		s, _ := jsontext.AppendUnquote(nil, raw)
		switch b, ok := decodeBase64(s); {
		case !ok:
			c.add(offset, codeFormat, "Must be "+want+".")
		case t.typ.Kind() == reflect.Array && len(b) != t.typ.Len():
			c.add(offset, codeLength, "Must be "+strconv.Itoa(t.typ.Len())+" bytes in base64.")
		}
	default:
		c.custom(t, offset, raw)
	}
}

// checkNumber checks the number in raw. If quoted is set, raw is a string.
func checkNumber(t *Type, raw []byte, quoted bool, want string) (code, message string) {
	digits := raw
	if quoted {
		digits, _ = jsontext.AppendUnquote(nil, raw)
		if !isNumber(digits) {
			return codeFormat, "Must be " + want + "."
		}
	}
	var err error
	switch bits := t.typ.Bits(); t.kind {
	case integer:
		_, err = strconv.ParseInt(string(digits), 10, bits)
	case unsigned:
		_, err = strconv.ParseUint(string(digits), 10, bits)
	case float:
		if _, err = strconv.ParseFloat(string(digits), bits); err != nil {
			return codeRange, "The number is out of range."
		}
	}
	isInteger := !bytes.ContainsAny(digits, ".eE")
	switch {
	case err == nil:
		return "", ""
	case isInteger && string(digits) == "-0":
		want += " without a sign"
	case isInteger:
		lowest, highest := bounds(t.typ)
		return codeRange, "Must be from " + lowest + " to " + highest + "."
	}
	if quoted {
		return codeFormat, "Must be " + want + "."
	}
	return codeType, "Must be " + want + "."
}

// custom calls the unmarshal method of t and records its error.
func (c *checker) custom(t *Type, offset int, raw []byte) {
	target := reflect.New(t.typ).Interface()
	var err error
	switch t.kind {
	case customText:
		s, _ := jsontext.AppendUnquote(nil, raw)
		err = target.(encoding.TextUnmarshaler).UnmarshalText(s)
	case customJSON:
		if err = c.known.err; err == nil || c.known.offset != offset {
			err = target.(json.Unmarshaler).UnmarshalJSON(raw)
		}
	case customFrom:
		// raw is a document of its own here, so the method sees other offsets and pointers.
		err = json.Unmarshal(raw, target, c.options.v2(t)...)
	}
	if err != nil {
		c.addCause(offset, codeFormat, invalidFormat, err)
	}
}

// want describes the JSON value that t accepts.
func (t *Type) want() string {
	switch t.kind {
	case boolean:
		return "a boolean"
	case integer, unsigned:
		return "an integer"
	case float, number:
		return "a number"
	case base64:
		return "a string in base64"
	case timestamp:
		return "a date and time in the format of RFC 3339"
	}
	return "a string"
}

// kindName describes a value by its first byte. The value must not be null.
func kindName(b byte) string {
	switch b {
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '[':
		return "an array"
	case '{':
		return "an object"
	}
	return "a number"
}

// bounds returns the least and the greatest value of an integer type.
func bounds(t reflect.Type) (lowest, highest string) {
	if kinds[t.Kind()] == unsigned {
		return "0", strconv.FormatUint(math.MaxUint64>>(64-t.Bits()), 10)
	}
	n := int64(math.MaxInt64) >> (64 - t.Bits())
	return strconv.FormatInt(-n-1, 10), strconv.FormatInt(n, 10)
}
