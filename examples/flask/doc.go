// Package flask has the samples of a guide to JSON in Flask as Go programs. The
// page docs/flask.md takes its code from here, and a test keeps the two equal.
//
// Each function returns a handler to serve:
//
//	http.ListenAndServe(":8080", errjson.Wrap(returning()))
//
// The samples in Python are in testdata; no Go version is longer than one and a
// half times its sample.
package flask
