package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/sample"
)

// tell says where everything is once it answers, and plays the sample.
func (d *dev) tell(ctx context.Context) error {
	if err := sample.WaitReady(ctx, d.state.URL); err != nil {
		return nil //nolint:nilerr // told to stop before it was ready
	}
	d.banner()
	if d.cmd.Sample {
		err := sample.Play(ctx, sample.Config{
			URL: d.state.URL, WebhookSecret: d.cmd.WebhookSecret[0], Token: d.cmd.APIToken[0],
			Live: d.cmd.StripeMode == ingress.ModeLive, Out: d.std.out, Table: newTable(d.std.out),
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("the sample: %w", err)
		}
	}
	<-ctx.Done() // a part that is done would be taken for finished
	return nil
}

// banner says where what is, and with which secrets: those of this machine, for whoever sits at it.
func (d *dev) banner() {
	w, u := d.std.out, d.state.URL
	say := func(format string, args ...any) { fmt.Fprintf(w, format, args...) }
	say("\n%s %s\n\n", paint(w, text.Bold, "plusone is listening on"), u)
	for _, row := range append(d.shopRows(), [][2]string{
		{"webhooks", "POST " + u + "/webhooks/stripe"},
		{"signed with", d.cmd.WebhookSecret[0]},
		{"sign-ups", "POST " + u + "/v1/events, or"},
		{"", "NATS " + d.state.NATSURL + ", subject plusone.in.user.registered"},
		{"questions", "GET  " + u + "/v1/users/{user_id}"},
		{"", "GET  " + u + "/v1/referrals?referee=&referrer=&status="},
		{"service token", d.cmd.APIToken[0]},
		{"decisions", "POST " + u + "/v1/referrals/{id}/approve, or"},
		{"", "plusone referral approve ID --by NAME --why REASON --data " + d.cmd.Data},
		{"console", u + "/console, with the admin token"},
		{"admin token", d.cmd.AdminToken[0]},
		{"for users", "GET  " + u + "/referral/stats, with what this prints as the bearer:"},
		{"", "plusone token user USER_ID --data " + d.cmd.Data},
		{"signed with", d.userSecret()},
		{"operators", u + "/metrics, /healthz, /readyz"},
		{"", "plusone audit --data " + d.cmd.Data},
		{"Stripe's CLI", "stripe listen --forward-to " + strings.TrimPrefix(u, "http://") + "/webhooks/stripe"},
		{"", "(it prints a secret of its own: start plusone with STRIPE_WEBHOOK_SECRET set to that)"},
	}...) {
		say("  %s  %s\n", paint(w, text.Bold, fmt.Sprintf("%-13s", row[0])), row[1])
	}
	say("\nCtrl-C stops everything; what it knows stays in %s.\n\n", d.cmd.Data)
}

// userSecret is what users' tokens are signed with, if that is a secret.
func (d *dev) userSecret() string {
	if len(d.cmd.UserJWTSecret) == 0 {
		return "a key that fits " + d.cmd.UserJWTKeys
	}
	return d.cmd.UserJWTSecret[0]
}
