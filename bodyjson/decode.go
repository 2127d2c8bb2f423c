package bodyjson

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"reflect"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/strictjson"
)

// A config contains a Config with its default values and the options of the decoder.
type config struct {
	Config
	options strictjson.Options
}

var defaultConfig = *newConfig(Config{})

func newConfig(cfg Config) *config {
	switch {
	case cfg.MaxBytes == 0:
		cfg.MaxBytes = 1 << 20
	case cfg.MaxBytes < 0:
		cfg.MaxBytes = math.MaxInt64 - 1
	}
	return &config{cfg, strictjson.Options{
		RejectUnknownNames:        cfg.DisallowUnknownFields,
		IgnoreMiscasedNames:       cfg.IgnoreMiscasedNames,
		MatchCaseInsensitiveNames: cfg.MatchCaseInsensitiveNames,
		AllowDuplicateNames:       cfg.AllowDuplicateNames,
		UseNumber:                 cfg.UseNumber,
		Unmarshal:                 cfg.Unmarshal,
	}}
}

// decode decodes the body into v, a pointer to a zero value of t. If decode reports false, v does
// not contain the value of a body.
func (b *body) decode(r *http.Request, t *strictjson.Type, v any, validate func(context.Context) error) (bool, error) {
	if err := b.config.checkSupport(t); err != nil {
		return false, err
	}
	data, headerErr, err := b.open(r, checkType)
	if data != nil {
		defer b.drop()
	}
	switch {
	case err != nil:
		return false, err
	case headerErr != nil:
		return false, b.config.reject(headerErr, t, v)
	}
	return b.config.decodeBytes(r.Context(), data, t, v, validate)
}

// checkSupport returns the error for a type that is not supported.
func (c *config) checkSupport(t *strictjson.Type) error {
	if err := t.Err(); err != nil && c.Unmarshal == nil {
		return fmt.Errorf("bodyjson: %w", err)
	}
	return nil
}

func (c *config) decodeBytes(ctx context.Context, data []byte, t *strictjson.Type, v any,
	validate func(context.Context) error) (bool, error) {
	if strictjson.IsBlank(data) {
		err := errEmptyBody()
		if c.Optional {
			err = nil
		}
		return false, c.reject(err, t, v)
	}
	err := c.options.Decode(data, t, v)
	if err != nil {
		err = decodeError(err, data)
	} else {
		err = c.validate(ctx, data, t, v, validate)
	}
	if err != nil {
		return false, c.reject(err, t, v)
	}
	return true, nil
}

// reject clears v and returns err. If the request continues without a value, reject sets the
// defaults of v and returns nil.
func (c *config) reject(err error, t *strictjson.Type, v any) error {
	reflect.ValueOf(v).Elem().SetZero()
	if err != nil && !c.Silent {
		return err
	}
	t.SetDefaults(v)
	return nil
}

// merge applies the body to v, a pointer to a copy of the current value.
func (b *body) merge(r *http.Request, t *strictjson.Type, v any) error {
	if err := t.Err(); err != nil {
		return fmt.Errorf("bodyjson: %w", err)
	}
	data, headerErr, err := b.open(r, checkPatchType)
	if data != nil {
		defer b.drop()
	}
	switch {
	case err != nil:
		return err
	case headerErr != nil:
		return headerErr
	case strictjson.IsBlank(data):
		return errEmptyBody()
	}
	if err := b.config.options.Merge(data, t, v); err != nil {
		return decodeError(err, data)
	}
	return b.config.validate(r.Context(), data, t, v, nil)
}

// open returns the bytes of the body. headerErr is the error of the header if the body is not
// empty. If the bytes are not nil, the caller must call b.drop.
func (b *body) open(r *http.Request, checkType func(http.Header) *errjson.Error) (data []byte, headerErr, err error) {
	invalid := checkEncoding(r.Header, b.config.Gunzip)
	if typeErr := checkType(r.Header); typeErr != nil && !b.config.Force {
		invalid = typeErr
	}
	if invalid != nil && r.ContentLength != 0 { // RFC 9110, Section 15.5.16: without reading it
		if r.Header["Expect"] != nil && !b.config.Silent {
			// The client does not get a 100 (Continue), but may send the body at any time (RFC
			// 9110, Section 10.1.1).
			b.closeAfterResponse(invalid)
		}
		return nil, invalid, nil
	}
	data, err = b.acquire()
	if invalid != nil && !strictjson.IsBlank(data) {
		return data, invalid, err
	}
	return data, nil, err
}

// validate calls the Validate methods of v and of the values in it, then the validation functions.
// v is a pointer to a value of t that was decoded from data or patched with data.
func (c *config) validate(ctx context.Context, data []byte, t *strictjson.Type, v any,
	validate func(context.Context) error) error {
	if c.Validate == nil && validate == nil && !t.Validates() {
		return nil
	}
	root := reflect.ValueOf(v).Elem()
	if root.Kind() == reflect.Pointer && root.IsNil() {
		return nil // a null body is not validated
	}
	var errs errorList
	t.Validate(ctx, v, errs.addError)
	if validate != nil && errs.isEmpty() {
		if err := validate(ctx); err != nil {
			errs.addError("", true, err)
		}
	}
	if c.Validate != nil && errs.isEmpty() {
		if root.Kind() == reflect.Pointer {
			v = root.Interface()
		}
		if err := c.Validate(ctx, v); err != nil {
			errs.addError("", true, err)
		}
	}
	return errs.result(data)
}
