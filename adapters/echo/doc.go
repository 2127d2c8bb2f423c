// Package echoadapter runs net/http middlewares in Echo v5, and sends the errors of an Echo
// application with package errjson.
//
//	e := echo.New()
//	a := echoadapter.New(errs)
//	e.HTTPErrorHandler = a.ErrorHandler
//	e.Use(
//		a.Wrap(errs.Wrap),             // 1. panics and empty error responses
//		a.CORS(cors),                  // 2. before all that may fail
//		a.Wrap(limiter, csrf.Handler), // 3. any func(http.Handler) http.Handler
//	)
//	e.POST("/items", echoadapter.Handle(create), echoadapter.Body[Item](bodyjson.Config{}))
//
// # The order of Use
//
//   - Access logs, tracing and compression come first. They see error responses if they are
//     net/http middlewares in a Wrap, or if they call the HTTPErrorHandler.
//   - errs.Wrap in a Wrap comes next. It sends panics and error responses without a body, such as
//     the 403 of a denied preflight. The HTTPErrorHandler gets neither. For panics alone,
//     errs.Recover or Echo's Recover is enough.
//   - [Adapter.CORS] follows, so that error responses have its headers.
//   - A Wrap with the other middlewares follows. One Wrap of four middlewares costs about a quarter
//     of four Wraps, because each Wrap copies the request.
//   - [Body] belongs to a route. Echo runs the middlewares of a route after those of the
//     application.
//
// # Errors
//
// With [Adapter.ErrorHandler] the renderer of the Adapter sends every error, with its rules, its
// format and its report. These are the errors that handlers and middlewares return, including those
// of Body and [Handle], and Echo's own 404 and 405. In a Wrap, [errjson.Write] uses the same
// renderer. An errjson.Render in a Wrap adds rules or another format for a group or a route. An
// HTTPErrorHandler of your own may call the ErrorHandler.
//
// Without the ErrorHandler, the HTTPErrorHandler of the application gets the errors of Body and
// Handle. Echo's own sends their status without their message.
//
// # Limits
//
//   - An HTTPErrorHandler must check whether the response is committed. Otherwise it sends a second
//     body when it is called twice, by a Wrap or by Echo's own middlewares. ErrorHandler checks it.
//   - A middleware's writer without an Unwrap method hides the renderer from errjson.Write, which
//     then uses the default renderer. An error that a handler returns is sent by the Adapter's
//     renderer all the same.
//   - Echo responds to OPTIONS for a known path with a 204, so CORS must come before it.
//   - With Pre the route is not known yet. The request has no Pattern and no path values.
//   - http.TimeoutHandler in a Wrap sends its 503 only after the handler has returned, because Echo
//     gives the context of the handler to another request. The handler must watch the context of
//     the request.
//   - The error of Echo's Recover with DisablePrintStack looks like an error of the handler. If the
//     response is committed, the connection is not broken.
//   - Echo does not record a Flush before the first write. Outside a Wrap, the body of a later
//     error is added to the response.
//
// # An application inside a chain
//
// An application is an http.Handler. It can be the last handler of a chain without an adapter:
//
//	http.ListenAndServe(addr, alice.New(errs.Wrap, cors.Wrap).Then(e))
//
// CORS, panics, flushing and WebSockets work. The chain does not see the errors of the application,
// which are sent as JSON already, so the application needs the ErrorHandler. With [New](nil), the
// renderer of the chain sends them.
package echoadapter
