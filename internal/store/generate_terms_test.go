package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
)

// secondProgram is the other one, where there are several.
const secondProgram = "partners"

// drawPrograms draws the terms of each program, in one version or two: the second begins among the sign-ups.
func drawPrograms(t *rapid.T, some features) map[string][]model.Version {
	all := make(map[string][]model.Version)
	names := []string{model.DefaultProgram}
	if some.has(programs) {
		names = append(names, secondProgram)
	}
	maxUses := 0
	if !some.has(erasure) { // whoever is gone can not be asked which place they had
		maxUses = rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(t, "maxUses")
	}
	for _, name := range names {
		versions := []model.Version{{From: longAgo, Terms: drawTerms(t, some)}}
		if rapid.IntRange(0, 3).Draw(t, "changed") == 0 {
			from := rapid.SampledFrom([]time.Time{noon.Add(-30 * time.Minute), noon}).Draw(t, "from")
			versions = append(versions, model.Version{From: from, Terms: drawTerms(t, some)})
		}
		for i := range versions {
			versions[i].MaxUses = maxUses
		}
		all[name] = versions
	}
	return all
}

// longAgo is older than every sign-up of the tests.
var longAgo = noon.Add(-1000 * day)

func drawTerms(t *rapid.T, some features) model.Terms {
	sometimes := func(f feature) bool { return some.has(f) && rapid.Bool().Draw(t, string(f)+" counts") }
	terms := model.Terms{
		Minimum: map[money.Currency]int64{"usd": 1000, "eur": 1000, "jpy": 1000, "kwd": 3000, "isk": 100_000},
		Within:  90 * day, Grace: time.Hour,
		Hold:          rapid.SampledFrom([]time.Duration{0, 0, 30 * day}).Draw(t, "hold"),
		Refunds:       rapid.SampledFrom([]string{"any", "below_minimum", "full"}).Draw(t, "refunds"),
		First:         sometimes(firstOnly),
		VerifiedEmail: sometimes(verified), CreditPurchases: sometimes(crediting),
	}
	terms.Requalify = !terms.First && sometimes(requalify)
	terms.Rewards = drawRewards(t, some)
	if sometimes(forSignUps) {
		terms.Rewards = append(terms.Rewards, drawSignUpRewards(t, some)...)
	}
	if sometimes(tiers) && !some.has(erasure) {
		terms.Tiers = []model.Tier{{Name: "Bronze", From: 1}, {Name: "Silver", From: 2, Rewards: drawRewards(t, some)}, {Name: "Gold", From: 3}}
	}
	terms.Fraud = drawFraud(t, some)
	terms.PerIPMax, terms.PerIPWithin = 1, rapid.SampledFrom([]time.Duration{time.Hour, 3 * day}).Draw(t, "perIP")
	return terms
}

func drawRewards(t *rapid.T, some features) (rewards []model.Promise) {
	for _, to := range rapid.SampledFrom([][]string{{"referrer", "referee"}, {"referrer", "referee"}, {"referrer"}}).Draw(t, "sides") {
		r := model.Promise{To: to}
		kinds := []string{"fixed"}
		if some.has(percent) {
			kinds = append(kinds, "percent", "percent")
		}
		if some.has(points) {
			kinds = append(kinds, "points")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "reward") {
		case "fixed":
			n := int64(1 + len(rewards))
			r.Fixed = map[money.Currency]int64{"usd": 1000 / n, "eur": 900 / n, "jpy": 800 / n, "kwd": 3000 / n, "isk": 100_000 / n}
		case "points":
			r.Fixed = map[money.Currency]int64{money.Points: 10}
		case "percent":
			r.Millionths = rapid.SampledFrom([]int64{200_000, 333_333, 1, 1_000_000}).Draw(t, "millionths")
			if rapid.Bool().Draw(t, "bounded") {
				r.AtMost = map[money.Currency]int64{"usd": 150, "eur": 1_000_000, "jpy": 250, "kwd": 1230, "isk": 12_300}
			}
		}
		rewards = append(rewards, r)
	}
	return rewards
}

func drawSignUpRewards(t *rapid.T, some features) (rewards []model.Promise) {
	for _, to := range rapid.SampledFrom([][]string{{"referrer", "referee"}, {"referrer"}, {"referee"}}).Draw(t, "signUpSides") {
		fixed := map[money.Currency]int64{"eur": 50}
		if some.has(points) {
			fixed = rapid.SampledFrom([]map[money.Currency]int64{fixed, {money.Points: 3}}).Draw(t, "signUpReward")
		}
		rewards = append(rewards, model.Promise{To: to, SignUp: true, Fixed: fixed})
	}
	return rewards
}

func drawFraud(t *rapid.T, some features) map[string]string {
	var rules []string
	if some.has(cards) {
		rules = append(rules, "same_card")
	}
	if some.has(signals) {
		rules = append(rules, "same_ip", "same_device", "same_email", "disposable_email", "signups_per_ip")
	}
	fraud := make(map[string]string)
	for _, rule := range rules {
		if action := rapid.SampledFrom([]string{"", "flag", "review", "review", "cancel"}).Draw(t, rule); action != "" {
			fraud[rule] = action
		}
	}
	return fraud
}

// yamlOf writes terms as a business would.
func yamlOf(name string, t model.Terms) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("name: %s", name)
	line("codes: {max_uses: %d}", t.MaxUses)
	line("qualify:")
	if t.First {
		line("  purchase: first")
	}
	line("  minimum: %s", yamlAmounts(t.Minimum))
	line("  within: %ds", t.Within/time.Second)
	line("  grace: %ds", t.Grace/time.Second)
	line("  verified_email: %t", t.VerifiedEmail)
	if t.Requalify {
		line("  requalify: true")
	}
	line("hold: %ds", t.Hold/time.Second)
	line("refunds: %s", t.Refunds)
	line("rewards: %s", yamlRewards(t.Rewards))
	if len(t.Tiers) > 0 {
		line("tiers:")
	}
	for _, tier := range t.Tiers {
		if len(tier.Rewards) == 0 {
			line("  - {name: %s, from: %d}", tier.Name, tier.From)
		} else {
			line("  - {name: %s, from: %d, rewards: %s}", tier.Name, tier.From, yamlRewards(tier.Rewards))
		}
	}
	line("credit_purchases: %t", t.CreditPurchases)
	if len(t.Fraud) > 0 {
		line("fraud:")
	}
	for _, rule := range slices.Sorted(maps.Keys(t.Fraud)) {
		if rule == "signups_per_ip" {
			line("  %s: {max: %d, per: %ds, then: %s}", rule, t.PerIPMax, t.PerIPWithin/time.Second, t.Fraud[rule])
		} else {
			line("  %s: %s", rule, t.Fraud[rule])
		}
	}
	return out.String()
}

func yamlRewards(rewards []model.Promise) string {
	var all []string
	for _, r := range rewards {
		text := "{to: " + r.To
		if r.SignUp {
			text += ", on: signup"
		}
		if r.Millionths > 0 {
			text += `, percent: "` + strconv.FormatFloat(float64(r.Millionths)/10_000, 'f', -1, 64) + `"`
		} else {
			text += ", fixed: " + yamlAmounts(r.Fixed)
		}
		if r.AtMost != nil {
			text += ", at_most: " + yamlAmounts(r.AtMost)
		}
		all = append(all, text+"}")
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func yamlAmounts(amounts map[money.Currency]int64) string {
	var all []string
	for _, c := range slices.Sorted(maps.Keys(amounts)) {
		all = append(all, fmt.Sprintf("%s: %q", c, money.New(c, amounts[c]).Major()))
	}
	return "{" + strings.Join(all, ", ") + "}"
}
