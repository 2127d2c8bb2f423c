// Package vectortest runs tests from files of test vectors.
package vectortest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Run runs a subtest for each line of a file of JSON values. The folder of the file is
// testdata/vectors, or the one that the environment variable VECTORS_DIR names. Each line has the
// members "id" and "note". A member that V does not have, and a file without vectors, fail the test.
func Run[V any](t *testing.T, file string, run func(*testing.T, V)) {
	t.Helper()
	dir := cmp.Or(os.Getenv("VECTORS_DIR"), filepath.Join("testdata", "vectors"))
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		count++
		var v V
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%s: vector %d: %v", file, count, err)
		}
		var header struct{ ID, Note string }
		if err := json.Unmarshal(line, &header); err != nil || header.ID == "" {
			t.Fatalf("%s: vector %d has no ID", file, count)
		}
		t.Run(header.ID, func(t *testing.T) {
			t.Log(header.Note)
			run(t, v)
		})
	}
	if count == 0 {
		t.Fatalf("%s is empty", file)
	}
}
