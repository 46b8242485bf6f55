package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/referral"
)

// fold folds so many rows, and says how many there were.
func (w *world) fold(rows int) int {
	w.t.Helper()
	n, err := w.store.FoldTallies(w.ctx, rows)
	if err != nil {
		w.t.Fatalf("folding: %v", err)
	}
	return n
}

func (w *world) foldAll() {
	w.t.Helper()
	for w.fold(3) > 0 {
	}
}

// came is a sign-up by a way.
func came(e fact.Event, source string) fact.Event {
	s := *e.SignUp
	s.Source = source
	e.SignUp = &s
	e.Key += source
	return e
}

// tallied are all tallies that are not zero, but for visits.
func (w *world) tallied() map[string]int64 {
	w.t.Helper()
	return w.sums(`select format('%s %s %s %s', program_id, day, name, label), n::bigint from daily where name <> 'visits'
		union all select format('%s %s %s', user_id, program_id, s.name), s.n from standings,
			lateral (values ('pending', pending), ('qualified', qualified), ('rewarded', rewarded), ('cancelled', cancelled)) s (name, n)
		union all select format('%s %s earned %s', user_id, program_id, currency), minor::bigint from earnings`)
}

func (w *world) sums(sql string) map[string]int64 {
	w.t.Helper()
	all := make(map[string]int64)
	rows, err := w.pool.Query(w.ctx, sql)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var what string
		var n int64
		if err := rows.Scan(&what, &n); err != nil {
			w.t.Fatalf("%v", err)
		}
		if n != 0 {
			all[what] = n
		}
	}
	return all
}

// counted is the same, counted one by one from what is known of each person, referral and transfer.
func (w *world) counted() map[string]int64 {
	w.t.Helper()
	all := make(map[string]int64)
	each := func(sql string, count func(scan func(into ...any))) {
		rows, err := w.pool.Query(w.ctx, sql)
		if err != nil {
			w.t.Fatalf("%v", err)
		}
		defer rows.Close()
		for rows.Next() {
			count(func(into ...any) {
				if err := rows.Scan(into...); err != nil {
					w.t.Fatalf("%v", err)
				}
			})
		}
	}
	each("select program_id, registered_at, source, sign_up_code from users where registered_at is not null", func(scan func(...any)) {
		var program int64
		var at time.Time
		var source *string
		var code *int64
		scan(&program, &at, &source, &code)
		how := "direct"
		if code != nil {
			how = "referral"
		}
		if source != nil {
			how = *source
		}
		day := fmt.Sprint(program, " ", at.UTC().Format(time.DateOnly))
		all[day+" sign_ups "]++
		all[day+" sources "+how]++
	})
	each(`select r.program_id, r.referrer_id, r.registered_at, r.status, p.paid_at from referrals r left join payments p on p.id = r.payment_id`,
		func(scan func(...any)) {
			var program, referrer int64
			var at time.Time
			var status string
			var paid *time.Time
			scan(&program, &referrer, &at, &status, &paid)
			day := fmt.Sprint(program, " ", at.UTC().Format(time.DateOnly))
			all[day+" referrals "+status]++
			all[fmt.Sprint(referrer, " ", program, " ", status)]++
			if paid != nil {
				all[day+" first_purchases "]++
				if paid.After(at) {
					all[day+" first_purchase_seconds "] += int64(paid.Sub(at) / time.Second)
				}
			}
		})
	each("select r.program_id, t.at, t.kind, t.leg, t.debit, t.credit, t.currency, t.minor from transfers t join referrals r on r.id = t.referral_id",
		func(scan func(...any)) {
			var program, debit, credit, minor int64
			var at time.Time
			var kind, leg, currency string
			scan(&program, &at, &kind, &leg, &debit, &credit, &currency, &minor)
			all[fmt.Sprint(program, " ", at.UTC().Format(time.DateOnly), " ", kind, " ", currency)] += minor
			if leg != "referrer" && leg != "referrer:signup" {
				return
			}
			if credit > 0 {
				all[fmt.Sprint(credit, " ", program, " earned ", currency)] += minor
			} else {
				all[fmt.Sprint(debit, " ", program, " earned ", currency)] -= minor
			}
		})
	for what, n := range all {
		if n == 0 {
			delete(all, what)
		}
	}
	return all
}

// addsUp folds what waits, and holds the tallies against what is counted one by one.
func (w *world) addsUp() {
	w.t.Helper()
	w.foldAll()
	if diff := cmp.Diff(w.counted(), w.tallied()); diff != "" {
		w.t.Fatalf("-counted one by one +tallied:\n%s", diff)
	}
	w.lawful()
}

// TestWhatAliceBroughtAbout tells a story, and asks everything that is tallied of it.
func TestWhatAliceBroughtAbout(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	before := noon.Add(-40 * day) // in January
	w.apply(came(registered("alice", "", before), "conference"), registered("zoe", "", before))
	w.apply(visited("C-ALICE", "x", noon), visited("C-ALICE", "leaflet", noon), visited("C-ALICE", "", noon.Add(day)), visited("C-NOBODY", "x", noon))
	w.apply(visited("C-ALICE", "x", noon)) // once more
	w.apply(
		registered("bob", "C-ALICE", noon), came(registered("carol", "C-ALICE", noon), "newsletter"),
		registered("dave", "C-ALICE", noon.Add(-day)), registered("erin", "C-ZOE", noon),
		session(1, "bob", usd(1000), hour), session(2, "carol", usd(3000), noon.Add(3*time.Hour)), session(3, "erin", usd(2000), hour),
	)
	w.apply(charge(2, 3000, hour.Add(3*time.Hour))) // carol's money goes back
	if got, err := w.api.Standing(w.ctx, "alice"); err != nil || got.SignUps != 0 || got.Visits != 0 || len(got.Earned) != 0 {
		t.Errorf("before anything is folded: %+v, %v", got, err)
	}
	w.addsUp()

	got, err := w.api.Standing(w.ctx, "alice")
	want := Standing{
		Visits: 3, SignUps: 3, Earned: []money.Amount{usd(1000)},
		ByStatus: map[referral.Status]int64{referral.Pending: 1, referral.Qualified: 0, referral.Rewarded: 1, referral.Cancelled: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := w.api.Standing(w.ctx, "bob"); err != nil || got.SignUps != 0 || len(got.ByStatus) != 4 || got.Earned != nil {
		t.Errorf("bob: %+v, %v", got, err)
	}
	if _, err := w.api.Standing(w.ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}

	a, err := w.api.Analytics(w.ctx, model.DefaultProgram, noon.Add(-day), noon.Add(day))
	leaders := []Leader{{1, a.TopReferrers[0].Number, "alice", "alice", 1}, {2, a.TopReferrers[1].Number, "zoe", "zoe", 1}}
	wantAnalytics := Analytics{
		Program: "default", From: "2026-02-28", To: "2026-03-02",
		Days: []Day{
			{Date: "2026-02-28", SignUps: 1, Referred: 1},
			{Date: "2026-03-01", Visits: 2, SignUps: 3, Referred: 3, Qualified: 2, Rewarded: 2, Cancelled: 1},
			{Date: "2026-03-02", Visits: 1, Granted: []money.Amount{usd(6000)}, Revoked: []money.Amount{usd(2000)}},
		},
		Totals: Day{
			Visits: 3, SignUps: 4, Referred: 4, Qualified: 2, Rewarded: 2, Cancelled: 1,
			Granted: []money.Amount{usd(6000)}, Revoked: []money.Amount{usd(2000)},
		},
		SignUpsBySource: []Counted{{"referral", 3}, {"newsletter", 1}},
		FirstPurchases:  3, MeanSecondsToFirstPurchase: (3600 + 3*3600 + 3600) / 3,
		Months:          []Month{{"2026-02", 1, 1, "0.500"}, {"2026-03", 3, 3, "1.000"}},
		CostPerCustomer: []money.Amount{usd(2000)}, Conversion: "0.5000", TopReferrers: leaders,
	}
	if diff := cmp.Diff(wantAnalytics, a, cmpopts.IgnoreUnexported(Day{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, c := range []struct {
		program  string
		from, to time.Time
		want     error
	}{
		{"default", noon, noon.Add(-day), ErrDays},
		{"default", noon, noon.Add(MostDays * day), ErrDays},
		{"default", noon, noon.Add((MostDays - 1) * day), nil},
		{"other", noon, noon, ErrNotFound},
	} {
		if _, err := w.api.Analytics(w.ctx, c.program, c.from, c.to); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Nothing of analytics is known of a program in which nothing happened.
func TestAnalyticsOfNothing(t *testing.T) {
	w := newWorld(t, "")
	a, err := w.api.Analytics(w.ctx, model.DefaultProgram, noon, noon)
	want := Analytics{Program: "default", From: "2026-03-01", To: "2026-03-01", Days: []Day{{Date: "2026-03-01"}}, Months: []Month{{Month: "2026-03"}}, TopReferrers: []Leader{}}
	if diff := cmp.Diff(want, a, cmpopts.IgnoreUnexported(Day{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

// Of the ways people came the most frequent twenty are told apart.
func TestSourcesBeyondTwenty(t *testing.T) {
	w := newWorld(t, "")
	var events []fact.Event
	for n := range 25 {
		for i := range 25 - n {
			events = append(events, came(registered(fmt.Sprint("user-", n, "-", i), "", noon), fmt.Sprintf("way-%02d", n)))
		}
	}
	w.apply(events...)
	w.foldAll()
	a, err := w.api.Analytics(w.ctx, model.DefaultProgram, noon, noon)
	if err != nil || len(a.SignUpsBySource) != 21 || a.SignUpsBySource[0] != (Counted{"way-00", 25}) || a.SignUpsBySource[20] != (Counted{"other", 5 + 4 + 3 + 2 + 1}) {
		t.Errorf("%+v, %v", a.SignUpsBySource, err)
	}
}

// The sign-up that stands says how somebody came, whichever is heard of first, and also when it turns out to be of two people.
func TestHowPeopleCame(t *testing.T) {
	first, second := came(registered("bob", "", noon), "x"), came(registered("bob", "", noon.Add(day)), "newsletter")
	gone := erased("bob", noon.Add(time.Hour))
	for _, order := range permutations(3) {
		w := newWorld(t, "")
		w.now = noon.Add(2 * day)
		for _, i := range order {
			w.apply([]fact.Event{first, second, gone}[i])
		}
		w.addsUp()
		want := map[string]int64{"2026-03-01 x": 1, "2026-03-02 newsletter": 1}
		if diff := cmp.Diff(want, w.sums("select format('%s %s', day, label), n::bigint from daily where name = 'sources'")); diff != "" {
			t.Errorf("in the order %v:\n%s", order, diff)
		}
		two := newWorld(t, "")
		two.now = noon.Add(2 * day)
		for _, i := range order {
			two.apply([]fact.Event{first, second, first}[i])
		}
		two.addsUp()
		if diff := cmp.Diff(map[string]int64{"2026-03-01 x": 1}, two.sums("select format('%s %s', day, label), n::bigint from daily where name = 'sources'")); diff != "" {
			t.Errorf("of one person, in the order %v:\n%s", order, diff)
		}
	}
}

// The leaderboard has everybody once, page by page, but for those who do not want to be on it, who were erased, or who
// brought nobody.
func TestLeaderboard(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	brought := map[string]int{"alice": 3, "bert": 1, "cleo": 2, "dora": 2, "emil": 1, "fay": 0, "gus": 4, "hal": 5}
	var names []string
	for name := range brought {
		w.apply(registered(name, "", noon))
	}
	n := 0
	for name, count := range brought {
		for range count {
			n++
			friend := fmt.Sprint("friend-", n)
			w.apply(registered(friend, codeOf(name, 0), noon), session(n, friend, usd(1000), hour))
		}
	}
	w.apply(erased("hal", hour))
	w.addsUp()
	if _, err := w.api.pool.Exec(w.ctx, "insert into unlisted (user_id) select id from users where external_id = 'gus'"); err != nil {
		t.Fatal(err)
	}
	var after LeaderCursor
	for page := 0; ; page++ {
		all, err := w.api.Leaderboard(w.ctx, model.DefaultProgram, after, 2)
		if err != nil || len(all) > 2 {
			t.Fatal(all, err)
		}
		if len(all) == 0 {
			break
		}
		for _, l := range all {
			if int64(brought[l.Username]) != l.Referrals || l.Rank != len(names)+1 || !l.cursorAfter(after) {
				t.Errorf("%+v after %+v", l, after)
			}
			names, after = append(names, l.Username), l.Cursor()
			rank, referrals, err := w.api.RankOf(w.ctx, l.Username)
			if rank != l.Rank || referrals != l.Referrals || err != nil {
				t.Errorf("%s has the rank %d with %d, %v", l.Username, rank, referrals, err)
			}
		}
	}
	if len(names) != 5 || names[0] != "alice" {
		t.Errorf("%v", names)
	}
	for name, want := range map[string][2]int64{"fay": {0, 0}, "gus": {1, 4}, "friend-1": {0, 0}} {
		if rank, referrals, err := w.api.RankOf(w.ctx, name); int64(rank) != want[0] || referrals != want[1] || err != nil {
			t.Errorf("%s has the rank %d with %d, %v", name, rank, referrals, err)
		}
	}
	if _, _, err := w.api.RankOf(w.ctx, "hal"); !errors.Is(err, ErrNotFound) {
		t.Errorf("somebody who was erased: %v", err)
	}
	if _, err := w.api.Leaderboard(w.ctx, "other", LeaderCursor{}, 10); !errors.Is(err, ErrNotFound) {
		t.Errorf("another program: %v", err)
	}
	a, err := w.api.Analytics(w.ctx, model.DefaultProgram, noon, noon)
	if err != nil || len(a.TopReferrers) != 6 || a.TopReferrers[0].Username != "gus" {
		t.Errorf("%+v, %v", a.TopReferrers, err)
	}
}

// cursorAfter says whether a leader stands after a place.
func (l Leader) cursorAfter(c LeaderCursor) bool {
	return c == (LeaderCursor{}) || l.Referrals < c.Referrals || l.Referrals == c.Referrals && l.Number > c.Number
}

// A rank is told as long as it takes no more than a thousand to count.
func TestRanksEnd(t *testing.T) {
	w := newWorld(t, "")
	w.apply(registered("alice", "", noon), registered("bob", "", noon))
	if _, err := w.pool.Exec(w.ctx, `insert into users (external_id, program_id) select 'u' || n, 1 from generate_series(1, 1000) n;
		insert into standings select id, 1, 0, 0, 0, case when external_id in ('alice', 'bob') then 2 else 2 + id % 2 end, 0 from users`); err != nil {
		t.Fatal(err)
	}
	ranks := w.sums(`select u.external_id, rank() over (order by s.rewarded desc, s.user_id) from standings s join users u on u.id = s.user_id`)
	ended := 0
	for name, want := range ranks {
		if want > 1001 {
			want, ended = 0, ended+1
		}
		if name != "alice" && name != "bob" && want > 3 && want < 999 {
			continue
		}
		if rank, _, err := w.api.RankOf(w.ctx, name); int64(rank) != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", name, rank, err, want)
		}
	}
	if ended == 0 {
		t.Error("no rank is beyond what is counted")
	}
}

// TestAFoldThatDiesLosesNothing, wherever it dies.
func TestAFoldThatDiesLosesNothing(t *testing.T) {
	w := newWorld(t, "")
	w.strictly(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	for n := range int32(16) {
		friend := fmt.Sprint("friend-", n)
		w.apply(registered(friend, "C-ALICE", noon), session(int(n), friend, usd(1000), hour))
		ctx, cancel := context.WithCancel(w.ctx)
		end := &death{cancel: cancel}
		end.left.Store(n + 1)
		folded, err := w.store.FoldTallies(context.WithValue(ctx, deathKey{}, end), 10)
		if n < 3 && err == nil {
			t.Errorf("a fold that died at step %d folded %d", n+1, folded)
		}
		cancel()
		w.lawful()
	}
	w.addsUp()
}

// Two folds at once: one of them leaves it to the other.
func TestOneFoldAtATime(t *testing.T) {
	w := newWorld(t, "")
	w.apply(registered("alice", "", noon))
	tx, err := w.pool.Begin(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(w.ctx, "select pg_advisory_xact_lock(7105875)"); err != nil {
		t.Fatal(err)
	}
	if n := w.fold(10); n != 0 {
		t.Errorf("%d rows were folded beside another fold", n)
	}
	if rows, _, err := w.store.TallyLag(w.ctx); rows != 1 || err != nil {
		t.Errorf("%d rows wait, %v", rows, err)
	}
	if err := tx.Rollback(w.ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.fold(10); n != 1 {
		t.Errorf("%d rows were folded", n)
	}
	w.addsUp()
}

// What changes nothing that is counted leaves no row.
func TestNothingToTally(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	events := []fact.Event{registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour)}
	if r := w.apply(events...); !r.Tallied {
		t.Error("a sign-up is not tallied")
	}
	for what, e := range map[string]fact.Event{
		"a duplicate": events[1], "another purchase": session(2, "bob", usd(1000), hour.Add(time.Hour)), "a charge": charge(1, 0, hour),
		"a purchase of nobody": guest(3, "cus_9", usd(1000), hour), "a visit of no code": visited("C-NOBODY", "x", noon), "a verification": verifiedBy("bob", hour),
	} {
		if r := w.apply(e); r.Tallied {
			t.Errorf("%s is tallied", what)
		}
	}
	if n := w.fold(10); n != 1 {
		t.Errorf("%d rows", n)
	}
	w.addsUp()
}

func TestRatios(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		decimals    int
		want        string
	}{
		{0, 0, 4, ""}, {1, 0, 3, ""}, {0, 7, 4, "0.0000"}, {1, 3, 4, "0.3333"}, {2, 3, 4, "0.6667"}, {1, 2, 3, "0.500"}, {7, 2, 3, "3.500"},
		{1, 20000, 4, "0.0001"}, {1, 20001, 4, "0.0000"}, {19999, 20000, 4, "1.0000"}, {1 << 61, 1 << 62, 4, "0.5000"}, {1<<62 - 1, 1 << 62, 3, "1.000"},
	} {
		if got := ratio(c.part, c.whole, c.decimals); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	for at, want := range map[string]string{"1970-01-01T00:00:00Z": "1970-01-01", "1969-12-31T23:59:59Z": "1969-12-31", "2026-03-01T00:30:00+01:00": "2026-02-28"} {
		when, err := time.Parse(time.RFC3339, at)
		if got := dateOf(dayOf(when)); got != want || err != nil {
			t.Errorf("%s is of %s, want %s, %v", at, got, want, err)
		}
	}
}

// What an earlier release's worker did not tally is found and added, while others go on.
func TestTalliesAreMended(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), visited("C-ALICE", "x", noon))
	w.fold(1)
	w.apply(session(1, "bob", usd(1000), hour), registered("carol", "C-ALICE", noon))
	for what, sql := range map[string]string{
		"nothing":                   "select 1",
		"what waited":               "delete from tally_queue",
		"all but visits":            "update daily set n = 0 where name <> 'visits'; update standings set pending = 7; delete from earnings",
		"somebody who brought none": "insert into standings values (4711, 1, 0, 1, 2, 3, 4); insert into earnings values (4711, 1, 'usd', 5)",
		"too much":                  "insert into tally_queue (deltas) select deltas from tally_queue",
	} {
		if _, err := w.pool.Exec(w.ctx, sql); err != nil {
			t.Fatal(err)
		}
		off, err := w.tools.RecountTallies(w.ctx)
		if (off == 0) != (what == "nothing") || err != nil {
			t.Errorf("%s: %d were off, %v", what, off, err)
		}
		if again, err := w.tools.RecountTallies(w.ctx); again != 0 || err != nil {
			t.Errorf("%s: %d were off again, %v", what, again, err)
		}
		w.lawful()
	}
	w.addsUp()
	if got, err := w.api.Standing(w.ctx, "alice"); err != nil || got.Visits != 1 || got.SignUps != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	conn, err := w.pool.Acquire(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(w.ctx, "select pg_advisory_lock(7105876)"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tools.RecountTallies(w.ctx); !errors.Is(err, ErrRecounting) {
		t.Errorf("beside another: %v", err)
	}
}

// What the queue keeps is read as it was written, and nothing else is.
func TestRowsOfTheQueue(t *testing.T) {
	var rows deltaRows
	rows.Daily.add(dailyKey{1, -3, "granted", "usd"}, 1<<62)
	rows.Daily.add(dailyKey{7, 20513, "visits", ""}, -1)
	rows.Standings.add(memberKey{1 << 40, 2}, standingDelta{1, -2, 3, -4, 5})
	rows.Earnings.add(memberKey{9, 1}, "points", -10)
	kept := rows.write()
	var got deltaRows
	if err := got.read(kept); err != nil || cmp.Diff(rows, got) != "" {
		t.Errorf("%v\n%s", err, cmp.Diff(rows, got))
	}
	var none deltaRows
	if err := none.read(new(deltaRows).write()); err != nil || !none.none() {
		t.Errorf("%+v, %v", none, err)
	}
	for n := range kept {
		if err := new(deltaRows).read(kept[:n]); !errors.Is(err, errDeltas) {
			t.Errorf("the first %d bytes of %d: %v", n, len(kept), err)
		}
	}
	for what, bad := range map[string][]byte{"more": append(kept, 0), "another layout": append([]byte{4}, kept[1:]...), "a count below nothing": {2, 1}} {
		if err := new(deltaRows).read(bad); !errors.Is(err, errDeltas) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A referral whose code turns out to be of somebody who was erased since is that person's, and no longer that of whoever has
// the id now.
func TestTalliesOfTwoPeople(t *testing.T) {
	events := []fact.Event{
		assigned("dave", "A-DAVE", "", noon.Add(-10*day)), registered("erin", "A-DAVE", noon.Add(-5*day)),
		session(1, "erin", usd(1000), noon.Add(-5*day)), registered("dave", "", noon.Add(day)), erased("dave", noon),
	}
	for _, order := range permutations(len(events)) {
		if order[len(order)-1] != len(events)-1 { // it comes to light last
			continue
		}
		w := newWorld(t, "")
		w.now = noon.Add(2 * day)
		for _, i := range order {
			w.apply(events[i])
		}
		w.addsUp()
		if got, err := w.api.Standing(w.ctx, "dave"); err != nil || got.SignUps != 0 {
			t.Fatalf("in the order %v: %+v, %v", order, got, err)
		}
		if moved := w.sums("select 'moved', count(*) from referrals where divided"); moved["moved"] != 1 {
			t.Fatalf("in the order %v nothing was divided", order)
		}
		w.close()
	}
}

// TestATallyOfTooMuchKeepsNobodyFromBeingPaid: both sides' rewards fit, and what the day came to fits no number but the
// database's own.
func TestATallyOfTooMuchKeepsNobodyFromBeingPaid(t *testing.T) {
	w := newWorld(t, `
name: default
qualify: {minimum: {usd: "10.00"}}
rewards:
  - {to: referrer, percent: "100"}
  - {to: referee, percent: "100"}
`)
	w.now = noon.Add(day)
	much := usd(1<<62 + 1<<61)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon))
	w.apply(session(1, "bob", much, noon.Add(time.Hour)), charge(1, 0, noon.Add(time.Hour)))
	w.wantBalances("alice has " + much.String() + "\nbob has " + much.String())
	w.foldAll()
	w.lawful()
}
