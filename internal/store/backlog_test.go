package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/payment"
)

// bought lets somebody buy so often, once a minute, for a dollar each.
func (w *world) bought(user string, times int) {
	w.t.Helper()
	var events []fact.Event
	for i := range times {
		events = append(events, stripe(fmt.Sprintf("evt_%s_%d", user, i), hour, payment.Report{
			Key: live.Key(fmt.Sprintf("cs_%s_%04d", user, i)),
			Evidence: payment.Evidence{
				Kind: payment.Session, User: claim(user, hour), Paid: payment.Paid{Amount: usd(100), At: noon.Add(time.Duration(i) * time.Minute)},
			},
		}))
	}
	w.apply(events...)
}

// settlePage lets the clock go through one page of purchases, as one of its transactions does.
func (w *world) settlePage(page int, users ...string) Result {
	w.t.Helper()
	var ids []int64
	for _, u := range users {
		ids = append(ids, int64(w.count("select id from users where external_id = '"+u+"'")))
	}
	r, err := w.store.run(w.ctx, work{behind: ids, page: page, cause: clockCause})
	if err != nil {
		w.t.Fatalf("the clock: %v", err)
	}
	return r
}

// TestALateSignUpOfABuyerOfAThousand: the sign-up costs as much as that of somebody who bought once, and the clock goes
// through the rest in pages.
func TestALateSignUpOfABuyerOfAThousand(t *testing.T) {
	const many = 1000
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("once", 1)
	w.bought("bob", many)
	l := w.listen(t)
	w.apply(registered("nobody", "", noon)) // the terms are read once
	counts := make(map[string]int)
	for _, who := range []string{"once", "bob"} {
		l.heard = nil
		if r := w.apply(registered(who, "", noon)); len(r.Credits) > 0 {
			t.Errorf("the sign-up of %s credited %d purchases", who, len(r.Credits))
		}
		counts[who] = len(l.heard)
	}
	if counts["once"] != counts["bob"] {
		t.Errorf("statements: %v", counts)
	}
	w.lawful() // the clock is on its way

	posted := 0
	for left := true; left; {
		l.heard = nil
		r := w.settlePage(64, "once", "bob")
		if len(r.Credits) > 64 {
			t.Errorf("one page credits %d purchases", len(r.Credits))
		}
		if len(l.heard) > 20 {
			t.Errorf("one page takes %d statements", len(l.heard))
		}
		posted += len(r.Credits)
		left = len(r.left) > 0
		if posted == 64*5 {
			w.lawful() // in the midst of it as well
		}
	}
	if posted != many+1 {
		t.Errorf("%d purchases were credited", posted)
	}
	w.wantBalances("bob has 1000.00 usd\nonce has 1.00 usd")
	w.caughtUp()
	w.lawful()
	if n := w.count("select count(*) from credits where cause <> 'clock' or n <> 1"); n > 0 {
		t.Errorf("%d transfers were posted by another than the clock, or again", n)
	}
}

// TestSignUpsThatMoveInTheMidst of the clock's way through a past: it begins anew where that is needed, and posts nothing
// twice.
func TestSignUpsThatMoveInTheMidst(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 200)
	w.apply(registered("bob", "", noon.Add(3*time.Hour))) // grace and all, 120 minutes later: the last 80 count
	w.settlePage(10, "bob")
	w.settlePage(10, "bob")
	w.wantBalances("bob has 20.00 usd")
	w.lawful()

	w.apply(registered("bob", "", noon)) // earlier: all count
	w.settlePage(10, "bob")
	w.wantBalances("bob has 30.00 usd")
	w.lawful()

	w.apply(joined("bob", "plain", noon.Add(-time.Minute))) // no more
	w.settlePage(15, "bob")
	w.lawful()
	w.tick()
	w.wantBalances("")
	w.caughtUp()
	w.lawful()

	w.apply(joined("bob", "patient", noon.Add(-day)))
	w.tick()
	w.wantBalances("bob has 200.00 usd")
	w.apply(joined("bob", "", noon.Add(-2*day))) // the same, from another account
	w.tick()
	w.wantBalances("bob has 200.00 usd")
	w.caughtUp()
	w.lawful()
	if n := w.count(`select count(*) from (select account, sum(minor) as minor from (
		select debit as account, -minor as minor from credits union all select credit, minor from credits) m where account < 0 group by account) s
		join program_accounts a on a.account = s.account join programs p on p.id = a.program_id
		where minor <> case p.name when 'default' then -20000 else 0 end`); n > 0 {
		t.Errorf("%d programs' accounts are not what they should be", n)
	}
}

// TestASignUpBetweenListingAndLocking: what the clock has listed by then is settled by the sign-up that stands, and the rest
// is not passed over.
func TestASignUpBetweenListingAndLocking(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 20)
	w.apply(registered("bob", "", noon))

	tx, err := w.pool.Begin(w.ctx) // keeps the clock from locking what it has listed
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(w.ctx)
	if _, err := tx.Exec(w.ctx, "select from payments where id = (select min(id) from payments) for update"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.store.Tick(w.ctx, 10)
		done <- err
	}()
	w.waits("LockPayments")
	w.apply(joined("bob", "plain", noon.Add(-time.Minute)))
	if err := tx.Rollback(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.lawful()
	w.tick()
	w.wantBalances("")
	w.caughtUp()
	w.lawful()
}

// waits returns when a statement is waiting for a lock.
func (w *world) waits(name string) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if w.count(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%name: `+name+` %'`) > 0 {
			return
		}
	}
	w.t.Fatalf("%s does not wait", name)
}

// TestOnlyOneGoesThroughTheBacklogAtATime: the others leave it to them.
func TestOnlyOneGoesThroughTheBacklogAtATime(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 5)
	w.apply(registered("bob", "", noon))
	tx, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(w.ctx)
	if _, err := tx.Exec(w.ctx, "select pg_advisory_xact_lock(7105873)"); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.wantBalances("")
	if err := tx.Rollback(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.wantBalances("bob has 5.00 usd")
	w.lawful()
}

// TestTheClockDiesInTheMidst of a page: what was committed stays, and the next one goes on from there.
func TestTheClockDiesInTheMidst(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 40)
	w.apply(registered("bob", "", noon))
	w.settlePage(10, "bob")
	_, err := w.pool.Exec(w.ctx, `create function die() returns trigger language plpgsql as $$ begin
		perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
		create trigger die after insert on balances for each statement execute function die();
		create trigger die_too after update on balances for each statement execute function die();
		grant execute on function die() to plusone_worker; grant execute on function pg_terminate_backend to plusone_worker`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Tick(w.ctx, 10); err == nil || !Transient(err) {
		t.Errorf("the clock did not die: %v", err)
	}
	w.wantBalances("bob has 10.00 usd")
	if _, err := w.pool.Exec(w.ctx, "drop trigger die on balances; drop trigger die_too on balances"); err != nil {
		t.Fatal(err)
	}
	w.lawful()
	w.tick()
	w.wantBalances("bob has 40.00 usd")
	w.caughtUp()
	w.lawful()
}

// TestABuyerWhoCanNotBeCreditedHoldsNobodyUp: the database refuses one, and the clock goes on with the others.
func TestABuyerWhoCanNotBeCreditedHoldsNobodyUp(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	want := ""
	for i := range 8 {
		who := fmt.Sprint("buyer", i)
		w.bought(who, 2)
		w.apply(registered(who, "", noon))
		if want += who + " has 2.00 usd\n"; i == 4 {
			want = strings.TrimSuffix(want, who+" has 2.00 usd\n")
		}
	}
	if _, err := w.pool.Exec(w.ctx, "alter table credits add constraint poisoned check (credit <> "+w.idOf("buyer4")+")"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.store.Tick(w.ctx, 3); err == nil || Transient(err) {
			t.Errorf("the fault was not told: %v", err)
		}
	}
	w.wantBalances(strings.TrimSuffix(want, "\n"))
	w.lawful()
	if _, err := w.pool.Exec(w.ctx, "alter table credits drop constraint poisoned"); err != nil {
		t.Fatal(err)
	}
	w.tick()
	w.caughtUp()
	w.lawful()
}

// TestTheAuditNoticesWhoStaysBehind: the clock may be late for as long as a worker may be away, and no longer.
func TestTheAuditNoticesWhoStaysBehind(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 3)
	w.apply(registered("bob", "", noon))
	w.now = w.now.Add(clockMayLag)
	w.lawful()
	w.now = w.now.Add(time.Second)
	found := 0
	err := w.tools.Verify(w.ctx, 100, func(f Finding) {
		if f.Check != CheckPosted || !strings.Contains(f.Detail, "still to post") {
			t.Errorf("%+v", f)
		}
		found++
	}, func(int) {})
	if err != nil || found != 3 {
		t.Errorf("%d findings, %v", found, err)
	}
	w.tick()
	w.lawful()
}

// TestTheClockLeavesTheRestToItsNextLook when it has gone through the backlog for long enough.
func TestTheClockLeavesTheRestToItsNextLook(t *testing.T) {
	w := creditWorld(t)
	w.now = noon.Add(30 * day)
	w.bought("bob", 3)
	w.apply(registered("bob", "", noon))
	over := &tick{store: w.store, q: db.New(w.store.pool), now: w.now, page: 3, until: time.Now().Add(-time.Second)}
	if err := over.backlog(context.WithoutCancel(t.Context())); err != nil || !over.result.Behind || len(over.result.Credits) > 0 {
		t.Errorf("%+v, %v", over.result, err)
	}
	w.tick()
	w.wantBalances("bob has 3.00 usd")
}

// TestNoStatementOfCreditsWalksThroughATable does what TestNoStatementWalksThroughATable does, where purchases are credited.
func TestNoStatementOfCreditsWalksThroughATable(t *testing.T) {
	w := creditWorld(t)
	if _, err := w.pool.Exec(w.ctx, crowd+`;
		insert into credits select n, 1, 'credited', -2, n, 'usd', 1000, now(), 'x' from generate_series(1, 60000) n;
		insert into credit_backlog (user_id, since, paid_at, key) select n, now(), '2100-01-01', '' from generate_series(50001, 60000) n;
		analyze`); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	w.bought("bob", 300)
	w.apply(registered("bob", "", noon), registered("carol", "", noon), session(1, "carol", usd(1000), hour), session(2, "carol", usd(1000), hour))
	w.apply(charge(1, 400, hour), one(1, 2))
	w.settlePage(20, "bob")
	w.settlePage(20, "bob", "stranger-50007")
	if _, err := db.New(w.store.pool).ListBehind(w.ctx, db.ListBehindParams{Most: 20}); err != nil {
		t.Fatal(err)
	}
	heard := make(map[string]bool)
	for _, s := range l.heard {
		if name, ok := strings.CutPrefix(s.sql, "-- name: "); ok {
			heard[strings.Fields(name)[0]] = true
			for _, walk := range w.walks(t, s) {
				t.Errorf("%s: %s", strings.Fields(name)[0], walk)
			}
		}
	}
	for _, name := range []string{"InsertCredits", "CountCredits", "ListCredits", "MarkBehind", "ListBehind", "ListBacklog", "AdvanceBacklog"} {
		if !heard[name] {
			t.Errorf("%s was not heard", name)
		}
	}
}
