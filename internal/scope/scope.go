// Package scope has what the adapters for frameworks tell errjson.
package scope

// A Taker is a ResponseWriter that errjson.Write gives the error to, in place of an
// answer: that of a middleware that an adapter has made native, and whose errors
// go the framework's way.
type Taker interface {
	TakeError(error)
}
