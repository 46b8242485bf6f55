package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Migrate brings an empty database to the schema under test.
type Migrate func(ctx context.Context, dsn string) error

// shared is what the tests of one binary have in common. Each part is made when the first test asks for it.
type shared struct {
	home     string // of the package; a test may have moved elsewhere
	programs folder
	migrate  Migrate

	databases sync.Once
	cluster   *cluster
	err       error

	building sync.Mutex
	builds   map[string]func() (string, error) // by package
}

// kit is set by Run; nil when a package has no TestMain.
var kit *shared

// Run runs the tests of a package and ends the process. What the tests shared is gone afterwards; what a test run that
// was killed left behind, the next one clears away.
func Run(m *testing.M, migrate Migrate) {
	os.Exit(run(m, migrate))
}

func run(m *testing.M, migrate Migrate) (code int) {
	if err := begin(migrate); err != nil {
		fmt.Fprintln(os.Stderr, "testkit: get ready:", err)
		return 1
	}
	defer func() {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: clean up:", err)
			code = max(code, 1)
		}
	}()
	return m.Run()
}

func begin(migrate Migrate) error {
	for _, base := range []string{os.TempDir(), databaseBase()} {
		if err := sweep(base); err != nil {
			return err
		}
	}
	home, err := os.Getwd()
	if err != nil {
		return err
	}
	programs, err := makeFolder(os.TempDir())
	if err != nil {
		return err
	}
	kit = &shared{home: home, programs: programs, migrate: migrate, builds: map[string]func() (string, error){}}
	return nil
}

func end() error {
	var err error
	if kit.cluster != nil {
		err = kit.cluster.stop()
	}
	return errors.Join(err, kit.programs.remove())
}

// ready is the kit, or a failed test that says what the package lacks.
func ready(t testing.TB) *shared {
	t.Helper()
	if kit == nil {
		t.Fatal("testkit: this package needs `func TestMain(m *testing.M) { testkit.Run(m, migrate) }`")
	}
	return kit
}
