package adapter

import (
	"errors"
	"sync"
	"sync/atomic"
)

// A Gate lets one goroutine at a time run the rest of a request, and none after the request has
// ended. A middleware may call its next handler in another goroutine and return before that has
// ended, as http.TimeoutHandler does. The framework would give the handler's context to another
// request.
type Gate struct {
	mu      sync.Mutex
	entered bool
	closed  atomic.Bool
}

// Enter waits until no other goroutine is inside. It returns false if the gate is closed. Otherwise
// the caller must call Leave.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	if g.closed.Load() {
		g.mu.Unlock()
		return false
	}
	g.entered = true
	return true
}

// Entered reports whether a goroutine is or was inside.
func (g *Gate) Entered() bool {
	if !g.mu.TryLock() {
		return true
	}
	defer g.mu.Unlock()
	return g.entered
}

// Leave lets the next goroutine in.
func (g *Gate) Leave() { g.mu.Unlock() }

// Close waits until no goroutine is inside, and closes the gate.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed.Store(true)
	g.mu.Unlock()
}

// Closed reports whether the gate is closed. Any goroutine may call it.
func (g *Gate) Closed() bool { return g.closed.Load() }

// ErrRequestEnded is returned by writes after the request has ended: the framework may have given
// its writer to another request.
var ErrRequestEnded = errors.New("hipflask: write after the request has ended")
