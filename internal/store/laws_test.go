package store

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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

// TestLawsAfterEveryStep lets a random business live, event by event and day by day, and holds every law after each.
func TestLawsAfterEveryStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, rapid.SampledFrom([]string{uncapped, withHold, refundsAny, fullOnly, capOfTwo}).Draw(rt, "terms"))
		defer w.close()
		w.t = rt
		for _, batch := range drawDelivery(rt, drawEvents(rt)) {
			if rapid.IntRange(0, 3).Draw(rt, "wait") == 0 {
				w.now = w.now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 29 * day, 61 * day}).Draw(rt, "pass"))
				w.tick()
				w.lawful()
			}
			w.apply(batch...)
			w.lawful()
		}
	})
}

// TestConvergence delivers one history twice, in its own order one by one and then in any order, repeated, in batches,
// by several workers at once. The outcome is the same.
func TestConvergence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		terms := rapid.SampledFrom([]string{uncapped, withHold, refundsAny, fullOnly}).Draw(rt, "terms")
		events := drawEvents(rt)
		later := noon.Add(rapid.SampledFrom([]time.Duration{day, 40 * day, 100 * day, 200 * day}).Draw(rt, "later"))

		plain := newWorld(t, terms)
		defer plain.close()
		plain.t = rt
		for _, e := range events {
			plain.apply(e)
		}
		plain.now = later
		plain.tick()

		mixed := newWorld(t, terms)
		defer mixed.close()
		mixed.t = rt
		mixed.deliver(drawDelivery(rt, events), rapid.IntRange(1, 4).Draw(rt, "workers"))
		mixed.now = later
		mixed.tick()

		if diff := cmp.Diff(plain.outcome(), mixed.outcome()); diff != "" {
			rt.Fatalf("another order, another outcome:\n%s", diff)
		}
		plain.lawful()
		mixed.lawful()
	})
}

// deliver lets workers take batches side by side. A deadlock is a failure, not something to try again.
func (w *world) deliver(batches [][]fact.Event, workers int) {
	w.t.Helper()
	queue := make(chan []fact.Event)
	failures := make(chan error, workers)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for batch := range queue {
				_, err := w.store.Apply(w.ctx, batch)
				for errors.Is(err, ErrContended) {
					_, err = w.store.Apply(w.ctx, batch)
				}
				if err != nil {
					failures <- err
					for range queue {
					}
				}
			}
		})
	}
	for _, b := range batches {
		queue <- b
	}
	close(queue)
	all.Wait()
	close(failures)
	for err := range failures {
		w.t.Fatalf("a worker failed: %v", err)
	}
}

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
