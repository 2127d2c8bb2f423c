package strictjson

import (
	"reflect"
	"strings"
)

// The indexes of the fields of bodyjson.Optional.
const (
	optionalValue = iota
	optionalSet
	optionalNull
)

// isOptional reports whether t is a bodyjson.Optional. isOptional compares names, because a type
// that embeds an Optional has the same methods.
func isOptional(t reflect.Type) bool {
	return t.PkgPath() == "github.com/hipflask/hipflask/bodyjson" && strings.HasPrefix(t.Name(), "Optional[")
}
