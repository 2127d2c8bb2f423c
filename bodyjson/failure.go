package bodyjson

import (
	"context"
	"errors"
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/errtree"
)

// The codes. They are documented in the comment of the package, and stable.
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

	codeSyntax    = "syntax"
	codeTrailing  = "trailing_data"
	codeDuplicate = "duplicate"
	codeEncoding  = "encoding"
	codeDepth     = "too_deep"

	codeInvalid  = "invalid"
	codeRequired = "required"
	codeNull     = "null"
	codeType     = "type"
	codeRange    = "range"
	codeFormat   = "format"
	codeLength   = "length"
	codeUnknown  = "unknown_field"
)

// ErrEmpty is wrapped by the error for a body that is absent: empty, or only white
// space. See also [Config].Optional.
var ErrEmpty = errors.New("bodyjson: the body is empty")

func failure(status int, code, message string, cause error) *errjson.Error {
	return &errjson.Error{Status: status, Code: code, Message: message, Err: cause}
}

// malformed is a body that is not JSON, at one place.
func malformed(f errjson.FieldError) *errjson.Error {
	return &errjson.Error{Status: http.StatusBadRequest, Code: f.Code, Message: f.Message, Details: []errjson.FieldError{f}}
}

// invalidFields is a body that is JSON, but not what was wanted.
func invalidFields(fields []errjson.FieldError, cause error) *errjson.Error {
	e := errjson.Invalid(fields...)
	e.Code, e.Err = codeInvalid, cause
	if len(fields) == 0 {
		e.Details = nil
	}
	return e
}

// hasAnswer reports whether the error of a function of the Config is to be left as
// it is: it knows its status, or is about the end of the request.
func hasAnswer(err error) bool {
	var answer *errjson.Error
	return errors.As(err, &answer) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// invalid makes an answer of the error of a validation function.
func invalid(err error, data []byte, c *config) error {
	if hasAnswer(err) {
		return err
	}
	fields := errtree.Collect[errjson.FieldError](err)
	if len(fields) > maxFaults {
		fields = fields[:maxFaults]
	}
	for i := range fields {
		if fields[i].Code == "" {
			fields[i].Code = codeInvalid
		}
		if fields[i].Message == "" {
			fields[i].Message = "Is not valid."
		}
	}
	locate(fields, data, c)
	for i := range fields {
		fields[i].Pointer = bounded(fields[i].Pointer) // it may have names of the body in it
	}
	return invalidFields(fields, err)
}
