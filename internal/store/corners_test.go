package store

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/payment"
)

// told applies batches of a story in a world of its own, and holds the outcome against the model and every law.
func told(t *testing.T, s sequence, batches ...[]int) *world {
	t.Helper()
	b := s.story() // event 0 is alice's registration
	w := b.world(t, t)
	w.now = cmp.Or(s.now, noon.Add(day))
	for _, batch := range batches {
		var events []fact.Event
		for _, i := range batch {
			events = append(events, b.events[i])
		}
		w.apply(events...)
	}
	w.tick()
	want := b.soFar(b.events, w.now)
	want.Slot = nil
	if diff := gocmp.Diff(shown(want.Outcome()), w.outcome()); diff != "" {
		t.Errorf("%v: -the model +the store:\n%s", batches, diff)
	}
	w.lawful()
	return w
}

// Two erasures of one id in one batch.
func TestTwoErasuresInOneBatch(t *testing.T) {
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			registered("bob", "", noon),                         // 1
			registered("bob", "C-ALICE", noon.Add(2*time.Hour)), // 2: the second bob
			session(1, "bob", usd(1000), noon.Add(3*time.Hour)), // 3: his
			erased("bob", noon.Add(time.Hour)),                  // 4
			erased("bob", noon.Add(4*time.Hour)),                // 5
		},
	}
	t.Run("erasures first", func(t *testing.T) { told(t, s, []int{0}, []int{4, 5}, []int{1, 2, 3}) })
	t.Run("one after the other", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4}, []int{5}) })
	t.Run("the other way round", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{5}, []int{4}) })
	t.Run("in one batch", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4, 5}) })
}

func TestTwoErasuresInOneBatchThirdPerson(t *testing.T) {
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			registered("bob", "", noon),                         // 1
			session(1, "bob", usd(1000), noon.Add(3*time.Hour)), // 2: the third bob's
			erased("bob", noon.Add(time.Hour)),                  // 3
			erased("bob", noon.Add(2*time.Hour)),                // 4
			registered("bob", "C-ALICE", noon.Add(3*time.Hour)), // 5: the third bob
		},
	}
	t.Run("erasures first", func(t *testing.T) { told(t, s, []int{0}, []int{3, 4}, []int{1, 2, 5}) })
	t.Run("one after the other", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2}, []int{3}, []int{4}, []int{5}) })
	t.Run("in one batch", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2}, []int{3, 4}, []int{5}) })
	t.Run("in one batch, the sign-up before", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 5}, []int{3, 4}) })
}

// A verification of somebody who turns out to be two: the earlier one loses it.
func TestVerificationOfTheEarlierPersonIsLost(t *testing.T) {
	s := sequence{
		terms: func(t *model.Terms) { referrerOnly(t); t.VerifiedEmail = true },
		events: []fact.Event{
			attributed("bob", "C-ALICE", noon),                  // 1
			verifiedBy("bob", noon.Add(time.Minute)),            // 2
			session(1, "bob", usd(1000), noon.Add(time.Minute)), // 3
			erased("bob", noon.Add(time.Hour)),                  // 4
			registered("bob", "", noon.Add(2*time.Hour)),        // 5: the second bob
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{4}, []int{1, 2, 3}, []int{5}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{5}, []int{4}) })
}

// Two refused referrals of a full code, reopened in one batch and in two.
func TestReopenTwo(t *testing.T) {
	for _, together := range []bool{false, true} {
		t.Run(fmt.Sprint("in one batch: ", together), func(t *testing.T) {
			w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.MaxUses = 1 })))
			w.now = noon.Add(day)
			w.apply(registered("alice", "", noon))
			for i, who := range []string{"bob", "carol", "dave"} {
				w.apply(registered(who, "C-ALICE", noon), session(i+1, who, usd(1000), hour))
			}
			both := []fact.Event{decided("carol", "C-ALICE", fact.Reopened, hour), decided("dave", "C-ALICE", fact.Reopened, hour)}
			if together {
				w.apply(both...)
			} else {
				w.apply(both[0])
				w.apply(both[1])
			}
			if got := w.outcome(); strings.Contains(got, "code_exhausted") {
				t.Errorf("somebody decided that both are to count:\n%s", got)
			}
			w.lawful()
		})
	}
}

// The place that was made for whoever was reopened is taken by somebody else of the same batch.
func TestReopenedPlaceIsTakenByAnother(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.MaxUses = 1 })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("dave", "C-ALICE", noon))
	for i, who := range []string{"bob", "carol"} {
		w.apply(registered(who, "C-ALICE", noon), session(i+1, who, usd(1000), hour))
	}
	w.apply(decided("carol", "C-ALICE", fact.Reopened, hour), session(3, "dave", usd(1000), hour.Add(-time.Minute)))
	if got := w.outcome(); !strings.Contains(got, "carol by alice (C-ALICE): rewarded") {
		t.Errorf("carol was reopened:\n%s", got)
	}
	w.lawful()
}

// Reopening what does not want a place leaves one free beside a refusal.
func TestReopenWhatWantsNoPlace(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.MaxUses = 1 })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	for i, who := range []string{"bob", "carol", "dave"} {
		w.apply(registered(who, "C-ALICE", noon), session(i+1, who, usd(1000), hour))
	}
	w.apply(registered("carol", "", noon.Add(-time.Hour))) // superseded, but the refusal is what shows
	w.apply(decided("carol", "C-ALICE", fact.Reopened, hour))
	t.Log(w.outcome())
	w.lawful()
}

// An earlier sign-up of the referrer, of the same device, dates the signal anew.
func TestTheReferrersEarlierSignUpDatesTheSignal(t *testing.T) {
	s := sequence{
		terms: review("same_device"),
		events: []fact.Event{
			from(registered("carol", "", noon.Add(2*time.Hour)), "", "device-1"),  // 1
			from(registered("bob", "C-CAROL", noon), "", "device-1"),              // 2
			session(1, "bob", usd(1000), hour),                                    // 3
			decided("bob", "C-CAROL", fact.Approved, hour),                        // 4
			from(registered("carol", "", noon.Add(-2*time.Hour)), "", "device-1"), // 5
		},
	}
	t.Run("earlier first", func(t *testing.T) { told(t, s, []int{0}, []int{5}, []int{1, 2, 3, 4}) })
	t.Run("earlier last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3, 4}, []int{5}) })
}

// A code is assigned to somebody while another worker records their sign-up.
func TestAssignmentBesideTheOwnersSignUp(t *testing.T) {
	w := newWorld(t, "")
	w.strictly(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "A-ALICE", noon), session(1, "bob", usd(1000), hour))

	blocker, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Rollback(w.ctx)
	if _, err := blocker.Exec(w.ctx, "lock table repeats in exclusive mode"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.store.Apply(w.ctx, []fact.Event{withEmail(registered("alice", "", noon.Add(-time.Hour)), "bob@example.com")})
		done <- err
	}()
	for waiting := false; !waiting; { // the first worker has found out whom it concerns, and is about to commit
		if err := w.pool.QueryRow(w.ctx, "select exists (select from pg_locks where not granted and relation = 'repeats'::regclass)").Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	second := make(chan error, 1)
	go func() {
		_, err := w.store.Apply(w.ctx, []fact.Event{assigned("alice", "A-ALICE", "", noon)})
		second <- err
	}()
	select { // a worker that waits for alice's row would be right
	case err := <-second:
		if err != nil {
			t.Fatal(err)
		}
		second <- nil
	case <-time.After(2 * time.Second):
	}
	if err := blocker.Commit(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if got := w.outcome(); got != "bob by alice (A-ALICE): cancelled self_referral" {
		t.Errorf("bob has alice's address:\n%s", got)
	}
	w.lawful()
}

// A rejection that turns out to be about the next person of that id.
func TestRejectionOfTheNextPerson(t *testing.T) {
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			registered("bob", "C-ALICE", noon),                              // 1
			session(1, "bob", usd(1000), hour),                              // 2
			decided("bob", "C-ALICE", fact.Rejected, noon.Add(3*time.Hour)), // 3
			erased("bob", noon.Add(2*time.Hour)),                            // 4
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{4}, []int{1, 2, 3}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 3}, []int{4}) })
}

// An unpaid session names the earlier person; the later one signs up; the erasure comes; the session is paid.
func TestUnpaidSessionOfTheEarlierPerson(t *testing.T) {
	unpaid := stripe("evt_unpaid", noon, payment.Report{Key: live.Key("cs_1"), Evidence: payment.Evidence{Kind: payment.Session, User: claim("bob", noon)}}, "pi_1")
	s := sequence{
		terms: referrerOnly,
		events: []fact.Event{
			unpaid, // 1
			registered("bob", "C-ALICE", noon.Add(2*time.Hour)), // 2
			erased("bob", noon.Add(time.Hour)),                  // 3
			session(1, "bob", usd(1000), noon.Add(3*time.Hour)), // 4
		},
	}
	t.Run("erased first", func(t *testing.T) { told(t, s, []int{0}, []int{3}, []int{1, 2, 4}) })
	t.Run("erased last", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2, 4}, []int{3}) })
	t.Run("erased before it is paid", func(t *testing.T) { told(t, s, []int{0}, []int{1, 2}, []int{3}, []int{4}) })
}

// What was kept of somebody who is erased twice in one batch.
func TestPersonalDataLeftInRepeats(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	w.apply(verifiedBy("bob", noon), registered("bob", "", noon.Add(2*time.Hour)), registered("bob", "", noon.Add(3*time.Hour)))
	w.apply(erased("bob", noon.Add(time.Hour)), erased("bob", noon.Add(4*time.Hour)))
	w.nothingOf(t, "bob@example.com")
	w.lawful()
}

func (w *world) nothingOf(t *testing.T, who string) {
	t.Helper()
	rows, err := w.pool.Query(w.ctx, `select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	for _, name := range tables {
		var found *string
		err := w.pool.QueryRow(w.ctx, fmt.Sprintf(`select min(x::text) from %s x where x::text like '%%' || $1 || '%%'`, name), who).Scan(&found)
		if err != nil {
			t.Fatal(err)
		}
		if found != nil {
			t.Logf("%s still has %s", name, *found)
			if name == "users" || name == "repeats" {
				t.Errorf("%s still has %s", name, *found)
			}
		}
	}
}

// A referrer's new card concerns those who have that card.
func TestAReferrersCardConcernsEveryReferee(t *testing.T) {
	w := newWorld(t, yamlOf("default", usual(func(t *model.Terms) { t.MaxUses = 0; review("same_card")(t) })))
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	took := func(n, friends int) int {
		var batch []fact.Event
		for i := range friends {
			batch = append(batch, registered(fmt.Sprintf("friend-%d-%d", n, i), "C-ALICE", noon))
		}
		w.apply(batch...)
		l := w.listen(t)
		w.apply(session(n, "alice", usd(1000), hour), paidBy(n, fmt.Sprintf("card_%d", n), hour))
		rows := 0
		for _, s := range l.heard {
			if strings.Contains(s.sql, "name: LockUsers") {
				rows = max(rows, len(s.args[0].([]int64)))
			}
		}
		return rows
	}
	few, many := took(1, 3), took(2, 300)
	if many > few+1 {
		t.Errorf("a card that nobody shares locks and assesses %d people with 303 friends, %d with 3", many, few)
	}
}

// Nothing to ask costs no round trip.
func TestTombstonesAreAskedForNobody(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), erased("zoe", noon))
	l := w.listen(t)
	w.apply(charge(1, 0, hour))
	w.apply(charge(1, 0, hour)) // a duplicate
	for _, s := range l.heard {
		if strings.Contains(s.sql, "name: ListTombstones") {
			t.Errorf("asked for the tombstones of %v", s.args)
		}
	}
}

// Whoever was erased has no name by which a decision could speak of them.
func TestNameOfAnErasedReferral(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 0, hour), warning(1, true, hour))
	w.apply(erased("bob", hour.Add(time.Hour)))
	if referee, code, err := w.api.NameReferral(w.ctx, 1); !errors.Is(err, ErrErased) {
		t.Errorf("%q %q %v", referee, code, err)
	}
}

// Whoever was attributed by hand, and of whom no sign-up is known, is not said to have signed up: until one is.
func TestNobodyIsSaidToHaveSignedUp(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	said := func() string {
		t.Helper()
		page, err := w.api.Referrals(w.ctx, Filter{Referee: "bob", Limit: 1})
		if err != nil || len(page) != 1 {
			t.Fatal(page, err)
		}
		return page[0].Checks[0].Detail
	}
	w.apply(registered("alice", "", noon), attributed("bob", "C-ALICE", hour))
	if got, want := said(), "attributed by hand at 2026-03-01T13:00:00Z, and no sign-up is known"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	w.apply(registered("bob", "", noon))
	if got, want := said(), "signed up at 2026-03-01T12:00:00Z"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
