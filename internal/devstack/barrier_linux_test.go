package devstack

import (
	"os/exec"
	"testing"
)

func TestSearchRight(t *testing.T) {
	for _, c := range []struct {
		held uint64
		want uintptr
		ok   bool
	}{
		{0, 0, false},
		{0xa80425fb, capDACOverride, true}, // Docker's default
		{0x1fffeffffff, capDACReadSearch, true},
	} {
		if got, ok := searchRight(c.held); got != c.want || ok != c.ok {
			t.Errorf("%#x: got %d, %v", c.held, got, ok)
		}
	}
}

func TestWithoutTheRightTheErrorNamesTheProblem(t *testing.T) {
	err := passBarriers(exec.Command("true"), "postgres may not enter /root")
	if _, ok := searchRight(heldRights()); ok != (err == nil) {
		t.Errorf("we have the right: %v; the error: %v", ok, err)
	}
}
