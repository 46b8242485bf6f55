package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/limit"
	"github.com/plusone-dev/plusone/internal/pages"
	"github.com/plusone-dev/plusone/internal/pages/console"
	"github.com/plusone-dev/plusone/internal/servicetoken"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// How often somebody may try to sign in to the console, from one address: some times in a row, and then once in so long.
const (
	signInsAtOnce = 5
	signInsEvery  = 10 * time.Second
)

// console is the business's console, where decisions can be taken; without a connection to the stream there is none.
func (c *apiCommand) console(h *host, nc *nats.Conn, pool *pgxpool.Pool, fallback string) ([]part, error) {
	if nc == nil {
		return nil, nil
	}
	return h.console(c.publicFlags, c.AdminToken, nc, store.NewDatabase(pool), fallback)
}

// console makes the console and what its pages are shown with.
func (h *host) console(f publicFlags, adminTokens []string, nc *nats.Conn, db *store.Database, fallback string) ([]part, error) {
	clients, err := f.clients()
	if err != nil {
		return nil, err
	}
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{})
	if err != nil {
		return nil, err
	}
	letters, err := stream.NewLetters(nc)
	if err != nil {
		return nil, err
	}
	handler, err := console.New(console.Config{
		Store: db, Sessions: db.Sessions(), Admins: servicetoken.New(nil, adminTokens, db, h.log), Letters: letters,
		Desk:     decide.New(pub, console.Source, h.log, h.decisionMetrics()),
		Attempts: limit.NewBuckets(signInsAtOnce, signInsEvery, time.Now), Client: clients.Of,
		Origin: origin(f.public(fallback)), Version: buildVersion(), Metrics: console.NewMetrics(h.reg), Log: h.log,
	})
	if err != nil {
		return nil, err
	}
	gets, posts := console.Routes()
	h.http.Expect(http.MethodGet, gets...)
	h.http.Expect(http.MethodPost, posts...)
	return []part{{console.Path, handler}, {console.Path + "/", handler}, {pages.AssetsPath, pages.Assets()}}, nil
}

// decisionMetrics count what is decided in the process, over the API and in the console together.
func (h *host) decisionMetrics() *decide.Metrics {
	if h.decided == nil {
		h.decided = decide.NewMetrics(h.reg)
	}
	return h.decided
}

// origin is what a browser calls the place that an address is of.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
