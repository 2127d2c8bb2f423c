package adapter

import (
	"iter"
	"net/http"
)

// SetPathValues sets the path values of r, which is a copy of a request. It changes neither the
// values of the original nor its own URL and headers, which the two share.
func SetPathValues(r *http.Request, values iter.Seq2[string, string]) {
	owned := false
	for name, value := range values {
		if r.PathValue(name) == value {
			continue // an outer Wrap has set it
		}
		if !owned {
			ownPathValues(r)
			owned = true
		}
		r.SetPathValue(name, value)
	}
}

// ownPathValues replaces the path values of r by copies. Only Request.Clone copies them, so it
// clones a request that has nothing else.
func ownPathValues(r *http.Request) {
	bare := *r
	bare.URL, bare.Header, bare.Trailer, bare.TransferEncoding = nil, nil, nil, nil
	bare.Form, bare.PostForm, bare.MultipartForm = nil, nil, nil
	own := bare.Clone(r.Context())
	own.URL, own.Header, own.Trailer = r.URL, r.Header, r.Trailer
	own.TransferEncoding = r.TransferEncoding
	own.Form, own.PostForm, own.MultipartForm = r.Form, r.PostForm, r.MultipartForm
	*r = *own
}

// WithPattern returns r, or a copy of r that has the pattern of the route.
func WithPattern(r *http.Request, pattern string) *http.Request {
	if pattern != "" && pattern != r.Pattern {
		r = r.WithContext(r.Context())
		r.Pattern = pattern
	}
	return r
}
