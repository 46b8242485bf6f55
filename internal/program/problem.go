package program

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error says all that is wrong with a program, in the order of the file.
type Error struct{ Problems []Problem }

// Error has one line a problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problem is one thing wrong with a program.
type Problem struct {
	File    string
	Line    int    // from 1
	Column  int    // from 1, in characters
	Path    string // "qualify.minimum.usd", "rewards[0].to"; empty when the file as a whole is meant
	Message string // what is wrong, and what to do
}

// String is the form that editors and terminals make a link of: "program.yaml:7:12: qualify.within: must be …".
func (p Problem) String() string {
	where := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		where += p.Path + ": "
	}
	return where + p.Message
}

// place is where something stands in the file.
type place struct{ line, column int }

// reader goes through one document and collects what is wrong with it.
type reader struct {
	file     string
	lines    [][]rune // the document
	problems []Problem
}

func (r *reader) refuse(at place, path, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: at.line, Column: at.column, Path: path, Message: fmt.Sprintf(format, args...),
	})
}

// err is what was collected, in the order of the file; nil when nothing was.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{Problems: r.problems}
}

// shown quotes a text of the file, cut short: a message must stay readable, whatever the file holds.
func shown(text string) string { return fmt.Sprintf("%q", cut(text)) }

func cut(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
