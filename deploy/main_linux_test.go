package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// secrets are what the tests' deployments are given, by the name of the variable.
var secrets = map[string]string{
	"STRIPE_WEBHOOK_SECRET": "whsec_of_nobody", "PLUSONE_EVENTS_TOKEN": "events-token-of-nobody",
	"PLUSONE_API_TOKEN": "api-token-of-nobody", "PLUSONE_HASH_KEY": "hash-key-of-nobody-at-all",
}

func TestMain(m *testing.M) {
	if spec := os.Getenv(containerVariable); spec != "" {
		fmt.Fprintln(os.Stderr, enter(spec)) // it returns only when it failed
		os.Exit(1)
	}
	for _, variable := range os.Environ() { // what the machine has set must not decide a test
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PLUSONE_") && name != "PLUSONE_PG_BIN" && name != "PLUSONE_PROMETHEUS_BIN" ||
			strings.HasPrefix(name, "DATABASE_URL") || strings.HasPrefix(name, "NATS_URL") || strings.HasPrefix(name, "STRIPE_") {
			_ = os.Unsetenv(name)
		}
	}
	testkit.Run(m, func(ctx context.Context, dsn string) error {
		_, err := store.Migrate(ctx, dsn)
		return err
	})
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// address is where a role says that it answers.
func address(t testing.TB, p *testkit.Process, what string) string {
	t.Helper()
	line := p.WaitLine(patience, `"for":"`+what+`"`)
	_, rest, _ := strings.Cut(line, `"address":"`)
	addr, _, ok := strings.Cut(rest, `"`)
	if !ok {
		t.Fatalf("it does not say where: %s", line)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(addr, "[::]"), ":")
	return "127.0.0.1:" + port
}
