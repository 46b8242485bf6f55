package devstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for line, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 18.1 (Homebrew)":                  18,
		"postgres (PostgreSQL) 19beta2":                          19,
		"postgres (PostgreSQL) 9.6.24":                           9,
	} {
		if got, err := parseVersion(line); got != want || err != nil {
			t.Errorf("%q: got %d, %v, want %d", line, got, err, want)
		}
	}
	if _, err := parseVersion("bash: postgres: no"); err == nil {
		t.Error("took nonsense for a version")
	}
}

func TestNewestFirst(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"9.6", "15", "18"} {
		if err := os.MkdirAll(filepath.Join(dir, version), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir) // the numbers in the folder of the test are not those meant
	if got := fmt.Sprint(newestFirst("*")); got != "[18 15 9.6]" {
		t.Errorf("got %s", got)
	}
}

// pretend makes a folder that looks like an installation of that version.
func pretend(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, program := range []string{"postgres", "initdb"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheServerOfThisMachineIsFound(t *testing.T) {
	found, err := findBinaries(t.Context(), "", 0)
	if err != nil || found.major < oldestPostgres {
		t.Fatalf("got %+v, %v", found, err)
	}
	same, err := findBinaries(t.Context(), "", found.major)
	if err != nil || same != found {
		t.Fatalf("by its version: got %+v, %v", same, err)
	}
}

func TestANamedFolderIsTheOnlyOne(t *testing.T) {
	sixteen := pretend(t, "16.4")
	t.Setenv("PLUSONE_PG_BIN", sixteen)
	if found, err := findBinaries(t.Context(), "", 0); err != nil || found.dir != sixteen || found.major != 16 {
		t.Errorf("by the environment: got %+v, %v", found, err)
	}
	eighteen := pretend(t, "18.1")
	if found, err := findBinaries(t.Context(), eighteen, 0); err != nil || found.dir != eighteen || found.major != 18 {
		t.Errorf("by the caller, who comes first: got %+v, %v", found, err)
	}
	empty := t.TempDir()
	if _, err := findBinaries(t.Context(), empty, 0); err == nil || !strings.Contains(err.Error(), empty) {
		t.Errorf("an empty folder: got %v, want an error that names it", err)
	}
}

func TestTooOldAServerIsNamedWithWhatToInstall(t *testing.T) {
	_, err := findBinaries(t.Context(), pretend(t, "14.20"), 0)
	missing := (*MissingPostgresError)(nil)
	if !errors.As(err, &missing) {
		t.Fatalf("got %v, want a MissingPostgresError", err)
	}
	for _, want := range []string{"version 15 or later", "14 in", "PLUSONE_PG_BIN", "install"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	for system, want := range map[string]string{"linux": "apt-get install postgresql", "darwin": "brew install postgresql"} {
		if got := howToInstall(system); !strings.Contains(got, want) {
			t.Errorf("%s: %q", system, got)
		}
	}
}
