package bodyjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/errtree"
)

// Of a small body an answer could be very large: it has at most maxFaults faults, and
// no pointer with more than maxPointer bytes, for a pointer has names of the body in it.
const (
	maxFaults  = 100
	maxPointer = 1 << 10
)

// diagnose returns the answer to a body that could not be decoded, because of
// cause, or that may lack something. A syntax error stands for itself; where there
// is none, every fault is told. It returns nil if there is none and no cause.
func (c *config) diagnose(data []byte, p *plan, cause error) error {
	if at := tooDeep(data, c.MaxDepth); at >= 0 {
		return c.malformed(data, errjson.FieldError{Code: codeDepth, Offset: at,
			Message: "The JSON is nested too deep."})
	}
	d := diagnosis{config: c, decoded: cause == nil, dec: jsontext.NewDecoder(bytes.NewBuffer(data), c.syntax...)}
	err := d.value(p, noField)
	if err == nil {
		err = d.end(data)
	}
	// The decoder sees some faults of syntax only in the light of the type: that
	// "1" and "1.0" are the same name, if the names are numbers.
	if d.faults == nil && err == nil {
		err = cause
	}
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		return c.malformed(data, syntaxFault(data, syntax))
	case d.faults != nil:
		place(d.faults, data)
		return invalidFields(d.faults, cause)
	case err == nil:
		return nil
	case c.Unmarshal != nil:
		return invalidFields(nil, err) // by rules that only the other decoder knows
	}
	return fmt.Errorf("bodyjson: decoding a %v: %w", p.typ, err) // the program's fault
}

// malformed tells the place in the message too, for those who see no details.
func (c *config) malformed(data []byte, f errjson.FieldError) error {
	faults := []errjson.FieldError{f}
	place(faults, data)
	e := malformed(faults[0])
	e.Message = fmt.Sprintf("%s (Line %d, column %d.)", f.Message, faults[0].Line, faults[0].Column)
	return e
}

// A diagnosis walks through a document beside the plan of a type. Its methods
// return errors of syntax, with which the walk ends; all others are collected.
type diagnosis struct {
	*config
	dec     *jsontext.Decoder
	faults  []errjson.FieldError
	decoded bool // all values are good, if only by the rules of another decoder
}

// full reports whether no more faults are told.
func (d *diagnosis) full() bool { return len(d.faults) == maxFaults }

// tells reports whether a fault is told. It is asked before a pointer is made, which
// can take as long as the body is large.
func (d *diagnosis) tells(code string) bool {
	return !d.full() && (!d.decoded || code == codeRequired || code == codeNull)
}

// fault records a fault of what was read last.
func (d *diagnosis) fault(at int, code, message string) {
	if d.tells(code) {
		d.faultAt(string(d.dec.StackPointer()), at, code, message)
	}
}

func (d *diagnosis) faultAt(pointer string, at int, code, message string) {
	if d.tells(code) {
		d.faults = append(d.faults, errjson.FieldError{Pointer: bounded(pointer), Offset: at, Code: code, Message: message})
	}
}

// bounded returns a pointer, or that of the innermost value around which is not too
// long.
func bounded(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	for len(pointer) > maxPointer {
		pointer = parent(pointer)
	}
	return strings.Clone(pointer) // which does not keep the rest alive
}

// parent returns the pointer to the value around.
func parent(pointer string) string { return pointer[:max(0, strings.LastIndexByte(pointer, '/'))] }

// read returns the next value and where it starts.
func (d *diagnosis) read() (jsontext.Value, int, error) {
	v, err := d.dec.ReadValue()
	return v, int(d.dec.InputOffset()) - len(v), err
}

// open reads the bracket of an array or an object and returns where it is.
func (d *diagnosis) open() (int, error) {
	_, err := d.dec.ReadToken()
	return int(d.dec.InputOffset()) - 1, err
}

// noField stands for that of a value without one: the whole body, or an element.
var noField = &field{}

// value checks the next value, which is that of the field f, against a plan.
func (d *diagnosis) value(p *plan, f *field) error {
	kind := d.dec.PeekKind()
	switch {
	case d.full():
		return d.dec.SkipValue()
	case kind == jsontext.KindNull && p.shape != custom:
		_, at, err := d.read()
		if text := p.nullFault(f); err == nil && text != "" {
			d.fault(at, codeNull, text)
		}
		return err
	case p.fault != nil && p.shape == scalar: // only another decoder knows it
		return d.dec.SkipValue()
	}
	switch p.shape {
	case pointer, optional:
		return d.value(p.elem, f)
	case object:
		if kind == jsontext.KindBeginObject {
			return d.object(p)
		}
		return d.mismatch(kind, "an object")
	case dictionary:
		if kind == jsontext.KindBeginObject {
			return d.dictionary(p)
		}
		return d.mismatch(kind, "an object")
	case list:
		if kind == jsontext.KindBeginArray {
			return d.list(p)
		}
		return d.mismatch(kind, "an array")
	case dynamic:
		return d.dynamic(p, kind)
	}
	return d.scalar(p, f, kind)
}

func (d *diagnosis) mismatch(kind jsontext.Kind, want string) error {
	_, at, err := d.read()
	if err == nil {
		d.fault(at, codeType, "Must be "+want+", not "+kindName(kind)+".")
	}
	return err
}

func (d *diagnosis) object(p *plan) error {
	start, err := d.open()
	if err != nil {
		return err
	}
	var present map[*field]bool
	if p.checks {
		present = make(map[*field]bool, len(p.fields))
	}
	for d.dec.PeekKind() != jsontext.KindEndObject {
		name, at, err := d.name()
		if err != nil {
			return err
		}
		f, several := p.find(name, d.config)
		switch {
		case several:
			d.fault(at, codeUnknown, "More than one field is called so, but for the case.")
			err = d.dec.SkipValue()
		case f != nil:
			if p.checks {
				present[f] = true
			}
			err = d.value(f.plan, f)
		case p.rest != nil:
			err = d.value(p.rest, noField)
		default:
			if d.DisallowUnknownFields {
				d.fault(at, codeUnknown, "There is no such field.")
			}
			err = d.dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	if p.checks {
		for i := range p.fields {
			if f := &p.fields[i]; f.required != "" && !present[f] && !d.full() {
				d.faultAt(string(d.dec.StackPointer().AppendToken(f.name)), start, codeRequired, f.required)
			}
		}
	}
	return nil
}

// name reads the name of a member.
func (d *diagnosis) name() (name string, at int, err error) {
	quoted, at, err := d.read()
	if err != nil {
		return "", at, err
	}
	unquoted, err := jsontext.AppendUnquote(nil, quoted)
	if d.AllowInvalidUTF8 {
		err = nil
	}
	return string(unquoted), at, err
}

func (d *diagnosis) dictionary(p *plan) error {
	if _, err := d.open(); err != nil {
		return err
	}
	key := p.typ.Key()
	plain := key.Kind() == reflect.String && !isCustom(key)
	for d.dec.PeekKind() != jsontext.KindEndObject {
		quoted, at, err := d.read()
		if err != nil {
			return err
		}
		if !plain && d.unmarshal(quoted, key, true) != nil {
			if isCustom(key) {
				d.fault(at, codeFormat, "The name is not in the right format.")
			} else {
				d.fault(at, codeType, "The name must be "+wanted(key)+".")
			}
		}
		if err := d.value(p.elem, noField); err != nil {
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}

func (d *diagnosis) list(p *plan) error {
	start, err := d.open()
	if err != nil {
		return err
	}
	n := 0
	for ; d.dec.PeekKind() != jsontext.KindEndArray; n++ {
		if p.typ.Kind() == reflect.Array && n >= p.typ.Len() {
			err = d.dec.SkipValue()
		} else {
			err = d.value(p.elem, noField)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	if p.typ.Kind() == reflect.Array && n != p.typ.Len() {
		d.fault(start, codeLength, "Must have "+strconv.Itoa(p.typ.Len())+" elements.")
	}
	return nil
}

// dynamic checks what goes into an interface, where only numbers can be wrong.
func (d *diagnosis) dynamic(p *plan, kind jsontext.Kind) error {
	switch {
	case d.UseNumber:
		return d.dec.SkipValue()
	case kind == jsontext.KindNumber:
		return d.scalar(planOf(reflect.TypeFor[float64]()), noField, kind)
	case kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray:
		return d.dec.SkipValue()
	}
	if _, err := d.open(); err != nil {
		return err
	}
	for d.dec.PeekKind() != closing(kind) {
		if kind == jsontext.KindBeginObject {
			if _, err := d.dec.ReadToken(); err != nil {
				return err
			}
		}
		if err := d.value(p, noField); err != nil {
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}

// scalar has the decoder check what it alone understands.
func (d *diagnosis) scalar(p *plan, f *field, kind jsontext.Kind) error {
	value, at, err := d.read()
	if err != nil {
		return err
	}
	if text := p.nullFault(f); kind == jsontext.KindNull && text != "" {
		d.fault(at, codeNull, text)
		return nil
	}
	if err = d.unmarshal(value, p.typ, f.quoted); err == nil {
		return nil
	}
	code, message := scalarFault(p, f, kind, value)
	at0, pointer := at, d.dec.StackPointer()
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && p.shape == custom {
		pointer, at = pointer+semantic.JSONPointer, at0+int(semantic.ByteOffset)
	}
	// An unmarshal method can tell its faults in its own words.
	fields := errtree.Collect[errjson.FieldError](err)
	for _, own := range fields {
		d.faultAt(string(pointer)+own.Pointer, at, orDefault(own.Code, code), orDefault(own.Message, message))
	}
	if fields == nil {
		d.faultAt(string(pointer), at, code, message)
	}
	return nil
}

// unmarshal tries to decode a value as a t, of which nothing is kept.
func (d *diagnosis) unmarshal(value jsontext.Value, t reflect.Type, quoted bool) error {
	opts := json.JoinOptions(d.options(t == numberType)...)
	return json.Unmarshal(value, reflect.New(t).Interface(), opts, json.StringifyNumbers(quoted))
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

const mustNotBeNull = "Must not be null."

// nullFault returns what is wrong with null for a p in a field, or nothing. A field
// that does not say otherwise takes null as if it was absent, which elements and the
// whole body cannot be.
func (p *plan) nullFault(f *field) string {
	if f == noField && p.refusesNull || f.required != "" && f.notNull == "" && f.plan.shape != optional {
		return mustNotBeNull
	}
	return f.notNull
}

// end checks that nothing follows the value.
func (d *diagnosis) end(data []byte) error {
	at := int(d.dec.InputOffset())
	at += skipSpace(data[at:])
	if at == len(data) {
		return nil
	}
	return &jsontext.SyntacticError{ByteOffset: int64(at), Err: errTrailing}
}

var errTrailing = errors.New("bodyjson: trailing data")

// syntaxFault names what is wrong with the syntax in words of ours: those of the
// decoder change, and quote the body.
func syntaxFault(data []byte, err *jsontext.SyntacticError) errjson.FieldError {
	at := min(int(err.ByteOffset), len(data))
	f := errjson.FieldError{Pointer: bounded(string(err.JSONPointer)), Offset: at, Code: codeSyntax, Message: "Syntax error in the JSON."}
	rest := data[at:]
	switch r, size := utf8.DecodeRune(rest); {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		f.Code, f.Message = codeEncoding, "The JSON must not begin with a byte order mark (BOM)." // RFC 8259, Section 8.1
	case bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.HasPrefix(data, []byte("\xff\xfe")), len(data) > 1 && (data[0] == 0 || data[1] == 0):
		f.Code, f.Message = codeEncoding, "The JSON must be in UTF-8."
	case errors.Is(err, errTrailing):
		f.Code, f.Message = codeTrailing, "Nothing may follow the JSON value."
	case errors.Is(err, jsontext.ErrDuplicateName):
		f.Code, f.Message = codeDuplicate, "The name is there twice."
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.Offset, f.Message = len(data), "The JSON ends too early."
	case r == utf8.RuneError && size == 1:
		f.Code, f.Message = codeEncoding, "The JSON must be in UTF-8."
	case isSurrogate(rest):
		f.Code, f.Message = codeEncoding, "The escape is one half of a character only."
	}
	return f
}

// isSurrogate reports whether data starts with the escape of a surrogate.
func isSurrogate(data []byte) bool {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 32)
	return err == nil && n >= 0xD800 && n <= 0xDFFF
}

// scalarFault names what is wrong with a value, by its type alone: the decoder's
// text would tell the types of the program.
func scalarFault(p *plan, f *field, kind jsontext.Kind, value jsontext.Value) (code, message string) {
	want := wanted(p.typ)
	text := string(value)
	right := jsontext.KindString
	if p.typ == numberType {
		right = jsontext.KindNumber
	}
	switch p.typ.Kind() {
	case reflect.Bool:
		right = 't'
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		if !f.quoted {
			right = jsontext.KindNumber
		} else {
			want += " in a string"
			text = strings.Trim(text, `"`)
		}
	}
	switch {
	case p.shape == custom && kind != jsontext.KindString && !decodesItself(p.typ):
		return codeType, "Must be a string, not " + kindName(kind) + "." // whatever the type is made of
	case p.shape == custom:
		return codeFormat, "Is not in the right format."
	case kind != right:
		return codeType, "Must be " + want + ", not " + kindName(kind) + "."
	case strings.Trim(text, "-0123456789") == "" && text != "":
		lowest, highest := bounds(p.typ)
		return codeRange, "Must be from " + lowest + " to " + highest + "."
	case p.typ.Kind() == reflect.Float32 || p.typ.Kind() == reflect.Float64:
		return codeRange, "The number is too large."
	case right == jsontext.KindNumber:
		return codeType, "Must be " + want + "."
	}
	return codeFormat, "Must be " + want + "."
}

// wanted names what JSON a type wants.
func wanted(t reflect.Type) string {
	if t == numberType {
		return "a number"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "an integer"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a string in base64"
	}
	if t == reflect.TypeFor[time.Time]() {
		return "a date and time in the format of RFC 3339"
	}
	return "a string"
}

// bounds returns the least and the greatest value of an integer type.
func bounds(t reflect.Type) (lowest, highest string) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		highest := int64(math.MaxInt64) >> (64 - t.Bits())
		return strconv.FormatInt(-highest-1, 10), strconv.FormatInt(highest, 10)
	}
	return "0", strconv.FormatUint(math.MaxUint64>>(64-t.Bits()), 10)
}

// kindName names a kind that is wrong, which null is not.
func kindName(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "an object"
}
