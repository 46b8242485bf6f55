package imports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/fact"
)

// source is who says what an import says. With it, the id of an event is the event's.
const source = "/plusone/import"

// compose writes an event under an id that what it says decides.
func compose(typ, at string, data map[string]any) ([]byte, error) {
	e := fact.NewCloudEvent(source, "", typ, at, data) // whose members, and those of its data, always stand in the same order
	unnamed, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(unnamed)
	e.ID = hex.EncodeToString(digest[:])
	return json.Marshal(e)
}

// draft is a row on its way to become an event.
type draft struct {
	reader   *Reader
	at       string
	data     map[string]any
	problems []Problem
	refused  map[*column]bool // once each: what was put right is not wrong again
	line     int
}

func newDraft(r *Reader) *draft {
	return &draft{reader: r, data: make(map[string]any, len(r.kind.columns)), refused: map[*column]bool{}}
}

// event makes an event of a row, and reads it as the worker will. What that finds wrong is noted and put right, and it is
// read again: so all that is wrong with a row is said at once.
func (r *Reader) event(cells []string) (Row, []Problem) {
	d := newDraft(r)
	d.line, _ = r.csv.FieldPos(0)
	for i := range r.kind.columns {
		d.fillIn(&r.kind.columns[i])
	}
	for i, c := range r.columns {
		d.take(c, cells[i])
	}
	d.requireWhen()
	row := d.read()
	byPlace(d.problems)
	return row, d.problems
}

// read has the event read until nothing is wrong with it any more, and gives the row that it then is.
func (d *draft) read() Row {
	for {
		text, err := compose(d.reader.kind.Type, d.at, d.data)
		var e fact.Event
		if err == nil {
			e, err = fact.ParseCloudEvent(text)
		}
		if err == nil && e.CheckDate(d.reader.now) != nil {
			d.refuse(d.reader.kind.when(), "lies in the future: only what has happened can be imported")
			return Row{}
		}
		if err == nil {
			return Row{Line: d.line, Type: e.Type, Key: e.Key, Data: text}
		}
		if !d.mend(err) {
			return Row{}
		}
	}
}

// mend notes what is wrong with an event, and puts it right; false when it is not about one column.
func (d *draft) mend(err error) bool {
	why := err.Error()
	if bad, ok := errors.AsType[*fact.MalformedError](err); ok {
		why = bad.Why
	}
	name, message, _ := strings.Cut(strings.TrimPrefix(why, "data."), " ")
	if name == "time" { // it is what the row says
		name = d.reader.kind.when().name
	}
	c := d.reader.kind.column(name)
	if c == nil || d.refused[c] {
		d.problems = append(d.problems, Problem{Line: d.line, Column: 1, Message: why})
		return false
	}
	switch {
	case message == isMissing && c.flag() != "":
		message += fillItIn(c)
	case c.when:
		message += ", such as 2026-01-31T09:30:00Z"
	}
	d.refuse(c, message)
	return true
}

// refuse notes what is wrong with a column, and puts something there that is not.
func (d *draft) refuse(c *column, message string) {
	r := d.reader
	p := Problem{Line: d.line, Column: 1, Name: c.name, Message: message}
	for i, there := range r.columns {
		if there == c {
			p.Line, p.Column = r.csv.FieldPos(i)
			p.Name = r.names[i]
		}
	}
	d.problems = append(d.problems, p)
	d.refused[c] = true
	delete(d.data, c.name)
	switch {
	case c.when:
		d.at = anyTime
	case c.instead != "":
		d.data[c.name] = c.instead
	}
}

// fillIn puts what rows take that do not say it themselves.
func (d *draft) fillIn(c *column) {
	value := d.reader.fill.of(c)
	switch {
	case c.when:
		d.at = value
	case value != "":
		d.data[c.name] = value
	}
}

// take puts a cell where it belongs. An empty one is as if it were not there.
func (d *draft) take(c *column, cell string) {
	switch {
	case cell == "":
	case !utf8.ValidString(cell): // encoding/json would put U+FFFD in its place, so that two ids could become one
		d.refuse(c, "is not UTF-8: save the file as CSV in UTF-8")
	case strings.Contains(cell, "\x00"):
		d.refuse(c, "must not contain control characters")
	case c.when:
		d.at, d.data[c.name] = cell, cell
	case c.truth:
		d.data[c.name] = truth(cell)
	default:
		d.data[c.name] = cell
	}
}

// truth is what a cell says that holds true or false, as spreadsheets write them; anything else is left for the reader of
// the event to refuse.
func truth(cell string) any {
	switch strings.ToLower(cell) {
	case "true":
		return true
	case "false":
		return false
	}
	return cell
}

// requireWhen refuses a row that does not say when it was.
func (d *draft) requireWhen() {
	if c := d.reader.kind.when(); d.at == "" {
		d.refuse(c, isMissing+fillItIn(c))
	}
}

const isMissing = "is missing" // as package fact says it

func fillItIn(c *column) string {
	return ": fill it in, or say " + c.flag() + " for the rows without it"
}
