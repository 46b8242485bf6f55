package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/stream"
)

// doorPublisher makes what a door publishes with, and has readiness depend on what becomes of it.
func (h *host) doorPublisher(nc *nats.Conn, d durabilityFlags) (ingress.Publisher, error) {
	pub, err := h.publisher(nc, d)
	if err != nil {
		return nil, err
	}
	w := &watchedPublisher{to: pub, now: time.Now}
	h.health.Add("publishing", w.Check)
	return w, nil
}

// doubtFor is how long a stream that did not take a message is held to take none, when nobody tries.
const doubtFor = 10 * time.Second

// watchedPublisher remembers whether the stream takes what it is given: one that answers may have no room.
type watchedPublisher struct {
	to  ingress.Publisher
	now func() time.Time

	mu     sync.Mutex
	worked time.Time // when a message was taken last
	failed time.Time // when one was not
	err    error     // why; nil when one was taken since
}

// Publish is part of ingress.Publisher.
func (p *watchedPublisher) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	began := p.now()
	err := p.to.Publish(ctx, subject, msgID, header, data)
	p.note(began, err)
	return err
}

func (p *watchedPublisher) note(began time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.worked, p.err = p.now(), nil
	case errors.Is(err, stream.ErrTooLarge), errors.Is(err, context.Canceled):
		// the message's fault, or nobody waited: it says nothing about the stream
	case began.Before(p.worked):
		// it waited long, and another was taken meanwhile
	default:
		p.failed, p.err = p.now(), err
	}
}

// Check fails while the stream takes nothing. Where nobody has tried for a while, nobody knows: it is ready again, so
// that somebody tries.
func (p *watchedPublisher) Check(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil || p.now().Sub(p.failed) >= doubtFor {
		return nil
	}
	return fmt.Errorf("the last message was not taken: %w", p.err)
}
