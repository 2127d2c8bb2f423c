package errtree

import (
	"fmt"
	"runtime"
)

// A Panic is the value of a recovered panic as an error.
type Panic struct {
	value any
	stack []uintptr
}

// NewPanic returns the error for a panic value. It must be called, directly or through other
// functions, by the deferred function that recovered the panic: the frames of the panic are still
// on the stack then. Without withStack the stack is empty; collecting it is the largest part of
// the cost of a panic.
func NewPanic(value any, withStack bool) *Panic {
	p := &Panic{value: value}
	if withStack {
		var buf [96]uintptr
		p.stack = append(p.stack, belowPanic(buf[:runtime.Callers(2, buf[:])])...)
	}
	return p
}

// belowPanic returns the part of a stack that begins with the function that panicked.
func belowPanic(stack []uintptr) []uintptr {
	for i, pc := range stack {
		// The program counters are those after the calls.
		if fn := runtime.FuncForPC(pc - 1); fn != nil && fn.Name() == "runtime.gopanic" {
			return stack[i+1:]
		}
	}
	return stack
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
