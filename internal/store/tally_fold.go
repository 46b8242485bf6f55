package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// FoldTallies adds the oldest rows of the queue, at most so many, to the tallies, and removes them, in one transaction. It
// returns how many there were: 0 also when somebody else is at it.
func (s *Store) FoldTallies(ctx context.Context, rows int) (n int, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if mine, err := q.TryLockTallies(ctx); err != nil || !mine {
			return err
		}
		waiting, err := q.ListTallies(ctx, int32(rows))
		if err != nil || len(waiting) == 0 {
			return err
		}
		sum, ids, err := readTallies(waiting)
		if err != nil {
			return err
		}
		var writes pipeline
		if err := addTallies(ctx, writes.queries(), sum); err != nil {
			return err
		}
		if err := writes.queries().DeleteTallies(ctx, ids); err != nil {
			return err
		}
		n = len(ids)
		return writes.send(ctx, tx)
	})
	if err != nil {
		return 0, explainSchema(err)
	}
	return n, nil
}

// readTallies puts the rows of the queue one behind the other.
func readTallies(waiting []db.ListTalliesRow) (all deltaRows, ids []int64, err error) {
	for _, row := range waiting {
		if err := all.read(row.Deltas); err != nil {
			return all, nil, fmt.Errorf("store: tally_queue row %d: %w", row.ID, err)
		}
		ids = append(ids, row.ID)
	}
	return all, ids, nil
}

func addTallies(ctx context.Context, q *db.Queries, r deltaRows) error {
	if len(r.Daily.N) > 0 {
		if err := q.AddToDaily(ctx, r.Daily.AddToDailyParams); err != nil {
			return err
		}
	}
	if len(r.Standings.UserID) > 0 {
		if err := q.AddToStandings(ctx, r.Standings.AddToStandingsParams); err != nil {
			return err
		}
	}
	if len(r.Earnings.UserID) > 0 {
		return q.AddToEarnings(ctx, r.Earnings.AddToEarningsParams)
	}
	return nil
}

// TallyLag says how many rows wait to be folded, and how long the oldest has waited.
func (s *Database) TallyLag(ctx context.Context) (rows int64, age time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	lag, err := db.New(s.pool).GetTallyLag(ctx)
	return lag.Waiting, time.Duration(lag.Seconds * float64(time.Second)), err
}
