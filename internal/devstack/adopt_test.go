//go:build unix

package devstack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestARunningServerIsAdopted(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir(), Durable: true}
	first := start(t, cfg)
	second := start(t, cfg)
	if second.Pid() != first.Pid() || second.DSN("a") != first.DSN("a") {
		t.Fatalf("process %d at %s, then %d at %s: want one server", first.Pid(), first.DSN("a"), second.Pid(), second.DSN("a"))
	}
	stop(t, second)
	<-first.Done()
}

func TestAnotherPasswordsServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir()}
	server := start(t, cfg)
	if err := os.WriteFile(filepath.Join(cfg.Dir, "password"), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "kill -INT "+strconv.Itoa(server.Pid())) {
		t.Errorf("got %v, want what to do", err)
	}
}

func TestTheServerGoesWithAKilledParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	parent, line := another(t, "postgres", dir)
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	cfg := PostgresConfig{Dir: dir, Durable: true}
	beside := start(t, cfg) // adopts
	if beside.Pid() != pid {
		t.Fatalf("adopted %d, want %d", beside.Pid(), pid)
	}
	query(t, beside, "CREATE TABLE kept AS SELECT 'yes' AS word")

	kill9(parent)
	if runtime.GOOS == "linux" { // elsewhere it stays, and is adopted
		<-beside.Done()
	}
	if got := ask1(t, start(t, cfg), "SELECT word FROM kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

// stuck makes a server's shutdown hang, by freezing one of its processes, until thaw is called.
func stuck(t *testing.T, server *Postgres) (thaw func()) {
	t.Helper()
	backend, err := strconv.Atoi(ask1(t, server, "SELECT pg_backend_pid()::text"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(backend, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw = func() { syscall.Kill(backend, syscall.SIGCONT) } // errs when it is gone
	t.Cleanup(thaw)
	return thaw
}

func TestAServerThatIsStoppingIsWaitedFor(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir()}
	first := start(t, cfg)
	thaw := stuck(t, first)
	if err := first.server.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server stops", func() bool { return readPidFile(first.data).status == "stopping" })

	impatient := cfg
	impatient.Patience = 3 * time.Second // the search for the programs takes some of it
	_, err := Start(t.Context(), impatient)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `"stopping"`) {
		t.Fatalf("got %v, want that it waited for a server that is stopping", err)
	}
	thaw()
	if second := start(t, cfg); second.Pid() == first.Pid() {
		t.Error("adopted a server on its way out")
	}
}

func TestStopIsHardWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	server := start(t, PostgresConfig{Dir: t.TempDir()})
	stuck(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := server.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that time was up", err)
	}
	<-server.Done()
}

func TestAPidThatAnotherProgramHasNow(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir(), Durable: true}
	first := start(t, cfg)
	query(t, first, "CREATE TABLE kept AS SELECT 'yes' AS word")
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	// PostgreSQL by itself would refuse to start: the process in the file lives, and is of the same user.
	unrelated, _ := another(t, "idle", "")
	path := pidFilePath(first.data)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(path, []byte(strconv.Itoa(unrelated.Process.Pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask1(t, start(t, cfg), "SELECT word FROM kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}
