package echoadapter

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/internal/bridge"
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

// appOf returns what the chain knows of an application. There is hardly ever more
// than one.
func (ch *chain) appOf(e *echo.Echo) *bridge.App {
	app := ch.app.Load()
	if app == nil || app.Key != e {
		app = bridge.NewApp(e, func(q *bridge.Question) {
			q.NotFound = echo.ErrNotFound
			r := &http.Request{Method: http.MethodGet, URL: new(url.URL), Header: make(http.Header), Body: http.NoBody}
			e.HTTPErrorHandler(q, e.NewContext(r, bridge.Nowhere{}))
		})
		ch.app.Store(app)
	}
	return app
}
