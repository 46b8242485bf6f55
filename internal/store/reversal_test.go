package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// TestWhatWentBackComesAgain follows the ledger through a sequence in its own order: each turn is posted, once.
func TestWhatWentBackComesAgain(t *testing.T) {
	for name, c := range map[string]struct{ turns []fact.Event }{
		"a refund that fails": {
			turns: []fact.Event{
				session(1, "bob", usd(1000), hour), refundOf(1, 1, payment.RefundSucceeded, 1), refundOf(1, 1, payment.RefundFailed, 2),
				refundOf(1, 2, payment.RefundSucceeded, 3), refundOf(1, 2, payment.RefundCanceled, 4),
			},
		},
		"disputes that are won": {
			turns: []fact.Event{
				bobsCharge(), dispute(1, 1, payment.DisputeNeedsResponse, minutes(1)), dispute(1, 1, payment.DisputeWon, minutes(2)),
				dispute(1, 2, payment.DisputeNeedsResponse, minutes(3)), dispute(1, 2, payment.DisputeWon, minutes(4)),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			w.now = noon.Add(day)
			w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
			var got []string
			for _, e := range c.turns {
				for range 2 {
					for _, p := range w.apply(e, again(e)).Transfers {
						got = append(got, fmt.Sprintf("%d %s %s", p.N, p.Kind, p.Amount))
					}
				}
				w.lawful()
			}
			want := strings.Split(`1 granted 10.00 usd,2 granted 10.00 usd,3 revoked 10.00 usd,4 revoked 10.00 usd,5 granted 10.00 usd,`+
				`6 granted 10.00 usd,7 revoked 10.00 usd,8 revoked 10.00 usd,9 granted 10.00 usd,10 granted 10.00 usd`, ",")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			w.want("bob", "rewarded")
		})
	}
}

// refundOf is one of everything, by the intent.
func refundOf(n, k int, status payment.RefundStatus, minute int) fact.Event {
	e := refund(n, k, 1000, status, minutes(minute))
	e.Sighting.Reports[1].Key = live.Key(fmt.Sprintf("pi_%d", n))
	return e
}

// bobsCharge is a purchase whose charge is known.
func bobsCharge() fact.Event {
	e := session(1, "bob", usd(1000), hour)
	e.Sighting.Reports = append(e.Sighting.Reports, payment.Report{Key: live.Key("ch_1")})
	return e
}
