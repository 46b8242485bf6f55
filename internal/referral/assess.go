package referral

import (
	"fmt"
	"time"
)

// Assess gives the verdict on a referral: the same facts under the same terms at the same time always get the same one,
// and a fact that comes to light late gets the verdict it would have got in time.
func Assess(t Terms, h History, now time.Time) Verdict {
	return (&assessment{terms: t, history: h, now: now, explains: true}).conclude()
}

// Judge is Assess without the checks, for whoever acts on a verdict and explains it to nobody: putting into words what
// every rule compared is most of the work.
func Judge(t Terms, h History, now time.Time) Verdict {
	return (&assessment{terms: t, history: h, now: now}).conclude()
}

func (a *assessment) conclude() Verdict {
	a.decide()
	t, h := a.terms, a.history
	a.verdict.Flags = a.flags()
	a.verdict.Tier = t.tier(h.Slot).Name
	a.verdict.Rewards = a.rewards()
	return a.verdict
}

// decide asks one rule after the other, until one has decided. A referral that passes all of them is rewarded. A place on
// the code is asked for before anything that may come and go, so that how many are taken does not depend on when that
// comes.
func (a *assessment) decide() {
	a.from, a.until = a.window()
	for _, decided := range []func() bool{
		a.codeRefused, a.superseded, a.samePerson, a.referrerErased, a.existingCustomer, // who they are
		a.slotWanted, a.rejected, a.fraudulent, a.noPurchase, // whether anything is to be rewarded
		a.refunded, a.disputed, a.reviewed, a.held, // whether it stays so
	} {
		if decided() {
			return
		}
	}
	a.verdict.Status = Rewarded
}

// assessment is the verdict in the making. Each rule adds its check, and says whether it has decided.
type assessment struct {
	terms       Terms
	history     History
	now         time.Time
	explains    bool      // it adds what each rule compared
	from, until time.Time // the first and the last second in which a purchase counts
	verdict     Verdict
}

func (a *assessment) check(name string, ok bool, format string, args ...any) {
	if !a.explains {
		return
	}
	a.verdict.Checks = append(a.verdict.Checks, Check{Name: name, OK: ok, Detail: fmt.Sprintf(format, args...)})
}

func (a *assessment) cancel(r Reason) bool {
	a.verdict.Status, a.verdict.Reason = Cancelled, r
	a.verdict.Reviewing = nil // there is nothing left to decide
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

// slotWanted looks for the purchase that qualifies, and asks for a place on the code where none was asked for.
func (a *assessment) slotWanted() bool {
	if !a.qualified() {
		return false
	}
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

// held is the rule of the hold, which is counted from the payment.
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

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
