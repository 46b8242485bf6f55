package store

import (
	"context"
	"errors"
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

// Tick looks again at referrals that time alone may have changed: whose window has closed, or whose hold is over. Then it
// credits purchases to those who signed up after them, as far as it comes in a few seconds. It goes through them a page at a time, and is right after any absence. Several may tick at once. A referral that can
// not be decided holds nobody else up: the error names what went wrong, and it is looked at again at the next tick.
func (s *Store) Tick(ctx context.Context, page int) (Result, error) {
	q := db.New(s.pool)
	asking, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	now, err := s.now(asking, q)
	if err != nil {
		return Result{}, err
	}
	t := &tick{store: s, q: q, now: now, page: page}
	err = errors.Join(t.windows(ctx), t.holds(ctx), t.backlog(ctx))
	return t.result, err
}

// tick is one look at all that is due.
type tick struct {
	store  *Store
	q      *db.Queries
	now    time.Time
	page   int
	until  time.Time // when it leaves the backlog of purchases
	result Result
}

// due is a referral to look at, and its place in the order of the pages.
type due struct {
	id, referee int64
	at          time.Time
}

// windows looks at the windows that closed since the mark, and sets the mark when all were decided.
func (t *tick) windows(ctx context.Context) error {
	var from time.Time
	asking, cancel := context.WithTimeout(ctx, t.store.patience)
	defer cancel()
	mark, err := t.q.GetMark(asking, windowsMark)
	switch {
	case err == nil:
		from = mark.Add(-markOverlaps)
	case !errors.Is(err, pgx.ErrNoRows):
		return err
	}
	err = t.pages(ctx, due{at: from}, func(ctx context.Context, after due) (page []due, err error) {
		rows, err := t.q.ListDueWindows(ctx, db.ListDueWindowsParams{
			Until: t.now, AfterEnds: after.at, AfterID: after.id, Most: int32(t.page),
		})
		for _, r := range rows {
			page = append(page, due{r.ID, r.RefereeID, r.WindowEnds})
		}
		return page, err
	})
	if err != nil {
		return err
	}
	asking, cancel = context.WithTimeout(ctx, t.store.patience)
	defer cancel()
	return t.q.SetMark(asking, db.SetMarkParams{Name: windowsMark, At: t.now})
}

// holds looks at the holds that have ended. A hold that was decided is no longer listed, so they need no mark.
func (t *tick) holds(ctx context.Context) error {
	return t.pages(ctx, due{}, func(ctx context.Context, after due) (page []due, err error) {
		rows, err := t.q.ListDueHolds(ctx, db.ListDueHoldsParams{
			Until: t.now, AfterEnds: after.at, AfterID: after.id, Most: int32(t.page),
		})
		for _, r := range rows {
			page = append(page, due{r.ID, r.RefereeID, r.HoldEnds})
		}
		return page, err
	})
}

// pages goes through all that is due, in order.
func (t *tick) pages(ctx context.Context, after due, list func(ctx context.Context, after due) ([]due, error)) error {
	var failed []error
	for {
		asking, cancel := context.WithTimeout(ctx, t.store.patience)
		page, err := list(asking, after)
		cancel()
		if err != nil {
			return err
		}
		var referees []int64
		for _, d := range page {
			referees = append(referees, d.referee)
			after = d
		}
		if err := t.lookAgain(ctx, sortedUnique(referees)); err != nil {
			if Transient(err) {
				return err
			}
			failed = append(failed, err)
		}
		if len(page) < t.page {
			return errors.Join(failed...)
		}
	}
}

// lookAgain assesses the referrals of referees with nothing new but the time. Where that fails by a fault of one of
// them, they are halved until it is alone.
func (t *tick) lookAgain(ctx context.Context, referees []int64) error {
	if len(referees) == 0 {
		return nil
	}
	r, err := t.store.run(ctx, work{referees: referees, cause: clockCause})
	t.result.Restarts += r.Restarts
	if err == nil {
		t.result.Transitions = append(t.result.Transitions, r.Transitions...)
		t.result.Transfers = append(t.result.Transfers, r.Transfers...)
		t.result.Tallied = t.result.Tallied || r.Tallied
		return nil
	}
	if half := len(referees) / 2; half > 0 && !Transient(err) {
		return errors.Join(t.lookAgain(ctx, referees[:half]), t.lookAgain(ctx, referees[half:]))
	}
	return err
}
