package referral

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// The laws of Assess.

// The order in which purchases and signals are read can not be seen in the verdict.
func TestAssessDoesNotDependOnTheOrderOfFacts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		shuffled := h
		shuffled.Purchases = rapid.Permutation(h.Purchases).Draw(t, "shuffled")
		shuffled.Signals = rapid.Permutation(h.Signals).Draw(t, "signals, shuffled")
		sameVerdict(t, Assess(terms, shuffled, now), Assess(terms, h, now))
	})
}

// Judge is Assess, but that it explains nothing.
func TestJudgeIsAssessWithoutWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		judged, assessed := Judge(terms, h, now), Assess(terms, h, now)
		if len(judged.Checks) > 0 || len(assessed.Checks) == 0 {
			t.Fatalf("checks %v, of %v", judged.Checks, assessed.Checks)
		}
		assessed.Checks = nil
		if diff := cmp.Diff(assessed, judged); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The store reads, of however many purchases, the earliest of all, the earliest of each listed currency that meets its
// minimum inside the window, and where the terms requalify the earliest such whose money stands. With those, and any
// others, the verdict is that of all. The window it reads is that of the terms, whoever was erased.
func TestAssessNeedsOnlyThePurchasesThatCanDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		few := h
		few.Purchases = slices.DeleteFunc(slices.Clone(h.Purchases), func(p Purchase) bool {
			return !canDecide(terms, h, p) && rapid.Bool().Draw(t, "leave out "+p.Key)
		})
		sameVerdict(t, Assess(terms, few, now), Assess(terms, h, now))
	})
}

// canDecide says in other words than Assess what queries/payments.sql asks for.
func canDecide(terms Terms, h History, p Purchase) bool {
	first, last := terms.Window(h.SignedUpAt)
	meets := func(o Purchase) bool {
		least, listed := terms.Qualify.Minimum[o.Amount.Currency]
		return o.Amount.Currency == p.Amount.Currency && listed && o.Amount.Minor >= least && !o.PaidAt.Before(first) && !o.PaidAt.After(last)
	}
	stands := func(o Purchase) bool { return meets(o) && !o.Disputed && o.Refunded <= mayGoBack(terms, o) }
	earliestOf := func(counts func(Purchase) bool) bool {
		return counts(p) && !slices.ContainsFunc(h.Purchases, func(o Purchase) bool {
			return counts(o) && (o.PaidAt.Before(p.PaidAt) || (o.PaidAt.Equal(p.PaidAt) && o.Key < p.Key))
		})
	}
	return earliestOf(func(Purchase) bool { return true }) || earliestOf(meets) || (terms.Qualify.Requalify && earliestOf(stands))
}

// mayGoBack is how much of a purchase may go back without its being refunded by the terms.
func mayGoBack(terms Terms, p Purchase) int64 {
	switch terms.Refunds {
	case RefundFull:
		return p.Amount.Minor - 1
	case RefundBelowMinimum:
		return p.Amount.Minor - terms.Qualify.Minimum[p.Amount.Currency]
	default:
		return 0
	}
}

// No undue reward: what is granted for a purchase rests on one of which something is left and that nobody disputes, inside
// the window, by another person who signed up first with this code and has a place on it; what is granted for a sign-up on
// a referral that is live; and neither while a person has to decide.
func TestAssessRewardsNothingUndue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		v := Assess(terms, h, now)
		for _, r := range v.Rewards {
			switch {
			case r.Amount.Minor <= 0 || !r.Amount.Currency.Known():
				t.Fatalf("gets %+v", r)
			case v.Status == Cancelled || v.WantsSlot || len(v.Reviewing) > 0 || !h.Standing || h.SamePerson:
				t.Fatalf("%s, reviewing %q, gets %+v", v.Status, v.Reviewing, r)
			case r.On == OnPurchase && v.Status != Rewarded:
				t.Fatalf("%s, gets %+v", v.Status, r)
			case r.On == OnPurchase && r.Amount.Currency != money.Points && r.Amount.Currency != v.Purchase.Amount.Currency:
				t.Fatalf("gets %+v for %v", r, v.Purchase.Amount)
			}
		}
		if v.Status == Rewarded {
			checkDue(t, terms, h, now, v)
		}
	})
}

func checkDue(t *rapid.T, terms Terms, h History, now time.Time, v Verdict) {
	p := v.Purchase
	first, last := terms.Window(h.SignedUpAt)
	covered := func(at time.Time) bool {
		return at.IsZero() || (h.Decision.Verdict == Approve && !at.After(h.Decision.At))
	}
	switch {
	case p == nil || !slices.Contains(h.Purchases, *p):
		t.Fatalf("rewarded for %v, which is no purchase of the referee", p)
	case p.Net().Minor <= 0 || p.Amount.Minor < terms.Qualify.Minimum[p.Amount.Currency] || p.Disputed || p.Refunded > mayGoBack(terms, *p):
		t.Fatalf("rewarded for %+v", *p)
	case p.PaidAt.Before(first) || p.PaidAt.After(last) || (!h.RefereeErased.IsZero() && p.PaidAt.After(h.RefereeErased)):
		t.Fatalf("rewarded for a purchase at %s, outside %s to %s, erased %s", p.PaidAt, first, last, h.RefereeErased)
	case terms.Qualify.VerifiedEmail && h.VerifiedAt.IsZero():
		t.Fatalf("rewarded, though the address is not verified")
	case now.Before(p.PaidAt.Add(terms.Hold)) && terms.Hold > 0:
		t.Fatalf("rewarded at %s, though held for %s from %s", now, terms.Hold, p.PaidAt)
	case !h.Standing || h.SamePerson || !h.Slot.Granted() || h.Decision.Verdict == Reject:
		t.Fatalf("rewarded, though %+v", h)
	case !covered(p.InquiryAt) || !covered(p.WarnedAt):
		t.Fatalf("rewarded for %+v, decided %+v", *p, h.Decision)
	}
	for _, s := range h.Signals {
		if a := terms.Fraud.action(s); (a == Review || a == Cancel) && !covered(s.At) {
			t.Fatalf("rewarded, though %+v is to %s", s, a)
		}
	}
}

// Due is when time alone changes the verdict: it lies ahead, nothing changes before it, and what comes then is another
// status. Where none is set, time alone changes nothing ever.
func TestAssessDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		v := Assess(terms, h, now)
		if v.Due.IsZero() {
			at := now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "later")))
			sameStanding(t, Assess(terms, h, at), v)
			return
		}
		if !v.Due.After(now) {
			t.Fatalf("due at %s, which is not after %s", v.Due, now)
		}
		at := now.Add(time.Duration(rapid.Int64Range(0, int64(v.Due.Sub(now))-1).Draw(t, "before it is due")))
		sameStanding(t, Assess(terms, h, at), v)
		sameStanding(t, Assess(terms, h, v.Due.Add(-1)), v)
		then := Assess(terms, h, v.Due)
		if then.Status == v.Status || !then.Due.IsZero() {
			t.Fatalf("due at %s, and then %s, due at %s", v.Due, then.Status, then.Due)
		}
		if _, err := Path(v.Status, v.Reason, then.Status, then.Reason, false); err != nil {
			t.Fatal(err)
		}
	})
}

// Every verdict is one that the rest can rely on: a known status, a reason exactly when cancelled, a slot wanted only
// where none was asked for, and checks that account for it.
func TestAssessGivesWholeVerdicts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		v := Assess(terms, h, now)
		switch {
		case !slices.Contains([]Status{Pending, Qualified, Rewarded, Cancelled}, v.Status):
			t.Fatalf("status %q", v.Status)
		case (v.Status == Cancelled) != (v.Reason != ""):
			t.Fatalf("%s because %q", v.Status, v.Reason)
		case v.WantsSlot && (v.Purchase == nil || h.Slot != SlotUnasked):
			t.Fatalf("wants a slot for %v, has %d", v.Purchase, h.Slot)
		case h.Slot == SlotUnasked && (v.Status == Rewarded || v.Reason == Refunded || v.Reason == Disputed):
			t.Fatalf("%s %s without a slot", v.Status, v.Reason)
		case (v.Status == Qualified || v.Status == Rewarded) != (v.Purchase != nil) && v.Status != Cancelled:
			t.Fatalf("%s for %v", v.Status, v.Purchase)
		case len(v.Reviewing) > 0 && v.Status != Pending && v.Status != Qualified:
			t.Fatalf("%s, and awaits a decision about %q", v.Status, v.Reviewing)
		}
		if err := explained(v); err != nil {
			t.Fatal(err)
		}
	})
}

func sameVerdict(t *rapid.T, got, want Verdict) {
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// sameStanding compares verdicts but for the checks, which may say what time it is.
func sameStanding(t *rapid.T, got, want Verdict) {
	got.Checks, want.Checks = nil, nil
	sameVerdict(t, got, want)
}
