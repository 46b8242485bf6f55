// Package store keeps the facts and the verdicts in PostgreSQL. It owns the one transaction that every writer goes
// through: lock, record, load, assess, settle, save. It knows nothing of streams, nor of the bytes a fact came in.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plusone-dev/plusone/db"
)

// Options are what a store needs beside its database.
type Options struct {
	// HashKey is the secret under which e-mail addresses are hashed. At least 16 bytes; never change it.
	HashKey []byte
	// Live says whether the deployment is of Stripe's live mode: the scope of customers named by the business itself.
	Live bool
	// Codes makes a referral code for a user; attempt counts from 0 and rises when a code is taken.
	// The default draws from crypto/rand and looks at neither the user nor the attempt.
	Codes func(userID string, length, attempt int) string
	// Disposable says whether a domain gives away e-mail addresses to throw away. Without it none does.
	Disposable func(domain string) bool
	// Now, when set, replaces the database's clock. For tests.
	Now func() time.Time
}

// Store is the database and what it takes to apply facts to it.
type Store struct {
	*Database
	opts     Options
	erasures atomic.Bool // somebody was erased, once
}

// Database is what needs no secret but the way to it: questions, checks, and the terms of programs.
type Database struct {
	pool     *pgxpool.Pool
	terms    termsCache
	clock    func() time.Time // replaces the database's clock when set
	patience time.Duration
}

// NewDatabase makes one over a pool.
func NewDatabase(pool *pgxpool.Pool) *Database { return &Database{pool: pool, patience: patience} }

// New makes a store over a pool.
func New(pool *pgxpool.Pool, opts Options) (*Store, error) {
	if len(opts.HashKey) < 16 {
		return nil, errors.New("store: the hash key must have at least 16 bytes")
	}
	if opts.Codes == nil {
		opts.Codes = RandomCode
	}
	if opts.Disposable == nil {
		opts.Disposable = func(string) bool { return false }
	}
	return &Store{Database: &Database{pool: pool, clock: opts.Now, patience: patience}, opts: opts}, nil
}

// PoolOption changes how a pool is opened.
type PoolOption func(*pgxpool.Config)

// WithConnections makes the pool large enough for so many at a time, unless the URL says how large it is to be.
func WithConnections(n int) PoolOption {
	return func(cfg *pgxpool.Config) {
		if !strings.Contains(cfg.ConnString(), "pool_max_conns") {
			cfg.MaxConns = max(cfg.MaxConns, int32(n))
		}
	}
}

// WithStatementTimeout lets the database give up a statement after so long, unless the URL says otherwise.
func WithStatementTimeout(d time.Duration) PoolOption {
	return func(cfg *pgxpool.Config) {
		setDefault(cfg.ConnConfig.RuntimeParams, "statement_timeout", strconv.FormatInt(d.Milliseconds(), 10))
	}
}

// ReadOnly has the database refuse every change, and do the work of each statement in one process: for what looks at
// much and may take its time.
func ReadOnly() PoolOption {
	return func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
		setDefault(cfg.ConnConfig.RuntimeParams, "max_parallel_workers_per_gather", "0")
	}
}

// WithOnePlan has the database plan each statement once for a connection, and not anew for the arrays of every batch:
// they all are looked up by index, whatever is in them. That it must not walk through a table is for the first minutes of
// one that is growing: a plan made for an empty table would last until the table is analysed.
func WithOnePlan() PoolOption {
	return func(cfg *pgxpool.Config) {
		setDefault(cfg.ConnConfig.RuntimeParams, "plan_cache_mode", "force_generic_plan")
		setDefault(cfg.ConnConfig.RuntimeParams, "enable_seqscan", "off")
	}
}

// As gives up all rights but those of a role, for a session whose user has more.
func As(role string) PoolOption {
	return func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["role"] = role }
}

// Open makes a pool of connections to a database. It does not connect yet: a database may be away for a while.
func Open(ctx context.Context, dsn string, options ...PoolOption) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("store: the database URL can not be read; it should look like postgres://user:password@host:5432/name")
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "plusone"
	// A lock that is not to be had for this long is a fault that may pass: the batch is tried again.
	setDefault(cfg.ConnConfig.RuntimeParams, "lock_timeout", "30s")
	setDefault(cfg.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout", "60s")
	for _, option := range options {
		option(cfg)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return pool, nil
}

func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// Check says whether the database can be reached and has what a worker needs.
func (s *Database) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	versions, err := db.New(s.pool).ListTermsVersions(ctx)
	if err != nil {
		return explainSchema(err)
	}
	if len(versions) == 0 {
		return ErrNoProgram
	}
	return nil
}

// ErrNoProgram says that the database has no program yet.
var ErrNoProgram = errors.New("store: the database has no program: run `plusone migrate`")

// codeAlphabet has no letter or digit that could be taken for another: no 0, 1, I, O.
const codeAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// RandomCode draws a referral code. The alphabet has 32 signs, so that every byte gives an unbiased one.
func RandomCode(_ string, length, _ int) string {
	b := make([]byte, length)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
	for i := range b {
		b[i] = codeAlphabet[int(b[i])%len(codeAlphabet)]
	}
	return string(b)
}

// patience is how long one transaction may take before it is given up, to be tried again. A connection may hang without
// failing, such as one to a server whose address swallows packets since a failover: without an end to waiting, so would
// everything behind it. All that is done in a transaction can be done again.
const patience = 60 * time.Second

// inTx runs work in a transaction, which is rolled back when work fails, or takes too long.
func (s *Database) inTx(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return work(ctx, tx) })
}

// connection is what a transaction needs of one.
type connection interface {
	db.DBTX
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// onConnection runs work on a connection, on which it begins and commits a transaction itself. When it fails, or takes too
// long, what it did is rolled back.
func (s *Database) onConnection(ctx context.Context, work func(ctx context.Context, conn connection) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which closes a connection that is still in a transaction
	err = work(ctx, conn)
	if conn.Conn().PgConn().TxStatus() != idle && !conn.Conn().IsClosed() {
		_, errBack := conn.Exec(ctx, "rollback")
		err = cmp.Or(err, errBack, errOpen)
	}
	return err
}

// idle is the state of a connection outside a transaction, as the server tells it with every answer.
const idle = 'I'

var errOpen = errors.New("store: the transaction was left open")
