package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
	"github.com/plusone-dev/plusone/internal/referral"
)

// What is read of a referee's purchases does not grow with their past. The purchase that decides a referral is kept with
// it; what an event changes is compared with that. Only when a referral is new, or dated anew, or what decided it went
// away, is it looked for among all.

// loadPurchases reads, for each referral, the purchases that can decide it.
func (t *txn) loadPurchases(q *db.Queries, items []*item) error {
	return loadPurchases(t.ctx, q, items, t.search)
}

// search says whether the purchase that decides has to be looked for among all.
func (t *txn) search(it *item) bool { return it.isNew || it.redated || t.divided[it.RefereeID] }

// loadChanged reads the purchases that decided referrals, and those that the batch changed. Of those that are looked for anew
// it is only asked when they were paid: see tally.
func (t *txn) loadChanged(q *db.Queries, items []*item) error {
	of := make(map[int64][]*item)
	for _, it := range items {
		ids := []int64{deref(it.PaymentID)}
		if !t.search(it) {
			ids = append(t.bought[it.RefereeID], ids...)
		}
		for _, id := range ids {
			if id != 0 && !slices.Contains(of[id], it) {
				of[id] = append(of[id], it)
			}
		}
	}
	if len(of) == 0 {
		return nil
	}
	rows, err := q.GetPurchases(t.ctx, keysOf(of))
	for _, r := range rows {
		for _, it := range of[r.ID] {
			if r.ID == deref(it.PaymentID) {
				it.wasPaidAt = r.PaidAt.UTC()
			}
			if deref(r.UserID) == it.RefereeID && !t.search(it) {
				it.addPurchase(r.ID, r)
			}
		}
	}
	return err
}

// searchAgain looks for the purchase that decides where the one that did is not there any more, or does not any more.
func (t *txn) searchAgain() error {
	var lost []*item
	for _, it := range t.items {
		was := deref(it.PaymentID)
		if was == 0 || t.search(it) || !slices.Contains(t.bought[it.RefereeID], was) {
			continue
		}
		p := referral.Deciding(it.version.terms, it.history)
		if p == nil || it.purchases[p.Key] != was || it.version.terms.Qualify.Requalify {
			lost = append(lost, it)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	return loadPurchases(t.ctx, t.q, lost, func(*item) bool { return true })
}

// loadPurchases reads the referees' earliest purchases, and for those to search, the earliest that meet their terms inside
// the window: of each currency that is listed, or of any where the first decides.
func loadPurchases(ctx context.Context, q *db.Queries, items []*item, search func(*item) bool) error {
	var ask db.ListPurchasesParams
	for i, it := range items {
		addQuestion(&ask, i, it.RefereeID, "", 0, time.Time{}, endOfTime, anyMoney)
		first, last := it.version.terms.Window(it.RegisteredAt)
		qualify := it.version.terms.Qualify
		if qualify.Purchase == referral.First {
			addQuestion(&ask, i, it.RefereeID, "", 0, first, last, anyMoney)
			continue
		}
		if !search(it) {
			continue
		}
		for _, c := range slices.Sorted(maps.Keys(qualify.Minimum)) {
			addQuestion(&ask, i, it.RefereeID, string(c), qualify.Minimum[c], first, last, anyMoney)
			if qualify.Requalify {
				addQuestion(&ask, i, it.RefereeID, string(c), qualify.Minimum[c], first, last, policies[it.version.terms.Refunds])
			}
		}
	}
	rows, err := q.ListPurchases(ctx, ask)
	for _, r := range rows {
		items[r.N].addPurchase(r.ID, db.GetPurchasesRow{
			Key: r.Key, Currency: r.Currency, Gross: r.Gross, Refunded: r.Refunded, PaidAt: r.PaidAt,
			Disputed: r.Disputed, InquiryAt: r.InquiryAt, WarnedAt: r.WarnedAt,
		})
	}
	return err
}

// anyMoney asks for purchases whatever has become of their money; policies are how ListPurchases numbers the others.
const anyMoney = 0

var policies = map[referral.RefundPolicy]int16{
	referral.RefundAny: 1, referral.RefundBelowMinimum: 2, referral.RefundFull: 3,
}

// addPurchase takes a purchase into the history, once.
func (it *item) addPurchase(id int64, r db.GetPurchasesRow) {
	if it.purchases == nil {
		it.purchases = make(map[string]int64)
	}
	if _, twice := it.purchases[r.Key]; twice {
		return
	}
	it.purchases[r.Key] = id
	it.history.Purchases = append(it.history.Purchases, referral.Purchase{
		Key: r.Key, Amount: money.New(money.Currency(r.Currency), r.Gross), Refunded: r.Refunded, PaidAt: r.PaidAt.UTC(),
		Disputed: r.Disputed != int16(payment.Undisputed), DisputeLost: payment.Disputed(r.Disputed) == payment.Lost,
		InquiryAt: derefTime(r.InquiryAt), WarnedAt: derefTime(r.WarnedAt),
	})
}

// endOfTime is later than any payment.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func addQuestion(ask *db.ListPurchasesParams, n int, user int64, currency string, minimum int64, first, last time.Time, policy int16) {
	ask.N = append(ask.N, int32(n))
	ask.UserID = append(ask.UserID, user)
	ask.Currency = append(ask.Currency, currency)
	ask.Minimum = append(ask.Minimum, minimum)
	ask.First = append(ask.First, first)
	ask.Last = append(ask.Last, last)
	ask.Policy = append(ask.Policy, policy)
}
