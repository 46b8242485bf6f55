package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

// measurement is one thing that is measured once in a round.
type measurement struct {
	name string
	run  func(ctx context.Context) (float64, error)
	unit string // of the figure; empty: a second
}

// turns measures everything once in each round, in an order that turns round: A B, then B A. The first round is a rehearsal
// that nobody counts.
func (w *world) turns(ctx context.Context, prepare, after func(context.Context) error, all []measurement) (series, error) {
	found := make(series)
	for round := range w.o.rounds + 1 {
		if err := prepare(ctx); err != nil {
			return nil, err
		}
		for i := range all {
			m := all[i]
			if round%2 == 1 {
				m = all[len(all)-1-i]
			}
			figure, err := m.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			if round > 0 {
				found[m.name] = append(found[m.name], figure)
			}
			if m.unit == "" {
				fmt.Fprintf(w.progress, "  round %d  %-18s %9.0f/s\n", round, m.name, figure)
			} else {
				fmt.Fprintf(w.progress, "  round %d  %-18s %9.2f %s\n", round, m.name, figure, m.unit)
			}
		}
		if err := after(ctx); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// The names of what is measured.
const (
	nameWorker    = "worker"
	nameYardstick = "pgbench"
	nameRaw       = "raw stream"
)

// preload fills the database.
func (w *world) preload(ctx context.Context) error {
	fmt.Fprintf(w.progress, "%d people are preloaded\n", w.o.people)
	began := time.Now()
	err := preload(ctx, w.pool, w.people, w.progress)
	fmt.Fprintf(w.progress, "  in %s\n", time.Since(began).Round(time.Second))
	return err
}

// measureWorker measures the worker against one transaction for each event, and against a stream with no work behind it.
func (w *world) measureWorker(ctx context.Context) (series, error) {
	fmt.Fprintln(w.progress, "the worker")
	var of [kinds]int
	prepare := func(ctx context.Context) (err error) {
		if _, err := w.pool.Exec(ctx, "truncate outbox"); err != nil {
			return err
		}
		of, err = w.fill(ctx, w.o.events)
		return err
	}
	return w.turns(ctx, prepare, func(context.Context) error { return nil }, []measurement{
		{nameWorker, func(ctx context.Context) (float64, error) { return w.checked(ctx, &of, w.watchedDrain) }, ""},
		{nameRaw, func(ctx context.Context) (float64, error) { return w.drainRaw(ctx, w.o.events) }, ""},
		{nameYardstick, func(ctx context.Context) (float64, error) {
			return w.checked(ctx, nil, func(ctx context.Context) (float64, error) { return w.yardstick.run(ctx, w.o.yard) })
		}, ""},
	})
}

// watchedDrain drains under the eyes that were asked for.
func (w *world) watchedDrain(ctx context.Context) (float64, error) {
	stop, err := w.profile()
	if err != nil {
		return 0, err
	}
	if err := w.forgetStatements(ctx); err != nil {
		return 0, err
	}
	rate, err := w.drainWorker(ctx, w.o.events)
	stop()
	if err != nil {
		return 0, err
	}
	return rate, w.tellStatements(ctx)
}

// profile begins a CPU profile of this process where one is wanted. Every round writes it anew.
func (w *world) profile() (stop func(), err error) {
	if w.o.profile == "" {
		return func() {}, nil
	}
	file, err := os.Create(w.o.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}
