package program

import (
	"slices"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// maxReward is the most that one reward may promise, in minor units: nine million of them still fit in a balance.
const maxReward = 1_000_000_000_000

const (
	exampleReward = "{to: referrer, fixed: " + exampleAmounts + "}"
	examplePoints = `{points: "10"}`
)

// rewardList is a list of rewards while it is read, with what each of them is held against.
type rewardList struct {
	owner   owner
	minimum map[money.Currency]int64
	known   bool // the minimum was understood, so what it does not list is really missing
	rewards []referral.RewardTerms
}

// owner says whose rewards a list has.
type owner int

const (
	inProgram owner = iota
	inTier          // for purchases alone: a sign-up has no ordinal yet
)

// readRewards reads who gets what. The minimum is as the file says it, nil for the default.
func readRewards(o *object, t *referral.Terms, minimum *amounts) {
	v, ok := o.take("rewards")
	if !ok {
		t.Rewards = defaultRewards(o, t.Rewards, minimum)
		return
	}
	t.Rewards = readRewardList(v, t.Qualify.Minimum, minimum, inProgram)
}

func readRewardList(v value, minimum map[money.Currency]int64, file *amounts, of owner) []referral.RewardTerms {
	entries, ok := v.list("a list of rewards such as [" + exampleReward + "]")
	switch {
	case !ok:
		return nil
	case len(entries) == 0 && of == inTier:
		v.refuse("must list at least one reward; without the key, the program's rewards are granted")
	case len(entries) == 0:
		v.refuse("must list at least one reward: a program that rewards nobody has no effect")
	}
	l := &rewardList{owner: of, minimum: minimum, known: file == nil || file.sound}
	for _, entry := range entries {
		if o := entry.object(exampleReward); o != nil {
			l.read(o)
		}
	}
	return l.rewards
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

// read reads one reward, after those before it.
func (l *rewardList) read(o *object) {
	var reward referral.RewardTerms
	if to, ok := o.takeChoice("to", string(referral.Referrer), string(referral.Referee)); ok {
		reward.To = referral.Party(to)
	} else if !o.has("to") {
		o.refuse("to is missing: write to: referrer or to: referee")
	}
	fixed := o.takeAmounts("fixed", maxReward, "")
	reward.Percent = o.takePercent("percent")
	atMost := o.takeAmounts("at_most", maxReward, "a share is in the currency of the purchase: take the points out")
	reward.On = l.occasion(o)
	o.close()

	if fixed != nil {
		reward.Fixed = fixed.minor
	}
	if atMost != nil {
		reward.AtMost = atMost.minor
	}
	checkSorts(o)
	switch reward.On {
	case referral.OnPurchase:
		l.checkPurchase(fixed, atMost)
	case referral.OnSignUp:
		checkSignUp(o, fixed)
	}
	l.checkTwice(o, reward)
	l.rewards = append(l.rewards, reward)
}

// occasion reads what a reward is for, the purchase when it does not say; empty when it is refused.
func (l *rewardList) occasion(o *object) referral.Occasion {
	word, ok := o.takeChoice("on", string(referral.OnPurchase), string(referral.OnSignUp))
	switch {
	case !o.has("on"):
		return referral.OnPurchase
	case !ok:
		return ""
	case referral.Occasion(word) == referral.OnSignUp && l.owner == inTier:
		o.fields["on"].refuse("a tier's rewards are for a purchase: put a reward for the sign-up into the program's rewards")
		return ""
	}
	return referral.Occasion(word)
}

// checkSorts asks for exactly one sort of reward.
func checkSorts(o *object) {
	switch {
	case o.has("fixed") && o.has("percent"):
		o.fields["percent"].refuseKey("a reward is fixed or a share, not both: take one out, or write two rewards, the fixed one in points")
	case !o.has("fixed") && !o.has("percent"):
		o.refuse(`fixed or percent is missing: write fixed: %s or percent: "20"`, exampleAmounts)
	}
	if o.has("at_most") && !o.has("percent") {
		o.fields["at_most"].refuseKey("bounds a share, and there is none here: write percent, or take it out")
	}
}

// checkPurchase holds the currencies of a reward for a purchase against the minimum. Points alone stand for them all.
func (l *rewardList) checkPurchase(fixed, atMost *amounts) {
	if fixed != nil && len(fixed.entries) > 1 {
		if points, mixed := fixed.entries[money.Points]; mixed {
			points.refuseKey("points stand alone, for purchases in every currency: give them in a reward of their own")
			return
		}
	}
	for _, list := range []*amounts{fixed, atMost} {
		if list != nil && l.known && !list.points() {
			checkCurrencies(list, l.minimum)
		}
	}
}

func (a *amounts) points() bool {
	_, ok := a.entries[money.Points]
	return ok
}

// checkSignUp holds a reward for a sign-up to one amount: there is no purchase to choose a currency by, or to share.
func checkSignUp(o *object, fixed *amounts) {
	if o.has("percent") {
		o.fields["percent"].refuseKey("a sign-up has no purchase to take a share of: write fixed: %s", examplePoints)
	}
	if fixed != nil && fixed.sound && len(fixed.minor) != 1 {
		fixed.refuse("a sign-up has no currency to choose by: list exactly one, such as %s", examplePoints)
	}
}

// checkTwice refuses a second reward of one sort to one side for one occasion: nobody could say which was meant.
func (l *rewardList) checkTwice(o *object, reward referral.RewardTerms) {
	twin := func(r referral.RewardTerms) bool {
		return r.To == reward.To && r.On == reward.On && inPoints(r) == inPoints(reward)
	}
	if reward.To == "" || reward.On == "" || !slices.ContainsFunc(l.rewards, twin) {
		return
	}
	sort, occasion := "money", "purchase"
	if inPoints(reward) {
		sort = "points"
	}
	if reward.On == referral.OnSignUp {
		occasion = "sign-up"
	}
	o.fields["to"].refuse("the %s already has a reward in %s for the %s above: make one of them", reward.To, sort, occasion)
}

func inPoints(r referral.RewardTerms) bool {
	_, ok := r.Fixed[money.Points]
	return ok
}

// checkCurrencies holds what a reward lists against the minimum: whoever qualifies must get something, and a promise in
// a currency that never qualifies would be an empty one.
func checkCurrencies(list *amounts, minimum map[money.Currency]int64) {
	for _, c := range currencies(list.minor) {
		if _, ok := minimum[c]; !ok {
			list.entries[c].refuseKey("has no effect, for qualify.minimum does not list %s: add it there or take it out here", c)
		}
	}
	if !list.sound {
		return
	}
	for _, c := range currencies(minimum) {
		if _, ok := list.minor[c]; !ok {
			list.refuseKey("lists nothing in %s, in which qualify.minimum lets purchases qualify: add it", c)
		}
	}
}
