package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Most mutants are built together. Each function gets a copy for each mutant of it, and begins with the question which of
// them is wanted, which a variable of the environment answers: so a package is compiled a few times, and not once for
// each mutant. What does not compile is found by the lines that the compiler names, and left out.

// chooses is the variable with the number of the mutant that is wanted; without it there is the original.
const chooses = "MUTATE_MUTANT"

const chooser = `package %s

import (
	"os"
	"strconv"
)

var mutant__, _ = strconv.Atoi(os.Getenv("` + chooses + `"))
`

// batch is a package with all its mutants in it.
type batch struct {
	pkg     *target
	dir     string
	members map[int]mutant // by number, from 1
	lines   map[string][]span
}

// span are the lines of one mutant's copy.
type span struct{ first, last, number int }

// build compiles all mutants of a package that can be together, without those that are no programs, which it returns.
func (o options) build(ctx context.Context, t *target, mutants []mutant, dir string) (b *batch, unbuiltOnes []mutant, err error) {
	b = &batch{pkg: t, dir: dir, members: make(map[int]mutant)}
	for i, m := range mutants {
		if m.in != nil {
			b.members[i+1] = m
		}
	}
	for {
		replace, err := b.write()
		if err != nil {
			return nil, nil, err
		}
		err = t.compile(ctx, dir, b.binary(), replace)
		if err == nil {
			return b, unbuiltOnes, nil
		}
		wrong := b.blamed(err.Error())
		if ctx.Err() != nil || len(wrong) == 0 {
			return nil, nil, err
		}
		for _, n := range wrong {
			unbuiltOnes = append(unbuiltOnes, b.members[n])
			delete(b.members, n)
		}
	}
}

func (b *batch) binary() string { return filepath.Join(b.dir, "tests") }

// write writes every file with its mutants, and says what takes the place of what.
func (b *batch) write() (replace map[string]string, err error) {
	b.lines = make(map[string][]span)
	replace = make(map[string]string)
	of := make(map[string][]int)
	for n, m := range b.members {
		of[m.file] = append(of[m.file], n)
	}
	for file, numbers := range of {
		slices.Sort(numbers)
		path := filepath.Join(b.dir, filepath.Base(file))
		replace[filepath.Join(b.pkg.Module.Dir, file)] = path
		if err := os.WriteFile(path, b.source(file, numbers), 0o600); err != nil {
			return nil, err
		}
	}
	path := filepath.Join(b.dir, "mutate__.go")
	replace[filepath.Join(b.pkg.Dir, "mutate__.go")] = path
	return replace, os.WriteFile(path, fmt.Appendf(nil, chooser, b.pkg.Name), 0o600)
}

// source is a file with the copies of its functions behind it.
func (b *batch) source(file string, numbers []int) []byte {
	var copies, out bytes.Buffer
	questions := make(map[int]string) // by where they go
	for _, n := range numbers {
		m := b.members[n]
		in := m.in
		call := fmt.Sprintf("%s%s__%d(%s)", in.call, in.name, n, in.arguments)
		if in.returns {
			call = "return " + call
		} else {
			call += "; return"
		}
		questions[in.body] += fmt.Sprintf(" if mutant__ == %d { %s };", n, call)
	}
	source := b.members[numbers[0]].source
	written := 0
	for _, at := range slices.Sorted(maps.Keys(questions)) {
		out.Write(source[written:at])
		out.WriteString(questions[at])
		written = at
	}
	out.Write(source[written:])
	line := 1 + bytes.Count(out.Bytes(), []byte("\n"))
	for _, n := range numbers {
		text := b.members[n].copied(n)
		length := strings.Count(text, "\n")
		b.lines[filepath.Base(file)] = append(b.lines[filepath.Base(file)], span{line, line + length - 1, n})
		line += length
		copies.WriteString(text)
	}
	out.Write(copies.Bytes())
	return out.Bytes()
}

// copied is the mutant's copy of its function, under a name of its own, on lines of its own.
func (m mutant) copied(n int) string {
	in := m.in
	before, after := m.source[in.named:m.change.start], m.source[m.change.end:in.end]
	return fmt.Sprintf("\n%s__%d%s%s%s\n", m.source[in.start:in.named], n, before, m.change.text, after)
}

var compilerNames = regexp.MustCompile(`([^\s/]+\.go):(\d+):\d+: `)

// blamed are the mutants in whose copies the compiler has found something.
func (b *batch) blamed(said string) (numbers []int) {
	for _, found := range compilerNames.FindAllStringSubmatch(said, -1) {
		line, _ := strconv.Atoi(found[2])
		for _, s := range b.lines[found[1]] {
			if s.first <= line && line <= s.last && !slices.Contains(numbers, s.number) {
				numbers = append(numbers, s.number)
			}
		}
	}
	return numbers
}
