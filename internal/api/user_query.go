package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageQuery is what a list of a user may be asked with: limit and cursor, each once at most.
type pageQuery struct {
	limit  int
	cursor string
}

func readPageQuery(r *http.Request, most int) (pageQuery, error) {
	const known = "limit, cursor"
	p := pageQuery{limit: min(defaultLimit, most)}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return p, &badRequestError{"The query is not of the form name=value&name=value, percent-encoded."}
	}
	for name, values := range q {
		if !slices.Contains(strings.Split(known, ", "), name) || len(values) > 1 {
			return p, &badRequestError{"The parameters are " + known + ", each once at most."}
		}
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return p, &badRequestError{"limit must be a number from 1 to " + strconv.Itoa(most) + "."}
		}
		p.limit = n
	}
	p.cursor = q.Get("cursor")
	return p, nil
}

// noQuery refuses every parameter, of what has none: a token in a URL among them.
func noQuery(r *http.Request) error {
	if r.URL.RawQuery != "" {
		return &badRequestError{"There are no parameters here. A token belongs into the header Authorization."}
	}
	return nil
}

var errCursor = &badRequestError{"cursor must be the `next` of the page before."}

// numbersOf reads a cursor of so many whole numbers from 0, with points between.
func numbersOf(cursor string, count int) ([]int64, error) {
	parts := strings.Split(cursor, ".")
	if len(parts) != count {
		return nil, errCursor
	}
	numbers := make([]int64, count)
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 || strconv.FormatInt(n, 10) != part {
			return nil, errCursor
		}
		numbers[i] = n
	}
	return numbers, nil
}
