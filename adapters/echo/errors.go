package echoadapter

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
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

// appOf returns what the chain knows of an application. There is hardly ever more
// than one.
func (ch *chain) appOf(e *echo.Echo) *bridge.App {
	app := ch.app.Load()
	if app == nil || app.Key != e {
		app = bridge.NewApp(e, func(q *bridge.Question) {
			q.NotFound = echo.ErrNotFound
			r := &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: make(http.Header), Body: http.NoBody}
			e.HTTPErrorHandler(echo.NewContext(r, bridge.Nowhere{}, e), q)
		})
		ch.app.Store(app)
	}
	return app
}
