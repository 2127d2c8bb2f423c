package strictjson

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner reads the tokens of a document (RFC 8259). Its methods report false if the document is
// invalid. The methods always succeed on a valid document.
type scanner struct {
	data    []byte
	at      int    // the offset of the next byte
	scratch []byte // for strings with escapes
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.data) {
		switch b := s.data[s.at]; b {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return b
		}
	}
	return 0
}

// next reads up to the next member or element and reports whether more members or elements follow.
// If first is set, next skips the opening bracket.
func (s *scanner) next(closing byte, first bool) (more, ok bool) {
	if first {
		s.at++
	}
	switch b := s.peek(); {
	case b == closing:
		s.at++
		return false, true
	case first:
		return true, true
	case b == ',':
		s.at++
		return true, true
	}
	return false, false
}

// member reads up to the value of the next member of an object. more is false if the object ends.
// The name is valid until the next string is read.
func (s *scanner) member(first bool) (name []byte, more, ok bool) {
	if more, ok = s.next('}', first); !more {
		return nil, false, ok
	}
	if s.peek() == '"' {
		if name, ok = s.text(); ok && s.peek() == ':' {
			s.at++
			return name, true, true
		}
	}
	return nil, false, false
}

// text reads a string. The result is valid until the next string is read.
func (s *scanner) text() (text []byte, ok bool) {
	start := s.at + 1
	for i := start; i < len(s.data); i++ {
		switch b := s.data[i]; {
		case b == '"':
			s.at = i + 1
			return s.data[start:i], true
		case b < ' ', b == '\\', b >= utf8.RuneSelf:
			end := s.closingQuote(i) + 1
			if end > len(s.data) {
				return nil, false
			}
			var err error
			s.scratch, err = jsontext.AppendUnquote(s.scratch[:0], s.data[start-1:end])
			s.at = end
			return s.scratch, err == nil
		}
	}
	return nil, false
}

// closingQuote returns the offset of the quote that ends the string around offset i, or an offset
// after the document.
func (s *scanner) closingQuote(i int) int {
	for i < len(s.data) {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			return len(s.data)
		}
		escape := bytes.IndexByte(s.data[i:i+n], '\\')
		if escape < 0 {
			return i + n
		}
		i += escape + 2
	}
	return len(s.data)
}

func (s *scanner) literal(word string) bool {
	s.at += len(word)
	return s.at <= len(s.data) && string(s.data[s.at-len(word):s.at]) == word
}

// number reads a number (RFC 8259, Section 6).
func (s *scanner) number() (number []byte, ok bool) {
	start := s.at
	s.accept('-', '-')
	first := s.at
	n := s.digits()
	ok = n == 1 || n > 1 && s.data[first] != '0'
	if s.accept('.', '.') {
		ok = s.digits() > 0 && ok
	}
	if s.accept('e', 'E') {
		s.accept('+', '-')
		ok = s.digits() > 0 && ok
	}
	return s.data[start:s.at], ok
}

// accept reads the next byte if it is a or b.
func (s *scanner) accept(a, b byte) bool {
	if s.at < len(s.data) && (s.data[s.at] == a || s.data[s.at] == b) {
		s.at++
		return true
	}
	return false
}

// digits reads digits and returns their number.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && '0' <= s.data[s.at] && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// raw reads a value without checking it and returns its bytes and its depth of nesting.
func (s *scanner) raw() (value []byte, depth int) {
	s.peek()
	start, open := s.at, 0
loop:
	for ; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '"':
			s.at = min(s.closingQuote(s.at+1), len(s.data)-1)
		case '{', '[':
			open++
			depth = max(depth, open)
			continue
		case '}', ']':
			if open == 0 {
				break loop
			}
			open--
		case ',':
			if open == 0 {
				break loop
			}
			continue
		default:
			continue
		}
		if open == 0 {
			s.at++
			break
		}
	}
	return bytes.TrimRight(s.data[start:s.at], " \n\t\r"), depth
}

// skipSpace returns the offset of the first byte that is not white space (RFC 8259, Section 2).
func skipSpace(data []byte) int {
	s := scanner{data: data}
	s.peek()
	return s.at
}

// IsBlank reports whether data is empty or white space.
func IsBlank(data []byte) bool { return skipSpace(data) == len(data) }
