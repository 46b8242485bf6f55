package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/plusone-dev/plusone/db/migrations"
	"github.com/plusone-dev/plusone/internal/program"
)

// Migrate brings a database's schema up to date and gives it the default program if it has none. Several may run at
// once: they take turns. It returns the names of the steps that were applied.
func Migrate(ctx context.Context, dsn string) ([]string, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("store: the database URL can not be read: %w", err)
	}
	conn := stdlib.OpenDB(*cfg)
	defer conn.Close() //nolint:errcheck // nothing is lost: every step has been committed
	if err := checkEncoding(ctx, conn); err != nil {
		return nil, err
	}
	turns, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // looks every second for five minutes
	if err != nil {
		return nil, err
	}
	steps, err := goose.NewProvider(goose.DialectPostgres, conn, migrations.FS, goose.WithSessionLocker(turns))
	if err != nil {
		return nil, fmt.Errorf("store: the migrations: %w", err)
	}
	done, err := steps.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: migrating: %w", err)
	}
	var names []string
	for _, d := range done {
		names = append(names, d.Source.Path)
	}
	return names, ensureDefaultProgram(ctx, dsn)
}

func ensureDefaultProgram(ctx context.Context, dsn string) error {
	pool, err := Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	s := NewDatabase(pool)
	if err := s.Check(ctx); !errors.Is(err, ErrNoProgram) {
		return err // also nil: the business has terms of its own, which are not to be covered by ours
	}
	_, err = s.ApplyProgram(ctx, program.Default())
	return err
}

// checkEncoding refuses a database that could not hold every name there is.
func checkEncoding(ctx context.Context, conn *sql.DB) error {
	var encoding string
	if err := conn.QueryRowContext(ctx, "show server_encoding").Scan(&encoding); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("store: the database's encoding is %s: make one with `create database … encoding 'UTF8' template template0`", encoding)
	}
	return nil
}
