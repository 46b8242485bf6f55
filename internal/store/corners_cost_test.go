package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
)

// Terms that are applied after an attribution by hand do not change it, even when it is dated a little ahead.
func TestTermsChangeUnderAnAttribution(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(nil)))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	w.apply(attributed("bob", "C-ALICE", w.now.Add(4*time.Minute)), session(1, "bob", usd(1000), w.now.Add(-time.Minute)))
	t.Log(w.outcome())
	if _, err := w.tools.ApplyProgram(w.ctx, []byte(yamlOf("default", usual(func(t *model.Terms) { t.Minimum["usd"] = 5000 })))); err != nil {
		t.Fatal(err)
	}
	w.lawful()
}

// One more who shares a device concerns few of those who share it already.
func TestASharedDeviceConcernsEverybodyWhoHasIt(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.MaxUses = 0; review("same_device")(t) })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	took := func(run, friends int) int {
		var batch []fact.Event
		for i := range friends {
			batch = append(batch, from(registered(fmt.Sprintf("friend-%d-%d", run, i), "C-ALICE", noon), "", fmt.Sprint("device-", run)))
		}
		w.apply(batch...)
		l := w.listen(t)
		w.apply(from(registered(fmt.Sprintf("last-%d", run), "C-ALICE", noon.Add(time.Hour)), "", fmt.Sprint("device-", run)))
		rows := 0
		for _, s := range l.heard {
			if strings.Contains(s.sql, "name: LockUsers") {
				rows = max(rows, len(s.args[0].([]int64)))
			}
		}
		return rows
	}
	few, many := took(1, 3), took(2, 300)
	if many > few {
		t.Errorf("the 301st of a device locks and assesses %d people, the fourth %d", many, few)
	}
}

// A subscription's session names the buyer, its invoice does not; the erasure of the one before is heard of last.
func TestASubscriptionsSessionOfTheLaterPerson(t *testing.T) {
	sub := stripe("evt_sub", noon, session(1, "bob", usd(1000), noon.Add(2*time.Hour)).Sighting.Reports[0], "in_1")
	sub.Sighting.Reports[0].Evidence.Paid.At = time.Time{}
	sub.Sighting.Reports[0].Evidence.Paid.Amount.Minor = 0
	sub.Sighting.Reports[0].Evidence.Paid.Amount.Currency = ""
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			registered("bob", "", noon), // 1
			sub,                         // 2
			registered("bob", "C-ALICE", noon.Add(2*time.Hour)), // 3
			erased("bob", noon.Add(time.Hour)),                  // 4
			invoice(1, usd(1000), noon.Add(3*time.Hour)),        // 5
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{4}, []int{1, 2, 3, 5}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 5}, []int{4}) })
	t.Run("erased before it is paid", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4}, []int{5}) })
}

// Cards beside erasure: the card goes with the payment.
func TestTheCardGoesWithThePayment(t *testing.T) {
	s := sequence{
		terms: func(t *model.Terms) { referrerOnly(t); review("same_card")(t) },
		events: []fact.Event{
			registered("dave", "C-ALICE", noon),                // 1: the first dave
			session(2, "dave", usd(10), noon.Add(2*time.Hour)), // 2: the second's
			paidBy(2, "card_1", noon.Add(2*time.Hour)),         // 3
			registered("bob", "C-ALICE", noon),                 // 4
			session(1, "bob", usd(1000), hour),                 // 5
			paidBy(1, "card_1", hour),                          // 6
			erased("dave", noon.Add(time.Hour)),                // 7
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{7}, []int{1, 2, 3, 4, 5, 6}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 4, 5, 6}, []int{7}) })
}

// An assignment that turns out to be the next person's.
func TestErasureOfAReferrerInEitherOrder(t *testing.T) {
	s := sequence{
		terms: func(t *model.Terms) { t.Rewards = t.Rewards[1:] },
		events: []fact.Event{
			registered("carol", "", noon),                        // 1
			registered("bob", "C-CAROL", noon),                   // 2
			session(1, "bob", usd(1000), hour),                   // 3
			attributed("dave", "C-CAROL", noon.Add(3*time.Hour)), // 4: after she was erased
			session(2, "dave", usd(1000), noon.Add(3*time.Hour)), // 5
			erased("carol", noon.Add(2*time.Hour)),               // 6
		},
	}
	t.Run("erased first but for the code", func(t *testing.T) { told(t, s, []int{0, 1}, []int{6}, []int{2, 3, 4, 5}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 4, 5}, []int{6}) })
}

// Requalified: a payment that decides changes its owner and comes back.
func TestRequalifyAndOwners(t *testing.T) {
	s := sequence{
		terms: func(t *model.Terms) { t.Requalify = true; t.Refunds = "any" },
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), registered("carol", "", noon), // 1 2
			guest(1, "cus_1", usd(1000), hour),                     // 3
			session(2, "bob", usd(2000), hour.Add(time.Minute)),    // 4
			charge(2, 1, hour),                                     // 5
			session(3, "bob", usd(3000), hour.Add(2*time.Minute)),  // 6
			tie("cus_1", "bob", hour), tie("cus_1", "carol", noon), // 7 8
		},
	}
	for _, order := range [][]int{{1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1}, {3, 7, 6, 1, 2, 8, 5, 4}, {7, 3, 1, 4, 8, 5, 6, 2}} {
		batches := [][]int{{0}}
		for _, i := range order {
			batches = append(batches, []int{i})
		}
		t.Run(fmt.Sprint(order), func(t *testing.T) { told(t, s, batches...) })
	}
}
