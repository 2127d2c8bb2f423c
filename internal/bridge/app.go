package bridge

import (
	"net/http"
	"sync"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/scope"
)

// An App is an application of a framework that gives all failures to one function.
// As the value of a mark in the request, it leads errjson to the renderer behind that
// function.
type App struct {
	// Key tells one application from another.
	Key  any
	ask  func(*Question)
	mark *scope.Mark

	once     sync.Once
	renderer *errjson.Renderer
}

// NewApp returns an App. When errjson first looks for its renderer, ask is to call
// the application's function with a question.
func NewApp(key any, ask func(*Question)) *App {
	a := &App{Key: key, ask: ask}
	a.mark = scope.NewMark(a)
	return a
}

// A Question is an error that one of our functions answers with its renderer: which
// one a function is, or whether it calls one of ours, is not to be seen from outside.
type Question struct {
	// NotFound keeps functions of another kind from taking the question for a
	// failure of the server: it is what the question wraps.
	NotFound error
	// Answer is the renderer.
	Answer *errjson.Renderer
}

func (*Question) Error() string {
	return "echoadapter: no request has failed; this looks for the renderer of ErrorHandler"
}

// Unwrap returns q.NotFound.
func (q *Question) Unwrap() error { return q.NotFound }

// Renderer is how errjson finds the renderer; it is nil if there is none. A function
// that cannot deal with the question is not ours.
func (a *App) Renderer() *errjson.Renderer {
	a.once.Do(func() {
		defer func() { _ = recover() }()
		q := new(Question)
		defer func() { a.renderer = q.Answer }()
		a.ask(q)
	})
	return a.renderer
}

// Enter leaves the mark in a request, unless there is one of the application further
// out: its renderer has its place at the outermost.
func (a *App) Enter(r *http.Request) {
	for mark := range scope.Marks(r) {
		if outer, ok := mark.(*App); ok && outer.Key == a.Key {
			return
		}
	}
	a.mark.Enter(r)
}

// Write answers with err. There may be other renderers between the handler and rd, if
// that is the one of an application: errjson then finds it at its place.
func Write(rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, err error) {
	for mark := range scope.Marks(r) {
		if a, ok := mark.(*App); ok && a.Renderer() == rd {
			errjson.Write(w, r, err)
			return
		}
	}
	rd.Write(w, r, err)
}
