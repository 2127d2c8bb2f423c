package errjson

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/hipflask/hipflask/internal/statustext"
)

// An Error is an HTTP error as a value: the response that the client gets, and a cause for the log.
// It is the counterpart of werkzeug's HTTPException.
//
// A Status outside 400–599, including zero, is an error of the program. Such an Error is sent as a
// 500, and the invalid status is logged.
//
// An Error may be shared, as a package variable for example. The package never changes an Error,
// and copies Header before a handler can reach it. Formats, rules and reports must not change it
// either.
type Error struct {
	// Status is the status code of the response, 400–599.
	Status int
	// Message is sent to the client. An empty Message stands for a sentence for the status.
	Message string
	// Code is an optional, stable name that lets programs distinguish errors of one status, such
	// as "item_not_found".
	Code string
	// Type is an optional URI reference that identifies the kind of the problem (RFC 9457, Section
	// 3.1.1). Only the formats of [Problem] and [ProblemFormat] send it.
	Type string
	// Title is an optional short summary of the Type, the same for each occurrence (Section 3.1.3).
	// Only the formats of Problem and ProblemFormat send it, and only with a type.
	Title string
	// Instance is an optional URI reference for this occurrence of the problem (Section 3.1.5). Only
	// the formats of Problem and ProblemFormat send it.
	Instance string
	// Details is an optional payload, encoded with encoding/json. For invalid input it is a
	// []FieldError, and for a body that is not JSON a SyntaxError. Every Format presents these in
	// its own way.
	Details any
	// Header holds further headers of the response, such as Allow, Retry-After and
	// WWW-Authenticate. Each replaces the response's header of the same name, except that Vary
	// and Set-Cookie are added to.
	Header http.Header
	// Err is the cause. It is logged, found by errors.Is and errors.As, and not sent.
	Err error

	rendering *rendering // set by a Renderer in its own copy
}

// rendering holds the values that a Renderer adds to an Error for its Format.
type rendering struct {
	requestID    string
	exposedCause string
}

// New returns an Error with a status of 400–599 and a message for the client. An empty message
// stands for a sentence for the status.
func New(status int, message string) *Error {
	return &Error{Status: status, Message: message}
}

// Errorf is [New] with a message formatted as by [fmt.Errorf]. The operands of %w become the cause:
// errors.Is and errors.As find them. Their texts are part of the message, which is sent to the
// client. To hide a cause from the client, set Err instead.
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

// newError returns the Error for a status, with the status's message and a cause.
func newError(status int, cause error) *Error {
	return &Error{Status: status, Message: statustext.Message(status), Err: cause}
}

// Error returns a text for logs: the status, the message and the cause.
func (e *Error) Error() string {
	text := strconv.Itoa(e.Status) + " " + statustext.Name(e.Status)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// StatusCode returns the status. Other libraries find the status of an error by this method; see
// [Rule].
func (e *Error) StatusCode() int { return e.Status }

// RequestID returns the ID from Config.RequestID. It is empty except in a [Format] and in the
// function of an [OnStatus].
func (e *Error) RequestID() string {
	if e.rendering == nil {
		return ""
	}
	return e.rendering.requestID
}

// ExposedCause returns the text of the cause if Config.DangerouslyExposeCause is set. It is empty
// except in a [Format] and in the function of an [OnStatus].
func (e *Error) ExposedCause() string {
	if e.rendering == nil {
		return ""
	}
	return e.rendering.exposedCause
}

// Fields returns the field errors in e's Details, or nil. The caller must not change them.
func (e *Error) Fields() []FieldError {
	fields, _ := e.Details.([]FieldError)
	return fields
}

// A FieldError is an error about one value of the input. It is an error itself: a validation
// function can return one, several with [errors.Join], or one that is wrapped. [Write] finds all of
// them and sends one 422.
type FieldError struct {
	// In is the location of the value: "query", "path", "header", "cookie" or "form". It is empty
	// for the request body.
	In string
	// Name is the name of the parameter if In is set.
	Name string
	// Pointer is a JSON Pointer (RFC 6901) to the value in the request body. The empty Pointer is
	// the whole body.
	Pointer string
	// Code names the kind of the error for programs, such as "required".
	Code string
	// Message describes the error for people.
	Message string
	// Params holds the values in the Message by name, such as "min" and "max", for clients that
	// translate it. The values are encoded with encoding/json.
	Params map[string]any
	// Offset is the number of bytes of the body before the value. Line and Column start at 1;
	// columns count characters. All three are zero if the position is unknown.
	Offset, Line, Column int
}

// Error returns the location and the message.
func (f FieldError) Error() string {
	location := f.Pointer
	if f.In != "" {
		location = f.In + " " + f.Name + f.Pointer
	}
	if location == "" {
		return f.Message
	}
	return location + ": " + f.Message
}

// A SyntaxError is the Details of an [Error] about a body that is not JSON.
// It is not about the value of a field. Its Pointer is that of the value in which the error is.
type SyntaxError FieldError

// Invalid returns a 422 with the code "invalid" and the given field errors. It keeps a slice that is
// passed, which the caller must not change.
func Invalid(fields ...FieldError) *Error {
	return &Error{
		Status: http.StatusUnprocessableEntity, Code: "invalid", Message: "The input is not valid.",
		Details: fields,
	}
}
