// Package header sets the headers of a response.
package header

import (
	"net/http"
	"slices"
)

// Merge copies headers into dst under their canonical names. Each replaces the header of the same
// name in dst, except that the values of Vary and Set-Cookie are added: those in dst may be from a
// middleware.
func Merge(dst, headers http.Header) {
	if len(headers) == 0 {
		return // the common case; a loop over a map is not cheap
	}
	for name, values := range headers {
		name = http.CanonicalHeaderKey(name)
		var old []string
		if name == "Vary" || name == "Set-Cookie" {
			old = dst[name]
		}
		dst[name] = slices.Concat(old, values) // a copy: headers may be shared
	}
}
