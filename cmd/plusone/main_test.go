package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// patience is how long anything may take on a busy machine. Nothing waits that long when all is well.
const patience = time.Minute

func TestMain(m *testing.M) {
	if become := os.Getenv(becomeVariable); become != "" {
		fmt.Fprintln(os.Stderr, becomeAndRun(become, os.Args[1:])) // it returns only when it failed
		os.Exit(1)
	}
	for _, name := range os.Environ() { // what the machine has set must not decide a test
		if name, _, _ = strings.Cut(name, "="); strings.HasPrefix(name, "PLUSONE_") && name != "PLUSONE_PG_BIN" ||
			strings.HasPrefix(name, "DATABASE_URL") || strings.HasPrefix(name, "NATS_URL") || strings.HasPrefix(name, "STRIPE_") {
			_ = os.Unsetenv(name)
		}
	}
	testkit.Run(m, migrate)
}

func migrate(ctx context.Context, dsn string) error {
	_, err := store.Migrate(ctx, dsn)
	return err
}

// becomeVariable makes this test binary give up root's rights and become another program: "uid:gid".
const becomeVariable = "PLUSONE_TEST_BECOME"

func becomeAndRun(who string, args []string) error {
	uid, gid, _ := strings.Cut(who, ":")
	u, errU := strconv.Atoi(uid)
	g, errG := strconv.Atoi(gid)
	if errU != nil || errG != nil {
		return fmt.Errorf("%s=%s is no uid:gid", becomeVariable, who)
	}
	if u != os.Getuid() {
		err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(g), syscall.Setuid(u))
		if err != nil {
			return err
		}
	}
	return syscall.Exec(args[0], args, os.Environ())
}

func binary(t testing.TB) string {
	t.Helper()
	return testkit.Binary(t, "github.com/plusone-dev/plusone/cmd/plusone")
}

// start runs the real program.
func start(t testing.TB, env []string, args ...string) *testkit.Process {
	t.Helper()
	return testkit.StartProcess(t, testkit.ProcessConfig{Path: binary(t), Args: args, Env: env, Dir: t.TempDir()})
}

// finish runs the real program to its end.
func finish(t testing.TB, env []string, args ...string) (code int, output string) {
	t.Helper()
	p := start(t, env, args...)
	return p.Wait(patience), p.Output()
}

// invoke runs the program inside this process, to its end.
func invoke(t testing.TB, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, streams{&o, &e})
	return code, o.String(), e.String()
}

func mustSay(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("it does not say %q but:\n%s", word, text)
		}
	}
}

func mustNotSay(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(text, word) {
			t.Errorf("it says %q:\n%s", word, text)
		}
	}
}
