package stream

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Msg is a message to publish. Two messages of one ID within the stream's duplicates window are stored once; an empty
// ID is never compared.
type Msg struct {
	Subject string
	ID      string
	Header  map[string]string
	Data    []byte
}

// PublisherOptions may be left zero.
type PublisherOptions struct {
	InFlight int           // how many messages may await their acknowledgement; 1024 by default. The rest wait their turn
	Timeout  time.Duration // for an acknowledgement; 5 s by default. A caller's shorter deadline holds

	// Grouped has messages that are there at the same time published as one atomic batch. It is for servers that flush
	// to the disk before every acknowledgement (sync_interval: always); to others it is a detour.
	Grouped bool
	Metrics *PublisherMetrics // none by default
}

// Publisher publishes and waits for the stream's acknowledgement. Many callers share the connection without waiting
// for one another: each message has its own future, or shares that of its group. It is safe for concurrent use.
type Publisher struct {
	js      jetstream.JetStream
	slots   chan struct{}
	timeout time.Duration
	groups  *groups // nil: one by one
	metrics *PublisherMetrics
}

// NewPublisher makes a publisher on a connection, which stays the caller's to close.
func NewPublisher(nc *nats.Conn, o PublisherOptions) (*Publisher, error) {
	if o.InFlight <= 0 {
		o.InFlight = 1024
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	js, err := jetstream.New(nc,
		jetstream.WithPublishAsyncTimeout(o.Timeout),
		// Our slots bound what is in flight. nats.go's own bound is above it, because a caller that gave up frees its
		// slot while nats.go still counts the message until its timeout.
		jetstream.WithPublishAsyncMaxPending(4*o.InFlight))
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	p := &Publisher{js: js, slots: make(chan struct{}, o.InFlight), timeout: o.Timeout, metrics: o.Metrics}
	if p.metrics == nil {
		p.metrics = NewPublisherMetrics(nil)
	}
	if o.Grouped {
		p.groups = newGroups(p, o.InFlight)
	}
	return p, nil
}

// Publish returns nil only when the stream has the message (or had it already, under the same id). Errors: ErrFull,
// ErrUnavailable, ErrTooLarge, the context's.
func (p *Publisher) Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error {
	m := Msg{Subject: subject, ID: msgID, Header: header, Data: data}.nats()
	if p.groups != nil {
		return p.groups.publish(ctx, m)
	}
	return p.publishOne(ctx, m)
}

func (p *Publisher) publishOne(ctx context.Context, m *nats.Msg) error {
	if err := p.acquire(ctx); err != nil {
		return classify(err)
	}
	defer p.release()
	future, err := p.send(m)
	if err != nil {
		return err
	}
	return await(ctx, future)
}

// PublishBatch publishes all at once and waits for every acknowledgement. When it fails some may have been stored:
// publish the whole batch again under the same ids.
func (p *Publisher) PublishBatch(ctx context.Context, msgs []Msg) error {
	raw := make([]*nats.Msg, len(msgs))
	for i, m := range msgs {
		raw[i] = m.nats()
	}
	var first error
	failed := 0
	publish := p.publishAll
	if p.groups != nil {
		publish = p.groups.publishAll
	}
	for _, err := range publish(ctx, raw) {
		if err == nil {
			continue
		}
		failed++
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return fmt.Errorf("%d of %d messages not stored: %w", failed, len(msgs), first)
	}
	return nil
}

// publishAll publishes all at once, waits, and returns what became of each.
func (p *Publisher) publishAll(ctx context.Context, msgs []*nats.Msg) []error {
	errs := make([]error, len(msgs))
	futures := make([]jetstream.PubAckFuture, len(msgs))
	oldest := 0 // the first whose acknowledgement was not awaited
	awaitOldest := func() {
		if f := futures[oldest]; f != nil {
			errs[oldest] = await(ctx, f)
			p.release()
		}
		oldest++
	}
	for i, m := range msgs {
		// Waiting for a slot while holding others, two large batches would wait for each other for ever: first give back.
		got := p.tryAcquire()
		for ; !got && oldest < i; got = p.tryAcquire() {
			awaitOldest()
		}
		if !got {
			if errs[i] = classify(p.acquire(ctx)); errs[i] != nil {
				continue
			}
		}
		if futures[i], errs[i] = p.send(m); errs[i] != nil {
			futures[i] = nil
			p.release()
		}
	}
	for oldest < len(msgs) {
		awaitOldest()
	}
	return errs
}

func (p *Publisher) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Publisher) tryAcquire() bool {
	select {
	case p.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p *Publisher) release() { <-p.slots }

func (p *Publisher) send(m *nats.Msg) (jetstream.PubAckFuture, error) {
	// nats.go would hold the message back until it is connected again; a door must be able to say no at once.
	if !p.js.Conn().IsConnected() {
		return nil, fmt.Errorf("%w: not connected", ErrUnavailable)
	}
	future, err := p.js.PublishMsgAsync(m)
	return future, classify(err)
}

func await(ctx context.Context, future jetstream.PubAckFuture) error {
	select {
	case <-future.Ok():
		return nil
	case err := <-future.Err():
		return classify(err)
	case <-ctx.Done():
		return classify(ctx.Err())
	}
}

func (m Msg) nats() *nats.Msg {
	header := make(nats.Header, len(m.Header)+1)
	for k, v := range m.Header {
		header[k] = []string{v}
	}
	if m.ID != "" {
		header[jetstream.MsgIDHeader] = []string{m.ID}
	}
	return &nats.Msg{Subject: m.Subject, Header: header, Data: m.Data}
}
