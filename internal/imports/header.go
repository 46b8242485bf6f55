package imports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/suggest"
)

// header reads the first line, and says which column stands where. Error: *HeaderError, or that of reading.
func (r *Reader) header() error {
	r.meter.left = maxRow
	names, err := r.csv.Read()
	bad, isBad := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, io.EOF):
		return refuseHeader(Problem{Line: 1, Column: 1, Message: "the file is empty: its first line must name the columns, such as " + r.example()})
	case errors.Is(err, errRowTooLong):
		return refuseHeader(r.tooLong(1))
	case isBad:
		return refuseHeader(syntax(bad))
	case err != nil:
		return err
	}
	r.ends(names)
	var problems []Problem
	for i, name := range names {
		line, at := r.csv.FieldPos(i)
		c, message := r.name(names, i)
		r.columns, r.names = append(r.columns, c), append(r.names, name)
		if message != "" {
			problems = append(problems, Problem{Line: line, Column: at, Message: message})
		}
	}
	problems = append(problems, r.missing(len(problems) > 0 && len(names) == 1)...)
	if len(problems) > 0 {
		return refuseHeader(problems...)
	}
	return nil
}

func refuseHeader(problems ...Problem) error {
	byPlace(problems)
	return &HeaderError{problems}
}

// name finds the column that is meant, and says what is wrong with its name.
func (r *Reader) name(names []string, i int) (c *column, message string) {
	name := names[i]
	if c = r.kind.column(name); c != nil {
		for j, before := range r.columns {
			if before == c && names[j] == name {
				return nil, fmt.Sprintf("the column %s is there twice, also as number %d: keep one", name, j+1)
			}
			if before == c {
				return nil, fmt.Sprintf("the column %s means the same as %s, number %d: keep one", name, names[j], j+1)
			}
		}
		return c, ""
	}
	switch {
	case !utf8.ValidString(name):
		return nil, "the file is not UTF-8: save it as CSV in UTF-8"
	case len(names) == 1 && strings.ContainsAny(name, ";\t|"):
		return nil, "columns must have commas between them, as of RFC 4180"
	case name == "":
		return nil, "the column has no name: remove it, or name it one of " + r.known()
	}
	if near := suggest.Nearest(strings.ToLower(name), r.kind.names()); near != "" {
		return nil, fmt.Sprintf("unknown column %s: did you mean %s?", shown(name), near)
	}
	return nil, fmt.Sprintf("unknown column %s: there are %s", shown(name), r.known())
}

// missing says which columns are not there and must be. Nothing is missing from what is no list of columns.
func (r *Reader) missing(noList bool) (all []Problem) {
	if noList {
		return nil
	}
	for i := range r.kind.columns {
		c := &r.kind.columns[i]
		if c.instead == "" && !c.when || r.fill.of(c) != "" || r.has(c) {
			continue
		}
		message := fmt.Sprintf("the column %s is missing", c.name)
		if c.also != "" {
			message = fmt.Sprintf("the column %s (or %s) is missing", c.name, c.also)
		}
		all = append(all, Problem{Line: 1, Column: 1, Message: message + advice(c)})
	}
	return all
}

// advice says how else a column may be filled.
func advice(c *column) string {
	if c.when {
		return ": add it, or say " + c.flag() + " for all rows; without either, the same row would be another event each time"
	}
	if c.flag() != "" {
		return ": add it, or say " + c.flag() + " for all rows"
	}
	return ""
}

func (r *Reader) has(c *column) bool {
	for _, there := range r.columns {
		if there == c {
			return true
		}
	}
	return false
}

func (r *Reader) known() string { return strings.Join(r.kind.names(), ", ") }

// example is a header that has what must be there.
func (r *Reader) example() string {
	var names []string
	for _, c := range r.kind.columns {
		if c.instead != "" || c.when {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, ",")
}
