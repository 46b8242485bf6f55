package imports

import (
	"cmp"
	"fmt"
	"slices"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line    int    `json:"line"`           // from 1
	Column  int    `json:"column"`         // from 1, in bytes
	Name    string `json:"name,omitempty"` // of the column in the file; empty when none is meant
	Message string `json:"message"`        // what is wrong; no cell is repeated in it, which may be somebody's address
}

// In is the form that editors and terminals make a link of: "users.csv:7:12: email: must be …".
func (p Problem) In(file string) string {
	where := fmt.Sprintf("%s:%d:%d: ", file, p.Line, p.Column)
	if p.Name != "" {
		where += p.Name + ": "
	}
	return where + p.Message
}

// HeaderError says all that is wrong with the first line of a file. Nothing else of it can be read.
type HeaderError struct{ Problems []Problem }

func (e *HeaderError) Error() string { return "imports: the header can not be read" }

// byPlace puts problems in the order of the file.
func byPlace(all []Problem) {
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// shown quotes a name of the file, cut short.
func shown(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
