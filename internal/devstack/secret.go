package devstack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secret returns the secret of that name, kept in a file below dir that only its owner may read. The first caller makes
// it; all later ones, in this process or another, get the same. A half-written one is never seen.
func Secret(dir, name string, generate func() (string, error)) (string, error) {
	if name == "" || name != filepath.Base(name) {
		return "", fmt.Errorf("devstack: %q is no name for a secret: it must be a plain file name", name)
	}
	path := filepath.Join(dir, name)
	secret, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret, err = generate()
	if err != nil {
		return "", fmt.Errorf("devstack: make the secret %s: %w", name, err)
	}
	if secret == "" || strings.TrimSpace(secret) != secret {
		return "", fmt.Errorf("devstack: the new secret %s is empty or has space around it", name)
	}
	if err := writeSecret(path, secret); err != nil {
		return "", fmt.Errorf("devstack: keep the secret %s: %w", name, err)
	}
	return readSecret(path) // ours, or that of another process which was quicker
}

// RandomSecret makes 256 random bits, in characters that need no quoting anywhere.
func RandomSecret() (string, error) {
	return rand.Text() + rand.Text(), nil // letters and digits: a dash at the front would be taken for a flag
}

func readSecret(path string) (string, error) {
	text, err := os.ReadFile(path) //nolint:gosec // in the folder that the operator chose
	if err != nil {
		return "", fmt.Errorf("devstack: read a secret: %w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("devstack: the secret in %s is empty: put it back, or remove the file to have a new one made", path)
	}
	return secret, nil
}

// writeSecret leaves a complete file or none, and never replaces one: linking fails where the name is taken.
func writeSecret(path, secret string) error {
	dir := filepath.Dir(path)
	if err := makeFolder(dir); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // one left behind is as private as the secret
	_, err = draft.WriteString(secret + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

// syncFolder makes the names in a folder last; the contents of its files are synced on their own.
func syncFolder(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // as above
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
