package store

import (
	"context"
	"math"

	"github.com/plusone-dev/plusone/db"
)

// auditTallies holds the tallies, and what waits to be folded into them, against what is counted anew at the same moment.
func (s *Database) auditTallies(ctx context.Context) (broken int64, example string, err error) {
	err = s.oneMoment(ctx, func(q *db.Queries) error {
		waiting, err := q.ListTallies(ctx, math.MaxInt32)
		if err != nil {
			return err
		}
		queue, _, err := readTallies(waiting)
		if err != nil {
			return err
		}
		days, standings, earnings := queue.Daily, queue.Standings, queue.Earnings
		r, err := q.AuditTallies(ctx, db.AuditTalliesParams{
			DayProgram: days.ProgramID, DayName: days.Name, Day: days.Day, DayLabel: days.Label, DayN: days.N,
			StandingUser: standings.UserID, StandingProgram: standings.ProgramID, Visits: standings.Visits,
			Pending: standings.Pending, Qualified: standings.Qualified, Rewarded: standings.Rewarded, Cancelled: standings.Cancelled,
			EarningUser: earnings.UserID, EarningProgram: earnings.ProgramID, EarningCurrency: earnings.Currency, EarningMinor: earnings.Minor,
		})
		broken, example = r.Broken, r.Example
		return err
	})
	return broken, example, err
}
