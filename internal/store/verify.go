package store

import (
	"context"
	"fmt"

	"github.com/plusone-dev/plusone/db"
)

// Finding is one thing that is not as its facts say.
type Finding struct {
	Check   string // which of the checks found it
	Subject string
	Detail  string
}

// The checks that decide anew what is stored.
const (
	CheckPayments = "payments"     // each payment is what its objects amount to
	CheckVerdicts = "verdicts"     // each status and reason is what all the facts amount to
	CheckRewards  = "undue_reward" // each live reward rests on a purchase that qualifies and stands
	CheckPosted   = "settlement"   // what is posted is what is owed
	CheckLog      = "log"          // the log leads, by legal moves, to the status
)

// Verify decides every payment and every referral anew from everything that is stored, without any of the worker's
// short cuts, and reports what differs. Each page is read in one moment of the database, and no moment lasts for longer:
// a snapshot that is held keeps the database from clearing away what the relay has done with. progress is told how many
// rows have been looked at.
func (s *Database) Verify(ctx context.Context, page int, report func(Finding), progress func(rows int)) error {
	v := &verifier{reader: s, most: int32(page), report: report, progress: progress}
	if err := v.pages(ctx, v.payments); err != nil {
		return err
	}
	return v.pages(ctx, v.referrals)
}

type verifier struct {
	reader   *Database
	most     int32
	report   func(Finding)
	progress func(rows int)
}

// pages goes through a table by number. look looks at the rows after one, and says which was the last and how many.
func (v *verifier) pages(ctx context.Context, look func(ctx context.Context, q *db.Queries, after int64) (last int64, rows int, err error)) error {
	var after int64
	for {
		rows := 0
		err := v.reader.oneMoment(ctx, func(q *db.Queries) (err error) {
			after, rows, err = look(ctx, q, after)
			return err
		})
		if err != nil || rows == 0 {
			return err
		}
		v.progress(rows)
	}
}

// Count is the result of one check that is asked in SQL.
type Count struct {
	Check   string
	Broken  int64
	Example string
}

// Counts asks the checks that SQL can answer.
func (s *Database) Counts(ctx context.Context) ([]Count, error) {
	q := db.New(s.pool)
	var out []Count
	for _, check := range []struct {
		name string
		ask  func() (int64, string, error)
	}{
		{"sign_ups", func() (int64, string, error) { r, err := q.AuditSignUps(ctx); return r.Broken, r.Example, err }},
		{"balances", func() (int64, string, error) { r, err := q.AuditBalances(ctx); return r.Broken, r.Example, err }},
		{"zero_sum", func() (int64, string, error) { r, err := q.AuditZeroSum(ctx); return r.Broken, r.Example, err }},
		{"accounts", func() (int64, string, error) { r, err := q.AuditAccounts(ctx); return r.Broken, r.Example, err }},
		{"append_only", func() (int64, string, error) { r, err := q.AuditAppendOnly(ctx); return r.Broken, r.Example, err }},
		{"cap", func() (int64, string, error) { r, err := q.AuditCaps(ctx); return r.Broken, r.Example, err }},
		{"one_live", func() (int64, string, error) { r, err := q.AuditOneLive(ctx); return r.Broken, r.Example, err }},
		{"references", func() (int64, string, error) { r, err := q.AuditReferences(ctx); return r.Broken, r.Example, err }},
		{"erased", func() (int64, string, error) { r, err := q.AuditErased(ctx); return r.Broken, r.Example, err }},
		{"cards", func() (int64, string, error) { r, err := q.AuditCards(ctx); return r.Broken, r.Example, err }},
		{"outbox", func() (int64, string, error) { r, err := q.AuditOutbox(ctx); return r.Broken, r.Example, err }},
		{"tallies", func() (int64, string, error) { return s.auditTallies(ctx) }},
	} {
		broken, example, err := check.ask()
		if err != nil {
			return nil, fmt.Errorf("store: the check %s: %w", check.name, explainSchema(err))
		}
		out = append(out, Count{check.name, broken, example})
	}
	return out, nil
}
