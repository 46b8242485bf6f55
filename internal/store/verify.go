package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
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
// short cuts, and reports what differs. It reads a page at a time, in one moment of the database; progress is told how
// many rows have been looked at.
func (s *Reader) Verify(ctx context.Context, page int, report func(Finding), progress func(rows int)) error {
	read := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, read, func(tx pgx.Tx) error {
		q := db.New(tx)
		if err := s.verifyPayments(ctx, q, page, report, progress); err != nil {
			return err
		}
		return s.verifyReferrals(ctx, q, page, report, progress)
	})
}

func (s *Reader) verifyPayments(ctx context.Context, q *db.Queries, page int, report func(Finding), progress func(int)) error {
	after := db.ListPaymentsAfterParams{Most: int32(page)}
	for {
		rows, err := q.ListPaymentsAfter(ctx, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := s.verifyPaymentPage(ctx, q, rows, report); err != nil {
			return err
		}
		after.AfterID = rows[len(rows)-1].ID
		progress(len(rows))
	}
}

func (s *Reader) verifyPaymentPage(ctx context.Context, q *db.Queries, rows []db.Payment, report func(Finding)) error {
	t := &txn{q: q, ctx: ctx, names: newNames()} // only to read evidence with
	root := make(map[int64]int64)
	for _, r := range rows {
		root[r.ID] = r.ID
	}
	objects, ties, err := t.witnesses(root)
	if err != nil {
		return err
	}
	for _, r := range rows {
		derived := payment.Derive(objects[r.ID], func(key string) string { return ties[key] })
		if !t.same(r, derived) {
			report(Finding{CheckPayments, fmt.Sprintf("payment %d (%s)", r.ID, r.Key), fmt.Sprintf("stored as %s, but its objects amount to %+v", storedPayment(r), derived)})
		}
	}
	return nil
}

// witnesses reads all objects of payments, by root, and the users that their customers are.
func (t *txn) witnesses(root map[int64]int64) (map[int64][]payment.Object, map[string]string, error) {
	chained, err := t.q.ListMerged(t.ctx, keysOf(root))
	if err != nil {
		return nil, nil, err
	}
	for _, c := range chained {
		root[c.ID] = deref(c.MergedInto)
	}
	rows, err := t.q.ListObjects(t.ctx, keysOf(root))
	if err != nil {
		return nil, nil, err
	}
	objects := make(map[int64][]payment.Object)
	for _, r := range rows {
		id := root[r.PaymentID]
		objects[id] = append(objects[id], payment.Object{Key: r.Key, Evidence: t.evidenceOf(r)})
	}
	customers, err := t.q.GetCustomers(t.ctx, valuesOf(t.names.customer))
	ties := make(map[string]string)
	for _, c := range customers {
		ties[c.Key] = deref(c.ExternalID)
		if c.UserID != nil {
			t.names.addUser(*c.UserID, ties[c.Key])
		}
	}
	return objects, ties, err
}

func (s *Reader) verifyReferrals(ctx context.Context, q *db.Queries, page int, report func(Finding), progress func(int)) error {
	now, err := s.now(ctx, q)
	if err != nil {
		return err
	}
	after := db.ListReferralsAfterParams{Most: int32(page)}
	for {
		rows, err := q.ListReferralsAfter(ctx, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		items := make([]*item, 0, len(rows))
		for _, r := range rows {
			items = append(items, &item{Referral: r, code: r.CodeID})
		}
		if err := s.verifyReferralPage(ctx, q, items, now, report); err != nil {
			return err
		}
		after.AfterID = rows[len(rows)-1].ID
		progress(len(rows))
	}
}

func (s *Reader) verifyReferralPage(ctx context.Context, q *db.Queries, items []*item, now time.Time, report func(Finding)) error {
	if err := s.readHistories(ctx, q, items); err != nil {
		return err
	}
	if err := loadAllPurchases(ctx, q, items); err != nil {
		return err
	}
	if err := readPosted(ctx, q, items); err != nil {
		return err
	}
	for _, it := range items {
		verifyVerdict(it, now, report)
		verifyPosted(it, report)
	}
	return verifyLogs(ctx, q, items, report)
}

// loadAllPurchases reads every purchase of the referees.
func loadAllPurchases(ctx context.Context, q *db.Queries, items []*item) error {
	of := make(map[int64][]*item)
	for _, it := range items {
		of[it.RefereeID] = append(of[it.RefereeID], it)
		it.purchases = make(map[string]int64)
	}
	rows, err := q.ListPurchasesOf(ctx, keysOf(of))
	for _, r := range rows {
		for _, it := range of[r.UserID] {
			it.purchases[r.Key] = r.ID
			it.history.Purchases = append(it.history.Purchases, referral.Purchase{
				Key: r.Key, Amount: money.New(money.Currency(r.Currency), r.Gross), Refunded: r.Refunded, PaidAt: r.PaidAt.UTC(),
			})
		}
	}
	return err
}

// verifyVerdict assesses a referral anew. What only time has changed since its last transition is not wrong yet: the
// clock is on its way.
func verifyVerdict(it *item, now time.Time, report func(Finding)) {
	stands := func(v referral.Verdict) bool {
		return !v.WantsSlot && it.Status == string(v.Status) && deref(it.Reason) == string(v.Reason)
	}
	it.verdict = referral.Assess(it.version.terms, it.history, it.ChangedAt.UTC())
	if today := referral.Assess(it.version.terms, it.history, now); stands(today) {
		it.verdict = today
	}
	if !stands(it.verdict) {
		report(Finding{CheckVerdicts, it.subject(), fmt.Sprintf("stored as %s %s, but its facts amount to %s %s",
			it.Status, deref(it.Reason), it.verdict.Status, it.verdict.Reason)})
	}
}

// verifyPosted holds what is posted against what is owed, and live rewards against what they rest on.
func verifyPosted(it *item, report func(Finding)) {
	diff, err := ledger.Settle(it.version.rewards, shares(it.verdict, it.ReferrerID, it.RefereeID), it.posted)
	if err != nil || len(diff) > 0 {
		report(Finding{CheckPosted, it.subject(), fmt.Sprintf("still to post: %+v %v", diff, err)})
	}
	if int(it.Transfers) != len(it.posted) {
		report(Finding{CheckPosted, it.subject(), fmt.Sprintf("counts %d transfers, has %d", it.Transfers, len(it.posted))})
	}
	live, err := ledger.Live(it.posted)
	if err != nil {
		report(Finding{CheckPosted, it.subject(), err.Error()})
	}
	if len(live) == 0 {
		return
	}
	if p := it.verdict.Purchase; p == nil || p.Net().IsZero() || it.ReferrerID == it.RefereeID || it.history.SamePerson {
		report(Finding{CheckRewards, it.subject(), fmt.Sprintf("%d live rewards rest on no purchase that qualifies", len(live))})
	}
}

// verifyLogs replays the logs: each begins with nothing, goes on by legal moves, and ends where the referral stands.
func verifyLogs(ctx context.Context, q *db.Queries, items []*item, report func(Finding)) error {
	byID := make(map[int64]*item, len(items))
	for _, it := range items {
		byID[it.ID] = it
	}
	rows, err := q.ListTransitions(ctx, keysOf(byID))
	if err != nil {
		return err
	}
	logs := make(map[int64][]db.Transition)
	for _, r := range rows {
		logs[r.ReferralID] = append(logs[r.ReferralID], r)
	}
	for _, it := range items {
		if why := replay(it, logs[it.ID]); why != "" {
			report(Finding{CheckLog, it.subject(), why})
		}
	}
	return nil
}

func replay(it *item, log []db.Transition) string {
	var status referral.Status
	var reason referral.Reason
	var at time.Time
	for i, r := range log {
		m := readTransition(r).Move
		switch {
		case int(r.N) != i+1:
			return fmt.Sprintf("transition %d is missing", i+1)
		case m.From != status:
			return fmt.Sprintf("transition %d is from %q, but the one before led to %q", r.N, m.From, status)
		case !m.Legal():
			return fmt.Sprintf("transition %d, from %q to %q (%s), is not legal", r.N, m.From, m.To, m.Reason)
		case reason.Final():
			return fmt.Sprintf("transition %d leads out of %s, which nothing does", r.N, reason)
		case r.At.Before(at):
			return fmt.Sprintf("transition %d is earlier than the one before", r.N)
		}
		status, reason, at = m.To, m.Reason, r.At
	}
	if string(status) != it.Status || string(reason) != deref(it.Reason) || len(log) != int(it.Transitions) {
		return fmt.Sprintf("%d transitions lead to %s %s, stored is %s %s after %d", len(log), status, reason, it.Status, deref(it.Reason), it.Transitions)
	}
	return ""
}

func (it *item) subject() string { return fmt.Sprintf("referral %d", it.ID) }

// Count is the result of one check that is asked in SQL.
type Count struct {
	Check   string
	Broken  int64
	Example string
}

// Counts asks the checks that SQL can answer.
func (s *Reader) Counts(ctx context.Context) ([]Count, error) {
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
		{"outbox", func() (int64, string, error) { r, err := q.AuditOutbox(ctx); return r.Broken, r.Example, err }},
	} {
		broken, example, err := check.ask()
		if err != nil {
			return nil, fmt.Errorf("store: the check %s: %w", check.name, err)
		}
		out = append(out, Count{check.name, broken, example})
	}
	return out, nil
}

func storedPayment(r db.Payment) string {
	return fmt.Sprintf("{user %d named %t customer %d gross %d %s at %s refunded %d}", deref(r.UserID), r.Named, deref(r.CustomerID),
		deref(r.Gross), deref(r.Currency), derefTime(r.PaidAt), r.Refunded)
}
