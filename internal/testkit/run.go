package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// Migrate brings an empty database to the schema under test.
type Migrate func(ctx context.Context, dsn string) error

// shared is what the tests of one binary have in common. Each part is made when the first test asks for it.
type shared struct {
	home    string // of the package; a test may have moved elsewhere
	dir     string
	unlock  func()
	migrate Migrate

	databases sync.Once
	cluster   *cluster
	err       error

	builds sync.Map // package → func() (string, error)
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

const prefix = "plusone-test-"

func begin(migrate Migrate) error {
	if err := sweep(); err != nil {
		return err
	}
	home, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, unlock, err := makeFolder()
	if err != nil {
		return err
	}
	kit = &shared{home: home, dir: dir, unlock: unlock, migrate: migrate}
	return nil
}

// makeFolder gives the folder the name by which sweep knows it only when it is locked.
func makeFolder() (dir string, unlock func(), err error) {
	draft, err := os.MkdirTemp("", "new-"+prefix)
	if err != nil {
		return "", nil, err
	}
	// Root's PostgreSQL runs as another user, who must be able to come here.
	if err := os.Chmod(draft, 0o755); err != nil {
		return "", nil, err
	}
	if unlock, err = devstack.Lock(draft); err != nil {
		return "", nil, err
	}
	dir = filepath.Join(filepath.Dir(draft), strings.TrimPrefix(filepath.Base(draft), "new-"))
	return dir, unlock, os.Rename(draft, dir)
}

func end() error {
	var err error
	if kit.cluster != nil {
		err = kit.cluster.stop()
	}
	err = errors.Join(err, os.RemoveAll(kit.dir))
	kit.unlock()
	return err
}

// sweep removes the folders of test runs that were killed: their locks are free. What it cannot remove (it is another
// user's, or a server there is still stopping) it leaves to a later one.
func sweep() error {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if unlock, err := devstack.Lock(dir); err == nil {
			os.RemoveAll(dir)
			unlock()
		}
	}
	return nil
}

// ready is the kit, or a failed test that says what the package lacks.
func ready(t testing.TB) *shared {
	t.Helper()
	if kit == nil {
		t.Fatal("testkit: this package needs `func TestMain(m *testing.M) { testkit.Run(m, migrate) }`")
	}
	return kit
}
