package devstack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// ErrLocked says that another process holds the folder.
var ErrLocked = errors.New("in use by another process")

// Lock takes the folder for this process and returns what gives it back. The kernel holds the lock, so it ends with the
// process however that dies; the file that carries it stays behind and means nothing by itself.
// A folder that is taken gives an error that wraps ErrLocked and names the process that has it.
func Lock(dir string) (unlock func(), err error) {
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("devstack: make the folder to lock: %w", err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // whoever finds it taken may read by whom
	if err != nil {
		return nil, fmt.Errorf("devstack: open the lock of %s: %w", dir, err)
	}
	if err := flock(file); err != nil {
		defer file.Close() //nolint:errcheck // nothing was written
		if errors.Is(err, ErrLocked) {
			return nil, fmt.Errorf("devstack: the folder %s is %w%s: stop that one first, or choose another folder", dir, ErrLocked, holder(file))
		}
		return nil, fmt.Errorf("devstack: lock %s: %w", path, err)
	}
	if err := sign(file); err != nil {
		return nil, errors.Join(fmt.Errorf("devstack: write our process id into %s: %w", path, err), file.Close())
	}
	return func() { _ = file.Close() }, nil // it gives the lock back whatever it returns
}

// makeFolder makes one that everybody may enter: the account that runs PostgreSQL must. What is secret has a mode of its
// own.
func makeFolder(dir string) error {
	return os.MkdirAll(dir, 0o755) //nolint:gosec // as said
}

// sign writes who holds the lock, for the message that the next one gets.
func sign(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(file *os.File) string {
	text, err := io.ReadAll(io.LimitReader(file, 32))
	pid := strings.TrimSpace(string(text))
	if err != nil || pid == "" {
		return ""
	}
	return " (process " + pid + ")"
}

// CheckOwner refuses a folder that another user has locked before: what is in it is theirs, and what we wrote beside it
// they could not read again. That is how one start with sudo spoils a folder.
func CheckOwner(dir string) error {
	info, err := os.Stat(filepath.Join(dir, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nobody's yet
	}
	if err != nil {
		return fmt.Errorf("devstack: %w", err)
	}
	if uid, _ := owner(info); runtime.GOOS != "windows" && int(uid) != os.Geteuid() {
		return fmt.Errorf("devstack: the data in %s belong to user %d, and we are user %d: run as that user, or choose another folder",
			dir, uid, os.Geteuid())
	}
	return nil
}
