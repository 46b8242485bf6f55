package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/plusone-dev/plusone/internal/devstack"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// world is the servers that everything runs on: a PostgreSQL that flushes every commit to the disk, and a NATS that
// flushes every message before it acknowledges it.
type world struct {
	o           options
	dir         string
	people      population
	dsn         string
	pool        *pgxpool.Pool
	store       *store.Store
	natsURL     string
	nc          *nats.Conn
	js          jetstream.JetStream
	pub         *stream.Publisher
	mix         *mix
	yardstick   *yardstick
	concurrency int
	progress    io.Writer
	stops       []func()
}

const hashKey = "a key for nobody's addresses"

func newWorld(ctx context.Context, o options, progress io.Writer) (w *world, err error) {
	w = &world{o: o, concurrency: o.concurrency, progress: progress}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := os.MkdirAll(o.dir, 0o755); err != nil { //nolint:gosec // the server's own account enters it
		return w, err
	}
	if w.dir, err = os.MkdirTemp(o.dir, "run-"); err != nil {
		return w, err
	}
	if err := os.Chmod(w.dir, 0o755); err != nil { //nolint:gosec // the same
		return w, err
	}
	w.stops = append(w.stops, func() { _ = os.RemoveAll(w.dir) })
	now := time.Now()
	if w.people, err = newPopulation(o.people, now); err != nil {
		return w, err
	}
	w.mix = newMix(w.people, now)
	if err := w.startPostgres(ctx); err != nil {
		return w, err
	}
	return w, w.startNATS(ctx)
}

// close undoes everything, last things first.
func (w *world) close() {
	for i := len(w.stops) - 1; i >= 0; i-- {
		w.stops[i]()
	}
}

func (w *world) startPostgres(ctx context.Context) error {
	// Room enough that no round pays for another's checkpoint.
	settings := map[string]string{"shared_buffers": "1GB", "min_wal_size": "2GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
	if w.o.statements {
		settings["shared_preload_libraries"] = "pg_stat_statements"
	}
	server, err := devstack.Start(ctx, devstack.PostgresConfig{Dir: filepath.Join(w.dir, "postgres"), Durable: true, Settings: settings})
	if err != nil {
		return err
	}
	w.stops = append(w.stops, func() { _ = server.Stop(context.WithoutCancel(ctx)) })
	if err := server.CreateDatabase(ctx, "bench"); err != nil {
		return err
	}
	w.dsn = server.DSN("bench")
	if _, err := store.Migrate(ctx, w.dsn); err != nil {
		return err
	}
	if w.pool, err = store.Open(ctx, w.dsn, store.WithConnections(w.concurrency+6), store.WithOnePlan()); err != nil {
		return err
	}
	w.stops = append(w.stops, w.pool.Close)
	if w.store, err = store.New(w.pool, store.Options{HashKey: []byte(hashKey)}); err != nil {
		return err
	}
	scripts := filepath.Join(w.dir, "yardstick")
	if err := os.Mkdir(scripts, 0o700); err != nil {
		return err
	}
	w.yardstick, err = newYardstick(filepath.Dir(server.Program("pgbench")), scripts, w.dsn, w.people)
	return err
}

func (w *world) startNATS(ctx context.Context) (err error) {
	server, err := startServer(beNATS, filepath.Join(w.dir, "nats"))
	if err != nil {
		return err
	}
	w.stops = append(w.stops, server.stop)
	w.natsURL = server.url
	if w.nc, err = stream.Connect(w.natsURL, "bench", quiet()); err != nil {
		return err
	}
	w.stops = append(w.stops, w.nc.Close)
	if w.js, err = jetstream.New(w.nc); err != nil {
		return err
	}
	if err := stream.Ensure(ctx, w.js, stream.Config{}); err != nil {
		return err
	}
	w.pub, err = stream.NewPublisher(w.nc, stream.PublisherOptions{Grouped: true, Timeout: 30 * time.Second})
	return err
}

// fill puts the next events on an empty stream.
func (w *world) fill(ctx context.Context, n int) (of [kinds]int, err error) {
	in, err := w.js.Stream(ctx, stream.In)
	if err != nil {
		return of, err
	}
	if err := in.Purge(ctx); err != nil {
		return of, err
	}
	msgs, of := w.mix.next(n)
	if err := w.pub.PublishBatch(ctx, msgs); err != nil {
		return of, err
	}
	info, err := in.Info(ctx)
	if err == nil && info.State.Msgs != uint64(n) {
		err = fmt.Errorf("the stream has %d messages, not %d: two events have one id", info.State.Msgs, n)
	}
	return of, err
}
