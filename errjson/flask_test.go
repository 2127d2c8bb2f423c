package errjson_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/errjson"
)

// familyError is to derivedError what a base class is in Python: an interface that
// the more exact type has, too.
type familyError interface {
	error
	Family() string
}

// kindError contains familyError, and is thus more exact.
type kindError interface {
	familyError
	Kind() string
}

type derivedError struct{ cause error }

func (derivedError) Error() string   { return "derived" }
func (e derivedError) Unwrap() error { return e.cause }
func (derivedError) Family() string  { return "family" }
func (derivedError) Kind() string    { return "kind" }

type otherError struct{}

func (*otherError) Error() string { return "other" }

// The rules below answer with the name of the rule, and of what it got.
func got(name string, err error) *errjson.Error {
	return &errjson.Error{Status: 418, Message: fmt.Sprintf("%s gets %T", name, err)}
}

func onAny(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, err error) *errjson.Error { return got(name, err) })
}

func onHTTP(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, e *errjson.Error) *errjson.Error {
		return &errjson.Error{Status: 418, Message: fmt.Sprintf("%s gets %d, %v", name, e.Status, e.Err)}
	})
}

func onDerived(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, err derivedError) *errjson.Error { return got(name, err) })
}

func onFamily(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, err familyError) *errjson.Error { return got(name, err) })
}

func onKind(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, err kindError) *errjson.Error { return got(name, err) })
}

func onStatus(name string, code int) errjson.Rule {
	return errjson.OnStatus(code, func(_ *http.Request, e *errjson.Error) any {
		return map[string]any{"message": fmt.Sprintf("%s gets %d, %v", name, e.Status, e.Err)}
	})
}

// vectorPrecedence has Flask's table of which handler an error goes to, with its
// registrations as rules, and its blueprints as scopes. Where Flask hands an
// HTTP error to a handler for Exception, this package does not: it is then as if
// there were no handler. The message is what the client reads.
func vectorPrecedence(t *testing.T) {
	const (
		plain404 = "There is nothing at this URL."
		plain500 = "The server met an error and could not answer."
	)
	derived := fmt.Errorf("x: %w", derivedError{})
	runtimeError := errors.New("boom")
	type rules = []errjson.Rule
	for _, c := range []struct {
		name  string
		outer rules // the app's
		inner rules // the blueprint's
		err   error
		want  string
	}{
		{"HTTPException only, 404", rules{onHTTP("HTTP")}, nil, errjson.NotFound(""), "HTTP gets 404, <nil>"},
		{"HTTPException only, Sub", rules{onHTTP("HTTP")}, nil, derived, "HTTP gets 500, x: derived"},
		{"HTTPException only, RuntimeError", rules{onHTTP("HTTP")}, nil, runtimeError, "HTTP gets 500, boom"},
		{"Exception only, 404", rules{onAny("any")}, nil, errjson.NotFound(""), plain404},
		{"Exception only, Sub", rules{onAny("any")}, nil, derivedError{}, "any gets errjson_test.derivedError"},
		{"Exception only, RuntimeError", rules{onAny("any")}, nil, runtimeError, "any gets *errors.errorString"},
		{"500 only, 404", rules{onStatus("500", 500)}, nil, errjson.NotFound(""), plain404},
		{"500 only, Sub", rules{onStatus("500", 500)}, nil, derived, "500 gets 500, x: derived"},
		{"500 only, RuntimeError", rules{onStatus("500", 500)}, nil, runtimeError, "500 gets 500, boom"},
		{"all three, 404", rules{onHTTP("HTTP"), onStatus("404", 404), onAny("any")}, nil, errjson.NotFound(""), "404 gets 404, <nil>"},
		{"all three, 403", rules{onHTTP("HTTP"), onStatus("404", 404), onAny("any")}, nil, errjson.Forbidden(""), "HTTP gets 403, <nil>"},
		{"all three, Sub", rules{onHTTP("HTTP"), onStatus("404", 404), onAny("any")}, nil, derivedError{}, "any gets errjson_test.derivedError"},
		{"blueprint HTTPException, app 404", rules{onStatus("app 404", 404)}, rules{onHTTP("bp HTTP")}, errjson.NotFound(""), "app 404 gets 404, <nil>"},
		{"blueprint HTTPException, Sub", rules{onStatus("app 404", 404)}, rules{onHTTP("bp HTTP")}, derived, "bp HTTP gets 500, x: derived"},
		{"blueprint 404, app 404", rules{onStatus("app 404", 404)}, rules{onStatus("bp 404", 404)}, errjson.NotFound(""), "bp 404 gets 404, <nil>"},
		{"blueprint base class, app Sub", rules{onDerived("app Sub")}, rules{onFamily("bp MyErr")}, derived, "bp MyErr gets errjson_test.derivedError"},
		{"blueprint Exception, app Sub", rules{onDerived("app Sub")}, rules{onAny("bp any")}, derivedError{}, "bp any gets errjson_test.derivedError"},
		{"blueprint other, app Sub", rules{onDerived("app Sub")}, rules{onStatus("bp 409", 409)}, derived, "app Sub gets errjson_test.derivedError"},

		// What follows is for the ways in which errors are made in Go.
		{"exact before interface", rules{onFamily("family"), onKind("kind"), onDerived("exact")}, nil, derived, "exact gets errjson_test.derivedError"},
		{"larger interface first", rules{onFamily("family"), onKind("kind")}, nil, derived, "kind gets errjson_test.derivedError"},
		{"the first of two", rules{onDerived("first"), onDerived("second")}, nil, derived, "first gets errjson_test.derivedError"},
		{"the first of two for a status", rules{onStatus("first", 404), onStatus("second", 404)}, nil, errjson.NotFound(""), "first gets 404, <nil>"},
		{"the outer error of two", rules{
			errjson.Map(func(_ *http.Request, err *otherError) *errjson.Error { return got("cause", err) }), onDerived("outer"),
		}, nil, derivedError{&otherError{}}, "outer gets errjson_test.derivedError"},
		{"Join, depth first", rules{onDerived("second"), errjson.Map(func(_ *http.Request, err *otherError) *errjson.Error { return got("first", err) })},
			nil, errors.Join(fmt.Errorf("x: %w", &otherError{}), derivedError{}), "first gets *errjson_test.otherError"},
		{"MapIs", rules{onAny("any"), errjson.MapIs(errSentinel, errjson.Gone("sentinel"))}, nil, fmt.Errorf("x: %w", errSentinel), "sentinel"},
		{"MapIs by an Is method", rules{errjson.MapIs(errSentinel, errjson.Gone("sentinel"))}, nil, sentinelAlias{}, "sentinel"},
		{"Map by an As method", rules{onDerived("as")}, nil, asDerived{}, "as gets errjson_test.derivedError"},
		{"the cause of an HTTP error", rules{onDerived("cause"), onFamily("cause"), errjson.MapIs(errSentinel, errjson.Gone("sentinel"))}, nil,
			&errjson.Error{Status: 404, Err: errors.Join(derivedError{}, errSentinel)}, plain404},
		{"an error around an HTTP error", rules{onDerived("around")}, nil, derivedError{errjson.NotFound("")}, "around gets errjson_test.derivedError"},
		{"the same with a rule for the status", rules{onDerived("around"), onStatus("404", 404)}, nil, derivedError{errjson.NotFound("")}, "404 gets 404, <nil>"},
		{"a rule that does not want to", rules{errjson.Map(func(*http.Request, derivedError) *errjson.Error { return nil }), onFamily("family")},
			nil, derived, "family gets errjson_test.derivedError"},
		{"a rule for a status that does not want to", rules{errjson.OnStatus(404, func(*http.Request, *errjson.Error) any { return nil })},
			nil, errjson.NotFound(""), plain404},
		{"the status after a rule", rules{onDerived("exact"), onStatus("418", 418)}, nil, derived, "418 gets 418, x: derived"},
		{"the zero Rule", rules{{}}, nil, runtimeError, plain500},
		{"foreign status", rules{onStatus("409", 409)}, nil, foreign{409}, "409 gets 409, foreign"},
		{"foreign status that is none", nil, nil, foreign{200}, plain500},
		{"foreign type", rules{errjson.Map(func(_ *http.Request, err foreign) *errjson.Error { return got("foreign", err) })}, nil,
			foreign{409}, "foreign gets errjson_test.foreign"},
		{"foreign GetStatus", rules{onStatus("409", 409)}, nil, fmt.Errorf("x: %w", foreignGet{409}), "409 gets 409, foreign"},
		{"FieldError by a rule", rules{onFieldError("field")}, nil, errors.Join(errjson.FieldError{Message: "x"}), "field gets errjson.FieldError"},
		{"FieldError and a catch-all", rules{onAny("any")}, nil, errjson.FieldError{Message: "x"}, "The input is not valid."},
	} {
		for how, handler := range map[string]http.Handler{"Write": writing(c.err), "panic": panicking(c.err)} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				if c.inner != nil {
					handler = errjson.NewRenderer(errjson.Config{Rules: c.inner}).Render(handler)
				}
				_, outer := newCapture(errjson.Config{Rules: c.outer})
				a := record(outer.Wrap(handler), get("/"))
				want := c.want
				if how == "panic" { // the cause says so
					want = strings.NewReplacer("500, ", "500, panic: ", "418, ", "418, panic: ").Replace(want)
				}
				assert.Contains(t, a.body, `"message":"`+want+`"`)
			})
		}
	}
}

var errSentinel = errors.New("sentinel")

type sentinelAlias struct{}

func (sentinelAlias) Error() string        { return "alias" }
func (sentinelAlias) Is(target error) bool { return target == errSentinel }

type asDerived struct{}

func (asDerived) Error() string { return "as" }

func (asDerived) As(target any) bool {
	d, ok := target.(*derivedError)
	if ok {
		*d = derivedError{}
	}
	return ok
}

// foreign is an error of another library.
type foreign struct{ code int }

func (foreign) Error() string     { return "foreign" }
func (e foreign) StatusCode() int { return e.code }

type foreignGet struct{ code int }

func (foreignGet) Error() string    { return "foreign" }
func (e foreignGet) GetStatus() int { return e.code }

func onFieldError(name string) errjson.Rule {
	return errjson.Map(func(_ *http.Request, err errjson.FieldError) *errjson.Error { return got(name, err) })
}
