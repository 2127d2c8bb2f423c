// Package strictjson decodes JSON documents strictly and reports every error in them.
//
// [Options.Decode] decodes a document into a value. There are two decoders: a fast one for common
// documents and types (fast.go), and github.com/go-json-experiment/json, which is encoding/json/v2
// (here: the v2 decoder). The v2 decoder defines which documents are valid, apart from required
// members, null, and names that differ from a field's name by case only. If a document is invalid,
// the checker (check.go) walks through it and reports its errors. [Options.Merge] applies a JSON
// Merge Patch to a value.
//
// A [Type] describes a Go type. The work for a document, and the memory for its report,
// are linear in its length.
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

// Options are the rules for documents. The zero value is RFC 8259 in the strict reading of RFC
// 7493.
type Options struct {
	// RejectUnknownNames reports names that are not those of a field.
	RejectUnknownNames bool
	// IgnoreMiscasedNames treats a name that differs from a field's name by case only like any other
	// unknown name. By default it is an error.
	IgnoreMiscasedNames bool
	// MatchCaseInsensitiveNames matches names to fields without regard to case, dashes, and
	// underscores.
	MatchCaseInsensitiveNames bool
	// AllowDuplicateNames lets the last of several members with one name win.
	AllowDuplicateNames bool
	// UseNumber decodes numbers into an any as json.Number.
	UseNumber bool
	// Unmarshal replaces the decoders. It gets valid JSON.
	Unmarshal func(data []byte, v any) error
}

// Decode decodes data into v, a pointer to a zero value of t. If it returns an error, the value is
// zero. The error is a [*Report] if the document is invalid. Decode does not keep data.
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
	switch {
	case o.Unmarshal != nil:
		if err := c.checkSyntax(); err != nil {
			return err
		}
		return c.checkDecoded(t, o.Unmarshal(data, v.Addr().Interface()))
	case t.has(slow), o.AllowDuplicateNames, o.MatchCaseInsensitiveNames:
		decodeErr := o.decodeV2(data, t, v)
		if decodeErr != nil {
			if err := c.checkSyntax(); err != nil {
				return err
			}
		}
		return c.checkDecoded(t, decodeErr)
	}
	if o.decodeFast(data, t, v) {
		return nil
	}
	// Most documents that it gives up on are invalid.
	if err := c.checkSyntax(); err != nil {
		return err
	}
	if err := c.check(t); err != nil {
		return err
	}
	v.SetZero()
	t.setDefaults(v)
	return o.unexplained(data, t, o.decodeV2(data, t, v))
}

// checkDecoded checks a document for which a decoder has returned err.
func (c *checker) checkDecoded(t *Type, err error) error {
	c.decoded = err == nil
	if report := c.check(t); report != nil {
		return report
	}
	return c.options.unexplained(c.data, t, err)
}

// unexplained returns the error for a document in which the checker finds no error. err is the error
// of the decoder, or nil.
func (o *Options) unexplained(data []byte, t *Type, err error) error {
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok { // such as names that are equal as keys
		return syntaxReport(data, syntax)
	}
	if o.Unmarshal != nil {
		return &Report{Cause: err} // by its own rules
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if ok && semantic.GoType != nil && kindOf(semantic.GoType).isCustom() {
		// The method has returned no error when the checker called it.
		return &Report{Errors: []Error{{Pointer: boundPointer(string(semantic.JSONPointer)), Enclosing: true,
			Offset: min(int(semantic.ByteOffset), len(data)), Code: codeFormat, Message: invalidFormat, Cause: err}}}
	}
	return fmt.Errorf("decoding a %v: %w", t.typ, err)
}

func (o *Options) decodeV2(data []byte, t *Type, v reflect.Value) error {
	return json.Unmarshal(data, v.Addr().Interface(), o.v2(t)...)
}

// v2 returns the options of the v2 decoder. They cost time, so they are only those that differ from
// its defaults.
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

// unmarshalers has the unmarshal functions of each combination of the conditions in Options.v2. The
// v2 decoder is slower if they are joined for each document.
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

// lastWins clears an interface, because the v2 decoder would merge a duplicate member into the value
// of the earlier one, or reject it as a value of another type.
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

// numberFields decodes a json.Number. For the v2 decoder it is a string in Go 1.26, and a number or
// a string in later versions. As a name, it is a number in a string.
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
