package fact

import (
	"iter"
	"math"
	"strings"

	"github.com/tidwall/gjson"
)

// value is a JSON value, read: how it was written and, of an object that stands in no array, its members.
type value struct {
	raw     string
	text    string // of the whole document
	members []member
}

// member says where in the document a member of an object stands. In a list of them, each is followed by those of its own
// value. It has no pointers, so that many of them are no work for the collector.
type member struct {
	name, value span  // the name with its quotes
	within      int32 // how many of those that follow belong to its value
	escaped     bool  // the name is not written as it is
}

type span struct{ from, to int32 }

func (s span) of(text string) string { return text[s.from:s.to] }

// readJSON reads a text in one pass. It says whether it is one JSON document, by the letter of RFC 8259 and no deeper than
// maxNesting; not whether it is UTF-8.
func readJSON(text string) (value, bool) {
	if len(text) > math.MaxInt32 { // where a member stands could not be said
		return value{}, false
	}
	r := reader{text: text, members: make([]member, 0, len(text)/32)} // enough for most events
	from := r.blanks(0)
	end, ok := r.value(from, 0, true)
	if !ok || r.blanks(end) != len(text) {
		return value{}, false
	}
	return value{text[from:end], text, r.members}, true
}

func (v value) isObject() bool { return strings.HasPrefix(v.raw, "{") }

// result is the value as gjson reads it.
func (v value) result() gjson.Result { return gjson.Parse(v.raw) }

// all are the members of the value by name, in their order; what is no object has none.
func (v value) all() iter.Seq2[string, value] {
	return func(yield func(string, value) bool) {
		for i := range v.places() {
			if !yield(v.members[i].called(v.text), v.at(i)) {
				return
			}
		}
	}
}

// places are where in the list the members of the value itself are, without theirs.
func (v value) places() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < len(v.members) && yield(i); i += 1 + int(v.members[i].within) {
		}
	}
}

func (v value) at(i int) value {
	m := &v.members[i]
	return value{m.value.of(v.text), v.text, v.members[i+1 : i+1+int(m.within)]}
}

func (m *member) called(text string) string {
	quoted := m.name.of(text)
	if m.escaped {
		return gjson.Parse(quoted).Str
	}
	return quoted[1 : len(quoted)-1]
}

// member is the first that has the name; one without a text if none has.
func (v value) member(name string) value {
	for i := range v.places() {
		if v.members[i].called(v.text) == name {
			return v.at(i)
		}
	}
	return value{}
}

// get follows names that are joined by dots. Of members of one name it takes the first that leads to the end.
func (v value) get(path string) gjson.Result {
	name, rest, leadsOn := strings.Cut(path, ".")
	if !leadsOn {
		return v.member(name).result()
	}
	for called, m := range v.all() {
		if called != name {
			continue
		}
		if found := m.get(rest); found.Exists() {
			return found
		}
	}
	return gjson.Result{}
}
