package main

import (
	"context"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/fact"
)

// codeCommand is about referral codes.
type codeCommand struct {
	Assign assignCommand `cmd:"" help:"Give a user a code of your choice, besides those they have."`
}

type assignCommand struct {
	decideFlags
	User    string `required:"" placeholder:"ID" help:"The business's own id of the user."`
	Code    string `required:"" placeholder:"CODE" help:"3 to 32 of A to Z, 0 to 9, - and _."`
	Program string `placeholder:"NAME" help:"Of which program (default: the one named default)."`
}

// Run publishes the assignment.
func (c *assignCommand) Run(ctx context.Context, std streams) error {
	return c.publish(std, func(d *decide.Desk) (decide.Published, error) {
		return d.Assign(ctx, fact.Assignment{UserID: c.User, Code: c.Code, Program: c.Program})
	})
}
