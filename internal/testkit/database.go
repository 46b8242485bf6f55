package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/internal/devstack"
)

const (
	template = "migrated"
	strategy = "file_copy" // 6 ms for a small schema, where wal_log takes 19
)

// cluster is the server that the tests of one binary share, with a database to copy.
type cluster struct {
	folder folder
	server *devstack.Postgres

	mu    sync.Mutex
	admin *pgx.Conn
	made  int
}

// Database returns the address of a fresh, migrated database, which is dropped when the test ends. The server behind it
// forgets what it committed when it dies: tests that kill it take PostgresProcess.
func Database(t testing.TB) string {
	t.Helper()
	k := ready(t)
	k.databases.Do(func() { k.cluster, k.err = startCluster(k) })
	if k.err != nil {
		t.Fatalf("testkit: no database: %v", k.err)
	}
	name, err := k.cluster.copy()
	if err != nil {
		t.Fatalf("testkit: copy the migrated database: %v", err)
	}
	t.Cleanup(func() {
		if err := k.cluster.drop(name); err != nil {
			t.Errorf("testkit: %v", err)
		}
	})
	return k.cluster.server.DSN(name)
}

func startCluster(k *shared) (*cluster, error) {
	if k.migrate == nil {
		return nil, errors.New("TestMain gave testkit.Run no function to migrate a database with")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	home, err := makeFolder(databaseBase())
	if err != nil {
		return nil, err
	}
	server, err := devstack.Start(ctx, devstack.PostgresConfig{Dir: filepath.Join(home.path, "postgres")})
	if err != nil {
		return nil, errors.Join(err, home.remove())
	}
	c := &cluster{folder: home, server: server}
	if err := c.prepare(ctx, k.migrate); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) prepare(ctx context.Context, migrate Migrate) error {
	if err := c.server.CreateDatabase(ctx, template); err != nil {
		return err
	}
	if err := migrate(ctx, c.server.DSN(template)); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	var err error
	if c.admin, err = pgx.Connect(ctx, c.server.DSN("postgres")); err != nil {
		return err
	}
	// A database can only be copied while nobody is connected to it.
	_, err = c.admin.Exec(ctx, "ALTER DATABASE "+template+" ALLOW_CONNECTIONS false")
	if err == nil {
		_, err = c.admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", template)
	}
	return err
}

// copy makes the next database.
func (c *cluster) copy() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	name := fmt.Sprintf("test_%d", c.made)
	_, err := c.admin.Exec(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY "+strategy)
	return name, err
}

func (c *cluster) drop(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the test's database: %w", err)
	}
	return nil
}

func (c *cluster) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(c.server.Stop(ctx), c.folder.remove())
}

// As is the address of the same database for a session that has a role's rights and no others, as after "set role". The
// session's user stays the owner, who could take their own rights back, which nothing of ours does.
func As(t testing.TB, dsn, role string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("testkit: the address of a database can not be read") // and is not shown: it holds a password
	}
	q := u.Query()
	q.Set("role", role)
	u.RawQuery = q.Encode()
	return u.String()
}
