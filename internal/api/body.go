package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/fact"
)

// maxBody is how many bytes the body of a decision may have: a reason of 1000 characters, each escaped, and the rest.
const maxBody = 16 << 10

// tooLargeError says that a body is larger than maxBody.
type tooLargeError struct{}

func (*tooLargeError) Error() string { return "api: the body is too large" }

// readBody reads an object of texts, all of whose members are known: a misspelt one must not be passed over. Blanks around
// a text but an id do not count, and null is as good as absent. What a decoder would pass over in silence is refused, as it is in
// events: a member twice, and half a surrogate pair, for which U+FFFD would stand.
func readBody(w http.ResponseWriter, r *http.Request, typ string, known ...string) (map[string]string, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &tooLargeError{}
	}
	if err != nil {
		return nil, &badRequestError{"The body could not be read to its end."}
	}
	wanted := "The body must be a JSON object in UTF-8 whose members are texts: " + strings.Join(known, ", ") + "."
	var members map[string]*string
	if !utf8.Valid(text) || json.Unmarshal(text, &members) != nil || members == nil {
		return nil, &badRequestError{wanted}
	}
	if bad, ok := errors.AsType[*fact.MalformedError](fact.CheckText(asData(typ, text))); ok {
		return nil, &badRequestError{sentence(strings.Replace(bad.Why, "data has", "the body has", 1))}
	}
	body := make(map[string]string, len(members))
	for name, value := range members {
		if !slices.Contains(known, name) {
			return nil, &badRequestError{wanted}
		}
		if value == nil {
			continue
		}
		if body[name] = *value; name != "user_id" { // which is compared as it is
			body[name] = strings.TrimSpace(*value)
		}
	}
	return body, nil
}

// asData is a body in the place that it will have in an event.
func asData(typ string, body []byte) []byte {
	return slices.Concat([]byte(`{"type":"`+typ+`","data":`), bytes.TrimSpace(body), []byte(`}`))
}
