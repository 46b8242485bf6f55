package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Lag is how far a consumer is behind.
type Lag struct {
	Pending   uint64        // never delivered yet
	Unacked   uint64        // delivered, and neither acknowledged nor given up yet
	OldestAge time.Duration // of the oldest of both; zero when there are none
}

// Probe asks the server about a stream and a durable consumer on it.
type Probe struct {
	js               jetstream.JetStream
	stream, consumer string
}

// NewProbe makes a probe; an empty stream is In, an empty consumer DefaultConsumer.
func NewProbe(nc *nats.Conn, stream, consumer string) (*Probe, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	return &Probe{js: js, stream: or(stream, In), consumer: or(consumer, DefaultConsumer)}, nil
}

// Check says whether the stream really answers, for a readiness page.
func (p *Probe) Check(ctx context.Context) error {
	if !p.js.Conn().IsConnected() {
		return fmt.Errorf("%w: not connected", ErrUnavailable)
	}
	err := unlessRefused(ctx, p.js.Conn(), request{"STREAM.INFO.", p.stream, adviseUser}, func(ctx context.Context) error {
		_, err := p.js.Stream(ctx, p.stream)
		return err
	})
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("stream: %s: %w: %s", p.stream, err, adviseMake)
	}
	if err != nil {
		return fmt.Errorf("stream: %s: %w", p.stream, classify(err))
	}
	return nil
}

// Lag measures the consumer's lag.
func (p *Probe) Lag(ctx context.Context) (Lag, error) {
	lag, _, err := p.measure(ctx)
	return lag, err
}

// measure is Lag, and what the server says of the consumer, if it says anything.
func (p *Probe) measure(ctx context.Context) (Lag, *jetstream.ConsumerInfo, error) {
	s, err := p.js.Stream(ctx, p.stream)
	if err != nil {
		return Lag{}, nil, fmt.Errorf("stream: %s: %w", p.stream, classify(err))
	}
	c, err := s.Consumer(ctx, p.consumer)
	if err != nil {
		return Lag{}, nil, fmt.Errorf("stream: consumer %s of %s: %w", p.consumer, p.stream, classify(err))
	}
	info := c.CachedInfo()
	lag := Lag{Pending: info.NumPending, Unacked: uint64(max(0, info.NumAckPending))}
	if lag.Pending+lag.Unacked == 0 {
		return lag, info, nil
	}
	lag.OldestAge, err = oldestAge(ctx, s, info)
	return lag, info, err
}

// oldestAge is the age of the first message after all that are acknowledged in a row. The stream may have lost that
// one to its limits: the next one that is there counts.
func oldestAge(ctx context.Context, s jetstream.Stream, info *jetstream.ConsumerInfo) (time.Duration, error) {
	subject := or(info.Config.FilterSubject, ">")
	m, err := s.GetMsg(ctx, info.AckFloor.Stream+1, jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("stream: oldest message: %w", classify(err))
	}
	return max(0, time.Since(m.Time)), nil
}
