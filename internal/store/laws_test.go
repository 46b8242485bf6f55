package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
)

// uncapped are terms without a cap, under which the outcome does not depend on the order of anything.
const uncapped = `
name: default
codes: {max_uses: 0}
qualify:
  minimum: {usd: "10.00", eur: "10.00", jpy: "1000"}
  within: 90d
  grace: 1h
rewards:
  - {to: referrer, fixed: {usd: "10.00", eur: "9.00", jpy: "800"}}
  - {to: referee, fixed: {usd: "5.00", eur: "4.00", jpy: "300"}}
`

const (
	withHold   = uncapped + "hold: 30d\n"
	refundsAny = uncapped + "refunds: any\n"
	fullOnly   = uncapped + "refunds: full\n"
	capOfTwo   = `
name: default
codes: {max_uses: 2}
qualify: {minimum: {usd: "10.00"}}
rewards:
  - {to: referrer, fixed: {usd: "10.00"}}
  - {to: referee, fixed: {usd: "10.00"}}
`
)

// TestEveryEventFiveTimes is the issue's own sentence.
func TestEveryEventFiveTimes(t *testing.T) {
	events := []fact.Event{
		registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon),
		session(1, "bob", usd(1000), noon.Add(time.Hour)), session(2, "carol", usd(3000), noon.Add(time.Hour)),
		charge(2, 3000, noon.Add(2*time.Hour)),
	}
	want := `alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol by alice (C-ALICE): cancelled refunded`
	for _, workers := range []int{1, 2, 4, 8} {
		w := newWorld(t, "")
		w.now = noon.Add(day)
		var batches [][]fact.Event
		for round := range 5 {
			for i := range events {
				// Each round in another order, so that the refund comes first, and the sign-ups last.
				batches = append(batches, []fact.Event{events[(i*(round+1)+round)%len(events)], events[len(events)-1-i]})
			}
		}
		slices.Reverse(batches)
		w.deliver(batches, workers)
		if diff := cmp.Diff(want, w.outcome()); diff != "" {
			t.Errorf("%d workers:\n%s", workers, diff)
		}
		w.lawful()
	}
}
