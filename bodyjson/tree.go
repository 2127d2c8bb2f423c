package bodyjson

import (
	stdjson "encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A tree reads JSON into maps, slices and so on: what an any gets, for which it takes
// about half the time of the decoder. It has no say on what is wrong: what it does not
// read, be it bad or only unusual, is left to the decoder. What it reads is what the
// decoder would have read.
type tree struct {
	data    []byte
	at      int             // where the next byte is
	strings strings.Builder // a block of memory for several strings
	numbers bool            // numbers are kept as they are written
}

const (
	// treeDepth is how deep a tree is followed.
	treeDepth = 200
	// stringBlock is how much one short string can keep alive, in bytes.
	stringBlock = 4 << 10
)

// unmarshalTree decodes data into v, if v is of a type for that and data has nothing
// unusual.
func (c *config) unmarshalTree(data []byte, v any) bool {
	if c.AllowDuplicateNames || c.AllowInvalidUTF8 {
		return false
	}
	t := tree{data: data, numbers: c.UseNumber}
	switch v := v.(type) {
	case *any:
		value, ok := t.document()
		*v = value
		return ok
	case *map[string]any:
		value, ok := t.document()
		*v, _ = value.(map[string]any)
		return ok && *v != nil
	case *[]any:
		value, ok := t.document()
		*v, _ = value.([]any)
		return ok && *v != nil
	}
	return false
}

// document reads all there is.
func (t *tree) document() (v any, ok bool) {
	v, ok = t.value(treeDepth)
	if !ok || t.peek() != 0 || t.at != len(t.data) {
		return nil, false
	}
	return v, true
}

// peek skips white space and returns the byte behind it, or 0 at the end.
func (t *tree) peek() byte {
	for t.at < len(t.data) {
		switch b := t.data[t.at]; b {
		case ' ', '\n', '\t', '\r':
			t.at++
		default:
			return b
		}
	}
	return 0
}

func (t *tree) value(depth int) (v any, ok bool) {
	switch t.peek() {
	case '{':
		return t.object(depth - 1)
	case '[':
		return t.array(depth - 1)
	case '"':
		return box(t.string())
	case 't':
		return true, t.literal("true")
	case 'f':
		return false, t.literal("false")
	case 'n':
		return nil, t.literal("null")
	}
	return t.number()
}

func box(s string, ok bool) (any, bool) { return s, ok }

func (t *tree) literal(word string) bool {
	t.at += len(word)
	return t.at <= len(t.data) && string(t.data[t.at-len(word):t.at]) == word
}

func (t *tree) object(depth int) (any, bool) {
	m := map[string]any{}
	t.at++
	if t.peek() == '}' {
		t.at++
		return m, true
	}
	for depth > 0 && t.peek() == '"' {
		name, ok := t.string()
		if !ok || t.peek() != ':' {
			break
		}
		t.at++
		v, ok := t.value(depth)
		if !ok {
			break
		}
		before := len(m)
		m[name] = v
		if len(m) == before {
			break // the name is there twice
		}
		switch t.peek() {
		case ',':
			t.at++
			continue
		case '}':
			t.at++
			return m, true
		}
		break
	}
	return nil, false
}

func (t *tree) array(depth int) (any, bool) {
	list := []any{}
	t.at++
	if t.peek() == ']' {
		t.at++
		return list, true
	}
	for depth > 0 {
		v, ok := t.value(depth)
		if !ok {
			break
		}
		list = append(list, v)
		switch t.peek() {
		case ',':
			t.at++
			continue
		case ']':
			t.at++
			return list, true
		}
		break
	}
	return nil, false
}

func (t *tree) string() (s string, ok bool) {
	start := t.at + 1
	for i := start; i < len(t.data); i++ {
		switch b := t.data[i]; {
		case b == '"':
			t.at = i + 1
			return t.keep(t.data[start:i]), true
		case b < ' ', b == '\\', b >= utf8.RuneSelf:
			return t.quoted()
		}
	}
	return "", false
}

// quoted reads a string that is not only ASCII, or has escapes in it.
func (t *tree) quoted() (s string, ok bool) {
	start := t.at
	for i := start + 1; i < len(t.data); i++ {
		switch t.data[i] {
		case '\\':
			i++
		case '"':
			t.at = i + 1
			var short [64]byte
			text, err := jsontext.AppendUnquote(short[:0], t.data[start:t.at])
			return t.keep(text), err == nil
		}
	}
	return "", false
}

// keep returns a string of the text that is not the buffer's. To get memory for each
// would be most of the work.
func (t *tree) keep(text []byte) string {
	if len(text) > t.strings.Cap()-t.strings.Len() {
		if len(text) > stringBlock/4 {
			return string(text)
		}
		t.strings.Reset()
		t.strings.Grow(min(stringBlock, len(text)+len(t.data)-t.at))
	}
	start := t.strings.Len()
	t.strings.Write(text)
	return t.strings.String()[start:]
}

// number reads a number (RFC 8259, Section 6).
func (t *tree) number() (any, bool) {
	start := t.at
	t.accept("-")
	first := t.at
	n := t.digits()
	ok := n == 1 || n > 1 && t.data[first] != '0'
	if t.accept(".") {
		ok = t.digits() > 0 && ok
	}
	if t.accept("eE") {
		t.accept("+-")
		ok = t.digits() > 0 && ok
	}
	if !ok {
		return nil, false
	}
	text := t.data[start:t.at]
	if t.numbers {
		return stdjson.Number(t.keep(text)), true
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil
}

// accept reads one of some characters, if it is there.
func (t *tree) accept(chars string) bool {
	if t.at < len(t.data) && strings.IndexByte(chars, t.data[t.at]) >= 0 {
		t.at++
		return true
	}
	return false
}

// digits reads all digits there are and returns how many.
func (t *tree) digits() int {
	start := t.at
	for t.at < len(t.data) && '0' <= t.data[t.at] && t.data[t.at] <= '9' {
		t.at++
	}
	return t.at - start
}
