package testkit

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

var migrations atomic.Int32

func migrateOnce(ctx context.Context, dsn string) error {
	migrations.Add(1)
	return migrateWords(ctx, dsn)
}

func migrateWords(ctx context.Context, dsn string) error {
	return execute(ctx, dsn, "CREATE TABLE words (word text)")
}

func execute(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}

func count(t *testing.T, dsn string) (words int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM words").Scan(&words); err != nil {
		t.Fatal(err)
	}
	return words
}

func TestMain(m *testing.M) { Run(m, migrateOnce) }

// probe is a test that may fail without failing ours.
type probe struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	said     strings.Builder
	cleanups []func()
}

// try runs a test on a probe, its cleanups included.
func try(t *testing.T, test func(testing.TB)) *probe {
	t.Helper()
	p := &probe{TB: t}
	p.run(func() { test(p) })
	for i := len(p.cleanups) - 1; i >= 0; i-- {
		p.run(p.cleanups[i])
	}
	return p
}

// run has a goroutine of its own, which Fatalf can end.
func (p *probe) run(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
}

func (p *probe) Helper()          {}
func (p *probe) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }
func (p *probe) Failed() bool     { return p.failed }

func (p *probe) Logf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(&p.said, format+"\n", args...)
}

func (p *probe) Errorf(format string, args ...any) { p.Logf(format, args...); p.failed = true }
func (p *probe) Fatalf(format string, args ...any) { p.Errorf(format, args...); runtime.Goexit() }
func (p *probe) Fatal(args ...any)                 { p.Fatalf("%s", fmt.Sprint(args...)) }

// mustSay makes sure that the probe failed with these words.
func (p *probe) mustSay(t *testing.T, words ...string) {
	t.Helper()
	if !p.failed {
		t.Error("it did not fail")
	}
	for _, word := range words {
		if !strings.Contains(p.said.String(), word) {
			t.Errorf("it does not say %q but:\n%s", word, p.said.String())
		}
	}
}
