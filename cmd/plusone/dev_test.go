package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestDev is the main job on one machine: the story, what the API says of it, the audit, and what stays.
func TestDev(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDev(t, data)
	d.mustTellTheStory(t)
	mustSay(t, d.Output(), "POST "+d.state(t).URL+"/webhooks/stripe", "stripe listen --forward-to ", kept(t, data, "webhook-secret"))
	b := d.business(t)
	t.Run("user", func(t *testing.T) { golden(t, b, "/v1/users/alice", "testdata/alice.json") })
	t.Run("referral", func(t *testing.T) { golden(t, b, "/v1/referrals?referee=bob", "testdata/bob.json") })
	t.Run("refunded", func(t *testing.T) { golden(t, b, "/v1/referrals?referee=dave", "testdata/dave.json") })
	t.Run("audit", func(t *testing.T) { auditHolds(t, data) })
	t.Run("durable", func(t *testing.T) { d.mustBeDurable(t) })
	t.Run("problems", func(t *testing.T) { mustAnswerProblems(t, d.state(t).URL) })
	t.Run("metrics", func(t *testing.T) {
		_, page := get(t, d.state(t).URL+"/metrics")
		mustSay(t, page, `plusone_database_connections_limit{role="api"}`, `plusone_database_connections_limit{role="worker"}`)
	})
	t.Run("in use", func(t *testing.T) {
		code, out := finish(t, nil, "dev", "--data", data, "--listen", "127.0.0.1:0")
		if code != 1 {
			t.Errorf("it ended with %d", code)
		}
		mustSay(t, out, data+" is in use by another process (process "+strconv.Itoa(d.Pid())+")", "--data")
	})
	before := contents(t, d.state(t).DatabaseURL)
	d.interrupt(t)

	again := startDev(t, data)
	again.mustTellTheStory(t)
	if after := contents(t, again.state(t).DatabaseURL); after != before {
		t.Errorf("played again, the story changed something. Before:\n%s\nafter:\n%s", before, after)
	}
	again.interrupt(t)
	t.Run("not running", func(t *testing.T) {
		code, out := finish(t, nil, "audit", "--data", data)
		if code != 1 {
			t.Errorf("it ended with %d", code)
		}
		mustSay(t, out, "no plusone dev runs on "+data)
	})
	t.Run("make clean leaves nothing", func(t *testing.T) {
		out, err := exec.CommandContext(t.Context(), "../../.ci/remove-data", data).CombinedOutput()
		if _, left := os.Stat(data); err != nil || !errors.Is(left, fs.ErrNotExist) {
			t.Errorf("%v, %v: %s", err, left, out)
		}
	})
}

func auditHolds(t *testing.T, data string) {
	code, out := finish(t, nil, "audit", "--data", data)
	if code != 0 {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, out, "Every law holds.", "Double entry", "holds")
	mustNotSay(t, out, "BROKEN")
	code, out = finish(t, nil, "audit", "--data", data, "--json")
	var report struct {
		Checks []map[string]any
		Rows   int
		Held   bool
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if !report.Held || report.Rows < 6 || len(report.Checks) < 9 {
		t.Errorf("held %v, %d rows, %d checks", report.Held, report.Rows, len(report.Checks))
	}
}

// TestDevAfterAKill starts on what kill -9 left behind: a PostgreSQL that is still stopping, and one that lives on.
func TestDevAfterAKill(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, nil, "dev", "--sample", "--data", data, "--listen", "127.0.0.1:0")
	p.WaitLine(patience, "Bob pays $10")
	p.Kill() // in the middle of the story
	d := startDev(t, data)
	d.mustTellTheStory(t)
	before := contents(t, d.state(t).DatabaseURL)

	d.Kill()
	left := leaveRunning(t, data)
	d = startDev(t, data)
	d.mustTellTheStory(t)
	if pid := d.postmaster(t); pid != left {
		t.Errorf("PostgreSQL is process %d, not the one that was left running, %d", pid, left)
	}
	if after := contents(t, d.state(t).DatabaseURL); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	auditHolds(t, data)

	// Without its database it can do nothing, and says so.
	if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := d.Wait(patience); code != exitFailed {
		t.Errorf("it ended with %d", code)
	}
	mustSay(t, d.Output(), "PostgreSQL has ended; see "+filepath.Join(data, "postgres", "postgres.log"))
}

// TestDevStopsWhileItStarts: whoever changes their mind at once is not kept waiting, and can start again.
func TestDevStopsWhileItStarts(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	for _, when := range []string{"making a new PostgreSQL data folder", "PostgreSQL is running"} {
		p := start(t, nil, "dev", "--data", data, "--listen", "127.0.0.1:0")
		p.WaitLine(patience, when)
		p.Signal(syscall.SIGTERM)
		if code := p.Wait(patience); code != 0 {
			t.Errorf("stopped when it said %q, it ended with %d", when, code)
		}
		mustLeaveNobody(t, data)
	}
}

// TestDevAsAnOrdinaryUser runs as one, whoever runs the tests.
func TestDevAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	uid, gid := ordinaryUser(t)
	home := t.TempDir()
	if err := os.Chmod(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, uid, gid); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &devProcess{data: filepath.Join(home, "data")}
	d.Process = testkit.StartProcess(t, testkit.ProcessConfig{
		Path: self, Dir: home, Env: []string{fmt.Sprintf("%s=%d:%d", becomeVariable, uid, gid), "HOME=" + home},
		Args: []string{binary(t), "dev", "--sample", "--data", d.data, "--listen", "127.0.0.1:0"},
	})
	d.WaitLine(patience, "Told and settled")
	d.mustTellTheStory(t)
	err = filepath.WalkDir(d.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // PostgreSQL has removed a file meanwhile
		}
		if info, err := entry.Info(); err == nil && int(info.Sys().(*syscall.Stat_t).Uid) != uid {
			t.Errorf("%s belongs to somebody else", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	d.interrupt(t)
}
