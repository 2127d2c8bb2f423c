//go:build !unix

package body_test

import "time"

var start = time.Now()

// cpuTime stands in for the CPU time of the process with the time that has passed.
func cpuTime() time.Duration { return time.Since(start) }
