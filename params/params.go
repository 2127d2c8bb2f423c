// Package params reads query, path and header parameters as typed values, and reports all invalid
// ones in one response. It is request.args.get("page", 1, type=int) and reqparse for Go handlers.
//
//	mux.Handle("GET /shops/{shop}/items", status.Handler(func(r *http.Request) ([]Item, error) {
//		p := params.Of(r)
//		shop := p.Path("shop").Int64()
//		limit := p.Query("limit").Int(params.Default(20), params.Range(1, 100))
//		sort := p.Query("sort").String(params.Default("name"), params.OneOf("name", "price"))
//		if err := p.Err(); err != nil {
//			return nil, err
//		}
//		return store.List(shop, sort, limit)
//	}))
//
// A parameter without a [Default] is required. A method returns the zero value for an invalid one,
// and [Params.Err] then returns an error for all of them: a 404 if a path parameter is invalid,
// because such a URL does not exist, or else a 422 with an [errjson.FieldError] for each, whose In and
// Name say where it is. The codes are:
//
//	required   the parameter is missing
//	duplicate  it is given several times
//	type       it is not an integer, a number, or a boolean
//	format     it is not a date and time, or a parse function rejects it
//	range      it is not in the Range
//	one_of     it is not one of the values
//	syntax     the query string is malformed (Name is empty)
//
// [Of] finds path parameters with [http.Request.PathValue], as ServeMux and chi set them. The adapters
// for Gin and Echo have functions for theirs. Package params does not bind structs: httpin and
// gorilla/schema do.
package params

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// Params reads the parameters of one request. It must not be used concurrently.
type Params struct {
	r      *http.Request
	path   func(name string) (value string, ok bool)
	query  url.Values // nil until it is parsed
	fields []errjson.FieldError
	err    error // of the program
}

// Of returns the Params of r.
//
// A path parameter that the pattern of the route does not have is an error of the program: Err
// returns an error without a status, which is logged and sent as a 500.
func Of(r *http.Request) *Params {
	return OfPath(r, func(name string) (string, bool) {
		value := r.PathValue(name)
		return value, value != "" || strings.Contains(r.Pattern, "{"+name+"}") ||
			strings.Contains(r.Pattern, "{"+name+"...}")
	})
}

// OfPath is [Of] with path parameters of another router. The function returns the value of a
// parameter, and whether the route has it.
func OfPath(r *http.Request, path func(name string) (value string, ok bool)) *Params {
	return &Params{r: r, path: path}
}

// Query returns a parameter of the query string.
func (p *Params) Query(name string) Value {
	if p.query == nil {
		var err error
		if p.query, err = url.ParseQuery(p.r.URL.RawQuery); err != nil {
			p.fields = append(p.fields, errjson.FieldError{
				In: "query", Code: "syntax", Message: "The query string is malformed."})
		}
	}
	return Value{p: p, in: "query", name: name, values: p.query[name]}
}

// Path returns a parameter of the path. An invalid one makes Err return a 404.
func (p *Params) Path(name string) Value {
	v := Value{p: p, in: "path", name: name}
	value, ok := p.path(name)
	if ok {
		v.values = []string{value}
	} else if p.err == nil {
		p.err = fmt.Errorf("params: the route of %q has no parameter %q", cmp.Or(p.r.Pattern, p.r.URL.Path), name)
	}
	return v
}

// Header returns a header of the request. The name is in any case.
func (p *Params) Header(name string) Value {
	return Value{p: p, in: "header", name: name, values: p.r.Header.Values(name)}
}

// Err returns the error for all parameters that were read, or nil if they are valid.
func (p *Params) Err() error {
	isPath := func(f errjson.FieldError) bool { return f.In == "path" }
	switch {
	case p.err != nil:
		return p.err
	case p.fields == nil:
		return nil
	case slices.ContainsFunc(p.fields, isPath):
		return errjson.NotFound("")
	}
	return errjson.Invalid(p.fields...)
}

// A Value is a parameter. Its methods return it as a value of a type.
type Value struct {
	p        *Params
	in, name string
	values   []string
}

// IsSet reports whether the parameter is in the request.
func (v Value) IsSet() bool { return len(v.values) > 0 }

// Strings returns all values of the parameter, such as those of tag=a&tag=b, or nil.
func (v Value) Strings() []string { return v.values }

// String returns the parameter as a string, which may be empty.
func (v Value) String(options ...Option[string]) string {
	return Parse(v, func(s string) (string, error) { return s, nil }, options...)
}

// Int returns the parameter as an int: decimal digits, after an optional minus sign that path
// parameters cannot have.
func (v Value) Int(options ...Option[int]) int { return parseInt(v, strconv.IntSize, options) }

// Int64 is [Value.Int] for an int64.
func (v Value) Int64(options ...Option[int64]) int64 { return parseInt(v, 64, options) }

func parseInt[T int | int64](v Value, bits int, options []Option[T]) T {
	return Parse(v, func(s string) (T, error) {
		digits := s
		if v.in != "path" {
			digits = strings.TrimPrefix(s, "-")
		}
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			return 0, typeError("an integer", "integer")
		}
		n, err := strconv.ParseInt(s, 10, bits)
		if err != nil {
			return 0, rangeError(-1<<(bits-1), 1<<(bits-1)-1)
		}
		return T(n), nil
	}, options...)
}

// Float64 returns the parameter as a decimal number, such as -1.5 or 1e3.
func (v Value) Float64(options ...Option[float64]) float64 {
	return Parse(v, func(s string) (float64, error) {
		f, err := strconv.ParseFloat(s, 64)
		switch {
		case strings.Trim(s, "+-.0123456789eE") != "" || err != nil && !math.IsInf(f, 0):
			return 0, typeError("a number", "number")
		case err != nil:
			return 0, errjson.FieldError{Code: "range", Message: "The number is out of range."}
		}
		return f, nil
	}, options...)
}

// Bool returns the parameter as a boolean: true, false, 1 or 0.
func (v Value) Bool(options ...Option[bool]) bool {
	return Parse(v, func(s string) (bool, error) {
		switch s {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return false, typeError("true or false", "boolean")
	}, options...)
}

// Time returns the parameter as a date and time in the format of RFC 3339.
func (v Value) Time(options ...Option[time.Time]) time.Time {
	return Parse(v, func(s string) (time.Time, error) {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return t, errjson.FieldError{Code: "format", Params: map[string]any{"format": "date-time"},
				Message: "Must be a date and time in the format of RFC 3339."}
		}
		return t, nil
	}, options...)
}

// Parse returns the parameter as a value of another type. If the error of parse is an
// [errjson.FieldError], its Code, Message and Params are used. The text of any other error is not
// sent.
func Parse[T any](v Value, parse func(string) (T, error), options ...Option[T]) T {
	var zero T
	var rules rules[T]
	for _, option := range options {
		option(&rules)
	}
	switch {
	case len(v.values) == 0 && rules.fallback != nil:
		return *rules.fallback
	case len(v.values) == 0:
		v.fail(errjson.FieldError{Code: "required", Message: "This parameter is required."})
		return zero
	case len(v.values) > 1:
		v.fail(errjson.FieldError{Code: "duplicate", Message: "Must be given only once."})
		return zero
	}
	value, err := parse(v.values[0])
	for i := 0; err == nil && i < len(rules.checks); i++ {
		err = rules.checks[i](value)
	}
	if err != nil {
		v.fail(err)
		return zero
	}
	return value
}

// fail records an error of v.
func (v Value) fail(err error) {
	f, ok := err.(errjson.FieldError)
	if !ok {
		f = errjson.FieldError{Code: "format", Message: "Invalid format."}
	}
	f.In, f.Name = v.in, v.name
	v.p.fields = append(v.p.fields, f)
}

// An Option is a rule for a parameter of type T.
type Option[T any] func(*rules[T])

type rules[T any] struct {
	fallback *T
	checks   []func(T) error
}

// Default returns the value of a parameter that is missing. The other options do not apply to it.
func Default[T any](value T) Option[T] {
	return func(r *rules[T]) { r.fallback = &value }
}

// Range rejects values below least or above most.
func Range[T cmp.Ordered](least, most T) Option[T] {
	return Check(func(value T) error {
		if value < least || value > most {
			return rangeError(least, most)
		}
		return nil
	})
}

// OneOf rejects values that are not in the list.
func OneOf[T comparable](values ...T) Option[T] {
	return Check(func(value T) error {
		if slices.Contains(values, value) {
			return nil
		}
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		return errjson.FieldError{Code: "one_of", Params: map[string]any{"choices": values},
			Message: "Must be one of " + strings.Join(texts, ", ") + "."}
	})
}

// Check rejects values for which the function returns an error, as the parse function of [Parse]
// does.
func Check[T any](check func(T) error) Option[T] {
	return func(r *rules[T]) { r.checks = append(r.checks, check) }
}

func typeError(want, expected string) error {
	return errjson.FieldError{Code: "type", Message: "Must be " + want + ".", Params: map[string]any{"expected": expected}}
}

func rangeError[T any](least, most T) error {
	return errjson.FieldError{Code: "range", Params: map[string]any{"min": least, "max": most},
		Message: fmt.Sprintf("Must be from %v to %v.", least, most)}
}
