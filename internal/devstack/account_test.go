//go:build unix

package devstack

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const ordinaryEnv = "DEVSTACK_TEST_ORDINARY"

// Root runs PostgreSQL as somebody else, an ordinary user as themselves. When these tests run as root they run a second
// time as an ordinary user; when they do not, they have been that already.
func TestEverythingAsAnOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv(ordinaryEnv) != "" {
			t.Logf("we are user %d", os.Geteuid())
		}
		return
	}
	const uid = 65534 // nobody; initdb insists on a user with a name
	home, err := os.MkdirTemp("", "plusone-ordinary-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chown(home, uid, uid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(copyOfSelf(t, home), "-test.v", "-test.timeout=5m")
	cmd.Dir = home
	cmd.Env = []string{ordinaryEnv + "=1", "TMPDIR=" + home, "HOME=" + home, "PATH=" + os.Getenv("PATH"), "PLUSONE_PG_BIN=" + os.Getenv("PLUSONE_PG_BIN")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("as user %d: %v\n%s", uid, err, out)
	}
}

// copyOfSelf puts the test binary where anybody can run it: `go test` builds it in a folder of its own user.
func copyOfSelf(t *testing.T, dir string) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "devstack.test"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

func TestAFolderThatOnlyItsOwnerMayEnter(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	server := start(t, PostgresConfig{Dir: filepath.Join(closed, "pg")})
	info, err := os.Stat(fmt.Sprintf("/proc/%d", server.Pid()))
	if runtime.GOOS != "linux" {
		return // and there root would have been told to take another folder
	}
	if err != nil {
		t.Fatal(err)
	}
	if uid, _ := owner(info); uid == 0 {
		t.Error("PostgreSQL runs as root")
	}
	folder, err := (&account{uid: 1, gid: 1}).barrier(server.data)
	if err != nil || folder == "" {
		t.Errorf("got %q, %v: nothing was in the way, so this tested nothing", folder, err)
	}
}

func TestAFolderOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 { // the root of the file system is always another's
		if who, err := serverAccount("/"); err == nil || !strings.Contains(err.Error(), "run as that user") {
			t.Errorf("got %+v, %v, want what to do", who, err)
		}
		return
	}
	theirs := t.TempDir()
	if err := os.Chown(theirs, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	if who, err := serverAccount(theirs); err != nil || who.uid != 4711 || who.gid != 4712 {
		t.Errorf("got %+v, %v, want that root runs the server as the owner", who, err)
	}
}

func TestMayEnter(t *testing.T) {
	dir := t.TempDir()
	me := account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
	mate := account{uid: me.uid + 1, gid: me.gid}
	stranger := account{uid: me.uid + 1, gid: me.gid + 1}
	for _, c := range []struct {
		mode os.FileMode
		who  account
		want bool
	}{
		{0o700, me, true}, {0o700, mate, false}, {0o700, stranger, false},
		{0o710, mate, true}, {0o710, stranger, false},
		{0o711, stranger, true}, {0o755, stranger, true}, {0o704, stranger, false},
		{0o077, me, false},
	} {
		if err := os.Chmod(dir, c.mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.who.mayEnter(info); got != c.want {
			t.Errorf("%v, %+v: got %v", c.mode, c.who, got)
		}
	}
}
