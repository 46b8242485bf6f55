package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/plusone-dev/plusone/internal/decide"
	"github.com/plusone-dev/plusone/internal/limit"
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

// console makes the business's console and what its pages are shown with. Without a stream there is none: it is where people
// decide.
func (h *host) console(f publicFlags, adminTokens []string, desk *decide.Desk, db *store.Database, fallback string) ([]part, error) {
	if desk == nil {
		return nil, nil
	}
	clients, err := f.clients()
	if err != nil {
		return nil, err
	}
	letters, err := stream.NewLetters(h.nats)
	if err != nil {
		return nil, err
	}
	handler, err := console.New(console.Config{
		Store: db, Sessions: db.Sessions(), Admins: servicetoken.New(nil, adminTokens, db, h.log), Letters: letters,
		Desk:     desk.From(console.Source),
		Attempts: limit.NewBuckets(signInsAtOnce, signInsEvery, time.Now), Client: clients.Of,
		Origin: origin(f.public(fallback)), Version: buildVersion(), Metrics: console.NewMetrics(h.reg), Log: h.log,
	})
	if err != nil {
		return nil, err
	}
	gets, posts := console.Routes()
	h.http.Expect(http.MethodGet, gets...)
	h.http.Expect(http.MethodPost, posts...)
	return []part{{console.Path, handler}, {console.Path + "/", handler}}, nil
}

// origin is what a browser calls the place that an address is of.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
