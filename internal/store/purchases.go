package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// loadPurchases reads, for each referral, the purchases that can decide it: the referee's earliest, and the earliest of
// each listed currency that meets its minimum inside the window.
func loadPurchases(ctx context.Context, q *db.Queries, items []*item) error {
	var ask db.ListPurchasesParams
	for i, it := range items {
		first, last := it.version.terms.Window(it.RegisteredAt)
		minimum := it.version.terms.Qualify.Minimum
		addQuestion(&ask, i, it.RefereeID, "", 0, time.Time{}, endOfTime)
		for _, c := range slices.Sorted(maps.Keys(minimum)) {
			addQuestion(&ask, i, it.RefereeID, string(c), minimum[c], first, last)
		}
		if it.purchases == nil {
			it.purchases = make(map[string]int64)
		}
	}
	rows, err := q.ListPurchases(ctx, ask)
	for _, r := range rows {
		it := items[r.N]
		if _, twice := it.purchases[r.Key]; twice {
			continue
		}
		it.purchases[r.Key] = r.ID
		it.history.Purchases = append(it.history.Purchases, referral.Purchase{
			Key: r.Key, Amount: money.New(money.Currency(r.Currency), r.Gross), Refunded: r.Refunded, PaidAt: r.PaidAt.UTC(),
		})
	}
	return err
}

// endOfTime is later than any payment.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func addQuestion(ask *db.ListPurchasesParams, n int, user int64, currency string, minimum int64, first, last time.Time) {
	ask.N = append(ask.N, int32(n))
	ask.UserID = append(ask.UserID, user)
	ask.Currency = append(ask.Currency, currency)
	ask.Minimum = append(ask.Minimum, minimum)
	ask.First = append(ask.First, first)
	ask.Last = append(ask.Last, last)
}
