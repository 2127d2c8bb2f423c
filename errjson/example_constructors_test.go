package errjson_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"time"

	"github.com/hipflask/hipflask/errjson"
)

// Handlers return these errors, wrapped or not, or give them to errjson.Write.

func ExampleBadRequest() {
	fmt.Println(errjson.BadRequest("The page must be a number."))
	// Output: 400 Bad Request: The page must be a number.
}

func ExamplePaymentRequired() {
	fmt.Println(errjson.PaymentRequired("Your trial is over."))
	// Output: 402 Payment Required: Your trial is over.
}

func ExampleForbidden() {
	fmt.Println(errjson.Forbidden("Only the owner may delete this."))
	// Output: 403 Forbidden: Only the owner may delete this.
}

func ExampleNotFound() {
	fmt.Println(errjson.NotFound("No item 7."))
	// Output: 404 Not Found: No item 7.
}

func ExampleNotAcceptable() {
	fmt.Println(errjson.NotAcceptable("Available are JSON and CSV."))
	// Output: 406 Not Acceptable: Available are JSON and CSV.
}

func ExampleRequestTimeout() {
	fmt.Println(errjson.RequestTimeout("The upload took longer than 30 seconds."))
	// Output: 408 Request Timeout: The upload took longer than 30 seconds.
}

func ExampleConflict() {
	fmt.Println(errjson.Conflict("The name is taken."))
	// Output: 409 Conflict: The name is taken.
}

func ExampleGone() {
	fmt.Println(errjson.Gone("Version 1 of this API was retired."))
	// Output: 410 Gone: Version 1 of this API was retired.
}

func ExampleLengthRequired() {
	fmt.Println(errjson.LengthRequired("Uploads need a Content-Length."))
	// Output: 411 Length Required: Uploads need a Content-Length.
}

func ExamplePreconditionFailed() {
	fmt.Println(errjson.PreconditionFailed("The item was changed by somebody else."))
	// Output: 412 Precondition Failed: The item was changed by somebody else.
}

func ExampleContentTooLarge() {
	fmt.Println(errjson.ContentTooLarge("Images may have 5 MB at most."))
	// Output: 413 Request Entity Too Large: Images may have 5 MB at most.
}

func ExampleURITooLong() {
	fmt.Println(errjson.URITooLong("Use POST for queries of this length."))
	// Output: 414 Request URI Too Long: Use POST for queries of this length.
}

func ExampleUnsupportedMediaType() {
	fmt.Println(errjson.UnsupportedMediaType("Send application/json."))
	// Output: 415 Unsupported Media Type: Send application/json.
}

func ExampleExpectationFailed() {
	fmt.Println(errjson.ExpectationFailed("Only 100-continue is understood."))
	// Output: 417 Expectation Failed: Only 100-continue is understood.
}

func ExampleTeapot() {
	fmt.Println(errjson.Teapot("Short and stout."))
	// Output: 418 I'm a teapot: Short and stout.
}

func ExampleMisdirectedRequest() {
	fmt.Println(errjson.MisdirectedRequest("Try api.example.com."))
	// Output: 421 Misdirected Request: Try api.example.com.
}

func ExampleUnprocessableContent() {
	fmt.Println(errjson.UnprocessableContent("The end is before the start."))
	// Output: 422 Unprocessable Entity: The end is before the start.
}

func ExampleLocked() {
	fmt.Println(errjson.Locked("The invoice is being printed."))
	// Output: 423 Locked: The invoice is being printed.
}

func ExampleFailedDependency() {
	fmt.Println(errjson.FailedDependency("The folder could not be made."))
	// Output: 424 Failed Dependency: The folder could not be made.
}

func ExampleTooEarly() {
	fmt.Println(errjson.TooEarly("Send it again after the handshake."))
	// Output: 425 Too Early: Send it again after the handshake.
}

func ExamplePreconditionRequired() {
	fmt.Println(errjson.PreconditionRequired("Send an If-Match."))
	// Output: 428 Precondition Required: Send an If-Match.
}

func ExampleRequestHeaderFieldsTooLarge() {
	fmt.Println(errjson.RequestHeaderFieldsTooLarge("The cookies are too large."))
	// Output: 431 Request Header Fields Too Large: The cookies are too large.
}

func ExampleUnavailableForLegalReasons() {
	fmt.Println(errjson.UnavailableForLegalReasons("Withdrawn by court order."))
	// Output: 451 Unavailable For Legal Reasons: Withdrawn by court order.
}

func ExampleNotImplemented() {
	fmt.Println(errjson.NotImplemented("Batch jobs are not there yet."))
	// Output: 501 Not Implemented: Batch jobs are not there yet.
}

func ExampleBadGateway() {
	fmt.Println(errjson.BadGateway("The payment service answered nonsense."))
	// Output: 502 Bad Gateway: The payment service answered nonsense.
}

func ExampleGatewayTimeout() {
	fmt.Println(errjson.GatewayTimeout("The payment service did not answer."))
	// Output: 504 Gateway Timeout: The payment service did not answer.
}

func ExampleHTTPVersionNotSupported() {
	fmt.Println(errjson.HTTPVersionNotSupported("Use HTTP/2."))
	// Output: 505 HTTP Version Not Supported: Use HTTP/2.
}

func ExampleInsufficientStorage() {
	fmt.Println(errjson.InsufficientStorage("Your quota of 1 GB is used up."))
	// Output: 507 Insufficient Storage: Your quota of 1 GB is used up.
}

func ExampleLoopDetected() {
	fmt.Println(errjson.LoopDetected("The folder contains itself."))
	// Output: 508 Loop Detected: The folder contains itself.
}

func ExampleNetworkAuthenticationRequired() {
	fmt.Println(errjson.NetworkAuthenticationRequired("Accept the terms of this hotspot."))
	// Output: 511 Network Authentication Required: Accept the terms of this hotspot.
}

func ExampleUnauthorized() {
	e := errjson.Unauthorized("The token has expired.", `Bearer error="invalid_token"`, `Basic realm="api"`)
	fmt.Println(e)
	for _, challenge := range e.Header["Www-Authenticate"] {
		fmt.Println(challenge)
	}
	// Output:
	// 401 Unauthorized: The token has expired.
	// Bearer error="invalid_token"
	// Basic realm="api"
}

func ExampleMethodNotAllowed() {
	e := errjson.MethodNotAllowed("GET", "HEAD")
	fmt.Println(e, "- allowed:", e.Header.Get("Allow"))
	// Output: 405 Method Not Allowed - allowed: GET, HEAD
}

func ExampleProxyAuthRequired() {
	e := errjson.ProxyAuthRequired("", "Basic")
	fmt.Println(e, "-", e.Header.Get("Proxy-Authenticate"))
	// Output: 407 Proxy Authentication Required - Basic
}

func ExampleRangeNotSatisfiable() {
	fmt.Println(errjson.RangeNotSatisfiable(1234).Header.Get("Content-Range"))
	// Output: bytes */1234
}

func ExampleUpgradeRequired() {
	e := errjson.UpgradeRequired("This feed is a WebSocket.", "websocket")
	fmt.Println(e, "-", e.Header.Get("Upgrade"))
	// Output: 426 Upgrade Required: This feed is a WebSocket. - websocket
}

func ExampleTooManyRequests() {
	e := errjson.TooManyRequests("Three uploads per minute.", 20*time.Second)
	fmt.Println(e.Header.Get("Retry-After"))
	// Output: 20
}

func ExampleServiceUnavailable() {
	until := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	e := errjson.ServiceUnavailable("We are moving.", until)
	fmt.Println(e.Header.Get("Retry-After"))
	// Output: Fri, 02 Jan 2026 03:00:00 GMT
}

func ExampleInternalServerError() {
	// An error that has a status of its own, but must not leave with it: the
	// missing row is a fault of ours, and not of the client.
	cause := fmt.Errorf("the settings are missing: %w", errjson.NotFound(""))
	serve(func(http.ResponseWriter, *http.Request) { errjson.Abort(errjson.InternalServerError(cause)) })
	// Output:
	// 500 {"error":"Internal Server Error","message":"The server met an error and could not answer.","status":500}
}

func ExampleNew() {
	fmt.Println(errjson.New(http.StatusConflict, "The name is taken."))
	fmt.Println(errjson.New(599, ""))
	// Output:
	// 409 Conflict: The name is taken.
	// 599 Unknown Error
}

func ExampleErrorf() {
	e := errjson.Errorf(http.StatusNotFound, "No item %d.", 7)
	fmt.Println(e.Message)
	// Output: No item 7.
}

// The operands of %w are told to the client, as part of the message. A cause that
// the client must not read goes into Err.
func ExampleErrorf_cause() {
	e := errjson.NotFound("No item 7.")
	e.Err = sql.ErrNoRows
	fmt.Println(e)
	// Output: 404 Not Found: No item 7.: sql: no rows in result set
}
