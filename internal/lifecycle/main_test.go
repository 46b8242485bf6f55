package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page in the repository is the one that the table gives: go run ./internal/lifecycle.
func TestThePageIsCurrent(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	if code := run([]string{"-check", "-file", "../../docs/lifecycle.md"}, &stderr); code != 0 {
		t.Errorf("exit %d: %s", code, stderr.String())
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "lifecycle.md")
	call := func(wantCode int, wantMessage string, args ...string) {
		t.Helper()
		var stderr strings.Builder
		code := run(append(args, "-file", file), &stderr)
		if said := stderr.String(); code != wantCode || !strings.Contains(said, wantMessage) || (code == 0) != (said == "") {
			t.Errorf("%v: exit %d, %q; want exit %d, %q", args, code, said, wantCode, wantMessage)
		}
	}
	call(1, "no such file or directory; go run ./internal/lifecycle writes it", "-check")
	call(0, "")
	call(0, "", "-check")

	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	drifted := strings.Replace(string(page), "--> rewarded", "--> cancelled", 1)
	if err := os.WriteFile(file, []byte(drifted), 0o600); err != nil {
		t.Fatal(err)
	}
	call(1, "is not what the table in internal/referral/lifecycle.go says: run go run ./internal/lifecycle", "-check")
	if after, err := os.ReadFile(file); err != nil || string(after) != drifted {
		t.Errorf("-check changed the file (%v)", err)
	}
	call(0, "")
	call(0, "", "-check")
	call(2, "usage:", "-what")
	file = folder
	call(1, "is a directory")
}

func TestRunRefusesArguments(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	if code := run([]string{"docs/other.md"}, &stderr); code != 2 || !strings.Contains(stderr.String(), "usage:") {
		t.Errorf("exit %d, %q; want 2 and the usage", code, stderr.String())
	}
	if code := run([]string{"-h"}, &stderr); code != 0 {
		t.Errorf("-h: exit %d", code)
	}
}
