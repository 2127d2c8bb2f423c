package errtree

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// A Panic is the value of a recovered panic as an error.
type Panic struct {
	value any
	stack Stack
}

// NewPanic returns the error for a panic value. The deferred function that has recovered the panic
// must call it directly: the stack then begins with the function that panicked. Without withStack
// the stack is empty; collecting it is the largest part of the cost of a panic.
func NewPanic(value any, withStack bool) *Panic {
	p := &Panic{value: value}
	if withStack {
		var buf [64]uintptr
		// The first four are runtime.Callers, this function, the deferred function, and gopanic.
		p.stack = append(p.stack, buf[:runtime.Callers(4, buf[:])]...)
	}
	return p
}

// Error returns the text of the panic value. The text of a panic in a method of the value is the
// one of package fmt.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Unwrap returns the panic value if it is an error, and nil otherwise.
func (p *Panic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// StackTrace returns the program counters of the stack, innermost first. Error reporters look for
// a method of this name.
func (p *Panic) StackTrace() []uintptr { return p.stack }

// Stack returns the stack.
func (p *Panic) Stack() Stack { return p.stack }

// StackOf returns the stack of the first error in the tree of err that has a method StackTrace, or
// nil.
func StackOf(err error) (found Stack) {
	Walk(err, func(node error) Next {
		if p, ok := node.(interface{ StackTrace() []uintptr }); ok {
			found = p.StackTrace()
			return Stop
		}
		return Descend
	})
	return found
}

// A Stack is a stack of program counters, innermost first. They are resolved when the text is
// needed.
type Stack []uintptr

// Text returns the functions of the stack with their positions, at most maxBytes of text.
func (s Stack) Text(maxBytes int) string {
	var b strings.Builder
	b.Grow(min(128*len(s), maxBytes))
	frames := runtime.CallersFrames(s)
	for {
		frame, more := frames.Next()
		var buf [20]byte
		line := strconv.AppendInt(buf[:0], int64(frame.Line), 10)
		if b.Len()+len(frame.Function)+len(frame.File)+len(line)+4 > maxBytes {
			return b.String()
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(frame.Function)
		b.WriteString("\n\t")
		b.WriteString(frame.File)
		b.WriteByte(':')
		b.Write(line)
		if !more {
			return b.String()
		}
	}
}
