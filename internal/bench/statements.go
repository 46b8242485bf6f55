package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// forgetStatements begins to count what statements cost.
func (w *world) forgetStatements(ctx context.Context) error {
	if !w.o.statements {
		return nil
	}
	if _, err := w.pool.Exec(ctx, "create extension if not exists pg_stat_statements"); err != nil {
		return err
	}
	_, err := w.pool.Exec(ctx, "select pg_stat_statements_reset()")
	return err
}

// tellStatements shows the statements that cost PostgreSQL most since.
func (w *world) tellStatements(ctx context.Context) error {
	if !w.o.statements {
		return nil
	}
	rows, err := w.pool.Query(ctx, `select coalesce(substring(query from '-- name: (\w+)'), left(query, 40)), calls,
		total_plan_time + total_exec_time, rows, wal_bytes::float8
		from pg_stat_statements order by total_exec_time desc limit 30`)
	if err != nil {
		return err
	}
	var name string
	var calls, returned int64
	var ms, wal float64
	_, err = pgx.ForEachRow(rows, []any{&name, &calls, &ms, &returned, &wal}, func() error {
		_, err := fmt.Fprintf(w.progress, "    %-26s %7d calls %8.1f ms  %6.3f ms each  %8d rows  %9.0f B of WAL each\n", name, calls, ms, ms/float64(calls), returned, wal/float64(calls))
		return err
	})
	return err
}
