package referral

import (
	"math/bits"

	"github.com/plusone-dev/plusone/internal/money"
)

// whole is all of a purchase, as RewardTerms.Percent counts.
const whole = 1_000_000

// Leg is the part of a referral's rewards that this is, in the ledger: a side may have one for the purchase and another
// for the sign-up.
func (r Reward) Leg() string {
	if r.On == OnSignUp {
		return string(r.To) + ":signup"
	}
	return string(r.To)
}

// rewards are what the verdict amounts to: those of the sign-up while the referral is live, those of the purchase once it
// is rewarded, and none while a person has to decide.
func (a *assessment) rewards() []Reward {
	v := &a.verdict
	if v.Status == Cancelled || v.WantsSlot || len(v.Reviewing) > 0 {
		return nil
	}
	var out []Reward
	if v.Status == Rewarded {
		for _, r := range a.terms.purchaseRewards(a.history.Slot) {
			if amount := r.forPurchase(v.Purchase.Net()); r.On != OnSignUp && amount.Minor > 0 {
				out = append(out, Reward{To: r.To, On: OnPurchase, Amount: amount})
			}
		}
	}
	for _, r := range a.terms.Rewards {
		for c, minor := range r.Fixed {
			if r.On == OnSignUp && minor > 0 {
				out = append(out, Reward{To: r.To, On: OnSignUp, Amount: money.New(c, minor)})
			}
		}
	}
	return out
}

// purchaseRewards are the tier's own, where it has any, or the program's.
func (t Terms) purchaseRewards(s Slot) []RewardTerms {
	if own := t.tier(s).Rewards; len(own) > 0 {
		return own
	}
	return t.Rewards
}

// tier is the one that a place on the code falls into: the last that begins with it or before. The zero Tier when there
// is none.
func (t Terms) tier(s Slot) Tier {
	var found Tier
	for _, tier := range t.Tiers {
		if tier.From <= int(s) { // no tier begins before the first place
			found = tier
		}
	}
	return found
}

// forPurchase is the reward for a purchase of which this is left: nothing where the terms list none of its currency.
func (r RewardTerms) forPurchase(net money.Amount) money.Amount {
	if r.Percent > 0 {
		return r.share(net)
	}
	if minor, ok := r.Fixed[net.Currency]; ok {
		return money.New(net.Currency, minor)
	}
	if len(r.Fixed) == 1 { // points alone stand for every currency
		return money.New(money.Points, r.Fixed[money.Points])
	}
	return money.Amount{}
}

// share is a percentage, rounded down once, to what can be paid in the currency. The product has 128 bits: it never
// overflows, for a share is at most the whole.
func (r RewardTerms) share(net money.Amount) money.Amount {
	step := net.Currency.Step()
	high, low := bits.Mul64(uint64(net.Minor), uint64(min(r.Percent, whole)))
	steps, _ := bits.Div64(high, low, uint64(whole*step))
	minor := int64(steps)
	if r.AtMost != nil {
		minor = min(minor, r.AtMost[net.Currency]/step)
	}
	return money.New(net.Currency, minor*step)
}
