package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/fact"
)

// drawDelivery is the events in any order, some of them several times, cut into batches.
func drawDelivery(t *rapid.T, events []fact.Event) [][]fact.Event {
	all := slices.Clone(events)
	for range rapid.IntRange(0, len(events)).Draw(t, "duplicates") {
		all = append(all, rapid.SampledFrom(events).Draw(t, "again"))
	}
	all = rapid.Permutation(all).Draw(t, "order")
	var batches [][]fact.Event
	for len(all) > 0 {
		n := min(len(all), rapid.IntRange(1, 8).Draw(t, "batch"))
		batches = append(batches, all[:n])
		all = all[n:]
	}
	return batches
}

// job is what a worker is given: a batch, or without one a look at what is due and at what waits to be folded.
type job struct {
	batch []fact.Event
	// dies is after how many of its steps the worker dies the first time, in the midst of the transaction or on its way
	// to hear that it was committed; 0 for never. Then the batch is delivered again.
	dies int32
}

// deliver lets workers take batches side by side.
func (w *world) deliver(batches [][]fact.Event, workers int) {
	w.t.Helper()
	var jobs []job
	for _, b := range batches {
		jobs = append(jobs, job{batch: b})
	}
	w.work(jobs, workers)
}

// work lets workers take jobs side by side. A deadlock, or a lock that is not to be had, is a failure, not something to
// try again.
func (w *world) work(jobs []job, workers int) {
	w.t.Helper()
	queue := make(chan job)
	failures := make(chan error, workers)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for j := range queue {
				if err := w.do(j); err != nil {
					failures <- err
					for range queue {
					}
				}
			}
		})
	}
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	all.Wait()
	close(failures)
	for err := range failures {
		w.t.Fatalf("a worker failed: %v", err)
	}
}

func (w *world) do(j job) error {
	if j.batch == nil {
		if _, err := w.store.Tick(w.ctx, 3); err != nil {
			return err
		}
		_, err := w.store.FoldTallies(w.ctx, 2)
		return err
	}
	if j.dies > 0 {
		if err := w.die(j); err != nil {
			return err
		}
	}
	for {
		if _, err := w.store.Apply(w.ctx, j.batch); !errors.Is(err, ErrContended) {
			return err
		}
	}
}

// die applies a batch, as far as it comes. The connection is lost with it.
func (w *world) die(j job) error {
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	end := &death{cancel: cancel}
	end.left.Store(j.dies)
	_, err := w.store.Apply(context.WithValue(ctx, deathKey{}, end), j.batch)
	if _, conflict := Conflict(err); ctx.Err() == nil || conflict && !errors.Is(err, ErrContended) {
		return err
	}
	return nil
}

// death comes after so many steps.
type death struct {
	left   atomic.Int32
	cancel context.CancelFunc
}

type deathKey struct{}

func (*death) step(ctx context.Context) {
	if d, ok := ctx.Value(deathKey{}).(*death); ok && d.left.Add(-1) == 0 {
		d.cancel()
	}
}

// mortal counts the steps of those who are to die: each round trip, and each answer that is read.
type mortal struct{ *death }

func (m mortal) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	m.step(ctx)
	return ctx
}
func (mortal) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (m mortal) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	m.step(ctx)
	return ctx
}
func (m mortal) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchQueryData) {
	m.step(ctx)
}
func (mortal) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// strictly gives the workers connections on which a deadlock is found at once, and nothing is waited for any longer than
// a transaction can take.
func (w *world) strictly(t testing.TB) {
	t.Helper()
	pool, err := Open(t.Context(), w.store.pool.Config().ConnString(), WithConnections(9), WithOnePlan(), func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["deadlock_timeout"] = "50ms"
		cfg.ConnConfig.RuntimeParams["lock_timeout"] = "10s"
		cfg.ConnConfig.RuntimeParams["statement_timeout"] = "20s"
		cfg.ConnConfig.Tracer = mortal{}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.store.pool.Close()
	w.store.pool = pool
	t.Cleanup(pool.Close)
}

// TestADeadlockIsNotHidden: two transactions that wait for each other end with an error that fails a test.
func TestADeadlockIsNotHidden(t *testing.T) {
	w := newWorld(t, "")
	w.strictly(t)
	w.apply(registered("alice", "", noon), registered("bob", "", noon))
	var both [2]pgx.Tx
	for i, user := range []string{"alice", "bob"} {
		tx, err := w.store.pool.Begin(w.ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(w.ctx)
		both[i] = tx
		if _, err := tx.Exec(w.ctx, "select 1 from users where external_id = $1 for update", user); err != nil {
			t.Fatal(err)
		}
	}
	failures := make(chan error)
	for i, user := range []string{"bob", "alice"} {
		go func() {
			_, err := both[i].Exec(w.ctx, "select 1 from users where external_id = $1 for update", user)
			if err != nil {
				both[i].Rollback(w.ctx)
			}
			failures <- err
		}()
	}
	err := errors.Join(<-failures, <-failures)
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "40P01" {
		t.Errorf("two who wait for each other: %v", err)
	}
	if kind, ok := Conflict(err); !ok || kind != "deadlock" {
		t.Errorf("a deadlock is taken for %q", kind)
	}
}

// TestAWorkerDiesAtAnyStep: whatever it had done by then, the batch is applied once when it is delivered again.
func TestAWorkerDiesAtAnyStep(t *testing.T) {
	w := newWorld(t, "")
	w.strictly(t)
	w.now = noon.Add(day)
	died := 0
	for n := range int32(60) {
		batch := []fact.Event{
			relabel(registered("alice", "", noon), tag(int(n))), relabel(registered("bob", "C-ALICE", noon), tag(int(n))),
			relabel(session(1, "bob", usd(1000), hour), tag(int(n))),
		}
		for _, events := range [][]fact.Event{batch[:2], batch} {
			w.work([]job{{batch: events, dies: n + 1}}, 1)
		}
		if r := w.apply(batch...); len(r.Seen) != len(batch) {
			t.Errorf("after a death at step %d, %d of %d events are recorded", n+1, len(r.Seen), len(batch))
		}
	}
	if err := w.pool.QueryRow(w.ctx, "select count(*) from events").Scan(&died); err != nil || died != 180 {
		t.Errorf("%d events, %v", died, err)
	}
	for n, got := range w.outcomes(60) {
		if got != rewardedBob {
			t.Errorf("after a death at step %d:\n%s", n+1, got)
		}
	}
	w.lawful()
}
