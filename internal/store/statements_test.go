package store

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
)

// statement is one that a connection was asked to run.
type statement struct {
	sql  string
	args []any
}

// listener writes down what connections are asked to do. Not for several at once.
type listener struct{ heard []statement }

func (l *listener) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	l.heard = append(l.heard, statement{q.SQL, q.Args})
	return ctx
}
func (*listener) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*listener) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (l *listener) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	l.heard = append(l.heard, statement{q.SQL, q.Args})
}
func (*listener) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// listen lets a world's worker and API be heard.
func (w *world) listen(t *testing.T) *listener {
	t.Helper()
	var l listener
	for _, d := range []*Database{w.store.Database, w.api} {
		cfg, err := pgxpool.ParseConfig(d.pool.Config().ConnString())
		if err != nil {
			t.Fatal(err)
		}
		cfg.ConnConfig.Tracer = &l
		if d.pool, err = pgxpool.NewWithConfig(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.pool.Close)
	}
	return &l
}

// TestStatementsDoNotGrowWithTheBatch: a batch of three hundred takes as many as a batch of three.
func TestStatementsDoNotGrowWithTheBatch(t *testing.T) {
	w := newWorld(t, "")
	l := w.listen(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))

	took := func(run, size int) (signUps, purchases, refunds int) {
		var s, p, r []fact.Event
		for i := range size {
			friend := fmt.Sprintf("friend-%d-%d", run, i)
			n := run*1000 + i
			s = append(s, registered(friend, "C-ALICE", noon))
			p = append(p, session(n, friend, usd(1000), hour))
			r = append(r, charge(n, 1000, hour))
		}
		var counts []int
		for _, batch := range [][]fact.Event{s, p, r} {
			l.heard = nil
			w.apply(batch...)
			counts = append(counts, len(l.heard))
		}
		return counts[0], counts[1], counts[2]
	}
	took(0, 3) // the terms are read once
	s3, p3, r3 := took(1, 3)
	s300, p300, r300 := took(2, 300)
	t.Logf("statements: %d for sign-ups, %d for purchases, %d for refunds", s3, p3, r3)
	if s3 != s300 || p3 != p300 || r3 != r300 {
		t.Errorf("three: %d %d %d, three hundred: %d %d %d", s3, p3, r3, s300, p300, r300)
	}
	w.lawful()
}

func TestTheLedgerAndTheLogAreAppendOnly(t *testing.T) {
	w := newWorld(t, "")
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour))
	for _, sql := range []string{
		"update transfers set minor = minor + 1", "delete from transfers", "truncate transfers",
		"update transitions set to_status = 'pending'", "delete from transitions", "truncate transitions",
	} {
		_, err := w.pool.Exec(w.ctx, sql)
		var refused *pgconn.PgError
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v %v", sql, err, refused)
		}
	}
	w.lawful()
}

// TestAThousandRepetitionsChangeNothing: neither do new events that state what is known.
func TestAThousandRepetitionsChangeNothing(t *testing.T) {
	w := newWorld(t, `{codes: {max_uses: 1}}`)
	w.now = noon.Add(day)
	base := []fact.Event{
		registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour),
		registered("carol", "C-NOBODY", noon), session(2, "carol", usd(1000), hour), // a code that nobody has
		registered("dave", "C-DAVE", noon), session(3, "dave", usd(1000), hour), // one's own
		registered("erin", "C-ALICE", noon), session(4, "erin", usd(1000), hour.Add(time.Second)), // used up
		registered("frank", "C-BOB", noon), session(5, "frank", money.New("xyz", 99999), hour), // paid in what does not exist
	}
	w.apply(base...)
	before := w.outcome() + w.rows()
	for i := range 1000 {
		again := make([]fact.Event, len(base))
		copy(again, base)
		if i%2 == 0 {
			for j := range again {
				again[j].Key += fmt.Sprint("-again-", i)
			}
		}
		w.apply(again...)
	}
	if after := w.outcome() + w.rows(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	w.lawful()
}

// rows counts what is kept, but for the events' own keys.
func (w *world) rows() string {
	w.t.Helper()
	var out strings.Builder
	for _, table := range []string{"users", "codes", "sign_ups", "customers", "payments", "objects", "referrals", "transitions", "transfers", "outbox"} {
		var n int
		if err := w.pool.QueryRow(w.ctx, "select count(*) from "+table).Scan(&n); err != nil {
			w.t.Fatalf("%v", err)
		}
		fmt.Fprintf(&out, "\n%s %d", table, n)
	}
	return out.String()
}
