package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/devstack"
	"github.com/plusone-dev/plusone/internal/ingress"
	"github.com/plusone-dev/plusone/internal/ops"
	"github.com/plusone-dev/plusone/internal/program"
	"github.com/plusone-dev/plusone/internal/sample"
	"github.com/plusone-dev/plusone/internal/store"
	"github.com/plusone-dev/plusone/internal/stream"
)

// devCommand runs every role in one process, with servers of its own.
type devCommand struct {
	logFlags
	workerPace
	Listen        string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to serve all roles (default ${default})."`
	Data          string   `env:"PLUSONE_DATA" default:".plusone" placeholder:"DIR" help:"Where to keep everything (default ${default})."`
	NATSListen    string   `name:"nats-listen" env:"PLUSONE_NATS_LISTEN" placeholder:"HOST:PORT" help:"Where the embedded NATS server listens (default 127.0.0.1:4222, or a free port when that is taken)."`
	Program       string   `env:"PLUSONE_PROGRAM" type:"existingfile" help:"The YAML of a program to apply at the start."`
	Sample        bool     `help:"Play a short story through the door, and show what came of it."`
	StripeMode    string   `env:"PLUSONE_STRIPE_MODE" default:"test" enum:"live,test" help:"Which events count: ${enum} (default ${default})."`
	WebhookSecret []string `name:"stripe-webhook-secret" env:"PLUSONE_STRIPE_WEBHOOK_SECRET,STRIPE_WEBHOOK_SECRET" placeholder:"whsec_…" help:"Signing secrets of webhooks. Made once and kept when there are none."`
	APIToken      []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service tokens, for the API and for POST /v1/events. Made once and kept when there are none."`
}

// Run brings everything up, in the order of who needs whom, and serves until told to stop.
func (c *devCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.workerPace.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen)); err != nil {
		return err
	}
	log, err := c.logger(std)
	if err != nil {
		return err
	}
	d := &dev{cmd: c, std: std, log: log}
	defer d.close()
	if err := d.start(ctx); err != nil {
		if ctx.Err() != nil { // told to stop while starting
			return nil
		}
		return err
	}
	return d.host.group.Run(ctx)
}

// dev is a running `plusone dev`.
type dev struct {
	cmd   *devCommand
	std   streams
	log   *slog.Logger
	host  *host
	state devState

	listener net.Listener
	undo     []func() // what to close, last first
	postgres *devstack.Postgres
	nats     *devstack.NATS
	conn     *nats.Conn
}

func (d *dev) close() {
	for i := len(d.undo) - 1; i >= 0; i-- {
		d.undo[i]()
	}
}

func (d *dev) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		d.reserve, d.secrets, d.startPostgres, d.startNATS, d.prepare, d.startRoles,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reserve takes the port and the folder before anything else is started.
func (d *dev) reserve(context.Context) (err error) {
	if d.listener, err = listen("--listen", d.cmd.Listen); err != nil {
		return err
	}
	d.undo = append(d.undo, func() { _ = d.listener.Close() })
	d.state.URL = "http://" + d.listener.Addr().String()
	if err := os.MkdirAll(d.cmd.Data, 0o755); err != nil { //nolint:gosec // PostgreSQL may run as another user, who must get through
		return fmt.Errorf("the data folder: %w", err)
	}
	unlock, err := devstack.Lock(d.cmd.Data)
	if err != nil {
		return fmt.Errorf("the data folder %s: %w (another plusone dev? stop it, or choose another folder with --data)", d.cmd.Data, err)
	}
	d.undo = append(d.undo, unlock)
	return nil
}

// secrets makes what nobody gave, once.
func (d *dev) secrets(context.Context) (err error) {
	if len(d.cmd.WebhookSecret) == 0 {
		d.cmd.WebhookSecret, err = d.keep("webhook-secret", "whsec_")
	}
	if err == nil && len(d.cmd.APIToken) == 0 {
		d.cmd.APIToken, err = d.keep("api-token", "")
	}
	return err
}

func (d *dev) keep(name, prefix string) ([]string, error) {
	s, err := devstack.Secret(d.cmd.Data, name, func() (string, error) {
		random, err := devstack.RandomSecret()
		return prefix + random, err
	})
	return []string{s}, err
}

func (d *dev) startPostgres(ctx context.Context) (err error) {
	d.log.Info("starting PostgreSQL", "folder", filepath.Join(d.cmd.Data, "postgres"))
	d.postgres, err = devstack.Start(ctx, devstack.PostgresConfig{
		Dir: filepath.Join(d.cmd.Data, "postgres"), Durable: true, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.undo = append(d.undo, func() {
		stop, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		if err := d.postgres.Stop(stop); err != nil {
			d.log.Warn("PostgreSQL did not stop in order", "error", err)
		}
	})
	if err := d.postgres.CreateDatabase(ctx, "plusone"); err != nil {
		return err
	}
	d.state.DatabaseURL = d.postgres.DSN("plusone")
	return nil
}

// startNATS starts the stream on the customary port, or on any when that is taken and nobody asked for it.
func (d *dev) startNATS(context.Context) (err error) {
	cfg := devstack.NATSConfig{Dir: filepath.Join(d.cmd.Data, "nats"), Addr: d.cmd.NATSListen, SyncAlways: true, Log: d.log}
	d.nats, err = devstack.StartNATS(cfg)
	if errors.Is(err, devstack.ErrPortInUse) {
		if cfg.Addr != "" {
			return fmt.Errorf("%w: stop what listens on %s, or choose another with --nats-listen", err, cfg.Addr)
		}
		cfg.Addr = "127.0.0.1:0"
		d.nats, err = devstack.StartNATS(cfg)
	}
	if err != nil {
		return err
	}
	d.undo = append(d.undo, d.nats.Stop)
	d.state.NATSURL = d.nats.URL()
	return nil
}

// prepare brings the schema and the terms up to date.
func (d *dev) prepare(ctx context.Context) error {
	if _, err := store.Migrate(ctx, d.state.DatabaseURL); err != nil {
		return err
	}
	if d.cmd.Program == "" {
		return nil
	}
	source, err := os.ReadFile(d.cmd.Program)
	if err != nil {
		return err
	}
	if _, err := program.Parse(d.cmd.Program, source); err != nil {
		return err
	}
	return dataFlag{}.withDatabase(ctx, databaseFlags{DatabaseURL: d.state.DatabaseURL}, func(db *store.Reader) error {
		_, err := db.ApplyProgram(ctx, source)
		return err
	})
}

func (d *dev) startRoles(ctx context.Context) (err error) {
	if d.host, err = newHost(d.log); err != nil {
		return err
	}
	pool, err := d.host.database(ctx, d.state.DatabaseURL)
	if err != nil {
		return err
	}
	hashKey, err := devstack.Secret(d.cmd.Data, "hash-key", devstack.RandomSecret)
	if err != nil {
		return err
	}
	s, err := store.New(pool, store.Options{HashKey: []byte(hashKey), Live: d.cmd.StripeMode == ingress.ModeLive})
	if err != nil {
		return err
	}
	if d.conn, err = d.host.connect(d.state.NATSURL, "plusone dev", 1); err != nil {
		return err
	}
	if err := d.host.work(d.conn, s, d.cmd.workerPace); err != nil {
		return err
	}
	handler, err := d.handler(s)
	if err != nil {
		return err
	}
	d.host.group.Add("http", func(ctx context.Context) error { return ops.Serve(ctx, d.listener, handler, d.log) })
	d.host.group.Add("watching PostgreSQL", d.watchPostgres)
	d.host.group.Add("telling", d.tell)
	return d.state.write(d.cmd.Data)
}

// handler puts all roles behind one door.
func (d *dev) handler(s *store.Store) (http.Handler, error) {
	pub, err := stream.NewPublisher(d.conn, stream.PublisherOptions{})
	if err != nil {
		return nil, err
	}
	door, err := ingress.New(ingress.Config{
		StripeSecrets: d.cmd.WebhookSecret, StripeMode: d.cmd.StripeMode, EventTokens: d.cmd.APIToken,
	}, pub, d.host.reg, d.log)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api.New(s.Reader, d.cmd.APIToken, d.log))
	mux.Handle("/webhooks/", door)
	mux.Handle("/v1/events", door)
	admin := ops.Admin(d.host.reg, d.host.health, d.log)
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		mux.Handle(path, admin)
	}
	return d.host.public(mux), nil
}

// watchPostgres ends the process when its database has ended: there is nothing it could do without.
func (d *dev) watchPostgres(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.postgres.Done():
		return fmt.Errorf("PostgreSQL has ended; see %s", filepath.Join(d.cmd.Data, "postgres", "postgres.log"))
	}
}

// tell says where everything is once it answers, and plays the sample.
func (d *dev) tell(ctx context.Context) error {
	if err := sample.WaitReady(ctx, d.state.URL); err != nil {
		return nil //nolint:nilerr // told to stop before it was ready
	}
	d.banner()
	if d.cmd.Sample {
		err := sample.Play(ctx, sample.Config{
			URL: d.state.URL, WebhookSecret: d.cmd.WebhookSecret[0], Token: d.cmd.APIToken[0],
			Live: d.cmd.StripeMode == ingress.ModeLive, Out: d.std.out, Table: newTable(d.std.out),
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("the sample: %w", err)
		}
	}
	<-ctx.Done() // a part that is done would be taken for finished
	return nil
}

func (d *dev) banner() {
	u := d.state.URL
	fmt.Fprintf(d.std.out, `
plusone is listening on %s

  webhooks        POST %s/webhooks/stripe      secret %s
  sign-ups        POST %s/v1/events            or NATS %s, subject plusone.in.user.registered
  questions       GET  %s/v1/users/{id}        GET %s/v1/referrals?referee=&referrer=&status=
  service token   %s
  operators       %s/metrics  /healthz  /readyz     plusone audit --data %s

  With Stripe's command line:  stripe listen --forward-to %s/webhooks/stripe
  (it prints a secret of its own: start plusone with STRIPE_WEBHOOK_SECRET set to that)

Ctrl-C stops everything; what it knows stays in %s.

`, u, u, d.cmd.WebhookSecret[0], u, d.state.NATSURL, u, u, d.cmd.APIToken[0], u, d.cmd.Data, hostOf(u), d.cmd.Data)
}

func hostOf(url string) string { return url[len("http://"):] }
