// Package ginadapter runs net/http middlewares in Gin, and has forms of hipflask's own middlewares
// for Gin.
//
//	a := ginadapter.New(errs)
//	router := gin.New()
//	router.HandleMethodNotAllowed = true
//	router.Use(
//		a.Errors,                     // 1. outside everything whose errors it sends
//		a.CORS(cors),                 // 2. errors have its headers
//		a.Wrap(limiter, csrf.Handler), // 3. any func(http.Handler) http.Handler
//	)
//	router.POST("/items", ginadapter.Body[Item](bodyjson.Config{}), ginadapter.Handle(create))
//
// # The order of Use
//
// Gin gives a route the middlewares that exist when it is registered. Call Use on the engine before
// the first route:
//
//   - Access logs, tracing and compression come first. They see the responses of Errors.
//   - [Adapter.Errors] comes next. With gin.Default, whose Recovery is outside, it sends panics
//     before Recovery sees them. HandleMethodNotAllowed makes Gin distinguish a wrong method (405)
//     from a wrong path (404). NoRoute and NoMethod are not needed.
//   - [Adapter.CORS] comes after it, on the engine and not on a group.
//   - [Adapter.Wrap] has all others. One Wrap of four middlewares costs a quarter of four Wraps:
//     each Wrap copies the request once.
//   - [Body] is for routes.
//
// # Errors
//
// After Use(a.Errors) the renderer sends every error of the application, with its format, its rules
// and its report: errors that a [Handle] returns, errors given to [Fail] and c.Error, a status that
// c.AbortWithStatus and c.BindJSON leave without a body, panics, Gin's 404 and 405, and errors that
// net/http middlewares inside a Wrap give to [errjson.Write]. A second Errors, of another Adapter,
// adds rules or another format for a group. The plain text that a handler writes, such as that of
// http.Error, is a body and stays. a.Wrap(errs.Render) converts it to JSON.
//
// Errors are sent when the handlers have returned. If a middleware in a Wrap has a writer of its
// own, as compressors have, the error is sent inside, through that writer.
//
// [errjson.Write] finds the renderer by the Unwrap methods of the writer. A handler of [gin.WrapH]
// behind a native writer without Unwrap, such as that of gin-contrib/gzip, uses [errjson.Default].
// Fail, Handle, Body and Wrap still use the renderer of Errors there.
//
// # What no adapter can change
//
//   - The middlewares of a group do not run for requests that match no route of it. A preflight
//     matches none: CORS on a group does not respond to preflights.
//   - A route does not have the middlewares that Use adds after it, but requests without a route
//     do. A preflight is then allowed, and the request itself has no CORS headers.
//   - Gin redirects a path with a missing or extra slash before any middleware. The redirect has no
//     CORS headers, and fails for a page of another origin. Set RedirectTrailingSlash to false for
//     a 404.
//   - c.Query and c.PostForm keep the first values that they have read. A middleware that rewrites
//     the query later has no effect on them.
//   - gin-contrib/gzip removes the Vary header of error responses, and with it the Vary: Origin of
//     CORS. Compress outside the engine instead, for example with gzhttp of klauspost/compress.
//   - engine.HandleContext runs the middlewares of the engine again.
//   - gin.Recovery swallows [net/http.ErrAbortHandler]. To break the connection to the client, use
//     gin.New and Errors instead of gin.Default.
//   - http.TimeoutHandler in a Wrap sends its 503 when the handler has returned: Gin would give the
//     context to another request before. The handler must watch the context of the request.
//
// # An engine inside a chain
//
// An engine is an http.Handler, and needs no adapter at the end of a chain:
//
//	http.ListenAndServe(addr, alice.New(errs.Wrap, cors.Wrap).Then(engine))
//
// CORS, flushing and WebSockets work. 404, 405 and bodiless error statuses become JSON, and so do
// panics, also those that gin.Recovery recovers. Outside the engine, three things are not visible:
// the error behind a status, an error of c.Error with nothing written, which is a 200, and the
// route (the request's Pattern).
package ginadapter
