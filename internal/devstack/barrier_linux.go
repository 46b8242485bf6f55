package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// The capabilities that let a process walk through folders which are closed to it; linux/capability.h numbers them.
const (
	capDACOverride   = 1 // reads and writes everything
	capDACReadSearch = 2 // only reads and enters
)

// passBarriers lets the command through folders that its user may not enter: a clone below /root, for instance, which
// has mode 0700. The right is handed down as an ambient capability, the one kind that survives a change of user.
func passBarriers(cmd *exec.Cmd, problem string) error {
	right, ok := searchRight(heldRights())
	if !ok {
		return fmt.Errorf("devstack: %s, and we lack the capability (CAP_DAC_READ_SEARCH) to let it: use a folder that everybody may enter, or run as an ordinary user", problem)
	}
	attributes(cmd).AmbientCaps = []uintptr{right}
	return nil
}

// searchRight takes the smaller right when we have it. Docker's default set holds only the larger.
func searchRight(held uint64) (uintptr, bool) {
	for _, right := range []uintptr{capDACReadSearch, capDACOverride} {
		if held&(1<<right) != 0 {
			return right, true
		}
	}
	return 0, false
}

// heldRights is the set of capabilities that we may pass on: permitted, and not taken out of the bounding set.
func heldRights() uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	var permitted, bounding uint64
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "CapPrm":
			permitted, _ = strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		case "CapBnd":
			bounding, _ = strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return permitted & bounding
}

// commandOf is the program and the arguments of a process; "" when there is none, and for one that is dead but not yet
// collected. It must not need the right to trace processes, which root in a container lacks.
func commandOf(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(string(line), "\x00", " ")
}
