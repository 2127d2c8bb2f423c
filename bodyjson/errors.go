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
	fields := make([]errjson.FieldError, 0, len(report.Errors))
	var causes []error
	if report.Cause != nil {
		causes = append(causes, report.Cause)
	}
	for _, e := range report.Errors {
		f := errjson.FieldError{Pointer: e.Pointer, Offset: e.Offset, Code: e.Code, Message: e.Message}
		if e.Cause == nil {
			fields = append(fields, f)
			continue
		}
		causes = append(causes, e.Cause)
		own := fieldErrors(e.Cause)
		if own == nil {
			fields = append(fields, f)
		}
		for _, o := range own { // the field errors of an unmarshal method
			inner := f
			inner.Code, inner.Message = cmp.Or(o.Code, f.Code), cmp.Or(o.Message, f.Message)
			inner.Params = o.Params
			if o.Pointer != "" && !e.Enclosing {
				inner.Pointer = f.Pointer + o.Pointer
				inner.Offset = strictjson.Offsets(data, []string{inner.Pointer})[0]
				inner.Pointer = strictjson.BoundPointer(inner.Pointer)
			}
			fields = append(fields, inner)
		}
	}
	return invalidFields(fields, errors.Join(causes...), data)
}

// invalidFields returns a 422 with the field errors, in the order of their positions.
func invalidFields(fields []errjson.FieldError, cause error, data []byte) *errjson.Error {
	e := errjson.Invalid()
	e.Code, e.Err, e.Details = codeInvalid, cause, nil
	if len(fields) > 0 {
		fields = fields[:min(len(fields), maxFields)]
		addPositions(fields, data)
		e.Details = fields
	}
	return e
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
			if e != nil {
				fields = append(fields, e.Fields()...)
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
	return errors.As(err, &response) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// validationErrors collects the errors of validation functions. The zero value is empty.
type validationErrors struct {
	fields   []errjson.FieldError
	causes   []error
	hidden   bool  // a cause does not have field errors
	response error // replaces the other errors; or nil
}

func (v *validationErrors) isEmpty() bool { return v.causes == nil && v.response == nil }

// addAll adds the error of a function that validates the whole value.
func (v *validationErrors) addAll(err error) {
	if err != nil {
		v.add("", true, err)
	}
}

// add adds the error of the value at pointer. If whole is false, the error is of a value inside
// that value. add reports whether more errors can be added.
func (v *validationErrors) add(pointer string, whole bool, err error) bool {
	fields := fieldErrors(err)
	// An errjson.Error of an inner value has relative pointers, so its field errors are added
	// below.
	if isResponse(err) && (pointer == "" && whole || len(fields) == 0) {
		v.response = err
		return false
	}
	for _, f := range fields {
		switch {
		case f.In != "":
		case whole:
			f.Pointer = pointer + f.Pointer
		default:
			f.Pointer = pointer
		}
		f.Code, f.Message = cmp.Or(f.Code, codeInvalid), cmp.Or(f.Message, "Invalid value.")
		if !slices.ContainsFunc(v.fields, func(g errjson.FieldError) bool {
			return g.In == f.In && g.Name == f.Name && g.Pointer == f.Pointer && g.Code == f.Code && g.Message == f.Message
		}) { // the method of an outer value may have called that of an inner one
			v.fields = append(v.fields, f)
		}
		if len(v.fields) == maxFields {
			break
		}
	}
	v.hidden = v.hidden || len(fields) == 0
	v.causes = append(v.causes, err)
	return len(v.fields) < maxFields
}

// result returns the error for the client, or nil.
func (v *validationErrors) result(data []byte) error {
	if v.isEmpty() || v.response != nil {
		return v.response
	}
	pointers := make([]string, len(v.fields))
	for i, f := range v.fields {
		pointers[i] = f.Pointer
	}
	for i, offset := range strictjson.Offsets(data, pointers) {
		v.fields[i].Offset = offset
		v.fields[i].Pointer = strictjson.BoundPointer(v.fields[i].Pointer)
	}
	cause := errors.Join(v.causes...)
	if v.hidden {
		cause = hiddenError{cause}
	}
	return invalidFields(v.fields, cause, data)
}

// A hiddenError is an error of a validation function that is logged at Warn and not sent.
type hiddenError struct{ error }

func (hiddenError) LogLevel() slog.Level { return slog.LevelWarn }
func (e hiddenError) Unwrap() error      { return e.error }
