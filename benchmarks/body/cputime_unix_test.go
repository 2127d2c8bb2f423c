//go:build unix

package body_test

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of the process, garbage collection included. On a
// machine that does other work too it says more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
