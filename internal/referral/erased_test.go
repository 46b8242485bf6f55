package referral

import (
	"testing"
	"time"
)

// Whoever asked to be forgotten keeps what their facts up to then say; nothing after that counts.
func TestAssessErased(t *testing.T) {
	t.Parallel()
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	erased := Verdict{Status: Cancelled, Reason: Erased}
	at := during.Add(500 * time.Millisecond)
	referee := func(purchases ...Purchase) History {
		h := plainHistory(purchases...)
		h.RefereeErased = at
		return h
	}
	referrer := func(at time.Time, purchases ...Purchase) History {
		h := plainHistory(purchases...)
		h.ReferrerErased = at
		return h
	}
	good := bought("a", "usd", 1000, during)
	late := closes.Add(time.Second)
	check(t, []assessed{
		{name: "the referee, in the second of the purchase", history: referee(good), want: rewarded, key: "a"},
		{name: "the referee, long after the window", history: referee(good), now: late.AddDate(1, 0, 0), want: rewarded, key: "a"},
		{name: "the referee, the second before the purchase", history: referee(bought("a", "usd", 1000, during.Add(time.Second))), want: erased},
		{name: "the referee, without a purchase, at once", history: referee(), want: erased},
		{name: "the referee, without a purchase, after the window", history: referee(), now: late, want: erased},
		{name: "the referee, with one that is too small", history: referee(bought("a", "usd", 999, during)), want: erased},
		{
			name: "the referee, with a first one that is too small", terms: func(t *Terms) { t.Qualify.Purchase = First },
			history: referee(bought("a", "usd", 999, during)), want: Verdict{Status: Cancelled, Reason: BelowMinimum},
		},
		{
			name: "the referee, with a first one of somebody new", terms: func(t *Terms) { t.Qualify.Purchase = First },
			history: referee(bought("a", "usd", 999, during.Add(time.Second))), want: erased,
		},
		{
			name: "the referee, after the window closed without a purchase", now: late, want: erased,
			history: func() History { h := referee(); h.RefereeErased = late.AddDate(0, 0, 1); return h }(),
		},
		{
			name: "the referee, after the window: it is not made longer", now: late, want: erased,
			history: func() History {
				h := referee(bought("a", "usd", 1000, late))
				h.RefereeErased = late.AddDate(0, 0, 1)
				return h
			}(),
		},
		{
			name: "the referee, and the purchase went back", history: referee(refunded(good, 1000)),
			want: Verdict{Status: Cancelled, Reason: Refunded}, key: "a",
		},
		{
			name: "the referee, during the hold", terms: func(t *Terms) { t.Hold = time.Hour }, history: referee(good), now: during.Add(time.Hour - 1),
			want: Verdict{Status: Qualified, Due: during.Add(time.Hour)}, key: "a",
		},

		{name: "the referrer, after the sign-up", history: referrer(signedUp.Add(1), good), want: rewarded, key: "a"},
		{name: "the referrer, in the moment of the sign-up", history: referrer(signedUp, good), want: rewarded, key: "a"},
		{name: "the referrer, the moment before", history: referrer(signedUp.Add(-1), good), want: erased},
		{name: "the referrer, before a sign-up without a purchase", history: referrer(signedUp.Add(-1)), want: erased},
		{name: "the referrer, after one without a purchase", history: referrer(signedUp), want: Verdict{Status: Pending, Due: late}},
	})
}

func TestAssessSaysWhoWasErased(t *testing.T) {
	t.Parallel()
	h := plainHistory()
	h.RefereeErased = during
	want := Check{"referee", false, "was erased at 2026-05-01T13:00:00Z, and nothing can come any more"}
	if got := checkNamed(Assess(plainTerms(), h, during), "referee"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for at, want := range map[time.Time]Check{
		during:                   {"referrer", true, "the referrer was erased at 2026-05-01T13:00:00Z, the sign-up was at 2026-05-01T12:00:00Z"},
		signedUp.Add(-time.Hour): {"referrer", false, "the referrer was erased at 2026-05-01T11:00:00Z, the sign-up was at 2026-05-01T12:00:00Z"},
		{}:                       {},
	} {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.ReferrerErased = at
		if got := checkNamed(Assess(plainTerms(), h, during), "referrer"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
