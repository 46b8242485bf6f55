package store

import (
	"context"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/referral"
)

// NewestTerms are those that sign-ups of today are decided by. Error: ErrNotFound when there is no such program.
func (s *Database) NewestTerms(ctx context.Context, program string) (referral.Terms, error) {
	book, err := s.book(ctx, db.New(s.pool))
	if err != nil {
		return referral.Terms{}, explainSchema(err)
	}
	id := book.named(program)
	if len(book.byProgram[id]) == 0 {
		return referral.Terms{}, ErrNotFound
	}
	return book.newest(id).terms, nil
}
