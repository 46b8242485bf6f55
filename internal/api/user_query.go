package api

import (
	"net/http"
	"strconv"
	"strings"
)

// pageQuery is what a list of a user may be asked with: limit and cursor, each once at most.
type pageQuery struct {
	limit  int
	cursor string
}

// userLimit is how many of a page somebody is shown who does not say: what fits on a screen.
const userLimit = 10

func readPageQuery(r *http.Request, most int) (pageQuery, error) {
	p := pageQuery{limit: min(userLimit, most)}
	q, err := readQuery(r.URL.RawQuery, []string{"limit", "cursor"})
	if err != nil {
		return p, err
	}
	if s := q.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > most {
			return p, wrongParameter("limit", "must be a number from 1 to "+strconv.Itoa(most)+".")
		}
		p.limit = n
	}
	p.cursor = q.Get("cursor")
	return p, nil
}

// noQuery refuses every parameter, of what has none.
func noQuery(r *http.Request) error {
	_, err := readQuery(r.URL.RawQuery, nil)
	return err
}

var errCursor = wrongParameter("cursor", "must be the `next` of the page before.")

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
