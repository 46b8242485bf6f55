package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestTheCauseIsTheEventThatConcerns: not any other of the batch.
func TestTheCauseIsTheEventThatConcerns(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour))
	alice := registered("alice", "", noon)
	w.apply(alice, session(9, "zed", usd(1000), hour))
	page, err := w.api.Referrals(w.ctx, Filter{Referee: "bob", Limit: 10})
	if err != nil || len(page) != 1 || len(page[0].Transitions) != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	for _, move := range page[0].Transitions {
		if move.Cause != alice.Name {
			t.Errorf("%s because of %s", move.Move.To, move.Cause)
		}
	}
}

// TestCodesThatAreTakenAreDrawnAgain draws from very few, for many at once.
func TestCodesThatAreTakenAreDrawnAgain(t *testing.T) {
	w := newWorld(t, "")
	draws := make(map[string]int)
	w.store.opts.Codes = func(user string, _, attempt int) string {
		draws[user]++
		return fmt.Sprintf("FEW-%d", (len(user)*7+int(user[len(user)-1])+attempt*11)%120)
	}
	var batch []fact.Event
	for i := range 30 {
		batch = append(batch, registered(fmt.Sprint("user", i), "", noon))
	}
	r := w.apply(batch...)
	var codes int
	if err := w.pool.QueryRow(w.ctx, "select count(distinct owner_id) from codes").Scan(&codes); err != nil || codes != 30 {
		t.Errorf("%d of 30 have a code, %v", codes, err)
	}
	if r.Restarts == 0 {
		t.Error("no code was taken: the test proves nothing")
	}
	w.lawful()
}

// TestTheAuditNoticesADeadClock: what time alone should have brought about long ago is wrong, and so is a referral that
// the clock would never find.
func TestTheAuditNoticesADeadClock(t *testing.T) {
	w := newWorld(t, withHold)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon), session(1, "bob", usd(1000), noon))
	w.now = noon.Add(30*day + clockMayLag - time.Second)
	w.lawful()
	w.now = noon.Add(30*day + clockMayLag + time.Second)
	w.finds(CheckVerdicts, "stored as qualified")
	w.tick()
	w.lawful()
	if _, err := w.pool.Exec(w.ctx, "update referrals set window_ends = window_ends + interval '1 year' where status = 'pending'"); err != nil {
		t.Fatal(err)
	}
	w.finds(CheckVerdicts, "the clock looks for")
}

func (w *world) finds(check, detail string) {
	w.t.Helper()
	var all []Finding
	if err := w.tools.Verify(w.ctx, 10, func(f Finding) { all = append(all, f) }, func(int) {}); err != nil {
		w.t.Fatalf("%v", err)
	}
	for _, f := range all {
		if f.Check == check && strings.Contains(f.Detail, detail) {
			return
		}
	}
	w.t.Errorf("nothing of %s (%s) in %+v", check, detail, all)
}
