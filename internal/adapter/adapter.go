// Package adapter has the parts that the adapters for Gin and Echo share. These frameworks have one
// context per request, which they reuse: [Gate] keeps net/http middlewares away from it after the
// request.
package adapter

import (
	"errors"
	"net/http"
	"slices"

	"github.com/hipflask/hipflask/status"
)

// Compose returns the middlewares around last, the first one outermost. It panics if one is nil.
func Compose(middlewares []func(http.Handler) http.Handler, last http.HandlerFunc) http.Handler {
	var handler http.Handler = last
	for _, middleware := range slices.Backward(middlewares) {
		handler = middleware(handler)
	}
	return handler
}

// WriteValue writes the response for a value that a handler returned, as status.Handler does. If it
// returns an error, the value cannot be encoded and nothing was written. A broken connection is not
// an error.
func WriteValue(w http.ResponseWriter, r *http.Request, value any) error {
	resp, ok := value.(status.Response)
	if p, isPointer := value.(*status.Response); isPointer && p != nil {
		resp, ok = *p, true
	} else if isPointer {
		value = nil
	}
	if !ok {
		resp = status.OK(value)
	}
	err := resp.Write(w, r)
	if _, ok := errors.AsType[*status.EncodeError](err); ok {
		return err
	}
	return nil
}
