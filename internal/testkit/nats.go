package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// NATS returns the URL of a fresh server with JetStream, in this process, for this test. It does not sync.
func NATS(t testing.TB) string {
	t.Helper()
	server, err := devstack.StartNATS(devstack.NATSConfig{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	t.Cleanup(server.Stop)
	return server.URL()
}

// NATSServer is nats-server as a process of its own, which a test can kill. It syncs before it acknowledges.
type NATSServer struct {
	t       testing.TB
	name    string
	args    []string
	port    int
	process *Process
}

// natsConfig is what production is told to use, but for the number of nodes.
const natsConfig = `
listen: "127.0.0.1:%d"
server_name: %s
max_payload: 2MB
jetstream { store_dir: %s, sync_interval: always }
`

// NATSProcess starts one for this test.
func NATSProcess(t testing.TB) *NATSServer {
	t.Helper()
	dir := t.TempDir()
	s := &NATSServer{t: t, name: "plusone_test", port: freePort(t)}
	s.configure(dir, fmt.Sprintf(natsConfig, s.port, s.name, strconv.Quote(filepath.Join(dir, "store"))))
	s.start()
	return s
}

func (s *NATSServer) configure(dir, text string) {
	s.t.Helper()
	config := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatalf("testkit: configure nats-server: %v", err)
	}
	s.args = []string{"-c", config}
}

func (s *NATSServer) start() {
	s.t.Helper()
	// Without the race detector: it is not ours, and its speed is part of what is tested.
	path := build(s.t, "github.com/nats-io/nats-server/v2", false)
	s.process = StartProcess(s.t, ProcessConfig{Path: path, Args: s.args})
	s.process.WaitLine(time.Minute, "Server is ready")
}

// Name is what it calls itself.
func (s *NATSServer) Name() string { return s.name }

// URL is where clients connect, before and after a restart.
func (s *NATSServer) URL() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.port) }

// Kill ends it with SIGKILL.
func (s *NATSServer) Kill() { s.t.Helper(); s.process.Kill() }

// Restart starts it again, killed or not, on the same port and with the same streams.
func (s *NATSServer) Restart() { s.t.Helper(); s.Kill(); s.start() }

func freePort(t testing.TB) int {
	t.Helper()
	port, err := devstack.FreePort()
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return port
}

// FreeAddr is an address on this machine where nothing listens at the moment, for a program that must know its own.
func FreeAddr(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(t))
}
