package store

import (
	"context"
	"fmt"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/ledger"
	"github.com/plusone-dev/plusone/internal/referral"
)

// clockMayLag is how late the clock may be before what it has not done yet is wrong: as long as a worker may be away.
const clockMayLag = time.Hour

// referrals assesses a page of referrals anew, and holds what is logged and posted against the verdicts.
func (v *verifier) referrals(ctx context.Context, q *db.Queries, after int64) (last int64, rows int, err error) {
	page, err := q.ListReferralsAfter(ctx, db.ListReferralsAfterParams{AfterID: after, Most: v.most})
	if err != nil || len(page) == 0 {
		return after, 0, err
	}
	items := make([]*item, 0, len(page))
	for _, r := range page {
		items = append(items, &item{Referral: r})
	}
	if err := v.reader.readHistories(ctx, q, items); err != nil {
		return after, 0, err
	}
	if err := loadAllPurchases(ctx, q, items); err != nil {
		return after, 0, err
	}
	if err := readPosted(ctx, q, items); err != nil {
		return after, 0, err
	}
	now, err := v.reader.now(ctx, q)
	if err != nil {
		return after, 0, err
	}
	for _, it := range items {
		verifyVerdict(it, now, v.report)
		verifyPosted(it, v.report)
	}
	return page[len(page)-1].ID, len(page), verifyLogs(ctx, q, items, v.report)
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
			it.addPurchase(r.ID, db.GetPurchasesRow{
				Key: r.Key, Currency: r.Currency, Gross: r.Gross, Refunded: r.Refunded, PaidAt: r.PaidAt,
				Disputed: r.Disputed, InquiryAt: r.InquiryAt, WarnedAt: r.WarnedAt,
			})
		}
	}
	return err
}

// verifyVerdict assesses a referral anew. What only time has changed of late is not wrong yet: the clock is on its way.
func verifyVerdict(it *item, now time.Time, report func(Finding)) {
	stands := func(v referral.Verdict) bool {
		return !v.WantsSlot && it.Status == string(v.Status) && deref(it.Reason) == string(v.Reason)
	}
	lately := now.Add(-clockMayLag)
	if it.ChangedAt.After(lately) {
		lately = it.ChangedAt.UTC()
	}
	it.verdict = referral.Judge(it.version.terms, it.history, now)
	if before := referral.Judge(it.version.terms, it.history, lately); !stands(it.verdict) && stands(before) {
		it.verdict = before
	}
	if !stands(it.verdict) {
		report(Finding{CheckVerdicts, it.subject(), fmt.Sprintf("stored as %s %s, but its facts amount to %s %s",
			it.Status, deref(it.Reason), it.verdict.Status, it.verdict.Reason)})
		return
	}
	if p := referral.Deciding(it.version.terms, it.history); (p == nil && it.PaymentID != nil) || (p != nil && it.purchases[p.Key] != deref(it.PaymentID)) {
		report(Finding{CheckVerdicts, it.subject(), fmt.Sprintf("payment %d is kept as the one that decides, but it is %+v", deref(it.PaymentID), p)})
	}
	holds, window := it.heldUntil(), it.version.terms.Closes(it.RegisteredAt)
	if !derefTime(it.HoldEnds).Equal(holds) || !it.WindowEnds.Equal(window) {
		report(Finding{CheckVerdicts, it.subject(), fmt.Sprintf("the clock looks for its hold at %s and its window at %s; they end at %s and %s",
			derefTime(it.HoldEnds), it.WindowEnds.UTC(), holds, window.UTC())})
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
	p := it.verdict.Purchase
	for _, share := range live {
		_, on := referral.PartOf(share.Leg)
		undue := p == nil || p.Net().IsZero() || p.Disputed
		if on == referral.OnSignUp {
			undue = it.verdict.Status == referral.Cancelled
		}
		if undue || it.ReferrerID == it.RefereeID || it.history.SamePerson {
			report(Finding{CheckRewards, it.subject(), fmt.Sprintf("a live reward of %s rests on nothing that qualifies", share.Amount)})
		}
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
		case !reason.Yields(m.To, m.Reason) && it.Decision == nil && !it.Divided:
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
