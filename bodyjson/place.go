package bodyjson

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/hipflask/hipflask/errjson"
)

// place sorts faults by their offsets and gives them lines and columns. Lines end
// with LF or CRLF; columns count characters, and bytes that are not UTF-8 as one
// character each.
func place(faults []errjson.FieldError, data []byte) {
	slices.SortStableFunc(faults, func(x, y errjson.FieldError) int { return cmp.Compare(x.Offset, y.Offset) })
	at, line, column := 0, 1, 1
	for i := range faults {
		f := &faults[i]
		f.Offset = min(max(f.Offset, at), len(data)) // an unmarshal method may tell another
		passed := data[at:f.Offset]
		if n := bytes.Count(passed, []byte("\n")); n > 0 {
			line += n
			column = 1
			passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
		}
		column += utf8.RuneCount(passed)
		at = f.Offset
		f.Line, f.Column = line, column
	}
}

// locate gives faults that have only a pointer the place of what it points to
// in data, which is valid JSON, or of the innermost value around it that is there.
func locate(faults []errjson.FieldError, data []byte, c *config) {
	root := &spot{at: -1}
	spots := make([]*spot, len(faults))
	for i, f := range faults {
		spots[i] = root
		for token := range jsontext.Pointer(f.Pointer).Tokens() {
			spots[i] = spots[i].child(token)
		}
	}
	if root.find(jsontext.NewDecoder(bytes.NewBuffer(data), c.syntax...)) != nil {
		return // which cannot be, since data was decoded
	}
	for i, s := range spots {
		for s.at < 0 {
			s = s.parent
		}
		faults[i].Offset = s.at
	}
	place(faults, data)
}

// A spot is a value whose place is wanted, or one around such a value.
type spot struct {
	at     int // -1 until it is found
	parent *spot
	inner  map[string]*spot // by name or index
}

func (s *spot) child(token string) *spot {
	c := s.inner[token]
	if c == nil {
		c = &spot{at: -1, parent: s}
		if s.inner == nil {
			s.inner = map[string]*spot{}
		}
		s.inner[token] = c
	}
	return c
}

// find reads a value and finds the spots in it. It looks only into values that
// have one, so that its time does not depend on how deep they are.
func (s *spot) find(dec *jsontext.Decoder) error {
	kind := dec.PeekKind()
	if s.inner == nil || kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		value, err := dec.ReadValue()
		s.at = int(dec.InputOffset()) - len(value)
		return err
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	s.at = int(dec.InputOffset()) - 1
	for index := 0; dec.PeekKind() != closing(kind); index++ {
		token := strconv.Itoa(index)
		if kind == jsontext.KindBeginObject {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			token = name.String()
		}
		var err error
		if inner := s.inner[token]; inner != nil {
			err = inner.find(dec)
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// closing returns the kind of the bracket that ends what kind begins.
func closing(kind jsontext.Kind) jsontext.Kind {
	if kind == jsontext.KindBeginObject {
		return jsontext.KindEndObject
	}
	return jsontext.KindEndArray
}

// tooDeep returns where data is nested deeper than limit, or -1. To be deeper it
// must have more brackets than that, and to count them costs next to nothing.
func tooDeep(data []byte, limit int) int {
	if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) <= limit {
		return -1
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '[', '{':
			if depth++; depth > limit {
				return i
			}
		case ']', '}':
			depth--
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		}
	}
	return -1
}
