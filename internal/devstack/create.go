package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// create runs initdb beside the place and moves the result there when it is complete. So a start that is killed half-way
// leaves a draft, which the next one throws away, and never a data folder that is half a one.
func (p *Postgres) create(ctx context.Context) error {
	p.cfg.Log.Info("making a new PostgreSQL data folder", "dir", p.data, "version", p.bin.major)
	draft := p.data + ".new"
	if err := p.makeDraft(ctx, draft); err != nil {
		return errors.Join(err, os.RemoveAll(draft))
	}
	// At most an empty folder is there (dataVersion made sure). Remove refuses any other.
	if err := os.Remove(p.data); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("devstack: put the new data folder in its place: %w", err)
	}
	if err := os.Rename(draft, p.data); err != nil {
		return fmt.Errorf("devstack: put the new data folder in its place: %w", err)
	}
	if !p.cfg.Durable {
		return nil
	}
	return syncFolder(p.dir)
}

func (p *Postgres) makeDraft(ctx context.Context, draft string) (err error) {
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("devstack: clear away a half-made data folder: %w", err)
	}
	if err := os.Mkdir(draft, 0o700); err != nil {
		return fmt.Errorf("devstack: make the data folder: %w", err)
	}
	password, err := p.passwordForInitdb()
	if err != nil {
		return fmt.Errorf("devstack: hand the password to initdb: %w", err)
	}
	defer func() {
		if errRemove := os.Remove(password); errRemove != nil {
			err = errors.Join(err, fmt.Errorf("devstack: remove initdb's copy of the password: %w", errRemove))
		}
	}()
	if err := p.who.own(draft); err != nil {
		return fmt.Errorf("devstack: give the data folder to %s: %w", p.who.name, err)
	}
	return p.initdb(ctx, draft, password)
}

// passwordForInitdb copies the password to a file that the server's account may read: the one we keep is ours alone.
func (p *Postgres) passwordForInitdb() (string, error) {
	path := filepath.Join(p.dir, ".initdb-password")
	if err := os.WriteFile(path, []byte(p.password+"\n"), 0o600); err != nil {
		return "", err
	}
	if err := p.who.own(path); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

func (p *Postgres) initdb(ctx context.Context, draft, password string) error {
	args := []string{
		"-D", draft, "-U", superuser, "--pwfile=" + password,
		"--auth-host=scram-sha-256", "--auth-local=scram-sha-256",
		"--encoding=UTF8", "--no-locale", "--no-instructions",
	}
	if !p.cfg.Durable {
		args = append(args, "--no-sync")
	}
	cmd, err := p.command("initdb", args...)
	if err != nil {
		return err
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	child, err := StartChild(cmd, syscall.SIGKILL)
	if err != nil {
		return p.cannotStart(cmd, err)
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		err := child.Signal(os.Kill)
		<-child.Done()
		return errors.Join(fmt.Errorf("devstack: initdb was given up: %w", ctx.Err()), err)
	}
	if err := child.Err(); err != nil {
		if strings.Contains(output.String(), "could not look up effective user") { // docker run --user 12345
			return fmt.Errorf("devstack: PostgreSQL does not run as a user without a name, and ours, %d, has none in /etc/passwd: add it there, or run as another", os.Geteuid())
		}
		return fmt.Errorf("devstack: initdb failed (%w) and says:\n%s", err, lastLines(output.Bytes()))
	}
	return nil
}

// command is a program of the server, run as its account, in a folder that everybody may enter and with nothing of our
// environment that could lead it astray (PGDATA, PGPORT, …).
func (p *Postgres) command(program string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(p.bin.path(program), args...) //nolint:gosec,noctx // PostgreSQL's own, and the server outlives the context of its start
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")} // its messages in English: we read them
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd, p.who.dress(cmd, p.data, cmd.Path)
}

func (p *Postgres) cannotStart(cmd *exec.Cmd, err error) error {
	if p.who == nil {
		return fmt.Errorf("devstack: start %s: %w", cmd.Path, err)
	}
	return fmt.Errorf("devstack: start %s as %s (user id %d, since PostgreSQL refuses to run as root): %w", cmd.Path, p.who.name, p.who.uid, err)
}
