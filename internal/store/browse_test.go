package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// numberOfUser is the internal number of somebody.
func (w *world) numberOfUser(id string) int64 {
	w.t.Helper()
	f, err := w.api.Search(w.ctx, id, 0)
	if err != nil || f.User == 0 {
		w.t.Fatalf("%s: %+v, %v", id, f, err)
	}
	return f.User
}

// browsed reads all pages of a list, and says who is in it.
func (w *world) browsed(b Browse) string {
	w.t.Helper()
	var all []string
	for range 100 {
		page, next, err := w.api.Browse(w.ctx, b)
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		for _, r := range page {
			all = append(all, r.Referee)
		}
		if next == 0 {
			return strings.Join(all, " ")
		}
		b.Before = next
	}
	w.t.Fatalf("the pages do not end")
	return ""
}

func TestBrowse(t *testing.T) {
	w := newWorld(t, "fraud: {disposable_email: review}")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("zoe", "", noon))
	w.apply(registered("bob", "C-ALICE", noon))
	w.apply(registered("carol", "C-ALICE", noon))
	w.apply(registered("dave", "C-ZOE", noon))
	w.apply(withEmail(registered("erin", "C-ALICE", noon), "erin@mailinator.com"))
	w.apply(session(1, "bob", usd(1000), hour), session(2, "dave", usd(1000), hour), session(3, "erin", usd(1000), hour))
	w.apply(charge(2, 1000, hour))
	alice, bob := w.numberOfUser("alice"), w.numberOfUser("bob")
	code, err := w.api.Search(w.ctx, "C-ALICE", 0)
	if err != nil || code.Owner != alice || code.User != 0 {
		t.Fatalf("the code is %+v, %v", code, err)
	}
	if c, err := w.api.CodeOf(w.ctx, code.Code); err != nil || c != (OwnedCode{"C-ALICE", alice}) {
		t.Errorf("the code is %+v, %v", c, err)
	}
	for name, tt := range map[string]struct {
		b    Browse
		want string
	}{
		"all":                {Browse{}, "erin dave carol bob"},
		"a status":           {Browse{Status: referral.Pending}, "carol"},
		"another":            {Browse{Status: referral.Cancelled}, "dave"},
		"a reason":           {Browse{Reason: referral.Refunded}, "dave"},
		"a reason of nobody": {Browse{Reason: referral.Expired}, ""},
		"to review":          {Browse{Reviewing: true}, "erin"},
		"of a referrer":      {Browse{Referrer: alice}, "erin carol bob"},
		"and a status":       {Browse{Referrer: alice, Status: referral.Rewarded}, "bob"},
		"and to review":      {Browse{Referrer: alice, Reviewing: true}, "erin"},
		"of a referee":       {Browse{Referee: bob}, "bob"},
		"of a code":          {Browse{Referrer: alice, Code: code.Code}, "erin carol bob"},
		"of another code":    {Browse{Referrer: alice, Code: code.Code + 1000}, ""},
		"of a program":       {Browse{Program: 1}, "erin dave carol bob"},
		"of no program":      {Browse{Program: 4711}, ""},
		"of nobody":          {Browse{Referrer: 4711}, ""},
	} {
		for _, limit := range []int{1, 2, 3, 50} {
			tt.b.Limit = limit
			if got := w.browsed(tt.b); got != tt.want {
				t.Errorf("%s, by %d: %q, want %q", name, limit, got, tt.want)
			}
		}
	}
	page, _, err := w.api.Browse(w.ctx, Browse{Referee: bob, Limit: 1})
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	if r := page[0]; r.Referrer != "alice" || r.ReferrerID != alice || r.RefereeID != bob || r.Code != "C-ALICE" || r.CodeID != code.Code ||
		r.Program != "default" || r.Status != referral.Rewarded || !r.SignedUpAt.Equal(noon) || r.ChangedAt.IsZero() {
		t.Errorf("bob's referral is %+v", r)
	}
	if people, err := w.api.PeopleOf(w.ctx, page[0].ID); err != nil || people != (People{alice, bob, code.Code}) {
		t.Errorf("it is of %+v, %v", people, err)
	}
	for name, ask := range map[string]func() error{
		"a referral": func() error { _, err := w.api.PeopleOf(w.ctx, 4711); return err },
		"a code":     func() error { _, err := w.api.CodeOf(w.ctx, 4711); return err },
		"a person":   func() error { _, err := w.api.Person(w.ctx, 4711); return err },
		"a version":  func() error { _, err := w.api.Terms(w.ctx, 1, 4711); return err },
	} {
		if err := ask(); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s that there is not: %v", name, err)
		}
	}
}

// TestBrowseGoesOnWhereItStopped has a page that looked at as many as it may find none, and the next one.
func TestBrowseGoesOnWhereItStopped(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, `insert into users (external_id) select 'u' || n from generate_series(1, 3) n;
		insert into codes (code, owner_id, program_id) values ('C', 1, 1);
		insert into referrals (program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, reason, transitions, changed_at)
		select 1, 1, 1, n, now(), '2030-01-01', case n when 1 then 'cancelled' else 'pending' end, case n when 1 then 'expired' end, 1, now()
		from generate_series(1, 12000) n`); err != nil {
		t.Fatal(err)
	}
	b := Browse{Status: referral.Cancelled, Limit: 50}
	found := 0
	for pages := 1; ; pages++ {
		page, next, err := w.api.Browse(w.ctx, b)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page)
		if b.Before = next; next == 0 {
			if pages != 3 || found != 1 {
				t.Errorf("%d found on %d pages", found, pages)
			}
			return
		}
		if want := int64(12000 - pages*BrowseMost + 1); next != want {
			t.Errorf("page %d ends at %d, want %d", pages, next, want)
		}
	}
}

func TestPerson(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-NOBODY", noon))
	w.apply(session(1, "bob", usd(1000), hour), session(2, "stranger", usd(1000), hour))
	alice, err := w.api.Person(w.ctx, w.numberOfUser("alice"))
	if err != nil {
		t.Fatal(err)
	}
	if alice.ID != "alice" || len(alice.Codes) != 1 || alice.Codes[0].Text != "C-ALICE" || alice.Codes[0].Granted != 1 || alice.Rank.Standing != 1 ||
		len(alice.Balances) != 1 || alice.Balances[0] != money.New("usd", 1000) || alice.Program != "default" {
		t.Errorf("alice is %+v", alice)
	}
	if carol, err := w.api.Person(w.ctx, w.numberOfUser("carol")); err != nil || carol.ReferredBy != "C-NOBODY" || !carol.UnknownCode {
		t.Errorf("carol is %+v, %v", carol, err)
	}
	stranger, err := w.api.Person(w.ctx, w.numberOfUser("stranger"))
	if err != nil || !stranger.RegisteredAt.IsZero() || stranger.ID != "stranger" {
		t.Errorf("the stranger is %+v, %v", stranger, err)
	}
	var got []string
	for before := int64(0); ; {
		page, next, err := w.api.Newcomers(w.ctx, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			got = append(got, p.ID+p.Code)
		}
		if before = next; next == 0 {
			break
		}
	}
	if len(got) != 4 || got[0] != "stranger" || !strings.Contains(fmt.Sprint(got), "aliceC-ALICE") {
		t.Errorf("the newcomers are %v", got)
	}
	bob := w.numberOfUser("bob")
	w.apply(fact.Event{Key: "erase-bob", Name: "erase-bob", Type: fact.UserErased, At: noon.Add(day), Erased: &fact.Erased{UserID: "bob", At: noon.Add(day)}})
	if p, err := w.api.Person(w.ctx, bob); err != nil || p.ID != "" || p.Username != "" || p.Email != "" || p.ErasedAt.IsZero() {
		t.Errorf("bob is %+v, %v", p, err)
	}
}

func TestDecisionApplied(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	if applied, err := w.api.DecisionApplied(w.ctx, "d1"); err != nil || applied {
		t.Errorf("before: %t, %v", applied, err)
	}
	w.apply(fact.Event{Key: "d1", Name: "d1", Type: fact.ReferralReviewed, At: noon.Add(hour.Sub(noon)), Decision: &fact.Decision{
		UserID: "bob", Code: "C-ALICE", Verdict: fact.Rejected, By: "kim", Why: "x", At: hour,
	}})
	if applied, err := w.api.DecisionApplied(w.ctx, "d1"); err != nil || !applied {
		t.Errorf("after: %t, %v", applied, err)
	}
}

func TestBacklog(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	b, err := w.api.Backlog(w.ctx)
	if err != nil || !b.Clock.IsZero() || b.Outbox == 0 || b.Oldest.IsZero() || b.At.IsZero() {
		t.Errorf("before the clock: %+v, %v", b, err)
	}
	w.tick()
	if b, err = w.api.Backlog(w.ctx); err != nil || !b.Clock.Equal(w.now) {
		t.Errorf("after it: %+v, %v", b, err)
	}
}

func TestTermsVersions(t *testing.T) {
	w := newWorld(t, "")
	versions, err := w.api.AppliedTerms(w.ctx)
	if err != nil || len(versions) == 0 || versions[0].Name != "default" || versions[0].AppliedAt.IsZero() {
		t.Fatalf("%+v, %v", versions, err)
	}
	for i := 1; i < len(versions); i++ {
		if a, b := versions[i-1], versions[i]; a.Program == b.Program && a.Version != b.Version+1 {
			t.Errorf("%+v stands before %+v", a, b)
		}
	}
	if source, err := w.api.Terms(w.ctx, versions[0].Program, versions[0].Version); err != nil || !strings.Contains(source, "default") {
		t.Errorf("%q, %v", source, err)
	}
}

func TestConsoleSessions(t *testing.T) {
	w := newWorld(t, "")
	s := w.api.Sessions()
	find := func(key string) string {
		data, found, err := s.FindCtx(w.ctx, key)
		if err != nil || found != (data != nil) {
			t.Fatal(data, found, err)
		}
		return string(data)
	}
	soon := time.Now().Add(time.Hour)
	for _, err := range []error{
		s.CommitCtx(w.ctx, "a", []byte("one"), soon), s.CommitCtx(w.ctx, "a", []byte("two"), soon), s.CommitCtx(w.ctx, "b", []byte("old"), time.Now().Add(-time.Second)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if find("a") != "two" || find("b") != "" || find("c") != "" {
		t.Errorf("a is %q, b %q, c %q", find("a"), find("b"), find("c"))
	}
	if err := s.CommitCtx(w.ctx, "c", []byte("three"), soon); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := w.pool.QueryRow(w.ctx, "select count(*) from console_sessions").Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d sessions are kept, %v: one has ended", rows, err)
	}
	if err := errors.Join(s.DeleteCtx(w.ctx, "a"), s.DeleteCtx(w.ctx, "a")); err != nil || find("a") != "" || find("c") != "three" {
		t.Errorf("a is %q, c %q, %v", find("a"), find("c"), err)
	}
}
