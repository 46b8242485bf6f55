package worker

import (
	"context"
	"time"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// relayRows is how many rows of the outbox are relayed at a time. A row holds the events of one transaction.
const relayRows = 32

// Publisher puts messages on the stream and returns nil when all are safely there.
type Publisher interface {
	PublishBatch(ctx context.Context, msgs []stream.Msg) error
}

// RunRelay moves events from the outbox to the stream until the context ends: at once when this process wrote some, and
// every so often for those that others left.
func (w *Worker) RunRelay(ctx context.Context, to Publisher, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		w.drain(ctx, to)
		select {
		case <-ctx.Done():
			return nil
		case <-w.told:
		case <-ticker.C:
			w.measureOutbox(ctx)
		}
	}
}

// drain relays until nothing is left, or something fails: then the next turn goes on.
func (w *Worker) drain(ctx context.Context, to Publisher) {
	for ctx.Err() == nil {
		events := 0
		rows, err := w.store.Relay(ctx, relayRows, func(out []store.Outbound) error {
			events = len(out)
			return to.PublishBatch(ctx, messages(out))
		})
		if err != nil {
			if ctx.Err() == nil {
				w.metrics.relayFailures.Inc()
				w.log.WarnContext(ctx, "the outbox could not be relayed; it is tried again", "error", err)
			}
			return
		}
		if rows == 0 {
			return
		}
		w.metrics.relayed.Add(float64(events))
	}
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

func (w *Worker) measureOutbox(ctx context.Context) {
	rows, age, err := w.store.OutboxLag(ctx)
	if err != nil {
		return // drain reports what is wrong with the database
	}
	w.metrics.outboxRows.Set(float64(rows))
	w.metrics.outboxAge.Set(age.Seconds())
}
