package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// role is one of plusone's, in a process of its own.
type role struct {
	cmd    *exec.Cmd
	public string // where it serves
	admin  string
}

// startRole returns when the role is ready.
func (w *world) startRole(ctx context.Context, name string, args ...string) (*role, error) {
	r := &role{}
	admin, err := freeAddress()
	if err != nil {
		return nil, err
	}
	args = append([]string{name, "--admin", admin}, args...)
	r.admin = "http://" + admin
	if name == "ingress" || name == "api" {
		public, err := freeAddress()
		if err != nil {
			return nil, err
		}
		args = append(args, "--listen", public)
		r.public = "http://" + public
	}
	r.cmd = exec.Command(w.o.binary, args...) //nolint:gosec,noctx // plusone itself; stop ends it
	r.cmd.Env = w.roleEnv()
	r.cmd.Stderr = os.Stderr
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (make build makes it)", err)
	}
	if err := r.awaitReady(ctx); err != nil {
		r.stop()
		return nil, fmt.Errorf("plusone %s: %w", name, err)
	}
	return r, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (r *role) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for look := time.NewTicker(50 * time.Millisecond); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.admin+"/readyz", nil)
		if err != nil {
			return err
		}
		said := "it does not answer"
		if res, err := http.DefaultClient.Do(req); err == nil {
			text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
			said = string(text)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready in time: %s", said)
		case <-look.C:
		}
	}
}

func (r *role) stop() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(15*time.Second, func() { _ = r.cmd.Process.Kill() })
	defer late.Stop()
	_ = r.cmd.Wait()
}
