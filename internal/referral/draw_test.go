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
	terms.Qualify.VerifiedEmail = rapid.IntRange(0, 3).Draw(t, "verified") == 0
	terms.Qualify.Purchase = rapid.SampledFrom([]PurchaseMode{FirstAtMinimum, FirstAtMinimum, First}).Draw(t, "mode")
	terms.Qualify.Requalify = terms.Qualify.Purchase == FirstAtMinimum && rapid.Bool().Draw(t, "requalify")
	terms.Hold = drawDuration(t, "hold", 0, 8)
	terms.Refunds = rapid.SampledFrom([]RefundPolicy{RefundAny, RefundBelowMinimum, RefundFull}).Draw(t, "refunds")
	terms.Fraud = drawFraud(t)
	terms.Rewards = rapid.SliceOfN(rapid.SampledFrom(manyRewards), 1, 4).Draw(t, "rewards")
	if rapid.Bool().Draw(t, "tiers") {
		terms.Tiers = []Tier{{Name: "Bronze", From: 1}, {Name: "Silver", From: 2, Rewards: manyRewards[:2]}}
	}
	return terms
}

// manyRewards are one of each sort; the first two are for a purchase.
var manyRewards = []RewardTerms{
	{To: Referrer, On: OnPurchase, Fixed: map[money.Currency]int64{"usd": 700, "jpy": 70}},
	{To: Referee, On: OnPurchase, Percent: 20 * percent, AtMost: map[money.Currency]int64{"usd": 250, "jpy": 250}},
	{To: Referrer, On: OnPurchase, Percent: 333_333},
	{To: Referee, On: OnPurchase, Fixed: map[money.Currency]int64{money.Points: 10}},
	{To: Referrer, On: OnSignUp, Fixed: map[money.Currency]int64{money.Points: 5}},
	{To: Referee, On: OnSignUp, Fixed: map[money.Currency]int64{"eur": 100}},
}

func drawFraud(t *rapid.T) FraudTerms {
	action := func(label string) Action {
		return rapid.SampledFrom([]Action{"", Flag, Review, Cancel}).Draw(t, label)
	}
	return FraudTerms{
		SameCard: action("same card"), SameIP: action("same ip"), SameDevice: action("same device"),
		SameEmail: action("same email"), DisposableEmail: action("disposable email"),
		SignUpsPerIP: SignUpsPerIP{Max: 2, Per: time.Minute, Then: action("sign-ups per ip")},
	}
}

func drawDuration(t *rapid.T, label string, least, most int64) time.Duration {
	return time.Duration(rapid.Int64Range(2*least, 2*most).Draw(t, label)) * time.Second / 2
}

// drawHistory draws a history whose purchases lie about the window, of amounts about the minimum, often in one second.
func drawHistory(t *rapid.T) History {
	return History{
		SignedUpAt:     signedUp.Add(time.Duration(rapid.IntRange(-9, 9).Draw(t, "signed up")) * time.Second / 10),
		Standing:       rapid.IntRange(0, 5).Draw(t, "standing") > 0,
		SamePerson:     rapid.IntRange(0, 5).Draw(t, "same person") == 0,
		Slot:           Slot(rapid.SampledFrom([]int{-1, 0, 0, 1, 1, 1, 2}).Draw(t, "slot")),
		Purchases:      drawPurchases(t),
		VerifiedAt:     sometimes(t, 1, "verified"),
		Signals:        drawSignals(t),
		Decision:       drawDecision(t),
		RefereeErased:  sometimes(t, 6, "referee erased"),
		ReferrerErased: sometimes(t, 6, "referrer erased"),
	}
}

// sometimes is a second near the sign-up, and once more than seldom times none.
func sometimes(t *rapid.T, seldom int, label string) time.Time {
	if rapid.IntRange(0, seldom).Draw(t, label+" at all") > 0 {
		return time.Time{}
	}
	return drawSecond(t, label)
}

func drawSignals(t *rapid.T) []Signal {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Signal {
		return Signal{rapid.SampledFrom(signalKinds).Draw(t, "signal"), drawSecond(t, "seen"), rapid.IntRange(1, 3).Draw(t, "count")}
	}), 0, 2, func(s Signal) SignalKind { return s.Kind }).Draw(t, "signals")
}

func drawDecision(t *rapid.T) Decision {
	d := rapid.SampledFrom([]DecisionVerdict{Undecided, Undecided, Undecided, Approve, Approve, Reject, Reopen}).Draw(t, "decision")
	if d == Undecided {
		return Decision{}
	}
	return Decision{d, drawSecond(t, "decided")}
}

func drawPurchases(t *rapid.T) []Purchase {
	var all []Purchase
	for i := range rapid.IntRange(0, 6).Draw(t, "purchases") {
		dispute := rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "dispute")
		all = append(all, Purchase{
			Key: strconv.Itoa(i),
			Amount: money.New(
				rapid.SampledFrom([]money.Currency{"usd", "usd", "jpy", "eur", "xyz"}).Draw(t, "currency"),
				rapid.SampledFrom([]int64{1, 499, 500, 999, 1000, 1001, 1500}).Draw(t, "minor"),
			),
			Refunded: rapid.SampledFrom([]int64{0, 0, 0, 1, 500, 1000, 1500, 9999}).Draw(t, "refunded"),
			PaidAt:   drawSecond(t, "paid"),
			Disputed: dispute > 0, DisputeLost: dispute > 1,
			InquiryAt: sometimes(t, 5, "inquiry"), WarnedAt: sometimes(t, 5, "warned"),
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
