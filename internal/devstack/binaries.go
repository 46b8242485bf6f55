package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the oldest major version that plusone's schema runs on.
const oldestPostgres = 15

// binaries is one installation of the PostgreSQL server.
type binaries struct {
	dir   string // with initdb and postgres in it
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// MissingPostgresError says that this machine has no PostgreSQL server that we can use, and what to install.
type MissingPostgresError struct {
	Looked []string // where
	TooOld []string // what was found but is older than we need
}

func (e *MissingPostgresError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "devstack: no PostgreSQL server of version %d or later found on this machine", oldestPostgres)
	if len(e.TooOld) > 0 {
		fmt.Fprintf(&text, " (too old: %s)", strings.Join(e.TooOld, ", "))
	}
	fmt.Fprintf(&text, ". Install one: %s. Or set PLUSONE_PG_BIN to the folder with initdb and postgres in it. Looked in: %s",
		howToInstall(runtime.GOOS), strings.Join(e.Looked, ", "))
	return text.String()
}

func howToInstall(system string) string {
	if system == "darwin" {
		return "`brew install postgresql@17`"
	}
	return "`apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora, RHEL), `pacman -S postgresql` (Arch) or `apk add postgresql` (Alpine)"
}

// findBinaries takes the first usable installation, or with a major version given (not 0) the first of that version.
// When a folder is named, by the caller or by PLUSONE_PG_BIN, it is that one or none.
func findBinaries(ctx context.Context, named string, major int) (binaries, error) {
	found, err := installations(ctx, named)
	if err != nil {
		return binaries{}, err
	}
	if major == 0 {
		return found[0], nil
	}
	for _, one := range found {
		if one.major == major {
			return one, nil
		}
	}
	return binaries{}, &VersionError{Folder: major, Server: found[0].major, Bin: found[0].dir}
}

// installations are those new enough, best first, at least one.
func installations(ctx context.Context, named string) ([]binaries, error) {
	if named == "" {
		named = os.Getenv("PLUSONE_PG_BIN")
	}
	folders := []string{named}
	if named == "" {
		folders = usualFolders(ctx)
	}
	var found []binaries
	var tooOld []string
	for _, folder := range folders {
		one, err := inspect(ctx, folder)
		switch {
		case ctx.Err() != nil: // what we know by now may be half of it
			return nil, fmt.Errorf("devstack: look for PostgreSQL: %w", ctx.Err())
		case err != nil && named != "":
			return nil, fmt.Errorf("devstack: %s, named by PLUSONE_PG_BIN or the configuration, holds no PostgreSQL server: %w", named, err)
		case err != nil:
			continue
		case one.major < oldestPostgres:
			tooOld = append(tooOld, fmt.Sprintf("%d in %s", one.major, one.dir))
		default:
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return nil, &MissingPostgresError{Looked: folders, TooOld: tooOld}
	}
	return found, nil
}

// usualFolders are the places where packages put the server, in the order in which we prefer them.
func usualFolders(ctx context.Context) []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	folders = append(folders, newestFirst("/usr/lib/postgresql/*/bin")...)
	folders = append(folders, newestFirst("/usr/pgsql-*/bin")...)
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	folders = append(folders, newestFirst("/opt/homebrew/opt/postgresql@*/bin")...)
	folders = append(folders, newestFirst("/usr/local/opt/postgresql@*/bin")...)
	return append(folders, "/opt/homebrew/bin", "/usr/local/bin", "/usr/lib/postgresql/bin", "/usr/bin")
}

var digits = regexp.MustCompile(`\d+`)

// newestFirst sorts by the number in the path: "18" before "9.6", which the alphabet has the other way round.
func newestFirst(pattern string) []string {
	folders, _ := filepath.Glob(pattern) // errs only for a malformed pattern, and ours are constants
	number := func(path string) int {
		n, _ := strconv.Atoi(digits.FindString(path))
		return n
	}
	slices.SortStableFunc(folders, func(a, b string) int { return number(b) - number(a) })
	return folders
}

// inspect follows links, such as /usr/local/bin/postgres, to the folder which has the server's other programs too.
func inspect(ctx context.Context, folder string) (binaries, error) {
	server, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return binaries{}, err
	}
	server, err = filepath.Abs(server)
	if err != nil {
		return binaries{}, err
	}
	found := binaries{dir: filepath.Dir(server)}
	if _, err := exec.LookPath(found.path("initdb")); err != nil {
		return binaries{}, err
	}
	out, err := exec.CommandContext(ctx, server, "--version").Output() //nolint:gosec // a server of this machine
	if err != nil {
		return binaries{}, fmt.Errorf("ask %s for its version: %w", server, err)
	}
	found.major, err = parseVersion(string(out))
	return found, err
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// parseVersion takes the major version from a line such as "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func parseVersion(line string) (int, error) {
	match := versionLine.FindStringSubmatch(line)
	if match == nil {
		return 0, fmt.Errorf("%q is not what PostgreSQL says of its version", strings.TrimSpace(line))
	}
	return strconv.Atoi(match[1])
}
