package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
)

// account is the user who runs PostgreSQL in our stead. PostgreSQL refuses to be root, so root needs one; nil, for
// everybody else, means ourselves.
type account struct {
	name     string
	uid, gid uint32
}

// serverAccount chooses it: the owner of a data folder that exists, else the user postgres, else nobody.
func serverAccount(data string) (*account, error) {
	uid, gid, err := ownerOf(data)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return nil, fmt.Errorf("devstack: look at the data folder: %w", err)
	}
	if me := os.Geteuid(); me != 0 {
		if !fresh && int(uid) != me {
			return nil, fmt.Errorf("devstack: %s belongs to the user with id %d, and we are %d: run as that user or as root, or choose another folder", data, uid, me)
		}
		return nil, nil //nolint:nilnil // ourselves
	}
	if !fresh && uid != 0 {
		return &account{name: "the owner of the data folder", uid: uid, gid: gid}, nil
	}
	return unprivileged()
}

func ownerOf(path string) (uid, gid uint32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	uid, gid = owner(info)
	return uid, gid, nil
}

func unprivileged() (*account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		if errUID == nil && errGID == nil && uid != 0 {
			return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("devstack: PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as: run as an ordinary user, or add one with `useradd --system postgres`")
}

// own gives the account a file or folder and all that is in it. Links are not followed, not even one that the account
// puts in the place of a folder meanwhile: we are root, and it is not.
func (who *account) own(path string) error {
	if who == nil {
		return nil
	}
	parent, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer parent.Close() //nolint:errcheck // nothing is lost
	give := func(name string) error { return parent.Lchown(name, int(who.uid), int(who.gid)) }

	info, err := parent.Lstat(filepath.Base(path))
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return give(info.Name())
	}
	return fs.WalkDir(parent.FS(), info.Name(), func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return give(name)
	})
}

// dress makes the command run as the account, able to reach the given paths.
func (who *account) dress(cmd *exec.Cmd, paths ...string) error {
	if who == nil {
		return nil
	}
	runAs(cmd, who)
	for _, path := range paths {
		folder, err := who.barrier(path)
		if err != nil {
			return fmt.Errorf("devstack: look whether %s can reach %s: %w", who.name, path, err)
		}
		if folder != "" {
			return passBarriers(cmd, fmt.Sprintf("PostgreSQL refuses to run as root, so it runs as %s (user id %d), who may not enter %s", who.name, who.uid, folder))
		}
	}
	return nil
}

// barrier is the outermost folder above path that the account may not enter, or "". It reads the permission bits alone:
// where an access list says otherwise we take a right that was not needed.
func (who *account) barrier(path string) (string, error) {
	folder := filepath.Dir(path)
	if folder == path {
		return "", nil // the root of the file system, which everybody may enter
	}
	if outer, err := who.barrier(folder); outer != "" || err != nil {
		return outer, err
	}
	info, err := os.Stat(folder)
	if err != nil {
		return "", err
	}
	if !who.mayEnter(info) {
		return folder, nil
	}
	return "", nil
}

func (who *account) mayEnter(folder fs.FileInfo) bool {
	uid, gid := owner(folder)
	bits := folder.Mode().Perm()
	switch {
	case uid == who.uid:
		return bits&0o100 != 0
	case gid == who.gid:
		return bits&0o010 != 0
	default:
		return bits&0o001 != 0
	}
}
