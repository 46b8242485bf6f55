package referral

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
)

// What the tables of Assess have in common: a sign-up in the midst of a second, and plain terms.
var (
	signedUp = time.Date(2026, 5, 1, 12, 0, 0, 900_000_000, time.UTC)
	opens    = time.Date(2026, 5, 1, 11, 0, 0, 0, time.UTC) // the first second of the window
	closes   = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC) // the last
	during   = signedUp.Add(time.Hour).Truncate(time.Second)
)

func plainTerms() Terms {
	return Terms{
		Program: "default",
		Codes:   CodeTerms{Length: 8, MaxUses: 10},
		Qualify: QualifyTerms{
			Minimum: map[money.Currency]int64{"usd": 1000, "jpy": 500},
			Within:  24 * time.Hour,
			Grace:   time.Hour,
		},
		Refunds: RefundBelowMinimum,
		Rewards: []RewardTerms{
			{To: Referrer, Fixed: map[money.Currency]int64{"usd": 700, "jpy": 70}},
			{To: Referee, Fixed: map[money.Currency]int64{"usd": 300, "jpy": 30}},
		},
	}
}

// plainHistory is that of a referral with a place on its code and these purchases.
func plainHistory(purchases ...Purchase) History {
	return History{SignedUpAt: signedUp, Standing: true, Slot: 1, MaxUses: 10, Purchases: purchases}
}

func bought(key string, c money.Currency, minor int64, at time.Time) Purchase {
	return Purchase{Key: key, Amount: money.New(c, minor), PaidAt: at}
}

func refunded(p Purchase, minor int64) Purchase {
	p.Refunded = minor
	return p
}

var (
	usdRewards = []Reward{{Referrer, OnPurchase, money.New("usd", 700)}, {Referee, OnPurchase, money.New("usd", 300)}}
	jpyRewards = []Reward{{Referrer, OnPurchase, money.New("jpy", 70)}, {Referee, OnPurchase, money.New("jpy", 30)}}
)

// assessed is one row: a history under terms at a time, and the verdict but for the checks. Key is the purchase's.
type assessed struct {
	name    string
	terms   func(*Terms)
	history History
	now     time.Time
	want    Verdict
	key     string
}

// check holds the verdicts of a table, and that each says why: the last check is the one that decided.
func check(t *testing.T, rows []assessed) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			terms := plainTerms()
			if row.terms != nil {
				row.terms(&terms)
			}
			if row.now.IsZero() {
				row.now = during
			}
			got := Assess(terms, row.history, row.now)
			if err := explained(got); err != nil {
				t.Error(err)
			}
			if key := keyOf(got); key != row.key {
				t.Errorf("the purchase that decides is %q, want %q", key, row.key)
			}
			got.Checks, got.Purchase = nil, nil
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func keyOf(v Verdict) string {
	if v.Purchase == nil {
		return ""
	}
	return v.Purchase.Key
}

// explained says whether the checks of a verdict account for it: a rewarded referral passes all, and so does one that
// waits for its place; any other fails the last it came to.
func explained(v Verdict) error {
	failed := 0
	for _, c := range v.Checks {
		if !c.OK {
			failed++
		}
		if c.Name == "" || c.Detail == "" {
			return fmt.Errorf("a check without a name or a detail: %+v", c)
		}
	}
	passes := v.Status == Rewarded || v.WantsSlot
	if passes != (failed == 0) || len(v.Checks) == 0 || v.Checks[len(v.Checks)-1].OK != passes {
		return fmt.Errorf("%s %s is not explained by %+v", v.Status, v.Reason, v.Checks)
	}
	return nil
}

// checkNamed is the check of that name; none when there is none.
func checkNamed(v Verdict, name string) Check {
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	return Check{}
}
