package fact

import "strings"

// maxNesting is how deep encoding/json goes, and so the schema of a CloudEvent. One that goes on takes the stack with it.
const maxNesting = 10_000

// reader goes over a JSON text once. Its methods are told where something begins and say where it ends, and whether it is
// what it should be.
type reader struct {
	text    string
	escapes int // so far
	members []member
}

// value reads a value inside of so many arrays and objects, and keeps the members of an object if it is to.
func (r *reader) value(i, depth int, keep bool) (end int, ok bool) {
	if i == len(r.text) {
		return i, false
	}
	switch c := r.text[i]; {
	case (c == '{' || c == '[') && depth == maxNesting:
		return i, false
	case c == '{':
		return r.list(i+1, '}', func(i int) (int, bool) { return r.member(i, depth+1, keep) })
	case c == '[':
		return r.list(i+1, ']', func(i int) (int, bool) { return r.value(i, depth+1, false) })
	case c == '"':
		return r.string(i + 1)
	case c == 't':
		return r.word(i, "true")
	case c == 'f':
		return r.word(i, "false")
	case c == 'n':
		return r.word(i, "null")
	default:
		return r.number(i)
	}
}

// list reads what is parted by commas, up to its closing bracket.
func (r *reader) list(i int, closing byte, one func(i int) (end int, ok bool)) (end int, ok bool) {
	i = r.blanks(i)
	if r.is(i, closing) {
		return i + 1, true
	}
	for {
		if i, ok = one(i); !ok {
			return i, false
		}
		i = r.blanks(i)
		if r.is(i, closing) {
			return i + 1, true
		}
		if !r.is(i, ',') {
			return i, false
		}
		i = r.blanks(i + 1)
	}
}

func (r *reader) member(i, depth int, keep bool) (end int, ok bool) {
	if !r.is(i, '"') {
		return i, false
	}
	escapes := r.escapes
	end, ok = r.string(i + 1)
	if !ok {
		return end, false
	}
	m := member{name: span{int32(i), int32(end)}, escaped: r.escapes > escapes}
	if i = r.blanks(end); !r.is(i, ':') {
		return i, false
	}
	i = r.blanks(i + 1)
	if !keep {
		return r.value(i, depth, false)
	}
	at := len(r.members)
	r.members = append(r.members, m)
	end, ok = r.value(i, depth, true)
	r.members[at].value = span{int32(i), int32(end)}
	r.members[at].within = int32(len(r.members) - at - 1)
	return end, ok
}

// string reads what follows the opening quote.
func (r *reader) string(i int) (end int, ok bool) {
	for text := r.text; i < len(text); i++ {
		switch c := text[i]; {
		case c > '\\': // most
		case c == '"':
			return i + 1, true
		case c < ' ':
			return i, false
		case c == '\\':
			r.escapes++
			if i, ok = r.escape(i + 1); !ok {
				return i, false
			}
		}
	}
	return i, false
}

// escape reads what follows a backslash, and says where its last character is.
func (r *reader) escape(i int) (last int, ok bool) {
	if i == len(r.text) {
		return i, false
	}
	if r.text[i] != 'u' {
		return i, strings.IndexByte(`"\/bfnrt`, r.text[i]) >= 0
	}
	for range len("0000") {
		if i++; i == len(r.text) || !isHex(r.text[i]) {
			return i, false
		}
	}
	return i, true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func (r *reader) number(i int) (end int, ok bool) {
	if r.is(i, '-') {
		i++
	}
	if r.is(i, '0') {
		i++
	} else if i, ok = r.digits(i); !ok {
		return i, false
	}
	if r.is(i, '.') {
		if i, ok = r.digits(i + 1); !ok {
			return i, false
		}
	}
	if r.is(i, 'e') || r.is(i, 'E') {
		if i++; r.is(i, '+') || r.is(i, '-') {
			i++
		}
		return r.digits(i)
	}
	return i, true
}

// digits reads one digit or more.
func (r *reader) digits(i int) (end int, ok bool) {
	for end = i; end < len(r.text) && '0' <= r.text[end] && r.text[end] <= '9'; {
		end++
	}
	return end, end > i
}

func (r *reader) word(i int, word string) (end int, ok bool) {
	end = i + len(word)
	return end, end <= len(r.text) && r.text[i:end] == word
}

func (r *reader) blanks(i int) int {
	for i < len(r.text) && (r.text[i] == ' ' || r.text[i] == '\n' || r.text[i] == '\t' || r.text[i] == '\r') {
		i++
	}
	return i
}

func (r *reader) is(i int, c byte) bool { return i < len(r.text) && r.text[i] == c }
