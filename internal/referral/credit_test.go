package referral

import (
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

func TestCredit(t *testing.T) {
	signedUp := time.Date(2026, 3, 1, 12, 0, 0, 400_000_000, time.UTC)
	terms := Terms{CreditPurchases: true, Qualify: QualifyTerms{Grace: time.Hour, Within: time.Minute}}
	purchase := Purchase{Amount: money.New("usd", 1000), PaidAt: signedUp.Add(time.Second)}
	for _, tt := range []struct {
		name   string
		change func(terms *Terms, p *Purchase)
		want   int64
	}{
		{"after the sign-up", func(*Terms, *Purchase) {}, 1000},
		{"years after", func(_ *Terms, p *Purchase) { p.PaidAt = signedUp.AddDate(5, 0, 0) }, 1000},
		{"in the first second of the grace", func(_ *Terms, p *Purchase) { p.PaidAt = signedUp.Add(-time.Hour).Truncate(time.Second) }, 1000},
		{"before the grace", func(_ *Terms, p *Purchase) {
			p.PaidAt = signedUp.Add(-time.Hour).Truncate(time.Second).Add(-time.Microsecond)
		}, 0},
		{"refunded in part", func(_ *Terms, p *Purchase) { p.Refunded = 999 }, 1},
		{"refunded whole", func(_ *Terms, p *Purchase) { p.Refunded = 1000 }, 0},
		{"refunded beyond, going by reports that disagree", func(_ *Terms, p *Purchase) { p.Refunded = 1001 }, 0},
		{"disputed", func(_ *Terms, p *Purchase) { p.Disputed = true }, 0},
		{"under an inquiry, which moves no money", func(_ *Terms, p *Purchase) { p.InquiryAt, p.WarnedAt = signedUp, signedUp }, 1000},
		{"in a currency that is not listed", func(_ *Terms, p *Purchase) { p.Amount.Currency = "eur" }, 1000},
		{"in one that nobody knows", func(_ *Terms, p *Purchase) { p.Amount.Currency = "xyz" }, 0},
		{"in points", func(_ *Terms, p *Purchase) { p.Amount.Currency = money.Points }, 0},
		{"by terms that credit nothing", func(terms *Terms, _ *Purchase) { terms.CreditPurchases = false }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			terms, p := terms, purchase
			tt.change(&terms, &p)
			if got := terms.Credit(signedUp, p); got != money.New(p.Amount.Currency, tt.want) {
				t.Errorf("%s, not %d", got, tt.want)
			}
		})
	}
	if got := terms.Credit(signedUp, Purchase{}); !got.IsZero() {
		t.Errorf("what was not paid is worth %s", got)
	}
}
