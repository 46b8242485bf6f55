package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"
)

// mutate tries every mutant of the packages, and says which survived. Error: some that are not listed as equivalent did,
// or the list is not right.
func mutate(ctx context.Context, o options, stdout, stderr io.Writer) error {
	listed, err := readEquivalent(o.equivalent)
	if err != nil {
		return err
	}
	all, err := targets(ctx, o.packages)
	if err != nil {
		return err
	}
	r := &result{listed: listed, became: make(map[string]outcome)}
	for _, t := range all {
		if err := o.tryAll(ctx, t, o.chosen(t), r, stderr); err != nil {
			return err
		}
	}
	return r.report(stdout, o.only == nil)
}

// chosen are the mutants of a package to try.
func (o options) chosen(t *target) []mutant {
	return slices.DeleteFunc(slices.Clone(t.mutants), func(m mutant) bool { return o.only != nil && !o.only.MatchString(m.name) })
}

// tryAll tries the mutants of one package: those that can be together, then the others, one after the other.
func (o options) tryAll(ctx context.Context, t *target, mutants []mutant, r *result, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, wrong, err := o.build(ctx, t, mutants, dir)
	if err != nil {
		return err
	}
	if became, err := o.runTests(ctx, t, b.binary(), 0); err != nil {
		return err
	} else if became != survivor {
		return fmt.Errorf("the tests of %s do not pass as it is", t.ImportPath)
	}
	r.mutants = append(r.mutants, mutants...)
	for _, m := range wrong {
		r.note(m, unbuilt)
	}
	if f, ok := stderr.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		stderr = io.Discard
	}
	bar := progressbar.NewOptions(len(mutants)-len(wrong), progressbar.OptionSetWriter(stderr), progressbar.OptionSetDescription("breaking "+t.Name),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.workers)
	for i, m := range mutants {
		_, together := b.members[i+1]
		if m.in != nil && !together {
			continue // no program
		}
		group.Go(func() error {
			var became outcome
			var err error
			if together {
				became, err = o.runTests(ctx, t, b.binary(), i+1)
			} else {
				became, err = o.try(ctx, m)
			}
			r.note(m, became)
			return errors.Join(err, bar.Add(1))
		})
	}
	return group.Wait()
}

// result is what became of the mutants.
type result struct {
	mutants []mutant
	listed  []equivalent

	mu     sync.Mutex
	became map[string]outcome
}

func (r *result) note(m mutant, became outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.became[m.name] = became
}

// report prints the survivors, and what of the list is not so; all of it is held against the mutants only when all of those
// of a file were tried. Error: there was something to print.
func (r *result) report(w io.Writer, whole bool) error {
	counts := make(map[outcome]int)
	var survived, stale int
	for _, m := range r.mutants {
		became := r.became[m.name]
		counts[became]++
		if became == survivor && !slices.ContainsFunc(r.listed, func(e equivalent) bool { return e.name == m.name }) {
			survived++
			fmt.Fprintf(w, "survived  %s\n          %s:%s\n", m.name, m.file, m.place)
		}
	}
	for _, e := range r.listed {
		became, tried := r.became[e.name]
		switch {
		case tried && became != survivor:
			stale++
			fmt.Fprintf(w, "listed as equivalent, and noticed  %s\n", e.name)
		case !tried && whole && r.has(e.file()):
			stale++
			fmt.Fprintf(w, "listed as equivalent, and gone     %s\n", e.name)
		}
	}
	fmt.Fprintf(w, "%d mutants: %d noticed, %d ran on without end, %d are no programs, %d survived, of which %d mean the same\n",
		len(r.mutants), counts[noticed], counts[hung], counts[unbuilt], counts[survivor], counts[survivor]-survived)
	if survived+stale > 0 {
		return fmt.Errorf("%d ways to break the rules unseen, %d mistakes in the list of those that mean the same", survived, stale)
	}
	return nil
}

func (r *result) has(file string) bool {
	return slices.ContainsFunc(r.mutants, func(m mutant) bool { return m.file == file })
}

// equivalent is a mutant that means the same as the original.
type equivalent struct{ name, reason string }

func (e equivalent) file() string {
	file, _, _ := strings.Cut(e.name, " ")
	return file
}

// readEquivalent reads the list: a mutant's name on a line, and below it, indented, the reason. Lines with # are comments.
// Error: the file can not be read; a mutant without a reason, or listed twice.
func readEquivalent(path string) ([]equivalent, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the caller's own file
	if err != nil {
		return nil, err
	}
	var all []equivalent
	for n, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case trimmed == line:
			if slices.ContainsFunc(all, func(e equivalent) bool { return e.name == line }) {
				return nil, fmt.Errorf("%s:%d: %s is listed already", path, n+1, line)
			}
			all = append(all, equivalent{name: line})
		case len(all) == 0:
			return nil, fmt.Errorf("%s:%d: a reason without a mutant", path, n+1)
		default:
			last := &all[len(all)-1]
			last.reason = strings.TrimSpace(last.reason + " " + trimmed)
		}
	}
	for _, e := range all {
		if e.reason == "" {
			return nil, fmt.Errorf("%s: %s has no reason", path, e.name)
		}
	}
	return all, nil
}
