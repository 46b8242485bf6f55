package worker

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestConflictsOfTheClockAreCounted as those of the worker are: it is the same transaction, and waits for the same rows.
func TestConflictsOfTheClockAreCounted(t *testing.T) {
	w := newWorld(t, withHold)
	pool, err := store.Open(t.Context(), testkit.As(t, w.dsn, "plusone_worker"), func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["lock_timeout"] = "50ms"
	})
	w.must(err)
	t.Cleanup(pool.Close)
	s, err := store.New(pool, store.Options{HashKey: []byte("the hash key, which nobody may see"), Codes: codeOf, Now: w.clock, Live: true})
	w.must(err)
	w.worker.store = s
	w.work()
	w.handle(signUp("alice", "", noon), signUp("bob", "C-ALICE", noon))
	w.becomes("bob by alice: pending")
	tx, err := w.pool.Begin(t.Context())
	w.must(err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), "select from users for update")
	w.must(err)
	w.set(noon.Add(31 * day))
	if w.worker.tick(t.Context(), &outage{log: w.log.logger(), what: "ticking"}) {
		t.Fatal("the clock came through")
	}
	if n := w.metric("plusone_worker_conflicts_total kind=lock_timeout"); n < 1 {
		t.Errorf("%v conflicts were counted", n)
	}
}
