package devstack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSecretIsMadeOnceForAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	const callers = 16
	secrets := make([]string, callers)
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			var err error
			if secrets[i], err = Secret(dir, "key", RandomSecret); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, secret := range secrets {
		if secret != secrets[0] || len(secret) < 40 {
			t.Fatalf("got %q and %q, want one long secret", secret, secrets[0])
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the folder holds %v (%v), want the one file", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("its mode is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestSecretRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fails := func() (string, error) { return "", errors.New("no randomness left") }
	for _, c := range []struct {
		name     string
		generate func() (string, error)
		want     string
	}{
		{"../out", RandomSecret, "plain file name"},
		{"", RandomSecret, "plain file name"},
		{"empty", RandomSecret, "remove the file"},
		{"failing", fails, "no randomness left"},
		{"blank", func() (string, error) { return "", nil }, "empty"},
	} {
		if _, err := Secret(dir, c.name, c.generate); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want something about %q", c.name, err, c.want)
		}
	}
}
