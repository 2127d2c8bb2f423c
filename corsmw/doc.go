// Package corsmw lets pages of other origins use an API: it is a middleware for CORS, the part of the Fetch standard in which a
// browser asks a service whether a page may send a request or read an answer (https://fetch.spec.whatwg.org/#http-cors-protocol).
//
//	cors := corsmw.Must(corsmw.New(corsmw.Config{
//		AllowOrigins: []string{"https://app.example.com", "http://localhost:*"},
//		AllowMethods: []string{"PUT", "PATCH", "DELETE"},
//		AllowHeaders: []string{"Authorization", "Content-Type"},
//		MaxAge:       600,
//	}))
//	http.ListenAndServe(":8080", cors.Wrap(router))
//
// [New] refuses policies that browsers would ignore, that do not mean what they seem to, or that open a service to everybody by
// accident; its errors say what to write instead. [Routes] gives different paths different policies. [Middleware.Explain] says why
// a request is allowed or refused. [Middleware.Reconfigure] changes a policy while requests are served.
//
// # Place in a chain
//
// The middleware goes around the router, and never around one of its routes. A preflight is a request with the method OPTIONS to a
// path for which the router probably has GET and PUT only, so behind the router the middleware would never see it:
//
//	mux.Handle("PUT /items/{id}", cors.Wrap(update)) // wrong: the preflight gets 405 from mux
//	handler := cors.Wrap(mux)                        // right
//
// From the outside in, the order is: recovery from panics and rendering of errors, logging, compression; then this middleware; then
// authentication, rate limits, and the router.
//
//	alice.New(errjson.Wrap, cors.Wrap, authenticate).Then(router)
//
// The reasons:
//
//   - It must be outside of authentication, for preflights have no credentials
//     (https://fetch.spec.whatwg.org/#cors-preflight-fetch), and a refusal by authentication must have CORS headers, or the page
//     cannot read it.
//   - It should be inside of whatever turns panics and errors into answers. It sets its headers before the handler runs and so they
//     are on the answers with 404, 405 and 500, too, if that middleware keeps headers that are set, as errjson does.
//   - There must be only one for a request. Of two, the outer one alone answers preflights.
//
// Handlers and other middlewares must not set headers of the CORS protocol, and must add to Vary and not set it:
// w.Header().Add("Vary", "Accept"). With Set, a cache could give the answer for one origin to another. Behind a reverse proxy that
// does CORS by itself, use one of the two; for the middleware in front of [net/http/httputil.ReverseProxy], see [StripUpstream].
//
// # What it does
//
// A request with Origin, Access-Control-Request-Method and the method OPTIONS is a preflight. The middleware answers it: with 204
// and what the policy allows, or with 403, Vary and nothing else. All other requests, any other OPTIONS among them, go to the
// handler, allowed or not. What a refused origin lacks is permission to read the answer: CORS protects users of browsers, and is no
// access control. A service that must not act on requests of other sites needs protection against forgery, such as
// [http.CrossOriginProtection].
//
// Unless everybody is allowed, every answer has Vary: Origin, for caches; answers to preflights have the request headers that
// decide, too.
//
// The cost of a request does not depend on the number of origins, nor on the length of what a client sends. An answer costs one
// allocation, which holds its header values; no two answers share one, so that nobody can spoil the next answer by changing a
// header in place.
package corsmw
