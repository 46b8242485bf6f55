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
		"a part of a second":  func(t *referral.Terms) { t.Hold = 1500 * time.Millisecond },
		"a negative duration": func(t *referral.Terms) { t.Qualify.Grace = -time.Hour },
		"no window":           func(t *referral.Terms) { t.Qualify.Within = 0 },
		"no rewards":          func(t *referral.Terms) { t.Rewards = nil },
		"no minimum":          func(t *referral.Terms) { t.Qualify.Minimum = nil },
		"an unknown currency": func(t *referral.Terms) { t.Qualify.Minimum["xyz"] = 5 },
		"a negative amount":   func(t *referral.Terms) { t.Rewards[0].Fixed["usd"] = -5 },
		"no policy":           func(t *referral.Terms) { t.Refunds = "" },
		"no program":          func(t *referral.Terms) { t.Program = "" },
		"no party":            func(t *referral.Terms) { t.Rewards[0].To = "" },
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

// drawTerms makes any terms that a program can have.
func drawTerms(t *rapid.T) referral.Terms {
	seconds := func(low int, label string) time.Duration {
		return time.Duration(rapid.IntRange(low, 3650*24*60*60).Draw(t, label)) * time.Second
	}
	listed := rapid.SliceOfNDistinct(rapid.SampledFrom([]money.Currency{"usd", "eur", "gbp", "jpy", "krw", "kwd", "isk", "all"}),
		1, 8, rapid.ID[money.Currency]).Draw(t, "currencies")
	amounts := func(high int64, label string) map[money.Currency]int64 {
		m := map[money.Currency]int64{}
		for _, c := range listed {
			m[c] = rapid.Int64Range(1, high).Draw(t, label)
		}
		return m
	}
	terms := referral.Terms{
		Program: "default",
		Codes: referral.CodeTerms{
			Length:  rapid.IntRange(6, 32).Draw(t, "length"),
			MaxUses: rapid.IntRange(0, 1_000_000_000).Draw(t, "max_uses"),
		},
		Qualify: referral.QualifyTerms{
			Minimum: amounts(1<<63-1, "minimum"), Within: seconds(1, "within"), Grace: seconds(0, "grace"),
		},
		Hold: seconds(0, "hold"),
		Refunds: rapid.SampledFrom([]referral.RefundPolicy{
			referral.RefundAny, referral.RefundBelowMinimum, referral.RefundFull,
		}).Draw(t, "refunds"),
	}
	parties := rapid.Permutation([]referral.Party{referral.Referrer, referral.Referee}).Draw(t, "parties")
	for _, party := range parties[:rapid.IntRange(1, 2).Draw(t, "sides")] {
		terms.Rewards = append(terms.Rewards, referral.RewardTerms{To: party, Fixed: amounts(1_000_000_000_000, "reward")})
	}
	return terms
}
