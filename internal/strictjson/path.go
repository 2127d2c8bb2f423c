package strictjson

import (
	"bytes"
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
	quoted []byte // the name in the document, if it is set
	name   string // or the name of a field or an element of a map
	number int    // or the number of an element, from 1
}

func (p *path) push()     { *p = append(*p, step{}) }
func (p *path) pop()      { *p = (*p)[:len(*p)-1] }
func (p path) top() *step { return &p[len(p)-1] }

// pointer returns the JSON Pointer (RFC 6901). If it is too long, it returns that of the nearest
// enclosing value with a pointer that is not, and false. Names can be as long as the document, so it
// stops early.
func (p path) pointer() (pointer string, whole bool) {
	var buf [64]byte
	b := buf[:0]
	for _, s := range p {
		end := len(b)
		if b = s.appendToken(append(b, '/')); len(b) > maxPointer {
			return string(b[:end]), false
		}
	}
	return string(b), true
}

// appendToken appends the token of s, with its escapes. Of a very long one it appends a part.
func (s step) appendToken(pointer []byte) []byte {
	name := s.name
	switch {
	case s.number > 0:
		return strconv.AppendInt(pointer, int64(s.number-1), 10)
	case s.quoted != nil:
		quoted := s.quoted[1 : len(s.quoted)-1]
		if len(quoted) > len(`\u0000`)*maxPointer || !bytes.ContainsAny(quoted, `\~/`) {
			return append(pointer, quoted[:min(len(quoted), maxPointer)]...)
		}
		unquoted, _ := jsontext.AppendUnquote(nil, s.quoted)
		name = string(unquoted)
	}
	return append(pointer, pointerEscapes.Replace(name[:min(len(name), maxPointer)])...)
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// keyName returns the JSON name of the key of a map.
func keyName(key reflect.Value) string {
	if kindOf(key.Type()) == text {
		return key.String()
	}
	if m, ok := key.Interface().(encoding.TextMarshaler); ok {
		if name, err := m.MarshalText(); err == nil {
			return string(name)
		}
	}
	return fmt.Sprint(key.Interface())
}
