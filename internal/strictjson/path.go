package strictjson

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A path leads from the document to a value in it.
type path []step

// A step leads from a value to an element or a member of it.
type step struct {
	quoted  []byte        // the name in the document, if it is set
	key     reflect.Value // or the key of a map, if it is valid
	name    string        // or the name of a field
	index   int           // of an element
	isIndex bool
}

func (p *path) push()     { *p = append(*p, step{}) }
func (p *path) pop()      { *p = (*p)[:len(*p)-1] }
func (p path) top() *step { return &p[len(p)-1] }

// pointer returns the JSON Pointer (RFC 6901), or that of the nearest enclosing value with a pointer
// that is not too long. Names can be as long as the document, so it stops early.
func (p path) pointer() string {
	var pointer []byte
	for _, s := range p {
		if len(s.quoted) > len(`\u0000`)*maxPointer {
			break
		}
		end := len(pointer)
		pointer = append(append(pointer, '/'), pointerEscapes.Replace(s.token())...)
		if len(pointer) > maxPointer {
			pointer = pointer[:end]
			break
		}
	}
	return string(pointer)
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func (s step) token() string {
	switch {
	case s.isIndex:
		return strconv.Itoa(s.index)
	case s.quoted != nil:
		name, _ := jsontext.AppendUnquote(nil, s.quoted)
		return string(name)
	case s.key.IsValid():
		if m, ok := s.key.Interface().(encoding.TextMarshaler); ok {
			if name, err := m.MarshalText(); err == nil {
				return string(name)
			}
		}
		return fmt.Sprint(s.key.Interface())
	}
	return s.name
}
