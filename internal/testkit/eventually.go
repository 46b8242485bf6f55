package testkit

import (
	"testing"
	"time"
)

const glance = 10 * time.Millisecond

// Eventually looks every 10 ms until the condition holds, and fails the test when it still does not after the timeout,
// with what the last look saw. The last look comes after the timeout, so a slow machine gets at least one.
func Eventually(t testing.TB, timeout time.Duration, condition func() (ok bool, state string)) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		late := time.Now().After(deadline)
		ok, state := condition()
		if ok {
			return
		}
		if late {
			t.Fatalf("not within %s; the last state: %s", timeout, state)
		}
		time.Sleep(glance)
	}
}
