package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

func stored(t *testing.T, s *testServer, name string) uint64 {
	t.Helper()
	str, err := jetStream(t, s.connect()).Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return str.CachedInfo().State.Msgs
}

func TestPublishIsStoredWhenItReturns(t *testing.T) {
	s, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	if err := p.Publish(t.Context(), "plusone.in.a", "id-1", map[string]string{"X-Colour": "red"}, []byte("body")); err != nil {
		t.Fatal(err)
	}
	str, err := jetStream(t, s.connect()).Stream(t.Context(), In)
	if err != nil {
		t.Fatal(err)
	}
	m, err := str.GetMsg(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Data) != "body" || m.Header.Get("X-Colour") != "red" || m.Header.Get("Nats-Msg-Id") != "id-1" {
		t.Errorf("stored %q with %v", m.Data, m.Header)
	}
}

func TestPublishStoresAnIDOnce(t *testing.T) {
	s, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	for _, id := range []string{"same", "same", "other", "", ""} {
		if err := p.Publish(t.Context(), "plusone.in.a", id, nil, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n := stored(t, s, In); n != 4 {
		t.Errorf("%d messages are stored, not 4", n)
	}
}

func TestPublishByManyCallersThroughFewSlots(t *testing.T) {
	s, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{InFlight: 3})
	var callers sync.WaitGroup
	for i := range 200 {
		callers.Go(func() {
			if err := p.Publish(t.Context(), "plusone.in.a", fmt.Sprint(i), nil, []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	// Batches larger than the slots, several at once: they must not wait for each other's.
	for b := range 4 {
		callers.Go(func() {
			msgs := make([]Msg, 50)
			for i := range msgs {
				msgs[i] = Msg{Subject: "plusone.in.b", ID: fmt.Sprint("b", b, "-", i)}
			}
			if err := p.PublishBatch(t.Context(), msgs); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n := stored(t, s, In); n != 400 {
		t.Errorf("%d messages are stored, not 400", n)
	}
	if len(p.slots) != 0 {
		t.Errorf("%d slots were not given back", len(p.slots))
	}
}

func TestPublishSaysWhenTheStreamIsFull(t *testing.T) {
	_, nc := newStreams(t)
	limit(t, nc, In, 2)
	p := newPublisher(t, nc, PublisherOptions{})
	for i := range 2 {
		if err := p.Publish(t.Context(), "plusone.in.a", fmt.Sprint(i), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Publish(t.Context(), "plusone.in.a", "3", nil, nil); !errors.Is(err, ErrFull) {
		t.Errorf("the error is %v", err)
	}
	err := p.PublishBatch(t.Context(), []Msg{{Subject: "plusone.in.a", ID: "0"}, {Subject: "plusone.in.a", ID: "4"}})
	if !errors.Is(err, ErrFull) {
		t.Errorf("the batch's error is %v", err)
	}
	limit(t, nc, In, -1)
	if err := p.Publish(t.Context(), "plusone.in.a", "3", nil, nil); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestPublishSaysWhenNobodyTakesIt(t *testing.T) {
	s, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{Timeout: 2 * time.Second})
	if err := p.Publish(t.Context(), "nobody.listens", "1", nil, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a stream the error is %v", err)
	}
	s.stop()
	eventually(t, "the connection is lost", func() bool { return !nc.IsConnected() })
	began := time.Now()
	if err := p.Publish(t.Context(), "plusone.in.a", "2", nil, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a server the error is %v", err)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("it took %s to say so", d)
	}
	s.start()
	eventually(t, "publishing works again", func() bool {
		return p.Publish(t.Context(), "plusone.in.a", "2", nil, nil) == nil
	})
	if len(p.slots) != 0 {
		t.Errorf("%d slots were not given back", len(p.slots))
	}
}

// TestPublishInFlightWhenTheServerDies publishes without pause over a kill: nothing said to be stored may be missing.
func TestPublishInFlightWhenTheServerDies(t *testing.T) {
	s, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{Timeout: 2 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	acked := newWork()
	var callers sync.WaitGroup
	for c := range 4 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprint(c, "-", i)
				if p.Publish(t.Context(), "plusone.in.a", id, nil, []byte(id)) == nil {
					acked.commit([]*Message{{Data: []byte(id)}})
				}
			}
		})
	}
	eventually(t, "some are stored", func() bool { return acked.len() > 100 })
	s.stop()
	before := acked.len()
	s.start()
	eventually(t, "more are stored after the restart", func() bool { return acked.len() > before+100 })
	cancel()
	callers.Wait()

	seen := newWork()
	run := consume(t, quick(s.connect()), func(_ context.Context, batch []*Message) error { seen.commit(batch); return nil })
	eventually(t, "all are consumed", allAnswered(t, nc))
	run.end()
	for id := range acked.done {
		if seen.done[id] == 0 {
			t.Errorf("message %s was said to be stored, and is not there", id)
		}
	}
}

func TestPublishRefusesWhatIsTooLarge(t *testing.T) {
	_, nc := newStreams(t)
	p := newPublisher(t, nc, PublisherOptions{})
	for _, size := range []int64{nc.MaxPayload() + 1, nc.MaxPayload() - deadRoom + 1} {
		if err := p.Publish(t.Context(), "plusone.in.a", "", nil, make([]byte, size)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d bytes: the error is %v", size, err)
		}
	}
}

func TestPublishHeedsTheCallersContext(t *testing.T) {
	_, nc := newStreams(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := newPublisher(t, nc, PublisherOptions{InFlight: 1})
	p.slots <- struct{}{}
	if err := p.Publish(ctx, "plusone.in.a", "", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
