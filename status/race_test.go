//go:build race

package status_test

// The race detector allocates for itself.
const raceEnabled = true
