package testkit

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// PostgresServer is a PostgreSQL for one test alone, which can be killed. What it has committed it keeps.
type PostgresServer struct {
	t      testing.TB
	cfg    devstack.PostgresConfig
	server *devstack.Postgres
}

// PostgresProcess starts one with a migrated database. migrate may be nil: then the database is empty.
func PostgresProcess(t testing.TB, migrate Migrate) *PostgresServer {
	t.Helper()
	s := &PostgresServer{t: t, cfg: devstack.PostgresConfig{Dir: t.TempDir(), Durable: true}}
	s.start()
	t.Cleanup(s.stop)
	s.cfg.Port = s.server.Port()
	if err := s.server.CreateDatabase(t.Context(), "plusone"); err != nil {
		t.Fatalf("testkit: %v", err)
	}
	if migrate == nil {
		return s
	}
	if err := migrate(t.Context(), s.DSN()); err != nil {
		t.Fatalf("testkit: migrate: %v", err)
	}
	return s
}

func (s *PostgresServer) start() {
	s.t.Helper()
	server, err := devstack.Start(s.t.Context(), s.cfg)
	if err != nil {
		s.t.Fatalf("testkit: %v", err)
	}
	s.server = server
}

func (s *PostgresServer) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.server.Stop(ctx); err != nil {
		s.t.Errorf("testkit: %v", err)
	}
}

// DSN is the address of the database for its owner, before and after a restart.
func (s *PostgresServer) DSN() string { return s.server.DSN("plusone") }

// PSQL runs a file of SQL as an operator would, with psql, and returns all that it says. env is added to its environment.
func (s *PostgresServer) PSQL(dsn, file string, env ...string) (output string, err error) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.server.Program("psql"), "--no-psqlrc", "--quiet", "--file", file, dsn)
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// Kill ends it as a crash would.
func (s *PostgresServer) Kill() {
	s.t.Helper()
	if err := s.server.Kill(); err != nil {
		s.t.Fatalf("testkit: %v", err)
	}
}

// Restart starts it again, killed or not, on the same port and with the same data.
func (s *PostgresServer) Restart() { s.t.Helper(); s.Kill(); s.start() }
