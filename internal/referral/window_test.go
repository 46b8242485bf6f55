package referral

import (
	"testing"
	"time"
)

// The window has whole seconds, as Stripe's times have: a purchase in the very second of the sign-up does not precede it.

func TestWindow(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		within, grace time.Duration
		signedUp      time.Time
		first, last   time.Time
	}{
		"on the second":                  {time.Hour, 0, noon, noon, noon.Add(time.Hour)},
		"within the second":              {time.Hour, 0, noon.Add(999_999_999), noon, noon.Add(time.Hour)},
		"with grace":                     {time.Hour, time.Minute, noon.Add(1), noon.Add(-time.Minute), noon.Add(time.Hour)},
		"grace shorter than a second":    {time.Hour, time.Millisecond, noon, noon.Add(-time.Second), noon.Add(time.Hour)},
		"a window of one second, at .5":  {time.Second, 0, noon.Add(500 * time.Millisecond), noon, noon.Add(time.Second)},
		"a sign-up before the epoch, .5": {time.Hour, 0, time.Unix(-2, 500_000_000), time.Unix(-2, 0), time.Unix(3598, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, last := Terms{Qualify: QualifyTerms{Within: c.within, Grace: c.grace}}.Window(c.signedUp)
			if !first.Equal(c.first) || !last.Equal(c.last) {
				t.Errorf("from %s to %s, want %s to %s", first, last, c.first, c.last)
			}
		})
	}
}

func TestAssessWindow(t *testing.T) {
	t.Parallel()
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	expired := Verdict{Status: Cancelled, Reason: Expired}
	existing := Verdict{Status: Cancelled, Reason: ExistingCustomer}
	pending := Verdict{Status: Pending, Due: closes.Add(time.Second)}
	paidAt := func(at time.Time) History { return plainHistory(bought("a", "usd", 1000, at)) }
	noGrace := func(t *Terms) { t.Qualify.Grace = 0 }
	check(t, []assessed{
		{name: "paid in the first second", history: paidAt(opens), want: rewarded, key: "a"},
		{name: "paid a second before the first", history: paidAt(opens.Add(-time.Second)), want: existing},
		{name: "paid in the last second", history: paidAt(closes), now: closes, want: rewarded, key: "a"},
		{name: "paid in the last second, seen a year later", history: paidAt(closes), now: closes.AddDate(1, 0, 0), want: rewarded, key: "a"},
		{name: "paid a second after the last", history: paidAt(closes.Add(time.Second)), now: closes.Add(time.Second), want: expired},
		{name: "paid in the second of the sign-up, without grace", terms: noGrace, history: paidAt(signedUp.Truncate(time.Second)), want: rewarded, key: "a"},
		{name: "paid in the second before, without grace", terms: noGrace, history: paidAt(signedUp.Truncate(time.Second).Add(-time.Second)), want: existing},

		{name: "nothing yet", history: plainHistory(), want: pending},
		{name: "nothing at the end of the last second", history: plainHistory(), now: closes.Add(time.Second - 1), want: pending},
		{name: "nothing when the last second is over", history: plainHistory(), now: closes.Add(time.Second), want: expired},
		{name: "nothing, by a clock that runs behind the sign-up", history: plainHistory(), now: signedUp.Add(-time.Hour), want: pending},
		{
			name: "a purchase that is too late, seen by a clock that runs behind it", now: closes,
			history: paidAt(closes.Add(time.Second)), want: pending,
		},
	})
}

// The window has both its ends, whatever the rule about existing customers says of what came before.
func TestInWindow(t *testing.T) {
	t.Parallel()
	a := assessment{from: opens, until: closes}
	for at, want := range map[time.Time]bool{
		opens.Add(-time.Second): false, opens: true, during: true, closes: true, closes.Add(time.Second): false,
	} {
		if got := a.inWindow(Purchase{PaidAt: at}); got != want {
			t.Errorf("%s is in the window: %t", at, got)
		}
	}
}

// While there is no purchase, the check says until when one counts, and whether that is over.
func TestAssessSaysUntilWhen(t *testing.T) {
	t.Parallel()
	over := closes.Add(time.Second)
	for now, open := range map[time.Time]bool{during: true, over.Add(-1): true, over: false, over.Add(1): false} {
		want := Check{"window", open, "a purchase counts until 2026-05-02T12:00:00Z"}
		if got := checkNamed(Assess(plainTerms(), plainHistory(), now), "window"); got != want {
			t.Errorf("at %s: got %+v, want %+v", now, got, want)
		}
	}
}

func TestAssessExistingCustomer(t *testing.T) {
	t.Parallel()
	existing := Verdict{Status: Cancelled, Reason: ExistingCustomer}
	early := opens.Add(-time.Second)
	good := bought("good", "usd", 1000, during)
	check(t, []assessed{
		{name: "beside a purchase that would qualify", history: plainHistory(good, bought("old", "usd", 1000, early)), want: existing},
		{name: "by a purchase below the minimum", history: plainHistory(good, bought("old", "usd", 1, early)), want: existing},
		{name: "by a purchase in a currency that is not listed", history: plainHistory(good, bought("old", "eur", 5000, early)), want: existing},
		{name: "by a purchase in a currency nobody knows", history: plainHistory(good, bought("old", "xyz", 5000, early)), want: existing},
		{name: "by a purchase that was refunded", history: plainHistory(good, refunded(bought("old", "usd", 1000, early), 1000)), want: existing},
		{name: "years before", history: plainHistory(good, bought("old", "usd", 1000, early.AddDate(-9, 0, 0))), want: existing},
		{
			name:    "not by a purchase in the grace, which is too small",
			history: plainHistory(good, bought("small", "usd", 1, opens)), want: Verdict{Status: Rewarded, Rewards: usdRewards}, key: "good",
		},
	})
}
