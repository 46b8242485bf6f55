package worker

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// relayRows is how many rows of the outbox are relayed at a time. A row holds the events of one transaction.
const relayRows = 32

// measureEach is after how many turns of the relay the outbox is measured: counting the rows of a long one takes a while.
const measureEach = 10

// Publisher puts messages on the stream and returns nil when all are safely there.
type Publisher interface {
	PublishBatch(ctx context.Context, msgs []stream.Msg) error
}

// RunRelay moves events from the outbox to the stream until the context ends: at once when this process wrote some, and
// every so often for those that others left, or that the stream did not take.
func (w *Worker) RunRelay(ctx context.Context, to Publisher, every time.Duration) error {
	var measuring sync.WaitGroup
	// Also while nothing happens, and while the stream keeps the relay waiting.
	measuring.Go(func() { repeat(ctx, measureEach*every, w.measureOutbox) })
	defer measuring.Wait()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	fault := &outage{log: w.log, what: "relaying the outbox"}
	for {
		told := w.told
		if !w.drain(ctx, to, fault) {
			told = nil // the stream is sick: batches that go on being committed are no reason to ask it again at once
		}
		select {
		case <-ctx.Done():
			return nil
		case <-told:
		case <-ticker.C:
		}
	}
}

// drain relays until nothing is left. It says no when something failed: then a later turn goes on.
func (w *Worker) drain(ctx context.Context, to Publisher, fault *outage) bool {
	for ctx.Err() == nil {
		events := 0
		rows, err := w.store.Relay(ctx, relayRows, func(ctx context.Context, out []store.Outbound) error {
			events = len(out)
			return to.PublishBatch(ctx, messages(out))
		})
		if err != nil {
			if ctx.Err() == nil {
				w.metrics.relayFailures.Inc()
				fault.note(ctx, err)
			}
			return false
		}
		fault.note(ctx, nil)
		if rows == 0 {
			break
		}
		w.metrics.relayed.Add(float64(events))
	}
	return true
}

func messages(out []store.Outbound) []stream.Msg {
	msgs := make([]stream.Msg, 0, len(out))
	for _, e := range out {
		msgs = append(msgs, stream.Msg{
			Subject: stream.OutPrefix + e.Type, ID: e.ID, Data: e.Body,
			Header: map[string]string{"Content-Type": "application/cloudevents+json"},
		})
	}
	return msgs
}

// measureOutbox shows NaN for what cannot be measured, never the last good value.
func (w *Worker) measureOutbox(ctx context.Context) {
	rows, age, err := w.store.OutboxLag(ctx)
	if err != nil {
		w.metrics.outboxRows.Set(math.NaN())
		w.metrics.outboxAge.Set(math.NaN())
		return
	}
	w.metrics.outboxRows.Set(float64(rows))
	w.metrics.outboxAge.Set(age.Seconds())
}
