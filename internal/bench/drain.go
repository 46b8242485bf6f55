package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/worker"
)

// The durable consumers of the two that take the same messages.
const (
	workerConsumer = "bench-worker"
	rawConsumer    = "bench-raw"
)

// drainWorker has a worker take what is on the stream, and returns events a second, from the first pull until everything
// is committed and acknowledged. What it has to tell lies in the outbox then; the relay does not run.
func (w *world) drainWorker(ctx context.Context, events int) (float64, error) {
	reg := prometheus.NewRegistry()
	work := worker.New(w.store, reg, quiet())
	return w.drain(ctx, workerConsumer, events, work.Handle)
}

// drainRaw takes the same messages and does nothing with them.
func (w *world) drainRaw(ctx context.Context, events int) (float64, error) {
	return w.drain(ctx, rawConsumer, events, func(context.Context, []*stream.Message) error { return nil })
}

func (w *world) drain(ctx context.Context, consumer string, events int, handle stream.Handler) (float64, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	var handled atomic.Int64
	ended := make(chan error, 1)
	began := time.Now()
	go func() {
		ended <- stream.Consume(ctx, stream.Options{
			Conn: w.nc, Consumer: consumer, Concurrency: w.concurrency, Transient: store.Transient, Logger: quiet(),
		}, func(ctx context.Context, batch []*stream.Message) error {
			err := handle(ctx, batch)
			if err == nil {
				handled.Add(int64(len(batch)))
			}
			return err
		})
	}()
	took, err := w.awaitAcked(ctx, consumer, began, func() bool { return handled.Load() >= int64(events) })
	stop()
	err = errors.Join(err, <-ended)
	if n := handled.Load(); err == nil && n != int64(events) {
		err = fmt.Errorf("%d events were handled, not %d", n, events)
	}
	return float64(events) / took.Seconds(), err
}

// awaitAcked waits until all is handled, and then until the server has heard every acknowledgement.
func (w *world) awaitAcked(ctx context.Context, consumer string, began time.Time, handled func() bool) (time.Duration, error) {
	for look := time.NewTicker(2 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%s was not done in time: %w", consumer, ctx.Err())
		case <-look.C:
		}
		if !handled() {
			continue
		}
		c, err := w.js.Consumer(ctx, stream.In, consumer)
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return 0, err
		}
		if err == nil && c.CachedInfo().NumPending == 0 && c.CachedInfo().NumAckPending == 0 {
			return time.Since(began), nil
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
