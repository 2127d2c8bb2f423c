// Package ginadapter runs net/http middlewares in Gin, and gives hipflask's own a
// native form there.
//
//	router := gin.New()
//	router.HandleMethodNotAllowed = true
//	router.Use(
//		ginadapter.Errors(errs),               // 1. around all whose failures it answers
//		ginadapter.CORS(cors),                 // 2. so that errors have its header, too
//		ginadapter.Wrap(limiter, csrf.Handler), // 3. any func(http.Handler) http.Handler
//	)
//	router.POST("/items", ginadapter.Body[Item](bodyjson.Config{}), ginadapter.Handle(create))
//
// # The order of Use
//
// Gin gives a route the middlewares that were there when it was registered, so all
// Use calls of the engine go before the first route:
//
//   - Access logs, tracing and compression first. They see the answers of Errors.
//   - [Errors] next. With gin.Default, whose Recovery is further out, it answers
//     panics before that sees them. HandleMethodNotAllowed makes Gin tell a wrong
//     method (405) from a wrong path (404). NoRoute and NoMethod are not needed.
//   - [CORS] after it, on the engine, not on a group.
//   - [Wrap] with all others. One Wrap of four middlewares costs a third of what
//     four of one cost: each copies the request once.
//   - [Body] on the routes.
//
// # Failures
//
// After Use(Errors(errs)) every failure of the application goes out through errs,
// with its format, its rules and its report: what a [Handle] returns, what [Fail]
// and c.Error are given, what c.AbortWithStatus and c.BindJSON leave without a
// body, panics, Gin's 404 and 405, and what net/http middlewares inside a Wrap give
// to errjson.Write. Errors may be used again for a group, to add rules or another
// format. The plain text that a handler writes, such as that of http.Error, is a
// body; to have it answered as JSON as well, add Wrap(errs.Render).
//
// An error is answered when the handlers have returned. If a middleware in a Wrap
// has put its own writer in place, as those that compress, record or delay answers
// do, it is answered inside of that, through its writer.
//
// # What no adapter can change
//
//   - The middlewares of a group do not run for requests that match no route of it.
//     A preflight matches none, so CORS on a group answers no preflight.
//   - After Use behind a route, the route lacks the middleware, but requests without
//     a route have it: a preflight is then allowed, and the request itself has no
//     CORS header.
//   - Gin redirects a path with a slash too many or too few before it runs any
//     middleware: to a page of another origin the redirect, without CORS header
//     fields, is a failure. To answer 404 instead, set RedirectTrailingSlash to false.
//   - c.Query and c.PostForm remember what they have read first. A middleware that
//     rewrites the query later has no effect on them.
//   - engine.HandleContext runs the middlewares of the engine again.
//   - gin.Recovery swallows [net/http.ErrAbortHandler]. Where a broken connection is
//     to reach the client, use gin.New and Errors instead of gin.Default.
//   - http.TimeoutHandler in a Wrap sends its 503 only when the handler has returned:
//     Gin would give the context to another request before. The handler must watch
//     the context of the request.
//
// # An engine inside of a chain
//
// An engine is an http.Handler, and needs no adapter to stand at the end of a chain:
//
//	http.ListenAndServe(addr, alice.New(errs.Wrap, cors.Wrap).Then(engine))
//
// CORS, flushing and WebSockets work, 404 and 405 and bodiless errors become JSON,
// and so do panics, those that gin.Recovery answers as well. What cannot be seen
// from outside is the error, of which only the status is left, an error of c.Error
// with nothing written, which is a 200, and the route (the request's Pattern).
package ginadapter
