package store

import (
	"cmp"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/money"
)

// save writes the verdicts, the log, the ledger and what the world is to be told, along with the commit. Balances come
// last: their rows are the ones that other transactions wait for.
func (t *txn) save() error {
	fresh, old := t.changedItems()
	for _, step := range []func() error{
		func() error { return t.saveReferrals(fresh, old) },
		t.saveCodes,
		func() error { return t.saveTransitions(append(fresh, old...)) },
		func() error { return t.saveTransfers(append(fresh, old...)) },
		t.saveCredits,
		t.saveBehind,
		t.saveTallies,
		t.saveOutbox,
		t.saveBalances,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// numberReferrals gives numbers to new referrals.
func (t *txn) numberReferrals(q *db.Queries, fresh []*item) error {
	ids, err := q.AllocateReferrals(t.ctx, int32(len(fresh)))
	for i, id := range ids {
		fresh[i].ID = id
	}
	return err
}

func (t *txn) saveReferrals(fresh, old []*item) error {
	q := t.later.queries()
	if len(fresh) > 0 {
		var rows db.InsertReferralsParams
		for _, it := range fresh {
			rows.ProgramID = append(rows.ProgramID, it.ProgramID)
			rows.CodeID = append(rows.CodeID, it.CodeID)
			rows.ReferrerID = append(rows.ReferrerID, it.ReferrerID)
			rows.RefereeID = append(rows.RefereeID, it.RefereeID)
		}
		v := verdictRows(fresh)
		rows.ID, rows.RegisteredAt, rows.WindowEnds, rows.HoldEnds = v.ID, v.RegisteredAt, v.WindowEnds, v.HoldEnds
		rows.Status, rows.Reason, rows.Slot, rows.PaymentID = v.Status, v.Reason, v.Slot, v.PaymentID
		rows.Transitions, rows.Transfers, rows.ChangedAt = v.Transitions, v.Transfers, v.ChangedAt
		rows.Decision, rows.DecidedAt, rows.Reviewing = v.Decision, v.DecidedAt, v.Reviewing
		if err := q.InsertReferrals(t.ctx, rows); err != nil {
			return err
		}
	}
	if len(old) > 0 {
		return q.UpdateReferrals(t.ctx, verdictRows(old))
	}
	return nil
}

func verdictRows(items []*item) (rows db.UpdateReferralsParams) {
	for _, it := range items {
		rows.ID = append(rows.ID, it.ID)
		rows.RegisteredAt = append(rows.RegisteredAt, it.RegisteredAt)
		rows.WindowEnds = append(rows.WindowEnds, it.WindowEnds)
		rows.HoldEnds = append(rows.HoldEnds, derefTime(it.HoldEnds))
		rows.Status = append(rows.Status, it.Status)
		rows.Reason = append(rows.Reason, deref(it.Reason))
		rows.Slot = append(rows.Slot, it.Slot)
		rows.PaymentID = append(rows.PaymentID, deref(it.PaymentID))
		rows.Transitions = append(rows.Transitions, it.Transitions)
		rows.Transfers = append(rows.Transfers, it.Transfers)
		rows.ChangedAt = append(rows.ChangedAt, it.ChangedAt)
		rows.Decision = append(rows.Decision, deref(it.Decision))
		rows.DecidedAt = append(rows.DecidedAt, derefTime(it.DecidedAt))
		rows.Reviewing = append(rows.Reviewing, it.Reviewing)
	}
	return rows
}

func (t *txn) saveCodes() error {
	var ids []int64
	var granted, most []int32
	for _, id := range slices.Sorted(maps.Keys(t.codes)) {
		if c := t.codes[id]; c.limits.Granted != c.saved || c.limits.MaxUses != c.savedMax {
			ids = append(ids, id)
			granted = append(granted, int32(c.limits.Granted))
			most = append(most, int32(c.limits.MaxUses))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return t.later.queries().SaveGranted(t.ctx, db.SaveGrantedParams{Ids: ids, Granted: granted, MaxUses: most})
}

func (t *txn) saveTransitions(items []*item) error {
	var rows db.InsertTransitionsParams
	for _, it := range items {
		n := int(it.Transitions) - len(it.moves)
		for i, m := range it.moves {
			made := Transition{ReferralID: it.ID, Move: m, Cause: it.cause, At: it.ChangedAt}
			t.result.Transitions = append(t.result.Transitions, made)
			rows.ReferralID = append(rows.ReferralID, it.ID)
			rows.N = append(rows.N, int32(n+i+1))
			rows.FromStatus = append(rows.FromStatus, string(m.From))
			rows.ToStatus = append(rows.ToStatus, string(m.To))
			rows.Reason = append(rows.Reason, string(m.Reason))
			rows.At = append(rows.At, it.ChangedAt)
			rows.Cause = append(rows.Cause, it.cause)
		}
	}
	if len(rows.N) == 0 {
		return nil
	}
	return t.later.queries().InsertTransitions(t.ctx, rows)
}

func (t *txn) saveTransfers(items []*item) error {
	var rows db.InsertTransfersParams
	for _, it := range items {
		for _, p := range it.post {
			t.result.Transfers = append(t.result.Transfers, Transfer{it.ID, p})
			rows.ReferralID = append(rows.ReferralID, it.ID)
			rows.N = append(rows.N, int32(p.N))
			rows.Kind = append(rows.Kind, string(p.Kind))
			rows.Leg = append(rows.Leg, p.Leg)
			rows.Debit = append(rows.Debit, int64(p.Debit))
			rows.Credit = append(rows.Credit, int64(p.Credit))
			rows.Currency = append(rows.Currency, string(p.Amount.Currency))
			rows.Minor = append(rows.Minor, p.Amount.Minor)
			rows.At = append(rows.At, t.at(it))
			rows.Cause = append(rows.Cause, it.cause)
		}
	}
	if len(rows.N) == 0 {
		return nil
	}
	return t.later.queries().InsertTransfers(t.ctx, rows)
}

// saveBalances adds up what the transfers change, one row an account and currency, in the order of locks.
func (t *txn) saveBalances() error {
	type key struct {
		user     ledger.Account
		currency money.Currency
	}
	sums := make(map[key]int64)
	for _, p := range t.posted() {
		minor := p.Amount.Minor
		if p.User() == p.Debit {
			minor = -minor
		}
		k := key{p.User(), p.Amount.Currency}
		sum, err := money.AddMinor(sums[k], minor)
		if err != nil {
			return err
		}
		sums[k] = sum
	}
	var rows db.AddToBalancesParams
	for _, k := range slices.SortedFunc(maps.Keys(sums), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(a.currency, b.currency))
	}) {
		rows.UserID = append(rows.UserID, int64(k.user))
		rows.Currency = append(rows.Currency, string(k.currency))
		rows.Minor = append(rows.Minor, sums[k])
	}
	if len(rows.UserID) == 0 {
		return nil
	}
	return t.later.queries().AddToBalances(t.ctx, rows)
}

// posted are all transfers of the transaction.
func (t *txn) posted() (all []ledger.Transfer) {
	for _, p := range t.result.Transfers {
		all = append(all, p.Transfer)
	}
	for _, p := range t.result.Credits {
		all = append(all, p.Transfer)
	}
	return all
}

// saveOutbox writes what is to be told to the world: one event for each transition and each transfer of a reward.
func (t *txn) saveOutbox() error {
	if len(t.result.Transitions)+len(t.result.Transfers) == 0 {
		return nil
	}
	body, count := t.outbound()
	return t.later.queries().InsertOutbox(t.ctx, db.InsertOutboxParams{Count: int32(count), Events: body})
}

// clockCause is the cause of what time alone brings about.
const clockCause = "clock"
