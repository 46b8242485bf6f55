package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// latencies are what a webhook takes, from the first byte sent to the door until its reward is committed, in
// milliseconds.
type latencies struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
	N   int     `json:"samples"`
}

// measureIdle sends one purchase after the other to a door and a worker that have nothing else to do, and hears of each
// reward from the database itself: a trigger that only this benchmark makes tells of it when it is committed. So nobody
// asks again and again while the worker works.
func (w *world) measureIdle(ctx context.Context) (l latencies, err error) {
	fmt.Fprintln(w.progress, "webhook to committed reward, idle")
	listener, err := w.listen(ctx)
	if err != nil {
		return l, err
	}
	defer listener.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it has heard all
	var roles []*role
	for _, name := range []string{"worker", "ingress"} {
		r, err := w.startRole(ctx, name)
		if err != nil {
			return l, err
		}
		defer r.stop()
		roles = append(roles, r)
	}
	s, err := newSender(strings.TrimPrefix(roles[1].public, "http://"))
	if err != nil {
		return l, err
	}
	defer s.conn.Close() //nolint:errcheck // it is not needed any more
	const warmUp = 50
	var took []float64
	for i := range warmUp + w.o.samples {
		d, err := w.one(ctx, s, listener)
		if err != nil {
			return l, err
		}
		if i >= warmUp {
			took = append(took, float64(d.Microseconds())/1000)
		}
		if err := rest(ctx); err != nil {
			return l, err
		}
	}
	slices.Sort(took)
	return latencies{P50: quantile(took, 0.5), P99: quantile(took, 0.99), Max: took[len(took)-1], N: len(took)}, nil
}

// rest waits a while, of no fixed length, so that no rhythm of the servers is kept.
func rest(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5*time.Millisecond + rand.N(15*time.Millisecond)): //nolint:gosec // any will do
		return nil
	}
}

// listen hears of every referral that is rewarded from now on.
func (w *world) listen(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, w.dsn)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, `
create or replace function bench_rewarded() returns trigger language plpgsql as $$
begin perform pg_notify('bench', new.id::text); return null; end $$;
create or replace trigger bench_rewarded after update on referrals
for each row when (new.status = 'rewarded') execute function bench_rewarded();
listen bench`)
	return conn, errors.Join(err, ctx.Err())
}

// one sends a purchase and waits for its reward.
func (w *world) one(ctx context.Context, s *sender, listener *pgx.Conn) (time.Duration, error) {
	person := w.mix.buyers.person(w.mix.made[purchase])
	msg := w.mix.event(purchase, w.mix.made[purchase])
	w.mix.made[purchase]++
	s.prepare(msg.Data)
	began := time.Now()
	if err := s.post(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		told, err := listener.WaitForNotification(ctx)
		if err != nil {
			return 0, fmt.Errorf("the reward of person %d was not heard of: %w", person, err)
		}
		if told.Payload == strconv.Itoa(person) {
			return time.Since(began), nil
		}
	}
}
