package program_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// standard are the terms of the default program, as design.md says them.
func standard() referral.Terms {
	ten := func() map[money.Currency]int64 { return map[money.Currency]int64{"usd": 1000, "eur": 1000} }
	return referral.Terms{
		Program: "default",
		Codes:   referral.CodeTerms{Length: 8, MaxUses: 10},
		Qualify: referral.QualifyTerms{
			Purchase: referral.FirstAtMinimum, Minimum: ten(), Within: 90 * 24 * time.Hour, Grace: time.Hour,
		},
		Refunds: referral.RefundBelowMinimum,
		Rewards: []referral.RewardTerms{
			{To: referral.Referrer, On: referral.OnPurchase, Fixed: ten()},
			{To: referral.Referee, On: referral.OnPurchase, Fixed: ten()},
		},
		Links: referral.LinkTerms{Remember: 30 * 24 * time.Hour},
	}
}

func TestDefault(t *testing.T) {
	t.Parallel()
	terms := mustParse(t, string(program.Default()))
	if diff := cmp.Diff(standard(), terms); diff != "" {
		t.Errorf("the default program: (-want +got)\n%s", diff)
	}
	golden, err := os.ReadFile("testdata/default.golden.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), string(program.Marshal(terms))); diff != "" {
		t.Errorf("the default program, written out: (-want +got)\n%s", diff)
	}
}

// TestDefaultIsACopy holds that no caller can change the default of another.
func TestDefaultIsACopy(t *testing.T) {
	t.Parallel()
	program.Default()[0] = '!'
	terms := mustParse(t, "{}")
	terms.Qualify.Minimum["usd"] = 1
	terms.Rewards[0].Fixed["usd"] = 1
	if diff := cmp.Diff(standard(), mustParse(t, string(program.Default()))); diff != "" {
		t.Errorf("changed by a caller: (-want +got)\n%s", diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) map[money.Currency]int64 { return map[money.Currency]int64{"usd": minor} }
	for name, c := range map[string]struct {
		source string
		change func(*referral.Terms)
	}{
		"nothing said":                  {"{}", func(*referral.Terms) {}},
		"the name alone":                {"name: default", func(*referral.Terms) {}},
		"one document, begun and ended": {"---\nname: default\n...\n", func(*referral.Terms) {}},
		"the defaults, spelled out": {
			"qualify: {purchase: first_at_minimum, verified_email: false, requalify: false}\n" +
				"credit_purchases: false\ntiers: []\nbadges: []\nlinks: {remember: 30d}\nfraud: {}\n", func(*referral.Terms) {},
		},
		"keys whose values are commented out": {"tiers:\nbadges: ~\nfraud: null\n", func(*referral.Terms) {}},
		"part of a mapping":                   {"codes: {length: 12}", func(t *referral.Terms) { t.Codes.Length = 12 }},
		"the least codes":                     {"codes: {length: 6, max_uses: 0}", func(t *referral.Terms) { t.Codes = referral.CodeTerms{Length: 6} }},
		"the most codes": {
			"codes: {length: 32, max_uses: 1000000000}",
			func(t *referral.Terms) { t.Codes = referral.CodeTerms{Length: 32, MaxUses: 1_000_000_000} },
		},
		"the shortest times": {
			"qualify: {within: 1s, grace: 0s}\nhold: 0d\n",
			func(t *referral.Terms) { t.Qualify.Within, t.Qualify.Grace = time.Second, 0 },
		},
		"the longest times": {
			"qualify: {within: 3650d, grace: 87600h}\nhold: '3649d24h'\n",
			func(t *referral.Terms) {
				ten := 3650 * 24 * time.Hour
				t.Qualify.Within, t.Qualify.Grace, t.Hold = ten, ten, ten
			},
		},
		"any refund":        {"refunds: any", func(t *referral.Terms) { t.Refunds = referral.RefundAny }},
		"only full refunds": {"refunds: \"full\"", func(t *referral.Terms) { t.Refunds = referral.RefundFull }},
		"a smaller minimum, with the default rewards in its currency": {
			"qualify: {minimum: {usd: '5'}}",
			func(t *referral.Terms) {
				t.Qualify.Minimum = usd(500)
				t.Rewards[0].Fixed, t.Rewards[1].Fixed = usd(1000), usd(1000)
			},
		},
		"one side, the most": {
			"qualify:\n  minimum:\n    usd: \"92233720368547758.07\"\nrewards:\n- to: referee\n  fixed:\n    usd: \"10000000000\"\n",
			func(t *referral.Terms) {
				t.Qualify.Minimum = usd(1<<63 - 1)
				t.Rewards = []referral.RewardTerms{{To: referral.Referee, On: referral.OnPurchase, Fixed: usd(1_000_000_000_000)}}
			},
		},
		"currencies without decimals and with three": {
			"qualify: {minimum: {jpy: '1000', kwd: '1.5'}}\nrewards: [{to: referrer, fixed: {kwd: '0.250', jpy: '1'}}]",
			func(t *referral.Terms) {
				t.Qualify.Minimum = map[money.Currency]int64{"jpy": 1000, "kwd": 1500}
				t.Rewards = []referral.RewardTerms{{
					To: referral.Referrer, On: referral.OnPurchase, Fixed: map[money.Currency]int64{"jpy": 1, "kwd": 250},
				}}
			},
		},
		"Windows line ends and a byte order mark": {
			"\ufeffcodes:\r\n  length: 9\r\n# end\r\n", func(t *referral.Terms) { t.Codes.Length = 9 },
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

func mustParse(t *testing.T, source string) referral.Terms {
	t.Helper()
	terms, err := program.Parse("p.yaml", []byte(source))
	if err != nil {
		t.Fatalf("Parse(%q): %v", source, err)
	}
	return terms
}
