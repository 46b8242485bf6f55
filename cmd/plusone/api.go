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
	replicaFlags
	natsAddress
	adminFlags
	publicFlags
	portalFlags
	Listen     string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to answer (default ${default})."`
	APIToken   []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service tokens that may ask and spend credit, separated by commas. More are made by plusone token create."`
	AdminToken []string `env:"PLUSONE_ADMIN_TOKEN" placeholder:"TOKEN" help:"Admin tokens, which may decide as well, separated by commas. Without any, and without --nats-url, no decisions are taken."`
}

// Run serves until told to stop.
func (c *apiCommand) Run(ctx context.Context, std streams) error {
	err := refuse(c.databaseFlags.problems(), c.adminFlags.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen), c.tokenProblems(),
		c.decisionProblems(), c.publicFlags.problems(), c.replicaFlags.problems(), c.portalFlags.problems())
	if err != nil {
		return err
	}
	h, err := c.host(std)
	if err != nil {
		return err
	}
	pool, err := h.pool(ctx, h.named("primary"), c.DatabaseURL)
	if err != nil {
		return err
	}
	nc, err := c.connection(h)
	if err != nil {
		return err
	}
	desk, err := h.desk(nc)
	if err != nil {
		return err
	}
	options := c.options(h, desk)
	h.http.Expect(http.MethodGet, append(api.Routes, api.Open...)...)
	h.http.Expect(http.MethodPost, api.Terms...)
	replica, err := c.replicaFlags.option(ctx, h)
	if err != nil {
		return err
	}
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	reads := store.NewDatabase(pool)
	users, err := c.publicFlags.option(h, reads, desk, "http://"+c.Listen)
	if err != nil {
		return err
	}
	answers := api.New(reads, c.APIToken, h.log, append(append(options, replica...), users)...)
	parts, err := c.publicFlags.links(h, reads, nc)
	if err != nil {
		return err
	}
	dashboard, err := c.portal(h, reads, c.publicFlags, "http://"+c.Listen, answers)
	if err != nil {
		return err
	}
	console, err := h.console(c.publicFlags, c.AdminToken, desk, reads, "http://"+c.Listen)
	if err != nil {
		return err
	}
	parts = append(append(parts, dashboard...), console...)
	surface := h.surface(append(parts, part{"/", answers})...)
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

// connection is that to the stream; nil without one. The API is ready without it: questions are answered all the same, and
// links lead on.
func (c *apiCommand) connection(h *host) (*nats.Conn, error) {
	if c.NATSURL == "" {
		h.log.Info("decisions are not taken: there is no --nats-url (NATS_URL)")
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	return h.dial(c.natsAddress, "plusone api")
}

// options are what the API does beside answering. With a stream it takes decisions: the database may have admin tokens where
// there is none here.
func (c *apiCommand) options(h *host, desk *decide.Desk) []api.Option {
	h.http.Expect(http.MethodPost, api.Spends...)
	options := []api.Option{api.WithMetrics(api.NewMetrics(h.reg))}
	if desk != nil {
		options = append(options, h.decisions(desk, c.AdminToken))
	}
	return options
}

// desk publishes what people decide, and the codes of users, one by one: they are few. It is nil without a connection.
func (h *host) desk(nc *nats.Conn) (*decide.Desk, error) {
	if nc == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{})
	if err != nil {
		return nil, err
	}
	return decide.New(pub, "/plusone/api", h.log, decide.NewMetrics(h.reg)), nil
}

// decisions has the API take them.
func (h *host) decisions(desk *decide.Desk, adminTokens []string) api.Option {
	h.http.Expect(http.MethodPost, api.Posts...)
	h.http.Expect(http.MethodDelete, api.Deletes...)
	return api.WithDecisions(desk, adminTokens)
}
