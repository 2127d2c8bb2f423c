package status

import (
	"net/http"
	"strconv"

	"github.com/hipflask/hipflask/errjson"
)

// PathInt returns a variable of the path as a number, as Flask's <int:id> does. What
// is not written in decimal digits alone, without a sign, or does not fit into an
// int, names nothing: the error is a 404.
//
// It asks [http.Request.PathValue], which ServeMux and chi fill in; for other routers
// see [http.Request.SetPathValue].
func PathInt(r *http.Request, name string) (int, error) {
	value := r.PathValue(name)
	n, err := strconv.Atoi(value)
	if err != nil || value[0] < '0' { // '+' and '-' come before '0'
		return 0, errjson.NotFound("")
	}
	return n, nil
}
