package middlewares_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/hipflask/hipflask/errjson"
)

// A reference holds the responses that others are compared with.
type reference struct {
	alone   map[string]received // of errs.Wrap(newApp())
	without map[string]received // of newApp()
}

// An outcome changes the response that is expected for a request.
type outcome func(ref reference, request string, want *received)

// exceptions lists the responses that differ from those of Wrap alone.
// A request may have several exceptions, which are applied in order.
var exceptions = []struct {
	chains   string
	encoding string // if set, the only Accept-Encoding with this exception
	requests string
	outcome  outcome
	reason   string
}{
	{
		"chi Compress/inside, CompressHandler/inside, naive compressor/inside", "gzip",
		"GET /abort, HEAD /abort, GET /nothing, HEAD /nothing, POST /json", withoutWrap,
		"Wrap cannot read a compressed text, which passes unchanged.",
	},
	{
		"CompressHandler/inside, naive compressor/inside", "gzip",
		"GET /bare, HEAD /bare", withoutWrap,
		"The compressor writes a body: the frame of an empty text.",
	},
	{
		"CompressHandler/inside", "gzip",
		"GET /panic", gives(response{broken: true}),
		"During the panic the compressor sends a 200 with the frame of an empty text.",
	},
	{
		"chi Compress/outside, CompressHandler/outside, naive compressor/outside", "gzip",
		"HEAD /json, HEAD /error, HEAD /abort, HEAD /bare, HEAD /nothing", emptyFrame,
		"The compressor writes the frame of an empty text, and net/http counts it.",
	},
	{
		"chi Compress/inside, CompressHandler/inside, naive compressor/inside", "gzip",
		"HEAD /json, HEAD /error", emptyFrame,
		"The compressor writes the frame of an empty text, and net/http counts it.",
	},
	{
		"gzhttp/outside, gzhttp/inside", "gzip",
		"HEAD /json", plainLength,
		"gzhttp removes the Content-Length only if a body is written.",
	},
	{
		"chi Recoverer/inside, RecoveryHandler/inside", "",
		"GET /partial", gives(response{status: 200, contentType: jsonType, body: `{"part":`}),
		"The middleware recovers the panic, and Wrap cannot break the connection.",
	},
	{
		"RecoveryHandler/outside", "",
		"GET /partial", gives(response{status: 200, contentType: jsonType, body: `{"part":`}),
		"RecoveryHandler recovers the http.ErrAbortHandler that breaks the connection.",
	},
	{
		"TimeoutHandler/inside", "",
		"GET /partial", like("GET /panic"),
		"TimeoutHandler cannot flush, and drops its buffer if the handler panics.",
	},
	{
		"MaxBytesHandler/outside, MaxBytesHandler/inside", "",
		"POST /body of 2 KiB", like("POST /body/limited of 2 KiB"),
		"The limit of the middleware is 1 KiB, as that of /body/limited.",
	},
	{
		"ReverseProxy/inside", "",
		"GET /panic", gives(errorOf(errjson.BadGateway(""))),
		"The backend of the proxy has no Wrap, and breaks the connection.",
	},
	{
		"TimeoutHandler/outside, TimeoutHandler/inside", "",
		"websocket", gives(response{status: 501}),
		"The writer of TimeoutHandler is not an http.Hijacker and has no Unwrap method.",
	},
	{
		"naive compressor/outside, naive compressor/inside", "gzip",
		"websocket", gives(response{status: 501}),
		"The writer of the compressor is not an http.Hijacker and has no Unwrap method.",
	},
}

func withoutWrap(ref reference, request string, want *received) {
	want.response = ref.without[request].response
}

func like(other string) outcome {
	return func(ref reference, _ string, want *received) {
		want.response = ref.alone[other].response
	}
}

func gives(resp response) outcome {
	return func(_ reference, _ string, want *received) { want.response = resp }
}

func errorOf(err error) response {
	w := httptest.NewRecorder()
	errs.Write(w, httptest.NewRequest(http.MethodGet, "/", nil), err)
	return response{w.Code, jsonType, w.Body.String(), "", "nosniff", false}
}

func emptyFrame(_ reference, _ string, want *received) {
	var frame bytes.Buffer
	_ = gzip.NewWriter(&frame).Close()
	want.length = int64(frame.Len())
}

func plainLength(ref reference, request string, want *received) {
	want.length = ref.alone[strings.Replace(request, "HEAD", "GET", 1)].length
}

// expect returns the expected response of a chain to a request. Its length is that of an exception
// for HEAD, or -1.
func expect(ref reference, c chain, request string) received {
	want := received{response: ref.alone[request].response, length: -1}
	for _, e := range exceptions {
		if (e.encoding == "" || e.encoding == c.encoding) &&
			slices.Contains(strings.Split(e.chains, ", "), c.name) &&
			slices.Contains(strings.Split(e.requests, ", "), request) {
			e.outcome(ref, request, &want)
		}
	}
	return want
}
