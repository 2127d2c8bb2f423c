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
	quoted []byte // the quoted name in the document, or nil
	name   string // the name of a field or of an element of a map
	number int    // the number of an element of a list, from 1; or 0
}

func (p *path) push()     { *p = append(*p, step{}) }
func (p *path) pop()      { *p = (*p)[:len(*p)-1] }
func (p path) top() *step { return &p[len(p)-1] }

// pointer returns the JSON Pointer (RFC 6901) of the value. A pointer longer than maxPointer is
// replaced by that of the nearest enclosing value that fits, and whole is false. Building stops at
// the limit, because names can be as long as the document.
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

// appendToken appends the escaped token of s. A token that is longer than maxPointer may be cut.
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

// keyName returns the JSON name of a map key.
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
