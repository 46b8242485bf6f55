package store

import (
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestNoErasureWalksThroughATable: what people say, an erasure above all, for which every other worker waits, is found by
// an index as what Stripe says is.
func TestNoErasureWalksThroughATable(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, crowd); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
	w.apply(session(1, "bob", usd(1000), hour), tie("cus_1", "bob", hour), session(3, "carol", usd(1000), hour))
	w.apply(decided("bob", "C-ALICE", fact.Rejected, hour), attributed("carol", "C-BOB", hour), verifiedBy("bob", hour), assigned("bob", "V-BOB", "", hour))
	w.apply(erased("bob", minutes(-1)))
	w.apply(erased("carol", minutes(30)))
	w.apply(erased("nobody", minutes(30)))
	w.apply(registered("carol", "C-ALICE", minutes(31)))
	for _, s := range l.heard {
		if name, ok := strings.CutPrefix(s.sql, "-- name: "); ok {
			for _, walk := range w.walks(t, s) {
				t.Errorf("%s: %s", strings.Fields(name)[0], walk)
			}
		}
	}
}
