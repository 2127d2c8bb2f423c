package statustext_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hipflask/hipflask/internal/statustext"
)

func TestEveryStatus(t *testing.T) {
	for status := -1; status < 1000; status++ {
		name, message := statustext.Name(status), statustext.Message(status)
		assert.NotEmpty(t, name, status)
		assert.True(t, strings.HasSuffix(message, "."), status)
		if status != statustext.ClientClosedRequest && http.StatusText(status) != "" {
			assert.Equal(t, http.StatusText(status), name)
		}
		if status < 400 || status > 599 {
			assert.Equal(t, statustext.Message(500), message, status)
		}
	}
	assert.Equal(t, "Client Closed Request", statustext.Name(499))
	assert.Equal(t, "Unknown Error", statustext.Name(599))
	assert.Equal(t, statustext.Message(500), statustext.Message(599))
	assert.NotEqual(t, statustext.Message(400), statustext.Message(430))
}

func TestClasses(t *testing.T) {
	for code, want := range map[int]bool{99: false, 100: true, 101: false, 103: true, 199: true, 200: false} {
		assert.Equal(t, want, statustext.IsInformational(code), code)
	}
	for code, want := range map[int]bool{399: false, 400: true, 499: true, 599: true, 600: false} {
		assert.Equal(t, want, statustext.IsError(code), code)
	}
}
