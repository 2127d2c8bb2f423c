// Package strictjson decodes JSON documents strictly and reports every error in them.
//
// [Options.Decode] decodes a document into a value. The fast decoder (fast.go) decodes common
// documents into common types. The v2 decoder is github.com/go-json-experiment/json, the module of
// encoding/json/v2. It decodes all other documents and defines which documents are valid. This
// package adds rules for required members and for null. It also rejects names that differ from a
// field's name by case only. If a document is invalid, the checker (check.go) collects its errors.
//
// [Options.Merge] applies a JSON Merge Patch to a value. A [Type] describes how JSON is decoded
// into a Go type. The time to decode a document and the memory for its Report are linear in its
// length.
package strictjson

import (
	"cmp"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Options contains the rules for documents. The zero value accepts the JSON of RFC 7493, a strict
// subset of RFC 8259.
type Options struct {
	// RejectUnknownNames reports an error for each name without a field.
	RejectUnknownNames bool
	// IgnoreMiscasedNames treats a name that differs from a field's name by case only like any
	// other unknown name. By default, such a name is an error.
	IgnoreMiscasedNames bool
	// MatchCaseInsensitiveNames matches names to fields without regard to case, dashes and
	// underscores.
	MatchCaseInsensitiveNames bool
	// AllowDuplicateNames accepts duplicate names. The last member with a name wins.
	AllowDuplicateNames bool
	// UseNumber decodes numbers into an any as json.Number.
	UseNumber bool
	// Unmarshal replaces the decoders. It is called with valid JSON only.
	Unmarshal func(data []byte, v any) error
}

// Decode decodes data into v, a pointer to a zero value of t. If Decode returns an error, the value
// is zero. The error is a [*Report] if the document is invalid. Decode does not keep data.
func (o *Options) Decode(data []byte, t *Type, v any) error {
	err := o.decode(data, t, reflect.ValueOf(v).Elem())
	if err != nil {
		reflect.ValueOf(v).Elem().SetZero()
	}
	return err
}

func (o *Options) decode(data []byte, t *Type, v reflect.Value) error {
	if t.err != nil && o.Unmarshal == nil {
		return t.err
	}
	c := checker{options: o, scanner: scanner{data: data}}
	t.setDefaults(v)
	if o.Unmarshal != nil {
		if err := c.checkSyntax(); err != nil {
			return err
		}
		return c.checkDecoded(t, o.Unmarshal(data, v.Addr().Interface()))
	}
	isJSON := false
	if !t.has(slow) && !o.AllowDuplicateNames && !o.MatchCaseInsensitiveNames {
		d := fastDecoder{scanner: scanner{data: data}, options: o}
		if d.decode(t, v) {
			return nil
		}
		if err := c.checkSyntax(); err != nil {
			return err
		}
		isJSON = true
		v.SetZero()
		t.setDefaults(v)
		if !d.tooDeep { // most of the other documents are invalid
			c.known = d.failed
			if err := c.check(t); err != nil {
				return err
			}
			return o.unexplained(data, t, o.decodeV2(data, t, v))
		}
	}
	err := o.decodeV2(data, t, v)
	if err != nil && !isJSON {
		if err := c.checkSyntax(); err != nil {
			return err
		}
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if ok && semantic.GoType != nil && kindOf(semantic.GoType) == customJSON {
		c.known = methodError{semantic.Err, int(semantic.ByteOffset)}
	}
	return c.checkDecoded(t, err)
}

// checkDecoded checks a document after a decoder has returned err for it.
func (c *checker) checkDecoded(t *Type, err error) error {
	c.decoded = err == nil
	if report := c.check(t); report != nil {
		return report
	}
	return c.options.unexplained(c.data, t, err)
}

// unexplained returns the error for a document that the checker accepts. err is the error of the
// decoder, or nil.
func (o *Options) unexplained(data []byte, t *Type, err error) error {
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok { // such as equal map keys
		return syntaxReport(data, syntax)
	}
	if o.Unmarshal != nil {
		return &Report{Cause: err} // an error by the rules of Unmarshal
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if ok && semantic.GoType != nil && kindOf(semantic.GoType).isCustom() {
		// The method returned nil when the checker called it.
		return &Report{Errors: []Error{{Pointer: boundPointer(string(semantic.JSONPointer)), Enclosing: true,
			Offset: min(int(semantic.ByteOffset), len(data)), Code: codeFormat, Message: invalidFormat, Cause: err}}}
	}
	return fmt.Errorf("decoding a %v: %w", t.typ, err)
}

func (o *Options) decodeV2(data []byte, t *Type, v reflect.Value) error {
	return json.Unmarshal(data, v.Addr().Interface(), o.v2(t)...)
}

// v2 returns the options of the v2 decoder that differ from its defaults. Each option costs time.
func (o *Options) v2(t *Type) (options []json.Options) {
	if o.AllowDuplicateNames {
		options = append(options, jsontext.AllowDuplicateNames(true))
	}
	if o.RejectUnknownNames {
		options = append(options, json.RejectUnknownMembers(true))
	}
	if o.MatchCaseInsensitiveNames {
		options = append(options, json.MatchCaseInsensitiveNames(true))
	}
	var key int
	for bit, set := range []bool{t.has(defaults), o.AllowDuplicateNames, o.UseNumber, t.has(numbers)} {
		if set {
			key |= 1 << bit
		}
	}
	if key != 0 {
		options = append(options, json.WithUnmarshalers(unmarshalers[key]))
	}
	return options
}

// unmarshalers contains the unmarshal functions for each combination of the conditions in
// Options.v2. Joining the functions for each document would be slower.
var unmarshalers = func() (joined [16]*json.Unmarshalers) {
	all := []*json.Unmarshalers{keepDefaults, lastWins, exactNumbers, numberFields}
	for key := range joined {
		var chosen []*json.Unmarshalers
		for bit, u := range all {
			if key&(1<<bit) != 0 {
				chosen = append(chosen, u)
			}
		}
		joined[key] = json.JoinUnmarshalers(chosen...)
	}
	return joined
}()

// lastWins clears an interface before it is decoded. The v2 decoder would merge a duplicate member
// into the earlier value, or reject a member of another type.
var lastWins = json.UnmarshalFromFunc(func(_ *jsontext.Decoder, target any) error {
	if v := reflect.ValueOf(target).Elem(); v.Kind() == reflect.Interface {
		v.SetZero()
	}
	return errors.ErrUnsupported // the v2 decoder continues
})

var exactNumbers = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != jsontext.KindNumber {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	*v = stdjson.Number(number)
	return err
})

var errNotNumber = errors.New("not a number")

// numberFields decodes a json.Number from a JSON number, or from a member name that is a number.
// The v2 decoder accepts strings: only strings in Go 1.26, strings and numbers in later versions.
var numberFields = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *stdjson.Number) error {
	kind, length := dec.StackIndex(dec.StackDepth())
	isName := kind == jsontext.KindBeginObject && length%2 == 0
	value, err := dec.ReadValue()
	switch {
	case isName:
		name, unquoteErr := jsontext.AppendUnquote(nil, value)
		*v = stdjson.Number(name)
		if !isNumber(name) {
			err = cmp.Or(err, unquoteErr, errNotNumber)
		}
	case value.Kind() == jsontext.KindNumber:
		*v = stdjson.Number(value)
	case value.Kind() == jsontext.KindNull:
		*v = ""
	default:
		err = cmp.Or(err, errNotNumber)
	}
	return err
})

// isNumber reports whether text is a JSON number.
func isNumber(text []byte) bool {
	s := scanner{data: text}
	_, ok := s.number()
	return ok && s.at == len(text)
}
