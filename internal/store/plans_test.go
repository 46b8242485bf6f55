package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// crowd fills a database with strangers: many more rows than a plan may look at.
//
//nolint:dupword // it is SQL
const crowd = `
insert into users (external_id, registered_at, sign_up_event, sign_up_code, program_id, email_key)
select 'stranger-' || n, now(), 'x', 1, 1, int8send(n) from generate_series(1, 60000) n;
insert into codes (code, owner_id, program_id) select 'S' || n, n, 1 from generate_series(1, 60000) n;
insert into sign_ups select n, 1, now(), 'x', false from generate_series(101, 60000) n;
insert into customers (key, user_id) select 'cus_s' || n, n from generate_series(1, 60000) n;
insert into payments (key, user_id, named, customer_id, currency, gross, paid_at)
select 'ch_s' || n, n, n % 2 = 0, n, 'usd', 1000, now() from generate_series(1, 60000) n;
insert into objects (key, payment_id, kind) select 'ch_s' || n, n, 3 from generate_series(1, 60000) n;
insert into referrals (program_id, code_id, referrer_id, referee_id, registered_at, window_ends, status, transitions, changed_at)
select 1, 1, 1, n, now(), '2030-01-01'::timestamptz + n * interval '1 second', 'pending', 1, now() from generate_series(101, 60000) n;
insert into transitions select n, 1, null, 'pending', null, now(), 'x' from generate_series(1, 59900) n;
insert into transfers select n, 1, 'granted', 'referee', -1, n, 'usd', 1, now(), 'x' from generate_series(1, 59900) n;
insert into balances select n, 'usd', 1 from generate_series(1000, 60000) n;
insert into events select 'e' || n from generate_series(1, 60000) n;
insert into standings select n, 1, 1, 1, 1, n % 40, 1 from generate_series(1000, 60000) n;
insert into earnings select n, 1, 'usd', 1 from generate_series(1000, 60000) n;
insert into unlisted select n from generate_series(1000, 60000, 7) n;
insert into daily select p, t, date '2026-03-02' - n, '', 1
from generate_series(1, 40) p, unnest(array['sign_ups', 'sources', 'referrals', 'visits']) t, generate_series(1, 400) n;
analyze`

// TestNoStatementWalksThroughATable runs everything a worker and the API ask, in the midst of a crowd, and looks at how
// PostgreSQL went about it.
func TestNoStatementWalksThroughATable(t *testing.T) {
	w := newWorld(t, "")
	if _, err := w.pool.Exec(w.ctx, crowd); err != nil {
		t.Fatal(err)
	}
	l := w.listen(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon))
	w.apply(registered("alice", "", noon.Add(-day)), withEmail(registered("alice", "", noon.Add(-2*day)), "other@example.com"))
	w.apply(session(1, "bob", usd(1000), hour), guest(2, "cus_1", usd(1000), hour), session(3, "carol", usd(1000), hour))
	w.apply(tie("cus_1", "carol", hour), charge(1, 0, hour), charge(3, 1000, hour))
	w.now = noon.Add(100 * day)
	w.tick()
	for _, f := range []Filter{{Limit: 50}, {Newest: true, Limit: 50}, {Newest: true, After: 40_000, Limit: 50}, {Referee: "bob", Limit: 50}, {Referrer: "alice", Limit: 50}, {Referrer: "alice", Referee: "bob", Limit: 50}, {Reviewing: true, Limit: 50},
		{Code: "C-ALICE", Limit: 50}, {Code: "C-ALICE", Program: "default", AttributedAfter: noon.Add(-hundred), AttributedBefore: noon.Add(hundred), Limit: 50},
		{Code: "NOBODYS", Limit: 50}, {Reviewing: true, Program: "default", AttributedAfter: noon, Limit: 50}} {
		page, err := w.api.Referrals(w.ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page[:min(1, len(page))] {
			if _, err := w.api.Why(w.ctx, r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.store.CountUnplaced(w.ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.tools.Unplaced(w.ctx, UnplacedPage{Limit: 50}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.api.User(w.ctx, "bob"); err != nil {
		t.Fatal(err)
	}
	w.askForTallies(t)
	w.askForTheConsole(t)
	w.askForTheBusiness(t)
	if got := w.askForACrowd(t, "alice", "bob", "stranger-7", "nobody"); len(got.recorded) == 0 {
		t.Error("no event is recorded")
	}
	looked := 0
	for _, s := range l.heard {
		if name, ok := strings.CutPrefix(s.sql, "-- name: "); ok {
			looked++
			for _, walk := range w.walks(t, s) {
				t.Errorf("%s: %s", strings.Fields(name)[0], walk)
			}
		}
	}
	if looked < 80 {
		t.Errorf("only %d statements were heard", looked)
	}
}

const hundred = 100 * day

// askForTheBusiness spends credit, and reads all that there is of it.
func (w *world) askForTheBusiness(t *testing.T) {
	t.Helper()
	if err := w.tools.AddToken(w.ctx, testKey, "checkout", "write", noon.Add(10*365*day)); err == nil {
		t.Error("a hash of 25 bytes was kept")
	}
	hash := make([]byte, 32)
	if err := w.tools.AddToken(w.ctx, hash, "checkout", "write", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if name, scope, stale, err := w.api.TokenByHash(w.ctx, hash); name != "checkout" || scope != "write" || !stale || err != nil {
		t.Errorf("the token is %q %q %t, %v", name, scope, stale, err)
	}
	if err := w.api.TokenUsed(w.ctx, hash); err != nil {
		t.Fatal(err)
	}
	spent := w.redeem(spending("k", "alice", usd(1)))
	if _, _, err := w.api.Reverse(w.ctx, spent.ID, "", "x"); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"alice", "bob", "stranger-7"} {
		lines, err := w.api.Statement(w.ctx, user, Newest, 50)
		if err != nil || (len(lines) == 0) != (user == "stranger-7") {
			t.Errorf("%s has %d lines, %v", user, len(lines), err)
		}
	}
	if users, err := w.api.ListUsers(w.ctx, 30_000, 50); err != nil || len(users) != 50 {
		t.Errorf("%d users, %v", len(users), err)
	}
	if rows, err := w.api.RowsAfter(w.ctx, 30_000, 50); err != nil || len(rows) != 50 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	for book, want := range map[Book]int{Rewards: 50, Credits: 0, Redemptions: 2} {
		if lines, err := w.api.LinesAfter(w.ctx, Place{Book: book}, 50); err != nil || len(lines) != want {
			t.Errorf("%d lines of %d, %v", len(lines), book, err)
		}
	}
}

// node is a step of a plan, as EXPLAIN tells it.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []node
}

// walks runs a statement, takes it back, and says where it looked at far more rows than it was asked for.
func (w *world) walks(t *testing.T, s statement) (found []string) { return w.walksBeyond(t, s, 500) }

// walksBeyond does so for statements that may look at so many.
func (w *world) walksBeyond(t *testing.T, s statement, most float64) (found []string) {
	t.Helper()
	tx, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(w.ctx)
	var text string
	if err := tx.QueryRow(w.ctx, "explain (analyze, format json) "+s.sql, s.args...).Scan(&text); err != nil {
		if strings.Contains(err.Error(), "duplicate key") { // it has been done before
			return nil
		}
		t.Fatalf("%s: %v", s.sql, err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	var look func(n node)
	look = func(n node) {
		if touched := (n.Rows + n.Removed) * n.Loops; n.Relation != "" && touched > most {
			found = append(found, fmt.Sprintf("%s of %s looked at %.0f rows", n.Type, n.Relation, touched))
		}
		for _, below := range n.Plans {
			look(below)
		}
	}
	for _, p := range plans {
		look(p.Plan)
	}
	return found
}

// askForTallies asks for what is tallied of a crowd, and folds what waits.
func (w *world) askForTallies(t *testing.T) {
	t.Helper()
	w.fold(100)
	if _, err := w.api.Standing(w.ctx, "alice"); err != nil {
		t.Error(err)
	}
	for _, after := range []LeaderCursor{{}, {Rank: 9, Referrals: 39, Number: 1079}, {Rank: 30_000, Referrals: 20, Number: 30_020}} {
		if page, err := w.api.Leaderboard(w.ctx, "default", after, 50); err != nil || len(page) != 50 {
			t.Errorf("%d leaders after %+v, %v", len(page), after, err)
		}
	}
	if rank, n, err := w.api.RankOf(w.ctx, "stranger-1359"); rank != 8 || n != 39 || err != nil {
		t.Errorf("the rank %d with %d, %v", rank, n, err)
	}
	a, err := w.api.Analytics(w.ctx, "default", noon.Add(-9*day), noon)
	if err != nil || a.Totals.Visits != 10 || len(a.Months) != 2 || a.Months[1].SignUps == 0 {
		t.Errorf("%+v, %v", a, err)
	}
}
