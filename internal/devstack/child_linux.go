package devstack

import (
	"os/exec"
	"syscall"
)

func tie(cmd *exec.Cmd, last syscall.Signal) {
	attr := attributes(cmd)
	attr.Setpgid = true
	attr.Pdeathsig = last
}
