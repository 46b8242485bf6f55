// Package worker is the readable loop in the middle: a message is turned into facts, the facts are applied, and the
// message is answered for. Beside it run the clock, which ends holds and windows, and the relay, which tells the world.
// It owns no rule: package referral does; no row: package store does; no acknowledgement: package stream does.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// Worker applies messages to a store.
type Worker struct {
	store   *store.Store
	log     *slog.Logger
	metrics *metrics
	told    chan struct{} // there is something in the outbox
}

// New makes a worker.
func New(s *store.Store, reg prometheus.Registerer, log *slog.Logger) *Worker {
	return &Worker{store: s, log: log, metrics: newMetrics(reg), told: make(chan struct{}, 1)}
}

// Handle applies a batch of messages in one transaction. It is a stream.Handler: nil means committed.
func (w *Worker) Handle(ctx context.Context, batch []*stream.Message) error {
	events := make([]fact.Event, 0, len(batch))
	for _, m := range batch {
		e, err := read(m)
		var malformed *fact.MalformedError
		switch {
		case errors.Is(err, fact.ErrIgnored):
			w.metrics.events.WithLabelValues(label(e.Type), "ignored").Inc()
		case errors.As(err, &malformed):
			w.metrics.events.WithLabelValues(label(e.Type), "malformed").Inc()
			w.log.WarnContext(ctx, "a message can not be understood", "subject", m.Subject, "sequence", m.Sequence, "why", malformed.Why)
			m.Reject(malformed.Why)
		case err != nil:
			return err
		default:
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return nil
	}
	result, err := w.apply(ctx, events)
	if err != nil {
		return err
	}
	w.report(ctx, events, result)
	return nil
}

// read turns a message into facts, by the branch of the subject tree it came on.
func read(m *stream.Message) (fact.Event, error) {
	switch branch, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, stream.InPrefix), "."); branch {
	case "stripe":
		return fact.ParseStripe(m.Data)
	case "user":
		return fact.ParseCloudEvent(m.Data)
	}
	return fact.Event{}, fact.ErrIgnored
}

// attempts bounds how often a transaction that only lost against others is repeated at once, before the batch goes back.
const attempts = 5

func (w *Worker) apply(ctx context.Context, events []fact.Event) (store.Result, error) {
	for n := 1; ; n++ {
		began := time.Now()
		result, err := w.store.Apply(ctx, events)
		w.metrics.seconds.Observe(time.Since(began).Seconds())
		w.metrics.restarts.Add(float64(result.Restarts))
		kind, conflict := store.Conflict(err)
		if !conflict {
			return result, err
		}
		w.metrics.conflicts.WithLabelValues(kind).Inc()
		if n == attempts {
			return result, err
		}
		w.log.WarnContext(ctx, "a transaction lost against another and is repeated", "kind", kind, "attempt", n)
	}
}

// report counts and logs what a batch came to, and wakes the relay when there is something to tell.
func (w *Worker) report(ctx context.Context, events []fact.Event, r store.Result) {
	w.metrics.batch(events, r)
	for _, e := range events {
		w.log.DebugContext(ctx, "event applied", "event", e.Name, "type", e.Type)
	}
	w.tell(ctx, r)
}

func (w *Worker) tell(ctx context.Context, r store.Result) {
	for _, t := range r.Transitions {
		w.log.InfoContext(ctx, "referral moved", "referral", t.ReferralID, "from", t.Move.From, "to", t.Move.To,
			"reason", t.Move.Reason, "event", t.Cause)
	}
	w.metrics.verdicts(r)
	if len(r.Transitions)+len(r.Transfers) == 0 {
		return
	}
	select {
	case w.told <- struct{}{}:
	default: // the relay has been woken already
	}
}
