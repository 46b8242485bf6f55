package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/problem"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
	"github.com/plusone-dev/plusone/internal/worker"
)

// stopWithin is how long the parts of a process may take to stop in order.
const stopWithin = 30 * time.Second

// host is what every role runs on.
type host struct {
	log    *slog.Logger
	reg    *prometheus.Registry
	health *ops.Health
	http   *ops.HTTPMetrics
	group  *ops.Group
	grace  time.Duration // for the batches in hand when the process stops
	nats   *nats.Conn    // nil without a stream
}

// newHost makes one whose parts stop within a limit. A third of that is for what stops after the last batch.
func newHost(log *slog.Logger, within time.Duration) (*host, error) {
	reg := ops.NewRegistry(buildVersion())
	m, err := ops.NewHTTPMetrics(reg)
	if err != nil {
		return nil, err
	}
	health := ops.NewHealth(log)
	reg.MustRegister(health.Collector())
	return &host{log: log, reg: reg, health: health, http: m, group: ops.NewGroup(log, within), grace: within * 2 / 3}, nil
}

// host is what a role runs on that logs as it is told.
func (f logFlags) host(std streams) (*host, error) {
	log, err := f.logger(std)
	if err != nil {
		return nil, err
	}
	return newHost(log, stopWithin)
}

// listen opens a port, and says in plain words when it is taken.
func listen(flag, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr) //nolint:noctx // it does not wait
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop that, or choose another with %s", addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, addr, err)
	}
	return l, nil
}

// serve adds an HTTP server to the process.
func (h *host) serve(name, flag, addr string, handler http.Handler) error {
	l, err := listen(flag, addr)
	if err != nil {
		return err
	}
	h.log.Info("listening", "for", name, "address", l.Addr().String())
	h.group.Add(name, func(ctx context.Context) error { return ops.Serve(ctx, l, handler, h.log) })
	return nil
}

// admin adds the server for operators.
func (h *host) admin(addr string) error {
	mux := http.NewServeMux()
	h.operators(mux)
	mux.HandleFunc("/", problem.NotFound)
	return h.serve("admin", "--admin", addr, ops.Recover(h.log, problem.Internal, exact(mux)))
}

// lookEvery is how often a role looks whether the streams are still there.
const lookEvery = 10 * time.Second

// dial reaches NATS, waiting for it if it is away.
func (h *host) dial(f natsAddress, name string) (*nats.Conn, error) {
	nc, err := stream.Connect(f.NATSURL, name, h.log, append(f.options(), nats.RetryOnFailedConnect(true))...)
	if err != nil {
		return nil, err
	}
	if !nc.IsConnected() {
		h.log.Warn("NATS does not answer yet; trying again until it does")
	}
	h.nats = nc
	h.reg.MustRegister(stream.ConnectionCollector(nc))
	h.group.OnStop("connection to NATS", func() error { nc.Close(); return nil })
	return nc, nil
}

// connect reaches the stream, and makes its streams once it answers. A role that needs it is not ready without it.
func (h *host) connect(f natsFlags, name string) (*nats.Conn, error) {
	nc, err := h.dial(f.natsAddress, name)
	if err != nil {
		return nil, err
	}
	probe, err := stream.NewProbe(nc, stream.In, "")
	if err != nil {
		return nil, err
	}
	h.health.Add("stream", probe.Check)
	h.group.Add("keeping the streams", func(ctx context.Context) error { return h.ensure(ctx, nc, f.Replicas) })
	return nc, nil
}

// ensure makes the streams, as often as it takes, and again when they are gone.
func (h *host) ensure(ctx context.Context, nc *nats.Conn, replicas int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	stream.Keep(ctx, js, stream.Config{Replicas: replicas, Logger: h.log, Metrics: stream.NewStoreMetrics(h.reg)}, lookEvery)
	return nil
}

// database opens the pool of a role. It is closed when nobody uses it any more.
func (h *host) database(ctx context.Context, url string, options ...store.PoolOption) (*pgxpool.Pool, error) {
	return h.pool(ctx, h.reg, url, options...)
}

// pool opens one whose metrics are registered apart from those of others.
func (h *host) pool(ctx context.Context, reg prometheus.Registerer, url string, options ...store.PoolOption) (*pgxpool.Pool, error) {
	pool, err := store.Open(ctx, url, options...)
	if err != nil {
		return nil, err
	}
	reg.MustRegister(store.PoolCollector(pool))
	h.group.OnStop("database pool", func() error { pool.Close(); return nil })
	h.health.Add("database", store.NewDatabase(pool).Check)
	return pool, nil
}

// workerPace says how a worker works.
type workerPace struct {
	Concurrency int           `env:"PLUSONE_CONCURRENCY" default:"4" help:"How many batches to work on at a time (default ${default})."`
	MaxBatch    int           `env:"PLUSONE_MAX_BATCH" default:"256" help:"How many events to take in one transaction at most (default ${default})."`
	AckWait     time.Duration `env:"PLUSONE_ACK_WAIT" default:"30s" help:"After how long without an answer an event is delivered again (default ${default})."`
	Tick        time.Duration `env:"PLUSONE_TICK" default:"1s" help:"How often to look for holds and windows that have ended (default ${default})."`
}

// pool is what the worker asks of its database pool: a connection for each batch, and for the relay, the fold, the
// clock, the gauges and whoever else asks, without waiting for one another.
func (p workerPace) pool() []store.PoolOption {
	return []store.PoolOption{store.WithConnections(p.Concurrency + 8), store.WithStatementTimeout(statementTimeout), store.WithOnePlan()}
}

// statementTimeout is longer than any statement of a batch should take.
const statementTimeout = 45 * time.Second

func (p workerPace) problems() (all []string) {
	if p.Concurrency < 1 || p.Concurrency > 64 {
		all = append(all, "--concurrency (PLUSONE_CONCURRENCY) must be from 1 to 64")
	}
	if p.MaxBatch < 1 || p.MaxBatch > 4096 {
		all = append(all, "--max-batch (PLUSONE_MAX_BATCH) must be from 1 to 4096")
	}
	if p.AckWait < time.Second {
		all = append(all, "--ack-wait (PLUSONE_ACK_WAIT) must be at least 1s")
	}
	if p.Tick < 10*time.Millisecond {
		all = append(all, "--tick (PLUSONE_TICK) must be at least 10ms")
	}
	return all
}

// relayEvery is how often the relay looks for events that another process left in the outbox, and the fold for what it left
// to be added to the tallies.
const relayEvery = 500 * time.Millisecond

// work adds a worker to the process: the relay, the fold and the clock first, so that they stop after the last batch.
func (h *host) work(nc *nats.Conn, s *store.Store, pace workerPace, d durabilityFlags) error {
	pub, err := h.publisher(nc, d)
	if err != nil {
		return err
	}
	w := worker.New(s, h.reg, h.log)
	h.group.Add("outbox relay", func(ctx context.Context) error { return w.RunRelay(ctx, pub, relayEvery) })
	h.group.Add("tallies", func(ctx context.Context) error { return w.RunFold(ctx, relayEvery) })
	h.group.Add("clock", func(ctx context.Context) error { return w.RunClock(ctx, pace.Tick) })
	opts := stream.Options{
		Conn: nc, MaxBatch: pace.MaxBatch, Concurrency: pace.Concurrency, AckWait: pace.AckWait, Grace: h.grace,
		Transient: store.Transient, Ready: s.Check, Logger: h.log, Metrics: stream.NewMetrics(h.reg),
	}
	h.group.Add("batches", func(ctx context.Context) error { return stream.Consume(ctx, opts, w.Handle) })
	return nil
}
