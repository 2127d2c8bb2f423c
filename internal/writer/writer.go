// Package writer follows response writers to the writers that they wrap.
package writer

import "net/http"

// Unwrap returns the writer that w wraps, as http.ResponseController finds it, or nil.
func Unwrap(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return nil
}

// Capabilities reports whether http.ResponseController can flush w and hijack its connection.
func Capabilities(w http.ResponseWriter) (canFlush, canHijack bool) {
	for ; w != nil && !(canFlush && canHijack); w = Unwrap(w) {
		if !canFlush {
			switch w.(type) {
			case http.Flusher, interface{ FlushError() error }:
				canFlush = true
			}
		}
		if !canHijack {
			_, canHijack = w.(http.Hijacker)
		}
	}
	return canFlush, canHijack
}
