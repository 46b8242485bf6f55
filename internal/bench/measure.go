package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/stream"
)

// measure measures all that is asked for, says what it came to, and compares it with what was recorded.
func measure(ctx context.Context, o options, stdout, progress io.Writer) error {
	w, err := newWorld(ctx, o, progress)
	if err != nil {
		return err
	}
	defer w.close()
	r, err := w.measureParts(ctx)
	if err != nil {
		return err
	}
	r.print(stdout)
	if o.json != "" {
		if err := r.write(o.json); err != nil {
			return err
		}
	}
	if o.only == partAPI {
		return r.mustBeQuick()
	}
	if o.recorded == "" {
		return nil
	}
	return r.mustHold(o.recorded, stdout)
}

func (w *world) measureParts(ctx context.Context) (r *report, err error) {
	r = newReport(w.o)
	if err := w.preload(ctx); err != nil {
		return nil, err
	}
	if w.o.only == partAPI {
		found, err := w.measureAPI(ctx)
		r.addAPI(found)
		return r, err
	}
	if w.wants("worker") {
		found, err := w.measureWorker(ctx)
		if err != nil {
			return nil, err
		}
		r.addWorker(found)
		if err := w.mustAddUp(ctx); err != nil {
			return nil, err
		}
	}
	if w.wants("door") {
		found, err := w.measureDoor(ctx)
		if err != nil {
			return nil, err
		}
		r.addDoor(found)
	}
	if w.wants("idle") {
		if err := w.clear(ctx); err != nil {
			return nil, err
		}
		if r.Idle, err = w.measureIdle(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (w *world) wants(part string) bool {
	return w.o.only == "" || strings.Contains(","+w.o.only+",", ","+part+",")
}

// clear leaves nothing to do for anybody.
func (w *world) clear(ctx context.Context) error {
	if _, err := w.pool.Exec(ctx, "truncate outbox"); err != nil {
		return err
	}
	in, err := w.js.Stream(ctx, stream.In)
	if err != nil {
		return err
	}
	return in.Purge(ctx)
}

// mustAddUp fails unless the ledger does, after all that the worker and the yardstick wrote into it.
func (w *world) mustAddUp(ctx context.Context) error {
	q := db.New(w.pool)
	balances, err := q.AuditBalances(ctx)
	if err != nil {
		return err
	}
	sum, err := q.AuditZeroSum(ctx)
	if err != nil {
		return err
	}
	if balances.Broken != 0 || sum.Broken != 0 {
		return fmt.Errorf("%w: the ledger does not add up: %s %s", errMissing, balances.Example, sum.Example)
	}
	return nil
}
