package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/devstack"
)

// devCommand runs every role in one process, with servers of its own.
type devCommand struct {
	logFlags
	workerPace
	durabilityFlags
	publicFlags
	portalFlags
	Listen        string   `env:"PLUSONE_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to serve all roles (default ${default})."`
	Data          string   `env:"PLUSONE_DATA" default:".plusone" placeholder:"DIR" help:"Where to keep everything (default ${default})."`
	NATSListen    string   `name:"nats-listen" env:"PLUSONE_NATS_LISTEN" placeholder:"HOST:PORT" help:"Where the embedded NATS server listens (default 127.0.0.1:4222, or a free port when that is taken)."`
	Program       string   `env:"PLUSONE_PROGRAM" placeholder:"FILE" type:"existingfile" help:"The YAML of a program to apply at the start."`
	Sample        bool     `help:"Play a short story through the door, and show what came of it."`
	StripeMode    string   `env:"PLUSONE_STRIPE_MODE" default:"test" enum:"live,test" help:"Which events count: ${enum} (default ${default})."`
	WebhookSecret []string `name:"stripe-webhook-secret" env:"PLUSONE_STRIPE_WEBHOOK_SECRET,STRIPE_WEBHOOK_SECRET" placeholder:"whsec_…" help:"Signing secrets of webhooks, separated by commas. Made once and kept when there are none."`
	APIToken      []string `name:"api-token" env:"PLUSONE_API_TOKEN" placeholder:"TOKEN" help:"Service tokens, separated by commas, for the API and for POST /v1/events. Made once and kept when there are none."`
	AdminToken    []string `env:"PLUSONE_ADMIN_TOKEN" placeholder:"TOKEN" help:"Admin tokens, separated by commas, for decisions. Made once and kept when there are none."`
}

// Run brings everything up, in the order of who needs whom, and serves until told to stop.
func (c *devCommand) Run(ctx context.Context, std streams) error {
	if err := refuse(c.problems()); err != nil {
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

func (c *devCommand) problems() []string {
	all := append(c.workerPace.problems(), address("--listen (PLUSONE_LISTEN)", c.Listen)...)
	if c.NATSListen != "" {
		all = append(all, address("--nats-listen (PLUSONE_NATS_LISTEN)", c.NATSListen)...)
	}
	if c.Durability == onReplicas {
		all = append(all, "--durability (PLUSONE_DURABILITY) can not be replicas here: there is one embedded server; disk survives a power cut")
	}
	all = append(all, secretProblems("--stripe-webhook-secret (STRIPE_WEBHOOK_SECRET)", c.WebhookSecret)...)
	all = append(all, secretProblems("--api-token (PLUSONE_API_TOKEN)", c.APIToken)...)
	all = append(all, c.publicFlags.problems()...)
	all = append(all, c.portalFlags.problems()...)
	return append(all, adminTokenProblems(c.AdminToken, c.APIToken)...)
}

// dev is a running `plusone dev`.
type dev struct {
	cmd   *devCommand
	std   streams
	log   *slog.Logger
	host  *host
	state devState
	terms []byte // to apply; nil: none

	hashKey string

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
		d.readTerms, d.reserve, d.secrets, d.startPostgres, d.requireHashKey, d.prepare, d.startNATS, d.makeStreams, d.startRoles,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readTerms finds what is wrong with them before anything is started.
func (d *dev) readTerms(context.Context) (err error) {
	if d.cmd.Program != "" {
		d.terms, err = readProgram(d.cmd.Program)
	}
	return err
}

// reserve takes the folder and the port before anything else is started.
func (d *dev) reserve(context.Context) error {
	if err := os.MkdirAll(d.cmd.Data, 0o755); err != nil { //nolint:gosec // PostgreSQL may run as another user, who must get through
		return fmt.Errorf("the data folder: %w", err)
	}
	if err := devstack.CheckOwner(d.cmd.Data); err != nil {
		return err
	}
	unlock, err := devstack.Lock(d.cmd.Data)
	if err != nil {
		return fmt.Errorf("%w (with --data)", err)
	}
	d.undo = append(d.undo, unlock)
	if d.listener, err = listen("--listen", d.cmd.Listen); err != nil {
		return err
	}
	d.undo = append(d.undo, func() { _ = d.listener.Close() })
	d.state.URL = "http://" + reachable(d.listener.Addr())
	return nil
}

// reachable is where a client on this machine finds a listener: one on all addresses is found on the loopback too.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
}

// secrets makes what nobody gave, once.
func (d *dev) secrets(context.Context) (err error) {
	if len(d.cmd.WebhookSecret) == 0 {
		d.cmd.WebhookSecret, err = d.keep("webhook-secret", "whsec_")
	}
	if err == nil && len(d.cmd.APIToken) == 0 {
		d.cmd.APIToken, err = d.keep("api-token", "")
	}
	if err == nil && len(d.cmd.AdminToken) == 0 {
		d.cmd.AdminToken, err = d.keep("admin-token", "")
	}
	if err == nil && len(d.cmd.UserJWTSecret) == 0 && d.cmd.UserJWTKeys == "" {
		d.cmd.UserJWTSecret, err = d.keep(userSecretFile, "")
	}
	if err != nil {
		return err
	}
	return d.keepHashKey()
}

// keepHashKey makes the key under which e-mail addresses are hashed, before there is a database whose hashes need it.
func (d *dev) keepHashKey() (err error) {
	if exists(d.inside("postgres", "data")) && !exists(d.inside("hash-key")) {
		return nil // requireHashKey says so, unless the database has something worse to say
	}
	d.hashKey, err = devstack.Secret(d.cmd.Data, "hash-key", devstack.RandomSecret)
	return err
}

// requireHashKey refuses to go on with a key that was lost: under another one nobody would be known again.
func (d *dev) requireHashKey(context.Context) error {
	if d.hashKey != "" {
		return nil
	}
	return fmt.Errorf("%s is lost, and the e-mail addresses in the database are hashed under it: restore it, or begin anew with another --data",
		d.inside("hash-key"))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (d *dev) keep(name, prefix string) ([]string, error) {
	s, err := devstack.Secret(d.cmd.Data, name, func() (string, error) {
		random, err := devstack.RandomSecret()
		return prefix + random, err
	})
	return []string{s}, err
}

// inside is a path in the data folder.
func (d *dev) inside(parts ...string) string {
	return filepath.Join(append([]string{d.cmd.Data}, parts...)...)
}
