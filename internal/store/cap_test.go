package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestTheCapHoldsUnderARace lets forty friends pay at once with a code for ten.
func TestTheCapHoldsUnderARace(t *testing.T) {
	for _, workers := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			w := newWorld(t, "")
			w.now = noon.Add(day)
			w.apply(registered("alice", "", noon))
			var batches [][]fact.Event
			for i := range 40 {
				friend := fmt.Sprintf("friend%02d", i)
				signUp, paid := registered(friend, "C-ALICE", noon), session(i, friend, usd(1000), noon.Add(time.Duration(40-i)*time.Minute))
				batches = append(batches, []fact.Event{signUp, paid}, []fact.Event{paid}, []fact.Event{signUp, signUp})
			}
			w.deliver(batches, workers)
			got := w.outcome()
			if n := strings.Count(got, ": rewarded"); n != 10 {
				t.Errorf("%d were rewarded", n)
			}
			if n := strings.Count(got, ": cancelled code_exhausted"); n != 30 {
				t.Errorf("%d were refused", n)
			}
			w.lawful()
		})
	}
}

// TestInOneBatchPlacesGoByTimeOfPayment: the order of the events in the batch says nothing.
func TestInOneBatchPlacesGoByTimeOfPayment(t *testing.T) {
	w := newWorld(t, `{codes: {max_uses: 1}}`)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), hour.Add(time.Second)), session(2, "carol", usd(1000), hour))
	if got := w.outcome(); !strings.Contains(got, "carol by alice (C-ALICE): rewarded") || !strings.Contains(got, "bob by alice (C-ALICE): cancelled code_exhausted") {
		t.Error(got)
	}
	w.lawful()
}

// TestAPlaceIsKept: refund A, then purchase A, then purchase B on a code with one use; and the other way round.
func TestAPlaceIsKept(t *testing.T) {
	refundA, paidA, paidB := charge(1, 1000, hour), session(1, "bob", usd(1000), hour), session(2, "carol", usd(1000), hour.Add(time.Minute))
	for _, order := range [][]fact.Event{{refundA, paidA, paidB}, {paidA, refundA, paidB}, {paidA, paidB, refundA}} {
		w := newWorld(t, `{codes: {max_uses: 1}}`)
		w.now = noon.Add(day)
		w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
		for range 3 {
			for _, e := range order {
				w.apply(e)
			}
		}
		want := "bob by alice (C-ALICE): cancelled refunded\ncarol by alice (C-ALICE): cancelled code_exhausted"
		if diff := cmp.Diff(want, w.outcome()); diff != "" {
			t.Error(diff)
		}
		w.lawful()
	}
}

// TestOnePlaceForTwoBuyersAndTwoWorkers: whoever of the two comes first has the place, and a refund gives it to nobody.
func TestOnePlaceForTwoBuyersAndTwoWorkers(t *testing.T) {
	const rounds = 30
	w := newWorld(t, `{codes: {max_uses: 1}}`)
	w.strictly(t)
	w.now = noon.Add(day)
	var batches [][]fact.Event
	for n := range rounds {
		mine := func(e fact.Event) fact.Event { return relabel(e, tag(n)) }
		w.apply(mine(registered("alice", "", noon)), mine(registered("bob", "C-ALICE", noon)), mine(registered("carol", "C-ALICE", noon)))
		refundA, paidA, paidB := mine(charge(1, 1000, hour)), mine(session(1, "bob", usd(1000), hour)), mine(session(2, "carol", usd(1000), minutes(1)))
		batches = append(batches, []fact.Event{refundA}, []fact.Event{paidA}, []fact.Event{paidB}, []fact.Event{paidA}, []fact.Event{refundA})
	}
	w.deliver(batches, 2)
	bobFirst := "bob by alice (C-ALICE): cancelled refunded\ncarol by alice (C-ALICE): cancelled code_exhausted"
	carolFirst := `alice has 10.00 usd
bob by alice (C-ALICE): cancelled code_exhausted
carol by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee carol 10.00 usd]
carol has 10.00 usd`
	for n, got := range w.outcomes(rounds) {
		if got != bobFirst && got != carolFirst {
			t.Errorf("round %d:\n%s", n, got)
		}
	}
	w.noneRefusedInVain()
	w.lawful()
}

// TestARefusalIsFinal: nothing that comes to light leads out of a refused place.
func TestARefusalIsFinal(t *testing.T) {
	w := newWorld(t, `{codes: {max_uses: 1}}`)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), hour))
	w.apply(session(2, "carol", usd(1000), hour))
	w.apply(session(3, "carol", usd(2000), hour), charge(2, 1000, hour), registered("carol", "", noon.Add(-day)))
	if got := w.outcome(); !strings.Contains(got, "carol by alice (C-ALICE): cancelled code_exhausted") {
		t.Error(got)
	}
	w.lawful()
}
