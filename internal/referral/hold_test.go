package referral

import (
	"testing"
	"time"
)

// A hold is counted from the payment. A purchase that is refunded meanwhile is cancelled at once.
func TestAssessHold(t *testing.T) {
	t.Parallel()
	hold := func(t *Terms) { t.Hold = 14 * 24 * time.Hour }
	good := bought("a", "usd", 1000, during)
	ends := during.Add(14 * 24 * time.Hour)
	held := Verdict{Status: Qualified, Due: ends}
	rewarded := Verdict{Status: Rewarded, Rewards: usdRewards}
	check(t, []assessed{
		{name: "none", history: plainHistory(good), now: during, want: rewarded, key: "a"},
		{name: "just begun", terms: hold, history: plainHistory(good), now: during, want: held, key: "a"},
		{name: "the last moment", terms: hold, history: plainHistory(good), now: ends.Add(-1), want: held, key: "a"},
		{name: "the first moment after", terms: hold, history: plainHistory(good), now: ends, want: rewarded, key: "a"},
		{name: "by a clock that runs behind the payment", terms: hold, history: plainHistory(good), now: opens, want: held, key: "a"},
		{
			name: "refunded meanwhile", terms: hold, history: plainHistory(refunded(good, 1000)), now: during,
			want: Verdict{Status: Cancelled, Reason: Refunded}, key: "a",
		},
		{
			name: "refunded after", terms: hold, history: plainHistory(refunded(good, 1000)), now: ends,
			want: Verdict{Status: Cancelled, Reason: Refunded}, key: "a",
		},
	})
}
