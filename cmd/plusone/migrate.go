package main

import (
	"context"
	"fmt"

	"github.com/plusone-dev/plusone/internal/store"
)

// migrateCommand brings a database's schema up to date.
type migrateCommand struct{ databaseFlags }

// Run migrates, and says what it did.
func (c *migrateCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.problems()); err != nil {
		return err
	}
	steps, err := store.Migrate(ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	for _, step := range steps {
		fmt.Fprintln(std.out, "applied", step)
	}
	if len(steps) == 0 {
		fmt.Fprintln(std.out, "the schema is up to date")
	}
	return nil
}
