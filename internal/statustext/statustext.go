// Package statustext knows the classes of status codes, and has names and messages for errors.
package statustext

import "net/http"

// ClientClosedRequest is logged when the client has disconnected before the response. It is the
// code of nginx.
const ClientClosedRequest = 499

// IsError reports whether a status is one of an error (RFC 9110, Sections 15.5 and 15.6).
func IsError(status int) bool { return status >= 400 && status <= 599 }

// IsInformational reports whether another status follows this one (RFC 9110, Section 15.2). None
// follows 101 Switching Protocols.
func IsInformational(status int) bool {
	return status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
}

// Name returns the name of a status code: that of [http.StatusText], or "Unknown Error".
func Name(status int) string {
	if status == ClientClosedRequest {
		return "Client Closed Request"
	}
	if name := http.StatusText(status); name != "" {
		return name
	}
	return "Unknown Error"
}

// Message returns a sentence for clients about an error with a status code.
func Message(status int) string {
	switch {
	case !IsError(status):
		status = http.StatusInternalServerError
	case messages[status] == "" && status >= 500:
		status = http.StatusInternalServerError
	case messages[status] == "":
		return "The request cannot be answered."
	}
	return messages[status]
}

var messages = [600]string{
	http.StatusBadRequest:                    "The request is malformed.",
	http.StatusUnauthorized:                  "Valid credentials are required.",
	http.StatusPaymentRequired:               "Payment is required.",
	http.StatusForbidden:                     "You do not have permission to do this.",
	http.StatusNotFound:                      "There is nothing at this URL.",
	http.StatusMethodNotAllowed:              "This method is not allowed for this URL.",
	http.StatusNotAcceptable:                 "None of the available formats is acceptable.",
	http.StatusProxyAuthRequired:             "Valid proxy credentials are required.",
	http.StatusRequestTimeout:                "The request took too long to arrive.",
	http.StatusConflict:                      "The request conflicts with the current state.",
	http.StatusGone:                          "What was at this URL is gone for good.",
	http.StatusLengthRequired:                "The request must say its Content-Length.",
	http.StatusPreconditionFailed:            "A precondition of the request does not hold.",
	http.StatusRequestEntityTooLarge:         "The request body is too large.",
	http.StatusRequestURITooLong:             "The URL is too long.",
	http.StatusUnsupportedMediaType:          "The request body's media type is not supported.",
	http.StatusRequestedRangeNotSatisfiable:  "The requested range cannot be provided.",
	http.StatusExpectationFailed:             "The Expect header cannot be met.",
	http.StatusTeapot:                        "This is a teapot; it does not brew coffee.",
	http.StatusMisdirectedRequest:            "This server does not answer for that host.",
	http.StatusUnprocessableEntity:           "The request is well-formed, but its content is not valid.",
	http.StatusLocked:                        "The resource is locked.",
	http.StatusFailedDependency:              "An action that this one depends on has failed.",
	http.StatusTooEarly:                      "The request came too early and may be a replay.",
	http.StatusUpgradeRequired:               "Another protocol is required.",
	http.StatusPreconditionRequired:          "The request must be conditional.",
	http.StatusTooManyRequests:               "Too many requests; try again later.",
	http.StatusRequestHeaderFieldsTooLarge:   "The request's header fields are too large.",
	http.StatusUnavailableForLegalReasons:    "This is not available for legal reasons.",
	ClientClosedRequest:                      "The client closed the request.",
	http.StatusInternalServerError:           "The server met an error and could not answer.",
	http.StatusNotImplemented:                "The server cannot do this.",
	http.StatusBadGateway:                    "An upstream server gave an invalid answer.",
	http.StatusServiceUnavailable:            "The service is unavailable; try again later.",
	http.StatusGatewayTimeout:                "The answer took too long.",
	http.StatusHTTPVersionNotSupported:       "This HTTP version is not supported.",
	http.StatusInsufficientStorage:           "There is not enough storage.",
	http.StatusLoopDetected:                  "The server met an endless loop.",
	http.StatusNetworkAuthenticationRequired: "Log in to the network first.",
}
