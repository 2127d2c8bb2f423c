package flaskwire

import (
	"net/http"
	"slices"
	"strings"
)

// A verdict is what a browser concludes from an answer about a page of another
// origin, for requests without and with credentials. The zero verdict is that of a
// request without an Origin, about which a browser asks nothing.
type verdict struct {
	asked    bool
	readable [2]bool // the CORS check passes: the page may read the answer
	granted  [2]bool // the preflight passes: the request may be sent
	headers  string  // the response headers that the page can read beside the safelisted ones, if it can read any
	maxAge   string  // how long the preflight is remembered
}

// judge is the browser's part of the Fetch standard.
func judge(r *wireRequest, status int, h http.Header) verdict {
	origin := r.header("origin")
	if origin == "" {
		return verdict{}
	}
	v := verdict{asked: true}
	preflight := r.isPreflight()
	for mode, credentials := range []bool{false, true} {
		ok := corsCheck(origin, h, credentials)
		if preflight {
			v.granted[mode] = ok && status >= 200 && status <= 299 && methodListed(r, h, credentials) && headersListed(r, h, credentials)
		} else {
			v.readable[mode] = ok
		}
	}
	if v.readable[0] {
		v.headers = strings.Join(listed(h, "Access-Control-Expose-Headers", true), ",")
	}
	if v.granted[0] {
		v.maxAge = h.Get("Access-Control-Max-Age")
	}
	return v
}

// corsCheck is https://fetch.spec.whatwg.org/#cors-check.
func corsCheck(origin string, h http.Header, credentials bool) bool {
	allowed := strings.Join(h.Values("Access-Control-Allow-Origin"), ", ")
	if !credentials && allowed == "*" {
		return true
	}
	if allowed == "" || allowed != origin {
		return false
	}
	return !credentials || h.Get("Access-Control-Allow-Credentials") == "true"
}

// methodListed and headersListed are steps 7.5 and 7.6 of
// https://fetch.spec.whatwg.org/#cors-preflight-fetch.
func methodListed(r *wireRequest, h http.Header, credentials bool) bool {
	method := r.header("access-control-request-method")
	if slices.Contains([]string{"GET", "HEAD", "POST"}, method) {
		return true
	}
	list := listed(h, "Access-Control-Allow-Methods", false)
	return method != "" && slices.Contains(list, method) || !credentials && slices.Contains(list, "*")
}

func headersListed(r *wireRequest, h http.Header, credentials bool) bool {
	list := listed(h, "Access-Control-Allow-Headers", true)
	for _, line := range r.Headers["access-control-request-headers"] {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.ToLower(strings.Trim(name, " \t"))
			any := !credentials && name != "authorization" && slices.Contains(list, "*")
			if name != "" && !any && !slices.Contains(list, name) {
				return false
			}
		}
	}
	return true
}

// listed returns the sorted elements of a list header.
func listed(h http.Header, name string, fold bool) []string {
	var elements []string
	for _, line := range h.Values(name) {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element == "" {
				continue
			}
			if fold {
				element = strings.ToLower(element)
			}
			elements = append(elements, element)
		}
	}
	slices.Sort(elements)
	return slices.Compact(elements)
}
