package referral

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The laws of Assess.

// The order in which purchases are read can not be seen in the verdict.
func TestAssessDoesNotDependOnTheOrderOfPurchases(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		shuffled := h
		shuffled.Purchases = rapid.Permutation(h.Purchases).Draw(t, "shuffled")
		sameVerdict(t, Assess(terms, shuffled, now), Assess(terms, h, now))
	})
}

// The store reads, of however many purchases, the earliest of all and the earliest of each listed currency that meets
// its minimum inside the window. With those, and any others, the verdict is that of all.
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
	meets := func(p Purchase) bool {
		least, listed := terms.Qualify.Minimum[p.Amount.Currency]
		return listed && p.Amount.Minor >= least && !p.PaidAt.Before(first) && !p.PaidAt.After(last)
	}
	earliestOfAll, earliestOfCurrency := true, meets(p)
	for _, o := range h.Purchases {
		if o.PaidAt.Before(p.PaidAt) || (o.PaidAt.Equal(p.PaidAt) && o.Key < p.Key) {
			earliestOfAll = false
			if meets(o) && o.Amount.Currency == p.Amount.Currency {
				earliestOfCurrency = false
			}
		}
	}
	return earliestOfAll || earliestOfCurrency
}

// No undue reward: what is rewarded rests on a purchase of which something is left, inside the window, by another
// person who signed up first with this code and has a place on it.
func TestAssessRewardsNothingUndue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		terms, h, now := drawTerms(t), drawHistory(t), drawNow(t)
		v := Assess(terms, h, now)
		if v.Status != Rewarded {
			if len(v.Rewards) > 0 {
				t.Fatalf("%s, with rewards %v", v.Status, v.Rewards)
			}
			return
		}
		p := v.Purchase
		first, last := terms.Window(h.SignedUpAt)
		switch {
		case p == nil || !slices.Contains(h.Purchases, *p):
			t.Fatalf("rewarded for %v, which is no purchase of the referee", p)
		case p.Net().Minor <= 0 || p.Amount.Minor < terms.Qualify.Minimum[p.Amount.Currency]:
			t.Fatalf("rewarded for %+v", *p)
		case p.PaidAt.Before(first) || p.PaidAt.After(last):
			t.Fatalf("rewarded for a purchase at %s, outside %s to %s", p.PaidAt, first, last)
		case now.Before(p.PaidAt.Add(terms.Hold)) && terms.Hold > 0:
			t.Fatalf("rewarded at %s, though held for %s from %s", now, terms.Hold, p.PaidAt)
		case !h.Standing || h.SamePerson || !h.Slot.Granted():
			t.Fatalf("rewarded, though %+v", h)
		}
		for _, r := range v.Rewards {
			if r.Amount.Currency != p.Amount.Currency || r.Amount.Minor <= 0 {
				t.Fatalf("rewarded with %v for %v", r.Amount, p.Amount)
			}
		}
	})
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
		case h.Slot == SlotUnasked && (v.Status == Rewarded || v.Reason == Refunded):
			t.Fatalf("%s %s without a slot", v.Status, v.Reason)
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
