package store

import (
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// What is known of the later person is known by a payment that was merged into another.
func TestKnownLaterByAMergedPayment(t *testing.T) {
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			stripe("evt_in_alone", hour, invoice(1, usd(1000), noon.Add(3*time.Hour)).Sighting.Reports[0]), // 1: the invoice, alone
			intent(1, "bob", usd(1000), noon.Add(3*time.Hour)),                                             // 2: names the second bob
			invoice(1, usd(1000), noon.Add(3*time.Hour)),                                                   // 3: they are one
			erased("bob", noon.Add(time.Hour)),                                                             // 4
			registered("bob", "C-ALICE", noon.Add(2*time.Hour)),                                            // 5: the second bob
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{4}, []int{1}, []int{2}, []int{3}, []int{5}) })
	t.Run("erased after the merge", func(t *testing.T) { told(t, s, []int{0}, []int{1}, []int{2}, []int{3}, []int{4}, []int{5}) })
}

// An unpaid session of the later person: the audit.
func TestUnpaidOfTheLaterPersonIsAudited(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	w.apply(stripe("evt_unpaid", noon, payment.Report{
		Key: live.Key("cs_1"), Evidence: payment.Evidence{Kind: payment.Session, User: claim("bob", noon.Add(3*time.Hour))},
	}, "pi_1"))
	w.apply(erased("bob", noon.Add(time.Hour)))
	w.lawful()
}
