package referral

import (
	"strconv"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// drawTerms draws terms as package program lets them through: every minimum is more than nothing, and every reward
// lists each of its currencies.
func drawTerms(t *rapid.T) Terms {
	terms := plainTerms()
	terms.Codes.MaxUses = rapid.IntRange(0, 3).Draw(t, "max uses")
	terms.Qualify.Within = drawDuration(t, "within", 1, 5)
	terms.Qualify.Grace = drawDuration(t, "grace", 0, 3)
	terms.Hold = drawDuration(t, "hold", 0, 8)
	terms.Refunds = rapid.SampledFrom([]RefundPolicy{RefundAny, RefundBelowMinimum, RefundFull}).Draw(t, "refunds")
	return terms
}

func drawDuration(t *rapid.T, label string, least, most int64) time.Duration {
	return time.Duration(rapid.Int64Range(2*least, 2*most).Draw(t, label)) * time.Second / 2
}

// drawHistory draws a history whose purchases lie about the window, of amounts about the minimum, often in one second.
func drawHistory(t *rapid.T) History {
	return History{
		SignedUpAt: signedUp.Add(time.Duration(rapid.IntRange(-9, 9).Draw(t, "signed up")) * time.Second / 10),
		Standing:   rapid.IntRange(0, 5).Draw(t, "standing") > 0,
		SamePerson: rapid.IntRange(0, 5).Draw(t, "same person") == 0,
		Slot:       Slot(rapid.SampledFrom([]int{-1, 0, 0, 1, 1, 1, 2}).Draw(t, "slot")),
		Purchases:  drawPurchases(t),
	}
}

func drawPurchases(t *rapid.T) []Purchase {
	var all []Purchase
	for i := range rapid.IntRange(0, 6).Draw(t, "purchases") {
		all = append(all, Purchase{
			Key: strconv.Itoa(i),
			Amount: money.New(
				rapid.SampledFrom([]money.Currency{"usd", "usd", "jpy", "eur", "xyz"}).Draw(t, "currency"),
				rapid.SampledFrom([]int64{1, 499, 500, 999, 1000, 1001, 1500}).Draw(t, "minor"),
			),
			Refunded: rapid.SampledFrom([]int64{0, 0, 0, 1, 500, 1000, 1500, 9999}).Draw(t, "refunded"),
			PaidAt:   drawSecond(t, "paid"),
		})
	}
	return rapid.Permutation(all).Draw(t, "in the order of")
}

// drawSecond is a whole second near the sign-up, mostly inside a short window.
func drawSecond(t *rapid.T, label string) time.Time {
	return signedUp.Truncate(time.Second).Add(time.Duration(rapid.IntRange(-4, 7).Draw(t, label)) * time.Second)
}

// drawNow is any moment near the sign-up, to the half second.
func drawNow(t *rapid.T) time.Time {
	return signedUp.Truncate(time.Second).Add(time.Duration(rapid.IntRange(-10, 40).Draw(t, "now")) * time.Second / 2)
}
