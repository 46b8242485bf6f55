package referral

import (
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

func TestAssessMinimum(t *testing.T) {
	t.Parallel()
	inUSD := Verdict{Status: Rewarded, Rewards: usdRewards}
	inJPY := Verdict{Status: Rewarded, Rewards: jpyRewards}
	pending := Verdict{Status: Pending, Due: closes.Add(time.Second)}
	later := during.Add(time.Second)
	check(t, []assessed{
		{name: "exactly the minimum", history: plainHistory(bought("a", "usd", 1000, during)), want: inUSD, key: "a"},
		{name: "one unit less", history: plainHistory(bought("a", "usd", 999, during)), want: pending},
		{name: "two that meet it together", history: plainHistory(bought("a", "usd", 500, during), bought("b", "usd", 500, later)), want: pending},
		{name: "a smaller one is passed over", history: plainHistory(bought("a", "usd", 999, during), bought("b", "usd", 1000, later)), want: inUSD, key: "b"},
		{name: "a currency that is not listed", history: plainHistory(bought("a", "eur", 1_000_000, during)), want: pending},
		{name: "a currency nobody knows", history: plainHistory(bought("a", "xyz", 1_000_000, during)), want: pending},
		{
			name: "a currency nobody knows, though it is listed", history: plainHistory(bought("a", "xyz", 1_000_000, during)),
			terms: func(t *Terms) { t.Qualify.Minimum["xyz"] = 1 }, want: pending,
		},
		{
			name: "a minimum of nothing lists nothing", history: plainHistory(refunded(bought("a", "eur", 5000, during), 5000)),
			terms: func(t *Terms) { t.Qualify.Minimum["eur"] = 0 }, want: pending,
		},
		{
			name: "a minimum of one unit", history: plainHistory(bought("a", "usd", 1, during)),
			terms: func(t *Terms) { t.Qualify.Minimum["usd"] = 1 }, want: inUSD, key: "a",
		},
		{name: "an amount of nothing", history: plainHistory(bought("a", "usd", 0, during)), want: pending},
		{name: "a negative amount", history: plainHistory(bought("a", "usd", -1000, during)), want: pending},
		{name: "another currency with a minimum of its own", history: plainHistory(bought("a", "jpy", 500, during)), want: inJPY, key: "a"},
		{name: "another currency, one unit less", history: plainHistory(bought("a", "jpy", 499, during)), want: pending},
		{
			name:    "of several currencies the earliest that qualifies",
			history: plainHistory(bought("a", "usd", 1000, later), bought("b", "jpy", 500, during), bought("c", "eur", 9000, opens)),
			want:    inJPY, key: "b",
		},
		{
			name:    "in one second the smaller key, of several currencies",
			history: plainHistory(bought("b", "usd", 1000, during), bought("a", "jpy", 500, during)), want: inJPY, key: "a",
		},
		{
			name:    "in one second the smaller key, which is not the larger amount",
			history: plainHistory(bought("b", "usd", 9000, during), bought("a", "usd", 1000, during)), want: inUSD, key: "a",
		},
	})
}

// What is missing is said in words that the API shows.
func TestAssessSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		purchases []Purchase
		want      string
	}{
		"nothing bought":                {nil, "no purchase yet, at least 10.00 usd or 500 jpy is needed"},
		"too little":                    {[]Purchase{bought("a", "usd", 999, during)}, "paid 9.99 usd, at least 10.00 usd is needed"},
		"a currency not listed":         {[]Purchase{bought("a", "eur", 999, during)}, "paid 9.99 eur, a currency that does not qualify: at least 10.00 usd or 500 jpy is needed"},
		"a currency nobody knows":       {[]Purchase{bought("a", "xyz", 999, during)}, `paid in "xyz", a currency that is not known`},
		"too late":                      {[]Purchase{bought("a", "usd", 1000, closes.Add(time.Second))}, "paid 10.00 usd at 2026-05-02T12:00:01Z, too late"},
		"too little in the last second": {[]Purchase{bought("a", "usd", 999, closes)}, "paid 9.99 usd, at least 10.00 usd is needed"},
		"by the earliest of several":    {[]Purchase{bought("b", "usd", 5, during), bought("a", "usd", 4, opens)}, "paid 0.04 usd, at least 10.00 usd is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := Assess(plainTerms(), plainHistory(c.purchases...), during)
			last := v.Checks[len(v.Checks)-1]
			if last.Name != "minimum" || last.OK || last.Detail != c.want {
				t.Errorf("got %+v, want %q", last, c.want)
			}
		})
	}
}

// The currencies stand in one order always: there are so many that no map comes to it by chance.
func TestAssessListsTheMinimumsInOrder(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Qualify.Minimum = map[money.Currency]int64{
		"usd": 100, "eur": 200, "gbp": 300, "chf": 400, "sek": 500, "nok": 600, "dkk": 700, "cad": 800, "aud": 900,
	}
	const want = "no purchase yet, at least 1.00 usd or 2.00 eur or 3.00 gbp or 4.00 chf or 5.00 sek or 6.00 nok or 7.00 dkk " +
		"or 8.00 cad or 9.00 aud is needed"
	if got := checkNamed(Assess(terms, plainHistory(), during), "minimum"); got.Detail != want {
		t.Errorf("got %q", got.Detail)
	}
}

// A minimum of one unit is one: what misses it is not said to be of a currency that does not qualify.
func TestAssessSaysWhatIsMissingOfOneUnit(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	terms.Qualify.Minimum["jpy"] = 1
	v := Assess(terms, plainHistory(bought("a", "jpy", 7, closes.Add(time.Second))), during)
	if got := checkNamed(v, "minimum"); got.Detail != "paid 7 jpy at 2026-05-02T12:00:01Z, too late" {
		t.Errorf("got %+v", got)
	}
}

func TestAssessPromisesOnlyWhatIsListed(t *testing.T) {
	t.Parallel()
	terms := plainTerms()
	delete(terms.Rewards[1].Fixed, "jpy")
	terms.Rewards[0].Fixed["jpy"] = 0
	v := Assess(terms, plainHistory(bought("a", "jpy", 500, during)), during)
	if v.Status != Rewarded || len(v.Rewards) != 0 {
		t.Errorf("got %s with %v, want it rewarded with nothing", v.Status, v.Rewards)
	}
	for _, c := range v.Checks {
		if strings.Contains(c.Detail, "%!") {
			t.Errorf("a check with a broken text: %q", c.Detail)
		}
	}
}
