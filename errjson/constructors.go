package errjson

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// There is one constructor for each error status of RFC 9110, and for the registered ones that an
// API uses. An empty message stands for a sentence for the status. A constructor has a parameter
// for the header that its status needs.

// BadRequest returns a 400: the request is malformed.
func BadRequest(message string) *Error { return New(400, message) }

// Unauthorized returns a 401: the credentials are missing or invalid. Each challenge becomes a
// WWW-Authenticate header, such as `Bearer realm="api"`. RFC 9110, Section 15.5.2, requires at
// least one.
func Unauthorized(message string, challenges ...string) *Error {
	return withHeader(401, message, "Www-Authenticate", challenges...)
}

// PaymentRequired returns a 402.
func PaymentRequired(message string) *Error { return New(402, message) }

// Forbidden returns a 403: the client is known and does not have the permission.
func Forbidden(message string) *Error { return New(403, message) }

// NotFound returns a 404.
func NotFound(message string) *Error { return New(404, message) }

// MethodNotAllowed returns a 405. The allowed methods become the Allow header, which RFC 9110,
// Section 15.5.6, requires. Without a method the header is empty.
func MethodNotAllowed(allow ...string) *Error {
	return withHeader(405, "", "Allow", strings.Join(allow, ", "))
}

// NotAcceptable returns a 406: the request accepts none of the available formats.
func NotAcceptable(message string) *Error { return New(406, message) }

// ProxyAuthRequired returns a 407. Each challenge becomes a Proxy-Authenticate header (RFC 9110,
// Section 15.5.8).
func ProxyAuthRequired(message string, challenges ...string) *Error {
	return withHeader(407, message, "Proxy-Authenticate", challenges...)
}

// RequestTimeout returns a 408: the request took too long to arrive.
func RequestTimeout(message string) *Error { return New(408, message) }

// Conflict returns a 409: the request conflicts with the state of the resource.
func Conflict(message string) *Error { return New(409, message) }

// Gone returns a 410: the resource was removed for good.
func Gone(message string) *Error { return New(410, message) }

// LengthRequired returns a 411: the Content-Length is missing.
func LengthRequired(message string) *Error { return New(411, message) }

// PreconditionFailed returns a 412: a condition of the request, such as If-Match, is false.
func PreconditionFailed(message string) *Error { return New(412, message) }

// ContentTooLarge returns a 413: the body is larger than the limit of the server.
func ContentTooLarge(message string) *Error { return New(413, message) }

// URITooLong returns a 414.
func URITooLong(message string) *Error { return New(414, message) }

// UnsupportedMediaType returns a 415: the resource does not accept the format of the body.
func UnsupportedMediaType(message string) *Error { return New(415, message) }

// RangeNotSatisfiable returns a 416. The length of the complete content, in bytes, becomes the
// Content-Range header (RFC 9110, Section 15.5.17): `bytes */1234`. A negative length is unknown,
// and the header is omitted.
func RangeNotSatisfiable(length int64) *Error {
	if length < 0 {
		return New(416, "")
	}
	return withHeader(416, "", "Content-Range", "bytes */"+strconv.FormatInt(length, 10))
}

// ExpectationFailed returns a 417: the server cannot meet the Expect header.
func ExpectationFailed(message string) *Error { return New(417, message) }

// Teapot returns a 418.
func Teapot(message string) *Error { return New(418, message) }

// MisdirectedRequest returns a 421: the server does not serve the host of the request.
func MisdirectedRequest(message string) *Error { return New(421, message) }

// UnprocessableContent returns a 422: the content is well-formed and invalid. For errors of single
// fields see [Invalid].
func UnprocessableContent(message string) *Error { return New(422, message) }

// Locked returns a 423.
func Locked(message string) *Error { return New(423, message) }

// FailedDependency returns a 424: an action that this one depends on has failed.
func FailedDependency(message string) *Error { return New(424, message) }

// TooEarly returns a 425: the request may be a replay (RFC 8470).
func TooEarly(message string) *Error { return New(425, message) }

// UpgradeRequired returns a 426. The protocols become the Upgrade header. RFC 9110, Section
// 15.5.22, requires at least one.
func UpgradeRequired(message string, protocols ...string) *Error {
	if len(protocols) == 0 {
		return New(426, message)
	}
	e := withHeader(426, message, "Upgrade", strings.Join(protocols, ", "))
	e.Header.Set("Connection", "Upgrade") // RFC 9110, Section 7.8
	return e
}

// PreconditionRequired returns a 428: the request needs a condition, such as If-Match (RFC 6585).
func PreconditionRequired(message string) *Error { return New(428, message) }

// TooManyRequests returns a 429 with a Retry-After header (RFC 9110, Section 10.2.3). A
// [time.Duration] is sent in seconds, rounded up; a negative one is 0. A [time.Time] is sent as a
// date. Use [New] for a 429 without the header.
func TooManyRequests[T time.Duration | time.Time](message string, retryAfter T) *Error {
	return withHeader(429, message, "Retry-After", formatRetry(retryAfter))
}

// RequestHeaderFieldsTooLarge returns a 431.
func RequestHeaderFieldsTooLarge(message string) *Error { return New(431, message) }

// UnavailableForLegalReasons returns a 451.
func UnavailableForLegalReasons(message string) *Error { return New(451, message) }

// InternalServerError returns a 500 with a cause, which is logged and not sent. Errors without a
// status already become a 500. Use InternalServerError to send a 500 for an error that has another
// status.
func InternalServerError(cause error) *Error { return &Error{Status: 500, Err: cause} }

// NotImplemented returns a 501: the server does not support the request for any resource.
func NotImplemented(message string) *Error { return New(501, message) }

// BadGateway returns a 502: an upstream server has sent an invalid response.
func BadGateway(message string) *Error { return New(502, message) }

// ServiceUnavailable returns a 503 with a Retry-After header, formatted as by [TooManyRequests].
// Use [New] for a 503 without the header.
func ServiceUnavailable[T time.Duration | time.Time](message string, retryAfter T) *Error {
	return withHeader(503, message, "Retry-After", formatRetry(retryAfter))
}

// GatewayTimeout returns a 504: an upstream server has not responded in time.
func GatewayTimeout(message string) *Error { return New(504, message) }

// HTTPVersionNotSupported returns a 505.
func HTTPVersionNotSupported(message string) *Error { return New(505, message) }

// InsufficientStorage returns a 507 (RFC 4918).
func InsufficientStorage(message string) *Error { return New(507, message) }

// LoopDetected returns a 508 (RFC 5842).
func LoopDetected(message string) *Error { return New(508, message) }

// NetworkAuthenticationRequired returns a 511 (RFC 6585): the client must log in to the network.
func NetworkAuthenticationRequired(message string) *Error { return New(511, message) }

func withHeader(status int, message, name string, values ...string) *Error {
	e := New(status, message)
	if len(values) > 0 {
		e.Header = http.Header{name: slices.Clone(values)}
	}
	return e
}

func formatRetry[T time.Duration | time.Time](after T) string {
	switch after := any(after).(type) {
	case time.Time:
		return after.UTC().Format(http.TimeFormat)
	case time.Duration:
		seconds := max(0, after) / time.Second
		if after > seconds*time.Second {
			seconds++
		}
		return strconv.FormatInt(int64(seconds), 10)
	}
	panic("unreachable")
}
