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
	nothing := map[kind]actions{
		kindOrdinary: {actRespond, actRespond},
		kindAbort:    {actOnlyAbort, actOnlyAbort},
		kindBroken:   {actAbort, actAbort},
	}
	whole := map[kind]actions{
		kindOrdinary: {actLog, actLog},
		kindAbort:    {actOnlyAbort, actOnlyAbort},
		kindBroken:   {actLog, actLog},
	}
	table := map[state]map[kind]actions{
		stateOpen:     nothing,
		stateSniffing: nothing,
		stateHeld:     nothing,
		stateStarted: {
			kindOrdinary: {actAbort, actAbort},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actAbort, actAbort},
		},
		stateErrorSent:  whole,
		stateDiscarding: nothing, // failure.state returns stateErrorSent for it
		stateHijacked: {
			kindOrdinary: {actLog, actAbort},
			kindAbort:    {actOnlyAbort, actOnlyAbort},
			kindBroken:   {actLog, actAbort},
		},
		stateComplete: whole,
		// A panic would end the process: the goroutine is not net/http's.
		stateReturned: {
			kindOrdinary: {actLog, actLog},
			kindAbort:    {actLog, actLog},
			kindBroken:   {actLog, actLog},
		},
	}
	for state := stateOpen; state <= stateReturned; state++ {
		for kind, name := range kinds {
			want, ok := table[state][kind]
			assert.True(t, ok, "a row for every combination")
			for i, panicked := range []bool{false, true} {
				assert.Equal(t, want[i], decide(kind, state, panicked),
					"state %d, %s, panicked %v", state, name, panicked)
			}
		}
	}
}
