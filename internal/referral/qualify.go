package referral

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Which purchase qualifies.

// qualified looks for the purchase that qualifies, and says whether there is one. One that has to wait for the referee's
// e-mail address to be verified does not yet.
func (a *assessment) qualified() bool {
	p := a.deciding()
	if p == nil || !a.verified() {
		return false
	}
	a.verdict.Purchase = p
	a.explain(p)
	return true
}

// explain adds the checks of the purchase that decides, or of there being none.
func (a *assessment) explain(p *Purchase) {
	if p == nil {
		a.check("window", a.now.Before(a.until.Add(time.Second)), "a purchase counts until %s", stamp(a.until))
		a.check("minimum", false, "%s", a.shortfall())
		return
	}
	a.check("window", true, "paid at %s, by %s at the latest", stamp(p.PaidAt), stamp(a.until))
	a.check("minimum", true, "paid %s, at least %s is needed", p.Amount, a.minimum(p.Amount.Currency))
	switch at := a.history.VerifiedAt; {
	case !a.terms.Qualify.VerifiedEmail:
	case at.IsZero():
		a.check("verified_email", false, "the referee's e-mail address is not verified; it counts until %s", stamp(a.until))
	default:
		a.check("verified_email", a.verified(), "the referee's e-mail address was verified at %s, by %s at the latest", stamp(at), stamp(a.until))
	}
}

// Deciding is the purchase that decides a referral as far as purchases go, whoever the two sides are and whatever was
// decided: nil when none meets the terms. It is what a store may keep, so as not to look for it again.
func Deciding(t Terms, h History) *Purchase {
	a := &assessment{terms: t, history: h}
	a.from, a.until = a.window()
	return a.deciding()
}

// deciding is the purchase that decides by the terms' mode, if it meets the minimum.
func (a *assessment) deciding() *Purchase {
	if a.terms.Qualify.Purchase == First {
		if p := earliest(a.history.Purchases, a.inWindow); p != nil && a.meetsMinimum(*p) {
			return p
		}
		return nil
	}
	if a.terms.Qualify.Requalify {
		if p := earliest(a.history.Purchases, func(p Purchase) bool { return a.qualifies(p) && a.stands(p) }); p != nil {
			return p
		}
	}
	return earliest(a.history.Purchases, a.qualifies)
}

func (a *assessment) qualifies(p Purchase) bool { return a.inWindow(p) && a.meetsMinimum(p) }

// meetsMinimum says whether a purchase is of a currency that is listed, and of enough. A minimum of nothing lists nothing:
// terms are validated, and if they were not, a purchase refunded in full must not pass.
func (a *assessment) meetsMinimum(p Purchase) bool {
	least := a.terms.Qualify.Minimum[p.Amount.Currency]
	return least > 0 && p.Amount.Currency.Paid() && p.Amount.Minor >= least
}

// tooSmall says whether the first purchase decides, and is not enough: then no other can be.
func (a *assessment) tooSmall() bool {
	if a.terms.Qualify.Purchase != First {
		return false
	}
	p := earliest(a.history.Purchases, a.inWindow)
	return p != nil && !a.meetsMinimum(*p)
}

// verified is the rule of the verified e-mail address. The last second of the window belongs to it as a whole.
func (a *assessment) verified() bool {
	at := a.history.VerifiedAt
	return !a.terms.Qualify.VerifiedEmail || (!at.IsZero() && !at.Truncate(time.Second).After(a.until))
}

// first is the earliest purchase of all.
func (a *assessment) first() *Purchase {
	return earliest(a.history.Purchases, func(Purchase) bool { return true })
}

func earliest(purchases []Purchase, counts func(Purchase) bool) *Purchase {
	var best *Purchase
	for i := range purchases {
		p := &purchases[i]
		if counts(*p) && (best == nil || cmp.Or(p.PaidAt.Compare(best.PaidAt), cmp.Compare(p.Key, best.Key)) < 0) {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	found := *best
	return &found
}

// shortfall says what is missing, by the earliest purchase if there is one.
func (a *assessment) shortfall() string {
	p := a.first()
	if p == nil {
		return "no purchase yet, at least " + a.minimums() + " is needed"
	}
	c := p.Amount.Currency
	switch {
	case !c.Paid():
		return fmt.Sprintf("paid in %q, a currency that is not known", string(c))
	case a.terms.Qualify.Minimum[c] <= 0:
		return fmt.Sprintf("paid %s, a currency that does not qualify: at least %s is needed", p.Amount, a.minimums())
	case p.PaidAt.After(a.until):
		return fmt.Sprintf("paid %s at %s, too late", p.Amount, stamp(p.PaidAt))
	}
	return fmt.Sprintf("paid %s, at least %s is needed", p.Amount, a.minimum(c))
}

func (a *assessment) minimum(c money.Currency) string {
	return money.New(c, a.terms.Qualify.Minimum[c]).String()
}

func (a *assessment) minimums() string {
	all := make([]string, 0, len(a.terms.Qualify.Minimum))
	for c := range a.terms.Qualify.Minimum {
		all = append(all, a.minimum(c))
	}
	slices.Sort(all)
	return strings.Join(all, " or ")
}
