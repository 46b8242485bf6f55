package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/testkit"
)

const withHold = `
name: default
hold: 14d
qualify: {within: 30d}
`

const day = 24 * time.Hour

// becomes waits until the clock has brought about an outcome.
func (w *world) becomes(want string) {
	w.t.Helper()
	testkit.Eventually(w.t, patience, func() (bool, string) {
		got := w.outcome()
		return got == want, cmp.Diff(want, got)
	})
	w.settle()
	w.lawful()
	w.toldOnce()
}

// ticks waits until the clock has looked some more times.
func (w *world) ticks() {
	w.t.Helper()
	const done = "plusone_worker_clock_ticks_total result=done"
	from := w.metric(done)
	testkit.Eventually(w.t, patience, func() (bool, string) { return w.metric(done) >= from+3, "the clock does not tick" })
}

func TestHoldEnds(t *testing.T) {
	w := newWorld(t, withHold)
	w.work()
	w.handle(signUp("alice", "", noon.Add(-time.Minute)), signUp("bob", "C-ALICE", noon.Add(-time.Minute)), session(1, "bob", 1000, noon.Add(-time.Second)))
	const held = "bob by alice: qualified"
	w.becomes(held)
	w.set(noon.Add(14*day - 2*time.Second))
	w.ticks()
	w.becomes(held)
	w.set(noon.Add(14*day - time.Second)) // counted from the payment
	w.becomes("alice has 10.00 usd\nbob by alice: rewarded, referrer 10.00 usd, referee 10.00 usd\nbob has 10.00 usd")
	w.line("referral moved", `"referral":1`, `"to":"rewarded"`, `"event":"clock"`)
	w.handle(oldCharge("charge.refunded", 1, 1000, 1000, noon.Add(14*day)))
	w.becomes("bob by alice: cancelled refunded")
}

func TestRefundDuringTheHold(t *testing.T) {
	w := newWorld(t, withHold)
	w.work()
	w.handle(signUp("alice", "", noon.Add(-time.Minute)), signUp("bob", "C-ALICE", noon.Add(-time.Minute)), session(1, "bob", 1000, noon))
	w.handle(oldCharge("charge.refunded", 1, 1000, 1000, noon.Add(time.Hour)))
	w.set(noon.Add(20 * day))
	w.ticks()
	w.becomes("bob by alice: cancelled refunded")
	w.wantMetrics(map[string]float64{"plusone_worker_reward_minor_units_total": 0})
}

func TestWindowExpires(t *testing.T) {
	w := newWorld(t, withHold)
	w.work()
	w.handle(signUp("alice", "", noon), signUp("bob", "C-ALICE", noon), session(1, "bob", 999, noon))
	w.set(noon.Add(30 * day)) // the last second of the window
	w.ticks()
	w.becomes("bob by alice: pending")
	w.set(noon.Add(30*day + time.Second))
	w.becomes("bob by alice: cancelled expired")
	w.wantMetrics(map[string]float64{"plusone_worker_transitions_total to=cancelled reason=expired": 1})
	w.handle(session(2, "bob", 1000, noon.Add(30*day))) // paid in time, told late
	w.becomes("bob by alice: qualified")
	w.set(noon.Add(44 * day))
	w.becomes("alice has 10.00 usd\nbob by alice: rewarded, referrer 10.00 usd, referee 10.00 usd\nbob has 10.00 usd")
}
