// Package neterr recognizes errors of connections and of net/http, some of which have neither a
// type nor a variable.
package neterr

import (
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"syscall"

	"github.com/hipflask/hipflask/internal/errtree"
)

// IsReadTimeout reports whether err is a read timeout of the connection of r.
func IsReadTimeout(r *http.Request, err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "read" && op.Timeout() && isOwnConnection(r, op)
}

// IsDisconnect reports whether err is a timeout or a broken read or write, which a disconnected
// client also causes. The same errors come from other connections: a truncated response of an
// upstream server is an io.ErrUnexpectedEOF.
func IsDisconnect(err error) bool {
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

// FormStatus returns the status for an error of ParseForm, ParseMultipartForm, FormFile or
// url.ParseQuery with the request r, or 0. node is one error of a tree. Some of these errors have
// neither a type nor a variable.
func FormStatus(r *http.Request, node error) int {
	switch node {
	case http.ErrMissingFile, http.ErrNotMultipart, http.ErrMissingBoundary:
		return http.StatusBadRequest
	case multipart.ErrMessageTooLarge:
		return http.StatusRequestEntityTooLarge
	}
	if _, ok := node.(url.EscapeError); ok {
		return http.StatusBadRequest
	}
	switch leafText(node) {
	case "http: POST too large":
		return http.StatusRequestEntityTooLarge
	case "invalid semicolon separator in query", "missing form body":
		return http.StatusBadRequest
	}
	// net/http reads the first value.
	if types := r.Header["Content-Type"]; len(types) > 0 &&
		(isContentTypeError(types[0], node) || isMultipartError(types[0], node)) {
		return http.StatusBadRequest
	}
	return 0
}

// isContentTypeError reports whether node is an error of package mime, and the contentType of the
// request is invalid. A program may also parse other media types.
func isContentTypeError(contentType string, node error) bool {
	if !strings.HasPrefix(leafText(node), "mime: ") {
		return false
	}
	_, _, err := mime.ParseMediaType(contentType)
	return err != nil
}

// isMultipartError reports whether node is the error of a malformed body, and the contentType of the
// request is that of a multipart body. A body that ends too early may be that of a disconnected client.
func isMultipartError(contentType string, node error) bool {
	if !strings.HasPrefix(contentType, "multipart/") {
		return false
	}
	if _, ok := node.(textproto.ProtocolError); ok {
		return true
	}
	return strings.HasPrefix(node.Error(), "multipart: NextPart: ") &&
		!errors.Is(node, io.ErrUnexpectedEOF)
}

// leafText returns the text of an error that wraps no other, or the empty string.
func leafText(err error) string {
	switch err.(type) {
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return ""
	}
	return err.Error()
}

// IsBroken reports whether err means that the connection to the client is broken. Connections to
// other servers and pipes to processes have the same errors.
func IsBroken(r *http.Request, err error) bool {
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
