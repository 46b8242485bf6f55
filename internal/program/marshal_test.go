package program_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/referral"
)

// TestMarshalRoundTrip holds that whatever terms a program can have, they are written so that they are read the same.
func TestMarshalRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawTerms(t)
		text := program.Marshal(want)
		got, err := program.Parse("p.yaml", text)
		if err != nil {
			t.Fatalf("what Marshal wrote is refused: %v\n%s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%s", diff, text)
		}
		if again := program.Marshal(got); string(again) != string(text) {
			t.Fatalf("equal terms, other bytes:\n%s\n%s", text, again)
		}
	})
}

// TestMarshalIsLoud holds that terms which no file can say are not written as others.
func TestMarshalIsLoud(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*referral.Terms){
		"a part of a second":                    func(t *referral.Terms) { t.Hold = 1500 * time.Millisecond },
		"a negative duration":                   func(t *referral.Terms) { t.Qualify.Grace = -time.Hour },
		"a link remembered backwards":           func(t *referral.Terms) { t.Links.Remember = -time.Hour },
		"no window":                             func(t *referral.Terms) { t.Qualify.Within = 0 },
		"no rewards":                            func(t *referral.Terms) { t.Rewards = nil },
		"no minimum":                            func(t *referral.Terms) { t.Qualify.Minimum = nil },
		"an unknown currency":                   func(t *referral.Terms) { t.Qualify.Minimum["xyz"] = 5 },
		"a negative amount":                     func(t *referral.Terms) { t.Rewards[0].Fixed["usd"] = -5 },
		"no policy":                             func(t *referral.Terms) { t.Refunds = "" },
		"no program":                            func(t *referral.Terms) { t.Program = "" },
		"no party":                              func(t *referral.Terms) { t.Rewards[0].To = "" },
		"no occasion":                           func(t *referral.Terms) { t.Rewards[0].On = "" },
		"no mode":                               func(t *referral.Terms) { t.Qualify.Purchase = "" },
		"another mode":                          func(t *referral.Terms) { t.Qualify.Purchase = "last" },
		"a name to escape":                      func(t *referral.Terms) { t.Program = "a\"\nhold: 1d" },
		"requalifying first":                    func(t *referral.Terms) { t.Qualify.Purchase, t.Qualify.Requalify = referral.First, true },
		"no reward":                             func(t *referral.Terms) { t.Rewards[0].Fixed = nil },
		"no amounts":                            func(t *referral.Terms) { clear(t.Rewards[0].Fixed) },
		"two sorts":                             func(t *referral.Terms) { t.Rewards[0].Percent = 1 },
		"a negative share":                      func(t *referral.Terms) { t.Rewards[0].Fixed, t.Rewards[0].Percent = nil, -200_000 },
		"a share below nothing, beside amounts": func(t *referral.Terms) { t.Rewards[0].Percent = -1 },
		"a share beside no amounts":             func(t *referral.Terms) { clear(t.Rewards[0].Fixed); t.Rewards[0].Percent = 1 },
		"the least of shares":                   func(t *referral.Terms) { t.Rewards[0].Fixed, t.Rewards[0].Percent = nil, -1<<63 },
		"a share of too much":                   func(t *referral.Terms) { t.Rewards[0].Fixed, t.Rewards[0].Percent = nil, 1_000_001 },
		"the most of shares":                    func(t *referral.Terms) { t.Rewards[0].Fixed, t.Rewards[0].Percent = nil, 1<<63-1 },
		"a bound alone":                         func(t *referral.Terms) { t.Rewards[0].AtMost = t.Rewards[0].Fixed },
		"an empty bound": func(t *referral.Terms) {
			t.Rewards[0] = referral.RewardTerms{To: referral.Referrer, On: referral.OnPurchase, Percent: 1, AtMost: map[money.Currency]int64{}}
		},
		"between the steps": func(t *referral.Terms) {
			t.Qualify.Minimum["isk"], t.Rewards[0].Fixed["isk"], t.Rewards[1].Fixed["isk"] = 150, 100, 100
		},
		"a tier without rewards": func(t *referral.Terms) {
			t.Tiers = []referral.Tier{{Name: "A", From: 1, Rewards: []referral.RewardTerms{}}}
		},
		"a tier without a name": func(t *referral.Terms) { t.Tiers = []referral.Tier{{From: 1}} },
		"a tier that ends":      func(t *referral.Terms) { t.Tiers = []referral.Tier{{Name: "A\n", From: 1}} },
		"a tier of bad bytes":   func(t *referral.Terms) { t.Tiers = []referral.Tier{{Name: "A\xff", From: 1}} },
		"a tier from nowhere":   func(t *referral.Terms) { t.Tiers = []referral.Tier{{Name: "A"}} },
		"badges that fall":      func(t *referral.Terms) { t.Badges = []int{2, 1} },
		"a badge for nothing":   func(t *referral.Terms) { t.Badges = []int{0} },
		"another action":        func(t *referral.Terms) { t.Fraud.SameCard = "block" },
		"a maximum alone":       func(t *referral.Terms) { t.Fraud.SignUpsPerIP.Max = 5 },
		"an action alone":       func(t *referral.Terms) { t.Fraud.SignUpsPerIP.Then = referral.Flag },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terms := standard()
			change(&terms)
			if got, err := program.Parse("p.yaml", program.Marshal(terms)); err == nil {
				t.Errorf("read back as %+v", got)
			}
		})
	}
}

func TestMarshalDurations(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s":        0,
		"1s":        time.Second,
		"45s":       45 * time.Second,
		"30m":       30 * time.Minute,
		"1h":        time.Hour,
		"1d":        24 * time.Hour,
		"1d12h":     36 * time.Hour,
		"90d":       90 * 24 * time.Hour,
		"1d1s":      24*time.Hour + time.Second,
		"1d1h1m1s":  25*time.Hour + time.Minute + time.Second,
		"364d23h1m": 365*24*time.Hour - 59*time.Minute,
	} {
		terms := standard()
		terms.Hold = d
		if text := string(program.Marshal(terms)); !strings.Contains(text, "\nhold: "+want+"\n") {
			t.Errorf("%v is not written as %s:\n%s", d, want, text)
		}
	}
}
