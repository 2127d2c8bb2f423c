package form_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/internal/form"
)

// request returns a request whose form has a temporary file.
func request(t *testing.T) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	file, err := w.CreateFormFile("file", "a.bin")
	require.NoError(t, err)
	_, _ = file.Write(make([]byte, 64<<10))
	require.NoError(t, w.Close())
	r := httptest.NewRequest(http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestRemoveFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	canOpen := func(r *http.Request) bool {
		file, err := r.MultipartForm.File["file"][0].Open()
		if err == nil {
			require.NoError(t, file.Close())
		}
		return err == nil
	}
	original := request(t)
	copied := original.WithContext(t.Context())
	form.RemoveFiles(copied, original) // there is no form
	require.NoError(t, copied.ParseMultipartForm(1))
	assert.True(t, canOpen(copied))
	form.RemoveFiles(copied, original)
	assert.False(t, canOpen(copied))

	original = request(t)
	require.NoError(t, original.ParseMultipartForm(1))
	form.RemoveFiles(original.WithContext(t.Context()), original)
	assert.True(t, canOpen(original), "net/http removes these")
}
