package errjson

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
)

// A Rule says what an error means, or what the answer with a status looks like,
// as @errorhandler does in Flask. It is made by [Map], [MapIs] or [OnStatus]. The
// zero Rule does nothing. The functions of a rule must be safe for concurrent
// use; one that panics is answered with a constant JSON 500.
//
// For one error at most one Map or MapIs applies, and then at most one OnStatus:
//
//   - An error that is an HTTP error already (an *[Error], or one with a method
//     StatusCode() int or GetStatus() int that returns 400–599) leaves as it is
//     if there is an OnStatus for its status, and no Map or MapIs is asked. Of an
//     error of another library only the status is sent. A client library whose
//     errors have such a method, with the status that another server has
//     answered, wants a Map for them.
//   - Else the error's tree is searched, depth first as errors.As does: first for
//     exact types and MapIs targets, then for interface types, of which one that
//     contains another goes first. Map[error] thus goes last, and never takes an
//     HTTP error, nor one whose meaning [Write] knows.
//   - An error that no rule takes, and that is no HTTP error, becomes a 500 with
//     the error as its cause. Map[*Error] and OnStatus(500, …) are asked for it.
//
// The rules of an inner [Renderer.Render] go before those of an outer one at
// each of these steps, but not before an earlier step: an outer rule for the exact
// status goes before an inner rule for the type.
type Rule struct {
	status  int // of an OnStatus
	content func(*http.Request, *Error) any

	iface reflect.Type // of a Map for an interface type; else nil
	// match reports whether the rule takes this node of an error's tree, and
	// what it makes of it.
	match func(r *http.Request, node error) (e *Error, ok bool)
}

// Map makes HTTP errors of errors of type E: @errorhandler(APIError). E may be a
// concrete type, found as by [errors.As], or an interface type. If fn returns nil
// the rule does not apply. The error is logged as the cause of what fn returns,
// unless that names one of its own.
func Map[E error](fn func(*http.Request, E) *Error) Rule {
	rule := Rule{match: func(r *http.Request, node error) (*Error, bool) {
		target, ok := node.(E)
		if !ok {
			as, isAs := node.(interface{ As(any) bool })
			if !isAs || !as.As(&target) {
				return nil, false
			}
		}
		e := fn(r, target)
		return e, e != nil
	}}
	if t := reflect.TypeFor[E](); t.Kind() == reflect.Interface {
		rule.iface = t
	}
	return rule
}

// MapIs makes e of errors that are target, as by [errors.Is]:
//
//	errjson.MapIs(sql.ErrNoRows, errjson.NotFound(""))
//
// It panics if either is nil.
func MapIs(target error, e *Error) Rule {
	if target == nil || e == nil {
		panic("errjson: MapIs: nil argument")
	}
	comparable := reflect.TypeOf(target).Comparable()
	return Rule{match: func(_ *http.Request, node error) (*Error, bool) {
		return e, comparable && node == target || claims(node, target)
	}}
}

// claims reports whether a node of an error's tree says of itself that it is
// target.
func claims(node, target error) bool {
	is, ok := node.(interface{ Is(error) bool })
	return ok && is.Is(target)
}

// OnStatus gives the answers with a status another body: @errorhandler(404). The
// body is encoded with encoding/json and sent as application/json; the status and
// the header fields stay, Allow for instance. If fn returns nil, the answer is as
// without the rule. The error's Message is never empty.
//
// It panics if the status is not within 400–599.
func OnStatus(status int, fn func(*http.Request, *Error) any) Rule {
	if !isStatus(status) {
		panic(fmt.Sprintf("errjson: OnStatus: %d is not the status of an error", status))
	}
	return Rule{status: status, content: fn}
}

// ruleSet is the rules of one Renderer in the order in which they are asked.
type ruleSet struct {
	onStatus map[int]func(*http.Request, *Error) any
	exact    []Rule // Map of concrete types, and MapIs
	ifaces   []Rule // Map of interface types, the largest first
	catchAll []Rule // Map[error]
}

func newRuleSet(rules []Rule) ruleSet {
	set := ruleSet{onStatus: make(map[int]func(*http.Request, *Error) any)}
	for _, rule := range rules {
		switch {
		case rule.content != nil:
			// Of several for one status the first one counts, as it does
			// for the rules of types.
			if set.onStatus[rule.status] == nil {
				set.onStatus[rule.status] = rule.content
			}
		case rule.match == nil: // the zero Rule
		case rule.iface == nil:
			set.exact = append(set.exact, rule)
		case rule.iface == reflect.TypeFor[error]():
			set.catchAll = append(set.catchAll, rule)
		default:
			set.ifaces = append(set.ifaces, rule)
		}
	}
	// An interface goes before those that it contains. This sorts by the number
	// of methods, since one that contains another has more.
	slices.SortStableFunc(set.ifaces, func(a, b Rule) int {
		return b.iface.NumMethod() - a.iface.NumMethod()
	})
	return set
}

// scopes are the renderers that an error passes on its way out, the innermost
// first.
type scopes []*Renderer

// onStatus returns the content of the answers with a status, or nil.
func (s scopes) onStatus(status int) func(*http.Request, *Error) any {
	for _, rd := range s {
		if fn := rd.rules.onStatus[status]; fn != nil {
			return fn
		}
	}
	return nil
}

// resolve returns the HTTP error that err means to these scopes. Where that names
// no cause, it is the one given: err, or the panic that brought it. The cause that
// is to be logged is returned, too.
func (s scopes) resolve(r *http.Request, err, cause error) (*Error, error) {
	e, search := httpError(err), err
	if e == nil {
		e = meaning(r, err)
		if mapped := s.mapped(r, err, e == nil); mapped != nil {
			return withCause(mapped, cause)
		}
		if e == nil {
			e = known(http.StatusInternalServerError, cause)
		}
		search = e // from here on, it is an HTTP error
	}
	if s.onStatus(e.Status) == nil {
		if mapped := s.mapped(r, search, false); mapped != nil && mapped != e {
			return withCause(mapped, cause)
		}
	}
	return e, cause
}

// meaning returns what an error that is not an HTTP error is known to mean, or
// nil.
func meaning(r *http.Request, err error) (e *Error) {
	walk(err, func(node error) bool {
		switch n := node.(type) {
		case FieldError, *FieldError:
			e = Invalid(fieldErrors(err)...)
			e.Err = err
		case *http.MaxBytesError:
			e = known(http.StatusRequestEntityTooLarge, err)
			// net/http does this for HTTP/1.1 by itself, but only where it
			// sees the writer that it made. HTTP/2 resets the stream alone.
			if r.ProtoMajor < 2 {
				e.Header = http.Header{"Connection": {"close"}}
			}
		default:
			switch {
			case n == context.DeadlineExceeded || claims(n, context.DeadlineExceeded):
				e = known(http.StatusGatewayTimeout, err)
			case r.Context().Err() != nil && (n == context.Canceled || claims(n, context.Canceled)):
				e = known(statusClientClosedRequest, err)
			}
		}
		return e != nil
	})
	return e
}

// known returns the Error that a cause is known to mean.
func known(status int, cause error) *Error {
	return &Error{Status: status, Message: sentence(status), Err: cause}
}

// mapped returns what the rules for types make of err, or nil. Only errors of
// which nothing is known are for the catch-all rules.
func (s scopes) mapped(r *http.Request, err error, unknown bool) *Error {
	for _, rd := range s {
		set := &rd.rules
		e := firstMatch(r, err, set.exact)
		if e == nil {
			e = firstMatch(r, err, set.ifaces)
		}
		if e == nil && unknown {
			e = firstMatch(r, err, set.catchAll)
		}
		if e != nil {
			return e
		}
	}
	return nil
}

// firstMatch returns what the first rule makes of the first node of err's tree
// that it takes, or nil. It does not look into HTTP errors: what caused one must
// not decide over the status that somebody gave it.
func firstMatch(r *http.Request, err error, rules []Rule) (found *Error) {
	if len(rules) == 0 {
		return nil
	}
	walkUntil(err, func(node error) bool {
		for _, rule := range rules {
			if e, ok := rule.match(r, node); ok {
				found = e
				return true
			}
		}
		return false
	}, func(node error) bool { return carriedError(node) != nil })
	return found
}

// withCause returns what a rule has made of an error, and the cause of that: the
// one that the rule has named, or the one given, which is then noted in a copy.
func withCause(e *Error, cause error) (*Error, error) {
	if e.Err != nil {
		return e, e.Err
	}
	c := *e
	c.Err = cause
	return &c, cause
}

// httpError returns the first HTTP error in err's tree, or nil.
func httpError(err error) (found *Error) {
	if e, ok := err.(*Error); ok {
		return e // most are
	}
	walk(err, func(node error) bool {
		found = carriedError(node)
		return found != nil
	})
	return found
}

// carriedError returns the HTTP error that a node of an error's tree is, or nil.
// Of an error of another library only the status is taken: whether its text is
// meant for clients is not known.
func carriedError(node error) *Error {
	switch n := node.(type) {
	case *Error:
		return n
	case interface{ StatusCode() int }:
		if status := n.StatusCode(); isStatus(status) {
			return &Error{Status: status, Err: node}
		}
	case interface{ GetStatus() int }:
		if status := n.GetStatus(); isStatus(status) {
			return &Error{Status: status, Err: node}
		}
	}
	return nil
}
