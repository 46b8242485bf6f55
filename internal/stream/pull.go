package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// openWait is how long the server may take to find or make the consumer, which on three nodes needs an election.
const openWait = 5 * time.Second

// pull keeps a session open until the context ends or the connection is closed for good. It alone opens and closes
// sessions, and it alone sits out a pause.
func (c *consumer) pull(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		if c.pause.on.Load() {
			c.sitOut(ctx)
			continue
		}
		began := time.Now()
		err := c.pullOnce(ctx)
		if err == nil || ctx.Err() != nil {
			failures = 0
			continue
		}
		if c.opts.Conn.IsClosed() {
			return fmt.Errorf("stream: pulling: %w", errors.Join(jetstream.ErrConnectionClosed, err))
		}
		if time.Since(began) > 2*c.opts.ReadyWait.Max {
			failures = 0 // it had worked for a while
		}
		wait := c.opts.ReadyWait.Delay(failures)
		failures++
		c.opts.Metrics.interruptions.WithLabelValues(c.opts.Consumer).Inc()
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "pulling broke off; beginning anew", slog.Any("error", err), slog.String("wait", wait.String()))
		sleep(ctx, wait)
	}
	return nil
}

func (c *consumer) sitOut(ctx context.Context) {
	paused := c.opts.Metrics.paused.WithLabelValues(c.opts.Consumer)
	paused.Set(1)
	defer paused.Set(0)
	awaitReady(ctx, c.opts, c.pause)
	if ctx.Err() == nil {
		c.pause.end()
	}
}

// pullOnce pulls until the context ends, a pause is asked for (both nil) or pulling fails.
func (c *consumer) pullOnce(ctx context.Context) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-c.pause.asked:
	case err = <-s.failed:
	}
	s.close(ctx)
	if err == nil {
		c.handBack(ctx) // nobody will look at the queue for a while: others may
	}
	return err
}

// open finds or makes the durable consumer and begins to pull.
func (c *consumer) open(ctx context.Context) (*session, error) {
	ctx, cancel := whileConnected(ctx, c.opts.Conn, openWait)
	defer cancel()
	var durable jetstream.Consumer
	err := unlessRefused(ctx, c.opts.Conn, request{"CONSUMER.", c.opts.Stream, adviseUser}, func(ctx context.Context) (err error) {
		durable, err = c.ensureConsumer(ctx)
		return err
	})
	if err != nil {
		if !c.opts.Conn.IsConnected() {
			return nil, fmt.Errorf("%w: not connected", ErrUnavailable)
		}
		return nil, classify(err)
	}
	c.held.ackWait.Store(int64(durable.CachedInfo().Config.AckWait))
	return openSession(c, durable)
}

// ensureConsumer touches nothing when the consumer is as it should be: several processes share it.
func (c *consumer) ensureConsumer(ctx context.Context) (jetstream.Consumer, error) {
	durable, err := c.js.Consumer(ctx, c.opts.Stream, c.opts.Consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return c.js.CreateOrUpdateConsumer(ctx, c.opts.Stream, c.consumerConfig(jetstream.ConsumerConfig{}))
	}
	if err != nil {
		return nil, err
	}
	have := durable.CachedInfo().Config
	want := c.consumerConfig(have)
	if reflect.DeepEqual(have, want) {
		return durable, nil
	}
	c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "changing the consumer's settings to ours", slog.String("changes", changes(have, want)))
	return c.js.UpdateConsumer(ctx, c.opts.Stream, want)
}

func (c *consumer) consumerConfig(base jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	base.Name, base.Durable = c.opts.Consumer, c.opts.Consumer
	base.AckPolicy = jetstream.AckExplicitPolicy
	base.AckWait = c.opts.AckWait
	base.MaxAckPending = c.opts.MaxAckPending
	base.MaxDeliver = -1 // the server gives up nothing: we decide, and only after a dead letter is stored
	base.FilterSubject, base.FilterSubjects = "", nil
	switch len(c.opts.Filter) {
	case 0:
	case 1:
		base.FilterSubject = c.opts.Filter[0]
	default:
		base.FilterSubjects = c.opts.Filter
	}
	return base
}

// handBack gives prefetched messages back at once, for whoever can take them.
func (c *consumer) handBack(ctx context.Context) {
	var back []*Message
	for {
		select {
		case m := <-c.queue:
			back = append(back, m)
		default:
			c.nak(ctx, back, 0)
			return
		}
	}
}
