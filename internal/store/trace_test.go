package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/referral"
)

// watchful terms look for everything there is.
const watchful = uncapped + `
fraud:
  same_card: review
  same_ip: flag
  same_device: review
  same_email: review
  signups_per_ip: {max: 2, per: 1h, then: cancel}
`

// untracedCrowd is more than two pages of people with addresses and devices, recorded while nobody looked at them.
//
//nolint:dupword // it is SQL
const untracedCrowd = `
insert into users (external_id, registered_at, sign_up_event, ip_key, device_key, traced)
select 'stranger-' || n, now(), 'x', int8send(n), int8send(n), false from generate_series(1, 25000) n;
analyze users`

func (w *world) traced() int {
	w.t.Helper()
	return w.count("select count(*) from users where traced and (ip_key is not null or device_key is not null)")
}

func (w *world) applyTerms(source string) {
	w.t.Helper()
	if _, err := w.tools.ApplyProgram(w.ctx, []byte(source)); err != nil {
		w.t.Fatalf("%v", err)
	}
}

// TestNobodyIsTracedWhileNoTermsLook: not who is new, nor who was heard of before they signed up. Terms that compare the
// two sides of a referral alone need nobody traced.
func TestNobodyIsTracedWhileNoTermsLook(t *testing.T) {
	w := newWorld(t, uncapped)
	w.applyTerms(uncapped + "fraud: {same_ip: flag, same_email: review, same_card: review, disposable_email: flag}\n")
	w.now = noon.Add(day)
	w.apply(session(1, "bob", usd(1000), hour))
	w.apply(from(registered("alice", "", noon), "10.0.0.1", "device-1"), from(registered("bob", "C-ALICE", noon), "10.0.0.1", "device-1"))
	w.apply(from(registered("bob", "C-ALICE", noon.Add(-time.Hour)), "10.0.0.2", "device-2"))
	if n := w.traced(); n > 0 {
		t.Errorf("%d are traced, though no terms look for them", n)
	}
	w.applyTerms(watchful)
	if n := w.traced(); n != 2 {
		t.Errorf("%d of 2 are traced when terms look for them", n)
	}
	w.apply(from(registered("carol", "C-ALICE", noon), "10.0.0.3", "device-3"))
	if n := w.traced(); n != 3 {
		t.Errorf("%d of 3 are traced once terms look for them", n)
	}
	w.lawful()
}

// TestTermsThatBeginToLook find those who signed up before them: while somebody's decision was on its way, while people
// were being traced, and after that had been stopped midway. The workers go on all the time.
func TestTermsThatBeginToLook(t *testing.T) {
	w := newWorld(t, uncapped)
	w.now = noon.Add(day)
	w.apply(from(registered("alice", "", noon.Add(-day)), "10.0.0.9", "device-9"), from(registered("bob", "C-ALICE", noon), "10.0.0.1", "device-1"))
	if _, err := w.pool.Exec(w.ctx, untracedCrowd); err != nil {
		t.Fatal(err)
	}
	late := w.deciding(t, "late", "bob") // somebody is being recorded when the terms come
	inTheWay := w.holding(t, "stranger-15000")

	ctx, stop := context.WithCancel(w.ctx)
	first := w.applyingTerms(ctx)
	w.waits("LockTermsExclusive")
	late()
	w.waits("TraceUsers") // of the second page
	if n := w.traced(); n < 5000 || n > 12_000 {
		t.Errorf("%d are traced after the first page", n)
	}
	w.apply(from(registered("carol", "C-ALICE", noon.Add(time.Minute)), "10.0.0.1", "device-1"), session(1, "carol", usd(1000), hour))
	w.want("carol", "rewarded") // by the terms of her time
	stop()
	if err := <-first; err == nil {
		t.Fatal("the terms were applied, though the way to them was stopped")
	}
	if _, version, _, err := w.tools.Program(w.ctx, "default"); err != nil || version != 1 {
		t.Fatalf("after it was stopped the terms are version %d, %v", version, err)
	}
	inTheWay()

	inTheWay = w.holding(t, "stranger-24000")
	second := w.applyingTerms(w.ctx)
	w.waits("TraceUsers")
	w.apply(from(registered("dave", "C-ALICE", noon.Add(2*time.Minute)), "10.0.0.2", "device-2"))
	w.apply(from(registered("bob", "C-ALICE", noon.Add(-time.Minute)), "10.0.0.1", "device-1")) // whose page is done
	inTheWay()
	if err := <-second; err != nil {
		t.Fatal(err)
	}
	if n := w.count("select count(*) from users where not traced"); n > 0 {
		t.Errorf("%d are not traced under terms that look for them", n)
	}
	_, _, since, err := w.tools.Program(w.ctx, "default")
	if err != nil {
		t.Fatal(err)
	}
	w.judgedBySigns(since)
}

// judgedBySigns has people sign up who share something with those who did before the terms.
func (w *world) judgedBySigns(since time.Time) {
	w.t.Helper()
	for i, c := range []struct{ who, ip, device, want string }{
		{"erin", "10.0.0.5", "device-1", "qualified"},  // is reviewed: bob, from before, has the device
		{"frank", "10.0.0.6", "device-2", "qualified"}, // dave signed up while people were being traced
		{"gina", "10.0.0.7", "device-late", "qualified"},
		{"hank", "10.0.0.8", "device-8", "rewarded"},
	} {
		at := since.Add(time.Duration(i+1) * time.Second)
		w.now = at.Add(time.Minute)
		w.apply(from(registered(c.who, "C-ALICE", at), c.ip, c.device), session(10+i, c.who, usd(1000), at))
		if got := w.statusOf(c.who); got != c.want {
			w.t.Errorf("%s is %s, not %s", c.who, got, c.want)
		}
	}
	w.lawful()
}

// TestSignUpsBeforeTheTermsCount where sign-ups from one address are counted.
func TestSignUpsBeforeTheTermsCount(t *testing.T) {
	w := newWorld(t, uncapped)
	w.now = noon.Add(day)
	at := func(n int) time.Time { return w.now.Add(time.Duration(n-10) * time.Second) }
	w.apply(from(registered("alice", "", noon), "10.0.0.9", "device-9"))
	w.apply(from(registered("bob", "", at(1)), "10.0.0.1", "device-1"), from(registered("carol", "", at(2)), "10.0.0.1", "device-2"))
	w.applyTerms(watchful)
	w.now = w.now.Add(time.Minute)
	w.apply(from(registered("dave", "C-ALICE", w.now), "10.0.0.1", "device-3"), from(registered("erin", "C-ALICE", w.now), "10.0.0.2", "device-4"))
	w.want("dave", "cancelled fraud")
	w.want("erin", "pending")
	w.lawful()
}

// deciding has the worker record somebody by terms that do not look, and wait for somebody else; it returns when that is so.
func (w *world) deciding(t *testing.T, user, other string) (finish func()) {
	t.Helper()
	release := w.holding(t, other)
	done := make(chan error, 1)
	go func() {
		_, err := w.store.Apply(w.ctx, []fact.Event{
			from(registered(user, "C-ALICE", noon), "10.0.0.3", "device-"+user), verifiedBy(other, hour),
		})
		done <- err
	}()
	w.waits("LockUsers")
	return func() {
		t.Helper()
		release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// holding locks somebody, and returns what lets them go.
func (w *world) holding(t *testing.T, user string) (release func()) {
	t.Helper()
	tx, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(w.ctx) })
	if _, err := tx.Exec(w.ctx, "select from users where external_id = $1 for update", user); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) applyingTerms(ctx context.Context) (done chan error) {
	done = make(chan error, 1)
	go func() {
		_, err := w.tools.ApplyProgram(ctx, []byte(watchful))
		done <- err
	}()
	return done
}

// sharing are people of two codes, many of whom share devices, addresses, e-mail addresses or cards.
const sharing = `
insert into codes (id, code, owner_id, program_id) values (901, 'S1', 1, 1), (902, 'S2', 2, 1);
insert into users (id, external_id, registered_at, sign_up_event, sign_up_code, program_id, email_key, ip_key, device_key, traced)
select n, 'sharer-' || n, '2026-03-01 12:00:00+00'::timestamptz + n % 7 * interval '20 minutes', 'x', 901 + n % 2, 1,
       int8send(n / 2 * (n % 3)), case when n % 3 > 0 then int8send(n / 4) end, case when n % 4 > 0 then int8send(n / 6) end, false
from generate_series(1, 300) n;
insert into sign_ups select id, sign_up_code, registered_at, 'x', false from users;
insert into cards select int8send(n / 3), n, '2026-03-02'::timestamptz + n % 5 * interval '1 minute' from generate_series(1, 300) n where n % 5 > 0;
insert into referrals (program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, transitions, changed_at)
select 1, sign_up_code, sign_up_code - 900, id, registered_at, '2026-06-01', 'pending', 1, now() from users where id > 2`

// TestAPreviewNeedsNobodyTraced: among all people it finds what is found among those who are traced.
func TestAPreviewNeedsNobodyTraced(t *testing.T) {
	w := newWorld(t, uncapped)
	w.now = noon.Add(10 * day)
	if _, err := w.pool.Exec(w.ctx, sharing); err != nil {
		t.Fatal(err)
	}
	before := w.preview(watchful, 37, 2)
	if before.UnderReviewing == 0 {
		t.Fatalf("nothing is suspicious: %+v", before)
	}
	searched := w.signals(t, true)
	if err := w.tools.trace(w.ctx); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(w.signals(t, false), searched); diff != "" {
		t.Errorf("among those who are traced, and among all:\n%s", diff)
	}
	kinds := make(map[string]int)
	for _, line := range searched {
		kinds[strings.Fields(line)[1]]++
	}
	if len(kinds) != 4 {
		t.Errorf("not every kind is among %v", kinds)
	}
}

// signals are those of all referrals, by watchful terms.
func (w *world) signals(t *testing.T, ofAll bool) (lines []string) {
	t.Helper()
	q := db.New(w.pool)
	rows, err := q.ListReferralsByReferrer(w.ctx, db.ListReferralsByReferrerParams{Last: 1000, ProgramID: 1, Most: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var items []*item
	for _, r := range rows {
		items = append(items, &item{Referral: r, version: version{terms: referral.Terms{Fraud: referral.FraudTerms{
			SameCard: referral.Review, SameDevice: referral.Review, SameEmail: referral.Review,
			SignUpsPerIP: referral.SignUpsPerIP{Max: 1, Per: 30 * time.Minute, Then: referral.Review},
		}}}})
	}
	p, err := readPast(w.ctx, q, items)
	if err != nil {
		t.Fatal(err)
	}
	load := loadSignals
	if ofAll {
		load = searchSignals
	}
	if err := load(w.ctx, q, items, p.users); err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		for _, s := range it.signals {
			lines = append(lines, fmt.Sprintf("%d %s %s %d", it.RefereeID, s.Kind, s.At, s.Count))
		}
	}
	slices.Sort(lines)
	return lines
}

// TestNoSignalWalksThroughATable does what TestNoStatementWalksThroughATable does, where terms look for everything.
func TestNoSignalWalksThroughATable(t *testing.T) {
	w := newWorld(t, watchful)
	if _, err := w.pool.Exec(w.ctx, crowd+`;
		update users set ip_key = int8send(id), device_key = int8send(id);
		update referrals set referrer_id = 1 + referee_id % 5000, code_id = 1 + referee_id % 5000;
		insert into cards select int8send(n), n, now() from generate_series(1, 60000) n;
		analyze`); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	w.now = noon.Add(day)
	w.apply(from(registered("alice", "", noon), "10.0.0.1", "device-1"), from(registered("bob", "C-ALICE", noon), "10.0.0.1", "device-1"))
	w.apply(session(1, "bob", usd(1000), hour), paidBy(1, "card_1", hour))
	w.apply(from(registered("carol", "C-ALICE", noon), "10.0.0.1", "device-1"), session(2, "carol", usd(1000), hour), paidBy(2, "card_1", hour))
	heard := make(map[string]bool)
	for _, s := range l.heard {
		if name, ok := strings.CutPrefix(s.sql, "-- name: "); ok {
			heard[strings.Fields(name)[0]] = true
			for _, walk := range w.walks(t, s) {
				t.Errorf("%s: %s", strings.Fields(name)[0], walk)
			}
		}
	}
	for _, name := range []string{"ListSignals", "ListSiblings", "ListNeighbours", "LockAddresses", "SeeCards"} {
		if !heard[name] {
			t.Errorf("%s was not heard", name)
		}
	}
}
