package main

import (
	"context"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
)

// referralCommand is about what a person decides of referrals, and the facts they rest on.
type referralCommand struct {
	Approve   approveCommand          `cmd:"" help:"Approve a referral: what is known against it up to now does not count."`
	Reject    rejectCommand           `cmd:"" help:"Reject a referral: it is cancelled, until somebody decides otherwise."`
	Reopen    reopenCommand           `cmd:"" help:"Take a rejection back, or the refusal of a code: all is looked at again."`
	Unplaced  referralUnplacedCommand `cmd:"" help:"List what is kept and can not be placed yet, since when, and what is missing."`
	Attribute attributeCommand        `cmd:"" help:"Say by hand with whose code a user came, in place of the code of their sign-up."`
}

// reviewFlags are of a decision about a referral.
type reviewFlags struct {
	decideFlags
	databaseFlags
	reasonFlags
	ID int64 `arg:"" help:"The referral's id, as the API shows it."`
}

func (c *reviewFlags) decide(ctx context.Context, std streams, verdict fact.DecisionVerdict) error {
	if err := refuse(c.reasonProblems()); err != nil {
		return err
	}
	referee, code, err := nameReferral(ctx, c.dataFlag, c.databaseFlags, c.ID)
	if err != nil {
		return err
	}
	return c.publish(std, func(d *decide.Desk) (decide.Published, error) {
		return d.Decide(ctx, fact.Decision{UserID: referee, Code: code, Verdict: verdict, By: c.By, Why: c.Why})
	})
}

type approveCommand struct{ reviewFlags }

// Run publishes the approval.
func (c *approveCommand) Run(ctx context.Context, std streams) error {
	return c.decide(ctx, std, fact.Approved)
}

type rejectCommand struct{ reviewFlags }

// Run publishes the rejection.
func (c *rejectCommand) Run(ctx context.Context, std streams) error {
	return c.decide(ctx, std, fact.Rejected)
}

type reopenCommand struct{ reviewFlags }

// Run publishes that all is to be looked at again.
func (c *reopenCommand) Run(ctx context.Context, std streams) error {
	return c.decide(ctx, std, fact.Reopened)
}

type attributeCommand struct {
	decideFlags
	reasonFlags
	User string `required:"" placeholder:"ID" help:"The business's own id of the user who came."`
	Code string `required:"" placeholder:"CODE" help:"The referral code they came with."`
}

// Run publishes the attribution.
func (c *attributeCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.reasonProblems()); err != nil {
		return err
	}
	return c.publish(std, func(d *decide.Desk) (decide.Published, error) {
		return d.Attribute(ctx, fact.Attribution{UserID: c.User, Code: c.Code, By: c.By, Why: c.Why})
	})
}
