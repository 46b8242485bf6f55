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
type pipeline struct{ batch pgx.Batch }

var errPipelineReads = errors.New("store: a pipeline can not read")

// queries are the statements to collect. They answer at once, with no error: what went wrong comes out of send.
func (p *pipeline) queries() *db.Queries { return db.New(p) }

// send sends what was collected, and starts anew.
func (p *pipeline) send(ctx context.Context, tx pgx.Tx) error {
	if p.batch.Len() == 0 {
		return nil
	}
	err := tx.SendBatch(ctx, &p.batch).Close()
	p.batch = pgx.Batch{}
	return err
}

// Exec collects a statement.
func (p *pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query refuses.
func (p *pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) {
	return nil, errPipelineReads
}

// QueryRow refuses.
func (p *pipeline) QueryRow(context.Context, string, ...any) pgx.Row { return refusedRow{} }

type refusedRow struct{}

func (refusedRow) Scan(...any) error { return errPipelineReads }
