package main

import (
	"context"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
)

// userCommand is about what becomes known of users.
type userCommand struct {
	Verify verifyCommand `cmd:"" help:"Say that a user's e-mail address is theirs."`
	Erase  eraseCommand  `cmd:"" help:"Have a user forgotten: name, e-mail address, IP address, device and id. This can not be taken back."`
}

type userFlags struct {
	decideFlags
	ID string `arg:"" help:"The business's own id of the user."`
}

type verifyCommand struct{ userFlags }

// Run publishes the verification.
func (c *verifyCommand) Run(ctx context.Context, std streams) error {
	return c.publish(std, func(d *decide.Desk) (decide.Published, error) {
		return d.Verify(ctx, fact.Verified{UserID: c.ID})
	})
}

type eraseCommand struct{ userFlags }

// Run publishes the erasure.
func (c *eraseCommand) Run(ctx context.Context, std streams) error {
	return c.publish(std, func(d *decide.Desk) (decide.Published, error) {
		return d.Erase(ctx, fact.Erased{UserID: c.ID})
	})
}
