package main

import (
	"context"
	"net/http"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/store"
)

// apiCommand answers questions. It reads the database.
type apiCommand struct {
	logFlags
	databaseFlags
	adminFlags
	Listen   string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to answer (default ${default})."`
	APIToken []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service tokens of which one is needed, separated by commas."`
}

// Run serves until told to stop.
func (c *apiCommand) Run(ctx context.Context, std streams) error {
	err := refuse(c.databaseFlags.problems(), c.adminFlags.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen), c.tokenProblems())
	if err != nil {
		return err
	}
	h, err := c.host(std)
	if err != nil {
		return err
	}
	pool, err := h.database(ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	h.http.Expect(http.MethodGet, api.Routes...)
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	handler := api.New(store.NewDatabase(pool), c.APIToken, h.log)
	if err := h.serve("api", "--listen", c.Listen, h.public(handler)); err != nil {
		return err
	}
	return h.group.Run(ctx)
}

func (c *apiCommand) tokenProblems() []string {
	const flag = "--api-token (PLUSONE_API_TOKEN)"
	if len(c.APIToken) == 0 {
		return []string{flag + " is missing: make one with `openssl rand -hex 32`"}
	}
	return secretProblems(flag, c.APIToken)
}
