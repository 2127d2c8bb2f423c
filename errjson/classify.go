package errjson

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/hipflask/hipflask/internal/errtree"
	"github.com/hipflask/hipflask/internal/statustext"
)

// classify returns the HTTP error for an error of this package, of net/http or of context that is
// not an HTTP error itself, or nil if it does not know the error.
func classify(r *http.Request, err error) (e *Error) {
	ctxErr := r.Context().Err()
	if ctxErr == context.Canceled && isDisconnect(err) && !isReadTimeout(r, err) {
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
			if isReadTimeout(r, n) { // RFC 9110, Section 15.5.9
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
		case ctxErr != nil && isOrMatches(node, context.Canceled):
			status = statustext.ClientClosedRequest
		case inForm:
			status = formErrorStatus(node)
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

// isReadTimeout reports whether err is a read timeout of the connection of r.
func isReadTimeout(r *http.Request, err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "read" && op.Timeout() && isOwnConnection(r, op)
}

// closing makes the response close an HTTP/1 connection, on which the rest of the body still
// arrives. net/http does it by itself only if it sees its own writer. HTTP/2 resets the stream
// alone.
func closing(r *http.Request, e *Error) *Error {
	if r.ProtoMajor < 2 {
		e.Header = http.Header{"Connection": {"close"}}
	}
	return e
}

// isDisconnect reports whether err is a timeout or a broken read or write, which a disconnected
// client also causes. The same errors come from other connections: a truncated response of an
// upstream server is an io.ErrUnexpectedEOF.
func isDisconnect(err error) bool {
	return errtree.Walk(err, func(node error) errtree.Next {
		timeout, hasTimeout := node.(interface{ Timeout() bool })
		// net/http does not export the errors of HTTP/2.
		text := leafText(node)
		if hasTimeout && timeout.Timeout() ||
			node == io.ErrUnexpectedEOF || node == net.ErrClosed ||
			text == "http2: stream closed" || text == "client disconnected" ||
			strings.HasPrefix(text, "stream error: stream ID ") {
			return errtree.Stop
		}
		return errtree.Descend
	})
}

// formErrorStatus returns the status for an error of ParseForm, ParseMultipartForm, FormFile or
// url.ParseQuery, or 0. Some of these errors have neither a type nor a variable.
func formErrorStatus(node error) int {
	switch node {
	case http.ErrMissingFile, http.ErrNotMultipart, http.ErrMissingBoundary:
		return http.StatusBadRequest
	case multipart.ErrMessageTooLarge:
		return http.StatusRequestEntityTooLarge
	}
	if _, ok := node.(url.EscapeError); ok {
		return http.StatusBadRequest
	}
	switch text := leafText(node); {
	case text == "http: POST too large":
		return http.StatusRequestEntityTooLarge
	case text == "invalid semicolon separator in query", text == "missing form body",
		strings.HasPrefix(text, "mime: "):
		return http.StatusBadRequest
	}
	return 0
}

// leafText returns the text of an error that wraps no other, or the empty string.
func leafText(err error) string {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return ""
	}
	return err.Error()
}

// isBroken reports whether err means that the connection to the client is broken. Connections to
// other servers and pipes to processes have the same errors.
func isBroken(r *http.Request, err error) bool {
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		return false
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return false
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Source == nil && op.Addr == nil {
		return true
	}
	return isOwnConnection(r, op)
}

// isOwnConnection reports whether op is about the connection of r. It prefers the local address,
// because a middleware may have replaced RemoteAddr by the address of a proxy's client.
func isOwnConnection(r *http.Request, op *net.OpError) bool {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && op.Source != nil {
		return op.Source.String() == local.String()
	}
	return op.Addr != nil && op.Addr.String() == r.RemoteAddr
}
