package referral

import (
	"testing"
	"time"
)

// A purchase waits for the referee's address to be verified, inside the window, whose last second belongs to it as a whole.
func TestAssessVerifiedEmail(t *testing.T) {
	t.Parallel()
	asked := func(t *Terms) { t.Qualify.VerifiedEmail = true }
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	pending := Verdict{Status: Pending, Due: closes.Add(time.Second)}
	expired := Verdict{Status: Cancelled, Reason: Expired}
	over := closes.Add(time.Second)
	at := func(verified time.Time) History {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.VerifiedAt = verified
		return h
	}
	with := func(h History, change func(*History)) History {
		change(&h)
		return h
	}
	check(t, []assessed{
		{name: "not asked for", history: at(time.Time{}), want: rewarded, key: "a"},
		{name: "verified before the sign-up", terms: asked, history: at(signedUp.AddDate(-1, 0, 0)), want: rewarded, key: "a"},
		{name: "verified after the purchase", terms: asked, history: at(during.Add(time.Hour)), want: rewarded, key: "a"},
		{name: "verified in the last second", terms: asked, history: at(closes), want: rewarded, key: "a"},
		{name: "verified at the end of the last second", terms: asked, history: at(over.Add(-1)), want: rewarded, key: "a"},
		{name: "verified when it was over", terms: asked, history: at(over), now: over, want: expired},
		{name: "verified later than this clock knows", terms: asked, history: at(over), now: during, want: pending},
		{name: "not verified yet", terms: asked, history: at(time.Time{}), now: over.Add(-1), want: pending},
		{name: "not verified in time", terms: asked, history: at(time.Time{}), now: over, want: expired},
		{
			name: "not verified, and no place asked for", terms: asked, want: pending,
			history: with(at(time.Time{}), func(h *History) { h.Slot = SlotUnasked }),
		},
		{
			name: "verified, and no place asked for", terms: asked, want: Verdict{Status: Qualified, WantsSlot: true}, key: "a",
			history: with(at(during), func(h *History) { h.Slot = SlotUnasked }),
		},
		{
			name: "verified without a purchase", terms: asked, want: pending,
			history: with(at(during), func(h *History) { h.Purchases = nil }),
		},
		{
			name: "not verified, of the first purchase alone, which is too small", want: Verdict{Status: Cancelled, Reason: BelowMinimum},
			terms:   func(t *Terms) { t.Qualify.VerifiedEmail, t.Qualify.Purchase = true, First },
			history: with(at(time.Time{}), func(h *History) { h.Purchases[0].Amount.Minor = 999 }),
		},
		{
			name: "not verified, of the first purchase alone, which is enough", want: pending,
			terms:   func(t *Terms) { t.Qualify.VerifiedEmail, t.Qualify.Purchase = true, First },
			history: at(time.Time{}),
		},
		{
			name: "not verified when erased", terms: asked, want: Verdict{Status: Cancelled, Reason: Erased},
			history: with(at(time.Time{}), func(h *History) { h.RefereeErased = during.Add(time.Hour) }),
		},
		{
			name: "verified after the erasure", terms: asked, want: Verdict{Status: Cancelled, Reason: Erased},
			history: with(at(during.Add(2*time.Hour)), func(h *History) { h.RefereeErased = during.Add(time.Hour) }),
		},
	})
}

func TestAssessSaysWhatIsVerified(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Qualify.VerifiedEmail = true
	for _, c := range []struct {
		at   time.Time
		want Check
	}{
		{time.Time{}, Check{"verified_email", false, "the referee's e-mail address is not verified; it counts until 2026-05-02T12:00:00Z"}},
		{during, Check{"verified_email", true, "the referee's e-mail address was verified at 2026-05-01T13:00:00Z, by 2026-05-02T12:00:00Z at the latest"}},
		{
			closes.Add(time.Hour),
			Check{"verified_email", false, "the referee's e-mail address was verified at 2026-05-02T13:00:00Z, by 2026-05-02T12:00:00Z at the latest"},
		},
	} {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.VerifiedAt = c.at
		if got := checkNamed(Assess(terms, h, during), "verified_email"); got != c.want {
			t.Errorf("got %+v, want %+v", got, c.want)
		}
	}
	if got := checkNamed(Assess(plainTerms(), plainHistory(bought("a", "usd", 1000, during)), during), "verified_email"); got != (Check{}) {
		t.Errorf("checked, though nobody asked: %+v", got)
	}
}
