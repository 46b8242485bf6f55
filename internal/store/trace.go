package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// Tracing. Terms may look for others who signed up from the same address, or on the same device. The indexes that find
// them cost every sign-up, so they have only those who are traced: nobody, as long as no terms look. Before the first
// terms that do can judge anybody, everybody is.

// tracePage is how many users are traced in one transaction: so many that a million do not take long, and so few that
// whoever waits for one of them does not either.
const tracePage = 10_000

// trace has everybody traced: whoever signs up from now on by the worker that records them, and those who are there
// already here, page by page, while the workers go on. When it is stopped midway, the next call begins at the first page.
// Once terms are in force that look, nobody is left.
func (s *Database) trace(ctx context.Context) error {
	book, err := s.book(ctx, db.New(s.pool))
	switch {
	case err == nil && book.any(surroundings):
		return nil
	case err != nil && !errors.Is(err, ErrNoProgram):
		return err
	}
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.LockTermsExclusive(ctx); err != nil { // waits for those who do not trace yet
			return err
		}
		return q.BeginTracing(ctx)
	})
	for last := int64(0); err == nil; {
		if last, err = s.tracePage(ctx, last); last == 0 {
			break
		}
	}
	return err
}

// tracePage traces the users after one, and returns the last of them; 0 when there was none.
func (s *Database) tracePage(ctx context.Context, after int64) (last int64, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.LockTermsShared(ctx); err != nil { // an erasure locks users in an order of its own
			return err
		}
		last, err = q.TraceUsers(ctx, db.TraceUsersParams{AfterID: after, Most: tracePage})
		return err
	})
	return last, err
}
