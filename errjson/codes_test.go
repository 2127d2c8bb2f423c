package errjson_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCodes tests that docs/errors.md lists the codes in the comments of bodyjson and params.
func TestCodes(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile("../" + name)
		require.NoError(t, err)
		return string(data)
	}
	field, whole := map[string]bool{}, map[string]bool{}
	add := func(comment string) {
		line := regexp.MustCompile(`(?m)^//\t(?:(4\d\d) +)?([a-z_]+)  +[a-z]`)
		for _, m := range line.FindAllStringSubmatch(comment, -1) {
			if m[1] != "" {
				whole[m[1]+" "+m[2]] = true
			} else if m[2] != "status" { // the heading
				field[m[2]] = true
			}
		}
	}
	_, comment, found := strings.Cut(read("bodyjson/doc.go"), "// # Errors")
	require.True(t, found)
	add(comment)
	_, comment, found = strings.Cut(read("params/params.go"), "The codes are:")
	require.True(t, found)
	comment, _, _ = strings.Cut(comment, "\npackage ")
	add(comment)

	page := read("docs/errors.md")
	_, page, found = strings.Cut(page, "## Field errors")
	require.True(t, found)
	fieldTable, wholeTable, found := strings.Cut(page, "## Errors")
	require.True(t, found)
	code := regexp.MustCompile("`([a-z_]+)`")
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(fieldTable, -1) {
		listed[m[1]] = true
	}
	assert.Equal(t, field, listed)
	listed = map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (4\d\d) \| ([^|]+) \|`).FindAllStringSubmatch(wholeTable, -1) {
		for _, c := range code.FindAllStringSubmatch(m[2], -1) {
			listed[m[1]+" "+c[1]] = true
		}
	}
	assert.Equal(t, whole, listed)
}
