package bodyjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Optional is a field that distinguishes a missing member, null and a value. It is for PATCH
// requests. The zero Optional is a missing member. See [Merge] for patching a loaded value.
//
//	type ItemPatch struct {
//		Name bodyjson.Optional[string] `json:"name,omitzero" notnull:"true"`
//		Note bodyjson.Optional[string] `json:"note,omitzero"`
//	}
//
// A required Optional must be present. An Optional may be null unless it has the tag notnull.
//
// An Optional is encoded as its Value or as null. The tag option omitzero omits a missing Optional.
type Optional[T any] struct { // package strictjson depends on the order of the fields
	// Value is the value of the member. If the member is missing or null, Value is the zero value.
	Value T
	// Set is true if the member is present. A null member is present.
	Set bool
	// Null is true if the member is null.
	Null bool
}

// IsZero reports whether o is missing, for omitzero.
func (o Optional[T]) IsZero() bool { return !o.Set }

// UnmarshalJSONFrom decodes a value or null with the options of dec, for encoding/json/v2.
func (o *Optional[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = Optional[T]{Set: true}
	if dec.PeekKind() == jsontext.KindNull {
		o.Null = true
		_, err := dec.ReadToken()
		return err
	}
	return json.UnmarshalDecode(dec, &o.Value)
}

// UnmarshalJSON decodes a value or null, for encoding/json.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{Set: true, Null: string(data) == "null"}
	if o.Null {
		return nil
	}
	return json.Unmarshal(data, &o.Value)
}

// MarshalJSON encodes the Value. If o is null or missing, it encodes null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Set || o.Null {
		return []byte("null"), nil
	}
	return json.Marshal(o.Value)
}
