package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// The laws of Join. With them evidence about one object may come in any order, any number of times and in any
// grouping (batches, merged payments), and what is known of the object is the same.

func TestJoinIsCommutative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawEvidence(t, "a"), drawEvidence(t, "b")
		same(t, a.Join(b), b.Join(a))
	})
}

func TestJoinIsAssociative(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawEvidence(t, "a"), drawEvidence(t, "b"), drawEvidence(t, "c")
		same(t, a.Join(b).Join(c), a.Join(b.Join(c)))
	})
}

func TestJoinIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawEvidence(t, "a"), drawEvidence(t, "b")
		same(t, a.Join(a), a)
		same(t, a.Join(b).Join(b).Join(a), a.Join(b))
	})
}

func TestJoinWithNothingIsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := drawEvidence(t, "a")
		same(t, a.Join(Evidence{}), a)
		same(t, Evidence{}.Join(a), a)
	})
}

func TestJoinTakes(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(1000, 0), time.Unix(1001, 0)
	usd := func(minor int64) money.Amount { return money.New("usd", minor) }
	for name, c := range map[string]struct{ a, b, want Evidence }{
		"the earlier claim": {
			Evidence{User: Claim{UserID: "bob", At: late}}, Evidence{User: Claim{UserID: "carol", At: early}}, Evidence{User: Claim{UserID: "carol", At: early}},
		},
		"of claims of one second the smaller name": {
			Evidence{User: Claim{UserID: "carol", At: early}}, Evidence{User: Claim{UserID: "bob", At: early}}, Evidence{User: Claim{UserID: "bob", At: early}},
		},
		"the claim of the more believable place, however late": {
			Evidence{User: Claim{"bob", early, OnInvoice}}, Evidence{User: Claim{"carol", late, OnSubscription}},
			Evidence{User: Claim{"carol", late, OnSubscription}},
		},
		"the earlier payment": {
			Evidence{Paid: Paid{usd(1), late}}, Evidence{Paid: Paid{usd(2), early}}, Evidence{Paid: Paid{usd(2), early}},
		},
		"of payments of one second the smaller": {
			Evidence{Paid: Paid{usd(2), early}}, Evidence{Paid: Paid{usd(1), early}}, Evidence{Paid: Paid{usd(1), early}},
		},
		"the later state of a refund": {
			Evidence{Refund: RefundState{5, RefundFailed, early}}, Evidence{Refund: RefundState{5, RefundSucceeded, late}},
			Evidence{Refund: RefundState{5, RefundSucceeded, late}},
		},
		"of states of one second the higher": {
			Evidence{Refund: RefundState{5, RefundFailed, early}}, Evidence{Refund: RefundState{5, RefundSucceeded, early}},
			Evidence{Refund: RefundState{5, RefundFailed, early}},
		},
		"the later state of a dispute, opened when the first was": {
			Evidence{Dispute: DisputeState{5, DisputeWon, late, late}}, Evidence{Dispute: DisputeState{7, DisputeLost, early, early}},
			Evidence{Dispute: DisputeState{5, DisputeWon, late, early}},
		},
		"of a dispute's states of one second the higher": {
			Evidence{Dispute: DisputeState{5, DisputeUnderReview, late, early}}, Evidence{Dispute: DisputeState{5, DisputeLost, late, early}},
			Evidence{Dispute: DisputeState{5, DisputeLost, late, early}},
		},
		"of a dispute's states that tell the same the larger amount": {
			Evidence{Dispute: DisputeState{5, DisputeLost, late, early}}, Evidence{Dispute: DisputeState{6, DisputeLost, late, early}},
			Evidence{Dispute: DisputeState{6, DisputeLost, late, early}},
		},
		"when a dispute was opened, of a state that does not say": {
			Evidence{Dispute: DisputeState{5, DisputeWon, late, time.Time{}}}, Evidence{Dispute: DisputeState{5, DisputeLost, early, early}},
			Evidence{Dispute: DisputeState{5, DisputeWon, late, early}},
		},
		"the later state of a warning, though it can be acted on again": {
			Evidence{Warning: WarningState{true, false, early, early}}, Evidence{Warning: WarningState{true, true, late, late}},
			Evidence{Warning: WarningState{true, true, late, early}},
		},
		"of a warning's states of one second that it can not be acted on": {
			Evidence{Warning: WarningState{true, true, late, late}}, Evidence{Warning: WarningState{true, false, late, early}},
			Evidence{Warning: WarningState{true, false, late, early}},
		},
		"the smaller card":       {Evidence{Card: "fp_2"}, Evidence{Card: "fp_1"}, Evidence{Card: "fp_1"}},
		"the card that is known": {Evidence{}, Evidence{Card: "fp_1"}, Evidence{Card: "fp_1"}},
		"the larger refunded figure": {
			Evidence{Refunded: 300}, Evidence{Refunded: 100}, Evidence{Refunded: 300},
		},
		"the kind, of an object known by its id alone until now": {
			Evidence{}, Evidence{Kind: Charge, Customer: "cus_1"}, Evidence{Kind: Charge, Customer: "cus_1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, c.a.Join(c.b), c.want)
			same(t, c.b.Join(c.a), c.want)
		})
	}
}

// same compares times as instants: one second read from JSON and from the database may differ in its zone.
func same(t rapid.TB, got, want Evidence) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// drawEvidence makes evidence of few users, amounts and seconds, so that ties are common. What is absent is the zero
// value: no claim has a time without a user, no payment one without an amount, no refund or dispute one without a status.
func drawEvidence(t *rapid.T, label string) Evidence {
	e := Evidence{
		Kind:     Kind(rapid.IntRange(int(Unseen), int(Warning)).Draw(t, label+" kind")),
		Customer: rapid.SampledFrom([]string{"", "cus_1", "cus_2", "test:cus_1"}).Draw(t, label+" customer"),
		Refunded: rapid.Int64Range(0, 3).Draw(t, label+" refunded"),
		Card:     rapid.SampledFrom([]string{"", "fp_1", "fp_2"}).Draw(t, label+" card"),
	}
	if user := rapid.SampledFrom([]string{"", "bob", "carol"}).Draw(t, label+" user"); user != "" {
		e.User = Claim{user, drawTime(t, label+" claimed at"), drawPlace(t, label)}
	}
	if minor := rapid.SampledFrom([]int64{0, 1, 2, 1<<63 - 1}).Draw(t, label+" paid"); minor != 0 {
		c := rapid.SampledFrom([]money.Currency{"usd", "eur", "xyz"}).Draw(t, label+" currency")
		e.Paid = Paid{money.New(c, minor), drawTime(t, label+" paid at")}
	}
	if status := RefundStatus(rapid.IntRange(int(NoRefund), int(RefundFailed)).Draw(t, label+" status")); status != NoRefund {
		e.Refund = RefundState{rapid.Int64Range(0, 2).Draw(t, label+" refund"), status, drawTime(t, label+" refund at")}
	}
	if d := drawDispute(t, label); d.Status != NoDispute {
		e.Dispute = d
	}
	if w := drawWarning(t, label); w.Known {
		e.Warning = w
	}
	return e
}

func drawDispute(t *rapid.T, label string) DisputeState {
	return DisputeState{
		Minor:  rapid.Int64Range(0, 2).Draw(t, label+" disputed"),
		Status: DisputeStatus(rapid.IntRange(int(NoDispute), int(DisputeWon)).Draw(t, label+" dispute")),
		At:     drawTime(t, label+" dispute at"),
		Opened: drawOpened(t, label+" dispute opened"),
	}
}

func drawWarning(t *rapid.T, label string) WarningState {
	return WarningState{
		Known:      rapid.Bool().Draw(t, label+" warning"),
		Actionable: rapid.Bool().Draw(t, label+" actionable"),
		At:         drawTime(t, label+" warning at"),
		Opened:     drawOpened(t, label+" warning opened"),
	}
}

// drawOpened is a time, or none.
func drawOpened(t *rapid.T, label string) time.Time {
	if rapid.IntRange(0, 3).Draw(t, label+" is known") == 0 {
		return time.Time{}
	}
	return drawTime(t, label)
}

func drawPlace(t *rapid.T, label string) Place {
	return Place(rapid.IntRange(int(OnSession), int(OnInvoice)).Draw(t, label+" place"))
}

func drawTime(t *rapid.T, label string) time.Time {
	zone := rapid.SampledFrom([]*time.Location{time.UTC, time.Local, time.FixedZone("east", 3600)}).Draw(t, label+" zone")
	return time.Unix(rapid.Int64Range(0, 3).Draw(t, label), 0).In(zone)
}
