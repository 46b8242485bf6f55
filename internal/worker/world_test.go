package worker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/audit"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// patience is how long a test waits for what should take some milliseconds. The race detector and a busy machine are slow.
const patience = time.Minute

// noon is when every story begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a worker between a real stream and a real database, with a clock that stands still until it is told to move
// and codes that follow from who gets them, so that a sign-up can name a code before it exists.
type world struct {
	t      testing.TB
	dsn    string
	pool   *pgxpool.Pool // the owner's
	store  *store.Store  // the worker's
	tools  *store.Database
	api    *store.Database
	nc     *nats.Conn
	js     jetstream.JetStream
	pub    *stream.Publisher
	reg    *prometheus.Registry
	log    *logBook
	worker *Worker
	sent   int

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB, terms string) *world {
	t.Helper()
	w := &world{t: t, dsn: testkit.Database(t), now: noon.Add(-time.Hour), reg: prometheus.NewRegistry(), log: &logBook{}}
	var err error
	w.pool = w.open(w.dsn)
	w.store = w.as("plusone_worker")
	w.tools, w.api = w.as("plusone_tools").Database, w.as("plusone_api").Database
	// As old as a program is whose sign-ups these are: the version that applies must be older than they.
	_, err = w.pool.Exec(t.Context(), "update terms set effective_from = '2025-01-01'")
	w.must(err)
	if terms != "" {
		_, err := w.tools.ApplyProgram(t.Context(), []byte(terms))
		w.must(err)
	}
	w.nc, err = stream.Connect(testkit.NATS(t), t.Name(), w.log.logger())
	w.must(err)
	t.Cleanup(w.nc.Close)
	w.js, err = jetstream.New(w.nc)
	w.must(err)
	w.must(stream.Ensure(t.Context(), w.js, stream.Config{}))
	w.pub, err = stream.NewPublisher(w.nc, stream.PublisherOptions{})
	w.must(err)
	w.worker = New(w.store, w.reg, w.log.logger())
	w.set(noon)
	return w
}

func (w *world) open(dsn string) *pgxpool.Pool {
	w.t.Helper()
	pool, err := store.Open(w.t.Context(), dsn)
	w.must(err)
	w.t.Cleanup(pool.Close)
	return pool
}

// as is a store with the rights of one process.
func (w *world) as(role string) *store.Store {
	w.t.Helper()
	s, err := store.New(w.open(testkit.As(w.t, w.dsn, role)), store.Options{
		HashKey: []byte("the hash key, which nobody may see"), Codes: codeOf, Now: w.clock, Live: true,
	})
	w.must(err)
	return s
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

func codeOf(user string, _, attempt int) string {
	return "C-" + strings.ToUpper(user) + strings.Repeat("X", attempt)
}

// options are what the batches run with: as in production, with short waits.
func (w *world) options() stream.Options {
	short := stream.Backoff{Min: 5 * time.Millisecond, Max: 20 * time.Millisecond}
	return stream.Options{
		Conn: w.nc, Transient: store.Transient, Ready: w.store.Check, Logger: w.log.logger(), Metrics: stream.NewMetrics(w.reg),
		Retry: short, FaultRetry: short, ReadyWait: short, MaxFaults: 3,
	}
}

// run starts f, and stops it in order when the test ends, or before.
func (w *world) run(name string, f func(ctx context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.t.Errorf("%s ended with %v", name, err)
			}
		case <-time.After(patience):
			w.t.Errorf("%s did not end", name)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// work starts everything that a worker's process does.
func (w *world) work() (stop func()) {
	stops := []func(){
		w.run("the relay", func(ctx context.Context) error { return w.worker.RunRelay(ctx, w.pub, 10*time.Millisecond) }),
		w.run("the fold", func(ctx context.Context) error { return w.worker.RunFold(ctx, 10*time.Millisecond) }),
		w.run("the clock", func(ctx context.Context) error { return w.worker.RunClock(ctx, 10*time.Millisecond) }),
		w.consume(),
	}
	return func() {
		for _, stop := range slices.Backward(stops) {
			stop()
		}
	}
}

func (w *world) consume() (stop func()) {
	opts := w.options()
	return w.run("the batches", func(ctx context.Context) error { return stream.Consume(ctx, opts, w.worker.Handle) })
}

// publish puts messages on the stream, each as one of its own even when it was there before.
func (w *world) publish(msgs ...message) {
	w.t.Helper()
	batch := make([]stream.Msg, 0, len(msgs))
	for _, m := range msgs {
		w.sent++
		batch = append(batch, stream.Msg{Subject: m.subject, ID: fmt.Sprintf("%s#%d", m.name, w.sent), Data: []byte(m.body)})
	}
	w.must(w.pub.PublishBatch(w.t.Context(), batch))
}

// settle waits until every message has been answered for and the outbox is empty.
func (w *world) settle() {
	w.t.Helper()
	w.answered()
	testkit.Eventually(w.t, patience, func() (bool, string) {
		rows, _, err := w.store.OutboxLag(w.t.Context())
		return err == nil && rows == 0, fmt.Sprintf("%d rows in the outbox, %v", rows, err)
	})
}

// answered waits until every message has been answered for.
func (w *world) answered() {
	w.t.Helper()
	testkit.Eventually(w.t, patience, func() (bool, string) {
		c, err := w.js.Consumer(w.t.Context(), stream.In, stream.DefaultConsumer)
		if err != nil {
			return false, err.Error()
		}
		i := c.CachedInfo()
		// For a moment after it was made, a consumer shows none pending whatever is in the stream.
		done := i.AckFloor.Stream >= uint64(w.sent) && i.NumPending == 0 && i.NumAckPending == 0
		return done, fmt.Sprintf("%d sent, %d pending, %d unacknowledged", w.sent, i.NumPending, i.NumAckPending)
	})
}

// handle publishes messages and waits for all that comes of them.
func (w *world) handle(msgs ...message) {
	w.t.Helper()
	w.publish(msgs...)
	w.settle()
}

// outcome is what the laws mean by it: each referral's status, reason and live rewards, and every balance.
func (w *world) outcome() string {
	w.t.Helper()
	page, err := w.api.Referrals(w.t.Context(), store.Filter{Limit: 10_000})
	w.must(err)
	var lines []string
	for _, r := range page {
		line := strings.TrimSpace(fmt.Sprintf("%s by %s: %s %s", r.Referee, r.Referrer, r.Status, r.Reason))
		for _, reward := range r.Rewards {
			line += fmt.Sprintf(", %s %s", reward.To, reward.Amount)
		}
		lines = append(lines, line)
	}
	w.rows(`select u.external_id, b.currency, b.minor from balances b join users u on u.id = b.user_id where minor <> 0`, func(scan func(...any) error) error {
		var user, currency string
		var minor int64
		err := scan(&user, &currency, &minor)
		lines = append(lines, fmt.Sprintf("%s has %s", user, money.New(money.Currency(currency), minor)))
		return err
	})
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *world) rows(sql string, each func(scan func(...any) error) error) {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), sql)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(each(rows.Scan))
	}
	w.must(rows.Err())
}

// lawful fails the test when the database breaks a law.
func (w *world) lawful() {
	w.t.Helper()
	report, err := audit.Run(w.t.Context(), w.tools, func(int) {})
	w.must(err)
	for _, l := range report.Lines {
		if l.Broken > 0 {
			w.t.Errorf("law %d, %s, is broken %d times: %s", l.Law, l.Check, l.Broken, l.Example)
		}
	}
}

// stored reads a whole stream.
func (w *world) stored(name string) []*jetstream.RawStreamMsg {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), name)
	w.must(err)
	state := s.CachedInfo().State
	var all []*jetstream.RawStreamMsg
	for seq := state.FirstSeq; seq <= state.LastSeq && state.Msgs > 0; seq++ {
		m, err := s.GetMsg(w.t.Context(), seq)
		w.must(err)
		all = append(all, m)
	}
	return all
}

// limit makes a stream refuse what exceeds n messages; -1 lifts it.
func (w *world) limit(name string, n int64) {
	w.t.Helper()
	s, err := w.js.Stream(w.t.Context(), name)
	w.must(err)
	c := s.CachedInfo().Config
	c.MaxMsgs = n
	_, err = w.js.UpdateStream(w.t.Context(), c)
	w.must(err)
}

// metric is the value of one series: "a_total", or "a_total type=charge.refunded result=recorded". 0 when it is not there.
func (w *world) metric(series string) float64 {
	w.t.Helper()
	name, labels, _ := strings.Cut(series, " ")
	families, err := w.reg.Gather()
	w.must(err)
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			have := []string{}
			for _, l := range m.GetLabel() {
				have = append(have, l.GetName()+"="+l.GetValue())
			}
			missing := func(label string) bool { return !slices.Contains(have, label) }
			if f.GetName() == name && !slices.ContainsFunc(strings.Fields(labels), missing) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func (w *world) wantMetrics(want map[string]float64) {
	w.t.Helper()
	for series, value := range want {
		if got := w.metric(series); got != value {
			w.t.Errorf("%s is %v, not %v", series, got, value)
		}
	}
}

// logBook keeps every line that was logged.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// line is the one line that contains all of the parts.
func (w *world) line(parts ...string) string {
	w.t.Helper()
	var found []string
	for line := range strings.Lines(w.log.text()) {
		missing := func(part string) bool { return !strings.Contains(line, part) }
		if !slices.ContainsFunc(parts, missing) {
			found = append(found, line)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%d lines of the log contain %q, not one:\n%s", len(found), parts, w.log.text())
	}
	return found[0]
}

// stored is when the stream stored the messages that are handed to the worker without one.
var stored = noon.Add(time.Hour)
