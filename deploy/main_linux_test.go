package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// secrets are what the tests' deployments are given, by the name of the variable.
var secrets = map[string]string{
	"STRIPE_WEBHOOK_SECRET": webhookSecret, "PLUSONE_EVENTS_TOKEN": eventsToken, "PLUSONE_API_TOKEN": apiToken,
	"PLUSONE_ADMIN_TOKEN": adminToken, "PLUSONE_USER_JWT_SECRET": userSecret, "PLUSONE_HASH_KEY": hashKey,
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
	testkit.Run(m, migrate)
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
