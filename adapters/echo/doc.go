// Package echoadapter runs net/http middlewares in Echo v5, and gives hipflask's own
// a native form there.
//
//	e := echo.New()
//	e.HTTPErrorHandler = echoadapter.ErrorHandler(errs)
//	e.Use(
//		echoadapter.Wrap(errs.Wrap),             // 1. panics and empty answers, too
//		echoadapter.CORS(cors),                  // 2. so that errors have its header, too
//		echoadapter.Wrap(limiter, csrf.Handler), // 3. any func(http.Handler) http.Handler
//	)
//	e.POST("/items", echoadapter.Handle(create), echoadapter.Body[Item](bodyjson.Config{}))
//
// # The order of Use
//
//   - Access logs, tracing and compression first. They see the answers to errors if
//     they are net/http middlewares in a [Wrap], or call the HTTPErrorHandler.
//   - errs.Wrap, in a Wrap, for panics, and for answers that are a bare status, such as
//     the 403 of a refused preflight: the HTTPErrorHandler knows nothing of them. Where
//     panics are all, errs.Recover will do, or Echo's own Recover.
//   - [CORS] after it, with Use, Pre, or on a group.
//   - Wrap with all others. One Wrap of four middlewares costs a third of what four
//     of one cost: each copies the request once.
//   - [Body] on the routes. Echo runs the middlewares of a route after those of the
//     application.
//
// # Failures
//
// With e.HTTPErrorHandler = ErrorHandler(errs) every failure of the application goes
// out through errs, with its format, its rules and its report: an error that a
// handler or middleware returns, that of [Body] and [Handle], Echo's 404 and 405,
// and what net/http middlewares inside a Wrap give to errjson.Write. An
// HTTPErrorHandler of your own may do something first, and then call it.
//
// Without an ErrorHandler the errors of Body and Handle go to the HTTPErrorHandler
// that there is. Echo's own knows the status of ours, but not its message.
//
// # What no adapter can change
//
//   - An HTTPErrorHandler that does not look whether the response is committed sends
//     a second body when it is called twice, by a Wrap with a writer of its own as by
//     Echo's own middlewares. ErrorHandler does look.
//   - Echo answers OPTIONS for a path that it knows with a 204. CORS goes before that.
//   - Before the routing, with Pre, there is no route in the request.
//   - http.TimeoutHandler in a Wrap sends its 503 only when the handler has returned:
//     Echo would give the context to another request before. The handler must watch
//     the context of the request.
//
// # An application inside of a chain
//
// An application is an http.Handler, and needs no adapter to stand at the end of a
// chain:
//
//	http.ListenAndServe(addr, alice.New(errs.Wrap, cors.Wrap).Then(e))
//
// CORS, panics, flushing and WebSockets work. What cannot be seen from outside is the
// route (the request's Pattern), and the errors, which Echo has answered already, as
// JSON of its own; an ErrorHandler is needed all the same.
package echoadapter
