package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGeneratedFilesAreFresh tests that go generate would not change a file. The module cache has
// this folder without the one for Echo v5.
func TestGeneratedFilesAreFresh(t *testing.T) {
	folder := filepath.Join("..", "..")
	source := filepath.Join(folder, "..", "echo")
	if _, err := os.Stat(source); err != nil && os.Getenv("CI") == "" {
		t.Skip("the source of the generated files, adapters/echo, is not in this copy of the module")
	}
	for _, name := range files {
		want, err := generate(filepath.Join(source, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s: run go generate in adapters/echov4", name)
	}
}
