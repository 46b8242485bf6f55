package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/store"
)

// What a request may bring: a form as large as a program's terms can be, and values of a user's id at most elsewhere.
const (
	maxBody  = 256 << 10
	maxValue = 1024
)

// readQuery holds the address of a page to the parameters it knows, each once: a misspelt filter must not show everything.
func readQuery(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &badRequestError{"The address can not be read."}
	}
	return q, known(q, maxValue, names)
}

// readForm does so for what a form sends.
func readForm(r *http.Request, names ...string) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, &badRequestError{"A form is sent to an address without parameters."}
	}
	if err := r.ParseForm(); err != nil {
		if _, large := err.(*http.MaxBytesError); large { //nolint:errorlint // ParseForm returns it as it is
			return nil, err
		}
		return nil, &badRequestError{"The form can not be read."}
	}
	return r.PostForm, known(r.PostForm, maxBody, names)
}

func known(values url.Values, most int, names []string) error {
	for name, all := range values {
		if !slices.Contains(names, name) || len(all) > 1 {
			return &badRequestError{"There is a field that the page does not know, or one of them twice."}
		}
		if v := all[0]; len(v) > most || !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
			return &badRequestError{"The field " + name + " is too long, or is not text."}
		}
	}
	return nil
}

// numberOf reads a number of something in a path.
func numberOf(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n < 1 {
		return 0, store.ErrNotFound
	}
	return n, nil
}

// numberIn reads an optional number in the parameters: 0 when it is not there.
func numberIn(q url.Values, name string) (int64, error) {
	if q.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 1 {
		return 0, &badRequestError{"The parameter " + name + " must be a number above zero."}
	}
	return n, nil
}

// numberAlone reads a number that is the only parameter a page has: 0 when it is not there.
func numberAlone(r *http.Request, name string) (int64, error) {
	q, err := readQuery(r, name)
	if err != nil {
		return 0, err
	}
	return numberIn(q, name)
}

// printable says whether a text has no control characters.
func printable(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
