package corsmw_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImports: the package stays small. It needs no encoder and no logger, and beyond the standard library only the list of public suffixes.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var beyond []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.False(t, strings.HasPrefix(path, "encoding/") || strings.HasPrefix(path, "log"), path)
			if strings.Contains(path, ".") && !slices.Contains(beyond, path) {
				beyond = append(beyond, path)
			}
		}
	}
	assert.Equal(t, []string{"golang.org/x/net/publicsuffix"}, beyond)
}
