package devstack

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Child is a running process that does not outlive this one.
type Child struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; read it only after done is closed
}

// StartChild starts the command in a process group of its own, so that the Ctrl-C of a terminal reaches only us and we
// stop our children in order. On Linux the kernel sends it `last` when this process dies, be it by kill -9; elsewhere a
// child may be left behind by kill -9.
func StartChild(cmd *exec.Cmd, last syscall.Signal) (*Child, error) {
	tie(cmd, last)
	child := &Child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the signal when the THREAD that started the child ends, so that thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			child.err = cmd.Wait()
			close(child.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return child, nil
}

// Pid is the id of the process.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed when the process has ended and everything that it wrote has been read.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err waits for the end and says how it was, as (*exec.Cmd).Wait does.
func (c *Child) Err() error {
	<-c.done
	return c.err
}

// ending waits for the end and says in words how it was: "exit status 1".
func (c *Child) ending() string {
	<-c.done
	return c.cmd.ProcessState.String()
}

// Signal sends a signal; one to a process that has ended is no error.
func (c *Child) Signal(sig os.Signal) error {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
