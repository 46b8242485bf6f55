package main

import (
	"context"
	"net/http"

	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// apiCommand answers questions, for which it reads the database, and takes decisions, which it publishes to the stream.
type apiCommand struct {
	logFlags
	databaseFlags
	natsAddress
	adminFlags
	publicFlags
	Listen     string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to answer (default ${default})."`
	APIToken   []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service tokens of which one is needed, separated by commas."`
	AdminToken []string `env:"PLUSONE_ADMIN_TOKEN" placeholder:"TOKEN" help:"Admin tokens of which one is needed for decisions, separated by commas. Without any, none are taken, and NATS is not needed."`
}

// Run serves until told to stop.
func (c *apiCommand) Run(ctx context.Context, std streams) error {
	err := refuse(c.databaseFlags.problems(), c.adminFlags.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen), c.tokenProblems(),
		c.decisionProblems(), c.publicFlags.problems())
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
	options, err := c.options(h)
	if err != nil {
		return err
	}
	h.http.Expect(http.MethodGet, api.Routes...)
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	users, err := c.publicFlags.option(h, "http://"+c.Listen)
	if err != nil {
		return err
	}
	answers := api.New(store.NewDatabase(pool), c.APIToken, h.log, append(options, users)...)
	surface := h.surface(part{"/", answers})
	if err := h.serve("api", "--listen", c.Listen, h.public(surface)); err != nil {
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

// decisionProblems says what is wrong with what only decisions need.
func (c *apiCommand) decisionProblems() []string {
	all := adminTokenProblems(c.AdminToken, c.APIToken)
	if len(c.AdminToken) > 0 || c.NATSURL != "" {
		all = append(all, c.natsAddress.problems()...)
	}
	return all
}

// options are what the API does beside answering. It is ready without the stream: questions are answered all the same.
func (c *apiCommand) options(h *host) ([]api.Option, error) {
	if len(c.AdminToken) == 0 {
		h.log.Info("decisions are not taken: there is no --admin-token (PLUSONE_ADMIN_TOKEN)")
		return nil, nil
	}
	nc, err := h.dial(c.natsAddress, "plusone api")
	if err != nil {
		return nil, err
	}
	decisions, err := h.decisions(nc, c.AdminToken)
	return []api.Option{decisions}, err
}

// decisions has the API take them, and publish them one by one: they are few.
func (h *host) decisions(nc *nats.Conn, adminTokens []string) (api.Option, error) {
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{})
	if err != nil {
		return nil, err
	}
	h.http.Expect(http.MethodPost, api.Posts...)
	h.http.Expect(http.MethodDelete, api.Deletes...)
	return api.WithDecisions(decide.New(pub, "/plusone/api", h.log, decide.NewMetrics(h.reg)), adminTokens), nil
}
