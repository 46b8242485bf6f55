package devstack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ErrPortInUse says that the wanted port is taken by another program.
var ErrPortInUse = errors.New("port already in use")

// choosePort takes the configured port; else that of the last time while it is free, so that what people have noted
// down stays true; else any free one.
func (p *Postgres) choosePort() error {
	if p.cfg.Port != 0 {
		p.port = p.cfg.Port
		return probe(loopback(p.port))
	}
	text, _ := os.ReadFile(p.portFile()) // none, or one that is no number, is as good as none
	last, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	if last > 0 && probe(loopback(last)) == nil {
		p.port = last
		return nil
	}
	var err error
	p.port, err = FreePort()
	return err
}

func (p *Postgres) keepPort() error {
	if err := os.WriteFile(p.portFile(), []byte(strconv.Itoa(p.port)+"\n"), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("devstack: keep the port for the next time: %w", err)
	}
	return nil
}

func (p *Postgres) portFile() string { return filepath.Join(p.dir, "port") }

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// FreePort finds a port on which nothing listens, below those from which the kernel serves outgoing connections: one of
// these could be taken from a server between its stop and its restart, even by a client that is trying to reach it (TCP
// lets a socket connect to itself).
func FreePort() (int, error) {
	const first, count = 20000, 12000 // Linux begins at 32768, others higher
	var err error
	for range 100 {
		port := first + rand.IntN(count) //nolint:gosec // any will do
		if err = probe(loopback(port)); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("devstack: no free port found between %d and %d: %w", first, first+count, err)
}

// probe says whether we could listen there.
func probe(addr string) error {
	listener, err := net.Listen("tcp", addr) //nolint:noctx // it does not wait
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("devstack: %s: %w: stop the program that listens there, or choose another port", addr, ErrPortInUse)
	}
	if err != nil {
		return fmt.Errorf("devstack: listen on %s: %w", addr, err)
	}
	return listener.Close()
}
