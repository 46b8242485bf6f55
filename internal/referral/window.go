package referral

import "time"

// Window is the first and the last second in which a purchase counts for a sign-up. Stripe's times have whole seconds,
// so both ends are cut to the second: a purchase made in the very second of the sign-up must not seem to precede it.
func (t Terms) Window(signedUp time.Time) (first, last time.Time) {
	return signedUp.Add(-t.Qualify.Grace).Truncate(time.Second), signedUp.Add(t.Qualify.Within).Truncate(time.Second)
}

// Closes is the first moment at which no purchase counts any more for a sign-up.
func (t Terms) Closes(signedUp time.Time) time.Time {
	_, last := t.Window(signedUp)
	return last.Add(time.Second)
}

// window is that of the terms, but nothing counts that happened after the referee was erased.
func (a *assessment) window() (first, last time.Time) {
	first, last = a.terms.Window(a.history.SignedUpAt)
	if erased := a.history.RefereeErased.Truncate(time.Second); !a.history.RefereeErased.IsZero() && erased.Before(last) {
		last = erased
	}
	return first, last
}

func (a *assessment) inWindow(p Purchase) bool {
	return !p.PaidAt.Before(a.from) && !p.PaidAt.After(a.until)
}

// noPurchase decides where nothing qualifies: that is pending while something still may.
func (a *assessment) noPurchase() bool {
	if a.verdict.Purchase != nil {
		return false
	}
	a.explain(a.deciding())
	closes := a.terms.Closes(a.history.SignedUpAt)
	switch {
	case a.tooSmall():
		return a.cancel(BelowMinimum)
	case !a.history.RefereeErased.IsZero():
		a.check("referee", false, "was erased at %s, and nothing can come any more", stamp(a.history.RefereeErased))
		return a.cancel(Erased)
	case !a.now.Before(closes):
		return a.cancel(Expired)
	}
	a.verdict.Status, a.verdict.Due = Pending, closes
	return true
}
