package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
)

// TestPlansOfAnEmptyDatabaseHold: a worker's statements are planned when the tables are empty, and kept. When there are
// many rows, and nobody has analysed them yet, they must still not be walked through.
func TestPlansOfAnEmptyDatabaseHold(t *testing.T) {
	w := newWorld(t, "")
	pool, err := Open(t.Context(), w.store.pool.Config().ConnString(), WithConnections(1), WithOnePlan(), func(c *pgxpool.Config) { c.MaxConns = 1 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w.store.pool = pool
	w.now = noon.Add(day)
	batch := func(n int) {
		t.Helper()
		friend := fmt.Sprint("friend-", n)
		for _, events := range [][]fact.Event{
			{registered("alice", "", noon.Add(-day)), registered(friend, "C-ALICE", noon)},
			{session(n, friend, usd(1000), hour), guest(1000+n, fmt.Sprint("cus_", n), usd(1000), hour)},
			{tie(fmt.Sprint("cus_", n), friend, hour), charge(n, 1000, hour)},
		} {
			w.apply(events...)
		}
		w.tick()
		w.fold(10)
	}
	for n := range 8 { // as often as PostgreSQL looks at a statement before it settles for one plan, and more
		batch(n)
	}
	if _, err := w.pool.Exec(w.ctx, grownCrowd()); err != nil {
		t.Fatal(err)
	}
	before := w.looked(t)
	batch(100)
	if n := w.looked(t) - before; n > 3000 {
		t.Errorf("a batch looked at %d rows", n)
	}
}

// grownCrowd are the strangers, behind those who are there, and not analysed. There are more of them than what they are
// said to have done, so that nobody who comes later finds it done.
func grownCrowd() string {
	users, others, _ := strings.Cut(crowd, ";")
	from := strings.NewReplacer("generate_series(1,", "generate_series(1001,", "generate_series(101,", "generate_series(1101,")
	fewer := strings.NewReplacer("60000)", "45000)", "59900)", "40000)", "\nanalyze", "")
	return from.Replace(users + ";" + fewer.Replace(others))
}

// looked is how many rows and index entries the store's one connection has looked at so far.
func (w *world) looked(t *testing.T) (n int64) {
	t.Helper()
	if _, err := w.store.pool.Exec(w.ctx, "select pg_stat_force_next_flush()"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.pool.Exec(w.ctx, "select 1"); err != nil {
		t.Fatal(err)
	}
	err := w.pool.QueryRow(w.ctx, `select (select sum(seq_tup_read) from pg_stat_user_tables where relname not in ('programs', 'terms', 'program_accounts'))
		+ (select sum(idx_tup_read) from pg_stat_user_indexes)`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
