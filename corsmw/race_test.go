//go:build race

package corsmw_test

// raceEnabled says that the race detector is on, which allocates for itself.
const raceEnabled = true
