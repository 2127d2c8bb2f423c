package bodyjson

import "time"

// SetRejectGrace sets rejectGrace to shorten tests that wait for closed connections.
func SetRejectGrace(d time.Duration) { rejectGrace = d }
