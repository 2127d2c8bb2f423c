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
		return &errjson.Error{Status: http.StatusBadRequest, Code: e.Code, Message: message, Details: fields}
	}
	l := fieldList{fields: make([]errjson.FieldError, 0, len(report.Errors))}
	causes := []error{report.Cause}[:min(1, len(report.Errors))]
	for _, e := range report.Errors {
		f := errjson.FieldError{Pointer: e.Pointer, Offset: e.Offset, Code: e.Code, Message: e.Message}
		if e.Cause == nil {
			l.add(f)
			continue
		}
		causes = append(causes, e.Cause)
		own := fieldErrors(e.Cause)
		if own == nil {
			l.add(f)
		}
		for _, o := range own { // the field errors of an unmarshal method
			inner := f
			inner.Code, inner.Message, inner.Params = cmp.Or(o.Code, f.Code), cmp.Or(o.Message, f.Message), o.Params
			if o.Pointer != "" && !e.Enclosing {
				inner.Pointer, inner.Offset = f.Pointer+o.Pointer, unknownOffset
			}
			l.add(inner)
		}
	}
	return l.invalid(errors.Join(causes...), data)
}

// A fieldList collects field errors for one response.
type fieldList struct{ fields []errjson.FieldError }

// unknownOffset is the Offset of a field error that has a pointer only.
const unknownOffset = -1

func (l *fieldList) isFull() bool { return len(l.fields) == maxFields }

// add adds a field error, unless the list has an equal one: the Validate method of an outer value may
// have called that of an inner value.
func (l *fieldList) add(f errjson.FieldError) {
	isEqual := func(g errjson.FieldError) bool {
		return g.In == f.In && g.Name == f.Name && g.Pointer == f.Pointer && g.Offset == f.Offset &&
			g.Code == f.Code && g.Message == f.Message
	}
	if !l.isFull() && !slices.ContainsFunc(l.fields, isEqual) {
		l.fields = append(l.fields, f)
	}
}

// invalid returns a 422 with the field errors, in the order of their positions.
func (l *fieldList) invalid(cause error, data []byte) *errjson.Error {
	e := errjson.Invalid()
	e.Code, e.Err, e.Details = codeInvalid, cause, nil
	if len(l.fields) > 0 {
		l.locate(data)
		addPositions(l.fields, data)
		e.Details = l.fields
	}
	return e
}

// locate sets the offsets that are not known, all in one pass through data.
func (l *fieldList) locate(data []byte) {
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
			if e != nil && len(e.Fields()) > 0 {
				fields = append(fields, e.Fields()...)
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
	var response *errjson.Error
	return errors.As(err, &response) || isContextError(err)
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isInvalid reports whether err is, or wraps, an error of errjson.Invalid, of Get, or of Decode, with
// field errors.
func isInvalid(err error) bool {
	e, ok := errors.AsType[*errjson.Error](err)
	return ok && e.Status == http.StatusUnprocessableEntity && len(e.Fields()) > 0 && e.Header == nil &&
		(e.Code == "" || e.Code == codeInvalid) && e.Message == errjson.Invalid().Message
}

// validationErrors collects the errors of validation functions. The zero value is empty.
type validationErrors struct {
	fieldList
	causes   []error
	hidden   bool  // a cause does not have field errors
	response error // replaces the other errors; or nil
}

func (v *validationErrors) isEmpty() bool { return v.causes == nil && v.response == nil }

// addAll adds the error of a function that validates the whole value.
func (v *validationErrors) addAll(err error) {
	if err != nil {
		v.addValue("", true, err)
	}
}

// addValue adds the error of the value at pointer. If whole is false, the error is of a value inside
// that value. addValue reports whether more errors can be added.
func (v *validationErrors) addValue(pointer string, whole bool, err error) bool {
	if isContextError(err) || isResponse(err) && !isInvalid(err) {
		v.response = err
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
		v.add(f)
	}
	v.hidden = v.hidden || len(fields) == 0
	v.causes = append(v.causes, err)
	return !v.isFull() && len(v.causes) < maxFields
}

// result returns the error for the client, or nil.
func (v *validationErrors) result(data []byte) error {
	if v.isEmpty() || v.response != nil {
		return v.response
	}
	cause := errors.Join(v.causes...)
	if v.hidden {
		cause = hiddenError{cause}
	}
	return v.invalid(cause, data)
}

// A hiddenError is an error of a validation function that is logged at Warn and not sent.
type hiddenError struct{ error }

func (hiddenError) LogLevel() slog.Level { return slog.LevelWarn }
func (e hiddenError) Unwrap() error      { return e.error }
