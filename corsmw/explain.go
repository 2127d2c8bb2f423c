package corsmw

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Decision is what a policy makes of one request, in words, for logs, tests and people who ask why. It is not meant to be
// compared as a whole: the words may change.
type Decision struct {
	// Pattern is the pattern whose policy decided, for [Routes]. It is empty if none did, and for a Middleware.
	Pattern string

	// Preflight reports whether the request is a preflight, which the middleware answers and the handler never sees.
	Preflight bool

	// Allowed reports whether a browser gives the page what it asks for: the answer, or after a preflight, the request itself. It is
	// true for requests without Origin, to which CORS does not apply.
	Allowed bool

	// Reason says why. Whatever comes from the request is quoted and cut, so the text is safe in a log.
	Reason string
}

// String returns the decision on one line, such as
//
//	preflight refused: method "DELETE" is not in AllowMethods
func (d Decision) String() string {
	kind, outcome := "request", "refused"
	if d.Preflight {
		kind = "preflight"
	}
	if d.Allowed {
		outcome = "allowed"
	}
	if d.Pattern != "" {
		kind += " to " + quote(d.Pattern)
	}
	return kind + " " + outcome + ": " + d.Reason
}

// Explain says what the policy in force makes of r, and why. It writes nothing and does not change r. It decides with the very code
// that [Middleware.Apply] uses, and so it asks AllowOriginFunc, if there is one. It takes its time to find the words: call it for
// requests that are of interest, not for all.
func (m *Middleware) Explain(r *http.Request) Decision {
	p := m.load()
	origins := r.Header[headerOrigin]
	methods := preflight(r, origins)
	d := Decision{Preflight: len(methods) > 0}
	switch {
	case p == nil:
		d.Preflight = false
		d.Allowed = len(origins) == 0
		d.Reason = "there is no policy, so no CORS header is added"
		return d
	case len(origins) == 0:
		d.Allowed = true
		d.Reason = "no Origin header, so CORS does not apply"
		return d
	}

	var why reason
	var culprit string
	if d.Preflight {
		why, culprit = p.judgePreflight(r, origins, methods)
	} else {
		why = p.judgeOrigin(r, origins)
	}
	d.Allowed = why == granted
	switch why {
	case granted:
		d.Reason = p.explainGrant(origins[0])
		if !p.credentials && r.Header["Cookie"] != nil {
			d.Reason += "; it has cookies, and browsers show the answer to a request with credentials only with AllowCredentials"
		}
	case originRefused:
		d.Reason = p.explainRefusal(r, origins[0])
	case originRepeated:
		d.Reason = fmt.Sprintf("%d Origin headers, and browsers send one", len(origins))
	case methodRepeated:
		d.Reason = fmt.Sprintf("%d %s headers, and browsers send one", len(methods), headerReqMethod)
	case methodRefused:
		d.Reason = "method " + quote(methods[0]) + " is not in AllowMethods"
		if p.methods.any {
			d.Reason = quote(methods[0]) + " is not a method"
		}
		if i := slices.IndexFunc(p.methods.list, func(m string) bool { return strings.EqualFold(m, methods[0]) }); i >= 0 {
			d.Reason += "; " + quote(p.methods.list[i]) + " is, and methods are case-sensitive"
		}
	case headersTooLong:
		d.Reason = headerReqHeaders + " is longer than AllowHeaders can make it"
	case headerRefused:
		d.Reason = "header " + quote(culprit) + " is not in AllowHeaders"
		if p.headers.any {
			d.Reason = quote(culprit) + " is not the name of a header"
		}
	case headerNeedsListing:
		d.Reason = "header " + quote(culprit) + ` is not included in "*": AllowHeaders must list it beside that`
	}
	return d
}

// explainGrant says which entry allows an origin that is allowed.
func (p *policy) explainGrant(origin string) string {
	if p.origins.any {
		return `AllowOrigins has "*"`
	}
	for _, entry := range p.config.AllowOrigins {
		e, _ := readPattern(entry)
		if o := newOrigins([]pattern{e}); o.allow(origin) {
			return "AllowOrigins has " + quote(entry)
		}
	}
	return "AllowOriginFunc allows " + quote(origin)
}

// explainRefusal says what an origin lacks, as far as one can tell.
func (p *policy) explainRefusal(r *http.Request, origin string) string {
	text := "origin " + quote(origin) + " is not in AllowOrigins"
	if p.originFunc != nil {
		text = "origin " + quote(origin) + " is neither in AllowOrigins nor allowed by AllowOriginFunc"
	}
	if origin == "null" {
		return text + "; it comes from a sandboxed frame, a local file or a redirect"
	}
	o, reason := readPattern(origin)
	if reason == "" && !o.exact() {
		reason = `"*" is for policies`
	}
	if reason != "" {
		return text + "; no browser sends it: " + reason
	}
	if o.host+o.port == r.Host {
		return text + "; it has the host of the request, and for the same origin browsers do not need CORS"
	}
	for _, entry := range p.config.AllowOrigins {
		e, _ := readPattern(entry)
		switch below := strings.HasSuffix(o.host, "."+e.host); {
		case e.below && o.host == e.host:
			return text + "; " + quote(entry) + " stands for the hosts below that one"
		case !e.below && below && o.scheme == e.scheme:
			return text + "; " + quote(entry) + " does not stand for the hosts below it"
		case e.below != below || !below && o.host != e.host:
		case o.scheme != e.scheme:
			return text + "; " + quote(entry) + " has another scheme"
		case o.port != e.port:
			return text + "; " + quote(entry) + " has another port"
		}
	}
	return text
}
