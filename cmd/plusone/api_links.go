package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/links"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// linkFlags say where those are sent on to who follow a link, and what links look like.
type linkFlags struct {
	SignUpURL string `name:"signup-url" env:"PLUSONE_SIGNUP_URL" placeholder:"URL" help:"Your sign-up page: who follows a link is sent on to it, with ?ref= and the code. Without it links lead nowhere."`
	LinkPath  string `env:"PLUSONE_LINK_PATH" placeholder:"/PATH/" help:"What stands before the code in share links (default /r/, which is served in any case)."`
}

func (f linkFlags) problems() (all []string) {
	if f.SignUpURL != "" {
		if _, err := links.ParseSignUpURL(f.SignUpURL); err != nil {
			all = append(all, fmt.Sprintf("--signup-url (PLUSONE_SIGNUP_URL) %v", err))
		}
	}
	if f.LinkPath != "" {
		if err := links.CheckPath(f.LinkPath); err != nil {
			all = append(all, fmt.Sprintf("--link-path (PLUSONE_LINK_PATH): %v", err))
		}
	}
	return all
}

// links are the parts that answer those who follow links. Without a connection to the stream, visits are not counted.
func (f publicFlags) links(h *host, reads *store.Database, nc *nats.Conn) ([]part, error) {
	clients, err := f.clients()
	if err != nil {
		return nil, err
	}
	m := links.NewMetrics(h.reg)
	visits, err := h.visits(nc, m)
	if err != nil {
		return nil, err
	}
	answers, err := links.New(links.Config{
		Store: reads, SignUpURL: f.SignUpURL, Path: f.LinkPath, HTTPS: strings.HasPrefix(f.PublicURL, "https:"), Clients: clients,
		Visits: visits, Metrics: m, Log: h.log,
	})
	if err != nil {
		return nil, err
	}
	if f.SignUpURL == "" {
		h.log.Info("links lead nowhere: there is no --signup-url (PLUSONE_SIGNUP_URL)")
	}
	h.http.Expect(http.MethodGet, answers.Routes()...)
	var parts []part
	for _, pattern := range answers.Mounts() {
		parts = append(parts, part{pattern, answers})
	}
	return parts, nil
}

// visits publishes the visits of links; nil without a connection. It stops after the server has, and before the connection.
func (h *host) visits(nc *nats.Conn, m *links.Metrics) (*links.Visits, error) {
	if nc == nil {
		h.log.Info("visits of links are not counted: there is no --nats-url (NATS_URL)")
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	pub, err := stream.NewPublisher(nc, stream.PublisherOptions{Grouped: true}) // they are published together anyway
	if err != nil {
		return nil, err
	}
	v := links.NewVisits(pub, m, h.log)
	h.group.Add("visits of links", func(ctx context.Context) error { return v.Run(ctx) })
	return v, nil
}
