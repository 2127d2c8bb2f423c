package bodyjson

import (
	"bytes"
	"cmp"
	"context"
	stdjson "encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoderDepth is the depth limit of the decoder, which cannot be raised.
const decoderDepth = 10_000

// config is a Config as it is used.
type config struct {
	Config
	syntax []json.Options // what is JSON
	all    []json.Options // and what it means
	// numbers is all for types with a json.Number in them.
	numbers []json.Options
}

var defaultConfig = *newConfig(Config{})

func newConfig(cfg Config) *config {
	c := &config{Config: cfg}
	switch {
	case c.MaxBytes == 0:
		c.MaxBytes = 1 << 20
	case c.MaxBytes < 0:
		c.MaxBytes = math.MaxInt64 - 1
	}
	if c.MaxDepth <= 0 || c.MaxDepth > decoderDepth {
		c.MaxDepth = decoderDepth
	}
	// To join options costs time for each body, so there are only those that
	// differ from the decoder's own.
	if c.AllowDuplicateNames {
		c.syntax = append(c.syntax, jsontext.AllowDuplicateNames(true))
	}
	if c.AllowInvalidUTF8 {
		c.syntax = append(c.syntax, jsontext.AllowInvalidUTF8(true))
	}
	c.all = slices.Clone(c.syntax)
	if c.DisallowUnknownFields {
		c.all = append(c.all, json.RejectUnknownMembers(true))
	}
	if c.MatchCaseInsensitiveNames {
		c.all = append(c.all, json.MatchCaseInsensitiveNames(true))
	}
	var own []*json.Unmarshalers
	if c.AllowDuplicateNames {
		own = append(own, lastWins)
	}
	if c.UseNumber {
		own = append(own, exactNumbers)
	}
	c.numbers = append(slices.Clone(c.all), json.WithUnmarshalers(json.JoinUnmarshalers(append(own, numberFields)...)))
	if own != nil {
		c.all = append(c.all, json.WithUnmarshalers(json.JoinUnmarshalers(own...)))
	}
	return c
}

// options returns those for a type, in which there may be a json.Number.
func (c *config) options(numbers bool) []json.Options {
	if numbers {
		return c.numbers
	}
	return c.all
}

// lastWins forgets what an earlier member of the same name has left in an interface,
// with which the decoder would merge the later, or refuse it as being of another type.
var lastWins = json.UnmarshalFromFunc(func(_ *jsontext.Decoder, v *any) error {
	*v = nil
	return errors.ErrUnsupported
})

var numberType = reflect.TypeFor[stdjson.Number]()

// numberFields decodes a json.Number, which to the decoder is a string in Go 1.26,
// and a number or a string of one later on.
var numberFields = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *stdjson.Number) error {
	value, err := dec.ReadValue()
	switch value.Kind() {
	case jsontext.KindNumber:
		*v = stdjson.Number(value)
	case jsontext.KindNull:
		*v = ""
	default:
		err = cmp.Or(err, errors.New("not a number"))
	}
	return err
})

var exactNumbers = json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) error {
	if dec.PeekKind() != jsontext.KindNumber {
		return errors.ErrUnsupported
	}
	number, err := dec.ReadValue()
	*v = stdjson.Number(number)
	return err
})

// unmarshal decodes at full speed. Only what it refuses, or leaves doubtful, is
// looked at again by [config.diagnose], which is slower but finds every fault.
func (c *config) unmarshal(data []byte, p *plan, v any) error {
	if c.MaxDepth < decoderDepth && tooDeep(data, c.MaxDepth) >= 0 {
		return c.diagnose(data, p, nil)
	}
	var err error
	if c.Unmarshal != nil {
		if !jsontext.Value(data).IsValid(c.syntax...) {
			return c.diagnose(data, p, nil)
		}
		err = c.Unmarshal(data, v)
	} else {
		if c.unmarshalPlain(data, p, v) {
			return nil
		}
		err = json.Unmarshal(data, v, c.options(p.numbers)...)
	}
	if err != nil {
		return c.diagnose(data, p, err)
	}
	// The decoder makes zero values of null, and leaves them where there is nothing.
	nulls := (p.checks || p.notNull) && bytes.Contains(data, []byte("null"))
	if p.refusesNull && isNull(data) || (p.checks || nulls) && p.doubtful(reflect.ValueOf(v).Elem(), nulls) {
		return c.diagnose(data, p, nil)
	}
	return nil
}

// validate calls what validates v, and gives the faults a place in data.
func (c *config) validate(ctx context.Context, data []byte, p *plan, v any) error {
	if c.Validate == nil && !p.validates {
		return nil
	}
	if p.typ.Kind() == reflect.Pointer {
		v = reflect.ValueOf(v).Elem().Interface()
		if reflect.ValueOf(v).IsNil() {
			return nil // there is nothing to be validated in null
		}
	}
	var err error
	switch v := v.(type) {
	case interface{ Validate() error }:
		err = v.Validate()
	case interface{ Validate(context.Context) error }:
		err = v.Validate(ctx)
	}
	if c.Validate != nil && err == nil {
		err = c.Validate(ctx, v)
	}
	if err == nil {
		return nil
	}
	return invalid(err, data, c)
}

// unlessSilent returns err, or nil if the config is to be silent about it.
func (c *config) unlessSilent(err error) error {
	if c.Silent {
		return nil
	}
	return err
}

// skipSpace returns where the white space at the start of data ends (RFC 8259,
// Section 2).
func skipSpace(data []byte) int {
	for i, b := range data {
		if b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			return i
		}
	}
	return len(data)
}

func isBlank(data []byte) bool { return skipSpace(data) == len(data) }

// isNull reports whether valid JSON is null.
func isNull(data []byte) bool { return data[skipSpace(data)] == 'n' }
