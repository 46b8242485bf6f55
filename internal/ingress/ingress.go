// Package ingress is the thin HTTP door: capped bytes come in, are verified, and are published to the stream. It answers
// that it has them only once the stream has them. It decides nothing about referrals, and never reaches the database,
// the store or the domain.
package ingress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/problem"
)

// Publisher puts a message on the stream. Publish returns nil only once the stream has acknowledged it, or has
// acknowledged one with the same msgID before.
type Publisher interface {
	Publish(ctx context.Context, subject, msgID string, header map[string]string, data []byte) error
}

// The modes of a Stripe account. One ingress serves one of them.
const (
	ModeLive = "live"
	ModeTest = "test"
)

// Config is what the ingress needs to know. It reaches nothing but the stream.
type Config struct {
	// StripeSecrets are the signing secrets of the webhook endpoints; any of them may have signed. At least one.
	StripeSecrets []string
	// StripeMode is ModeLive or ModeTest. Events of the other mode are acknowledged and dropped.
	StripeMode string
	// EventTokens are the bearer tokens of which one opens /v1/events. Without any, it stays closed.
	EventTokens []string
	// Now is the clock that signatures and the dates of sign-ups are checked against. Nil: time.Now.
	Now func() time.Time
	// PublishTimeout is how long the stream may take to acknowledge a message. Zero: 5 seconds.
	PublishTimeout time.Duration
}

const (
	// maxBody is how large a body may be: Stripe's largest events, and a thousand sign-ups. The stream's max_payload must
	// be larger, or it would refuse what was let in.
	maxBody = 1 << 20
	// usualBody is what most events of Stripe's are smaller than.
	usualBody = 16 << 10
	// retryAfter is when to come back, in seconds, after the stream could not take an event.
	retryAfter            = "5"
	defaultPublishTimeout = 5 * time.Second
)

// New makes the handler of POST /webhooks/stripe and POST /v1/events.
func New(cfg Config, pub Publisher, reg prometheus.Registerer, log *slog.Logger) (http.Handler, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.PublishTimeout == 0 {
		cfg.PublishTimeout = defaultPublishTimeout
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("ingress: %w", err)
	}
	events, err := newEventReader()
	if err != nil {
		return nil, fmt.Errorf("ingress: %w", err)
	}
	gate := publishing{to: pub, timeout: cfg.PublishTimeout, took: m.publish}
	mux := http.NewServeMux()
	stripe := &stripeDoor{secrets: cfg.StripeSecrets, live: cfg.StripeMode == ModeLive, now: cfg.Now, out: gate}
	users := &eventsDoor{read: events, now: cfg.Now, out: gate}
	mux.Handle(routeStripe, newDoor(sourceStripe, m, log, stripe.take))
	mux.Handle(routeEvents, newDoor(sourceEvents, m, log, users.take).lock(cfg.EventTokens))
	mux.HandleFunc("/", problem.NotFound)
	return mux, nil
}

func (c Config) validate() error {
	var errs []error
	if len(c.StripeSecrets) == 0 {
		errs = append(errs, errors.New("ingress: at least one Stripe webhook secret is needed"))
	}
	for i, s := range c.StripeSecrets {
		if s == "" || strings.TrimSpace(s) != s {
			errs = append(errs, fmt.Errorf("ingress: Stripe webhook secret %d is empty or has blanks around it", i+1))
		}
	}
	for i, t := range c.EventTokens {
		if t == "" || strings.TrimSpace(t) != t {
			errs = append(errs, fmt.Errorf("ingress: event token %d is empty or has blanks around it", i+1))
		}
	}
	if c.StripeMode != ModeLive && c.StripeMode != ModeTest {
		errs = append(errs, fmt.Errorf("ingress: the Stripe mode is %q, not %q or %q", c.StripeMode, ModeLive, ModeTest))
	}
	if c.PublishTimeout < 0 {
		errs = append(errs, errors.New("ingress: the publish timeout is negative"))
	}
	return errors.Join(errs...)
}
