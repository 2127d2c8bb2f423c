package errjson

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// One constructor for each error status of RFC 9110, and of the registry where
// an API has a use for it. An empty message stands for a sentence that fits the
// status. Where a status wants a header field, its constructor takes it.

// BadRequest returns a 400: the request is malformed.
func BadRequest(message string) *Error { return New(http.StatusBadRequest, message) }

// Unauthorized returns a 401: the credentials are missing or not good enough.
// Each challenge becomes a WWW-Authenticate field of its own, of which RFC 9110,
// Section 15.5.2, demands one at least: `Bearer realm="api"`.
func Unauthorized(message string, challenges ...string) *Error {
	return withHeader(http.StatusUnauthorized, message, "Www-Authenticate", challenges...)
}

// PaymentRequired returns a 402.
func PaymentRequired(message string) *Error { return New(http.StatusPaymentRequired, message) }

// Forbidden returns a 403: the client is known, and may not.
func Forbidden(message string) *Error { return New(http.StatusForbidden, message) }

// NotFound returns a 404.
func NotFound(message string) *Error { return New(http.StatusNotFound, message) }

// MethodNotAllowed returns a 405. The methods that are allowed become the Allow
// field, which RFC 9110, Section 15.5.6, demands; none at all gives an empty one.
func MethodNotAllowed(allow ...string) *Error {
	return withHeader(http.StatusMethodNotAllowed, "", "Allow", strings.Join(allow, ", "))
}

// NotAcceptable returns a 406: nothing to offer that the request accepts.
func NotAcceptable(message string) *Error { return New(http.StatusNotAcceptable, message) }

// ProxyAuthRequired returns a 407. Each challenge becomes a Proxy-Authenticate
// field of its own (RFC 9110, Section 15.5.8).
func ProxyAuthRequired(message string, challenges ...string) *Error {
	return withHeader(http.StatusProxyAuthRequired, message, "Proxy-Authenticate", challenges...)
}

// RequestTimeout returns a 408: the request took too long to arrive.
func RequestTimeout(message string) *Error { return New(http.StatusRequestTimeout, message) }

// Conflict returns a 409: the request does not go with the state of the resource.
func Conflict(message string) *Error { return New(http.StatusConflict, message) }

// Gone returns a 410: it was here, and will not come back.
func Gone(message string) *Error { return New(http.StatusGone, message) }

// LengthRequired returns a 411: a Content-Length is wanted.
func LengthRequired(message string) *Error { return New(http.StatusLengthRequired, message) }

// PreconditionFailed returns a 412: an If-Match or the like did not hold.
func PreconditionFailed(message string) *Error { return New(412, message) }

// ContentTooLarge returns a 413: the body is larger than the server takes.
func ContentTooLarge(message string) *Error { return New(413, message) }

// URITooLong returns a 414.
func URITooLong(message string) *Error { return New(http.StatusRequestURITooLong, message) }

// UnsupportedMediaType returns a 415: the body is in a format that the resource
// does not take.
func UnsupportedMediaType(message string) *Error { return New(415, message) }

// RangeNotSatisfiable returns a 416. The length of the whole, in bytes, becomes
// the Content-Range field (RFC 9110, Section 15.5.17): `bytes */1234`. A negative
// one is not known, and the field is left out.
func RangeNotSatisfiable(length int64) *Error {
	if length < 0 {
		return New(http.StatusRequestedRangeNotSatisfiable, "")
	}
	return withHeader(http.StatusRequestedRangeNotSatisfiable, "",
		"Content-Range", "bytes */"+strconv.FormatInt(length, 10))
}

// ExpectationFailed returns a 417: the Expect field cannot be met.
func ExpectationFailed(message string) *Error { return New(http.StatusExpectationFailed, message) }

// Teapot returns a 418.
func Teapot(message string) *Error { return New(http.StatusTeapot, message) }

// MisdirectedRequest returns a 421: this server does not answer for that host.
func MisdirectedRequest(message string) *Error { return New(421, message) }

// UnprocessableContent returns a 422: well-formed, but it makes no sense. For
// faults of single fields see [Invalid].
func UnprocessableContent(message string) *Error { return New(422, message) }

// Locked returns a 423.
func Locked(message string) *Error { return New(http.StatusLocked, message) }

// FailedDependency returns a 424: an earlier action, which this one needs, failed.
func FailedDependency(message string) *Error { return New(http.StatusFailedDependency, message) }

// TooEarly returns a 425: the request may be a replay (RFC 8470).
func TooEarly(message string) *Error { return New(http.StatusTooEarly, message) }

// UpgradeRequired returns a 426. The protocols to change to become the Upgrade
// field, of which RFC 9110, Section 15.5.22, demands one at least.
func UpgradeRequired(message string, protocols ...string) *Error {
	if len(protocols) == 0 {
		return New(http.StatusUpgradeRequired, message)
	}
	e := withHeader(http.StatusUpgradeRequired, message, "Upgrade", strings.Join(protocols, ", "))
	e.Header.Set("Connection", "Upgrade") // RFC 9110, Section 7.8
	return e
}

// PreconditionRequired returns a 428: send an If-Match or the like (RFC 6585).
func PreconditionRequired(message string) *Error { return New(428, message) }

// TooManyRequests returns a 429 with a Retry-After field (RFC 9110, Section
// 10.2.3): seconds, rounded up, for a [time.Duration], of which 0 says "at
// once"; a date for a [time.Time]. Without a Retry-After use [New].
func TooManyRequests[T time.Duration | time.Time](message string, retryAfter T) *Error {
	return withHeader(http.StatusTooManyRequests, message, "Retry-After", formatRetry(retryAfter))
}

// RequestHeaderFieldsTooLarge returns a 431.
func RequestHeaderFieldsTooLarge(message string) *Error { return New(431, message) }

// UnavailableForLegalReasons returns a 451.
func UnavailableForLegalReasons(message string) *Error { return New(451, message) }

// InternalServerError returns a 500 with a cause, which is logged and not sent.
// Any error that is not an HTTP error leaves as one; the constructor is for
// those that are, but must not.
func InternalServerError(cause error) *Error {
	return &Error{Status: http.StatusInternalServerError, Err: cause}
}

// NotImplemented returns a 501: the server cannot do that for any resource.
func NotImplemented(message string) *Error { return New(http.StatusNotImplemented, message) }

// BadGateway returns a 502: what stands behind this server answered nonsense.
func BadGateway(message string) *Error { return New(http.StatusBadGateway, message) }

// ServiceUnavailable returns a 503 with a Retry-After field, formatted as by
// [TooManyRequests]. Without a Retry-After use [New].
func ServiceUnavailable[T time.Duration | time.Time](message string, retryAfter T) *Error {
	after := formatRetry(retryAfter)
	return withHeader(http.StatusServiceUnavailable, message, "Retry-After", after)
}

// GatewayTimeout returns a 504: what stands behind this server did not answer in
// time.
func GatewayTimeout(message string) *Error { return New(http.StatusGatewayTimeout, message) }

// HTTPVersionNotSupported returns a 505.
func HTTPVersionNotSupported(message string) *Error { return New(505, message) }

// InsufficientStorage returns a 507 (RFC 4918).
func InsufficientStorage(message string) *Error { return New(507, message) }

// LoopDetected returns a 508 (RFC 5842).
func LoopDetected(message string) *Error { return New(http.StatusLoopDetected, message) }

// NetworkAuthenticationRequired returns a 511 (RFC 6585): log in to the network
// first.
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
