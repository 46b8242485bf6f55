package referral

import (
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Credit is what a purchase brings its buyer's own balance: its net, where the terms credit purchases, if it was made after
// the buyer signed up, or within the grace before. Nothing while a dispute has withdrawn the money, nor in a currency in
// which nobody pays.
func (t Terms) Credit(signedUp time.Time, p Purchase) money.Amount {
	first, _ := t.Window(signedUp)
	if !t.CreditPurchases || p.Disputed || p.PaidAt.Before(first) || !p.Amount.Currency.Paid() {
		return money.New(p.Amount.Currency, 0)
	}
	return p.Net()
}
