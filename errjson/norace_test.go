//go:build !race

package errjson_test

const raceEnabled = false
