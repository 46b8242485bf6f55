package program_test

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/lexer"
	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// everything is a program with each key there is.
const everything = `name: summer-2026
codes: {length: 10, max_uses: 0}
qualify:
  purchase: first_at_minimum
  minimum: {usd: "20.00", jpy: "3000", kwd: "6.500"}
  within: 30d
  grace: 2h
  verified_email: true
  requalify: true
hold: 14d
refunds: any
rewards:
  - {to: referrer, percent: "12.5", at_most: {usd: "50.00", jpy: "7000", kwd: "15"}}
  - {to: referrer, fixed: {points: "10"}, on: signup}
  - {to: referee, fixed: {usd: "5.00", jpy: "700", kwd: "1.500"}, on: purchase}
  - {to: referee, fixed: {points: "3"}}
tiers:
  - {name: Bronze, from: 1}
  - name: "Gold: the best"
    from: 50
    rewards:
      - {to: referrer, percent: "20"}
badges: [10, 50, 100]
credit_purchases: true
links: {remember: 1d12h}
fraud:
  same_card: review
  same_ip: flag
  same_device: cancel
  same_email: review
  disposable_email: flag
  signups_per_ip: {max: 5, per: 1m, then: review}
`

func TestParseEverything(t *testing.T) {
	t.Parallel()
	want := referral.Terms{
		Program: "summer-2026",
		Codes:   referral.CodeTerms{Length: 10},
		Qualify: referral.QualifyTerms{
			Purchase: referral.FirstAtMinimum, Minimum: map[money.Currency]int64{"usd": 2000, "jpy": 3000, "kwd": 6500},
			Within: 30 * 24 * time.Hour, Grace: 2 * time.Hour, VerifiedEmail: true, Requalify: true,
		},
		Hold:    14 * 24 * time.Hour,
		Refunds: referral.RefundAny,
		Rewards: []referral.RewardTerms{
			{
				To: referral.Referrer, On: referral.OnPurchase, Percent: 125_000,
				AtMost: map[money.Currency]int64{"usd": 5000, "jpy": 7000, "kwd": 15_000},
			},
			{To: referral.Referrer, On: referral.OnSignUp, Fixed: map[money.Currency]int64{money.Points: 10}},
			{To: referral.Referee, On: referral.OnPurchase, Fixed: map[money.Currency]int64{"usd": 500, "jpy": 700, "kwd": 1500}},
			{To: referral.Referee, On: referral.OnPurchase, Fixed: map[money.Currency]int64{money.Points: 3}},
		},
		Tiers: []referral.Tier{
			{Name: "Bronze", From: 1},
			{Name: "Gold: the best", From: 50, Rewards: []referral.RewardTerms{{To: referral.Referrer, On: referral.OnPurchase, Percent: 200_000}}},
		},
		Badges: []int{10, 50, 100}, CreditPurchases: true, Links: referral.LinkTerms{Remember: 36 * time.Hour},
		Fraud: referral.FraudTerms{
			SameCard: referral.Review, SameIP: referral.Flag, SameDevice: referral.Cancel, SameEmail: referral.Review,
			DisposableEmail: referral.Flag, SignUpsPerIP: referral.SignUpsPerIP{Max: 5, Per: time.Minute, Then: referral.Review},
		},
	}
	if diff := cmp.Diff(want, mustParse(t, everything)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseTerms(t *testing.T) {
	t.Parallel()
	toReferrer := func(r referral.RewardTerms) []referral.RewardTerms {
		r.To = referral.Referrer
		return []referral.RewardTerms{r}
	}
	for name, c := range map[string]struct {
		source string
		change func(*referral.Terms)
	}{
		"another name":              {"name: summer_2026-a", func(t *referral.Terms) { t.Program = "summer_2026-a" }},
		"the longest name":          {"name: " + strings.Repeat("a", 40), func(t *referral.Terms) { t.Program = strings.Repeat("a", 40) }},
		"a name of digits":          {`name: "5"`, func(t *referral.Terms) { t.Program = "5" }},
		"the first purchase":        {"qualify: {purchase: first}", func(t *referral.Terms) { t.Qualify.Purchase = referral.First }},
		"the first, not again":      {"qualify: {requalify: false, purchase: first}", func(t *referral.Terms) { t.Qualify.Purchase = referral.First }},
		"verified e-mail":           {"qualify: {verified_email: true}", func(t *referral.Terms) { t.Qualify.VerifiedEmail = true }},
		"requalify":                 {"qualify: {requalify: true}", func(t *referral.Terms) { t.Qualify.Requalify = true }},
		"credited purchases":        {"credit_purchases: true", func(t *referral.Terms) { t.CreditPurchases = true }},
		"links not remembered":      {"links: {remember: 0s}", func(t *referral.Terms) { t.Links.Remember = 0 }},
		"nothing said of links":     {"links: {}", func(*referral.Terms) {}},
		"badges, one under another": {"badges:\n- 1\n- 1000000000\n", func(t *referral.Terms) { t.Badges = []int{1, 1_000_000_000} }},
		"one tier":                  {"tiers: [{from: 1, name: 'A'}]", func(t *referral.Terms) { t.Tiers = []referral.Tier{{Name: "A", From: 1}} }},
		"one signal":                {"fraud: {same_email: cancel}", func(t *referral.Terms) { t.Fraud.SameEmail = referral.Cancel }},
		"the least share": {`rewards: [{to: referrer, percent: "0.0001"}]`, func(t *referral.Terms) {
			t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnPurchase, Percent: 1})
		}},
		"the whole share": {`rewards: [{to: referrer, percent: '100.0000'}]`, func(t *referral.Terms) {
			t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnPurchase, Percent: 1_000_000})
		}},
		"a share with a nought before it": {`rewards: [{to: referrer, percent: "07.5"}]`, func(t *referral.Terms) {
			t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnPurchase, Percent: 75_000})
		}},
		"points for every currency": {`rewards: [{to: referrer, fixed: {points: "10"}}]`, func(t *referral.Terms) {
			t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnPurchase, Fixed: map[money.Currency]int64{money.Points: 10}})
		}},
		"a sign-up, in a currency of its own": {`rewards: [{to: referrer, fixed: {jpy: "500"}, on: signup}]`, func(t *referral.Terms) {
			t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnSignUp, Fixed: map[money.Currency]int64{"jpy": 500}})
		}},
		"multiples of the steps": {
			`{qualify: {minimum: {isk: "100", kwd: "0.01"}}, rewards: [{to: referrer, fixed: {isk: "1.00", kwd: "0.010"}}]}`,
			func(t *referral.Terms) {
				t.Qualify.Minimum = map[money.Currency]int64{"isk": 10_000, "kwd": 10}
				t.Rewards = toReferrer(referral.RewardTerms{On: referral.OnPurchase, Fixed: map[money.Currency]int64{"isk": 100, "kwd": 10}})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := standard()
			c.change(&want)
			if diff := cmp.Diff(want, mustParse(t, c.source)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestLargest holds that every program that can be is short enough to be read once it is written out.
func TestLargest(t *testing.T) {
	t.Parallel()
	want := largest()
	text := program.Marshal(want)
	if diff := cmp.Diff(want, mustParse(t, string(text))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if count := len(lexer.Tokenize(string(text))); count < 24_000 || count > 28_000 {
		t.Errorf("it has %d tokens, and the limit was set for about 26,000", count)
	}
}
