package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plusone-dev/plusone/internal/api"
	"github.com/plusone-dev/plusone/internal/store"
)

// replicaFlags say where lists may be read from instead.
type replicaFlags struct {
	DatabaseReadURL string `env:"PLUSONE_DATABASE_READ_URL,DATABASE_READ_URL" placeholder:"postgres://…" help:"A replica of the database, for lists, exports and analytics (default: the database itself)."`
}

func (f replicaFlags) problems() []string {
	if f.DatabaseReadURL == "" {
		return nil
	}
	if _, err := pgx.ParseConfig(f.DatabaseReadURL); err != nil { // whose text may quote half a password
		return []string{"--database-read-url (DATABASE_READ_URL) can not be read: it must look like " + databaseExample}
	}
	return nil
}

// option has lists read from the replica, over connections that can not write; without one it changes nothing. The process
// is not ready while the replica is away.
func (f replicaFlags) option(ctx context.Context, h *host) ([]api.Option, error) {
	if f.DatabaseReadURL == "" {
		return nil, nil
	}
	pool, err := store.Open(ctx, f.DatabaseReadURL, store.ReadOnly())
	if err != nil {
		return nil, err
	}
	h.named("replica").MustRegister(store.PoolCollector(pool))
	h.group.OnStop("pool of the replica", func() error { pool.Close(); return nil })
	replica := store.NewDatabase(pool)
	h.health.Add("replica", replica.Check)
	return []api.Option{api.WithReplica(replica)}, nil
}

// named registers the metrics of one of the API's pools apart from those of the other.
func (h *host) named(database string) prometheus.Registerer {
	return prometheus.WrapRegistererWith(prometheus.Labels{"database": database}, h.reg)
}
