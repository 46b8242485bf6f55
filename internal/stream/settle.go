package stream

import (
	"context"
	"log/slog"
	"time"
)

// settle answers for a batch that the handler has done: it acknowledges, without waiting for the server's word (a lost
// one means one more delivery, which the handler's own records see through), and buries what was rejected.
func (c *consumer) settle(ctx context.Context, batch []*Message) {
	var lost error
	acked := 0
	var rejected []obituary
	for _, m := range batch {
		if m.rejected {
			rejected = append(rejected, obituary{m: m, class: classRejected, reason: m.reason})
			continue
		}
		c.held.remove(m)
		c.faults.forget(m.Sequence)
		if err := m.raw.Ack(); err != nil {
			lost = err
		}
		acked++
	}
	c.count(verdictAcked, acked)
	c.noteLost(ctx, lost)
	c.bury(ctx, rejected)
}

// shortest is the delay of what is to come again at once: without any, the server remembers in memory only that the
// message came back, and one that stops right after, as plusone dev does with its own, forgets it until AckWait is over.
const shortest = time.Millisecond

// nak gives messages back, to be delivered again after the delay; zero means at once.
func (c *consumer) nak(ctx context.Context, batch []*Message, delay time.Duration) {
	var lost error
	for _, m := range batch {
		c.held.remove(m)
		if err := m.raw.NakWithDelay(max(delay, shortest)); err != nil {
			lost = err
		}
	}
	c.count(verdictNakked, len(batch))
	c.noteLost(ctx, lost)
}

// blame counts a failure against the one message that causes it, and gives it up when there were too many.
func (c *consumer) blame(ctx context.Context, m *Message, err error) {
	n := c.faults.add(m.Sequence)
	log := c.opts.Logger.With("subject", m.Subject, "sequence", m.Sequence, "fault", n, "error", err)
	if n < c.opts.MaxFaults {
		delay := c.opts.FaultRetry.Delay(n - 1)
		log.LogAttrs(ctx, slog.LevelWarn, "a message fails by its own fault; it is tried again", slog.Duration("after", delay))
		c.nak(ctx, []*Message{m}, delay)
		return
	}
	class := classFault
	if panicked(err) {
		class = classPanic
	}
	log.LogAttrs(ctx, slog.LevelError, "a message failed too often; it is given up")
	c.bury(ctx, []obituary{{m: m, class: class, reason: err.Error()}})
}

func (c *consumer) count(verdict string, n int) {
	if n > 0 {
		c.opts.Metrics.messages.WithLabelValues(c.opts.Consumer, verdict).Add(float64(n))
	}
}

// noteLost logs one line for answers that could not be sent: their messages come again by themselves.
func (c *consumer) noteLost(ctx context.Context, err error) {
	if err != nil {
		c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "answers could not be sent; their messages come again", slog.Any("error", err))
	}
}
