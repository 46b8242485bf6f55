package main

import (
	"os"
	"runtime/debug"
)

// garbagePercent lets the heap grow to nine times what is in use before it is swept. A role has some ten megabytes in use,
// and makes garbage of ten times that in a second: at Go's default it would sweep all day.
const garbagePercent = 800

// tuneMemory leaves the choice to whoever made one.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}
