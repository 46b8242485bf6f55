package program_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

const (
	maxReward = 1_000_000_000_000
	maxCount  = 1_000_000_000
)

// drawTerms makes any terms that a program can have.
func drawTerms(t *rapid.T) referral.Terms {
	listed := rapid.SliceOfNDistinct(rapid.SampledFrom([]money.Currency{"usd", "eur", "gbp", "jpy", "krw", "kwd", "isk", "ugx", "all", "try"}),
		1, 10, rapid.ID[money.Currency]).Draw(t, "currencies")
	terms := referral.Terms{
		Program: drawName(t),
		Codes: referral.CodeTerms{
			Length:  rapid.IntRange(6, 32).Draw(t, "length"),
			MaxUses: rapid.IntRange(0, maxCount).Draw(t, "max_uses"),
		},
		Qualify: referral.QualifyTerms{
			Purchase: rapid.SampledFrom([]referral.PurchaseMode{referral.FirstAtMinimum, referral.First}).Draw(t, "purchase"),
			Minimum:  drawAmounts(t, listed, 1<<63-1, "minimum"), Within: drawSeconds(t, 1, "within"), Grace: drawSeconds(t, 0, "grace"),
			VerifiedEmail: rapid.Bool().Draw(t, "verified_email"),
		},
		Hold: drawSeconds(t, 0, "hold"),
		Refunds: rapid.SampledFrom([]referral.RefundPolicy{
			referral.RefundAny, referral.RefundBelowMinimum, referral.RefundFull,
		}).Draw(t, "refunds"),
		Rewards: drawRewards(t, listed, true), Tiers: drawTiers(t, listed), Badges: drawRising(t, 0, "badges"),
		CreditPurchases: rapid.Bool().Draw(t, "credit_purchases"), Fraud: drawFraud(t),
		Links: referral.LinkTerms{Remember: drawSeconds(t, 0, "remember")},
	}
	if terms.Qualify.Purchase == referral.FirstAtMinimum {
		terms.Qualify.Requalify = rapid.Bool().Draw(t, "requalify")
	}
	return terms
}

// drawName makes names, among them those that YAML takes for something else.
func drawName(t *rapid.T) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"default", "true", "null", "no", "5", "-1", "1e3", "0x10", "0o7", "010", "1_000", "-", "--", "---", "2026-01-01", "nan", "_",
		}),
		rapid.StringMatching(`[a-z0-9_-]{1,40}`),
	).Draw(t, "name")
}

// drawTierName makes what people may be shown, among it what has a meaning in YAML.
func drawTierName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"Gold", "true", "~", "1", "a: b", "# x", "a #b", `"`, `\`, `\"`, `'`, "{a", "[", "- a", "&a", "*a", "!a", "%a", "@a", "|", ">", "?", "a  b",
			"Förderer", "金", "🥇", "\ufffd", "%d", "<<", "---", "...", strings.Repeat("é", 40),
		}),
		rapid.StringOfN(rapid.RuneFrom([]rune("abz AZ09#:{}[],&*!|>'\"%@`\\-?~é金🥇")), 1, 40, -1).Filter(func(s string) bool {
			return strings.TrimSpace(s) == s
		}),
	)
}

func drawSeconds(t *rapid.T, low int, label string) time.Duration {
	return time.Duration(rapid.IntRange(low, 3650*24*60*60).Draw(t, label)) * time.Second
}

// drawAmounts makes an amount in each currency, in its steps.
func drawAmounts(t *rapid.T, listed []money.Currency, high int64, label string) map[money.Currency]int64 {
	m := map[money.Currency]int64{}
	for _, c := range listed {
		m[c] = rapid.Int64Range(1, high/c.Step()).Draw(t, label) * c.Step()
	}
	return m
}

// drawRewards makes a list of one reward at least: each of the sorts that may stand side by side, or not.
func drawRewards(t *rapid.T, listed []money.Currency, signUps bool) []referral.RewardTerms {
	points := []money.Currency{money.Points}
	var all []referral.RewardTerms
	for _, to := range []referral.Party{referral.Referrer, referral.Referee} {
		purchase := referral.RewardTerms{To: to, On: referral.OnPurchase}
		share, fixed, inPoints := purchase, purchase, purchase
		fixed.Fixed = drawAmounts(t, listed, maxReward, "fixed")
		inPoints.Fixed = drawAmounts(t, points, maxReward, "points")
		share.Percent = rapid.Int64Range(1, 1_000_000).Draw(t, "percent")
		if rapid.Bool().Draw(t, "bounded") {
			share.AtMost = drawAmounts(t, listed, maxReward, "at_most")
		}
		all = append(all, rapid.SampledFrom([]referral.RewardTerms{share, fixed}).Draw(t, "in money"), inPoints)
		if signUps {
			paid := rapid.SampledFrom([]money.Currency{"usd", "jpy", "kwd", "isk"}).Draw(t, "sign-up currency")
			for _, c := range []money.Currency{paid, money.Points} {
				all = append(all, referral.RewardTerms{To: to, On: referral.OnSignUp, Fixed: drawAmounts(t, []money.Currency{c}, maxReward, "sign-up")})
			}
		}
	}
	all = rapid.Permutation(all).Draw(t, "rewards")
	return all[:rapid.IntRange(1, len(all)).Draw(t, "rewards kept")]
}

func drawTiers(t *rapid.T, listed []money.Currency) []referral.Tier {
	var tiers []referral.Tier
	names := rapid.SliceOfNDistinct(drawTierName(), 0, 20, rapid.ID[string]).Draw(t, "tier names")
	from := drawRising(t, len(names), "tiers")
	for i, name := range names {
		tier := referral.Tier{Name: name, From: from[i]}
		if i == 0 {
			tier.From = 1
		}
		if rapid.Bool().Draw(t, "own rewards") {
			tier.Rewards = drawRewards(t, listed, false)
		}
		tiers = append(tiers, tier)
	}
	return tiers
}

// drawRising makes rising whole numbers, at least so many, or nil.
func drawRising(t *rapid.T, least int, label string) []int {
	numbers := rapid.SliceOfNDistinct(rapid.IntRange(1, maxCount), least, max(least, 100), rapid.ID[int]).Draw(t, label)
	if len(numbers) == 0 {
		return nil
	}
	slices.Sort(numbers)
	return numbers
}

func drawFraud(t *rapid.T) referral.FraudTerms {
	action := func(label string) referral.Action {
		return rapid.SampledFrom([]referral.Action{"", referral.Flag, referral.Review, referral.Cancel}).Draw(t, label)
	}
	f := referral.FraudTerms{
		SameCard: action("same_card"), SameIP: action("same_ip"), SameDevice: action("same_device"), SameEmail: action("same_email"),
		DisposableEmail: action("disposable_email"),
	}
	if then := action("signups_per_ip"); then != "" {
		f.SignUpsPerIP = referral.SignUpsPerIP{Max: rapid.IntRange(1, maxCount).Draw(t, "max"), Per: drawSeconds(t, 1, "per"), Then: then}
	}
	return f
}

// largest are the terms with the longest text: every tier rewards both sides in every currency and in points.
func largest() referral.Terms {
	every := map[money.Currency]int64{}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for c := 'a'; c <= 'z'; c++ {
				if currency := money.Currency(string([]rune{a, b, c})); currency.Paid() {
					every[currency] = currency.Step()
				}
			}
		}
	}
	var purchase, signUp []referral.RewardTerms
	for _, to := range []referral.Party{referral.Referrer, referral.Referee} {
		points := map[money.Currency]int64{money.Points: 1}
		purchase = append(purchase,
			referral.RewardTerms{To: to, On: referral.OnPurchase, Percent: 1, AtMost: every},
			referral.RewardTerms{To: to, On: referral.OnPurchase, Fixed: points})
		signUp = append(signUp,
			referral.RewardTerms{To: to, On: referral.OnSignUp, Fixed: map[money.Currency]int64{"usd": 1}},
			referral.RewardTerms{To: to, On: referral.OnSignUp, Fixed: points})
	}
	terms := standard()
	terms.Qualify.Minimum, terms.Rewards = every, slices.Concat(purchase, signUp)
	for i := range 20 {
		terms.Tiers = append(terms.Tiers, referral.Tier{Name: fmt.Sprintf("Tier %d", i), From: i + 1, Rewards: purchase})
	}
	for i := range 100 {
		terms.Badges = append(terms.Badges, i+1)
	}
	terms.Fraud = referral.FraudTerms{
		SameCard: "flag", SameIP: "flag", SameDevice: "flag", SameEmail: "flag", DisposableEmail: "flag",
		SignUpsPerIP: referral.SignUpsPerIP{Max: 1, Per: time.Second, Then: "flag"},
	}
	return terms
}
