package echoadapter

import (
	"errors"
	"net/http"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
	"github.com/hipflask/hipflask/internal/scope"
	"github.com/labstack/echo/v5"
)

// answeredKey is where the context has that a failure was answered.
const answeredKey = "github.com/hipflask/hipflask/adapters/echo"

// meaning returns what Echo's own error says, as an error of ours, and any other
// error as it is.
func meaning(err error) error {
	var first echo.HTTPStatusCoder // as errjson takes the first one
	if !errors.As(err, &first) {
		return err
	}
	he, ok := first.(*echo.HTTPError)
	if !ok {
		return err
	}
	e := &errjson.Error{Status: he.Code, Message: he.Message, Err: err}
	if e.Message == http.StatusText(e.Status) {
		e.Message = "" // it says no more than the status: ours is a sentence
	}
	return e
}

// write answers with err. Inside a Wrap there may be other renderers between the
// handler and the application's; then errjson finds it at its place.
func write(rd *errjson.Renderer, w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Value(scope.Key{}) == rd {
		errjson.Write(w, r, err)
	} else {
		rd.Write(w, r, err)
	}
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

// known is the renderer of an application; nil if it has none.
type known struct {
	app      *echo.Echo
	renderer *errjson.Renderer
}

// renderer returns the renderer of the application, or nil.
func (call *call) renderer() *errjson.Renderer {
	k := call.chain.renderer.Load()
	if k == nil || k.app != call.app {
		k = &known{app: call.app, renderer: ask(call.app, call.request)}
		call.chain.renderer.Store(k)
	}
	return k.renderer
}

// ask asks the HTTPErrorHandler of an application. One that cannot deal with the
// question is not ours.
func ask(app *echo.Echo, r *http.Request) *errjson.Renderer {
	q := new(question)
	func() {
		defer func() { _ = recover() }()
		app.HTTPErrorHandler(echo.NewContext(r, bridge.Nowhere{}, app), q)
	}()
	return q.answer
}
