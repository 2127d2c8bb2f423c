package bodyjson

import (
	"net/http"

	"github.com/hipflask/hipflask/status"
)

// Handler returns a handler that decodes the body, by the rules of cfg, calls fn
// with it, and answers with what fn returns as [status.Handler] does: the body and
// the answer of an endpoint, as one function. With cfg.Optional or cfg.Silent the
// value may be the zero one.
//
// It panics as [New] does.
func Handler[In, Out any](cfg Config, fn func(r *http.Request, in In) (Out, error)) http.Handler {
	return New[In](cfg)(status.Handler(func(r *http.Request) (Out, error) {
		in, _ := FromContext[In](r.Context())
		return fn(r, in)
	}))
}
