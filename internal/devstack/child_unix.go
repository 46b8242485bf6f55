//go:build unix && !linux

package devstack

import (
	"os/exec"
	"syscall"
)

func tie(cmd *exec.Cmd, _ syscall.Signal) { attributes(cmd).Setpgid = true }
