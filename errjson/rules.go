package errjson

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/statustext"
)

// A Rule maps an error to an HTTP error, or a status to a response body, as @errorhandler does in
// Flask. [Map], [MapIs] and [OnStatus] return rules. The zero Rule does nothing. The functions of a
// rule must be safe for concurrent use. If one panics, a constant JSON 500 is sent.
//
// For one error at most one Map or MapIs applies, and then at most one OnStatus:
//
//   - An HTTP error is an *[Error], or an error with a method StatusCode() int or GetStatus() int
//     that returns 400–599. If there is an OnStatus for its status, it is sent as it is, and no Map
//     or MapIs is called. Only the status of another library's error is sent. A client library
//     whose errors have such a method, with the status of an upstream server, needs a Map.
//   - Otherwise the error's tree is searched, depth first as by errors.As: first for exact types
//     and MapIs targets, then for interface types. An interface that contains another one comes
//     before it, so Map[error] comes last. It never matches an HTTP error or an error that [Write]
//     knows.
//   - An error that no rule matches, and that is not an HTTP error, becomes a 500 with the error as
//     its cause. Map[*Error] and OnStatus(500, …) are called for it.
//
// The rules of an inner Renderer come before those of an outer one at each of these steps, but not
// before an earlier step: an outer rule for the exact status comes before an inner rule for the
// type.
type Rule struct {
	status int // of an OnStatus
	body   func(*http.Request, *Error) any

	iface reflect.Type // of a Map for an interface type, otherwise nil
	// match reports whether the rule matches a node of an error's tree, and returns the HTTP
	// error for it.
	match func(r *http.Request, node error) (e *Error, ok bool)
}

// Map maps errors of type E to HTTP errors: @errorhandler(APIError). E is a concrete type, found as
// by [errors.As], or an interface type. The rule does not apply if fn returns nil. The original
// error is logged as the cause of the returned Error, unless that has a cause of its own.
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

// MapIs maps errors that are target, as by [errors.Is], to e:
//
//	errjson.MapIs(sql.ErrNoRows, errjson.NotFound(""))
//
// It panics if either argument is nil.
func MapIs(target error, e *Error) Rule {
	if target == nil || e == nil {
		panic("errjson: MapIs: nil argument")
	}
	comparable := reflect.TypeOf(target).Comparable()
	return Rule{match: func(_ *http.Request, node error) (*Error, bool) {
		return e, comparable && node == target || isTarget(node, target)
	}}
}

// isTarget reports whether a node of an error's tree has an Is method that matches target.
func isTarget(node, target error) bool {
	is, ok := node.(interface{ Is(error) bool })
	return ok && is.Is(target)
}

// OnStatus replaces the body of the responses with a status: @errorhandler(404). The body is
// encoded with encoding/json and sent as application/json. The status and the headers stay, such as
// Allow. If fn returns nil, the response is the one without the rule. The error's Message is never
// empty.
//
// It panics if the status is not within 400–599.
func OnStatus(status int, fn func(*http.Request, *Error) any) Rule {
	if !statustext.IsError(status) {
		panic(fmt.Sprintf("errjson: OnStatus: %d is not an error status", status))
	}
	return Rule{status: status, body: fn}
}

// ruleSet holds the rules of one Renderer in the order in which they are tried.
type ruleSet struct {
	onStatus map[int]func(*http.Request, *Error) any
	exact    []Rule // Map of concrete types, and MapIs
	ifaces   []Rule // Map of interface types, the largest first
	catchAll []Rule // Map[error]
}

func newRuleSet(rules []Rule) ruleSet {
	var set ruleSet
	for _, rule := range rules {
		switch {
		case rule.body != nil:
			// The first of several rules for one status counts, as for types.
			if set.onStatus == nil {
				set.onStatus = make(map[int]func(*http.Request, *Error) any)
			}
			if set.onStatus[rule.status] == nil {
				set.onStatus[rule.status] = rule.body
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
	// An interface that contains another one has more methods.
	slices.SortStableFunc(set.ifaces, func(a, b Rule) int {
		return b.iface.NumMethod() - a.iface.NumMethod()
	})
	return set
}

// onStatus returns the first OnStatus function for a status, or nil.
func onStatus(renderers []*Renderer, status int) func(*http.Request, *Error) any {
	for _, rd := range renderers {
		if fn := rd.rules.onStatus[status]; fn != nil {
			return fn
		}
	}
	return nil
}

// resolve returns the HTTP error for err by the rules of the renderers, the innermost first, and
// the cause to log. That is the cause of the HTTP error, or the given one: err, or the panic with
// err.
func resolve(renderers []*Renderer, r *http.Request, err, cause error) (*Error, error) {
	e, search := httpError(err), err
	if e == nil {
		e = classify(r, err)
		if mapped := applyRules(renderers, r, err, e == nil); mapped != nil {
			return withCause(mapped, cause)
		}
		if e == nil {
			e = newError(http.StatusInternalServerError, cause)
		}
		search = e // it is an HTTP error now
	}
	if onStatus(renderers, e.Status) == nil {
		if mapped := applyRules(renderers, r, search, false); mapped != nil && mapped != e {
			return withCause(mapped, cause)
		}
	}
	return e, cause
}

// applyRules returns the result of the first rule for types that matches, or nil. The catch-all
// rules are for errors that the package does not know.
func applyRules(renderers []*Renderer, r *http.Request, err error, unknown bool) *Error {
	for _, rd := range renderers {
		set := &rd.rules
		for i, rules := range [...][]Rule{set.exact, set.ifaces, set.catchAll} {
			if len(rules) == 0 || i == 2 && !unknown {
				continue
			}
			if e := firstMatch(r, err, rules); e != nil {
				return e
			}
		}
	}
	return nil
}

// firstMatch returns the result of the first rule that matches the first matching node of err's
// tree, or nil. It does not search the causes of HTTP errors: a cause must not replace the status
// that the program gave to the error.
func firstMatch(r *http.Request, err error, rules []Rule) (found *Error) {
	errtree.Walk(err, func(node error) errtree.Next {
		for _, rule := range rules {
			if e, ok := rule.match(r, node); ok {
				found = e
				return errtree.Stop
			}
		}
		if asHTTPError(node) != nil {
			return errtree.Skip
		}
		return errtree.Descend
	})
	return found
}

// withCause returns e with its cause, or with the given one in a copy.
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
		return e // the common case
	}
	errtree.Walk(err, func(node error) errtree.Next {
		if found = asHTTPError(node); found != nil {
			return errtree.Stop
		}
		return errtree.Descend
	})
	return found
}

// asHTTPError returns the HTTP error that a node of an error's tree is, or nil. The text of another
// library's error may not be meant for clients, so only its status is used.
func asHTTPError(node error) *Error {
	switch n := node.(type) {
	case *Error:
		return n
	case interface{ StatusCode() int }:
		if status := n.StatusCode(); statustext.IsError(status) {
			return &Error{Status: status, Err: node}
		}
	case interface{ GetStatus() int }:
		if status := n.GetStatus(); statustext.IsError(status) {
			return &Error{Status: status, Err: node}
		}
	}
	return nil
}
