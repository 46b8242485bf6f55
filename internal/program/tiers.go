package program

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plusone-dev/plusone/internal/referral"
)

const (
	maxTiers  = 20
	maxBadges = 100

	// maxCount is the most that anything is counted to.
	maxCount = 1_000_000_000

	exampleTier = "{name: Silver, from: 10}"
)

// readTiers reads the ranks of referrers. Nothing after the key, or an empty list, is none.
func readTiers(o *object, t *referral.Terms, minimum *amounts) {
	v, entries := o.takeList("tiers", "a list of tiers such as [{name: Bronze, from: 1}, "+exampleTier+"]")
	if len(entries) > maxTiers {
		v.refuse("must list at most %d tiers, not %d", maxTiers, len(entries))
		return
	}
	for _, entry := range entries {
		if o := entry.object(exampleTier); o != nil {
			t.Tiers = append(t.Tiers, readTier(o, t, minimum))
		}
	}
}

// readTier reads one tier, after those below it.
func readTier(o *object, t *referral.Terms, minimum *amounts) (tier referral.Tier) {
	below := t.Tiers
	if v, ok := o.take("name"); ok {
		tier.Name = tierName(v, below)
	} else {
		o.refuse("name is missing: write name: Silver")
	}
	if v, ok := o.take("from"); ok {
		if n, ok := v.number(1, maxCount); ok {
			tier.From = n
			checkFrom(v, n, below)
		}
	} else {
		o.refuse("from is missing: write the number of the referral that the tier begins with")
	}
	if v, ok := o.take("rewards"); ok {
		tier.Rewards = readRewardList(v, t.Qualify.Minimum, minimum, inTier)
	}
	o.close()
	return tier
}

// tierName reads what people are shown.
func tierName(v value, below []referral.Tier) string {
	name, ok := v.word("a name such as Silver")
	switch {
	case !ok:
	case !presentable(name):
		v.refuse("must be 1 to 40 characters that can be seen, without a blank before or after them")
	case slices.ContainsFunc(below, func(t referral.Tier) bool { return t.Name == name }):
		v.refuse("a tier above is named %s already: write another name", shown(name))
	}
	return name
}

func presentable(name string) bool {
	unseen := func(c rune) bool { return !unicode.IsPrint(c) }
	n := utf8.RuneCountInString(name)
	return n >= 1 && n <= 40 && strings.TrimSpace(name) == name && !strings.ContainsFunc(name, unseen)
}

// checkFrom holds a tier against the one below it. A tier that was refused is no measure.
func checkFrom(v value, from int, below []referral.Tier) {
	if len(below) == 0 {
		if from != 1 {
			v.refuse("must be 1: the first tier begins with the first referral")
		}
		return
	}
	if last := below[len(below)-1].From; from <= last {
		v.refuse("must be more than %d, where the tier above begins", last)
	}
}

// readBadges reads how many referrals earn a badge each. Nothing after the key, or an empty list, is none.
func readBadges(o *object, t *referral.Terms) {
	v, entries := o.takeList("badges", "a list of whole numbers such as [10, 50, 100]")
	if len(entries) > maxBadges {
		v.refuse("must list at most %d badges, not %d", maxBadges, len(entries))
		return
	}
	last := 0
	for _, entry := range entries {
		n, ok := entry.number(1, maxCount)
		if ok && n <= last {
			entry.refuse("must be more than %d, the badge before it: write them in rising order", last)
		}
		last = max(last, n)
		t.Badges = append(t.Badges, n)
	}
}
