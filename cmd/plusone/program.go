package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/store"
)

// programCommand is about the terms.
type programCommand struct {
	Apply   programApplyCommand   `cmd:"" help:"Make a program's terms the ones in force for sign-ups from now on."`
	Show    programShowCommand    `cmd:"" help:"Show a program's terms in force."`
	Preview programPreviewCommand `cmd:"" help:"Say what other terms would have made of every stored referral. Changes nothing."`
}

type programApplyCommand struct {
	databaseFlags
	dataFlag
	File string `short:"f" required:"" placeholder:"FILE" type:"existingfile" help:"The program's YAML."`
}

// Run applies the terms, or says line by line what is wrong with them.
func (c *programApplyCommand) Run(ctx context.Context, std streams) error {
	source, err := readProgram(c.File)
	if err != nil {
		return err
	}
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		applied, err := db.ApplyProgram(ctx, source)
		if err != nil {
			return err
		}
		word := "is in force already"
		if applied.Changed {
			word = "is in force"
		}
		_, err = fmt.Fprintf(std.out, "version %d of the program %q %s, for sign-ups from %s\n",
			applied.Version, applied.Program, word, applied.EffectiveFrom.UTC().Format(time.RFC3339))
		return err
	})
}

// readProgram reads a program's YAML, and says line by line what is wrong with it.
func readProgram(file string) ([]byte, error) {
	source, err := os.ReadFile(file) //nolint:gosec // the operator says which
	if err != nil {
		return nil, err
	}
	_, err = program.Parse(file, source)
	return source, err
}

type programShowCommand struct {
	databaseFlags
	dataFlag
	Name string `arg:"" optional:"" default:"default" help:"Which program."`
}

// Run shows the terms as they were applied.
func (c *programShowCommand) Run(ctx context.Context, std streams) error {
	return c.withDatabase(ctx, c.databaseFlags, func(db *store.Database) error {
		source, version, from, err := db.Program(ctx, c.Name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "# version %d, for sign-ups from %s\n%s", version, from.UTC().Format(time.RFC3339), source)
		return err
	})
}
