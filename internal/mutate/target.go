package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// target is a package to break.
type target struct {
	ImportPath, Dir, Name              string
	GoFiles, TestImports, XTestImports []string
	Module                             struct{ Dir string }

	mutants []mutant
}

// targets finds the packages, and every mutant of them.
func targets(ctx context.Context, packages []string) ([]*target, error) {
	args := append([]string{"list", "-json=ImportPath,Dir,Name,GoFiles,TestImports,XTestImports,Module", "--"}, packages...)
	out, err := output(exec.CommandContext(ctx, "go", args...)) //nolint:gosec // packages of the caller's own
	if err != nil {
		return nil, err
	}
	var all []*target
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		t := &target{}
		if err := decoder.Decode(t); err != nil {
			return nil, fmt.Errorf("what go list says: %w", err)
		}
		if err := t.find(); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (t *target) find() error {
	for _, name := range t.GoFiles {
		source, err := os.ReadFile(filepath.Join(t.Dir, name)) //nolint:gosec // a file of a package that the caller names
		if err != nil {
			return err
		}
		file, err := filepath.Rel(t.Module.Dir, filepath.Join(t.Dir, name))
		if err != nil {
			return err
		}
		found, err := mutantsOf(filepath.ToSlash(file), source)
		if err != nil {
			return err
		}
		for i := range found {
			found[i].pkg = t
		}
		t.mutants = append(t.mutants, found...)
	}
	return nil
}

// outcome is what became of a mutant.
type outcome int

const (
	noticed   outcome = iota // a test failed
	hung                     // the tests did not come to an end, which somebody would notice
	unbuilt                  // it is no program
	survivor                 // the tests pass
	abandoned                // it was not tried to the end
)

// try compiles the package's tests with one mutant in place of the original, and runs them.
func (o options) try(ctx context.Context, m mutant) (outcome, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return abandoned, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	broken, binary := filepath.Join(dir, "broken.go"), filepath.Join(dir, "tests")
	if err := os.WriteFile(broken, m.broken(), 0o600); err != nil { //nolint:gosec // in a folder made just now
		return abandoned, err
	}
	err = m.pkg.compile(ctx, dir, binary, map[string]string{filepath.Join(m.pkg.Module.Dir, m.file): broken})
	switch {
	case ctx.Err() != nil:
		return abandoned, ctx.Err()
	case err != nil && compilerNames.MatchString(err.Error()): // and not because the disk is full
		return unbuilt, nil
	case err != nil:
		return abandoned, err
	}
	return o.runTests(ctx, m.pkg, binary, 0)
}

// compile builds the package's tests, with other files in place of some of the package's.
func (t *target) compile(ctx context.Context, dir, binary string, replace map[string]string) error {
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "-overlay", overlay, //nolint:gosec // as above
		"-gcflags=-e -N -l", "-ldflags=-s -w", t.ImportPath) // neither fast nor fit for a debugger, and with every mistake
	build.Dir = t.Module.Dir
	build.Env = append(os.Environ(), "GOGC=400")
	_, err = output(build)
	return err
}

// mostMemory is what the tests of a mutant may take, in KiB: one that appends without end must not take the machine along.
const mostMemory = 8 << 20

// runTests runs the tests where they belong, in the folder of their package, until the first of them fails.
// The number says which mutant of several.
func (o options) runTests(ctx context.Context, t *target, binary string, number int) (outcome, error) {
	limited, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	args := append([]string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mostMemory), binary, "-test.failfast"}, o.testArgs...)
	if slices.Contains(slices.Concat(t.TestImports, t.XTestImports), "pgregory.net/rapid") {
		args = append(args, "-rapid.nofailfile") // what one mutant failed by must not lie there for the next, nor for the caller
	}
	tests := exec.CommandContext(limited, "sh", args...) //nolint:gosec // a program built just now
	tests.Dir = t.Dir
	tests.Env = append(os.Environ(), fmt.Sprintf("%s=%d", chooses, number))
	tests.WaitDelay = time.Second
	_, err := output(tests)
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return abandoned, ctx.Err()
	case limited.Err() != nil:
		return hung, nil
	case errors.As(err, &failed):
		return noticed, nil
	case err != nil:
		return abandoned, err
	}
	return survivor, nil
}

// output runs a command; what it printed is in the error when it fails.
func output(c *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", filepath.Base(c.Path), err, stderr.Bytes(), stdout.Bytes())
	}
	return stdout.Bytes(), nil
}
