package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// offTallies is what the tallies lack, with what waits to be folded into them, of what is counted anew at the same moment.
type offTallies struct {
	lack   deltaRows
	visits []db.ListOffVisitsRow // which can not be counted anew
}

// readOff holds the tallies against what is counted anew.
func readOff(ctx context.Context, q *db.Queries) (off offTallies, err error) {
	waiting, err := q.ListTallies(ctx, math.MaxInt32)
	if err != nil {
		return off, err
	}
	queue, _, err := readTallies(waiting)
	if err != nil {
		return off, err
	}
	days, err := q.ListOffDays(ctx, db.ListOffDaysParams(queue.Daily.AddToDailyParams))
	if err != nil {
		return off, err
	}
	for _, r := range days {
		off.lack.Daily.add(dailyKey{r.ProgramID, r.Day, r.Name, r.Label}, r.N)
	}
	s := queue.Standings
	members, err := q.ListOffStandings(ctx, db.ListOffStandingsParams{
		UserID: s.UserID, ProgramID: s.ProgramID, Pending: s.Pending, Qualified: s.Qualified, Rewarded: s.Rewarded, Cancelled: s.Cancelled,
	})
	if err != nil {
		return off, err
	}
	for _, r := range members {
		off.lack.Standings.add(memberKey{r.UserID, r.ProgramID}, standingDelta{0, r.Pending, r.Qualified, r.Rewarded, r.Cancelled})
	}
	earned, err := q.ListOffEarnings(ctx, db.ListOffEarningsParams(queue.Earnings.AddToEarningsParams))
	if err != nil {
		return off, err
	}
	for _, r := range earned {
		off.lack.Earnings.add(memberKey{r.UserID, r.ProgramID}, r.Currency, r.Minor)
	}
	off.visits, err = q.ListOffVisits(ctx, db.ListOffVisitsParams{
		DayProgram: queue.Daily.ProgramID, Name: queue.Daily.Name, N: queue.Daily.N, ProgramID: s.ProgramID, Visits: s.Visits,
	})
	return off, err
}

// rows is how many tallies are off.
func (o *offTallies) rows() int {
	return len(o.lack.Daily.N) + len(o.lack.Standings.UserID) + len(o.lack.Earnings.UserID) + len(o.visits)
}

// example is one that is off.
func (o *offTallies) example() string {
	days, members, earned := o.lack.Daily, o.lack.Standings, o.lack.Earnings
	switch {
	case len(days.N) > 0:
		return fmt.Sprintf("program %d, %s: %d %s %s are missing", days.ProgramID[0], dateOf(days.Day[0]), days.N[0], days.Name[0], days.Label[0])
	case len(members.UserID) > 0:
		return fmt.Sprintf("user %d, program %d: missing are %d pending, %d qualified, %d rewarded, %d cancelled", members.UserID[0],
			members.ProgramID[0], members.Pending[0], members.Qualified[0], members.Rewarded[0], members.Cancelled[0])
	case len(earned.UserID) > 0:
		return fmt.Sprintf("user %d, program %d: earnings of %d %s are missing", earned.UserID[0], earned.ProgramID[0], earned.Minor[0], earned.Currency[0])
	case len(o.visits) > 0:
		return fmt.Sprintf("program %d: %d visits more by day than by referrer", o.visits[0].ProgramID, o.visits[0].N)
	}
	return ""
}

// auditTallies asks whether the tallies are what everything adds up to.
func (s *Database) auditTallies(ctx context.Context) (broken int64, example string, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		off, err := readOff(ctx, q)
		broken, example = int64(off.rows()), off.example()
		return err
	})
	return broken, example, err
}

// ErrRecounting says that somebody else counts the tallies anew.
var ErrRecounting = errors.New("store: somebody else counts the tallies anew; let them finish")

// RecountTallies counts the tallies anew, and queues what they lack, to be folded like everything else: workers go on
// meanwhile, for the difference is that of one moment. It returns how many were off. Visits can not be counted anew. Error:
// ErrRecounting.
func (s *Database) RecountTallies(ctx context.Context) (off int, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, explainSchema(err)
	}
	defer conn.Release()
	q := db.New(conn)
	switch mine, err := q.TryRecount(ctx); {
	case err != nil:
		return 0, explainSchema(err)
	case !mine:
		return 0, ErrRecounting
	}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		q := db.New(tx)
		found, err := readOff(ctx, q)
		if err != nil || found.lack.none() {
			return err
		}
		off = found.rows() - len(found.visits)
		return q.InsertTallies(ctx, found.lack.write())
	})
	return off, errors.Join(explainSchema(err), q.EndRecount(context.WithoutCancel(ctx)))
}
