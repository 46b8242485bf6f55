package main

import (
	"context"
	"fmt"

	"github.com/plusone-dev/plusone/internal/store"
)

// recountCommand counts the tallies anew.
type recountCommand struct {
	databaseFlags
	dataFlag
}

// Run says how many tallies were off. What they lacked is folded by the worker.
func (c *recountCommand) Run(ctx context.Context, std streams) error {
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		off, err := db.RecountTallies(ctx)
		switch {
		case err != nil:
			return err
		case off == 0:
			fmt.Fprintln(std.out, "every tally is right")
		default:
			fmt.Fprintf(std.out, "%d tallies were off; what they lack is queued, and a worker adds it\n", off)
		}
		return nil
	})
}
