// Package adaptertest is one suite of tests for every adapter: what must come of
// net/http middlewares inside a framework, whatever the framework.
//
// An adapter's test describes its framework as an [App] and calls [Run]. Each test
// has the names of the two tables that it is in, G for Gin and E for Echo; it runs
// under the one of its framework, or under the other if it is in one table only.
// Tests of what only one framework has are in that adapter's folder.
//
// The package uses nothing but the standard library, so that the module it is in
// requires nothing for its sake.
package adaptertest

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/hipflask/hipflask/errjson"
)

// A Middleware is what adapters adapt.
type Middleware = func(http.Handler) http.Handler

// A Framework is what is tested.
type Framework struct {
	// Kind is which of the tests run.
	Kind Kind
	// New returns an application whose errors rd answers.
	New func(rd *errjson.Renderer) App
	// Closures is what the framework allocates for each middleware of a request,
	// and the App for each handler.
	Closures float64
}

// Kind is a kind of framework.
type Kind int

// The kinds of frameworks.
const (
	Gin Kind = 1 << iota
	Echo
	NetHTTP // no framework, as a yardstick

	all = Gin | Echo | NetHTTP
)

// An App is an application of a framework.
type App interface {
	http.Handler
	// Use adds net/http middlewares to the application, by the adapter's Wrap.
	Use(...Middleware)
	// UseNative adds a middleware of the framework's own.
	UseNative(func(c C, next func() error) error)
	// Group returns a group with a prefix, to which Use applies.
	Group(prefix string) App
	// Handle adds a handler. Parameters in the path are written as ":name". The
	// middlewares are added by the adapter's Wrap.
	Handle(method, path string, handler func(C) error, middlewares ...Middleware)

	// CORS uses a policy, by the adapter's CORS.
	CORS(policy Policy)
	// Value adds a handler by the adapter's Handle.
	Value(method, path string, fn func(C) (any, error), middlewares ...Middleware)
	// Body adds a handler for POST behind the adapter's Body, for an [Item].
	Body(path string, handler func(C) error)
}

// A Policy is what the adapters' CORS takes.
type Policy interface {
	Apply(http.ResponseWriter, *http.Request) bool
}

// An Item is what bodies are decoded as.
type Item struct {
	Name string `json:"name" required:"true" binding:"required"`
}

// A PreApp is an App that can run middlewares before it looks for a route.
type PreApp interface {
	App
	Pre(...Middleware)
}

// C is what a handler gets from its framework.
type C interface {
	Request() *http.Request
	Writer() http.ResponseWriter
	// String answers in the framework's own way.
	String(status int, body string) error
	// Multipart parses a form, and keeps no file in memory.
	Multipart() error
	// Item decodes the body by the adapter's Get, and Bind by the framework.
	Item() (Item, error)
	Bind(any) error
	// Identity is the framework's context, which it may use for another
	// request when this one is over.
	Identity() any
}

// A vector is one test of the suite.
type vector struct {
	gin, echo string // its names
	title     string
	on        Kind
	run       func(*testing.T, Framework)
}

func (v vector) name(k Kind) string {
	id := v.echo
	if k == Gin && v.gin != "" || id == "" {
		id = v.gin
	}
	return id + " " + v.title
}

// Run runs the suite.
func Run(t *testing.T, f Framework) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	names := make(map[string]bool)
	for _, vectors := range [][]vector{chainVectors, writerVectors, errorVectors, lifetimeVectors, nativeVectors} {
		for _, v := range vectors {
			if v.on&f.Kind == 0 {
				continue
			}
			name := v.name(f.Kind)
			if names[name] {
				t.Fatalf("two tests are named %q", name)
			}
			names[name] = true
			t.Run(name, func(t *testing.T) { v.run(t, f) })
		}
	}
}
