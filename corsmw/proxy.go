package corsmw

import "net/http"

// StripUpstream removes the CORS headers from an answer of an upstream service. It always returns nil, and is meant for
// [httputil.ReverseProxy.ModifyResponse]:
//
//	proxy.ModifyResponse = corsmw.StripUpstream
//
// A reverse proxy adds the headers of its upstream to those that are set already. If both speak CORS, the answer has two
// Access-Control-Allow-Origin headers, and browsers refuse it even if they are equal
// (https://fetch.spec.whatwg.org/#concept-cors-check). With StripUpstream, the policy in front of the proxy is the only one. Vary
// stays: it is a list, and may name more than Origin.
//
// As of Go 1.26, a ReverseProxy that passes on an informational response (103 Early Hints) drops all headers that were set before it
// (https://go.dev/issue/81207), those of the policy among them, and the page cannot read the answer. If the upstream sends such
// responses, let it have the policy, and use no Middleware in front of the proxy.
//
// [httputil.ReverseProxy.ModifyResponse]: https://pkg.go.dev/net/http/httputil#ReverseProxy
func StripUpstream(resp *http.Response) error {
	for _, name := range []string{
		headerAllowOrigin, headerAllowCreds, headerAllowMethods, headerAllowHeaders, headerAllowPrivate, headerExposeHeaders, headerMaxAge,
	} {
		delete(resp.Header, name)
	}
	return nil
}
