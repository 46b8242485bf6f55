package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plusone-dev/plusone/db"
)

// pipeline collects statements that return no rows, to be sent in one round trip. It stands in for a connection in the
// queries that sqlc wrote.
type pipeline struct {
	batch  pgx.Batch
	writes int // how many of the batch's statements are collected ones
}

var errPipelineReads = errors.New("store: a pipeline can not read")

// queries are the statements to collect. They answer at once, with no error: what went wrong comes out of send.
func (p *pipeline) queries() *db.Queries { return db.New(p) }

// send sends what was collected, and starts anew.
func (p *pipeline) send(ctx context.Context, conn connection) error {
	return p.sendWith(ctx, conn, func(pgx.BatchResults) error { return nil })
}

// sendWith sends what was collected and what was queued behind it, for whose answers it calls.
func (p *pipeline) sendWith(ctx context.Context, conn connection, answer func(pgx.BatchResults) error) error {
	if p.batch.Len() == 0 {
		return nil
	}
	sent := *p
	*p = pipeline{}
	results := conn.SendBatch(ctx, &sent.batch)
	for range sent.writes {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // it would say the same
			return err
		}
	}
	if err := answer(results); err != nil {
		_ = results.Close() // it would say the same
		return err
	}
	return results.Close()
}

// add collects a statement.
func (p *pipeline) add(sql string, args ...any) {
	p.batch.Queue(sql, args...)
	p.writes++
}

// Exec collects a statement.
func (p *pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p.add(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query refuses.
func (p *pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) {
	return nil, errPipelineReads
}

// QueryRow refuses.
func (p *pipeline) QueryRow(context.Context, string, ...any) pgx.Row {
	return failedRow{errPipelineReads}
}
