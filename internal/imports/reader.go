package imports

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Row is one row of a file, as the event it becomes.
type Row struct {
	Line int    // where it begins, from 1
	Type string // of the event
	Key  string // of the event: the same row has the same, in every file
	Data []byte // the CloudEvent
}

// Reader reads a file row by row. However long the file is, it holds one row at a time.
type Reader struct {
	kind    Kind
	fill    Fill
	now     time.Time // what happens after it can not be imported
	meter   *meter
	csv     *csv.Reader
	columns []*column // by their place in the file
	names   []string  // as the file calls them
	next    int       // the line after the last row
}

// NewReader reads the header of a file in UTF-8, with or without a byte order mark. Errors: *HeaderError, or that of
// reading.
func NewReader(from io.Reader, kind Kind, fill Fill, now time.Time) (*Reader, error) {
	text := bufio.NewReader(from)
	utf16, err := skipMark(text)
	if err != nil {
		return nil, err
	}
	if utf16 {
		return nil, refuseHeader(Problem{Line: 1, Column: 1, Message: "the file is UTF-16: save it as CSV in UTF-8"})
	}
	m := &meter{from: text}
	r := &Reader{kind: kind, fill: fill, now: now, meter: m, csv: csv.NewReader(m), next: 1}
	r.csv.FieldsPerRecord = -1 // we say it better
	r.csv.ReuseRecord = true
	if err := r.header(); err != nil {
		return nil, err
	}
	return r, nil
}

// Next reads a row, or says what is wrong with it: where there are problems there is no row, and the next may be read all
// the same. Errors: io.EOF after the last row, and that of reading. After problems with io.EOF there is nothing to read any
// more.
func (r *Reader) Next() (Row, []Problem, error) {
	r.meter.left = maxRow
	cells, err := r.csv.Read()
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		r.next = bad.Line + 1
		return Row{}, []Problem{syntax(bad)}, nil
	}
	if errors.Is(err, errRowTooLong) {
		return Row{}, []Problem{r.tooLong(r.next)}, io.EOF
	}
	if err != nil {
		return Row{}, nil, err
	}
	r.ends(cells)
	if p, ok := r.count(cells); !ok {
		return Row{}, []Problem{p}, nil
	}
	row, problems := r.event(cells)
	return row, problems, nil
}

// ends notes where a row that was read ends.
func (r *Reader) ends(cells []string) {
	last := len(cells) - 1
	line, _ := r.csv.FieldPos(last)
	r.next = line + strings.Count(cells[last], "\n") + 1
}

// count holds a row to as many cells as there are columns.
func (r *Reader) count(cells []string) (Problem, bool) {
	if len(cells) == len(r.columns) {
		return Problem{}, true
	}
	line, at := r.csv.FieldPos(min(len(cells)-1, len(r.columns)))
	return Problem{Line: line, Column: at, Message: fmt.Sprintf("the row has %d cells, and the header names %d columns", len(cells), len(r.columns))}, false
}

func (r *Reader) tooLong(line int) Problem {
	return Problem{Line: line, Column: 1, Message: fmt.Sprintf("the row is longer than %d KiB: is a quote not closed? Nothing after it was read", maxRow>>10)}
}

// syntax says in words for whoever made the file what encoding/csv has found.
func syntax(bad *csv.ParseError) Problem {
	message := bad.Err.Error()
	switch {
	case errors.Is(bad.Err, csv.ErrBareQuote):
		message = `a cell with a quote (") in it must stand in quotes, and that quote be doubled`
	case errors.Is(bad.Err, csv.ErrQuote):
		message = `a cell in quotes must end with one, and quotes inside it be doubled`
	}
	if bad.StartLine != bad.Line {
		message += fmt.Sprintf(" (the row begins on line %d)", bad.StartLine)
	}
	return Problem{Line: bad.Line, Column: bad.Column, Message: message}
}
