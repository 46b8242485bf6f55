//go:build unix

package devstack

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

func attributes(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	return cmd.SysProcAttr
}

// runAs drops every right of ours, supplementary groups included, but that of the account.
func runAs(cmd *exec.Cmd, who *account) {
	attributes(cmd).Credential = &syscall.Credential{Uid: who.uid, Gid: who.gid}
}

// owner says whose file it is.
func owner(info fs.FileInfo) (uid, gid uint32) {
	stat := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // package os has no other on Unix
	return stat.Uid, stat.Gid
}

// alive says whether a process of that id exists, whoever runs it.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

func flock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
