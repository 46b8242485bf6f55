package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/simulate"
)

// errUnforeseen says that the terms say more than the model knows.
var errUnforeseen = errors.New("the program has something that is not simulated yet")

// rulesOf reads terms for the model, and refuses those that have something it would pass over.
func rulesOf(t referral.Terms) (simulate.Rules, error) {
	r := simulate.Rules{
		Minimum: minors(t.Qualify.Minimum), Within: t.Qualify.Within, Grace: t.Qualify.Grace, Hold: t.Hold,
		Refunds: string(t.Refunds), MaxUses: t.Codes.MaxUses, Rewards: map[string]map[string]int64{},
		First: t.Qualify.Purchase == referral.First, Requalify: t.Qualify.Requalify,
	}
	understood := referral.Terms{ // what the above is all of
		Program: t.Program, Codes: referral.CodeTerms{Length: t.Codes.Length, MaxUses: t.Codes.MaxUses},
		Qualify: referral.QualifyTerms{
			Purchase: t.Qualify.Purchase, Minimum: t.Qualify.Minimum, Within: t.Qualify.Within, Grace: t.Qualify.Grace,
			Requalify: t.Qualify.Requalify,
		},
		Hold: t.Hold, Refunds: t.Refunds,
		Links: t.Links, // of visitors, who are not simulated: they decide nothing
	}
	for _, reward := range t.Rewards {
		r.Rewards[string(reward.To)] = minors(reward.Fixed)
		understood.Rewards = append(understood.Rewards, referral.RewardTerms{To: reward.To, On: referral.OnPurchase, Fixed: reward.Fixed})
	}
	if strange := unforeseen(t); len(strange) > 0 {
		return r, fmt.Errorf("%w: %s: simulate under a program without it", errUnforeseen, strings.Join(strange, ", "))
	}
	if len(r.Rewards) != len(t.Rewards) || !reflect.DeepEqual(t, understood) {
		return r, errUnforeseen // what has come to the terms since, and has no words above yet
	}
	return r, nil
}

// unforeseen names what the model would pass over, as the file does.
func unforeseen(t referral.Terms) []string {
	var names []string
	note := func(name string, there bool) {
		if there && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	modes := []referral.PurchaseMode{referral.FirstAtMinimum, referral.First}
	note("qualify.purchase: "+string(t.Qualify.Purchase), !slices.Contains(modes, t.Qualify.Purchase))
	note("qualify.verified_email", t.Qualify.VerifiedEmail)
	sides := map[referral.Party]bool{}
	for _, r := range t.Rewards {
		_, points := r.Fixed[money.Points]
		note("a reward in percent", r.Percent != 0 || r.AtMost != nil)
		note("a reward in points", points)
		note("a reward on: "+string(r.On), r.On != referral.OnPurchase)
		note("two rewards to the "+string(r.To), sides[r.To])
		sides[r.To] = true
	}
	note("tiers", len(t.Tiers) > 0)
	note("badges", len(t.Badges) > 0)
	note("credit_purchases", t.CreditPurchases)
	note("fraud", t.Fraud != referral.FraudTerms{})
	return names
}

func minors(amounts map[money.Currency]int64) map[string]int64 {
	all := make(map[string]int64, len(amounts))
	for c, minor := range amounts {
		all[string(c)] = minor
	}
	return all
}
