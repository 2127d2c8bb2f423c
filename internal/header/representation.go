package header

import (
	"net/http"
	"slices"
	"strings"
)

// representation has the headers that describe the body that they were set for, and must not
// describe another one (RFC 9110, Section 8; RFC 9530, Sections 2 and 3).
var representation = map[string]bool{
	"Cache-Control": true, "Content-Digest": true, "Content-Disposition": true,
	"Content-Encoding": true, "Content-Language": true, "Content-Length": true,
	"Content-Location": true, "Content-Md5": true, "Content-Range": true, "Content-Type": true,
	"Digest": true, "Etag": true, "Expires": true, "Last-Modified": true, "Repr-Digest": true,
	"Trailer": true, "Transfer-Encoding": true,
}

// isRepresentation reports whether a header describes the body. The name need not be in canonical
// form: net/http sends the names in the map.
func isRepresentation(name string) bool {
	return representation[name] || representation[http.CanonicalHeaderKey(name)] ||
		strings.HasPrefix(name, http.TrailerPrefix)
}

// CloneRepresentation returns a copy of the representation headers in h, or nil if there are none.
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
// were there before the handler. It keeps the headers with the names in keep.
func ReplaceRepresentation(h, entry http.Header, keep ...string) {
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
