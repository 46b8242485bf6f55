package devstack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderOfAnotherVersionIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	version := filepath.Join(data, "PG_VERSION")
	if err := os.WriteFile(version, []byte("9.6\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	_, err := Start(t.Context(), PostgresConfig{Dir: dir})
	wrong := (*VersionError)(nil)
	if !errors.As(err, &wrong) || wrong.Folder != 9 || wrong.Server < oldestPostgres {
		t.Fatalf("got %v, want a VersionError with both versions", err)
	}
	for _, want := range []string{data, "PostgreSQL 9", "Nothing was changed", "pg_upgrade"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if files := list(t, dir); files != "data data/PG_VERSION" {
		t.Errorf("the folder now holds %s", files)
	}
}

func TestAFolderOfSomethingElseIsNotTouched(t *testing.T) {
	for name, text := range map[string]string{"holiday.jpg": "x", "PG_VERSION": "what?"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "data", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Start(t.Context(), PostgresConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("%s: got %v", name, err)
		}
		if files := list(t, dir); files != "data data/"+name {
			t.Errorf("the folder now holds %s", files)
		}
	}
}

// list names all that is below a folder.
func list(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, path); name != "." {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}
