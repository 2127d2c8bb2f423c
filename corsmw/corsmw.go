package corsmw

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// The headers of the CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol) in the form that [http.Header] keys have, so
// that the hot path reads and writes the map itself.
const (
	headerOrigin        = "Origin"
	headerVary          = "Vary"
	headerReqMethod     = "Access-Control-Request-Method"
	headerReqHeaders    = "Access-Control-Request-Headers"
	headerReqPrivate    = "Access-Control-Request-Private-Network"
	headerAllowOrigin   = "Access-Control-Allow-Origin"
	headerAllowCreds    = "Access-Control-Allow-Credentials"
	headerAllowMethods  = "Access-Control-Allow-Methods"
	headerAllowHeaders  = "Access-Control-Allow-Headers"
	headerAllowPrivate  = "Access-Control-Allow-Private-Network"
	headerExposeHeaders = "Access-Control-Expose-Headers"
	headerMaxAge        = "Access-Control-Max-Age"
)

// A Middleware applies one CORS policy to requests. Make one with [New].
//
// The zero value and a nil *Middleware are ready to use and change nothing: every request goes to the handler, and no header is added.
// The zero value starts to work with a successful [Middleware.Reconfigure].
//
// All methods may be called concurrently. A Middleware must not be copied after first use.
type Middleware struct {
	policy atomic.Pointer[policy]
}

// New returns a Middleware for cfg. If cfg is at fault, it returns nil and an error that joins one [*ConfigError] per fault, all of
// them, in the order of Config's fields; [errors.As] finds the first. The zero Config is at fault: it allows no origin.
//
// New copies what it needs: changing the slices of cfg later changes nothing.
func New(cfg Config) (*Middleware, error) {
	m := new(Middleware)
	if err := m.Reconfigure(cfg); err != nil {
		return nil, err
	}
	return m, nil
}

// Must returns v and panics if err is not nil. It is for policies that are part of the program's text:
//
//	cors := corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"https://example.com"}}))
//
// For a policy from a file or the environment handle the error instead. Must serves [New] and [NewRoutes].
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Reconfigure replaces the policy, while requests are being served if need be. Each request is answered wholly by the old or wholly by
// the new policy. If cfg is at fault, Reconfigure returns the error that [New] would return, and the old policy stays.
// It panics on a nil *Middleware, which has no place to keep a policy.
func (m *Middleware) Reconfigure(cfg Config) error {
	p, err := newPolicy(cfg)
	if err != nil {
		return err
	}
	m.policy.Store(p)
	return nil
}

// Config returns a copy of the policy in force: what [New] or [Middleware.Reconfigure] was given, without the entries that another
// entry makes redundant. Passing it to Reconfigure changes nothing. A Middleware that has no policy returns the zero Config.
func (m *Middleware) Config() Config {
	p := m.load()
	if p == nil {
		return Config{}
	}
	return p.config.clone()
}

func (m *Middleware) load() *policy {
	if m == nil {
		return nil
	}
	return m.policy.Load()
}

// Wrap returns a handler that answers CORS preflights itself and lets next answer every other request, with the CORS headers
// already in place. It panics if next is nil. See the package documentation for the place of the result in a chain.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	if next == nil {
		panic("corsmw: Wrap of a nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !m.Apply(w, r) {
			next.ServeHTTP(w, r)
		}
	})
}

// Apply is one step of [Middleware.Wrap], for adapters to frameworks that have their own form of middleware. If it returns true, r was
// a preflight and has been answered: the caller must not write to w. If it returns false, the CORS headers are in w.Header() and
// the request is the handler's.
func (m *Middleware) Apply(w http.ResponseWriter, r *http.Request) (answered bool) {
	p := m.load()
	if p == nil {
		return false
	}
	origins := r.Header[headerOrigin]
	if methods := preflight(r, origins); len(methods) > 0 {
		p.answerPreflight(w, r, origins, methods)
		return true
	}
	p.decorate(w.Header(), r, origins)
	return false
}

// preflight returns the Access-Control-Request-Method lines if r is a CORS-preflight request: OPTIONS with that header and with
// Origin, all three (https://fetch.spec.whatwg.org/#cors-preflight-request). Any other OPTIONS request is an ordinary one.
func preflight(r *http.Request, origins []string) []string {
	if r.Method != http.MethodOptions || len(origins) == 0 {
		return nil
	}
	return r.Header[headerReqMethod]
}

// decorate adds the headers of an ordinary ("actual") request. Whoever is refused gets none, and the handler runs all the same: the
// browser keeps the answer from the page (https://fetch.spec.whatwg.org/#cors-check), and clients that are no browsers are not
// concerned.
func (p *policy) decorate(h http.Header, r *http.Request, origins []string) {
	if p.origins.any {
		// The same for everybody, also without Origin: a cache may keep the answer to one request for another, and needs no Vary
		// (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
		v := make(values, 0, p.actualSize)
		h[headerAllowOrigin] = v.add("*")
		if p.expose != "" {
			h[headerExposeHeaders] = v.add(p.expose)
		}
		return
	}

	others := h[headerVary]
	if len(origins) == 0 || p.judgeOrigin(r, origins) != granted {
		// The same Vary as on a granted request, or a cache would give this answer to those who are allowed.
		p.vary.addTo(h, others)
		return
	}
	v := make(values, 0, p.actualSize+len(others))
	v.vary(h, others, &p.vary)
	h[headerAllowOrigin] = v.add(origins[0])
	if p.credentials {
		h[headerAllowCreds] = v.add("true")
	}
	if p.expose != "" {
		h[headerExposeHeaders] = v.add(p.expose)
	}
}

// answerPreflight decides first and writes once, so that a refused preflight discloses nothing of the policy.
func (p *policy) answerPreflight(w http.ResponseWriter, r *http.Request, origins, methods []string) {
	h := w.Header()
	others := h[headerVary]
	if why, _ := p.judgePreflight(r, origins, methods); why != granted {
		p.preflightVary.addTo(h, others)
		w.WriteHeader(http.StatusForbidden)
		return
	}

	asked := r.Header[headerReqHeaders]
	v := make(values, 0, p.preflightSize+len(others)+len(asked))
	v.vary(h, others, &p.preflightVary)
	if p.origins.any {
		h[headerAllowOrigin] = v.add("*")
	} else {
		h[headerAllowOrigin] = v.add(origins[0])
	}
	if p.credentials {
		h[headerAllowCreds] = v.add("true")
	}
	// Methods and headers go out as the whole list, not only what was asked for: the browser remembers all of it for MaxAge
	// (https://fetch.spec.whatwg.org/#concept-cache-create-entry) and needs no second preflight for another method or header.
	// But with credentials, "*" would be taken literally (https://fetch.spec.whatwg.org/#cors-protocol-and-credentials), so the
	// request is echoed; judgePreflight has bounded it.
	switch {
	case p.methods.echo:
		h[headerAllowMethods] = v.add(methods[0])
	case p.methods.value != "":
		h[headerAllowMethods] = v.add(p.methods.value)
	}
	switch {
	case len(asked) == 0:
	case p.headers.echo:
		h[headerAllowHeaders] = v.addAll(asked)
	case p.headers.value != "":
		h[headerAllowHeaders] = v.add(p.headers.value)
	}
	if p.maxAge != "" {
		h[headerMaxAge] = v.add(p.maxAge)
	}
	if p.privateNetwork && r.Header.Get(headerReqPrivate) == "true" {
		h[headerAllowPrivate] = v.add("true")
	}
	w.WriteHeader(p.preflightStatus)
}

// A reason says why a request is refused, or that it is not.
type reason uint8

const (
	granted reason = iota
	originRepeated
	originRefused
	methodRepeated
	methodRefused
	headersTooLong
	headerRefused
	headerNeedsListing
)

// judgeOrigin decides about the Origin lines of a request that has any. More than one is not what a browser sends, and is refused.
func (p *policy) judgeOrigin(r *http.Request, origins []string) reason {
	switch {
	case p.origins.any:
		return granted
	case len(origins) > 1:
		return originRepeated
	}
	origin := origins[0]
	if p.origins.allow(origin) {
		return granted
	}
	// The function sees nothing but what a browser can send, so it can neither echo a megabyte nor be led astray by "@" or "/".
	if p.originFunc != nil && serializedOrigin(origin) && p.originFunc(r, origin) {
		return granted
	}
	return originRefused
}

// judgePreflight decides about a preflight as the browser will on seeing the answer (steps 7.1 to 7.7 of
// https://fetch.spec.whatwg.org/#cors-preflight-fetch), and names the header at fault if one is. The work is bounded by the policy,
// whatever the size of the request.
func (p *policy) judgePreflight(r *http.Request, origins, methods []string) (why reason, culprit string) {
	if why := p.judgeOrigin(r, origins); why != granted {
		return why, ""
	}
	if len(methods) > 1 {
		return methodRepeated, ""
	}
	if !p.methods.allow(methods[0]) {
		return methodRefused, ""
	}
	if asked := r.Header[headerReqHeaders]; len(asked) > 0 {
		return p.headers.judge(asked)
	}
	return granted, ""
}

// values is the memory of an answer, from which all its header values come.
//
// Answers share nothing, so that a handler or another middleware that overwrites a value in place spoils no later answer. This
// memory is the one allocation that an answer costs. If it was made too small, adding to it costs another one, and nothing else
// changes.
type values []string

// add returns a header value. It has no spare capacity, so that an append by a handler copies, and cannot reach its neighbour.
func (v *values) add(value string) []string {
	n := len(*v)
	*v = append(*v, value)
	return (*v)[n : n+1 : n+1]
}

func (v *values) addAll(lines []string) []string {
	n := len(*v)
	*v = append(*v, lines...)
	return (*v)[n:len(*v):len(*v)]
}

// vary is what a policy says in the Vary header.
type vary struct {
	names []string
	line  string // the names, joined
}

// addTo adds the line to those that others have put there: Vary is a list (RFC 9110, section 12.5.5).
func (own *vary) addTo(h http.Header, others []string) {
	if len(others) == 0 {
		h[headerVary] = []string{own.line}
		return
	}
	v := make(values, 0, len(others)+1)
	v.vary(h, others, own)
}

// vary does the same with the memory of an answer.
func (v *values) vary(h http.Header, others []string, own *vary) {
	if len(others) == 0 {
		h[headerVary] = v.add(own.line)
	} else if !own.isIn(others) {
		v.addAll(others)
		v.add(own.line)
		n := len(*v)
		h[headerVary] = (*v)[n-len(others)-1 : n : n]
	}
}

// isIn reports whether lines have "*" or all names. It is a courtesy, so it does not go through lists of unusual length.
func (own *vary) isIn(lines []string) bool {
	const maxLines, maxBytes = 8, 256
	if len(lines) > maxLines {
		return false
	}
	has := func(name string) bool {
		for _, line := range lines {
			if len(line) > maxBytes {
				continue
			}
			for element := range strings.SplitSeq(line, ",") {
				if strings.EqualFold(trimSpace(element), name) {
					return true
				}
			}
		}
		return false
	}
	if has("*") {
		return true
	}
	for _, name := range own.names {
		if !has(name) {
			return false
		}
	}
	return true
}
