package referral

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Assess gives the verdict on a referral: the same facts under the same terms at the same time always get the same one,
// and a fact that comes to light late gets the verdict it would have got in time.
func Assess(t Terms, h History, now time.Time) Verdict {
	a := assessment{terms: t, history: h, now: now}
	a.from, a.until = t.Window(h.SignedUpAt)
	for _, decided := range []func() bool{
		a.codeRefused, a.superseded, a.samePerson, a.existingCustomer, a.noPurchase, a.slotWanted, a.refunded, a.held,
	} {
		if decided() {
			return a.verdict
		}
	}
	a.verdict.Status = Rewarded
	a.verdict.Rewards = t.rewards(a.verdict.Purchase.Amount.Currency)
	return a.verdict
}

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

func (t Terms) rewards(c money.Currency) []Reward {
	var out []Reward
	for _, r := range t.Rewards {
		if minor, ok := r.Fixed[c]; ok && minor > 0 {
			out = append(out, Reward{To: r.To, Amount: money.New(c, minor)})
		}
	}
	return out
}

// assessment is the verdict in the making. Each rule adds its check, and says whether it has decided.
type assessment struct {
	terms       Terms
	history     History
	now         time.Time
	from, until time.Time
	verdict     Verdict
}

func (a *assessment) check(name string, ok bool, format string, args ...any) {
	a.verdict.Checks = append(a.verdict.Checks, Check{Name: name, OK: ok, Detail: fmt.Sprintf(format, args...)})
}

func (a *assessment) cancel(r Reason) bool {
	a.verdict.Status, a.verdict.Reason = Cancelled, r
	return true
}

// codeRefused comes first: a refusal is not undone by anything that comes to light later, only by a person.
func (a *assessment) codeRefused() bool {
	if a.history.Slot != SlotRefused {
		return false
	}
	a.check("code", false, "the code was used %d times, its maximum, when this referral qualified", a.history.MaxUses)
	return a.cancel(CodeExhausted)
}

func (a *assessment) superseded() bool {
	if !a.history.Standing {
		a.check("sign_up", false, "an earlier sign-up of the same user stands")
		return a.cancel(Superseded)
	}
	a.check("sign_up", true, "signed up at %s", stamp(a.history.SignedUpAt))
	return false
}

func (a *assessment) samePerson() bool {
	if a.history.SamePerson {
		a.check("other_person", false, "referrer and referee are the same user, or have the same e-mail address")
		return a.cancel(SelfReferral)
	}
	a.check("other_person", true, "referrer and referee are different people, as far as is known")
	return false
}

func (a *assessment) existingCustomer() bool {
	if first := a.first(); first != nil && first.PaidAt.Before(a.from) {
		a.check("new_customer", false, "had paid %s at %s, before %s", first.Amount, stamp(first.PaidAt), stamp(a.from))
		return a.cancel(ExistingCustomer)
	}
	a.check("new_customer", true, "no purchase before %s is known", stamp(a.from))
	return false
}

// noPurchase looks for the purchase that qualifies: the earliest inside the window that meets the minimum.
func (a *assessment) noPurchase() bool {
	p := a.qualifying()
	a.verdict.Purchase = p
	if p != nil {
		a.check("window", true, "paid at %s, by %s at the latest", stamp(p.PaidAt), stamp(a.until))
		a.check("minimum", true, "paid %s, at least %s is needed", p.Amount, a.minimum(p.Amount.Currency))
		return false
	}
	closes := a.terms.Closes(a.history.SignedUpAt)
	open := a.now.Before(closes)
	a.check("window", open, "a purchase counts until %s", stamp(a.until))
	a.check("minimum", false, "%s", a.shortfall())
	if !open {
		return a.cancel(Expired)
	}
	a.verdict.Status, a.verdict.Due = Pending, closes
	return true
}

func (a *assessment) slotWanted() bool {
	if !a.history.Slot.Granted() {
		a.verdict.Status, a.verdict.WantsSlot = Qualified, true
		return true
	}
	if most := a.history.MaxUses; most > 0 {
		a.check("code", true, "use %d of the code, at most %d", a.history.Slot, most)
	} else {
		a.check("code", true, "use %d of the code, which has no maximum", a.history.Slot)
	}
	return false
}

func (a *assessment) refunded() bool {
	p := a.verdict.Purchase
	net := p.Net()
	var tooMuch bool
	var rule string
	switch a.terms.Refunds {
	case RefundAny:
		tooMuch, rule = p.Refunded > 0, "any refund cancels"
	case RefundFull:
		tooMuch, rule = net.Minor == 0, "only a full refund cancels"
	case RefundBelowMinimum:
		tooMuch = net.Minor < a.terms.Qualify.Minimum[net.Currency]
		rule = "at least " + a.minimum(net.Currency) + " must be left"
	default: // terms are validated; a policy nobody knows fails closed
		tooMuch, rule = true, fmt.Sprintf("the refund policy %q is unknown", a.terms.Refunds)
	}
	a.check("refunds", !tooMuch, "%s of %s went back: %s", money.New(net.Currency, p.Refunded), p.Amount, rule)
	if tooMuch {
		return a.cancel(Refunded)
	}
	return false
}

func (a *assessment) held() bool {
	if a.terms.Hold == 0 {
		return false
	}
	ends := a.verdict.Purchase.PaidAt.Add(a.terms.Hold)
	over := !a.now.Before(ends)
	a.check("hold", over, "held until %s", stamp(ends))
	if !over {
		a.verdict.Status, a.verdict.Due = Qualified, ends
	}
	return !over
}

// first is the earliest purchase of all.
func (a *assessment) first() *Purchase {
	return earliest(a.history.Purchases, func(Purchase) bool { return true })
}

// qualifying is the earliest purchase inside the window that meets the minimum of a currency that is listed and known.
// A minimum of nothing lists nothing: terms are validated, and if they were not, a purchase refunded in full must not pass.
func (a *assessment) qualifying() *Purchase {
	return earliest(a.history.Purchases, func(p Purchase) bool {
		least := a.terms.Qualify.Minimum[p.Amount.Currency]
		return least > 0 && p.Amount.Currency.Known() && p.Amount.Minor >= least &&
			!p.PaidAt.Before(a.from) && !p.PaidAt.After(a.until)
	})
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
	case !c.Known():
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

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
