package main

import (
	"context"

	"github.com/plusone-dev/plusone/internal/disposable"
	"github.com/plusone-dev/plusone/internal/store"
)

// workerCommand runs a worker. Several may run side by side.
type workerCommand struct {
	logFlags
	natsFlags
	databaseFlags
	adminFlags
	modeFlags
	workerPace
	durabilityFlags
	HashKey string `env:"PLUSONE_HASH_KEY" placeholder:"SECRET" help:"The secret under which e-mail addresses are hashed. Never change it."`
}

// Run works until told to stop.
func (c *workerCommand) Run(ctx context.Context, std streams) error {
	err := refuse(c.natsFlags.problems(), c.databaseFlags.problems(), c.adminFlags.problems(), c.workerPace.problems(), hashKeyProblems(c.HashKey))
	if err != nil {
		return err
	}
	h, err := c.host(std)
	if err != nil {
		return err
	}
	pool, err := h.database(ctx, c.DatabaseURL, c.pool()...)
	if err != nil {
		return err
	}
	s, err := store.New(pool, store.Options{HashKey: []byte(c.HashKey), Live: c.StripeMode == "live", Disposable: disposable.Domain})
	if err != nil {
		return err
	}
	nc, err := h.connect(c.natsFlags, "plusone worker")
	if err != nil {
		return err
	}
	if err := h.work(nc, s, c.workerPace, c.durabilityFlags); err != nil {
		return err
	}
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	return h.group.Run(ctx)
}
