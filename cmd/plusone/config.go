package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"

	"github.com/plusone-dev/plusone/internal/ops"
)

// logFlags say how to log.
type logFlags struct {
	LogLevel  string `env:"PLUSONE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"How much to log: ${enum}."`
	LogFormat string `env:"PLUSONE_LOG_FORMAT" default:"auto" enum:"auto,json,text" help:"${enum}; auto is text on a terminal."`
}

func (f logFlags) logger(std streams) (*slog.Logger, error) {
	return ops.NewLogger(std.err, f.LogLevel, f.LogFormat)
}

// databaseFlags say where PostgreSQL is.
type databaseFlags struct {
	DatabaseURL string `env:"PLUSONE_DATABASE_URL,DATABASE_URL" placeholder:"postgres://…" help:"Where PostgreSQL is."`
}

const databaseExample = "postgres://user:password@host:5432/name" //nolint:gosec // nobody's

func (f databaseFlags) problems() []string {
	if f.DatabaseURL == "" {
		return []string{"--database-url (DATABASE_URL) is missing: " + databaseExample}
	}
	if _, err := pgx.ParseConfig(f.DatabaseURL); err != nil { // whose text may quote half a password
		return []string{"--database-url (DATABASE_URL) can not be read: it must look like " + databaseExample}
	}
	return nil
}

// natsAddress says where the stream is.
type natsAddress struct {
	NATSURL string `name:"nats-url" env:"PLUSONE_NATS_URL,NATS_URL" placeholder:"nats://…" help:"Where NATS is, with JetStream: one server, or several of a cluster with commas between."`
	Inbox   string `name:"nats-inbox" env:"PLUSONE_NATS_INBOX" placeholder:"PREFIX" help:"What the subjects begin with that answers come to; _INBOX_ and the URL's user, when that has one."`
}

func (f natsAddress) problems() (all []string) {
	if f.NATSURL == "" {
		all = append(all, "--nats-url (NATS_URL) is missing: nats://host:4222")
	} else if !natsServers(f.NATSURL) {
		all = append(all, "--nats-url (NATS_URL) can not be read: it must look like nats://host:4222, or several of these with commas between")
	}
	if strings.ContainsAny(f.Inbox, "*> \t\r\n") || strings.HasPrefix(f.Inbox, ".") || strings.HasSuffix(f.Inbox, ".") {
		all = append(all, "--nats-inbox (PLUSONE_NATS_INBOX) must be a subject without wildcards, such as _INBOX_worker")
	}
	return all
}

// options are what a connection is opened with beside the URL.
func (f natsAddress) options() []nats.Option {
	if f.Inbox == "" {
		return nil
	}
	return []nats.Option{nats.CustomInboxPrefix(f.Inbox)}
}

// natsFlags say where the stream is and how it is kept.
type natsFlags struct {
	natsAddress

	Replicas int `name:"stream-replicas" env:"PLUSONE_STREAM_REPLICAS" default:"0" help:"How many servers keep each stream: 1 or 3. 0, the default, leaves a stream as it is and makes a new one with 1."`
}

func (f natsFlags) problems() []string {
	all := f.natsAddress.problems()
	if f.Replicas != 0 && f.Replicas != 1 && f.Replicas != 3 {
		all = append(all, "--stream-replicas (PLUSONE_STREAM_REPLICAS) must be 1 or 3, or 0 to leave it as it is")
	}
	return all
}

// natsServers says whether a list of servers can be read, in the forms that the client takes.
func natsServers(list string) bool {
	for server := range strings.SplitSeq(list, ",") {
		if server = strings.TrimSpace(server); !strings.Contains(server, "://") {
			server = "nats://" + server
		}
		if u, err := url.Parse(server); err != nil || u.Hostname() == "" {
			return false
		}
	}
	return true
}

// adminFlags say where to answer operators.
type adminFlags struct {
	Admin string `env:"PLUSONE_ADMIN" default:"127.0.0.1:9090" placeholder:"HOST:PORT" help:"Where to serve /metrics, /healthz and /readyz (default ${default})."`
}

func (f adminFlags) problems() []string { return address("--admin (PLUSONE_ADMIN)", f.Admin) }

// modeFlags say which of Stripe's modes a deployment serves.
type modeFlags struct {
	StripeMode string `env:"PLUSONE_STRIPE_MODE" default:"live" enum:"live,test" help:"Which events count: ${enum}. Those of the other mode are dropped."`
}

// minHashKey is how many characters the hash key must have.
const minHashKey = 16

func hashKeyProblems(key string) []string {
	if len(key) < minHashKey {
		return []string{fmt.Sprintf("--hash-key (PLUSONE_HASH_KEY) is missing or shorter than %d characters: make one with `openssl rand -hex 32`, and never change it", minHashKey)}
	}
	return nil
}

// secretProblems says which secrets of a list can not be meant: an empty one, or one with a blank that the copying left.
func secretProblems(flag string, secrets []string) (all []string) {
	for i, s := range secrets {
		if s == "" || strings.TrimSpace(s) != s {
			all = append(all, fmt.Sprintf("%s: number %d is empty or has blanks around it", flag, i+1))
		}
	}
	return all
}

func address(flag, addr string) []string {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return []string{fmt.Sprintf("%s is %q: it must be host:port, such as 127.0.0.1:8080", flag, addr)}
	}
	return nil
}

// refuse makes one error of all that is wrong with a configuration, so that nobody has to mend it one start at a time.
func refuse(problems ...[]string) error {
	var all []string
	for _, p := range problems {
		all = append(all, p...)
	}
	if len(all) == 0 {
		return nil
	}
	return &configurationError{all}
}

// configurationError is all that is wrong with a configuration.
type configurationError struct{ problems []string }

func (e *configurationError) Error() string {
	return "the configuration can not work:\n  - " + strings.Join(e.problems, "\n  - ")
}

// secretFiles lets every variable NAME be given as NAME_FILE, the path of a file with the value in it, as secrets are
// mounted by Docker, Kubernetes and systemd.
type secretFiles struct{}

// Validate is part of kong.Resolver.
func (secretFiles) Validate(*kong.Application) error { return nil }

// Resolve reads the file, where there is one.
func (secretFiles) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if os.Getenv(name) != "" {
			return nil, nil //nolint:nilnil // kong's way to say that there is nothing to add
		}
		path := os.Getenv(name + "_FILE")
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path) //nolint:gosec // the operator says which
		if err != nil {
			return nil, fmt.Errorf("%s_FILE: %w", name, err)
		}
		return strings.TrimRight(string(content), "\r\n"), nil
	}
	return nil, nil //nolint:nilnil // as above
}
