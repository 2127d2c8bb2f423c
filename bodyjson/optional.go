package bodyjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Optional is a field that tells whether it was absent, null, or had a value,
// as PATCH needs it (RFC 7396). The zero Optional is absent:
//
//	type ItemPatch struct {
//		Name bodyjson.Optional[string] `json:"name,omitzero" notnull:"true"`
//		Note bodyjson.Optional[string] `json:"note,omitzero"`
//	}
//
// A required Optional must be present, but may be null, unless it has the tag notnull.
//
// As a value to be encoded it is the Value, or null; where it is absent it should
// be left out with omitzero.
type Optional[T any] struct {
	// Value is what was there; the zero value if it was absent or null.
	Value T
	// Set says that the field was there, be it null or not.
	Set bool
	// Null says that it was null.
	Null bool
}

// The order of the fields, for those who find them by reflection.
const (
	optionalValue = iota
	optionalSet
	optionalNull
)

type optionalType interface{ isOptional() }

func (o *Optional[T]) isOptional() {}

// IsZero reports whether o is absent. It makes omitzero leave it out.
func (o Optional[T]) IsZero() bool { return !o.Set }

// UnmarshalJSONFrom decodes a value that is there, with the options of the
// decoder, for encoding/json/v2.
func (o *Optional[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = Optional[T]{Set: true}
	if dec.PeekKind() == jsontext.KindNull {
		o.Null = true
		_, err := dec.ReadToken()
		return err
	}
	return json.UnmarshalDecode(dec, &o.Value)
}

// UnmarshalJSON decodes a value that is there, for encoding/json.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{Set: true, Null: string(data) == "null"}
	if o.Null {
		return nil
	}
	return json.Unmarshal(data, &o.Value)
}

// MarshalJSON encodes the Value, or null if that is what o is, or if o is absent.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Set || o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}
