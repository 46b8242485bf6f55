package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// Standby starts a hot standby that follows a server: what is committed there can be read here a moment later, and nothing
// can be written.
func (s *PostgresServer) Standby(t testing.TB) *PostgresServer {
	t.Helper()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("testkit: %s: %v: %s", filepath.Base(name), err, out)
		}
	}
	run(s.server.Program("pg_basebackup"), "--dbname", s.server.DSN("postgres"), "--pgdata", data, "--write-recovery-conf", "--checkpoint", "fast")
	run("chown", "--recursive", "--reference", filepath.Join(s.cfg.Dir, "data"), data) // the server's, when we are root
	password, err := os.ReadFile(filepath.Join(s.cfg.Dir, "password"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "password"), password, 0o600)
	}
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	standby := &PostgresServer{t: t, cfg: devstack.PostgresConfig{Dir: dir, Durable: true}}
	standby.start()
	t.Cleanup(standby.stop)
	standby.cfg.Port = standby.server.Port()
	return standby
}
