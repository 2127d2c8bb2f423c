package header

import (
	"net/http"
	"slices"
	"strings"
)

// isRepresentation reports whether a header describes the body that it was set for, and must not
// describe another one (RFC 9110, Section 8; RFC 9530, Sections 2 and 3). The name need not be in
// canonical form: net/http sends the names in the map.
func isRepresentation(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Cache-Control", "Content-Digest", "Content-Disposition", "Content-Encoding",
		"Content-Language", "Content-Length", "Content-Location", "Content-Md5",
		"Content-Range", "Content-Type", "Digest", "Etag", "Expires", "Last-Modified",
		"Repr-Digest", "Trailer", "Transfer-Encoding":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix)
}

// CloneRepresentation returns a copy of the representation headers in h, or nil if h has no such headers.
func CloneRepresentation(h http.Header) (cloned http.Header) {
	for name, values := range h {
		if isRepresentation(name) {
			if cloned == nil {
				cloned = make(http.Header)
			}
			cloned[name] = slices.Clone(values)
		}
	}
	return cloned
}

// ReplaceRepresentation replaces the representation headers in h by copies of those in entry, which
// were there before the handler. It keeps the headers with the names in keep. A Content-Type that
// is the only one may stay: the caller sets it anew.
func ReplaceRepresentation(h, entry http.Header, keep ...string) {
	others := len(h)
	for _, name := range [...]string{"Content-Type", "X-Content-Type-Options"} { // of http.Error
		if h[name] != nil {
			others--
		}
	}
	if entry == nil && others == 0 {
		return // the common case; a loop over a map is not cheap
	}
	for name := range h {
		if isRepresentation(name) && !slices.Contains(keep, name) {
			delete(h, name)
		}
	}
	for name, values := range entry {
		if h[name] == nil || !slices.Contains(keep, name) {
			h[name] = slices.Clone(values)
		}
	}
}
