package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// glance is the pause between two looks at a condition.
const glance = 10 * time.Millisecond

var (
	// errDraining: children of a server that was killed are still about. They notice within moments, and leave.
	errDraining = errors.New("processes of an earlier server have not left yet")
	// errStranger: something answers, but it is not the server of this data folder, or not with this password.
	errStranger = errors.New("the server that answers is not ours")
)

// launch starts the server, again as long as what kept it from starting is sure to pass.
func (p *Postgres) launch(ctx context.Context) error {
	if err := p.who.own(p.data); err != nil {
		return fmt.Errorf("devstack: give the data folder to %s: %w", p.who.name, err)
	}
	for {
		err := p.attempt(ctx)
		passing := errors.Is(err, errDraining) || errors.Is(err, ErrPortInUse) && p.cfg.Port == 0
		if err == nil || !passing {
			return err
		}
		if errStop := pause(ctx); errStop != nil {
			return errors.Join(err, errStop)
		}
	}
}

func (p *Postgres) attempt(ctx context.Context) error {
	if err := p.choosePort(); err != nil {
		return err
	}
	cmd, err := p.command("postgres", p.arguments()...)
	if err != nil {
		return err
	}
	log, err := openServerLog(filepath.Join(p.dir, "postgres.log"))
	if err != nil {
		return err
	}
	defer log.file.Close() //nolint:errcheck // the child has its own
	cmd.Stdout, cmd.Stderr = log.file, log.file
	child, err := StartChild(cmd, syscall.SIGINT) // SIGINT: a fast shutdown, in order
	if err != nil {
		return p.cannotStart(cmd, err)
	}
	if err := p.awaitReady(ctx, child, log); err != nil {
		return err
	}
	p.server = child
	p.cfg.Log.Info("PostgreSQL is running", "port", p.port, "pid", child.Pid(), "dir", p.data)
	return nil
}

// awaitReady returns when the server answers queries. A server that does not get so far is gone when it returns.
func (p *Postgres) awaitReady(ctx context.Context, child *Child, log *serverLog) error {
	for {
		err := errors.New("it has not said that it is ready")
		if state := readPidFile(p.data); state.pid == child.Pid() && state.ready() {
			err = p.ask(ctx)
		}
		if err == nil {
			return nil
		}
		if errors.Is(err, errStranger) {
			return errors.Join(fmt.Errorf("devstack: PostgreSQL started but does not let us in: %w", err), discard(child))
		}
		select {
		case <-child.Done():
			return died(child, log)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("devstack: PostgreSQL was not ready in time (%w); the end of its log says:\n%s", err, log.tail()), ctx.Err(), discard(child))
		case <-time.After(glance):
		}
	}
}

// died turns the end of a server that never got ready into an error that carries its last words.
func died(child *Child, log *serverLog) error {
	words := log.tail()
	err := fmt.Errorf("devstack: PostgreSQL ended while starting (%s); the end of %s says:\n%s", child.ending(), log.path, words)
	switch {
	case strings.Contains(words, "Address already in use"):
		return fmt.Errorf("%w\n%w", ErrPortInUse, err)
	case strings.Contains(words, "pre-existing shared memory block"):
		return fmt.Errorf("%w: %w", errDraining, err)
	}
	return err
}

// discard ends a child that is of no use. SIGQUIT has the postmaster end its own children too, at once.
func discard(child *Child) error {
	err := child.Signal(syscall.SIGQUIT)
	<-child.Done()
	return err
}

// ask makes sure that it is our server, on our folder, that answers at the port.
func (p *Postgres) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.DSN("postgres"))
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && strings.HasPrefix(refused.Code, "28") {
		return fmt.Errorf("%w: the server on port %d does not take the password in %s: %w", errStranger, p.port, filepath.Join(p.dir, "password"), err)
	}
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it has answered
	var folder string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder); err != nil {
		return err
	}
	if !sameFolder(folder, p.data) {
		return fmt.Errorf("%w: the server on port %d serves %s and not %s", errStranger, p.port, folder, p.data)
	}
	return nil
}

func sameFolder(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(glance):
		return nil
	}
}
