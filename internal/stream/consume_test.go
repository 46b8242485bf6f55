package stream

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

func TestAcknowledgedOnlyAfterTheHandlerSucceeded(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 3)
	entered, finish := make(chan struct{}, 3), make(chan struct{})
	run := consume(t, quick(nc), func(context.Context, []*Message) error {
		entered <- struct{}{}
		<-finish
		return nil
	})
	<-entered
	if lag := lagOf(t, nc); lag.Pending+lag.Unacked != 3 || lag.OldestAge <= 0 {
		t.Errorf("while the handler works the lag is %+v", lag)
	}
	close(finish)
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	run.end()
}

func TestWhatAHandlerSees(t *testing.T) {
	_, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	if err := p.Publish(t.Context(), "plusone.in.stripe.charge.refunded", "evt_1", map[string]string{"X-A": "b"}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	got := make(chan *Message, 1)
	run := consume(t, quick(nc), func(_ context.Context, batch []*Message) error { got <- batch[0]; return nil })
	m := <-got
	run.end()
	if m.Subject != "plusone.in.stripe.charge.refunded" || string(m.Data) != "{}" || m.Header.Get("X-A") != "b" ||
		m.Header.Get("Nats-Msg-Id") != "evt_1" || m.Sequence != 1 || m.Delivered != 1 || time.Since(m.Time) > time.Minute {
		t.Errorf("the message is %+v", m)
	}
}

func TestBatchesAreWhatIsThere(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 100)
	done := newWork()
	var largest atomic.Int64
	o := quick(nc)
	o.MaxBatch = 16
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		largest.Store(max(largest.Load(), int64(len(batch))))
		done.commit(batch)
		time.Sleep(time.Millisecond) // a commit
		return nil
	})
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	run.end()
	done.exactlyOnce(t, 100)
	if n := largest.Load(); n < 2 || n > 16 {
		t.Errorf("the largest batch had %d messages", n)
	}
}

func TestAFailedMessageComesAgain(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 1)
	var attempts atomic.Int64
	reg := prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	run := consume(t, o, func(context.Context, []*Message) error {
		if n := attempts.Add(1); n < 4 {
			return errors.New("not yet")
		}
		return nil
	})
	eventually(t, "it is acknowledged", allAnswered(t, nc))
	run.end()
	if n := attempts.Load(); n != 4 {
		t.Errorf("it was attempted %d times, not 4", n)
	}
	if n := len(letters(t, nc)); n != 0 {
		t.Errorf("%d dead letters", n)
	}
	if n := metric(t, reg, "plusone_stream_redeliveries_total", ""); n != 3 {
		t.Errorf("%v redeliveries were counted, not 3", n)
	}
}

// poisoned runs 256 messages through a handler that fails, in its own way, whenever the batch holds "77".
func poisoned(t *testing.T, fail func() error) (*nats.Conn, *prometheus.Registry) {
	t.Helper()
	_, nc := newStreams(t)
	publishN(t, nc, 256)
	done, reg := newWork(), prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	o.MaxFaults = 3
	var faults atomic.Int64
	var together atomic.Bool // the culprit was handled beside others at least once
	run := consume(t, o, func(_ context.Context, batch []*Message) error {
		for _, m := range batch {
			if string(m.Data) == "77" {
				if len(batch) > 1 {
					together.Store(true)
				}
				if len(batch) == 1 {
					faults.Add(1)
				}
				return fail()
			}
		}
		done.commit(batch)
		return nil
	})
	eventually(t, "all are answered for", allAnswered(t, nc))
	run.end()
	done.exactlyOnce(t, 256, "77")
	if n := faults.Load(); n != 3 {
		t.Errorf("the culprit was tried %d times alone, not 3", n)
	}
	all := letters(t, nc)
	if len(all) != 1 || string(all[0].Data) != "77" {
		t.Fatalf("the dead letters are %v", all)
	}
	if r := all[0].Header.Get(HeaderDeadReason); !strings.Contains(r, "cannot digest 77") {
		t.Errorf("the reason is %q", r)
	}
	if n := metric(t, reg, "plusone_stream_messages_total", verdictAcked); n != 255 {
		t.Errorf("%v were counted as acknowledged", n)
	}
	if n := metric(t, reg, "plusone_stream_bisections_total", ""); (n > 0) != together.Load() {
		t.Errorf("%v bisections; handled beside others: %v", n, together.Load())
	}
	return nc, reg
}

func TestOnlyTheCulpritDiesOfAnError(t *testing.T) {
	_, reg := poisoned(t, func() error { return errors.New("cannot digest 77") })
	if n := metric(t, reg, "plusone_stream_dead_letters_total", classFault); n != 1 {
		t.Errorf("%v dead letters of class fault", n)
	}
}

func TestOnlyTheCulpritDiesOfAPanic(t *testing.T) {
	_, reg := poisoned(t, func() error { panic("cannot digest 77") })
	if n := metric(t, reg, "plusone_stream_dead_letters_total", classPanic); n != 1 {
		t.Errorf("%v dead letters of class panic", n)
	}
}

func TestTwoConsumersShare(t *testing.T) {
	s, nc := newStreams(t)
	done := newWork()
	var mine [2]atomic.Int64
	var runs []*running
	for i := range mine {
		o := quick(s.connect())
		o.MaxBatch = 8
		runs = append(runs, consume(t, o, func(_ context.Context, batch []*Message) error {
			mine[i].Add(int64(len(batch)))
			done.commit(batch)
			time.Sleep(time.Millisecond)
			return nil
		}))
	}
	publishN(t, nc, 1000)
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	for _, r := range runs {
		r.end()
	}
	done.exactlyOnce(t, 1000)
	for i := range mine {
		if mine[i].Load() == 0 {
			t.Errorf("consumer %d had nothing to do", i)
		}
	}
}

func TestASlowBatchIsNotDeliveredToSomeoneElse(t *testing.T) {
	s, nc := newStreams(t)
	// A batch in hand, a batch in the queue, and one at its door: the last waits longest.
	const batch, n = 4, 9
	publishN(t, nc, n)
	o := quick(s.connect())
	o.AckWait, o.MaxBatch, o.Concurrency = 3*time.Second, batch, 1 // extended twice as often: a busy machine must not miss it
	done := newWork()
	slow := consume(t, o, func(_ context.Context, batch []*Message) error {
		time.Sleep(o.AckWait * 5 / 4) // a slow database
		done.commit(batch)
		return nil
	})
	eventually(t, "a queue is prefetched", func() bool { return lagOf(t, nc).Unacked > 1+batch }) // the first batch may be of one
	held := int(lagOf(t, nc).Unacked)                                                             // the last may not have been handed out yet, and is anybody's
	other := newWork()
	o.Conn = s.connect()
	idle := consume(t, o, func(_ context.Context, batch []*Message) error { other.commit(batch); return nil })
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	slow.end()
	idle.end()
	var free []string
	for body := range other.done {
		free = append(free, body)
		if i, err := strconv.Atoi(body); err != nil || i < held {
			t.Errorf("message %q was delivered to somebody else", body)
		}
	}
	done.exactlyOnce(t, n, free...)
	for body, times := range other.done {
		if times != 1 {
			t.Errorf("message %q was committed %d times", body, times)
		}
	}
}

// TestAnotherProcessMayShortenTheWait: the consumer is everybody's, and who came last has set its AckWait.
func TestAnotherProcessMayShortenTheWait(t *testing.T) {
	s, nc := newStreams(t)
	publishN(t, nc, 3)
	var log logbook
	o := quick(s.connect())
	o.AckWait, o.Logger = 10*time.Minute, log.logger()
	entered, finish := make(chan struct{}, 3), make(chan struct{})
	done, stolen := newWork(), newWork()
	slow := consume(t, o, func(_ context.Context, batch []*Message) error {
		entered <- struct{}{}
		<-finish
		done.commit(batch)
		return nil
	})
	<-entered
	eventually(t, "all are delivered", func() bool { return lagOf(t, nc).Unacked == 3 })
	o.Conn, o.AckWait, o.Logger = s.connect(), time.Second, nil
	idle := consume(t, o, func(_ context.Context, batch []*Message) error { stolen.commit(batch); return nil })
	var text string
	eventually(t, "the first says that the settings differ", func() bool {
		text += log.take()
		return strings.Contains(text, "AckWait: 1s → 10m0s")
	})
	time.Sleep(5 * o.AckWait / 2)
	close(finish)
	eventually(t, "all are acknowledged", allAnswered(t, nc))
	slow.end()
	idle.end()
	done.exactlyOnce(t, 3)
	stolen.exactlyOnce(t, 0)
	if text += log.take(); strings.Count(text, "another process") != 1 {
		t.Errorf("the log says %s", text)
	}
}

func TestConsumeWaitsForTheStream(t *testing.T) {
	s := newServer(t)
	nc := s.connect()
	done := newWork()
	reg := prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	run := consume(t, o, func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "it tried in vain", func() bool { return metric(t, reg, "plusone_stream_interruptions_total", "") > 0 })
	if err := Ensure(t.Context(), jetStream(t, nc), Config{}); err != nil {
		t.Fatal(err)
	}
	publishN(t, nc, 5)
	eventually(t, "all are handled", func() bool { return done.len() == 5 })
	run.end()
}

func TestTheConsumerIsMadeAnewWhenSomeoneDeletedIt(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 5)
	done := newWork()
	run := consume(t, quick(nc), func(_ context.Context, batch []*Message) error { done.commit(batch); return nil })
	eventually(t, "the first are answered for", allAnswered(t, nc))
	if err := jetStream(t, nc).DeleteConsumer(t.Context(), In, DefaultConsumer); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, nc, PublisherOptions{})
	if err := p.Publish(t.Context(), "plusone.in.x", "later", nil, []byte("later")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a later message is handled", func() bool {
		done.mu.Lock()
		defer done.mu.Unlock()
		return done.done["later"] > 0
	})
	run.end()
}

func TestTheDurableConsumer(t *testing.T) {
	_, nc := newStreams(t)
	o := quick(nc)
	o.Filter = []string{"plusone.in.a", "plusone.in.b"}
	handled := newWork()
	run := consume(t, o, func(_ context.Context, batch []*Message) error { handled.commit(batch); return nil })
	p := newPublisher(t, nc, PublisherOptions{})
	for _, subject := range []string{"a", "b", "c"} {
		if err := p.Publish(t.Context(), "plusone.in."+subject, "", nil, []byte(subject)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "those that match are handled", func() bool { return handled.len() == 2 })
	eventually(t, "and answered for", allAnswered(t, nc))
	run.end()
	c, err := jetStream(t, nc).Consumer(t.Context(), In, DefaultConsumer)
	if err != nil {
		t.Fatal(err)
	}
	cfg := c.CachedInfo().Config
	if cfg.AckPolicy != jetstream.AckExplicitPolicy || cfg.MaxDeliver != -1 || cfg.AckWait != o.AckWait || cfg.MaxAckPending != 20_000 {
		t.Errorf("the consumer is %+v", cfg)
	}
	if handled.done["c"] != 0 {
		t.Error("a subject that is filtered out was handled")
	}
}

func TestConsumeRefusesWrongOptions(t *testing.T) {
	_, nc := newStreams(t)
	handler := func(context.Context, []*Message) error { return nil }
	for name, change := range map[string]func(*Options){
		"no connection": func(o *Options) { o.Conn = nil },
		"no judge":      func(o *Options) { o.Transient = nil },
		"batch":         func(o *Options) { o.MaxBatch = -1 },
		"grace":         func(o *Options) { o.Grace = -1 },
	} {
		o := quick(nc)
		change(&o)
		if err := Consume(t.Context(), o, handler); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestConsumeEndsWhenTheConnectionIsClosed(t *testing.T) {
	s, _ := newStreams(t)
	nc := s.connect()
	o := quick(nc)
	done := make(chan error, 1)
	go func() { done <- Consume(t.Context(), o, func(context.Context, []*Message) error { return nil }) }()
	eventually(t, "it pulls", func() bool { return nc.NumSubscriptions() > 0 })
	nc.Close()
	if err := <-done; !errors.Is(err, jetstream.ErrConnectionClosed) {
		t.Errorf("the error is %v", err)
	}
}

func TestMetricsOfABatch(t *testing.T) {
	_, nc := newStreams(t)
	publishN(t, nc, 10)
	reg := prometheus.NewRegistry()
	o := quick(nc)
	o.Metrics = NewMetrics(reg)
	NewMetrics(reg) // a second set on the same registry is the same set
	var once sync.Once
	entered, finish := make(chan struct{}), make(chan struct{})
	run := consume(t, o, func(context.Context, []*Message) error {
		once.Do(func() { close(entered) })
		<-finish
		return nil
	})
	<-entered
	eventually(t, "the lag is shown", func() bool {
		return metric(t, reg, "plusone_stream_lag_messages", "") == 10 && metric(t, reg, "plusone_stream_lag_age_seconds", "") > 0
	})
	close(finish)
	eventually(t, "the lag is gone", func() bool {
		return metric(t, reg, "plusone_stream_lag_messages", "") == 0 && metric(t, reg, "plusone_stream_lag_age_seconds", "") == 0
	})
	run.end()
	if n := metric(t, reg, "plusone_stream_messages_total", verdictAcked); n != 10 {
		t.Errorf("%v acknowledged", n)
	}
	for _, name := range []string{"batch_messages", "batch_seconds"} {
		if metric(t, reg, "plusone_stream_"+name, DefaultConsumer) < 1 {
			t.Errorf("%s observed nothing", name)
		}
	}
}
