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
	t        testing.TB
	name     string
	args     []string
	env      []string
	password string // of every user, where there are accounts
	port     int
	process  *Process
}

// natsConfig is what production is told to use, but for the number of nodes.
const natsConfig = `
listen: "127.0.0.1:%d"
server_name: %s
max_payload: 2MB
jetstream { store_dir: %s, sync_interval: always }
`

// NATSProcess starts one for this test, which asks nobody who they are.
func NATSProcess(t testing.TB) *NATSServer {
	t.Helper()
	return newNATSServer(t, "", NATSServer{})
}

// NATSProcessWithAccounts starts one for this test that goes by a file of accounts, each of whose users has the password.
func NATSProcessWithAccounts(t testing.TB, accounts, password string) *NATSServer {
	t.Helper()
	text, err := os.ReadFile(accounts)
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return newNATSServer(t, string(text), NATSServer{password: password, env: natsPasswords(password)})
}

// natsPasswords are the variables that the configuration for NATS takes passwords from.
func natsPasswords(password string) (env []string) {
	for _, user := range []string{"INGRESS", "WORKER", "API", "TOOLS", "PRODUCER", "CONSUMER", "SYS", "ROUTE"} {
		env = append(env, "PLUSONE_NATS_"+user+"_PASSWORD="+password)
	}
	return env
}

// CheckNATSConfig has nats-server read a configuration as `nats-server -t` does, with variables of its environment.
func CheckNATSConfig(t testing.TB, file string, env ...string) {
	t.Helper()
	p := StartProcess(t, ProcessConfig{
		Path: build(t, natsServer, false), Args: []string{"-t", "-c", file}, Env: append(natsPasswords("secret"), env...),
	})
	if code := p.Wait(time.Minute); code != 0 {
		t.Errorf("nats-server refuses %s: %s", file, p.Output())
	}
}

// newNATSServer starts one with more in its configuration.
func newNATSServer(t testing.TB, more string, s NATSServer) *NATSServer {
	t.Helper()
	dir := t.TempDir()
	s.t, s.name, s.port = t, "plusone_test", freePort(t)
	s.configure(dir, fmt.Sprintf(natsConfig, s.port, s.name, strconv.Quote(filepath.Join(dir, "store")))+more+"\n")
	s.start()
	return &s
}

func (s *NATSServer) configure(dir, text string) {
	s.t.Helper()
	config := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatalf("testkit: configure nats-server: %v", err)
	}
	s.args = []string{"-c", config}
}

// natsServer is the program; the tests' own module has it.
const natsServer = "github.com/nats-io/nats-server/v2"

func (s *NATSServer) start() {
	s.t.Helper()
	// Without the race detector: it is not ours, and its speed is part of what is tested.
	path := build(s.t, natsServer, false)
	s.process = StartProcess(s.t, ProcessConfig{Path: path, Args: s.args, Env: s.env})
	s.process.WaitLine(time.Minute, "Server is ready")
}

// Name is what it calls itself.
func (s *NATSServer) Name() string { return s.name }

// URL is where clients connect, before and after a restart.
func (s *NATSServer) URL() string { return "nats://" + s.Addr() }

// Addr is its address without a scheme.
func (s *NATSServer) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// URLOf is where one of the users of its accounts connects.
func (s *NATSServer) URLOf(user string) string {
	return fmt.Sprintf("nats://%s:%s@%s", user, s.password, s.Addr())
}

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
