//go:build race

package errjson_test

// The race detector allocates for itself.
const raceEnabled = true
