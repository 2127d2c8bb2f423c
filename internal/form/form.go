// Package form removes the temporary files of forms.
package form

import "net/http"

// RemoveFiles removes the temporary files of a form that was parsed from copied, a copy of
// original: net/http removes only those of its own request.
func RemoveFiles(copied, original *http.Request) {
	if form := copied.MultipartForm; form != nil && form != original.MultipartForm {
		_ = form.RemoveAll()
	}
}
