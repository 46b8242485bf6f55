package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/problem"
)

// maxBody is how many bytes the body of a decision may have: a reason of 1000 characters, each escaped, and the rest.
const maxBody = 16 << 10

// tooLargeError says that a body is larger than maxBody.
type tooLargeError struct{}

func (*tooLargeError) Error() string { return "api: the body is too large" }

// tooLarge answers for a body that has more bytes than it may.
func tooLarge(w http.ResponseWriter, most int) {
	problem.Write(w, problem.Problem{
		Status: http.StatusRequestEntityTooLarge, Reason: "body-too-large", Title: "The body is too large",
		Detail: "The body has at most " + strconv.Itoa(most) + " bytes.",
	})
}

// readBody reads an object of texts, all of whose members are known: a misspelt one must not be passed over. Blanks around
// a text but an id do not count, and null is as good as absent. What a decoder would pass over in silence is refused, as it is in
// events: a member twice, and half a surrogate pair, for which U+FFFD would stand.
func readBody(w http.ResponseWriter, r *http.Request, typ string, known ...string) (map[string]string, error) {
	wanted := " The body must be a JSON object in UTF-8 whose members are texts: " + strings.Join(known, ", ") + "."
	members, err := readMembers(w, r, typ, wanted, known...)
	if err != nil {
		return nil, err
	}
	body := make(map[string]string, len(members))
	for name, raw := range members {
		var value string
		if json.Unmarshal(raw, &value) != nil {
			return nil, wrongMember(name, "must be a text."+wanted)
		}
		if body[name] = value; name != "user_id" { // which is compared as it is
			body[name] = strings.TrimSpace(value)
		}
	}
	return body, nil
}

// readMembers reads an object and its members as they are, null left out. The sentence wanted says what they must be.
func readMembers(w http.ResponseWriter, r *http.Request, typ, wanted string, known ...string) (map[string]json.RawMessage, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &tooLargeError{}
	}
	if err != nil {
		return nil, &badRequestError{detail: "The body could not be read to its end."}
	}
	var all map[string]json.RawMessage
	if !utf8.Valid(text) || json.Unmarshal(text, &all) != nil || all == nil {
		return nil, &badRequestError{detail: strings.TrimSpace(wanted)}
	}
	if bad, ok := errors.AsType[*fact.MalformedError](fact.CheckText(asData(typ, text))); ok {
		return nil, &badRequestError{detail: sentence(strings.Replace(bad.Why, "data has", "the body has", 1))}
	}
	if name := twice(text); name != "" {
		return nil, &badRequestError{detail: "the body has the member " + name + " twice.", member: name}
	}
	for name, raw := range all {
		if !slices.Contains(known, name) {
			if !plain.MatchString(name) {
				return nil, &badRequestError{detail: "A member of the body is not known." + wanted}
			}
			return nil, wrongMember(name, "is not a member that is known here."+wanted)
		}
		if string(raw) == "null" {
			delete(all, name)
		}
	}
	return all, nil
}

// twice is a member that an object has more than once, of those whose name can be repeated; empty for none.
func twice(object []byte) string {
	seen := make(map[string]bool)
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the brace: it is an object, as was seen
	for d.More() {
		name, _ := d.Token()
		key, _ := name.(string)
		if seen[key] && plain.MatchString(key) {
			return key
		}
		seen[key] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return ""
		}
	}
	return ""
}

// asData is a body in the place that it will have in an event.
func asData(typ string, body []byte) []byte {
	return slices.Concat([]byte(`{"type":"`+typ+`","data":`), bytes.TrimSpace(body), []byte(`}`))
}
