package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// adopt takes over a server that still runs on the folder: one whose parent was killed where the kernel does not tell
// its children (anywhere but on Linux), or which somebody started by hand. One that is starting or stopping is waited for.
func (p *Postgres) adopt(ctx context.Context) (bool, error) {
	for {
		state := readPidFile(p.data)
		if state.pid == 0 || !alive(state.pid) {
			return false, nil // none, or the file of a dead one, which PostgreSQL itself clears away
		}
		if !strings.Contains(commandOf(state.pid), "postgres") { // in doubt it is one: we wait then, and remove nothing
			return false, p.clearStale(state.pid)
		}
		err := fmt.Errorf("its state is %q", state.status)
		if state.ready() {
			p.port = state.port
			err = p.ask(ctx)
		}
		if err == nil && readPidFile(p.data) == state { // it may have begun to stop while it answered
			return true, p.take(state)
		}
		if errors.Is(err, errStranger) {
			return false, fmt.Errorf("devstack: a PostgreSQL that we did not start (process %d) runs on %s: %w: stop it with `kill -INT %d`", state.pid, p.data, err, state.pid)
		}
		if errStop := pause(ctx); errStop != nil {
			return false, fmt.Errorf("devstack: a PostgreSQL (process %d) holds %s and got neither ready nor out of the way in %s: %w: stop it with `kill -INT %d`",
				state.pid, p.data, p.cfg.Patience, errors.Join(err, errStop), state.pid)
		}
	}
}

// clearStale removes the pid file of a dead server whose number another program has meanwhile. PostgreSQL would take that
// program for itself and refuse to start: after a reboot, when the numbers begin anew, that is not rare.
func (p *Postgres) clearStale(pid int) error {
	p.cfg.Log.Warn("an earlier PostgreSQL died; another program has its process id now", "pid", pid, "dir", p.data)
	if err := os.Remove(pidFilePath(p.data)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("devstack: remove the pid file of a dead PostgreSQL: %w", err)
	}
	return nil
}

func (p *Postgres) take(state pidFile) error {
	proc, err := os.FindProcess(state.pid)
	if err != nil {
		return fmt.Errorf("devstack: take over the PostgreSQL with process id %d: %w", state.pid, err)
	}
	p.server = watch(proc)
	p.cfg.Log.Info("took over the PostgreSQL that was running already", "port", p.port, "pid", state.pid, "dir", p.data)
	return nil
}

// process is a server, be it our child or not.
type process interface {
	Pid() int
	Signal(os.Signal) error
	Done() <-chan struct{}
}

// adopted is a process that is not our child, so that we cannot wait for it, only look.
type adopted struct {
	proc *os.Process
	done chan struct{}
}

func watch(proc *os.Process) *adopted {
	a := &adopted{proc: proc, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		for alive(proc.Pid) {
			time.Sleep(glance)
		}
	}()
	return a
}

func (a *adopted) Pid() int              { return a.proc.Pid }
func (a *adopted) Done() <-chan struct{} { return a.done }

func (a *adopted) Signal(sig os.Signal) error {
	if err := a.proc.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
