//go:build !race

package testkit

// raceDetector says that the tests run under it; the programs that they build then do too.
const raceDetector = false
