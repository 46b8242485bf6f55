package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Stop shuts the server down in order, also one that was adopted: connections are closed, what is in memory is written.
// When the context ends before that is done the server is stopped hard, which loses nothing committed by a durable one
// but makes its next start slower, and an error says so.
func (p *Postgres) Stop(ctx context.Context) error {
	if err := p.server.Signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("devstack: stop PostgreSQL (process %d): %w", p.Pid(), err)
	}
	select {
	case <-p.Done():
		return nil
	case <-ctx.Done():
	}
	err := fmt.Errorf("devstack: PostgreSQL (process %d) did not shut down in time and was stopped hard: %w", p.Pid(), context.Cause(ctx))
	return errors.Join(err, p.stopHard())
}

func (p *Postgres) stopHard() error {
	if err := p.server.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	select {
	case <-p.Done():
		return nil
	case <-time.After(10 * time.Second): // the postmaster itself kills after five what does not heed SIGQUIT
		return p.Kill()
	}
}

// Kill ends the server as a crash would, and returns when its first process is gone. The others notice on their own;
// a start right after waits for them.
func (p *Postgres) Kill() error {
	if err := p.server.Signal(os.Kill); err != nil {
		return fmt.Errorf("devstack: kill PostgreSQL (process %d): %w", p.Pid(), err)
	}
	<-p.Done()
	return nil
}
