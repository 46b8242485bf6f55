package stream

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// Pull requests live shortly and the server says often that it is there, so that a consumer whose server was
	// replaced under it is noticed after two missed heartbeats: 4 s, where nats.go's defaults take 30.
	pullExpiry    = 10 * time.Second
	pullHeartbeat = 2 * time.Second
	// pullMessages bounds what lies in nats.go's buffer, where nothing extends its AckWait: few enough that even a slow
	// worker gets to them in time, enough to fill the queue at any rate (it is refilled when half is gone).
	pullMessages = 64
	// pullBytes bounds one pull request, and so what nats.go buffers: large messages must not overrun its limits.
	pullBytes = 16 << 20
	// drainWait is how long a closing session may wait for messages on their way. It needs one round trip; without a
	// connection nothing is on its way.
	drainWait = 2 * time.Second
)

// session is one subscription that pulls: from opening to a pause, a failure or the end.
type session struct {
	c       *consumer
	cc      jetstream.ConsumeContext
	failed  chan error
	closing chan struct{}

	mu    sync.Mutex
	aside []*Message // arrived while closing
	gone  bool       // closed: what still arrives goes back on the spot
}

func openSession(c *consumer, durable jetstream.Consumer) (*session, error) {
	s := &session{c: c, failed: make(chan error, 1), closing: make(chan struct{})}
	var err error
	s.cc, err = durable.Consume(s.receive,
		jetstream.PullMaxMessagesWithBytesLimit(min(c.opts.MaxBatch, pullMessages), pullBytes),
		jetstream.PullExpiry(pullExpiry),
		jetstream.PullHeartbeat(pullHeartbeat),
		jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) { s.fail(err) }))
	if err != nil {
		return nil, err
	}
	return s, nil
}

// fail ends the session. nats.go would mend some of these by itself, but not all (a request that met no responders
// while the server was starting is never repeated): beginning anew is right for every one.
func (s *session) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// receive runs for one message after the other. It blocks while the queue is full, which is what keeps nats.go from
// pulling more.
func (s *session) receive(raw jetstream.Msg) {
	m, err := newMessage(raw)
	if err != nil {
		s.c.opts.Logger.Error("a delivery that is none", slog.Any("error", err))
		return
	}
	if !s.c.held.add(m) {
		return
	}
	if m.Delivered > 1 {
		s.c.opts.Metrics.redeliveries.WithLabelValues(m.consumer).Inc()
	}
	select {
	case <-s.closing: // first, for a select between two that are ready is a toss-up
		s.putAside(m)
		return
	default:
	}
	select {
	case s.c.queue <- m:
	case <-s.closing:
		s.putAside(m)
	}
}

// putAside keeps a late message until the pull requests are gone: handed back before, it would come straight here again.
func (s *session) putAside(m *Message) {
	s.mu.Lock()
	gone := s.gone
	if !gone {
		s.aside = append(s.aside, m)
	}
	s.mu.Unlock()
	if gone {
		s.c.nak(context.Background(), []*Message{m}, 0)
	}
}

// close stops pulling, waits for what is on its way, and hands that back. Messages in the queue are left to the caller.
// It takes its time, be the context at its end.
func (s *session) close(ctx context.Context) {
	close(s.closing)
	s.cc.Drain()
	wait, cancel := whileConnected(context.WithoutCancel(ctx), s.c.opts.Conn, drainWait)
	defer cancel()
	select {
	case <-s.cc.Closed():
	case <-wait.Done():
		s.c.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "the subscription did not drain", slog.Any("error", wait.Err()))
	}
	s.mu.Lock()
	aside := s.aside
	s.aside, s.gone = nil, true
	s.mu.Unlock()
	s.c.nak(ctx, aside, 0)
}
