package errjson

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestDecide has every combination of the values that decide depends on.
func TestDecide(t *testing.T) {
	kinds := map[kind]string{kindOrdinary: "ordinary", kindAbort: "abort", kindBroken: "broken"}
	// The actions for an error and for a panic.
	type actions [2]action
	table := map[sent]map[kind]actions{
		sentNothing: {
			kindOrdinary: {actRespond, actRespond},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actAbort, actAbort},
		},
		sentPart: {
			kindOrdinary: {actAbort, actAbort},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actAbort, actAbort},
		},
		sentError: {
			kindOrdinary: {actLog, actLog},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actLog, actLog},
		},
		sentAll: {
			kindOrdinary: {actLog, actLog},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actLog, actLog},
		},
		sentHijacked: {
			kindOrdinary: {actLog, actAbort},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actLog, actAbort},
		},
		// A panic would end the process: the goroutine is not net/http's.
		sentReturned: {
			kindOrdinary: {actLog, actLog},
			kindAbort:    {actLog, actLog},
			kindBroken:   {actLog, actLog},
		},
	}
	for sent := sentNothing; sent <= sentReturned; sent++ {
		for kind, name := range kinds {
			want, ok := table[sent][kind]
			assert.True(t, ok, "a row for every combination")
			for i, panicked := range []bool{false, true} {
				assert.Equal(t, want[i], decide(kind, sent, panicked),
					"sent %d, %s, panicked %v", sent, name, panicked)
			}
		}
	}
}
