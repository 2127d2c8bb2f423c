package bodyjson

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/strictjson"
)

// The codes of request errors. Package strictjson has the codes of errors in the JSON. The package
// comment lists all codes. The codes are stable.
const (
	codeMediaType  = "unsupported_media_type"
	codeCharset    = "unsupported_charset"
	codeCoding     = "unsupported_encoding"
	codeTooLarge   = "too_large"
	codeTimeout    = "timeout"
	codeTruncated  = "truncated"
	codeUnreadable = "unreadable"
	codeUnverified = "unverified"
	codeEmpty      = "empty_body"
	codeEncoding   = "encoding"
	codeInvalid    = "invalid"
)

const maxFields = 100 // the maximum number of field errors in one response

// ErrEmpty is wrapped by the error for a body that is empty or only white space. See also
// [Config].Optional.
var ErrEmpty = errors.New("bodyjson: the body is empty")

func errEmptyBody() error {
	return newError(http.StatusBadRequest, codeEmpty, "The request body is empty.", ErrEmpty)
}

func newError(status int, code, message string, cause error) *errjson.Error {
	return &errjson.Error{Status: status, Code: code, Message: message, Err: cause}
}

// decodeError converts an error of package strictjson to an error response or a 500.
func decodeError(err error, data []byte) error {
	report, ok := err.(*strictjson.Report)
	if !ok {
		return fmt.Errorf("bodyjson: %w", err) // an error of the program: a 500
	}
	if report.Malformed {
		e := report.Errors[0]
		fields := []errjson.FieldError{{Pointer: e.Pointer, Offset: e.Offset, Code: e.Code, Message: e.Message}}
		addPositions(fields, data)
		// The message has the position for clients that do not show the details.
		message := fmt.Sprintf("%s (Line %d, column %d.)", e.Message, fields[0].Line, fields[0].Column)
		return &errjson.Error{Status: http.StatusBadRequest, Code: e.Code, Message: message,
			Details: errjson.SyntaxError(fields[0])}
	}
	l := errorList{fields: make([]errjson.FieldError, 0, len(report.Errors))}
	if report.Cause != nil {
		l.causes = []error{report.Cause}
	}
	for _, e := range report.Errors {
		f := errjson.FieldError{Pointer: e.Pointer, Offset: e.Offset, Code: e.Code, Message: e.Message}
		own := fieldErrors(e.Cause) // of an unmarshal method
		for _, o := range own {
			inner := f
			inner.Code, inner.Message, inner.Params = cmp.Or(o.Code, f.Code), cmp.Or(o.Message, f.Message), o.Params
			if o.Pointer != "" && !e.Enclosing {
				inner.Pointer, inner.Offset = f.Pointer+o.Pointer, unknownOffset
			}
			l.add(inner)
		}
		if own == nil {
			l.add(f)
		}
		if e.Cause != nil {
			l.causes = append(l.causes, e.Cause)
		}
	}
	return l.invalid(errors.Join(l.causes...), data)
}

// An errorList collects the errors for one response. The zero value is empty.
type errorList struct {
	fields   []errjson.FieldError
	causes   []error // of the program
	hidden   bool    // a cause of a validation function does not have field errors
	response error   // replaces the other errors; or nil
}

// unknownOffset is the Offset of a field error that has a pointer only.
const unknownOffset = -1

// add adds a field error, unless the list is full or has an equal one: the Validate method of an outer
// value may have called that of an inner value.
func (l *errorList) add(f errjson.FieldError) {
	isEqual := func(g errjson.FieldError) bool {
		return g.In == f.In && g.Name == f.Name && g.Pointer == f.Pointer && g.Offset == f.Offset &&
			g.Code == f.Code && g.Message == f.Message
	}
	if len(l.fields) < maxFields && !slices.ContainsFunc(l.fields, isEqual) {
		l.fields = append(l.fields, f)
	}
}

// invalid returns a 422 with the field errors, in the order of their positions.
func (l *errorList) invalid(cause error, data []byte) *errjson.Error {
	e := errjson.Invalid()
	e.Err, e.Details = cause, nil
	if len(l.fields) > 0 {
		l.locate(data)
		addPositions(l.fields, data)
		e.Details = l.fields
	}
	return e
}

// locate sets the offsets that are not known, all in one pass through data.
func (l *errorList) locate(data []byte) {
	var pointers []string
	for _, f := range l.fields {
		if f.Offset == unknownOffset {
			pointers = append(pointers, f.Pointer)
		}
	}
	if pointers == nil {
		return
	}
	offsets := strictjson.Offsets(data, pointers)
	for i := range l.fields {
		if f := &l.fields[i]; f.Offset == unknownOffset {
			f.Offset, offsets = offsets[0], offsets[1:]
			f.Pointer = strictjson.BoundPointer(f.Pointer)
		}
	}
}

// addPositions sorts field errors by their offsets and sets their lines and columns.
func addPositions(fields []errjson.FieldError, data []byte) {
	if len(fields) > 1 {
		slices.SortStableFunc(fields, func(x, y errjson.FieldError) int { return cmp.Compare(x.Offset, y.Offset) })
	}
	lines := strictjson.NewLines(data)
	for i := range fields {
		if f := &fields[i]; f.In == "" {
			f.Line, f.Column = lines.Position(f.Offset)
		}
	}
}

// fieldErrors returns the FieldErrors in the tree of err, also those in an errjson.Error.
func fieldErrors(err error) (fields []errjson.FieldError) {
	errtree.Walk(err, func(err error) errtree.Next {
		switch e := err.(type) {
		case errjson.FieldError:
			fields = append(fields, e)
		case *errjson.FieldError:
			if e != nil {
				fields = append(fields, *e)
			}
		case *errjson.Error:
			if e == nil {
				break
			}
			own := e.Fields()
			if syntax, ok := e.Details.(errjson.SyntaxError); ok { // Decode of JSON in a string
				own = []errjson.FieldError{errjson.FieldError(syntax)}
			}
			if len(own) > 0 {
				fields = append(fields, own...)
				return errtree.Skip // its Err may have them again, with other pointers
			}
		}
		return errtree.Descend
	})
	return fields
}

// isResponse reports whether an error of the program is returned unchanged: an error with a status,
// or an error of a context.
func isResponse(err error) bool {
	_, ok := errors.AsType[*errjson.Error](err)
	return ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isInvalid reports whether err is, or wraps, an error of errjson.Invalid, of Get, or of Decode, with
// field errors.
func isInvalid(err error) bool {
	e, ok := errors.AsType[*errjson.Error](err)
	return ok && e.Status == http.StatusUnprocessableEntity && len(e.Fields()) > 0 && e.Header == nil &&
		e.Code == codeInvalid && e.Message == errjson.Invalid().Message
}

func (l *errorList) isEmpty() bool { return l.causes == nil && l.response == nil }

// addError adds the error of a validation function for the value at pointer. If whole is false, the
// error is of a value inside that value. addError reports whether more errors can be added.
func (l *errorList) addError(pointer string, whole bool, err error) bool {
	if isResponse(err) && !isInvalid(err) {
		l.response = err
		return false
	}
	fields := fieldErrors(err)
	for _, f := range fields {
		if f.In == "" {
			f.Offset = unknownOffset
			if !whole {
				f.Pointer = ""
			}
			f.Pointer = pointer + f.Pointer
		}
		f.Code, f.Message = cmp.Or(f.Code, codeInvalid), cmp.Or(f.Message, "Invalid value.")
		l.add(f)
	}
	l.hidden = l.hidden || len(fields) == 0
	l.causes = append(l.causes, err)
	return len(l.fields) < maxFields && len(l.causes) < maxFields
}

// result returns the error for the client, or nil.
func (l *errorList) result(data []byte) error {
	if l.isEmpty() || l.response != nil {
		return l.response
	}
	cause := errors.Join(l.causes...)
	if l.hidden {
		cause = hiddenError{cause}
	}
	return l.invalid(cause, data)
}

// A hiddenError is an error of a validation function that is logged at Warn and not sent.
type hiddenError struct{ error }

func (hiddenError) LogLevel() slog.Level { return slog.LevelWarn }
func (e hiddenError) Unwrap() error      { return e.error }
