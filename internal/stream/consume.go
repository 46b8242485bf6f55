package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrGrace says that a handler did not return in time when it was told to stop. Its messages will be delivered again.
var ErrGrace = errors.New("stream: a handler did not return within the grace period")

// consumer is one running Consume.
type consumer struct {
	opts   Options
	js     jetstream.JetStream
	dead   *Publisher
	handle Handler

	queue  chan *Message // prefetched: one batch for each loop
	held   *held
	faults *faults
	pause  *pause
}

// Consume hands the messages of a durable consumer to the handler, in batches of what is there, until the context
// ends. Then it stops pulling, hands back what was prefetched, lets the batches in hand finish within Options.Grace,
// answers for them, flushes the connection, and returns nil. It waits for streams that are not there yet, and outlives
// any outage of the server; an error means wrong options, a closed connection, or ErrGrace.
func Consume(ctx context.Context, opts Options, handle Handler) error {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return fmt.Errorf("stream: options: %w", err)
	}
	js, err := jetstream.New(opts.Conn)
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	dead, err := NewPublisher(opts.Conn, PublisherOptions{})
	if err != nil {
		return err
	}
	opts.Metrics.start(opts.Consumer)
	c := &consumer{
		opts: opts, js: js, dead: dead, handle: handle,
		queue: make(chan *Message, opts.MaxBatch*opts.Concurrency),
		held:  newHeld(opts.AckWait), faults: newFaults(), pause: newPause(),
	}
	return c.run(ctx)
}

func (c *consumer) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// The handlers' context ends some time after ours, so that a batch in hand can be committed.
	work, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	context.AfterFunc(ctx, func() { time.AfterFunc(c.opts.Grace, cut) })

	var loops sync.WaitGroup
	for range c.opts.Concurrency {
		loops.Go(func() { c.loop(ctx, work) })
	}
	// The extension of held messages outlives the pulling: it serves the batches in hand until the end.
	go c.held.keep(work)
	go c.measureLag(ctx)

	err := c.pull(ctx)
	stop()
	return errors.Join(err, c.finish(ctx, &loops))
}

// finish waits for the batches in hand, hands back what no batch took, and sees the answers off. The context has ended
// by then.
func (c *consumer) finish(ctx context.Context, loops *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() { loops.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(c.opts.Grace + time.Second): // a second for a handler that heeds the end of its context
		return ErrGrace
	}
	c.handBack(ctx)
	// One round trip, or a reconnection that is about to succeed: the answers wait in its buffer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := c.opts.Conn.FlushWithContext(ctx); err != nil {
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "the last answers may be lost; their messages come again", slog.Any("error", err))
	}
	return nil
}

// measureLag keeps the lag gauges fresh. What cannot be measured is shown as NaN, never as the last good value. The same
// look at the consumer shows what other processes made of its settings.
func (c *consumer) measureLag(ctx context.Context) {
	probe := &Probe{js: c.js, stream: c.opts.Stream, consumer: c.opts.Consumer}
	messages := c.opts.Metrics.lagMessages.WithLabelValues(c.opts.Consumer)
	age := c.opts.Metrics.lagAge.WithLabelValues(c.opts.Consumer)
	var differs string
	for {
		lag, info, err := probe.measure(ctx)
		if info != nil {
			differs = c.heed(ctx, info.Config, differs)
		}
		if err != nil {
			messages.Set(math.NaN())
			age.Set(math.NaN())
		} else {
			messages.Set(float64(lag.Pending + lag.Unacked))
			age.Set(lag.OldestAge.Seconds())
		}
		if !sleep(ctx, c.opts.LagEvery) {
			return
		}
	}
}

// heed goes by the consumer's settings as they are. It warns when they begin to differ from ours, and returns how.
func (c *consumer) heed(ctx context.Context, have jetstream.ConsumerConfig, before string) string {
	c.held.ackWait.Store(int64(have.AckWait))
	differs := changes(have, c.consumerConfig(have))
	if differs != "" && differs != before {
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn,
			"another process has given the consumer other settings than ours: give all the same", slog.String("differences", differs))
	}
	return differs
}
