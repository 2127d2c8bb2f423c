package bodyjson_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
	"github.com/hipflask/hipflask/errjson"
)

// TestCallersRequest tests that middlewares do not write to the request of the caller. Another
// goroutine may copy that request at any time. The race detector reports a write.
func TestCallersRequest(t *testing.T) {
	zipped := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}
	for name, middleware := range map[string]func(http.Handler) http.Handler{
		"Lazy":        bodyjson.Lazy(bodyjson.Config{}),
		"Lazy gunzip": bodyjson.Lazy(bodyjson.Config{Gunzip: true}),
		"New":         bodyjson.New[any](bodyjson.Config{Silent: true}),
		"NewFunc": func(next http.Handler) http.Handler {
			run := bodyjson.NewFunc[any](bodyjson.Config{Silent: true})
			return errjson.Handler(func(w http.ResponseWriter, r *http.Request) error {
				return run(w, r, func(r *http.Request) error {
					next.ServeHTTP(w, r)
					return nil
				})
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("POST /{name}", func(_ http.ResponseWriter, r *http.Request) {
				_, _ = bodyjson.Get[any](r)
				_ = r.ParseForm()
				r.SetPathValue("more", "value")
				r.Header = http.Header{"X-Changed": {"1"}}
			})
			handler := middleware(mux)
			for range 20 {
				r := httptest.NewRequest(http.MethodPost, "/a", strings.NewReader("{}"))
				r.Header = zipped.Clone()
				before := r.Clone(context.Background())
				copied := make(chan bool)
				go func() {
					defer close(copied)
					for range 10 {
						_ = r.Clone(context.Background())
					}
				}()
				handler.ServeHTTP(httptest.NewRecorder(), r)
				<-copied
				assert.Equal(t, before, r.Clone(context.Background()))
			}
		})
	}
}

// TestFormFiles tests that the temporary files of a form are removed. net/http does not remove
// files of a copied request.
func TestFormFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	files := func() []string {
		names, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
		require.NoError(t, err)
		return names
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	file, err := w.CreateFormFile("file", "a.bin")
	require.NoError(t, err)
	_, _ = file.Write(make([]byte, 64<<10))
	require.NoError(t, w.Close())

	handler := bodyjson.Lazy(bodyjson.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseMultipartForm(1))
		assert.Len(t, files(), 1)
	}))
	r := httptest.NewRequest(http.MethodPost, "/", &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	handler.ServeHTTP(httptest.NewRecorder(), r)
	assert.Empty(t, files())
}

func TestNewFunc(t *testing.T) {
	run := bodyjson.NewFunc[named](bodyjson.Config{})
	var got named
	next := func(r *http.Request) (err error) {
		got, err = bodyjson.Get[named](r)
		return errors.Join(err, io.EOF)
	}
	w := httptest.NewRecorder()
	require.ErrorIs(t, run(w, post(`{"name":"a"}`), next), io.EOF, "the error of next")
	assert.Equal(t, named{"a"}, got)

	var invalid *errjson.Error
	require.ErrorAs(t, run(w, post(`{"name":1}`), func(*http.Request) error { panic("not called") }), &invalid)
	assert.Equal(t, 422, invalid.Status)
	assert.Empty(t, w.Body.String(), "NewFunc does not write a response")

	assert.Panics(t, func() { bodyjson.NewFunc[chan int](bodyjson.Config{}) })
}
