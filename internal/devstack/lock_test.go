package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockKeepsASecondOut(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second lock gave %v, want ErrLocked", err)
	}
	unlock()
	unlock, err = Lock(dir)
	if err != nil {
		t.Fatalf("given back, but: %v", err)
	}
	unlock()
}

func TestLockNamesItsHolderAndEndsWithIt(t *testing.T) {
	dir := t.TempDir()
	other, _ := another(t, "lock", dir)

	_, err := Lock(dir)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d", other.Process.Pid)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}

	kill9(other)
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatalf("the holder was killed, but: %v", err)
	}
	unlock()
}

func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := CheckOwner(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := CheckOwner(dir); err != nil {
		t.Errorf("our own: %v", err)
	}
	if os.Geteuid() != 0 {
		return // only root can give a file away
	}
	if err := os.Chown(filepath.Join(dir, "lock"), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := CheckOwner(dir); err == nil || !strings.Contains(err.Error(), "65534") {
		t.Errorf("somebody else's: %v", err)
	}
}
