package accept_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/accept"
)

func TestQuality(t *testing.T) {
	for _, c := range []struct {
		header, contentType string
		want                int
	}{
		{"", "application/json", 1000},
		{" ", "application/json", 1000},
		{"application/json", "application/json; charset=utf-8", 1000},
		{"Application/JSON;q=0.5", "application/json", 500},
		{"application/*;q=0.25", "application/json", 250},
		{"*/*;q=0.001", "application/json", 1},
		{"*/*;q=1, application/*;q=0.2, application/json;q=0", "application/json", 0},
		{"text/html", "application/json", 0},
		{"application/json;q=2, */*;q=0.1", "application/json", 100}, // an invalid weight is ignored
		{"app/*", "application/json", 0},
		{"application/json;x=y;Q=0.333", "application/json", 333},
	} {
		assert.Equal(t, c.want, accept.Quality(c.header, c.contentType), "%q %q", c.header, c.contentType)
	}
}
