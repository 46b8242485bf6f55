package referral

import (
	"testing"
	"time"
)

// Of the first purchase alone: it qualifies or none does.
func TestAssessFirst(t *testing.T) {
	t.Parallel()
	first := func(t *Terms) { t.Qualify.Purchase = First }
	inUSD := Verdict{Status: Rewarded, Rewards: usdRewards}
	tooSmall := Verdict{Status: Cancelled, Reason: BelowMinimum}
	pending := Verdict{Status: Pending, Due: closes.Add(time.Second)}
	expired := Verdict{Status: Cancelled, Reason: Expired}
	later := during.Add(time.Second)
	late := closes.Add(time.Second)
	unasked := func(purchases ...Purchase) History {
		h := plainHistory(purchases...)
		h.Slot = SlotUnasked
		return h
	}
	check(t, []assessed{
		{name: "exactly the minimum", terms: first, history: plainHistory(bought("a", "usd", 1000, during)), want: inUSD, key: "a"},
		{name: "one unit less", terms: first, history: plainHistory(bought("a", "usd", 999, during)), want: tooSmall},
		{name: "a currency that is not listed", terms: first, history: plainHistory(bought("a", "eur", 99999, during)), want: tooSmall},
		{name: "a currency nobody knows", terms: first, history: plainHistory(bought("a", "xyz", 99999, during)), want: tooSmall},
		{
			name: "a greater one later does not help", terms: first, want: tooSmall,
			history: plainHistory(bought("a", "usd", 999, during), bought("b", "usd", 1000, later)),
		},
		{
			name: "one of another currency before does", terms: first, want: Verdict{Status: Rewarded, Rewards: jpyRewards}, key: "b",
			history: plainHistory(bought("a", "usd", 999, later), bought("b", "jpy", 500, during)),
		},
		{
			name: "a smaller one later does not hurt", terms: first, want: inUSD, key: "a",
			history: plainHistory(bought("b", "usd", 1, later), bought("a", "usd", 1000, during)),
		},
		{
			name: "in one second the smaller key, too small", terms: first, want: tooSmall,
			history: plainHistory(bought("b", "usd", 1000, during), bought("a", "usd", 1, during)),
		},
		{
			name: "in one second the smaller key, enough", terms: first, want: inUSD, key: "a",
			history: plainHistory(bought("b", "usd", 1, during), bought("a", "usd", 1000, during)),
		},
		{name: "too small in the first second", terms: first, history: plainHistory(bought("a", "usd", 1, opens)), want: tooSmall},
		{name: "too small in the last second", terms: first, now: late, history: plainHistory(bought("a", "usd", 1, closes)), want: tooSmall},
		{name: "too small, after the last second", terms: first, now: late, history: plainHistory(bought("a", "usd", 1, late)), want: expired},
		{name: "nothing yet", terms: first, history: plainHistory(), want: pending},
		{name: "nothing in time", terms: first, now: late, history: plainHistory(), want: expired},
		{name: "too small asks for no place", terms: first, history: unasked(bought("a", "usd", 999, during)), want: tooSmall},
		{
			name: "enough asks for a place", terms: first, history: unasked(bought("a", "usd", 1000, during)), key: "a",
			want: Verdict{Status: Qualified, WantsSlot: true},
		},
		{
			name: "what went back does not make it too small", terms: first, key: "a",
			history: plainHistory(refunded(bought("a", "usd", 1000, during), 1)), want: Verdict{Status: Cancelled, Reason: Refunded},
		},
		{
			name: "a later one does not stand in for it, whatever the terms say", want: Verdict{Status: Cancelled, Reason: Refunded}, key: "a",
			terms:   func(t *Terms) { t.Qualify.Purchase, t.Qualify.Requalify = First, true },
			history: plainHistory(refunded(bought("a", "usd", 1000, during), 1000), bought("b", "usd", 1000, later)),
		},
		{
			name: "the other mode, by its name", terms: func(t *Terms) { t.Qualify.Purchase = FirstAtMinimum },
			history: plainHistory(bought("a", "usd", 999, during), bought("b", "usd", 1000, later)), want: inUSD, key: "b",
		},
	})
}

// Terms that requalify let a later purchase take the place of one whose money went back.
func TestAssessRequalify(t *testing.T) {
	t.Parallel()
	again := func(t *Terms) { t.Qualify.Requalify = true }
	under := func(p RefundPolicy) func(*Terms) {
		return func(t *Terms) { t.Qualify.Requalify, t.Refunds = true, p }
	}
	inUSD := Verdict{Status: Rewarded, Rewards: usdRewards}
	back := Verdict{Status: Cancelled, Reason: Refunded}
	a, b := bought("a", "usd", 1500, during), bought("b", "usd", 1500, during.Add(time.Second))
	with := func(p Purchase, change func(*Purchase)) Purchase {
		change(&p)
		return p
	}
	lost := with(a, func(p *Purchase) { p.DisputeLost = true })
	disputed := with(a, func(p *Purchase) { p.Disputed = true })
	asked := with(a, func(p *Purchase) { p.InquiryAt = during })
	check(t, []assessed{
		{name: "the earliest while it stands", terms: again, history: plainHistory(b, a), want: inUSD, key: "a"},
		{name: "the next once its money went back", terms: again, history: plainHistory(refunded(a, 1500), b), want: inUSD, key: "b"},
		{name: "the next once it is disputed", terms: again, history: plainHistory(disputed, b), want: inUSD, key: "b"},
		{name: "the next once the dispute is lost", terms: again, history: plainHistory(lost, b), want: inUSD, key: "b"},
		{
			name: "an inquiry does not take the money", terms: again, history: plainHistory(asked, b), key: "a",
			want: Verdict{Status: Qualified, Reviewing: []string{"inquiry"}},
		},
		{name: "the earliest when none stands", terms: again, history: plainHistory(refunded(b, 1500), refunded(a, 1500)), want: back, key: "a"},
		{name: "any: one unit back is enough", terms: under(RefundAny), history: plainHistory(refunded(a, 1), b), want: inUSD, key: "b"},
		{name: "below_minimum: exactly the minimum is left", terms: again, history: plainHistory(refunded(a, 500), b), want: inUSD, key: "a"},
		{name: "below_minimum: one unit less is left", terms: again, history: plainHistory(refunded(a, 501), b), want: inUSD, key: "b"},
		{name: "full: one unit is left", terms: under(RefundFull), history: plainHistory(refunded(a, 1499), b), want: inUSD, key: "a"},
		{name: "full: nothing is left", terms: under(RefundFull), history: plainHistory(refunded(a, 1500), b), want: inUSD, key: "b"},
		{
			name: "one after the window does not", terms: again, want: back, key: "a",
			history: plainHistory(refunded(a, 1500), bought("b", "usd", 1500, closes.Add(time.Second))),
		},
		{
			name: "one below the minimum does not", terms: again, want: back, key: "a",
			history: plainHistory(refunded(a, 1500), bought("b", "usd", 999, during.Add(time.Second))),
		},
		{
			name: "one of another currency does", terms: again, want: Verdict{Status: Rewarded, Rewards: jpyRewards}, key: "b",
			history: plainHistory(refunded(a, 1500), bought("b", "jpy", 500, closes)),
		},
		{
			name: "the hold runs from the one that stands", key: "b", want: Verdict{Status: Qualified, Due: b.PaidAt.Add(time.Hour)},
			terms:   func(t *Terms) { t.Qualify.Requalify, t.Hold = true, time.Hour },
			history: plainHistory(refunded(a, 1500), b), now: b.PaidAt.Add(time.Hour - 1),
		},
		{
			name: "without it the first stays the one", key: "a", want: Verdict{Status: Cancelled, Reason: Disputed},
			history: plainHistory(disputed, b),
		},
	})
}

// A payment of the 89th day that comes to light on the 91st, under a window of ninety days.
func TestAssessDay89OnDay91(t *testing.T) {
	t.Parallel()
	ninety := func(t *Terms) { t.Qualify.Within = 90 * 24 * time.Hour }
	day := func(n int) time.Time { return signedUp.AddDate(0, 0, n).Truncate(time.Second) }
	ends := day(90).Add(time.Second)
	check(t, []assessed{
		{name: "nothing on day 89", terms: ninety, history: plainHistory(), now: day(89), want: Verdict{Status: Pending, Due: ends}},
		{name: "nothing on day 91", terms: ninety, history: plainHistory(), now: day(91), want: Verdict{Status: Cancelled, Reason: Expired}},
		{
			name: "paid on day 89, known on day 91", terms: ninety, history: plainHistory(bought("a", "usd", 1000, day(89))), now: day(91),
			want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a",
		},
		{
			name: "paid on day 91", terms: ninety, history: plainHistory(bought("a", "usd", 1000, day(91))), now: day(91),
			want: Verdict{Status: Cancelled, Reason: Expired},
		},
	})
}
