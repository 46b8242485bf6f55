package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/disposable"
	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/store"
)

func (d *dev) startRoles(ctx context.Context) (err error) {
	if d.host, err = newHost(d.log, devStopWithin); err != nil {
		return err
	}
	reader, err := d.database(ctx, "api")
	if err != nil {
		return err
	}
	pool, err := d.database(ctx, "worker", d.cmd.pool()...)
	if err != nil {
		return err
	}
	s, err := store.New(pool, store.Options{HashKey: []byte(d.hashKey), Live: d.cmd.StripeMode == ingress.ModeLive, Disposable: disposable.Domain})
	if err != nil {
		return err
	}
	if d.conn, err = d.host.connect(natsFlags{natsAddress: natsAddress{NATSURL: d.state.NATSURL}, Replicas: 1}, "plusone dev"); err != nil {
		return err
	}
	if err := d.host.work(d.conn, s, d.cmd.workerPace, d.cmd.durabilityFlags); err != nil {
		return err
	}
	handler, err := d.handler(store.NewDatabase(reader))
	if err != nil {
		return err
	}
	d.host.group.Add("http", func(ctx context.Context) error { return ops.Serve(ctx, d.listener, handler, d.log) })
	if err := d.openShop(); err != nil {
		return err
	}
	d.host.group.Add("watching PostgreSQL", d.watchPostgres)
	d.host.group.Add("telling", d.tell)
	d.undo = append(d.undo, func() { forgetDevState(d.cmd.Data) })
	return d.state.write(d.cmd.Data)
}

// database opens the pool of a role, with no more rights than it has when it is a process of its own: what it lacks is found
// out here. The metrics of the pools are told apart by a label that they have nowhere else.
func (d *dev) database(ctx context.Context, role string, options ...store.PoolOption) (*pgxpool.Pool, error) {
	reg := prometheus.WrapRegistererWith(prometheus.Labels{"role": role}, d.host.reg)
	return d.host.pool(ctx, reg, d.state.DatabaseURL, append(options, store.As("plusone_"+role))...)
}

// handler puts all roles behind one door.
func (d *dev) handler(reader *store.Database) (http.Handler, error) {
	pub, err := d.host.doorPublisher(d.conn, d.cmd.durabilityFlags)
	if err != nil {
		return nil, err
	}
	door, err := ingress.New(ingress.Config{
		StripeSecrets: d.cmd.WebhookSecret, StripeMode: d.cmd.StripeMode, EventTokens: d.cmd.APIToken,
	}, pub, d.host.reg, d.log)
	if err != nil {
		return nil, err
	}
	desk, err := d.host.desk(d.conn)
	if err != nil {
		return nil, err
	}
	users, err := d.cmd.publicFlags.option(d.host, reader, desk, d.state.URL)
	if err != nil {
		return nil, err
	}
	parts, err := d.cmd.publicFlags.links(d.host, reader, d.conn)
	if err != nil {
		return nil, err
	}
	answers := api.New(reader, d.cmd.APIToken, d.log, d.host.decisions(desk, d.cmd.AdminToken), users, api.WithMetrics(api.NewMetrics(d.host.reg)))
	dashboard, err := d.cmd.portal(d.host, reader, d.cmd.publicFlags, d.state.URL, answers)
	if err != nil {
		return nil, err
	}
	console, err := d.host.console(d.cmd.publicFlags, d.cmd.AdminToken, desk, reader, d.state.URL)
	if err != nil {
		return nil, err
	}
	parts = append(append(parts, dashboard...), console...)
	mux := d.host.surface(append(parts, part{"/", answers}, part{"/webhooks/stripe", door}, part{"/v1/events", door})...)
	d.host.operators(mux)
	return d.host.public(mux), nil
}

// watchPostgres ends the process when its database has ended: there is nothing it could do without.
func (d *dev) watchPostgres(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.postgres.Done():
		return fmt.Errorf("PostgreSQL has ended; see %s", d.inside("postgres", "postgres.log"))
	}
}
