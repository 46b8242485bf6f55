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
	desk, err := c.desk(h)
	if err != nil {
		return err
	}
	options := c.options(h, desk)
	h.http.Expect(http.MethodGet, api.Routes...)
	if err := h.admin(c.Admin); err != nil {
		return err
	}
	reads := store.NewDatabase(pool)
	users, err := c.publicFlags.option(h, reads, desk, "http://"+c.Listen)
	if err != nil {
		return err
	}
	surface := h.surface(part{"/", api.New(reads, c.APIToken, h.log, append(options, users)...)})
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

// desk is where decisions, and the codes of users, are published; nil without a stream. The API is ready without one:
// questions are answered all the same.
func (c *apiCommand) desk(h *host) (*decide.Desk, error) {
	if c.NATSURL == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	nc, err := h.dial(c.natsAddress, "plusone api")
	if err != nil {
		return nil, err
	}
	return h.desk(nc)
}

// options are what the API does beside answering.
func (c *apiCommand) options(h *host, desk *decide.Desk) []api.Option {
	if len(c.AdminToken) == 0 {
		h.log.Info("decisions are not taken: there is no --admin-token (PLUSONE_ADMIN_TOKEN)")
		return nil
	}
	return []api.Option{h.decisions(desk, c.AdminToken)}
}

// desk publishes what people decide one by one: they are few.
func (h *host) desk(nc *nats.Conn) (*decide.Desk, error) {
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
