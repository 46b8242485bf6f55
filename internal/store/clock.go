package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// The mark up to which the ends of windows have been looked at, and how far back each look begins again: a transaction
// that began before the mark was set, and saw its window still open, may have been committed after. None lasts so long.
const (
	windowsMark  = "windows"
	markOverlaps = 15 * time.Minute
)

// Tick looks again at referrals that time alone may have changed: whose window has closed, or whose hold is over.
// It goes through them a page at a time, and is right after any absence. Several may tick at once.
func (s *Store) Tick(ctx context.Context, page int) (Result, error) {
	q := db.New(s.pool)
	now, err := s.now(ctx, q)
	if err != nil {
		return Result{}, err
	}
	var total Result
	if err := s.tickWindows(ctx, q, now, page, &total); err != nil {
		return total, err
	}
	return total, s.tickHolds(ctx, q, now, page, &total)
}

func (s *Store) tickWindows(ctx context.Context, q *db.Queries, now time.Time, page int, total *Result) error {
	after := db.ListDueWindowsParams{Until: now, Most: int32(page)}
	mark, err := q.GetMark(ctx, windowsMark)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err == nil {
		after.AfterEnds = mark.Add(-markOverlaps)
	}
	for {
		due, err := q.ListDueWindows(ctx, after)
		if err != nil {
			return err
		}
		var referees []int64
		for _, d := range due {
			referees = append(referees, d.RefereeID)
			after.AfterEnds, after.AfterID = d.WindowEnds, d.ID
		}
		if err := s.lookAgain(ctx, referees, total); err != nil {
			return err
		}
		if len(due) < page {
			return q.SetMark(ctx, db.SetMarkParams{Name: windowsMark, At: now})
		}
	}
}

func (s *Store) tickHolds(ctx context.Context, q *db.Queries, now time.Time, page int, total *Result) error {
	after := db.ListDueHoldsParams{Until: now, Most: int32(page)}
	for {
		due, err := q.ListDueHolds(ctx, after)
		if err != nil {
			return err
		}
		var referees []int64
		for _, d := range due {
			referees = append(referees, d.RefereeID)
			after.AfterEnds, after.AfterID = d.HoldEnds, d.ID
		}
		if err := s.lookAgain(ctx, referees, total); err != nil {
			return err
		}
		if len(due) < page {
			return nil
		}
	}
}

// lookAgain assesses the referrals of referees with nothing new but the time.
func (s *Store) lookAgain(ctx context.Context, referees []int64, total *Result) error {
	if len(referees) == 0 {
		return nil
	}
	slices.Sort(referees)
	r, err := s.run(ctx, work{referees: slices.Compact(referees), cause: clockCause})
	total.Restarts += r.Restarts
	if err != nil {
		return err // rolled back: nothing of it happened
	}
	total.Transitions = append(total.Transitions, r.Transitions...)
	total.Transfers = append(total.Transfers, r.Transfers...)
	return nil
}
