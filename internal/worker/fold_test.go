package worker

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestTheTalliesFollow has a story, and visits of Alice's link, one of them twice, told to a worker: what Alice has brought
// about can be asked a moment later.
func TestTheTalliesFollow(t *testing.T) {
	w := newWorld(t, "")
	w.work()
	w.publish(story()[0])
	w.answered() // a visit of a code that nobody has counts nothing
	w.publish(story()[1:]...)
	for n := range 3 {
		w.publish(visit(fmt.Sprint(n), "C-ALICE", noon))
	}
	w.publish(visit("0", "C-ALICE", noon), visit("9", "C-NOBODY", noon))
	w.settle()
	want := store.Standing{
		Visits: 3, SignUps: 3, Earned: []money.Amount{money.New("usd", 1000)},
		ByStatus: map[referral.Status]int64{referral.Pending: 1, referral.Qualified: 0, referral.Rewarded: 1, referral.Cancelled: 1},
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		got, err := w.api.Standing(t.Context(), "alice")
		diff := cmp.Diff(want, got)
		return diff == "" && err == nil, fmt.Sprint(diff, err)
	})
	testkit.Eventually(t, patience, func() (bool, string) {
		folded, waiting := w.metric("plusone_worker_folded_rows_total"), w.metric("plusone_tally_rows")
		return folded > 0 && waiting == 0 && w.metric("plusone_tally_age_seconds") == 0, fmt.Sprint(folded, " rows folded, ", waiting, " wait")
	})
	w.wantMetrics(map[string]float64{
		"plusone_worker_events_total result=recorded type=link.visited":  4,
		"plusone_worker_events_total result=duplicate type=link.visited": 1,
		"plusone_worker_fold_failures_total":                             0,
	})
	w.lawful()
}

// TestAFoldIsWokenByABatch, and tells when it can not.
func TestAFoldIsWokenByABatch(t *testing.T) {
	w := newWorld(t, "")
	w.run("the fold", func(ctx context.Context) error { return w.worker.RunFold(ctx, time.Hour) })
	handle := func(m message) {
		w.must(w.worker.Handle(t.Context(), []*stream.Message{{Subject: m.subject, Data: []byte(m.body), Time: stored}}))
	}
	folded := func(n float64) {
		testkit.Eventually(t, patience, func() (bool, string) {
			got := w.metric("plusone_worker_folded_rows_total")
			return got == n, fmt.Sprint(got, " rows were folded")
		})
	}
	handle(signUp("alice", "", noon))
	folded(1)
	handle(signUp("bob", "C-ALICE", noon))
	folded(2)
	_, err := w.pool.Exec(t.Context(), "revoke insert on standings from plusone_worker")
	w.must(err)
	handle(signUp("carol", "C-ALICE", noon))
	testkit.Eventually(t, patience, func() (bool, string) {
		return w.metric("plusone_worker_fold_failures_total") == 1 && strings.Contains(w.log.text(), "folding the tallies fails"), w.log.text()
	})
	_, err = w.pool.Exec(t.Context(), "grant insert on standings to plusone_worker")
	w.must(err)
	w.lawful()
}
