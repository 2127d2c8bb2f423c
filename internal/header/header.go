// Package header puts header fields into an answer.
package header

import (
	"net/http"
	"slices"
)

// Merge copies fields into dst, under their canonical names. A field replaces
// what dst has under its name, but for Vary and Set-Cookie: of these dst's may be
// from a middleware, and each line stands for itself, so that they are added to.
func Merge(dst, fields http.Header) {
	if len(fields) == 0 {
		return // most have none, and to begin a loop over a map is not cheap
	}
	for name, values := range fields {
		name = http.CanonicalHeaderKey(name)
		var old []string
		if name == "Vary" || name == "Set-Cookie" {
			old = dst[name]
		}
		dst[name] = slices.Concat(old, values) // a copy: fields may be shared
	}
}
