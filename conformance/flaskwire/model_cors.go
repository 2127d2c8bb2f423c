package flaskwire

// What the rules know of the policies: what a browser is to conclude.

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hipflask/hipflask/corsmw"
)

// conclude makes the verdict that of the policy in force.
func conclude(x *exchange, a *answer) { a.verdict = x.model() }

// model returns what a browser concludes from an answer by the policy in force: the
// rules of corsmw once more, in a simple form.
func (x *exchange) model() verdict {
	v := verdict{asked: x.Request.header("origin") != ""}
	policy, origin := x.policy(), x.Request.header("origin")
	if policy == nil || !v.asked {
		return v
	}
	ok := slices.Contains(policy.AllowOrigins, "*") || slices.Contains(policy.AllowOrigins, origin) ||
		slices.Contains(policy.AllowOrigins, "https://*.example.com") && belowExample.MatchString(origin) ||
		policy.AllowOriginFunc != nil && policy.AllowOriginFunc(nil, origin)
	if !x.Request.isPreflight() {
		v.readable = [2]bool{ok, ok && policy.AllowCredentials}
		if ok {
			v.headers = strings.ToLower(strings.Join(slices.Sorted(slices.Values(policy.ExposeHeaders)), ","))
		}
		return v
	}
	method := x.Request.header("access-control-request-method")
	ok = ok && (slices.Contains([]string{"GET", "HEAD", "POST"}, method) || slices.Contains(policy.AllowMethods, method))
	for name := range strings.SplitSeq(x.Request.header("access-control-request-headers"), ",") {
		name = strings.TrimSpace(name)
		listed := slices.ContainsFunc(policy.AllowHeaders, func(allowed string) bool { return strings.EqualFold(allowed, name) })
		ok = ok && (name == "" || listed || slices.Contains(policy.AllowHeaders, "*") && token.MatchString(name))
	}
	v.granted = [2]bool{ok, ok && policy.AllowCredentials}
	if ok && policy.MaxAge > 0 {
		v.maxAge = strconv.Itoa(policy.MaxAge)
	}
	return v
}

// passes reports whether a browser lets a page go on after Flask's answer.
func (x *exchange) passes() bool {
	if !x.isCORS() {
		return false
	}
	v := x.recorded().verdict
	return v.readable[0] || v.granted[0]
}

// allowed reports whether Flask's answer allows the origin of the request.
func (x *exchange) allowed() bool {
	return x.isCORS() && x.Request.has("origin") && x.Flask.Headers["access-control-allow-origin"] != nil
}

// policy returns the CORS policy in force, or nil.
func (x *exchange) policy() *corsmw.Config {
	if x.app == nil || x.app.policy == nil {
		return nil
	}
	return x.app.policy(x.Request.path())
}

// belowExample are the origins that https://*.example.com is meant for.
var belowExample = regexp.MustCompile(`^https://[a-z0-9.-]+\.example\.com$`)

// token is a header's name (RFC 9110, Section 5.6.2).
var token = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$")
