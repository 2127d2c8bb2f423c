package strictjson

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Report is an error that contains the errors of an invalid document.
type Report struct {
	// Malformed is set if the document is not JSON. Errors then has one element.
	Malformed bool
	// Errors contains at most 100 errors, not in order. Errors is empty if only Options.Unmarshal
	// rejects the document.
	Errors []Error
	// Cause is the error of Options.Unmarshal, or nil.
	Cause error
}

// Error returns the message of the first error.
func (r *Report) Error() string {
	if len(r.Errors) == 0 {
		return "the document was rejected"
	}
	return r.Errors[0].Code + " at " + strconv.Quote(r.Errors[0].Pointer) + ": " + r.Errors[0].Message
}

// Unwrap returns the Cause.
func (r *Report) Unwrap() error { return r.Cause }

// An Error is an error about one value of a document.
type Error struct {
	// Pointer is the JSON Pointer (RFC 6901) of the value. A pointer longer than 1 KiB is replaced
	// by that of the nearest enclosing value that fits.
	Pointer string
	// Enclosing is set if Pointer was replaced.
	Enclosing bool
	// Offset is the offset of the value in the document, in bytes.
	Offset int
	// Code is the kind of the error, such as "type".
	Code string
	// Message is the text for clients. Message does not contain Go types or parts of the document.
	Message string
	// Cause is the error of an unmarshal method of the program, or nil.
	Cause error
}

const (
	maxErrors  = 100
	maxPointer = 1 << 10
	maxDepth   = 10_000 // of the v2 decoder
)

// The codes of errors. The doc comment of package bodyjson lists all codes.
const (
	codeSyntax    = "syntax"
	codeTrailing  = "trailing_data"
	codeDuplicate = "duplicate"
	codeEncoding  = "encoding"
	codeDepth     = "too_deep"

	codeRequired = "required"
	codeNull     = "null"
	codeType     = "type"
	codeRange    = "range"
	codeFormat   = "format"
	codeLength   = "length"
	codeUnknown  = "unknown_field"
)

const (
	isRequired    = "This field is required."
	mustNotBeNull = "Must not be null."
	invalidFormat = "Invalid format."
)

var errTrailing = errors.New("data after the value")

// syntaxReport returns the Report of a syntax error. The messages of the v2 decoder are not used,
// because they vary and quote the document.
func syntaxReport(data []byte, err *jsontext.SyntacticError) *Report {
	offset := min(int(err.ByteOffset), len(data))
	e := Error{Pointer: boundPointer(string(err.JSONPointer)), Offset: offset, Code: codeSyntax, Message: "Syntax error in the JSON."}
	rest := data[offset:]
	switch r, size := utf8.DecodeRune(rest); {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")): // RFC 8259, Section 8.1
		e.Code, e.Message = codeEncoding, "The JSON must not begin with a byte order mark (BOM)."
	case bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.HasPrefix(data, []byte("\xff\xfe")),
		len(data) > 1 && (data[0] == 0 || data[1] == 0):
		e.Code, e.Message = codeEncoding, "The JSON must be in UTF-8."
	case errors.Is(err, errTrailing):
		e.Code, e.Message = codeTrailing, "Unexpected data after the JSON value."
	case errors.Is(err, jsontext.ErrDuplicateName):
		e.Code, e.Message = codeDuplicate, "Duplicate name."
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Offset, e.Message = len(data), "Unexpected end of the JSON."
	case len(rest) > 0 && (rest[0] == '[' || rest[0] == '{') &&
		strings.Count(string(err.JSONPointer), "/") >= maxDepth:
		e.Code, e.Message, e.Pointer = codeDepth, "The JSON is nested too deeply.", ""
	case len(rest) > 0 && (rest[0] == '}' || rest[0] == ']') && bytes.HasSuffix(bytes.TrimRight(data[:offset], " \n\t\r"), []byte(",")):
		e.Offset = bytes.LastIndexByte(data[:offset], ',') // the error is at the comma
	case r == utf8.RuneError && size == 1:
		e.Code, e.Message = codeEncoding, "The JSON must be in UTF-8."
	case isSurrogate(rest):
		e.Code, e.Message = codeEncoding, "Unpaired surrogate escape."
	}
	return &Report{Malformed: true, Errors: []Error{e}}
}

// isSurrogate reports whether data starts with the escape of a surrogate.
func isSurrogate(data []byte) bool {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 32)
	return err == nil && n >= 0xD800 && n <= 0xDFFF
}

// boundPointer returns pointer if it has at most maxPointer bytes. Otherwise boundPointer returns
// the pointer of the nearest enclosing value that fits.
func boundPointer(pointer string) string {
	if len(pointer) <= maxPointer {
		return pointer
	}
	end := strings.LastIndexByte(pointer[:maxPointer+1], '/')
	return strings.Clone(pointer[:end]) // a slice would keep the long pointer in memory
}

// BoundPointer returns pointer if it has at most 1 KiB. Otherwise BoundPointer returns the pointer
// of the nearest enclosing value that fits. A string that is not a JSON Pointer is cut.
func BoundPointer(pointer string) string {
	if !strings.HasPrefix(pointer, "/") {
		return pointer[:min(len(pointer), maxPointer)]
	}
	return boundPointer(pointer)
}

// Offsets returns the offsets of the values that the pointers point to. If data does not contain a
// value, its offset is that of the nearest enclosing value. data must be valid JSON.
func Offsets(data []byte, pointers []string) []int {
	root := &target{offset: -1}
	targets := make([]*target, len(pointers))
	for i, pointer := range pointers {
		targets[i] = root
		for token := range jsontext.Pointer(pointer).Tokens() {
			targets[i] = targets[i].child(token)
		}
	}
	root.find(&scanner{data: data})
	offsets := make([]int, len(pointers))
	for i, t := range targets {
		for t.offset < 0 {
			t = t.parent
		}
		offsets[i] = t.offset
	}
	return offsets
}

// A target is a value that a pointer points to, or a value that encloses it.
type target struct {
	offset   int // -1 until it is found
	parent   *target
	children map[string]*target // by name or index
}

func (t *target) child(token string) *target {
	c := t.children[token]
	if c == nil {
		c = &target{offset: -1, parent: t}
		if t.children == nil {
			t.children = map[string]*target{}
		}
		t.children[token] = c
	}
	return c
}

// find reads the value of t and sets the offsets of t and its children.
func (t *target) find(s *scanner) {
	b := s.peek()
	t.offset = s.at
	if t.children == nil || b != '{' && b != '[' {
		s.raw()
		return
	}
	for i := 0; ; i++ {
		token, more := strconv.Itoa(i), false
		if b == '{' {
			var name []byte
			name, more, _ = s.member(i == 0)
			token = string(name)
		} else {
			more, _ = s.next(']', i == 0)
		}
		if !more {
			return
		}
		if c := t.children[token]; c != nil {
			c.find(s)
		} else {
			s.raw()
		}
	}
}

// Lines converts offsets to lines and columns. Lines end with LF or CRLF. Columns count characters.
// A byte that is not UTF-8 counts as one character.
type Lines struct {
	data             []byte
	at, line, column int
}

// NewLines returns the Lines of data.
func NewLines(data []byte) *Lines { return &Lines{data: data, line: 1, column: 1} }

// Position returns the line and column of an offset. Both start at 1. The offset must not be less
// than that of the previous call.
func (l *Lines) Position(offset int) (line, column int) {
	passed := l.data[l.at:offset]
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		l.line += n
		l.column = 1
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	l.column += utf8.RuneCount(passed)
	l.at = offset
	return l.line, l.column
}
