package ingress

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// publishedAtOnce is how many events of one request are on their way to the stream at a time: enough to hide the round
// trip, few enough that one large batch does not crowd out Stripe.
const publishedAtOnce = 32

// batchPatience is how many times the limit for one message a whole batch may take.
const batchPatience = 4

// message is an event on its way to the stream.
type message struct {
	subject, id, contentType string
	data                     []byte
}

// publishing hands messages to the stream, within a time limit.
type publishing struct {
	to      Publisher
	timeout time.Duration
	took    prometheus.Observer
}

// all returns nil only when the stream has acknowledged every message. After an error some may be there already: the
// sender comes back with all of them, and the stream drops the copies.
// A caller that hangs up stops nothing: an event that is on its way had better arrive.
func (p publishing) all(ctx context.Context, messages []message) error {
	if len(messages) == 1 {
		return p.one(context.WithoutCancel(ctx), messages[0])
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchPatience*p.timeout)
	defer cancel()
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(publishedAtOnce)
	sent := 0
	for _, m := range messages {
		if each.Err() != nil {
			break // one has failed, or time is up, so the request has failed: the rest would only keep a sick stream busy
		}
		g.Go(func() error { return p.one(each, m) })
		sent++
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if sent < len(messages) {
		return context.Cause(ctx) // time ran out between two messages
	}
	return nil
}

func (p publishing) one(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	start := time.Now()
	defer func() { p.took.Observe(time.Since(start).Seconds()) }()
	return p.to.Publish(ctx, m.subject, m.id, map[string]string{"Content-Type": m.contentType}, m.data)
}
