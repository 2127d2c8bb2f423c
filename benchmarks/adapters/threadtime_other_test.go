//go:build !linux

package adapters_test

import "time"

// threadTime is not known here; the benchmarks then reports no cpu-ns/op.
func threadTime() time.Duration { return 0 }
