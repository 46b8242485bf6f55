package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// A server is a process of its own, as in life: this program again, told by its first argument what to be. It says where
// it listens, and ends when nobody holds its standard input any more.
const (
	beNATS = "be-nats"
	beHTTP = "be-http"

	beSelect = "be-select"
)

// child is such a process.
type child struct {
	url  string
	cmd  *exec.Cmd
	hold io.Closer
}

func startServer(args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...) //nolint:gosec,noctx // this program; it ends with its standard input
	// What deploy/ gives the servers too: a heap as small as theirs would be swept all day at Go's default.
	cmd.Env = append(os.Environ(), "GOGC=400")
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not start: %w", args[0], err), hold.Close(), cmd.Wait())
	}
	return &child{url: strings.TrimSpace(url), cmd: cmd, hold: hold}, nil
}

func (c *child) stop() {
	_ = c.hold.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	_ = c.cmd.Wait()
}

// beServer is what the child does.
func beServer(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	switch args[0] {
	case beNATS:
		return serveNATS(args[1], stdin, stdout)
	case beSelect:
		return serveSelect(ctx, args[1], stdin, stdout)
	default:
		return serveYes(stdin, stdout)
	}
}

// serveNATS flushes every message to the disk before it acknowledges it.
func serveNATS(dir string, stdin io.Reader, stdout io.Writer) error {
	server, err := devstack.StartNATS(devstack.NATSConfig{Dir: dir, Addr: "127.0.0.1:0", SyncAlways: true})
	if err != nil {
		return err
	}
	defer server.Stop()
	return untilReleased(server.URL(), stdin, stdout)
}

func untilReleased(url string, stdin io.Reader, stdout io.Writer) error {
	fmt.Fprintln(stdout, url)
	_, err := io.Copy(io.Discard, stdin)
	return err
}
