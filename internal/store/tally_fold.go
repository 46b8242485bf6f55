package store

import (
	"context"
	"encoding/json"
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
		var r deltaRows
		if err := json.Unmarshal(row.Deltas, &r); err != nil {
			return all, nil, fmt.Errorf("store: tally_queue row %d: %w", row.ID, err)
		}
		all.add(r)
		ids = append(ids, row.ID)
	}
	return all, ids, nil
}

func (r *deltaRows) add(o deltaRows) {
	r.Daily.ProgramID, r.Daily.Name = append(r.Daily.ProgramID, o.Daily.ProgramID...), append(r.Daily.Name, o.Daily.Name...)
	r.Daily.Day, r.Daily.Label = append(r.Daily.Day, o.Daily.Day...), append(r.Daily.Label, o.Daily.Label...)
	r.Daily.N = append(r.Daily.N, o.Daily.N...)
	r.Standings.UserID = append(r.Standings.UserID, o.Standings.UserID...)
	r.Standings.ProgramID = append(r.Standings.ProgramID, o.Standings.ProgramID...)
	r.Standings.Visits = append(r.Standings.Visits, o.Standings.Visits...)
	r.Standings.Pending = append(r.Standings.Pending, o.Standings.Pending...)
	r.Standings.Qualified = append(r.Standings.Qualified, o.Standings.Qualified...)
	r.Standings.Rewarded = append(r.Standings.Rewarded, o.Standings.Rewarded...)
	r.Standings.Cancelled = append(r.Standings.Cancelled, o.Standings.Cancelled...)
	r.Earnings.UserID = append(r.Earnings.UserID, o.Earnings.UserID...)
	r.Earnings.ProgramID = append(r.Earnings.ProgramID, o.Earnings.ProgramID...)
	r.Earnings.Currency = append(r.Earnings.Currency, o.Earnings.Currency...)
	r.Earnings.Minor = append(r.Earnings.Minor, o.Earnings.Minor...)
}

func addTallies(ctx context.Context, q *db.Queries, r deltaRows) error {
	if len(r.Daily.N) > 0 {
		if err := q.AddToDaily(ctx, db.AddToDailyParams(r.Daily)); err != nil {
			return err
		}
	}
	if len(r.Standings.UserID) > 0 {
		if err := q.AddToStandings(ctx, db.AddToStandingsParams(r.Standings)); err != nil {
			return err
		}
	}
	if len(r.Earnings.UserID) > 0 {
		return q.AddToEarnings(ctx, db.AddToEarningsParams(r.Earnings))
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
