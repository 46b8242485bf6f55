package fact

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// collect puts the members of an object where slot says, each once. Members without a slot are passed over. The place of
// the object is a JSON Pointer.
func collect(what, place string, object value, slot func(name string) *gjson.Result) error {
	if !object.isObject() {
		return malformed("%s must be a JSON object", what)
	}
	for name, m := range object.all() {
		to := slot(name)
		if to == nil {
			continue
		}
		if to.Exists() {
			twice := malformed("%s has the member %s twice", what, name)
			twice.Pointer = place + "/" + name // no name with a slot needs an escape
			return twice
		}
		*to = m.result()
	}
	return nil
}

// memberReader reads members strictly by type, and keeps the first thing that is wrong. No message repeats a value:
// it may be somebody's e-mail address.
type memberReader struct {
	err error

	sent     time.Time // the event's own time; zero for none
	happened time.Time // when the fact was, once date has read it
}

func (r *memberReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = malformed(format, args...)
	}
}

func (r *memberReader) check(name string, ok bool, want string) {
	if !ok {
		r.fail("%s must be %s", name, want)
	}
}

// required reads a text that must be there and not empty.
func (r *memberReader) required(name string, v gjson.Result) string {
	if !v.Exists() {
		r.fail("%s is missing", name)
		return ""
	}
	if v.Type == gjson.Null {
		r.fail("%s must be a string", name)
		return ""
	}
	return r.filled(name, v)
}

// filled reads a text that may be absent or null, but not empty.
func (r *memberReader) filled(name string, v gjson.Result) string {
	s := r.optional(name, v)
	if s == "" && v.Type != gjson.Null {
		r.fail("%s must not be empty", name)
	}
	return s
}

// optional reads a text; absent and null are the empty one.
func (r *memberReader) optional(name string, v gjson.Result) string {
	switch v.Type {
	case gjson.Null:
		return ""
	case gjson.String:
		return v.Str
	default:
		r.fail("%s must be a string", name)
		return ""
	}
}

// line holds a text to its length, in characters, and to one line of it.
func (r *memberReader) line(name, s string, atMost int) string {
	if utf8.RuneCountInString(s) > atMost {
		r.fail("%s is longer than %d characters", name, atMost)
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		r.fail("%s must not contain control characters", name)
	}
	return s
}

// boolean reads true or false; absent and null are false.
func (r *memberReader) boolean(name string, v gjson.Result) bool {
	r.check(name, v.IsBool() || v.Type == gjson.Null, "true or false")
	return v.Type == gjson.True
}

// time reads an RFC 3339 time; absent and null are the zero one. What PostgreSQL could not keep is cut off here, so
// that a time is the same before and after it was stored.
func (r *memberReader) time(name string, v gjson.Result) time.Time {
	s := r.optional(name, v)
	if v.Type != gjson.String {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || len(s) > 64 || !isStrictTime(s) {
		r.fail("%s must be a time as of RFC 3339", name)
		return time.Time{}
	}
	// The year as written, as a schema can check it; the same instant in UTC may be a day beside.
	if year := s[:len("2006")]; year < "2000" || year > "2199" {
		r.fail("%s must be in the years 2000 to 2199", name)
	}
	return t.UTC().Truncate(time.Microsecond)
}

// date reads when the fact was, from a member of data or, where that is absent, from the event's own time.
func (r *memberReader) date(name string, v gjson.Result) time.Time {
	r.happened = r.time("data."+name, v)
	if r.happened.IsZero() {
		r.happened = r.sent
	}
	if r.happened.IsZero() {
		r.fail("neither data.%s nor time says when it was", name)
	}
	return r.happened
}

// userID reads whom an event is about.
func (r *memberReader) userID(v gjson.Result) string {
	return r.line("data.user_id", r.required("data.user_id", v), 255)
}

// code reads a code that must be one: of the letters codes are made of, in upper case.
func (r *memberReader) code(name string, v gjson.Result) string {
	s := r.required(name, v)
	r.check(name, isCode(s), "3 to 32 of A to Z, 0 to 9, - and _")
	return strings.ToUpper(s)
}

// program reads the name of a program; absent, null and the name of the default one are empty.
func (r *memberReader) program(v gjson.Result) string {
	s := r.optional("data.program", v)
	r.check("data.program", v.Type == gjson.Null || isProgramName(s), "the name of a program: 1 to 40 of a to z, 0 to 9, - and _")
	if s == defaultProgram {
		return ""
	}
	return s
}

// defaultProgram is the name of the program that is meant where none is named.
const defaultProgram = "default"

// isStrictTime refuses what time.Parse takes beyond RFC 3339: an hour of one digit, a comma before the fraction, and
// an offset of 24 hours or of 60 minutes (https://go.dev/issue/54580).
func isStrictTime(s string) bool {
	if s[len("2006-01-02T15")] != ':' || s[len("2006-01-02T15:04:05")] == ',' {
		return false
	}
	if s[len(s)-1] == 'Z' {
		return true
	}
	offset := s[len(s)-len("07:00"):]
	return offset[:len("07")] < "24" && offset[len("07:"):] < "60"
}

// jsonContentType is the pattern of the schema. Only unusual content types come to it.
var jsonContentType = regexp.MustCompile(
	`^[A-Za-z0-9!#$&^_.+-]+/([A-Za-z0-9!#$&^_.+-]*\+)?[Jj][Ss][Oo][Nn] *(;[ -~]*)?$`)

func (r *memberReader) contentType(v gjson.Result) {
	s := r.optional("datacontenttype", v)
	if v.Type != gjson.String || s == "application/json" {
		return
	}
	r.check("datacontenttype", len(s) <= 255 && jsonContentType.MatchString(s), "JSON: application/json or …+json")
}
