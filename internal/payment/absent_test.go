package payment

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
)

// What only looks like a report decides nothing, whichever side it stands on.
func TestJoinPassesOverWhatIsAbsent(t *testing.T) {
	t.Parallel()
	early, late := time.Unix(1000, 0), time.Unix(1001, 0)
	for name, c := range map[string]struct{ absent, present Evidence }{
		"a claim without a user":    {Evidence{User: Claim{UserID: "", At: early}}, Evidence{User: Claim{UserID: "bob", At: late}}},
		"a payment of nothing":      {Evidence{Paid: Paid{money.New("usd", 0), early}}, Evidence{Paid: Paid{money.New("eur", 5), late}}},
		"a payment of less":         {Evidence{Paid: Paid{money.New("usd", -1), early}}, Evidence{Paid: Paid{money.New("eur", 5), late}}},
		"a refund without a status": {Evidence{Refund: RefundState{9, NoRefund, late}}, Evidence{Refund: RefundState{5, RefundPending, early}}},
		"a claim without a user, of a better place": {
			Evidence{User: Claim{"", early, OnSession}}, Evidence{User: Claim{"bob", late, OnInvoice}},
		},
		"a dispute without a status": {
			Evidence{Dispute: DisputeState{9, NoDispute, late, early}}, Evidence{Dispute: DisputeState{5, DisputeLost, early, late}},
		},
		"a warning that nobody gave": {
			Evidence{Warning: WarningState{false, true, late, early}}, Evidence{Warning: WarningState{true, false, early, late}},
		},
		"a negative figure": {Evidence{Refunded: -1}, Evidence{Refunded: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			same(t, c.absent.Join(c.present), c.present)
			same(t, c.present.Join(c.absent), c.present)
			same(t, c.absent.Join(c.absent), Evidence{})
			same(t, c.absent.Join(Evidence{}), Evidence{})
		})
	}
}

// The laws of Join hold for any input: one is as good as the other that it becomes when joined with nothing.
func TestJoinLawsOfAnyEvidence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawAnyEvidence(t, "a"), drawAnyEvidence(t, "b"), drawAnyEvidence(t, "c")
		normal := a.Join(Evidence{})
		same(t, a.Join(b), b.Join(a))
		same(t, a.Join(b).Join(c), a.Join(b.Join(c)))
		same(t, a.Join(a), normal)
		same(t, normal.Join(normal), normal)
		same(t, normal.Join(b), a.Join(b))
		same(t, Evidence{}.Join(a), normal)
	})
}

// drawAnyEvidence leaves no part out: times without users, currencies without amounts, amounts without a status.
func drawAnyEvidence(t *rapid.T, label string) Evidence {
	return Evidence{
		Kind:     Kind(rapid.IntRange(int(Unseen), int(Warning)).Draw(t, label+" kind")),
		User:     Claim{rapid.SampledFrom([]string{"", "bob", "carol"}).Draw(t, label+" user"), drawTime(t, label+" claimed at"), drawPlace(t, label)},
		Customer: rapid.SampledFrom([]string{"", "cus_1", "cus_2"}).Draw(t, label+" customer"),
		Paid: Paid{
			money.New(
				rapid.SampledFrom([]money.Currency{"", "usd", "eur"}).Draw(t, label+" currency"),
				rapid.SampledFrom([]int64{-1, 0, 1, 2}).Draw(t, label+" paid"),
			),
			drawTime(t, label+" paid at"),
		},
		Refunded: rapid.Int64Range(-1, 2).Draw(t, label+" refunded"),
		Refund: RefundState{
			rapid.Int64Range(0, 2).Draw(t, label+" refund"),
			RefundStatus(rapid.IntRange(int(NoRefund), int(RefundFailed)).Draw(t, label+" status")),
			drawTime(t, label+" refund at"),
		},
		Dispute: drawDispute(t, label),
		Warning: drawWarning(t, label),
		Card:    rapid.SampledFrom([]string{"", "fp_1", "fp_2"}).Draw(t, label+" card"),
	}
}
