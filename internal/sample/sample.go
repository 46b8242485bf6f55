// Package sample plays a short story through the real door of a running plusone: people sign up, pay and are refunded.
// It is an outsider: it knows the HTTP API and Stripe's webhook format, and reaches no other package of plusone.
package sample

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Config says where to play.
type Config struct {
	URL           string
	WebhookSecret string
	Token         string
	Live          bool // the mode of the events
	Out           io.Writer
	Table         table.Writer
}

// Play plays the story and prints what came of it. Played again on the same data, it changes nothing: every event has
// the id it had the first time.
func Play(ctx context.Context, c Config) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	p := &player{Config: c, began: time.Now()}
	fmt.Fprintln(c.Out, "A short story, told through the door with signed webhooks:")
	for _, scene := range []func(context.Context) error{p.signUps, p.purchases, p.refund} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return p.show(ctx)
}

type player struct {
	Config
	began time.Time
}

func (p *player) say(format string, args ...any) {
	fmt.Fprintf(p.Out, "  "+format+"\n", args...)
}

// signUps: Alice registers, and Bob, Carol and Dave with her code.
func (p *player) signUps(ctx context.Context) error {
	if err := p.register(ctx, "alice", ""); err != nil {
		return err
	}
	alice, err := p.awaitUser(ctx, "alice")
	if err != nil {
		return err
	}
	p.say("Alice registers and gets the code %s", alice.Code)
	for _, friend := range []string{"bob", "carol", "dave"} {
		if err := p.register(ctx, friend, alice.Code); err != nil {
			return err
		}
	}
	p.say("Bob, Carol and Dave register with it")
	for _, friend := range []string{"bob", "carol", "dave"} {
		if _, err := p.awaitReferral(ctx, friend, func(r referral) bool { return r.Status != "" }); err != nil {
			return err
		}
	}
	return nil
}

// purchases: Bob pays $10, Carol $5 and Dave $30.
func (p *player) purchases(ctx context.Context) error {
	for _, buy := range []struct {
		who   string
		cents int64
	}{{"bob", 1000}, {"carol", 500}, {"dave", 3000}} {
		if err := p.webhook(ctx, "checkout.session.completed", "evt_sample_paid_"+buy.who, p.session(buy.who, buy.cents)); err != nil {
			return err
		}
		p.say("%s pays $%d", strings.ToUpper(buy.who[:1])+buy.who[1:], buy.cents/100)
	}
	for _, friend := range []string{"bob", "carol", "dave"} {
		if _, err := p.awaitReferral(ctx, friend, referral.sawPurchase); err != nil {
			return err
		}
	}
	return nil
}

// refund: Dave gets all of it back.
func (p *player) refund(ctx context.Context) error {
	before, err := p.awaitReferral(ctx, "dave", referral.sawPurchase)
	if err != nil {
		return err
	}
	if err := p.webhook(ctx, "charge.refunded", "evt_sample_refunded_dave", p.refundedCharge("dave", 3000)); err != nil {
		return err
	}
	p.say("Dave gets his $30 back")
	if before.Status == "pending" { // under terms of the reader's own, $30 may not be enough: nothing is to be taken back
		return nil
	}
	_, err = p.awaitReferral(ctx, "dave", func(r referral) bool { return r.Status == "cancelled" })
	return err
}

// show prints who stands where, why, and with what.
func (p *player) show(ctx context.Context) error {
	p.Table.AppendHeader(table.Row{"Who", "Referred by", "Status", "Why", "Balance"})
	for _, who := range []string{"alice", "bob", "carol", "dave"} {
		u, err := p.awaitUser(ctx, who)
		if err != nil {
			return err
		}
		row := table.Row{who, "", "", "", u.balance()}
		if who != "alice" {
			r, err := p.awaitReferral(ctx, who, func(referral) bool { return true })
			if err != nil {
				return err
			}
			row = table.Row{who, r.Referrer, r.Status, r.why(), u.balance()}
		}
		p.Table.AppendRow(row)
	}
	fmt.Fprintln(p.Out)
	p.Table.Render()
	fmt.Fprintf(p.Out, "\nTold and settled in %s. Still serving; Ctrl-C stops.\n", strconv.FormatFloat(time.Since(p.began).Seconds(), 'f', 1, 64)+" s")
	return nil
}
