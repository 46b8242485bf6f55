package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/devstack"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// Together with the ten seconds that a PostgreSQL has that must be stopped hard, these are below stopWithin.
const (
	devStopWithin      = 12 * time.Second // the roles
	postgresStopWithin = 7 * time.Second  // PostgreSQL, in order
)

func (d *dev) startPostgres(ctx context.Context) (err error) {
	d.log.Info("starting PostgreSQL", "folder", d.inside("postgres"))
	d.postgres, err = devstack.Start(ctx, devstack.PostgresConfig{Dir: d.inside("postgres"), Durable: true, Log: d.log})
	if err != nil {
		return err
	}
	d.undo = append(d.undo, d.stopPostgres)
	if err := d.postgres.CreateDatabase(ctx, "plusone"); err != nil {
		return err
	}
	d.state.DatabaseURL = d.postgres.DSN("plusone")
	return nil
}

func (d *dev) stopPostgres() {
	ctx, cancel := context.WithTimeout(context.Background(), postgresStopWithin)
	defer cancel()
	if err := d.postgres.Stop(ctx); err != nil {
		d.log.Warn("PostgreSQL did not stop in order", "error", err)
	}
}

// prepare brings the schema and the terms up to date.
func (d *dev) prepare(ctx context.Context) error {
	if _, err := store.Migrate(ctx, d.state.DatabaseURL); err != nil {
		return err
	}
	if d.terms == nil {
		return nil
	}
	return dataFlag{}.withDatabase(ctx, databaseFlags{DatabaseURL: d.state.DatabaseURL}, func(db *store.Database) error {
		_, err := db.ApplyProgram(ctx, d.terms)
		return err
	})
}

// natsConfig is of a server that acknowledges only what is on the disk, unless less was asked for.
func (d *dev) natsConfig() devstack.NATSConfig {
	return devstack.NATSConfig{Dir: d.inside("nats"), Addr: d.cmd.NATSListen, SyncAlways: d.cmd.Durability == onDisk, Log: d.log}
}

// startNATS starts the stream on the customary port, or on any when that is taken and nobody asked for it.
func (d *dev) startNATS(context.Context) (err error) {
	cfg := d.natsConfig()
	d.nats, err = devstack.StartNATS(cfg)
	if errors.Is(err, devstack.ErrPortInUse) {
		if cfg.Addr != "" {
			return fmt.Errorf("%s is in use by another program: stop that, or choose another with --nats-listen", cfg.Addr)
		}
		cfg.Addr = "127.0.0.1:0"
		if d.nats, err = devstack.StartNATS(cfg); err == nil {
			d.log.Info("the customary port of NATS is in use, so a free one was taken", "nats", d.nats.URL())
		}
	}
	if err != nil {
		return err
	}
	d.undo = append(d.undo, d.nats.Stop)
	d.state.NATSURL = d.nats.URL()
	return nil
}

// makeStreams has them there before anybody looks for them.
func (d *dev) makeStreams(ctx context.Context) error {
	nc, err := stream.Connect(d.state.NATSURL, "plusone dev, making the streams", d.log)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	return stream.Ensure(ctx, js, stream.Config{Replicas: 1})
}
