package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// statusOf is where somebody's only referral stands.
func (w *world) statusOf(referee string) string {
	w.t.Helper()
	page, err := w.api.Referrals(w.ctx, Filter{Referee: referee, Limit: 10})
	if err != nil || len(page) != 1 {
		w.t.Fatalf("%d referrals of %s, %v", len(page), referee, err)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", page[0].Status, page[0].Reason))
}

func (w *world) want(referee, status string) {
	w.t.Helper()
	if got := w.statusOf(referee); got != status {
		w.t.Errorf("%s: %s is %s, not %s", w.now.Format(time.RFC3339), referee, got, status)
	}
}

func TestTheHoldEndsByTheClock(t *testing.T) {
	w := newWorld(t, withHold)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
	w.now = hour
	w.apply(session(1, "bob", usd(1000), hour), session(2, "carol", usd(1000), hour))
	w.want("bob", "qualified")

	w.now = hour.Add(30*day - time.Second)
	w.tick()
	w.want("bob", "qualified")
	w.apply(charge(2, 1000, w.now)) // carol's goes back while it is held
	w.want("carol", "cancelled refunded")

	w.now = hour.Add(30 * day)
	w.tick()
	w.want("bob", "rewarded")
	w.want("carol", "cancelled refunded")
	w.lawful()
}

func TestTheWindowClosesByTheClock(t *testing.T) {
	w := newWorld(t, "")
	w.apply(registered("alice", "", noon))
	var friends []fact.Event
	for i := range 20 {
		friends = append(friends, registered(fmt.Sprint("friend", i), "C-ALICE", noon.Add(time.Duration(i)*time.Hour)))
	}
	w.apply(friends...)

	w.now = noon.Add(90 * day)
	w.tick()
	w.want("friend0", "pending") // the last second of the window counts
	w.now = noon.Add(90*day + time.Second)
	w.tick()
	w.want("friend0", "cancelled expired")
	w.want("friend1", "pending")

	w.now = noon.Add(200 * day) // the worker was away for a while
	w.tick()
	for i := range 20 {
		w.want(fmt.Sprint("friend", i), "cancelled expired")
	}
	w.apply(session(1, "friend3", usd(1000), noon.Add(10*day))) // and so was this payment
	w.want("friend3", "rewarded")
	w.lawful()
}

// TestASignUpThatArrivesAfterItsWindow is never looked at by the clock, whose mark is past it: it must be right at once.
func TestASignUpThatArrivesAfterItsWindow(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(300 * day)
	w.tick()
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	w.want("bob", "cancelled expired")
	w.apply(registered("bob", "C-ALICE", noon.Add(-day)), session(1, "bob", usd(1000), noon.Add(89*day+12*time.Hour)))
	w.want("bob", "cancelled expired") // by the earlier sign-up, it was too late
	w.lawful()
}

func TestTheTermsOfTheSignUpCount(t *testing.T) {
	w := newWorld(t, uncapped)
	w.now = noon
	if _, err := w.tools.ApplyProgram(w.ctx, []byte(`{qualify: {minimum: {usd: "50.00"}}}`)); err != nil {
		t.Fatal(err)
	}
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon.Add(-day)), registered("early", "C-ALICE", noon.Add(-time.Second)), registered("late", "C-ALICE", noon),
		session(1, "early", usd(1000), hour), session(2, "late", usd(1000), hour))
	w.want("early", "rewarded")
	w.want("late", "pending")
	w.lawful()

	again, err := w.tools.ApplyProgram(w.ctx, []byte(`{qualify: {minimum: {usd: "50"}}}`))
	if err != nil || again.Changed || again.Version != 2 {
		t.Errorf("the same terms again: %+v, %v", again, err)
	}
}

// TestOneThatCanNotBeDecidedHoldsNobodyUp: the database refuses one referral, and the clock goes on with the others.
func TestOneThatCanNotBeDecidedHoldsNobodyUp(t *testing.T) {
	w := newWorld(t, withHold)
	w.apply(registered("alice", "", noon))
	for i := range 5 {
		w.apply(registered(fmt.Sprint("friend", i), "C-ALICE", noon))
	}
	w.apply(registered("held", "C-ALICE", noon.Add(80*day)), session(1, "held", usd(1000), noon.Add(80*day)))
	_, err := w.pool.Exec(w.ctx, `alter table referrals add constraint poisoned check (referee_id <> (`+w.idOf("friend2")+`) or status <> 'cancelled')`)
	if err != nil {
		t.Fatal(err)
	}
	w.now = noon.Add(120 * day)
	for range 2 {
		if _, err := w.store.Tick(w.ctx, 3); err == nil || Transient(err) {
			t.Errorf("the fault was not told: %v", err)
		}
	}
	for _, i := range []int{0, 1, 3, 4} {
		w.want(fmt.Sprint("friend", i), "cancelled expired")
	}
	w.want("held", "rewarded")
	if _, err := w.pool.Exec(w.ctx, `alter table referrals drop constraint poisoned`); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.want("friend2", "cancelled expired")
	w.lawful()
}

func (w *world) idOf(user string) (id string) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.ctx, "select id::text from users where external_id = $1", user).Scan(&id); err != nil {
		w.t.Fatalf("%v", err)
	}
	return id
}

// TestNewTermsLeaveASignUpAlone that is dated a little ahead, by a clock that runs fast.
func TestNewTermsLeaveASignUpAlone(t *testing.T) {
	w := newWorld(t, uncapped)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon.Add(2*time.Minute)), session(1, "bob", usd(1000), noon.Add(2*time.Minute)))
	w.want("bob", "rewarded")
	if _, err := w.tools.ApplyProgram(w.ctx, []byte(withHold)); err != nil {
		t.Fatal(err)
	}
	w.now = hour
	w.apply(charge(1, 0, hour), registered("carol", "C-ALICE", hour), session(2, "carol", usd(1000), hour))
	w.want("bob", "rewarded")
	w.want("carol", "qualified")
	w.lawful()
}
