package store

import (
	"errors"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/referral"
)

// askForTheConsole asks all that the console does beside the API, but for lists that look at more rows than they show: see
// TestALongLookIsBounded.
func (w *world) askForTheConsole(t *testing.T) {
	t.Helper()
	people, err := w.api.PeopleOf(w.ctx, 1)
	if err != nil && !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	alice := w.numberOfUser("alice")
	for _, b := range []Browse{{}, {Reviewing: true}, {Referrer: alice}, {Referee: people.Referee + 1}, {Referrer: alice, Before: 1 << 40}} {
		b.Limit = 50
		if _, _, err := w.api.Browse(w.ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	sessions := w.api.Sessions()
	for _, err := range []error{
		errOf(w.api.Search(w.ctx, "C-ALICE", 1)), errOf(w.api.Person(w.ctx, alice)), errOf(w.api.DecisionApplied(w.ctx, "x")),
		errOf(w.api.AppliedTerms(w.ctx)), errOf(w.api.Backlog(w.ctx)), errOf(w.api.CodeOf(w.ctx, 1)),
		sessions.CommitCtx(w.ctx, "x", []byte("x"), time.Now().Add(time.Hour)), sessions.DeleteCtx(w.ctx, "y"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := sessions.FindCtx(w.ctx, "x"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.api.Newcomers(w.ctx, 0, 50); err != nil {
		t.Fatal(err)
	}
}

func errOf[T any](_ T, err error) error { return err }

// TestALongLookIsBounded: a list that is narrowed to what hardly any referral is looks at no more than it says.
func TestALongLookIsBounded(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, crowd); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	for _, b := range []Browse{{Status: referral.Cancelled}, {Reason: referral.Refunded, Program: 1}, {Referrer: 1, Status: referral.Rewarded}} {
		b.Limit = 50
		if _, next, err := w.api.Browse(w.ctx, b); err != nil || next == 0 {
			t.Fatalf("%+v: next %d, %v", b, next, err)
		}
	}
	if len(l.heard) == 0 {
		t.Fatal("nothing was heard")
	}
	for _, s := range l.heard {
		if len(s.sql) > 2 && s.sql[:2] == "--" {
			for _, walk := range w.walksBeyond(t, s, BrowseMost) {
				t.Error(walk)
			}
		}
	}
}
