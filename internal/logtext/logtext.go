// Package logtext cuts the texts of log records to a size.
package logtext

import (
	"log/slog"
	"unicode/utf8"

	"github.com/hipflask/hipflask/internal/errtree"
)

// Value returns the value of the first slog.LogValuer in the tree of err, with at most maxBytes of
// text, and whether there is one. A panic in a method of err counts as no value.
func Value(err error, maxBytes int) (value slog.Value, ok bool) {
	defer func() {
		if recover() != nil { // in a method of the error
			ok = false
		}
	}()
	errtree.Walk(err, func(node error) errtree.Next {
		if _, ok = node.(slog.LogValuer); ok {
			value = slog.AnyValue(node)
			return errtree.Stop
		}
		return errtree.Descend
	})
	if !ok {
		return value, false
	}
	return clipValue(value, &maxBytes), true
}

// clipValue resolves a value and cuts its texts to room bytes in all.
func clipValue(v slog.Value, room *int) slog.Value {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		var attrs []slog.Attr
		for _, attr := range v.Group() {
			if *room -= len(attr.Key); *room <= 0 {
				break
			}
			attrs = append(attrs, slog.Attr{Key: attr.Key, Value: clipValue(attr.Value, room)})
		}
		return slog.GroupValue(attrs...)
	case slog.KindString, slog.KindAny:
		text := Clip(v.String(), max(0, *room))
		*room -= len(text)
		return slog.StringValue(text)
	}
	*room -= 32 // about the size of a number or a time
	return v
}

// Clip cuts s to at most n bytes, at the end of a character.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	if n -= len(mark); n < 0 {
		return ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}
