package main

import (
	"context"
	"net/http"

	"github.com/plusone-dev/plusone/internal/ingress"
)

// ingressCommand runs the door. It reaches the stream, and never the database.
type ingressCommand struct {
	logFlags
	natsFlags
	adminFlags
	modeFlags
	durabilityFlags
	Listen        string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to take webhooks and events (default ${default})."`
	WebhookSecret []string `name:"stripe-webhook-secret" env:"PLUSONE_STRIPE_WEBHOOK_SECRET,STRIPE_WEBHOOK_SECRET" placeholder:"whsec_…" help:"Signing secrets of the webhook endpoints, separated by commas; any of them may have signed."`
	EventsToken   []string `env:"PLUSONE_EVENTS_TOKEN" placeholder:"TOKEN" help:"Bearer tokens of which one opens POST /v1/events, separated by commas. Without any it stays closed."`
}

// Run serves until told to stop.
func (c *ingressCommand) Run(ctx context.Context, std streams) error {
	err := refuse(c.natsFlags.problems(), c.adminFlags.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen), c.secretProblems())
	if err != nil {
		return err
	}
	h, err := c.host(std)
	if err != nil {
		return err
	}
	nc, err := h.connect(c.natsFlags, "plusone ingress")
	if err != nil {
		return err
	}
	pub, err := h.doorPublisher(nc, c.durabilityFlags)
	if err != nil {
		return err
	}
	door, err := ingress.New(ingress.Config{
		StripeSecrets: c.WebhookSecret, StripeMode: c.StripeMode, EventTokens: c.EventsToken,
	}, pub, h.reg, h.log)
	if err != nil {
		return err
	}
	h.http.Expect(http.MethodPost, ingress.Routes...)
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	if err := h.serve("ingress", "--listen", c.Listen, h.public(door)); err != nil {
		return err
	}
	return h.group.Run(ctx)
}

func (c *ingressCommand) secretProblems() []string {
	const flag = "--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET)"
	tokens := secretProblems("--events-token (PLUSONE_EVENTS_TOKEN)", c.EventsToken)
	if len(c.WebhookSecret) == 0 {
		return append(tokens, flag+" is missing: Stripe's dashboard shows it beside the webhook endpoint (whsec_…)")
	}
	return append(tokens, secretProblems(flag, c.WebhookSecret)...)
}
