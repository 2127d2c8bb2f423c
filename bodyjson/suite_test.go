package bodyjson_test

import (
	"cmp"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hipflask/hipflask/bodyjson"
)

// accepted contains the accepted files among those for which RFC 8259 allows both results.
var accepted = []string{
	"i_number_double_huge_neg_exp.json",
	"i_number_real_underflow.json",
	"i_number_too_big_neg_int.json",
	"i_number_too_big_pos_int.json",
	"i_number_very_big_negative_int.json",
	"i_structure_500_nested_arrays.json",
}

// duplicated contains the rejected files among those that are JSON. Each file has a duplicate name,
// which makes the behavior unpredictable (RFC 8259, Section 4).
var duplicated = []string{
	"y_object_duplicated_key.json",
	"y_object_duplicated_key_and_value.json",
}

// TestSuite sends the files of JSONTestSuite by Nicolas Seriot to New. The folder is
// testdata/jsontestsuite/test_parsing, or $JSON_SUITE_DIR.
func TestSuite(t *testing.T) {
	dir := cmp.Or(os.Getenv("JSON_SUITE_DIR"), filepath.Join("testdata", "jsontestsuite", "test_parsing"))
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 318, "the suite is incomplete")
	h := bodyjson.New[any](bodyjson.Config{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	lax := bodyjson.New[any](bodyjson.Config{AllowDuplicateNames: true})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			got := do(h, post(string(data)))
			switch {
			case strings.HasPrefix(name, "n_"):
				assert.Equal(t, http.StatusBadRequest, got.status, got.body)
			case slices.Contains(duplicated, name):
				assert.Equal(t, http.StatusBadRequest, got.status)
				assert.Contains(t, got.body, `"pointer":"/a","code":"duplicate"`)
				assert.Equal(t, http.StatusOK, do(lax, post(string(data))).status)
			case strings.HasPrefix(name, "y_"), slices.Contains(accepted, name):
				assert.Equal(t, http.StatusOK, got.status, got.body)
			case strings.Contains(name, "exp"), strings.Contains(name, "overflow"):
				assert.Equal(t, http.StatusUnprocessableEntity, got.status, got.body)
				assert.Contains(t, got.body, `"code":"range"`)
			default:
				assert.Equal(t, http.StatusBadRequest, got.status, got.body)
				assert.Contains(t, got.body, `"code":"encoding"`)
			}
		})
	}
}
