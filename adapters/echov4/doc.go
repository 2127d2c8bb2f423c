// Package echoadapter runs net/http middlewares in Echo v4, and sends the errors of an Echo
// application with package errjson. Its names are those of [the package for Echo v5], so that only
// the import path changes with an upgrade. The documentation of that package applies to this one:
//
//	e := echo.New()
//	a := echoadapter.New(errs)
//	e.HTTPErrorHandler = a.ErrorHandler
//	e.Use(a.Wrap(errs.Wrap), a.CORS(cors), a.Wrap(limiter, csrf.Handler))
//	e.POST("/items", echoadapter.Handle(create), echoadapter.Body[Item](bodyjson.Config{}))
//
// Echo v4 differs in these points:
//
//   - The Message of an [echo.HTTPError] may have any type. If it is neither a string nor an error,
//     it becomes the Details of the error response. The HTTPError in an HTTPError counts, as in
//     Echo's own HTTPErrorHandler.
//   - Echo's own HTTPErrorHandler sends the errors of [Body] and [Handle] as a 500.
//   - Echo routes by its own request. With Pre, it ignores a Rewrite of a request that a net/http
//     middleware of a [Adapter.Wrap] outside has replaced or changed.
//   - Echo's Recover with DisableErrorHandler, or with a LogErrorFunc that returns nil, hides a
//     panic from [Adapter.ErrorHandler]. If the response is committed, the connection is not
//     broken.
//   - Echo's deprecated Timeout must be outside every Wrap. Echo requires it to be the first
//     middleware. Inside a Wrap, a handler that outlives the timeout writes to the connection,
//     because the Wrap restores the writer of the response.
//
// This package exists until the end of 2027, as long as Echo v4 is supported.
//
// [the package for Echo v5]: https://pkg.go.dev/github.com/hipflask/hipflask/adapters/echo
package echoadapter

//go:generate go run ./internal/generate
