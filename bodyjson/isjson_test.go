package bodyjson_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/hipflask/hipflask/bodyjson"
)

func ExampleIsJSON() {
	r := httptest.NewRequest("POST", "/", nil)
	for _, contentType := range []string{"application/json", "application/problem+json; charset=UTF-8", "text/json", ""} {
		r.Header.Set("Content-Type", contentType)
		fmt.Println(bodyjson.IsJSON(r))
	}
	// Output:
	// true
	// true
	// false
	// false
}
