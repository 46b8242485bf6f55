package devstack

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// start runs a server for the test and stops it afterwards, if it still runs.
func start(t *testing.T, cfg PostgresConfig) *Postgres {
	t.Helper()
	server, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *Postgres) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, server *Postgres) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, server *Postgres, sql string) {
	t.Helper()
	if _, err := connect(t, server).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// ask1 asks for one text.
func ask1(t *testing.T, server *Postgres, sql string) (answer string) {
	t.Helper()
	if err := connect(t, server).QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestDurableOrNot(t *testing.T) {
	t.Parallel()
	for durable, want := range map[bool]string{true: "on", false: "off"} {
		server := start(t, PostgresConfig{Dir: t.TempDir(), Durable: durable})
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			if got := ask1(t, server, "SHOW "+name); got != want {
				t.Errorf("durable %v: %s is %s, want %s", durable, name, got, want)
			}
		}
		if got := ask1(t, server, "SHOW server_encoding"); got != "UTF8" {
			t.Errorf("the encoding is %s", got)
		}
	}
}

func TestOnlyThePasswordOpens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := start(t, PostgresConfig{Dir: dir})
	wrong := strings.Replace(server.DSN("postgres"), server.password, "guess", 1)
	_, err := pgx.Connect(t.Context(), wrong)
	if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("a guess gave %v, want invalid_password", err)
	}
	for name, want := range map[string]os.FileMode{"password": 0o600, "postgres.log": 0o600, "data": 0o700} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	if got := ask1(t, server, "SHOW listen_addresses"); got != "127.0.0.1" {
		t.Errorf("it listens on %s", got)
	}
}

func TestCreateDatabase(t *testing.T) {
	t.Parallel()
	server := start(t, PostgresConfig{Dir: t.TempDir()})
	for range 2 { // the second finds it there
		if err := server.CreateDatabase(t.Context(), `odd "name"`); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(t.Context(), server.DSN(`odd "name"`))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context())
}

func TestRowsSurviveKill9(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir(), Durable: true}
	first := start(t, cfg)
	query(t, first, "CREATE TABLE kept AS SELECT 'yes' AS word")
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	if state := readPidFile(first.data); state.pid != first.Pid() {
		t.Fatalf("the pid file names %d, want that of the dead server, %d: else this does not test a stale one", state.pid, first.Pid())
	}

	second := start(t, cfg)
	if got := ask1(t, second, "SELECT word FROM kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
	if second.Port() != first.Port() {
		t.Errorf("the port was %d and is now %d", first.Port(), second.Port())
	}
}

func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir()}
	first := start(t, cfg)
	query(t, first, "CREATE TABLE kept AS SELECT 'yes' AS word")
	stop(t, first)
	select {
	case <-first.Done():
	default:
		t.Error("stopped, but not done")
	}
	if got := ask1(t, start(t, cfg), "SELECT word FROM kept"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

func TestAHalfMadeFolderIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	draft := filepath.Join(dir, "data.new")
	for _, path := range []string{draft, filepath.Join(dir, "data")} { // and an empty folder in the place itself
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(draft, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, PostgresConfig{Dir: dir})
	if _, err := os.Stat(draft); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}

func TestALostPasswordIsNotReplaced(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir()}
	stop(t, start(t, cfg))
	if err := os.Remove(filepath.Join(cfg.Dir, "password")); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "put it back") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "password"), []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "does not take the password") {
		t.Errorf("with another one: got %v", err)
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), PostgresConfig{Dir: t.TempDir(), Settings: map[string]string{"max_connections": "plenty"}})
	if err == nil || !strings.Contains(err.Error(), `"plenty"`) || !strings.Contains(err.Error(), "postgres.log") {
		t.Errorf("got %v, want the server's own words and where they stand", err)
	}
}

func TestTheContextEndsAStart(t *testing.T) {
	t.Parallel()
	cfg := PostgresConfig{Dir: t.TempDir(), Patience: time.Nanosecond}
	if _, err := Start(t.Context(), cfg); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want that time was up", err)
	}
	if files := list(t, cfg.Dir); files != "" {
		t.Errorf("a start that was given up at once left %s", files)
	}

	p := &Postgres{cfg: PostgresConfig{Dir: cfg.Dir, Log: slog.New(slog.DiscardHandler)}}
	if _, err := p.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := p.create(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want that the context has ended", err)
	}
	if files := list(t, cfg.Dir); files != "password" {
		t.Errorf("a start that was given up while it made the data left %s", files)
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	cfg := PostgresConfig{Dir: t.TempDir(), Port: port}
	_, err = Start(t.Context(), cfg)
	if !errors.Is(err, ErrPortInUse) || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("a fixed port that is taken: got %v, want ErrPortInUse with its number", err)
	}

	// The one of the last time is taken: any other will do.
	cfg.Port = 0
	if err := os.WriteFile(filepath.Join(cfg.Dir, "port"), []byte(strconv.Itoa(port)), 0o600); err != nil {
		t.Fatal(err)
	}
	if server := start(t, cfg); server.Port() == port {
		t.Error("it claims to run on a port that is ours")
	}
}
