package referral

import (
	"fmt"

	"github.com/plusone-dev/plusone/internal/money"
)

// The rules about money that went back.

func (a *assessment) refunded() bool {
	p := a.verdict.Purchase
	tooMuch, rule := a.refundedTooMuch(*p)
	a.check("refunds", !tooMuch, "%s of %s went back: %s", money.New(p.Amount.Currency, p.Refunded), p.Amount, rule)
	if tooMuch {
		return a.cancel(Refunded)
	}
	return false
}

// refundedTooMuch holds what went back of a purchase against the terms' policy, and says in words what that is.
func (a *assessment) refundedTooMuch(p Purchase) (tooMuch bool, rule string) {
	net := p.Net()
	switch a.terms.Refunds {
	case RefundAny:
		return p.Refunded > 0, "any refund cancels"
	case RefundFull:
		return net.Minor == 0, "only a full refund cancels"
	case RefundBelowMinimum:
		return net.Minor < a.terms.Qualify.Minimum[net.Currency], "at least " + a.minimum(net.Currency) + " must be left"
	default: // terms are validated; a policy nobody knows fails closed
		return true, fmt.Sprintf("the refund policy %q is unknown", a.terms.Refunds)
	}
}

// disputed cancels while a dispute has the money, and for good when it is lost. One that is won leaves no trace.
func (a *assessment) disputed() bool {
	p := a.verdict.Purchase
	switch {
	case p.DisputeLost:
		a.check("dispute", false, "a dispute is lost: the money is gone for good")
	case p.Disputed:
		a.check("dispute", false, "a dispute has withdrawn the money, for now")
	default:
		a.check("dispute", true, "no dispute has withdrawn the money")
		return false
	}
	return a.cancel(Disputed)
}

// stands says whether the money of a purchase is still with the business.
func (a *assessment) stands(p Purchase) bool {
	tooMuch, _ := a.refundedTooMuch(p)
	return !tooMuch && !p.Disputed && !p.DisputeLost
}
