package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/errjson"
)

func errorHandlers(api http.Handler) http.Handler {
	says := func(text string) func(*http.Request, *errjson.Error) any {
		return func(*http.Request, *errjson.Error) any { return map[string]string{"error": text} }
	}
	errs := errjson.NewRenderer(errjson.Config{Rules: []errjson.Rule{
		errjson.OnStatus(http.StatusBadRequest, func(_ *http.Request, e *errjson.Error) any {
			return map[string]string{"error": "Bad request", "message": e.Message}
		}),
		errjson.OnStatus(http.StatusNotFound, says("Not found")),
		errjson.OnStatus(http.StatusMethodNotAllowed, says("Method not allowed")),
		errjson.OnStatus(http.StatusInternalServerError, says("Internal server error")),
	}})
	// The handlers for HTTPException and for Exception are there without being
	// written: see below.
	return errs.Wrap(api)
}
