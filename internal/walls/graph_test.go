package walls

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/plusone-dev/plusone/"
	root   = "../.."
)

// graph is who imports whom, by the path below the module or, outside it, the whole path. Tests are left out, and so is
// what the standard library imports.
type graph map[string][]string

// wall is what one package must never reach, or all it may reach beside the standard library.
type wall struct {
	of    string
	never []string
	only  []string
	why   string
}

// door is who alone may import a package.
type door struct {
	to  string
	by  []string
	why string
}

// load asks the go command for all packages of the module and all they import.
func load(t *testing.T) graph {
	t.Helper()
	noteFolders(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	g, err := read(out)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// noteFolders looks into every folder of the module. The go command repeats a cached result unless something changed
// that the test itself has looked at, and does not see what a command run by the test looks at.
func noteFolders(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if errors.Is(err, fs.ErrNotExist) { // another test's, come and gone
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(list []byte) (graph, error) {
	g := make(graph)
	standard := make(map[string]bool)
	for dec := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Standard   bool
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("what go list says: %w", err)
		}
		if p.Standard {
			standard[p.ImportPath] = true
			continue
		}
		g[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
	for name, imports := range g {
		g[name] = nil
		for _, i := range imports {
			if !standard[i] {
				g[name] = append(g[name], strings.TrimPrefix(i, module))
			}
		}
	}
	return g, nil
}

// faults are the ways through a wall, and the rows that mean nothing.
func (g graph) faults(walls []wall, doors []door) []string {
	var all []string
	for _, w := range walls {
		all = append(all, g.holes(w)...)
	}
	for _, d := range doors {
		all = append(all, g.visitors(d)...)
	}
	return all
}

func (g graph) holes(w wall) []string {
	if _, ok := g[w.of]; !ok {
		return []string{fmt.Sprintf("the wall of %s: there is no such package", w.of)}
	}
	var all []string
	for _, pattern := range slices.Concat(w.never, w.only) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(g)), func(name string) bool { return matches(pattern, name) }) {
			all = append(all, fmt.Sprintf("the wall of %s: nothing is called %s", w.of, pattern))
		}
	}
	ways := g.reach(w.of)
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		is := func(pattern string) bool { return matches(pattern, name) }
		if slices.ContainsFunc(w.never, is) || (w.only != nil && !slices.ContainsFunc(w.only, is)) {
			all = append(all, fmt.Sprintf("%s must not reach %s, for %s: %s", w.of, name, w.why, strings.Join(ways[name], " → ")))
		}
	}
	return all
}

// reach is every package that one reaches, with the shortest way there. It does not count as reaching itself.
func (g graph) reach(from string) map[string][]string {
	ways := map[string][]string{from: {from}}
	for next := []string{from}; len(next) > 0; next = next[1:] {
		for _, to := range g[next[0]] {
			if ways[to] == nil {
				ways[to] = append(slices.Clone(ways[next[0]]), to)
				next = append(next, to)
			}
		}
	}
	delete(ways, from)
	return ways
}

func (g graph) visitors(d door) []string {
	if _, ok := g[d.to]; !ok {
		return []string{fmt.Sprintf("the door to %s: there is no such package", d.to)}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if slices.Contains(g[name], d.to) && !slices.Contains(d.by, name) {
			all = append(all, fmt.Sprintf("%s must not import %s, for %s", name, d.to, d.why))
		}
	}
	return all
}

// matches says whether a package is meant by a pattern: itself or, with /... at the end, all below it as well.
func matches(pattern, name string) bool {
	if parent, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == parent || strings.HasPrefix(name, parent+"/")
	}
	return name == pattern
}
