package corsmw

import (
	"cmp"
	"slices"
	"strings"
)

// Methods and header names: what a policy may list, and what a preflight may ask for.

var (
	// https://fetch.spec.whatwg.org/#forbidden-method
	forbiddenMethods = []string{"CONNECT", "TRACE", "TRACK"}

	// Methods that nobody means in another spelling. Browsers turn the lower-case forms of all but PATCH into upper case
	// (https://fetch.spec.whatwg.org/#concept-method-normalize), and no router takes "patch" for PATCH.
	knownMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}

	// https://fetch.spec.whatwg.org/#forbidden-request-header, without the names that begin with proxy-, sec- or access-control-.
	forbiddenHeaders = []string{
		"accept-charset", "accept-encoding", "connection", "content-length", "cookie", "cookie2", "date", "dnt", "expect", "host",
		"keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
	}
)

func forbiddenRequestHeader(name string) bool {
	return slices.Contains(forbiddenHeaders, strings.ToLower(name)) || hasPrefixFold(name, "proxy-") || hasPrefixFold(name, "sec-")
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2), as methods and header names are.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenByte = func() (table [256]bool) {
	for c := byte('0'); c <= 'z'; c++ {
		table[c] = '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	for _, c := range []byte("!#$%&'*+-.^_`|~") {
		table[c] = true
	}
	return table
}()

// methods decides about Access-Control-Request-Method.
type methods struct {
	any   bool
	echo  bool // if any: answers name the method
	list  []string
	value string // of Access-Control-Allow-Methods, unless echo
}

func (m *methods) allow(method string) bool {
	switch method {
	case "GET", "HEAD", "POST":
		// Always, whatever the list says (https://fetch.spec.whatwg.org/#cors-safelisted-method).
		return true
	}
	if m.any {
		const longest = 64 // it may be echoed; the longest registered method has 17 bytes
		return len(method) <= longest && isToken(method)
	}
	return slices.Contains(m.list, method)
}

// headers decides about Access-Control-Request-Headers.
type headers struct {
	any    bool
	echo   bool           // if any: answers name the headers
	auth   bool           // if any: Authorization is included
	sorted []string       // if not any: the names, in lower case
	index  map[string]int // their places, if there are many
	value  string         // of Access-Control-Allow-Headers, unless echo

	// What a request may spend. Browsers send each name once and nothing else; the rest is for intermediaries that add white space,
	// repeat names or split the list into lines (RFC 9110, section 5.6.1).
	maxLines, maxBytes int
}

const (
	fewNames = 16 // are found faster one by one than by hash

	spareLines = 16
	spareBytes = 256

	// With "*" the names are not known, and with credentials they are echoed.
	anyLines = 64
	anyBytes = 4096
)

// newHeaders takes the listed names, without "*".
func newHeaders(list []string) headers {
	h := headers{maxLines: len(list) + spareLines, maxBytes: spareBytes}
	for _, name := range list {
		name = strings.ToLower(name)
		h.sorted = append(h.sorted, name)
		h.maxBytes += len(name) + len(", ")
	}
	slices.Sort(h.sorted)
	if len(h.sorted) > fewNames {
		h.index = make(map[string]int, len(h.sorted))
		for i, name := range h.sorted {
			h.index[name] = i
		}
	}
	h.value = strings.Join(h.sorted, ",")
	return h
}

// judge decides about all names in lines, in any order and case, and names the one that is refused.
func (h *headers) judge(lines []string) (why reason, culprit string) {
	// Look at the size before looking at the bytes: a megabyte of commas costs no more than a short list.
	if len(lines) > h.maxLines {
		return headersTooLong, ""
	}
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if size > h.maxBytes {
		return headersTooLong, ""
	}

	next := 0
	for _, line := range lines {
		for line != "" {
			var name string
			if i := strings.IndexByte(line, ','); i < 0 {
				name, line = trimSpace(line), ""
			} else {
				name, line = trimSpace(line[:i]), line[i+1:]
			}
			switch {
			case name == "":
				// An empty element (RFC 9110, section 5.6.1.2).
			case next < len(h.sorted) && h.sorted[next] == name:
				// Browsers send the names in lower case and sorted (https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names),
				// so the next one is often the next in our list.
				next++
			case h.any:
				if !isToken(name) {
					return headerRefused, name
				}
				if !h.auth && strings.EqualFold(name, "authorization") {
					return headerNeedsListing, name
				}
			default:
				i, found := h.find(name)
				if !found {
					return headerRefused, name
				}
				next = i + 1
			}
		}
	}
	return granted, ""
}

// find returns the place of a name in the sorted list. Names with upper-case letters, which browsers do not send, take the slow way.
func (h *headers) find(name string) (i int, found bool) {
	if h.index != nil {
		i, found = h.index[name]
	} else {
		i = slices.Index(h.sorted, name)
		found = i >= 0
	}
	if found || !hasUpper(name) {
		return i, found
	}
	return slices.BinarySearchFunc(h.sorted, name, compareFold)
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return true
		}
	}
	return false
}

// trimSpace removes optional white space (RFC 9110, section 5.6.3).
func trimSpace(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// compareFold compares lower, which has no upper-case letters, with s, whose upper-case letters count as lower case.
func compareFold(lower, s string) int {
	for i := range min(len(lower), len(s)) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return cmp.Compare(lower[i], c)
		}
	}
	return cmp.Compare(len(lower), len(s))
}
