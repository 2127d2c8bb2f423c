package errjson

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// An Error is an HTTP error as a value: what the client reads, and, apart from
// it, what the log gets. It is the counterpart of werkzeug's HTTPException.
//
// A Status outside 400–599, the zero value included, is a fault of the program:
// such an Error is rendered as a 500 and the fault is logged.
//
// An Error may be shared, as a package variable for example: the package never
// changes one, and copies Header before a handler can reach it. Formats, rules
// and reports must do the same.
type Error struct {
	// Status is the status code of the answer, 400–599.
	Status int
	// Message is what the client reads. If empty, it is a sentence that fits
	// the status.
	Message string
	// Code is an optional name for machines to tell errors of one status
	// apart. It should be stable: "item_not_found".
	Code string
	// Details is an optional payload, encoded with encoding/json. For invalid
	// input it is a []FieldError, which every Format knows how to present.
	Details any
	// Header holds more header fields for the answer: Allow, Retry-After,
	// WWW-Authenticate. Each replaces what the response has under its name,
	// but for Vary and Set-Cookie, which are added to.
	Header http.Header
	// Err is the cause. It is logged, and found by errors.Is and errors.As,
	// but never sent.
	Err error

	extra *extra // set by a Renderer on its own copy
}

// extra is what a Renderer adds to an Error for the formats of this package.
type extra struct {
	requestID string
	cause     string
}

// New returns an Error with a status of 400–599 and the message that the client
// reads. An empty message stands for a sentence that fits the status.
func New(status int, message string) *Error {
	return &Error{Status: status, Message: message}
}

// Errorf is New with a message formatted as by [fmt.Errorf]. The operands of %w
// become the cause: errors.Is and errors.As find them. Their texts become part
// of the message, which the client reads; to keep a cause from the client, set
// Err instead.
func Errorf(status int, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	e := &Error{Status: status, Message: err.Error()}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		e.Err = u.Unwrap()
	case interface{ Unwrap() []error }:
		e.Err = errors.Join(u.Unwrap()...)
	}
	return e
}

// Error returns a text for logs: the status, the message and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(e.Status))
	b.WriteByte(' ')
	b.WriteString(statusName(e.Status))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// StatusCode returns the status. The method is how other libraries find the
// status of an error that they did not make; see [Rule].
func (e *Error) StatusCode() int { return e.Status }

// A FieldError is one fault of the input. It is an error itself, so that a
// validation function can return one, several with [errors.Join], or one that
// is wrapped: all are found, and answered with a 422.
type FieldError struct {
	// Pointer says where the fault is: a JSON Pointer (RFC 6901) into the
	// request body. The empty pointer is the whole body.
	Pointer string
	// Code names the kind of fault for machines: "required".
	Code string
	// Message says it for people.
	Message string
	// Offset counts the bytes of the body before the fault. Line and Column
	// start at 1; columns count characters. All are zero when the place is not
	// known, which a Line of 0 tells apart from the first byte.
	Offset, Line, Column int
}

// Error returns the pointer and the message.
func (f FieldError) Error() string {
	if f.Pointer == "" {
		return f.Message
	}
	return f.Pointer + ": " + f.Message
}

// Invalid returns a 422 whose details are the given faults. A slice that is passed
// is kept, and must not be changed afterwards.
func Invalid(fields ...FieldError) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Message: "The input is not valid.", Details: fields}
}

// Fields returns the faults among e's details, or nil. They are e's own, and not to
// be changed.
func (e *Error) Fields() []FieldError {
	fields, _ := e.Details.([]FieldError)
	return fields
}

// Messages returns the faults among e's details as Marshmallow groups them in
// err.messages, or nil if there are none. A body of one's own is then a line:
//
//	errjson.OnStatus(422, func(_ *http.Request, e *errjson.Error) any {
//		return map[string]any{"errors": e.Messages()}
//	})
//
// The tokens of a pointer become the keys, those that are an index, too; at the
// end of each is a []string with the messages in their order:
//
//	{"name":["Is required."],"items":{"0":{"qty":["Must be an integer."]}}}
//
// Messages about the whole body are under "_schema", and so are those about an
// object or list that has faults within, as a map[string]any. An error of syntax,
// whose one fault says where in the body it is, has no messages.
//
// Each call returns a map of its own, which may be changed.
func (e *Error) Messages() map[string]any {
	if len(e.Fields()) == 0 || isWholeBody(e) {
		return nil
	}
	tree := make(map[string]any)
	for _, f := range e.Fields() {
		at, name := tree, "_schema"
		for i, token := range pointerTokens(f.Pointer) {
			if i > 0 {
				at = within(at, name)
			}
			name = token
		}
		for { // what has faults within has its own among them
			inner, ok := at[name].(map[string]any)
			if !ok {
				break
			}
			at, name = inner, "_schema"
		}
		texts, _ := at[name].([]string)
		at[name] = append(texts, f.Message)
	}
	return tree
}

// within returns the faults within what has a name, to be added to.
func within(tree map[string]any, name string) map[string]any {
	inner, ok := tree[name].(map[string]any)
	if !ok {
		inner = make(map[string]any)
		if texts := tree[name]; texts != nil {
			inner["_schema"] = texts
		}
		tree[name] = inner
	}
	return inner
}

// isWholeBody reports whether e is an error of the body as a whole, such as one of
// syntax. Its one fault, which has e's code, says where it is, and is not about the
// field there. The code "invalid" is that of faults of fields.
func isWholeBody(e *Error) bool {
	fields := e.Fields()
	return len(fields) == 1 && fields[0].Line > 0 && fields[0].Code == e.Code && e.Code != "" && e.Code != "invalid"
}

// pointerTokens splits a JSON Pointer (RFC 6901, Sections 3 and 4). One without its
// slash is taken for one with it.
func pointerTokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, token := range tokens {
		tokens[i] = unescape.Replace(token)
	}
	return tokens
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")

// Abort panics with err, to leave a handler from code that cannot return an
// error, as abort does in Flask. [Recover] and [Wrap] answer with err as if the
// handler had returned it; without one of them net/http logs the panic and
// closes the connection. A nil err is a fault of the program and answered with
// a 500.
func Abort(err error) { panic(err) }

// isStatus reports whether an Error may have this status.
func isStatus(code int) bool { return code >= 400 && code <= 599 }

// fieldErrors returns all FieldErrors in err's tree, in order.
func fieldErrors(err error) []FieldError {
	var fields []FieldError
	walk(err, func(err error) bool {
		switch f := err.(type) {
		case FieldError:
			fields = append(fields, f)
		case *FieldError:
			if f != nil {
				fields = append(fields, *f)
			}
		}
		return false
	})
	return slices.Clip(fields)
}

// walk calls fn for err and all errors that it wraps, depth first, as errors.As
// does, until fn returns true. It reports whether fn did.
func walk(err error, fn func(error) bool) bool { return walkUntil(err, fn, nil) }

// walkUntil is walk, but leaves out what is wrapped by an error that is closed.
func walkUntil(err error, fn, closed func(error) bool) bool {
	for err != nil {
		if fn(err) {
			return true
		}
		if closed != nil && closed(err) {
			return false
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			err = u.Unwrap()
		case interface{ Unwrap() []error }:
			for _, err := range u.Unwrap() {
				if walkUntil(err, fn, closed) {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}
