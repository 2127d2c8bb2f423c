// Package scope has what the adapters for frameworks tell errjson.
package scope

// Key is the key under which a request's context holds the *errjson.Renderer
// that answers for an application whose middlewares are not net/http's.
type Key struct{}
