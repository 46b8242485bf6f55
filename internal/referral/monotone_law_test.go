package referral

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The laws of how a verdict changes with one fact more.

// How many places on a code are taken does not depend on what may come and go: refunds, disputes, signals and decisions.
func TestAssessAsksForAPlaceWhateverComesAndGoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		h.Slot = SlotUnasked
		other := h
		other.Signals, other.Decision = drawSignals(t), drawDecision(t)
		other.Purchases = slices.Clone(h.Purchases)
		for i, o := range other.Purchases {
			drawn := rapid.Custom(func(t *rapid.T) Purchase {
				return Purchase{
					Key: o.Key, Amount: o.Amount, PaidAt: o.PaidAt,
					Refunded: rapid.Int64Range(0, o.Amount.Minor).Draw(t, "refunded"), Disputed: rapid.Bool().Draw(t, "disputed"),
					InquiryAt: sometimes(t, 2, "inquiry"), WarnedAt: sometimes(t, 2, "warned"),
				}
			})
			other.Purchases[i] = drawn.Draw(t, "otherwise")
		}
		if a, b := Assess(terms, h, now), Assess(terms, other, now); a.WantsSlot != b.WantsSlot {
			t.Fatalf("%s %s wants a place %t, and %s %s %t", a.Status, a.Reason, a.WantsSlot, b.Status, b.Reason, b.WantsSlot)
		}
	})
}

// worth is what a verdict owes, by leg and currency.
func worth(v Verdict) map[string]int64 {
	sums := make(map[string]int64)
	for _, r := range v.Rewards {
		sums[r.Leg()+" "+string(r.Amount.Currency)] += r.Amount.Minor
	}
	return sums
}

func noMore(t *rapid.T, before, after Verdict) {
	had := worth(before)
	for leg, minor := range worth(after) {
		if minor > had[leg] {
			t.Fatalf("%s %s had %v, and is %s %s with %v", before.Status, before.Reason, had, after.Status, after.Reason, worth(after))
		}
	}
}

// A signal more never brings anybody anything.
func TestAssessASignalNeverHelps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		more := h
		more.Signals = append(slices.Clone(h.Signals), Signal{rapid.SampledFrom(signalKinds).Draw(t, "one more"), drawSecond(t, "one more seen"), 3})
		noMore(t, Assess(terms, h, now), Assess(terms, more, now))
	})
}

// Money that goes back, an inquiry or a warning never brings anybody anything, unless a later purchase may stand in.
func TestAssessAReversalNeverHelps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		if len(h.Purchases) == 0 {
			return
		}
		terms.Qualify.Requalify = false
		more := h
		more.Purchases = slices.Clone(h.Purchases)
		p := &more.Purchases[rapid.IntRange(0, len(h.Purchases)-1).Draw(t, "of which")]
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			p.Refunded += rapid.Int64Range(1, 1000).Draw(t, "more back")
		case 1:
			p.Disputed = true
		case 2:
			p.InquiryAt = laterOf(p.InquiryAt, drawSecond(t, "asked"))
		default:
			p.WarnedAt = laterOf(p.WarnedAt, drawSecond(t, "warned"))
		}
		noMore(t, Assess(terms, h, now), Assess(terms, more, now))
	})
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// An approval takes nothing from anybody, and the later it is the less; a rejection brings nobody anything; and a reopening
// is as if nobody had decided.
func TestAssessDecisionsAreMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		by := func(d DecisionVerdict, at time.Time) Verdict {
			h.Decision = Decision{d, at}
			return Assess(terms, h, now)
		}
		undecided := by(Undecided, time.Time{})
		early, late := drawSecond(t, "early"), drawSecond(t, "late")
		if late.Before(early) {
			early, late = late, early
		}
		noMore(t, by(Approve, early), undecided)
		noMore(t, by(Approve, late), by(Approve, early))
		rejected := by(Reject, early)
		if len(rejected.Rewards) > 0 || (rejected.Status != Cancelled && !rejected.WantsSlot) {
			t.Fatalf("rejected, and %s with %v", rejected.Status, rejected.Rewards)
		}
		sameStanding(t, by(Reopen, late), undecided)
	})
}

// What comes after an erasure changes nothing for whoever was erased.
func TestAssessNothingComesAfterAnErasure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		h.RefereeErased = drawSecond(t, "erased")
		before := h
		before.Purchases = slices.DeleteFunc(slices.Clone(h.Purchases), func(p Purchase) bool { return p.PaidAt.After(h.RefereeErased) })
		if first, _ := terms.Window(h.SignedUpAt); h.RefereeErased.Before(first) {
			return // then what they bought before the window, as somebody new, makes them an existing customer
		}
		sameStanding(t, Assess(terms, h, now), Assess(terms, before, now))
	})
}

// A tier follows from the place alone, and a flag from the signals alone, whatever the verdict is.
func TestAssessShowsTiersAndFlagsAlways(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		v := Assess(terms, h, now)
		for _, s := range h.Signals {
			if slices.Contains(v.Flags, s.Kind) != (terms.Fraud.action(s) != "") {
				t.Fatalf("%+v is to %q, flags are %q", s, terms.Fraud.action(s), v.Flags)
			}
		}
		if named := len(terms.Tiers) > 0 && h.Slot.Granted(); named != (v.Tier != "") {
			t.Fatalf("place %d is in tier %q", h.Slot, v.Tier)
		}
	})
}
