package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// superuser is the one role that the private server starts with.
const superuser = "plusone"

// PostgresConfig says what server to run.
type PostgresConfig struct {
	Dir      string            // keeps the data, the password, the port and the server's log; made when missing
	Bin      string            // the folder with initdb and postgres in it; "" looks in PLUSONE_PG_BIN and the usual places
	Port     int               // 0: that of the last time when it is free, else any
	Durable  bool              // false: what was committed may be lost when the server or the machine dies. For tests
	Settings map[string]string // of PostgreSQL, over our own
	Log      *slog.Logger      // what we do is told here; nil: nowhere. What the server says is in Dir/postgres.log
	// Patience is how long to wait for the server to start, its recovery after a crash included, or for an earlier one
	// on the same folder to finish. 0 is two minutes.
	Patience time.Duration
}

// Postgres is a private server, reachable from this machine only, with a password.
type Postgres struct {
	cfg      PostgresConfig
	dir      string
	data     string
	bin      binaries
	who      *account
	password string
	port     int
	server   process
}

// Start runs PostgreSQL on the folder, and makes its data first when there is none. A server that runs there already is
// adopted, with the settings it has. One that is starting or stopping is waited for. Nothing is ever removed from a data
// folder. Two calls must not race for one folder: hold Lock. The context bounds the start, not the life of the server.
func Start(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	cfg.Patience = cmp.Or(cfg.Patience, 2*time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Patience)
	defer cancel()

	p := &Postgres{cfg: cfg}
	fresh, err := p.prepare(ctx)
	if err != nil {
		return nil, err
	}
	adopted, err := p.adopt(ctx)
	if err != nil {
		return nil, err
	}
	if adopted {
		return p, nil
	}
	if fresh {
		if err := p.create(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.launch(ctx); err != nil {
		return nil, err
	}
	if err := p.keepPort(); err != nil {
		return nil, errors.Join(err, p.stopHard())
	}
	return p, nil
}

// prepare finds out what there is: until owner and version fit, nothing is touched.
func (p *Postgres) prepare(ctx context.Context) (fresh bool, err error) {
	if p.dir, err = filepath.Abs(p.cfg.Dir); err != nil {
		return false, fmt.Errorf("devstack: %w", err)
	}
	if p.who, err = serverAccount(filepath.Join(p.dir, "data")); err != nil {
		return false, err
	}
	version, err := dataVersion(filepath.Join(p.dir, "data"))
	if err != nil {
		return false, err
	}
	p.bin, err = findBinaries(ctx, p.cfg.Bin, version)
	if wrong := (*VersionError)(nil); errors.As(err, &wrong) {
		wrong.Data = filepath.Join(p.dir, "data")
	}
	if err != nil {
		return false, err
	}
	if err := makeFolder(p.dir); err != nil {
		return false, fmt.Errorf("devstack: make the folder for PostgreSQL: %w", err)
	}
	if p.dir, err = filepath.EvalSymlinks(p.dir); err != nil {
		return false, fmt.Errorf("devstack: %w", err)
	}
	p.data = filepath.Join(p.dir, "data")
	return version == 0, p.loadPassword(version == 0)
}

// loadPassword makes the password for a folder that is to be made. For an older one it must be there: a new one would
// open nothing.
func (p *Postgres) loadPassword(fresh bool) error {
	path := filepath.Join(p.dir, "password")
	if _, err := os.Stat(path); !fresh && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("devstack: the data in %s has lost its password, the file %s: put it back, or move the folder away to start afresh", p.data, path)
	}
	var err error
	p.password, err = Secret(p.dir, "password", RandomSecret)
	return err
}

// DSN is the address of a database on this server, with the password in it.
func (p *Postgres) DSN(database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, p.password),
		Host:     loopback(p.port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return dsn.String()
}

// CreateDatabase makes a database unless it is there already.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, p.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("devstack: create the database %s: %w", name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it has done its work
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("devstack: create the database %s: %w", name, err)
	}
	return nil
}

// Program is the path of a program that came with the server, such as psql.
func (p *Postgres) Program(name string) string { return p.bin.path(name) }

// Port is where the server listens, on 127.0.0.1.
func (p *Postgres) Port() int { return p.port }

// Pid is the process id of the server's first process, the postmaster.
func (p *Postgres) Pid() int { return p.server.Pid() }

// Done is closed when the server has ended, for whatever reason.
func (p *Postgres) Done() <-chan struct{} { return p.server.Done() }
