package shop

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// kind says which door of plusone a message is for.
type kind string

const (
	signUp  kind = "sign-up" // to POST /v1/events
	payment kind = "payment" // to POST /webhooks/stripe, signed anew each time, as Stripe does
)

// errRefused says that plusone does not take a message, and would not if it came again.
var errRefused = errors.New("plusone refused it")

// courier tells plusone what happened, in order, and as often as it takes. What is to be told is in the book, so that
// neither an outage nor a restart loses any of it.
type courier struct {
	book    *book
	plusone *client
	log     *slog.Logger
	kick    chan struct{}

	mu      sync.Mutex
	waiting map[string]chan struct{} // by message
}

func newCourier(b *book, c *client, log *slog.Logger) *courier {
	return &courier{book: b, plusone: c, log: log, kick: make(chan struct{}, 1), waiting: map[string]chan struct{}{}}
}

// How long to wait before trying again.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

func (c *courier) run(ctx context.Context) error {
	pause := firstPause
	for ctx.Err() == nil {
		next, ok := c.next()
		if !ok {
			select {
			case <-ctx.Done():
			case <-c.kick:
			}
			continue
		}
		switch err := c.plusone.tell(ctx, next); {
		case err == nil || errors.Is(err, errRefused):
			if err != nil {
				c.log.Error("the demo shop gives up telling something", "kind", next.Kind, "id", next.ID, "error", err)
			}
			if err := c.done(next.ID); err != nil {
				return err
			}
			pause = firstPause
		case ctx.Err() == nil:
			c.log.Debug("the demo shop tells it again later", "kind", next.Kind, "id", next.ID, "error", err)
			rest(ctx, pause)
			pause = min(pause*2, longestPause)
		}
	}
	return nil
}

func rest(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

func (c *courier) next() (m message, ok bool) {
	c.book.read(func(r *records) {
		if len(r.Messages) > 0 {
			m, ok = r.Messages[0], true
		}
	})
	return m, ok
}

// done forgets a message, and wakes who waited for it.
func (c *courier) done(id string) error {
	err := c.book.change(func(r *records) error {
		r.Messages = slices.DeleteFunc(r.Messages, func(m message) bool { return m.ID == id })
		return nil
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if heard, ok := c.waiting[id]; ok {
		close(heard)
		delete(c.waiting, id)
	}
	return err
}

// send writes down what happened and what is to be told of it, in one go, and waits for a while until it was told.
func (c *courier) send(ctx context.Context, happened func(*records) error, messages ...message) (told bool, err error) {
	heard := make([]chan struct{}, len(messages))
	c.mu.Lock()
	for i, m := range messages {
		heard[i] = make(chan struct{})
		c.waiting[m.ID] = heard[i]
	}
	c.mu.Unlock()
	defer c.forget(messages)
	err = c.book.change(func(r *records) error {
		if err := happened(r); err != nil {
			return err
		}
		r.Messages = append(r.Messages, messages...)
		return nil
	})
	if err != nil {
		return false, err
	}
	select {
	case c.kick <- struct{}{}:
	default: // it is awake
	}
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	for _, one := range heard {
		select {
		case <-one:
		case <-ctx.Done():
			return false, nil
		}
	}
	return true, nil
}

func (c *courier) forget(messages []message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range messages {
		delete(c.waiting, m.ID)
	}
}
