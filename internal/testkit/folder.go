package testkit

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// prefix is how the folders of all test runs begin.
const prefix = "plusone-test-"

// folder is one of this test run, locked for as long as that lives.
type folder struct {
	path   string
	unlock func()
}

// makeFolder gives the folder the name by which sweep knows it only when it is locked.
func makeFolder(base string) (folder, error) {
	draft, err := os.MkdirTemp(base, "new-"+prefix)
	if err != nil {
		return folder{}, err
	}
	// Root's PostgreSQL runs as another user, who must be able to come here.
	if err := os.Chmod(draft, 0o755); err != nil {
		return folder{}, err
	}
	unlock, err := devstack.Lock(draft)
	if err != nil {
		return folder{}, err
	}
	f := folder{path: filepath.Join(base, strings.TrimPrefix(filepath.Base(draft), "new-")), unlock: unlock}
	return f, os.Rename(draft, f.path)
}

func (f folder) remove() error {
	defer f.unlock()
	return os.RemoveAll(f.path)
}

// sweep removes the folders of test runs that were killed: their locks are free. What it cannot remove (it is another
// user's, or a server there is still stopping) it leaves to a later one.
func sweep(base string) error {
	dirs, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if unlock, err := devstack.Lock(dir); err == nil {
			_ = folder{path: dir, unlock: unlock}.remove()
		}
	}
	return nil
}
