//go:build !linux

package cors_test

import "time"

// threadTime is not known here; BenchmarkCORS then reports no cpu-ns/op.
func threadTime() time.Duration { return 0 }
