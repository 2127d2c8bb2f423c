package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/corsmw"
	"github.com/hipflask/hipflask/status"
)

// One policy for one handler: these are four of which to choose.
var (
	// Any site may read. Not for answers that depend on who asks.
	anyOrigin = corsmw.Must(corsmw.New(corsmw.Config{AllowOrigins: []string{"*"}}))

	// These sites may, and may send JSON.
	twoOrigins = corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://app.example.com", "https://example.com"}, AllowHeaders: []string{"Content-Type"},
	}))

	// Another policy for another path. Patterns are those of http.ServeMux.
	perRoute = corsmw.Must(corsmw.NewRoutes(map[string]corsmw.Config{
		"/api/public/":  {AllowOrigins: []string{"*"}},
		"/api/private/": {AllowOrigins: []string{"https://app.example.com"}},
	}))

	// Certain methods, beside GET, HEAD and POST, and certain headers.
	strict = corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://app.example.com"}, AllowMethods: []string{"PUT", "DELETE"},
		AllowHeaders: []string{"Content-Type", "Authorization"},
	}))
)

func cors() http.Handler {
	return strict.Wrap(status.Handler(func(*http.Request) (any, error) {
		return map[string]string{"result": "data here"}, nil
	}))
}
