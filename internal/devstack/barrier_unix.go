//go:build unix && !linux

package devstack

import (
	"fmt"
	"os/exec"
	"strconv"
)

func passBarriers(_ *exec.Cmd, problem string) error {
	return fmt.Errorf("devstack: %s: use a folder that everybody may enter, or run as an ordinary user", problem)
}

// commandOf is the program and the arguments of a process; "" when there is none.
func commandOf(pid int) string {
	line, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec,noctx // a number; and an answer cut short would pass for that of another program
	if err != nil {
		return ""
	}
	return string(line)
}
