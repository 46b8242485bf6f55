package worker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// TestOutIsFull has the world's own stream refuse: nothing is lost, nothing told twice, and facts go on being recorded.
func TestOutIsFull(t *testing.T) {
	w := newWorld(t, "")
	w.limit(stream.Out, 3)
	w.work()
	w.publish(story()...)
	w.answered()
	if diff := cmp.Diff(storyOutcome, w.outcome()); diff != "" {
		t.Error(diff)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		failed, waiting, age := w.metric("plusone_worker_relay_failures_total"), w.metric("plusone_outbox_rows"), w.metric("plusone_outbox_age_seconds")
		return failed > 0 && waiting > 0 && age > 0, "the metrics do not tell"
	})
	if n := len(w.stored(stream.Out)); n != 3 {
		t.Errorf("%d messages in a stream that takes 3", n)
	}
	w.lawful()
	w.limit(stream.Out, -1)
	w.settle()
	w.toldOnce()
	testkit.Eventually(t, patience, func() (bool, string) {
		return w.metric("plusone_outbox_rows") == 0 && w.metric("plusone_outbox_age_seconds") == 0, "the gauges do not go back"
	})
}

// crashing publishes, and then fails as often as it is told to, as a process does that dies before it could note it.
type crashing struct {
	to Publisher

	mu      sync.Mutex
	crashes int
	sent    []string
}

var errCrash = errors.New("crashed after publishing")

func (c *crashing) PublishBatch(ctx context.Context, msgs []stream.Msg) error {
	if err := c.to.PublishBatch(ctx, msgs); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range msgs {
		c.sent = append(c.sent, m.ID+"|"+m.Subject+"|"+string(m.Data))
	}
	if c.crashes > 0 {
		c.crashes--
		return errCrash
	}
	return nil
}

func TestCrashBetweenPublishAndDelete(t *testing.T) {
	w := newWorld(t, "")
	w.consume()
	w.publish(story()...)
	w.answered()
	to := &crashing{to: w.pub, crashes: 2}
	stop := w.run("the relay", func(ctx context.Context) error { return w.worker.RunRelay(ctx, to, time.Millisecond) })
	w.settle()
	stop()
	w.toldOnce() // the stream knows the ids and drops the copies
	once := slices.Clone(to.sent)
	slices.Sort(once)
	once = slices.Compact(once)
	if n := len(w.stored(stream.Out)); len(once) != n || len(to.sent) != 3*n {
		t.Errorf("%d different messages were sent %d times, want %d, three times each", len(once), len(to.sent), n)
	}
	w.wantMetrics(map[string]float64{
		"plusone_worker_relay_failures_total": 2,
		"plusone_worker_relayed_events_total": float64(len(once)),
	})
}

// TestSickStreamIsLeftAlone commits batches while the stream takes nothing: each is no reason to ask it at once.
func TestSickStreamIsLeftAlone(t *testing.T) {
	w := newWorld(t, "")
	to := &crashing{to: w.pub, crashes: 1000}
	w.run("the relay", func(ctx context.Context) error { return w.worker.RunRelay(ctx, to, time.Hour) })
	alice, bob := signUp("alice", "", noon), signUp("bob", "C-ALICE", noon)
	w.must(w.worker.Handle(t.Context(), []*stream.Message{{Subject: alice.subject, Data: []byte(alice.body), Time: stored}}))
	w.must(w.worker.Handle(t.Context(), []*stream.Message{{Subject: bob.subject, Data: []byte(bob.body), Time: stored}}))
	testkit.Eventually(t, patience, func() (bool, string) {
		return w.metric("plusone_worker_relay_failures_total") == 1, "the relay was not woken"
	})
	for i := range 5 {
		m := session(1+i, "bob", 1000+i, noon.Add(-time.Duration(i)*time.Second))
		w.must(w.worker.Handle(t.Context(), []*stream.Message{{Subject: m.subject, Data: []byte(m.body), Time: stored}}))
	}
	if len(w.worker.told) != 1 { // a relay that listened would have taken the word
		t.Error("the relay was woken by a batch")
	}
	w.wantMetrics(map[string]float64{"plusone_worker_relay_failures_total": 1})
}

// TestTwoRelays have one outbox, and tell everything once and in the order in which it was committed.
func TestTwoRelays(t *testing.T) {
	w := newWorld(t, "")
	to := &crashing{to: w.pub}
	for range 2 {
		w.run("a relay", func(ctx context.Context) error { return w.worker.RunRelay(ctx, to, time.Millisecond) })
	}
	w.consume()
	for _, m := range story() {
		w.handle(m)
	}
	w.toldOnce()
	if len(to.sent) != 14 {
		t.Errorf("%d messages were sent for 14 events", len(to.sent))
	}
}
