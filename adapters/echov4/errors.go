package echoadapter

import (
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
	"github.com/hipflask/hipflask/internal/scope"
	"github.com/labstack/echo/v4"
)

// answeredKey is where the context has that a failure was answered.
const answeredKey = "github.com/hipflask/hipflask/adapters/echov4"

// meaning returns what Echo's own error says, as an error of ours, and any other
// error as it is.
func meaning(err error) error {
	he, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return err
	}
	// The outermost of the errors that have a status counts, as with errjson.
	if coded, ok := errors.AsType[statusCoder](err); ok && !errors.Is(he, coded) {
		return err
	}
	// Echo's own handler, too, takes the inner one of two.
	if inner, ok := he.Internal.(*echo.HTTPError); ok {
		he = inner
	}
	e := &errjson.Error{Status: he.Code, Err: err}
	switch message := he.Message.(type) {
	case nil:
	case string:
		e.Message = message
	case error:
		e.Message = message.Error()
	default:
		e.Details = message
	}
	if e.Message == http.StatusText(e.Status) {
		e.Message = "" // it says no more than the status: ours is a sentence
	}
	return e
}

type statusCoder interface {
	error
	StatusCode() int
}

// write answers with err. Inside a Wrap there may be other renderers between the
// handler and the application's; then errjson finds it at its place.
func write(rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, err error) {
	for mark := range scope.Marks(r) {
		if a, ok := mark.(*app); ok && a.Renderer() == rd {
			errjson.Write(w, r, err)
			return
		}
	}
	rd.Write(w, r, err)
}

// A question is an error that an ErrorHandler answers with its renderer. An
// HTTPErrorHandler is a function: which one it is, or whether it calls one of
// ours, is not to be seen from outside.
type question struct{ answer *errjson.Renderer }

func (*question) Error() string {
	return "echoadapter: no request has failed; this looks for the renderer of ErrorHandler"
}

// Unwrap keeps an HTTPErrorHandler of another kind from taking this for a failure of
// the server.
func (*question) Unwrap() error { return echo.ErrNotFound }

// An app is an application on its way through a chain. As the value of a mark in
// the request, it leads errjson to the renderer, which it looks for when it is
// first asked.
type app struct {
	echo     *echo.Echo
	mark     *scope.Mark
	once     sync.Once
	renderer *errjson.Renderer
}

// appOf returns what the chain knows of an application. There is hardly ever more
// than one.
func (ch *chain) appOf(e *echo.Echo) *app {
	a := ch.app.Load()
	if a == nil || a.echo != e {
		a = &app{echo: e}
		a.mark = scope.NewMark(a)
		ch.app.Store(a)
	}
	return a
}

// enter leaves the mark in a request, unless there is one of an outer Wrap: the
// renderer of the application has its place at the outermost.
func (a *app) enter(r *http.Request) {
	for mark := range scope.Marks(r) {
		if outer, ok := mark.(*app); ok && outer.echo == a.echo {
			return
		}
	}
	a.mark.Enter(r)
}

// Renderer is how errjson finds the renderer of the application; it is nil if
// there is none. It asks the HTTPErrorHandler. One that cannot deal with the
// question is not ours.
func (a *app) Renderer() *errjson.Renderer {
	a.once.Do(func() {
		defer func() { _ = recover() }()
		q := new(question)
		defer func() { a.renderer = q.answer }()
		r := &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: make(http.Header), Body: http.NoBody}
		a.echo.HTTPErrorHandler(q, a.echo.NewContext(r, bridge.Nowhere{}))
	})
	return a.renderer
}
