package links

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
	"github.com/plusone-dev/plusone/internal/worker"
)

// twice publishes everything two times, the second time as a message of its own: so each event is delivered twice.
type twice struct{ to *stream.Publisher }

func (p twice) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	if err := p.to.Publish(ctx, subject, msgID, header, data); err != nil {
		return err
	}
	return p.to.Publish(ctx, subject, msgID+"#2", header, data)
}

// as is a store with the rights of one process.
func as(t *testing.T, dsn, role string) *store.Store {
	t.Helper()
	pool, err := store.Open(t.Context(), testkit.As(t, dsn, role))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := store.New(pool, store.Options{
		HashKey: []byte("a key that only tests use"),
		Codes:   func(user string, _, _ int) string { return strings.ToUpper(user) + "234" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func background(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestVisitsAreCounted follows a link a hundred times, from the door to what its owner is shown, through a real stream, worker and
// database; each event comes twice.
func TestVisitsAreCounted(t *testing.T) {
	dsn := testkit.Database(t)
	writes := as(t, dsn, "plusone_worker")
	signedUp := time.Now().UTC().Add(-time.Minute)
	_, err := writes.Apply(t.Context(), []fact.Event{
		{Key: "1", Name: "1", Type: fact.UserRegistered, At: signedUp, SignUp: &fact.SignUp{UserID: "alice", RegisteredAt: signedUp}},
		{Key: "2", Name: "2", Type: fact.CodeAssigned, At: signedUp, Assignment: &fact.Assignment{UserID: "alice", Code: "SPRING-SALE", At: signedUp}},
	})
	if err != nil {
		t.Fatal(err)
	}
	nc, err := stream.Connect(testkit.NATS(t), t.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Ensure(t.Context(), js, stream.Config{}); err != nil {
		t.Fatal(err)
	}
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{Grouped: true})
	if err != nil {
		t.Fatal(err)
	}

	log, reg := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	reads := as(t, dsn, "plusone_api").Database
	m := NewMetrics(reg)
	d := open(t, func(c *Config) {
		c.Store, c.PerMinute, c.Metrics, c.Now = reads, 1000, m, time.Now
		c.Visits = NewVisits(twice{pub}, m, log)
	})
	background(t, d.links.Visits.Run)
	for i := range 60 {
		w := d.get("/r/alice234?via=qr")
		if w.Header().Get("Location") != to+"&ref=ALICE234&via=qr" || cookieOf(w) == nil || cookieOf(w).MaxAge != 30*24*60*60 {
			t.Fatalf("visit %d: %v", i, w.Header())
		}
		d.get("/r/alice234", "User-Agent", "Twitterbot/1.0")
		d.get("/r/nobody23")
	}
	for range 40 {
		d.get("/invite/spring-sale")
	}
	testkit.Eventually(t, time.Minute, func() (bool, string) {
		n := testutil.ToFloat64(m.visits.WithLabelValues("counted"))
		return n == 100, fmt.Sprint(n)
	})

	w := worker.New(writes, reg, log)
	background(t, func(ctx context.Context) error { return w.RunFold(ctx, 10*time.Millisecond) })
	stop := background(t, func(ctx context.Context) error {
		return stream.Consume(ctx, stream.Options{Conn: nc, Transient: store.Transient, Logger: log, Metrics: stream.NewMetrics(reg)}, w.Handle)
	})
	testkit.Eventually(t, time.Minute, func() (bool, string) {
		c, err := js.Consumer(t.Context(), stream.In, stream.DefaultConsumer)
		if err != nil {
			return false, err.Error()
		}
		i := c.CachedInfo()
		return i.AckFloor.Stream >= 200 && i.NumAckPending == 0, fmt.Sprintf("%+v", i.AckFloor)
	})
	stop()
	testkit.Eventually(t, time.Minute, func() (bool, string) {
		rows, _, err := writes.TallyLag(t.Context())
		return err == nil && rows == 0, fmt.Sprint(rows, err)
	})
	standing, err := reads.Standing(t.Context(), "alice")
	if err != nil || standing.Visits != 100 {
		t.Errorf("alice has %d visits (%v)", standing.Visits, err)
	}
	all, err := reads.Analytics(t.Context(), "default", time.Now().Add(-48*time.Hour), time.Now().Add(24*time.Hour))
	if err != nil || all.Totals.Visits != 100 {
		t.Errorf("the program has %d visits (%v)", all.Totals.Visits, err)
	}
}

// TestLinksOfTheDatabase holds what a code is known to lead to: whoever has it, by the newest terms of its program.
func TestLinksOfTheDatabase(t *testing.T) {
	dsn := testkit.Database(t)
	writes, tools := as(t, dsn, "plusone_worker"), as(t, dsn, "plusone_tools")
	reads := as(t, dsn, "plusone_api").Database
	at := time.Now().UTC().Add(-time.Minute)
	apply := func(events ...fact.Event) {
		t.Helper()
		if _, err := writes.Apply(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	want := func(want string, codes ...string) {
		t.Helper()
		found, err := reads.Links(t.Context(), codes)
		if got := fmt.Sprint(found); err != nil || got != want {
			t.Errorf("%v: %s (%v), want %s", codes, got, err, want)
		}
	}
	want("[]", "ALICE234")
	apply(
		fact.Event{Key: "1", Name: "1", Type: fact.UserRegistered, At: at, SignUp: &fact.SignUp{UserID: "alice", RegisteredAt: at}},
		// A code that somebody came with before it was anybody's.
		fact.Event{Key: "2", Name: "2", Type: fact.UserRegistered, At: at, SignUp: &fact.SignUp{UserID: "bob", Code: "NOBODY23", RegisteredAt: at}},
	)
	want("[{ALICE234 720h0m0s}]", "ALICE234", "NOBODY23", "alice234", "")
	if _, err := tools.ApplyProgram(t.Context(), []byte("links: {remember: 7d}")); err != nil {
		t.Fatal(err)
	}
	want("[{ALICE234 168h0m0s}]", "ALICE234")
	if _, err := tools.ApplyProgram(t.Context(), []byte("links: {remember: 0s}")); err != nil {
		t.Fatal(err)
	}
	want("[{ALICE234 0s}]", "ALICE234")
	apply(fact.Event{Key: "3", Name: "3", Type: fact.UserErased, At: at.Add(time.Second), Erased: &fact.Erased{UserID: "alice", At: at.Add(time.Second)}})
	want("[]", "ALICE234")
}
