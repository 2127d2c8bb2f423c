package bodyjson

import "time"

// SetRejectGrace shortens the time that tests wait for connections that are closed.
func SetRejectGrace(d time.Duration) { rejectGrace = d }
