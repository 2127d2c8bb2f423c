package errjson

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/neterr"
	"github.com/hipflask/hipflask/internal/statustext"
)

// classify returns the HTTP error for an error of this package, of net/http or of context that is
// not an HTTP error itself, or nil if it does not know the error.
func classify(r *http.Request, err error) (e *Error) {
	ctxErr := r.Context().Err()
	if ctxErr == context.Canceled && neterr.IsDisconnect(err) && !neterr.IsReadTimeout(r, err) {
		return newError(statustext.ClientClosedRequest, err)
	}
	inForm := true
	errtree.Walk(err, func(node error) errtree.Next {
		switch n := node.(type) {
		case FieldError, *FieldError:
			e = Invalid(errtree.Collect[FieldError](err)...)
			e.Err = err
			return errtree.Stop
		case *http.MaxBytesError:
			e = closing(r, newError(http.StatusRequestEntityTooLarge, err))
			return errtree.Stop
		case *net.OpError:
			if neterr.IsReadTimeout(r, n) { // RFC 9110, Section 15.5.9
				e = closing(r, newError(http.StatusRequestTimeout, err))
				return errtree.Stop
			}
		case *url.Error:
			inForm = false // its cause is about another URL
		}
		status := 0
		switch {
		case isOrMatches(node, context.DeadlineExceeded):
			status = http.StatusGatewayTimeout
		case ctxErr == context.Canceled && isOrMatches(node, context.Canceled):
			status = statustext.ClientClosedRequest
		case ctxErr == context.DeadlineExceeded && isOrMatches(node, context.Canceled):
			status = http.StatusGatewayTimeout // a timeout of the server
		case inForm:
			status = neterr.FormStatus(r, node)
		}
		if status == 0 {
			return errtree.Descend
		}
		e = newError(status, err)
		return errtree.Stop
	})
	return e
}

// isOrMatches reports whether a node of an error's tree is target, as errors.Is decides.
func isOrMatches(node, target error) bool { return node == target || isTarget(node, target) }

// closing makes the response close an HTTP/1 connection, on which the rest of the body still
// arrives. net/http does it by itself only if it sees its own writer. HTTP/2 resets the stream
// alone.
func closing(r *http.Request, e *Error) *Error {
	if r.ProtoMajor < 2 {
		e.Header = http.Header{"Connection": {"close"}}
	}
	return e
}
