package testkit

import (
	"fmt"
	"testing"
	"time"
)

func TestEventually(t *testing.T) {
	looks := 0
	look := func() (bool, string) { looks++; return looks == 3, fmt.Sprintf("look %d", looks) }
	Eventually(t, time.Minute, look)
	if looks != 3 {
		t.Errorf("looked %d times, want until it held and no longer", looks)
	}

	looks = 3
	try(t, func(tb testing.TB) { Eventually(tb, 0, look) }).mustSay(t, "not within 0s", fmt.Sprintf("look %d", looks))
}

func TestEventuallyLooksAfterTheTimeout(t *testing.T) {
	begun := time.Now()
	Eventually(t, 15*time.Millisecond, func() (bool, string) { return time.Since(begun) > 15*time.Millisecond, "early" })
}
