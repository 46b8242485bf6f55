package testkit

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Binary builds a main package, such as "github.com/plusone-dev/plusone/cmd/plusone", once for all tests of the binary,
// with the race detector when the tests run under it, and returns the path of the program.
func Binary(t testing.TB, pkg string) string {
	t.Helper()
	return build(t, pkg, raceDetector)
}

func build(t testing.TB, pkg string, race bool) string {
	t.Helper()
	k := ready(t)
	k.building.Lock()
	once, ok := k.builds[pkg]
	if !ok {
		once = sync.OnceValues(func() (string, error) { return goBuild(k.home, k.programs.path, pkg, race) })
		k.builds[pkg] = once
	}
	k.building.Unlock()
	path, err := once()
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return path
}

func goBuild(home, dir, pkg string, race bool) (string, error) {
	path := filepath.Join(dir, "bin", strings.NewReplacer("/", "_", ".", "_").Replace(pkg))
	args := []string{"build", "-o", path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = home
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}
