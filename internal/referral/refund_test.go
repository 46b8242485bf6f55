package referral

import (
	"math"
	"testing"
	"time"
)

func TestAssessRefunds(t *testing.T) {
	t.Parallel()
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	cancelled := Verdict{Status: Cancelled, Reason: Refunded}
	under := func(p RefundPolicy) func(*Terms) { return func(t *Terms) { t.Refunds = p } }
	var rows []assessed
	for _, c := range []struct {
		name           string
		gross, back    int64
		any, low, full Verdict
	}{
		{"nothing went back", 1500, 0, rewarded, rewarded, rewarded},
		{"one unit", 1500, 1, cancelled, rewarded, rewarded},
		{"exactly the minimum is left", 1500, 500, cancelled, rewarded, rewarded},
		{"one unit less than the minimum is left", 1500, 501, cancelled, cancelled, rewarded},
		{"one unit is left", 1500, 1499, cancelled, cancelled, rewarded},
		{"all of it", 1500, 1500, cancelled, cancelled, cancelled},
		{"more than was paid", 1500, 1501, cancelled, cancelled, cancelled},
		{"more than can be counted, of the most there is", math.MaxInt64, math.MaxInt64, cancelled, cancelled, cancelled},
		{"one unit of exactly the minimum", 1000, 1, cancelled, cancelled, rewarded},
	} {
		h := plainHistory(refunded(bought("a", "usd", c.gross, during), c.back))
		rows = append(rows,
			assessed{name: c.name + ", any", terms: under(RefundAny), history: h, want: c.any, key: "a"},
			assessed{name: c.name + ", below_minimum", terms: under(RefundBelowMinimum), history: h, want: c.low, key: "a"},
			assessed{name: c.name + ", full", terms: under(RefundFull), history: h, want: c.full, key: "a"},
		)
	}
	rows = append(rows,
		assessed{
			name: "a policy nobody knows fails closed", terms: under("sometimes"),
			history: plainHistory(bought("a", "usd", 1500, during)), want: cancelled, key: "a",
		},
		assessed{
			name:    "a later purchase does not stand in for the one that decides",
			history: plainHistory(refunded(bought("a", "usd", 1000, during), 1000), bought("b", "usd", 1000, during.Add(time.Second))),
			want:    cancelled, key: "a",
		},
		assessed{
			name:    "a refund of another purchase changes nothing",
			history: plainHistory(bought("a", "usd", 1000, during), refunded(bought("b", "usd", 1000, during.Add(time.Second)), 1000)),
			want:    rewarded, key: "a",
		},
	)
	check(t, rows)
}

func TestNet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ gross, back, want int64 }{
		{1000, 0, 1000}, {1000, 1, 999}, {1000, 1000, 0}, {1000, 1001, 0}, {0, math.MaxInt64, 0}, {math.MaxInt64, 0, math.MaxInt64},
	} {
		if got := refunded(bought("a", "usd", c.gross, during), c.back).Net(); got.Minor != c.want || got.Currency != "usd" {
			t.Errorf("%d less %d is %v, want %d", c.gross, c.back, got, c.want)
		}
	}
}
