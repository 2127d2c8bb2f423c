// Package jsonenc encodes JSON into pooled buffers: whole, before the first
// byte of an answer leaves, so that a value that cannot be encoded is still an
// error and not half a success.
package jsonenc

import (
	"encoding/json"
	"fmt"
	"sync"
	"unicode/utf8"
)

// maxPooled is the capacity in bytes above which a buffer is not kept: one large
// answer must not hold its memory for ever.
const maxPooled = 64 << 10

// A Buffer holds encoded JSON. It comes from [Get] and goes back with
// [Buffer.Free], after which neither it nor its bytes may be used.
type Buffer struct {
	B   []byte
	enc *json.Encoder
}

var pool = sync.Pool{New: func() any {
	b := new(Buffer)
	b.newEncoder()
	return b
}}

func (b *Buffer) newEncoder() {
	b.enc = json.NewEncoder(b)
	b.enc.SetEscapeHTML(false) // the answers are not HTML, and say so
}

// Get returns an empty buffer.
func Get() *Buffer { return pool.Get().(*Buffer) }

// Free gives the buffer back.
func (b *Buffer) Free() {
	if cap(b.B) <= maxPooled {
		b.B = b.B[:0]
		pool.Put(b)
	}
}

// Write appends p. It is what the encoder writes to.
func (b *Buffer) Write(p []byte) (int, error) {
	b.B = append(b.B, p...)
	return len(p), nil
}

// Encode appends v as encoding/json writes it, but for <, > and & which stay as
// they are, and a newline. On an error, also one from a MarshalJSON that
// panics, nothing is appended.
func (b *Buffer) Encode(v any) (err error) {
	start := len(b.B)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while encoding %T: %v", v, p)
			b.newEncoder() // the old one was left in the middle
		}
		if err != nil {
			b.B = b.B[:start]
		}
	}()
	return b.enc.Encode(v)
}

const hex = "0123456789abcdef"

// plain has the bytes that are characters of their own, and need no escape.
var plain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// AppendString appends s as a JSON string (RFC 8259, Section 7), byte for byte as
// [Buffer.Encode] does in Go 1.26: what is not UTF-8 becomes an escaped U+FFFD,
// which encoding/json does not escape from Go 1.27 on, and U+2028 and U+2029 are
// escaped.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		n, escape := escapeAt(s[i:])
		if escape != "" {
			b = append(b, s[start:i]...)
			b = append(b, escape...)
			start = i + n
		}
		i += n
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// escapeAt returns the length of the first character of s, and how to write it
// if it cannot stay as it is.
func escapeAt(s string) (size int, escape string) {
	switch c := s[0]; c {
	case '"':
		return 1, `\"`
	case '\\':
		return 1, `\\`
	case '\b':
		return 1, `\b`
	case '\f':
		return 1, `\f`
	case '\n':
		return 1, `\n`
	case '\r':
		return 1, `\r`
	case '\t':
		return 1, `\t`
	default:
		if c < ' ' {
			return 1, string([]byte{'\\', 'u', '0', '0', hex[c>>4], hex[c&15]})
		}
	}
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return 1, `\ufffd`
	case r == '\u2028':
		return size, `\u2028`
	case r == '\u2029':
		return size, `\u2029`
	}
	return size, ""
}
