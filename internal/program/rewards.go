package program

import (
	"slices"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// maxReward is the most that one reward may promise, in minor units: nine million of them still fit in a balance.
const maxReward = 1_000_000_000_000

const exampleReward = "{to: referrer, fixed: " + exampleAmounts + "}"

// readRewards reads who gets what. The minimum is as the file says it, nil for the default.
func readRewards(o *object, t *referral.Terms, minimum *amounts) {
	v, ok := o.take("rewards")
	if !ok {
		t.Rewards = defaultRewards(o, t.Rewards, minimum)
		return
	}
	entries, ok := v.list("a list of rewards such as [" + exampleReward + "]")
	if !ok {
		return
	}
	if len(entries) == 0 {
		v.refuse("must list at least one reward: a program that rewards nobody has no effect")
		return
	}
	t.Rewards = nil
	for _, entry := range entries {
		reward, fixed := readReward(entry.object(exampleReward), t.Rewards)
		if fixed != nil && (minimum == nil || minimum.sound) {
			checkCurrencies(fixed, t.Qualify.Minimum)
		}
		t.Rewards = append(t.Rewards, reward)
	}
}

// defaultRewards are the default program's, in the currencies of the minimum: in another they could have no effect.
func defaultRewards(o *object, rewards []referral.RewardTerms, minimum *amounts) []referral.RewardTerms {
	if o == nil || minimum == nil || !minimum.sound {
		return rewards
	}
	for i, reward := range rewards {
		fixed := map[money.Currency]int64{}
		for _, c := range currencies(minimum.minor) {
			n, ok := reward.Fixed[c]
			if !ok && i == 0 {
				minimum.entries[c].refuseKey("the default rewards promise nothing in %s: write rewards that do", c)
			}
			fixed[c] = n
		}
		rewards[i].Fixed = fixed
	}
	return rewards
}

// readReward reads one reward, after those before it.
func readReward(o *object, before []referral.RewardTerms) (referral.RewardTerms, *amounts) {
	if o == nil {
		return referral.RewardTerms{}, nil
	}
	var reward referral.RewardTerms
	to, ok := o.takeChoice("to", string(referral.Referrer), string(referral.Referee))
	if ok {
		reward.To = referral.Party(to)
		if slices.ContainsFunc(before, func(r referral.RewardTerms) bool { return r.To == reward.To }) {
			o.fields["to"].refuse("the %s already has a reward above: several for one side are not yet supported", to)
		}
	} else if _, given := o.fields["to"]; !given {
		o.refuse("to is missing: write to: referrer or to: referee")
	}
	fixed := o.takeAmounts("fixed", maxReward)
	if fixed != nil {
		reward.Fixed = fixed.minor
	}
	later := o.notYet("percent", "write fixed amounts")
	o.notYet("at_most", "write fixed amounts")
	o.notYet("on", "leave the key out; a reward is for the qualifying purchase")
	if _, given := o.fields["fixed"]; !given && !later {
		o.refuse("fixed is missing: write fixed: %s", exampleAmounts)
	}
	o.close()
	return reward, fixed
}

// checkCurrencies holds a fixed reward against the minimum: whoever qualifies must get something, and a promise in
// a currency that never qualifies would be an empty one.
func checkCurrencies(fixed *amounts, minimum map[money.Currency]int64) {
	for _, c := range currencies(fixed.minor) {
		if _, ok := minimum[c]; !ok {
			fixed.entries[c].refuseKey("has no effect, for qualify.minimum does not list %s: add it there or take it out here", c)
		}
	}
	if !fixed.sound {
		return
	}
	for _, c := range currencies(minimum) {
		if _, ok := fixed.minor[c]; !ok {
			fixed.refuseKey("lists nothing in %s, in which qualify.minimum lets purchases qualify: add it", c)
		}
	}
}
