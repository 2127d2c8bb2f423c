package flask

import (
	"net/http"

	"github.com/hipflask/hipflask/corsmw"
)

func manual(api http.Handler) http.Handler {
	cors := corsmw.Must(corsmw.New(corsmw.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"},
		AllowHeaders: []string{"Content-Type", "Authorization"},
	}))
	return cors.Wrap(api) // preflights are answered here, for every path
}
