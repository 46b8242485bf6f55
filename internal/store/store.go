// Package store keeps the facts and the verdicts in PostgreSQL. It owns the one transaction that every writer goes
// through: lock, record, load, assess, settle, save. It knows nothing of streams, nor of the bytes a fact came in.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	// Now, when set, replaces the database's clock. For tests.
	Now func() time.Time
}

// Store is the database and what it takes to apply facts to it.
type Store struct {
	*Database
	opts Options
}

// Database is what needs no secret but the way to it: questions, checks, and the terms of programs.
type Database struct {
	pool  *pgxpool.Pool
	terms termsCache
	clock func() time.Time // replaces the database's clock when set
}

// NewDatabase makes one over a pool.
func NewDatabase(pool *pgxpool.Pool) *Database { return &Database{pool: pool} }

// New makes a store over a pool.
func New(pool *pgxpool.Pool, opts Options) (*Store, error) {
	if len(opts.HashKey) < 16 {
		return nil, errors.New("store: the hash key must have at least 16 bytes")
	}
	if opts.Codes == nil {
		opts.Codes = RandomCode
	}
	return &Store{Database: &Database{pool: pool, clock: opts.Now}, opts: opts}, nil
}

// Open makes a pool of connections to a database. It does not connect yet: a database may be away for a while.
func Open(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("store: the database URL can not be read; it should look like postgres://user:password@host:5432/name")
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "plusone"
	// A lock that is not to be had for this long is a fault that may pass: the batch is tried again.
	setDefault(cfg.ConnConfig.RuntimeParams, "lock_timeout", "30s")
	setDefault(cfg.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout", "60s")
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
	versions, err := db.New(s.pool).ListTermsVersions(ctx)
	if err != nil {
		return err
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

// inTx runs work in a transaction, which is rolled back when work fails.
func (s *Database) inTx(ctx context.Context, work func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, work)
}
