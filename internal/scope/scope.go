// Package scope has what the adapters for frameworks tell errjson.
package scope

// Key is the key under which a request's context holds the *errjson.Renderer
// that answers for an application whose middlewares are not net/http's.
type Key struct{}

// A Taker is a ResponseWriter that errjson.Write gives the error to, in place of an
// answer: that of a middleware that an adapter has made native, and whose errors
// go the framework's way.
type Taker interface {
	TakeError(error)
}
