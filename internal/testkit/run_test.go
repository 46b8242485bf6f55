package testkit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/plusone-dev/plusone/internal/devstack"
)

func TestSweepTakesTheDeadAndLeavesTheLiving(t *testing.T) {
	base := t.TempDir()
	dead, err := makeFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	dead.unlock()
	alive, err := makeFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.unlock()

	if err := sweep(base); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a dead run is still there (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(alive.path, "lock")); err != nil {
		t.Errorf("the folder of a living run: %v", err)
	}
	if _, err := devstack.Lock(kit.programs.path); !errors.Is(err, devstack.ErrLocked) {
		t.Errorf("our own is not locked: %v", err)
	}
}

func TestAPackageWithoutTestMainIsTold(t *testing.T) {
	saved := kit
	kit = nil
	defer func() { kit = saved }()
	try(t, func(tb testing.TB) { Database(tb) }).mustSay(t, "testkit.Run(m, migrate)")
}
