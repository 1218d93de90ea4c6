package main

import (
	"sort"
	"syscall"
	"time"
)

// What passes between two moments, on the wall and of the process's CPU time.
type span struct {
	wall time.Time
	cpu  int64
}

func cpuNow() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func spanStart() span {
	return span{time.Now(), cpuNow()}
}

// Nanoseconds on the wall and of CPU time, for each of so many things.
func (s span) end(things int) []float64 {
	wall := float64(time.Since(s.wall).Nanoseconds())
	return []float64{wall / float64(things), float64(cpuNow()-s.cpu) / float64(things)}
}

// The value that this share of the values does not exceed.
func quantile(values []int64, share float64) float64 {
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	i := int(float64(len(values)) * share)
	if i >= len(values) {
		i = len(values) - 1
	}
	return float64(values[i])
}
