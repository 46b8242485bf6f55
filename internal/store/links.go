package store

import (
	"context"
	"time"

	"github.com/plusone-dev/plusone/db"
)

// Link is what is to be known of a code that somebody follows a link with.
type Link struct {
	Code     string
	Remember time.Duration // how long a browser is to keep it, by the newest terms of its program; 0: not at all
}

// Links reads which of some codes lead to somebody. It asks one question; another one only when a program has new terms.
func (s *Database) Links(ctx context.Context, codes []string) ([]Link, error) {
	q := db.New(s.pool)
	rows, err := q.ListLinked(ctx, codes)
	if err != nil {
		return nil, explainSchema(err)
	}
	links := make([]Link, 0, len(rows))
	for _, r := range rows {
		terms, err := s.termsOf(ctx, q, r.ProgramID, r.Version)
		if err != nil {
			return nil, explainSchema(err)
		}
		links = append(links, Link{Code: r.Code, Remember: terms.Links.Remember})
	}
	return links, nil
}
