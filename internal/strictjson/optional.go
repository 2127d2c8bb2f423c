package strictjson

import (
	"reflect"
	"strings"
)

// The fields of bodyjson.Optional.
const (
	optionalValue = iota
	optionalSet
	optionalNull
)

// isOptional reports whether t is a bodyjson.Optional. A type that embeds one has its methods, so
// the name decides.
func isOptional(t reflect.Type) bool {
	return t.PkgPath() == "github.com/hipflask/hipflask/bodyjson" && strings.HasPrefix(t.Name(), "Optional[")
}
