package referral

import (
	"testing"
	"time"
)

// Everything speaks against a referral at once. As each rule falls silent, in the order of the rules, the next is heard:
// so no rule can be put before another, or left out, unseen.
func TestAssessOrder(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Hold = 14 * 24 * time.Hour
	terms.Fraud = FraudTerms{SameCard: Cancel, SameIP: Review}
	terms.Qualify.VerifiedEmail = true
	h := plainHistory(
		Purchase{
			Key: "a", Amount: bought("", "usd", 1500, during).Amount, Refunded: 1500, PaidAt: during,
			Disputed: true, DisputeLost: true, InquiryAt: during, WarnedAt: during,
		},
		bought("old", "usd", 1, opens.Add(-time.Second)),
	)
	h.Slot, h.Standing, h.SamePerson, h.ReferrerErased = SlotRefused, false, true, signedUp.Add(-1)
	h.Decision = Decision{Reject, during}
	h.Signals = []Signal{{Kind: SignalSameIP, At: during}, {Kind: SignalSameCard, At: during}}
	now := during
	for _, step := range []struct {
		silence   func()
		status    Status
		reason    Reason
		wants     bool
		reviewing int
	}{
		{func() {}, Cancelled, CodeExhausted, false, 0},
		{func() { h.Slot = SlotUnasked }, Cancelled, Superseded, false, 0},
		{func() { h.Standing = true }, Cancelled, SelfReferral, false, 0},
		{func() { h.SamePerson = false }, Cancelled, Erased, false, 0},
		{func() { h.ReferrerErased = signedUp }, Cancelled, ExistingCustomer, false, 0},
		{func() { h.Purchases = h.Purchases[:1] }, Cancelled, Rejected, false, 0}, // the address is not verified yet
		{func() { h.VerifiedAt = during }, Qualified, "", true, 0},
		{func() { h.Slot = 1 }, Cancelled, Rejected, false, 0},
		{func() { h.Decision = Decision{} }, Cancelled, Fraud, false, 0},
		{func() { h.Signals = h.Signals[:1] }, Cancelled, Refunded, false, 0},
		{func() { h.Purchases[0].Refunded = 0 }, Cancelled, Disputed, false, 0},
		{func() { h.Purchases[0].DisputeLost = false }, Cancelled, Disputed, false, 0},
		{func() { h.Purchases[0].Disputed = false }, Qualified, "", false, 3},
		{func() { h.Signals = nil }, Qualified, "", false, 2},
		{func() { h.Purchases[0].InquiryAt = time.Time{} }, Qualified, "", false, 1},
		{func() { h.Purchases[0].WarnedAt = time.Time{} }, Qualified, "", false, 0},
		{func() { now = during.Add(terms.Hold) }, Rewarded, "", false, 0},
	} {
		step.silence()
		v := Assess(terms, h, now)
		if v.Status != step.status || v.Reason != step.reason || v.WantsSlot != step.wants || len(v.Reviewing) != step.reviewing {
			t.Fatalf("got %s %s, wants a place %t, reviewing %q; want %+v", v.Status, v.Reason, v.WantsSlot, v.Reviewing, step)
		}
		if err := explained(v); err != nil {
			t.Error(err)
		}
	}
}

// The same where there is no purchase that qualifies.
func TestAssessOrderWithoutAPurchase(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Fraud = FraudTerms{SameCard: Cancel}
	terms.Qualify.Purchase = First
	h := plainHistory(bought("a", "usd", 999, during))
	h.Slot, h.RefereeErased = SlotUnasked, during
	h.Decision = Decision{Reject, during}
	h.Signals = []Signal{{Kind: SignalSameCard, At: during}}
	now := closes.Add(time.Second)
	for _, step := range []struct {
		silence func()
		status  Status
		reason  Reason
	}{
		{func() {}, Cancelled, Rejected},
		{func() { h.Decision = Decision{} }, Cancelled, Fraud},
		{func() { h.Signals = nil }, Cancelled, BelowMinimum},
		{func() { h.Purchases = nil }, Cancelled, Erased},
		{func() { h.RefereeErased = time.Time{} }, Cancelled, Expired},
		{func() { now = now.Add(-1) }, Pending, ""},
	} {
		step.silence()
		v := Assess(terms, h, now)
		if v.Status != step.status || v.Reason != step.reason || v.WantsSlot {
			t.Fatalf("got %s %s, want %+v", v.Status, v.Reason, step)
		}
		if err := explained(v); err != nil {
			t.Error(err)
		}
	}
}
