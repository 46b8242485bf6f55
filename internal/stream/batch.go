package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// loop handles one batch after the other until ctx ends. Batches run in work, which outlives ctx for a while.
func (c *consumer) loop(ctx, work context.Context) {
	for {
		batch := c.take(ctx)
		if batch == nil {
			return
		}
		if c.pause.on.Load() || ctx.Err() != nil {
			c.nak(ctx, batch, c.opts.Retry.Delay(c.pause.before()))
			continue
		}
		c.process(work, batch)
	}
}

// take waits for one message and takes what else is there: small batches and no waiting when idle, large ones when
// there is much to do.
func (c *consumer) take(ctx context.Context) []*Message {
	var batch []*Message
	select {
	case m := <-c.queue:
		batch = append(batch, m)
	case <-ctx.Done():
		return nil
	}
	for len(batch) < c.opts.MaxBatch {
		select {
		case m := <-c.queue:
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

// process brings a batch to its verdicts. Messages that failed before are handled alone, after the others.
func (c *consumer) process(work context.Context, batch []*Message) {
	began := time.Now()
	clean, suspects := c.faults.split(batch)
	if len(clean) > 0 {
		c.attempt(work, clean)
	}
	for _, m := range suspects {
		c.attempt(work, []*Message{m})
	}
	c.opts.Metrics.batchSize.WithLabelValues(c.opts.Consumer).Observe(float64(len(batch)))
	c.opts.Metrics.batchSeconds.WithLabelValues(c.opts.Consumer).Observe(time.Since(began).Seconds())
}

// attempt hands messages to the handler and does what its answer asks for. A failure that is somebody's own fault
// splits the batch until the culprit is alone; the halves that work are done with at once.
func (c *consumer) attempt(work context.Context, batch []*Message) {
	if c.pause.on.Load() || work.Err() != nil {
		c.nak(work, batch, c.opts.Retry.Delay(c.pause.before()))
		return
	}
	err := c.call(work, batch)
	switch {
	case err == nil:
		c.pause.worked()
		c.settle(work, batch)
	case work.Err() != nil: // we cut it short ourselves
		c.nak(work, batch, 0)
	case c.passing(err):
		c.beginPause(work, err)
		c.nak(work, batch, c.opts.Retry.Delay(c.pause.before()))
	case len(batch) == 1:
		c.blame(work, batch[0], err)
	default:
		c.opts.Metrics.bisections.WithLabelValues(c.opts.Consumer).Inc()
		half := len(batch) / 2
		c.attempt(work, batch[:half])
		c.attempt(work, batch[half:])
	}
}

func (c *consumer) beginPause(ctx context.Context, err error) {
	if !c.pause.ask() {
		return
	}
	c.opts.Metrics.pauses.WithLabelValues(c.opts.Consumer).Inc()
	c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "pulling pauses", slog.Any("error", err))
}

// passing says whether an error may pass by itself. A panic never counts as such, whatever it was raised with.
func (c *consumer) passing(err error) bool {
	return !panicked(err) && c.opts.Transient(err)
}

// panicError is what a panic in the handler becomes.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func panicked(err error) bool {
	var p *panicError
	return errors.As(err, &p)
}

// call runs the handler, with marks of earlier attempts wiped away, and turns a panic into an error.
func (c *consumer) call(ctx context.Context, batch []*Message) (err error) {
	for _, m := range batch {
		m.rejected, m.reason = false, ""
	}
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v}
			c.opts.Logger.LogAttrs(ctx, slog.LevelError, "the handler panicked",
				slog.Any("panic", v), slog.Int("messages", len(batch)), slog.String("stack", string(debug.Stack())))
		}
	}()
	return c.handle(ctx, batch)
}
