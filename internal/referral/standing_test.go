package referral

import (
	"testing"
	"time"
)

// The rules about the people and the code, and which of several rules speaks first.
func TestAssessStanding(t *testing.T) {
	t.Parallel()
	good := bought("a", "usd", 1000, during)
	old := bought("old", "usd", 1000, opens.Add(-time.Second))
	with := func(change func(*History)) History {
		h := plainHistory(good)
		change(&h)
		return h
	}
	cancelled := func(r Reason) Verdict { return Verdict{Status: Cancelled, Reason: r} }
	check(t, []assessed{
		{name: "superseded", history: with(func(h *History) { h.Standing = false }), want: cancelled(Superseded)},
		{name: "the same person", history: with(func(h *History) { h.SamePerson = true }), want: cancelled(SelfReferral)},
		{name: "a place refused", history: with(func(h *History) { h.Slot = SlotRefused }), want: cancelled(CodeExhausted)},
		{
			name: "no place asked for", history: with(func(h *History) { h.Slot = SlotUnasked }),
			want: Verdict{Status: Qualified, WantsSlot: true}, key: "a",
		},
		{
			name: "no place asked for, and refunded already", want: Verdict{Status: Qualified, WantsSlot: true}, key: "a",
			history: with(func(h *History) { h.Slot, h.Purchases[0].Refunded = SlotUnasked, 1000 }),
		},
		{
			name: "no place asked for without a purchase", want: Verdict{Status: Pending, Due: closes.Add(time.Second)},
			history: with(func(h *History) { h.Slot, h.Purchases = SlotUnasked, nil }),
		},
		{name: "the last place", history: with(func(h *History) { h.Slot = 10 }), want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a"},
		{
			name:    "a place granted when the maximum was greater",
			history: with(func(h *History) { h.Slot, h.MaxUses = 10, 5 }), want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a",
		},
		{
			name:    "a code without a maximum",
			history: with(func(h *History) { h.Slot, h.MaxUses = 1_000_000, 0 }), want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "a",
		},
		{
			name: "a place granted, and the purchase went to somebody else", want: Verdict{Status: Pending, Due: closes.Add(time.Second)},
			history: with(func(h *History) { h.Slot, h.Purchases = 3, nil }),
		},

		{
			name: "refused before superseded", want: cancelled(CodeExhausted),
			history: with(func(h *History) { h.Slot, h.Standing = SlotRefused, false }),
		},
		{
			name: "refused, though nothing qualifies any more", want: cancelled(CodeExhausted),
			history: with(func(h *History) { h.Slot, h.Purchases = SlotRefused, nil }),
		},
		{
			name: "superseded before the same person", want: cancelled(Superseded),
			history: with(func(h *History) { h.Standing, h.SamePerson = false, true }),
		},
		{
			name: "the same person before an existing customer", want: cancelled(SelfReferral),
			history: with(func(h *History) { h.SamePerson, h.Purchases = true, []Purchase{good, old} }),
		},
		{
			name: "an existing customer before a place", want: cancelled(ExistingCustomer),
			history: with(func(h *History) { h.Slot, h.Purchases = SlotUnasked, []Purchase{good, old} }),
		},
		{
			name: "the same person before the window's end", now: closes.AddDate(1, 0, 0), want: cancelled(SelfReferral),
			history: with(func(h *History) { h.SamePerson, h.Purchases = true, nil }),
		},
	})
}

// The checks of a referral that passed them all, in the words that the API shows.
func TestAssessChecks(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Hold = time.Hour
	h := plainHistory(refunded(bought("a", "usd", 1500, during), 200))
	h.Slot = 3
	want := []Check{
		{"sign_up", true, "signed up at 2026-05-01T12:00:00Z"},
		{"other_person", true, "referrer and referee are different people, as far as is known"},
		{"new_customer", true, "no purchase before 2026-05-01T11:00:00Z is known"},
		{"window", true, "paid at 2026-05-01T13:00:00Z, by 2026-05-02T12:00:00Z at the latest"},
		{"minimum", true, "paid 15.00 usd, at least 10.00 usd is needed"},
		{"code", true, "use 3 of the code, at most 10"},
		{"refunds", true, "2.00 usd of 15.00 usd went back: at least 10.00 usd must be left"},
		{"dispute", true, "no dispute has withdrawn the money"},
		{"hold", true, "held until 2026-05-01T14:00:00Z"},
	}
	got := Assess(terms, h, during.Add(time.Hour)).Checks
	if len(got) != len(want) {
		t.Fatalf("%d checks, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

func TestAssessSaysWhichPlaceItHas(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]string{0: "use 1 of the code, which has no maximum", 1: "use 1 of the code, at most 1"} {
		h := plainHistory(bought("a", "usd", 1000, during))
		h.MaxUses = most
		if got := checkNamed(Assess(plainTerms(), h, during), "code"); got != (Check{"code", true, want}) {
			t.Errorf("got %+v, want %q", got, want)
		}
	}
}

// What is said of the sign-up is what is known of it.
func TestAssessSaysWhetherASignUpIsKnown(t *testing.T) {
	t.Parallel()
	h := plainHistory()
	for known, want := range map[bool]string{
		true:  "signed up at " + stamp(h.SignedUpAt),
		false: "attributed by hand at " + stamp(h.SignedUpAt) + ", and no sign-up is known",
	} {
		h.NoSignUp = !known
		if c := Assess(plainTerms(), h, during).Checks[0]; c.Name != "sign_up" || !c.OK || c.Detail != want {
			t.Errorf("%+v, want %q", c, want)
		}
	}
}
