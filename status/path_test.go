package status_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/errjson"
	"github.com/hipflask/hipflask/status"
)

func TestPathInt(t *testing.T) {
	for _, test := range []struct {
		value string
		want  int
		ok    bool
	}{
		{"0", 0, true},
		{"42", 42, true},
		{"007", 7, true},
		{strconv.Itoa(math.MaxInt), math.MaxInt, true},
		{"9223372036854775808", 0, false},
		{"-1", 0, false},
		{"+1", 0, false},
		{"", 0, false},
		{" 1", 0, false},
		{"1 ", 0, false},
		{"1.0", 0, false},
		{"1_000", 0, false},
		{"0x10", 0, false},
		{"abc", 0, false},
		{"٤٢", 0, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.SetPathValue("id", test.value)
		got, err := status.PathInt(r, "id")
		assert.Equal(t, test.want, got, "%q", test.value)
		if test.ok {
			assert.NoError(t, err, "%q", test.value)
		} else {
			assert.Equal(t, errjson.NotFound(""), err, "%q", test.value)
		}
	}
}

func ExamplePathInt() {
	mux := http.NewServeMux()
	mux.Handle("GET /items/{id}", status.Handler(func(r *http.Request) (map[string]int, error) {
		id, err := status.PathInt(r, "id")
		if err != nil {
			return nil, err
		}
		return map[string]int{"id": id}, nil
	}))

	for _, path := range []string{"/items/7", "/items/seven"} {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		fmt.Print(rec.Code, " ", rec.Body)
	}
	// Output:
	// 200 {"id":7}
	// 404 {"error":"Not Found","message":"There is nothing at this URL.","status":404}
}
