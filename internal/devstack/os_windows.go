package devstack

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// Windows has none of what this package stands on. It compiles there, so that the other commands do, and says so.
var errWindows = errors.New("plusone dev needs Linux or macOS; on Windows run it in WSL")

func tie(*exec.Cmd, syscall.Signal)        {}
func runAs(*exec.Cmd, *account)            {}
func owner(fs.FileInfo) (uid, gid uint32)  { return 0, 0 }
func alive(int) bool                       { return false }
func flock(*os.File) error                 { return errWindows }
func commandOf(int) string                 { return "" }
func passBarriers(*exec.Cmd, string) error { return errWindows }
