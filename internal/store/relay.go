package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/plusone-dev/plusone/db"
)

// Outbound is one event on its way out.
type Outbound struct {
	ID   string // the same at every delivery
	Type string // such as "referral.rewarded"
	Body []byte // the CloudEvent
}

// Relay hands the oldest events of the outbox, at most rows transactions' worth, to publish, and removes them when it
// returns nil. What fails to be removed is published again. It returns how many rows it removed: 0 also when another
// relay is at work.
func (s *Store) Relay(ctx context.Context, rows int, publish func(context.Context, []Outbound) error) (int, error) {
	sent := 0
	err := s.inTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		q := db.New(tx)
		if mine, err := q.TryLockOutbox(ctx); err != nil || !mine {
			return err
		}
		waiting, err := q.ListOutbox(ctx, int32(rows))
		if err != nil || len(waiting) == 0 {
			return err
		}
		var events []Outbound
		var ids []int64
		for _, row := range waiting {
			of, err := readOutbox(row.Events)
			if err != nil {
				return fmt.Errorf("store: outbox row %d: %w", row.ID, err)
			}
			events = append(events, of...)
			ids = append(ids, row.ID)
		}
		if err := publish(ctx, events); err != nil {
			return err
		}
		sent = len(ids)
		return q.DeleteOutbox(ctx, ids)
	})
	if err != nil {
		return 0, err
	}
	return sent, nil
}

func readOutbox(body []byte) ([]Outbound, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, err
	}
	events := make([]Outbound, 0, len(raw))
	for _, r := range raw {
		var head struct{ ID, Type string }
		if err := json.Unmarshal(r, &head); err != nil {
			return nil, err
		}
		events = append(events, Outbound{ID: head.ID, Type: head.Type, Body: r})
	}
	return events, nil
}

// OutboxLag says how many rows wait to be relayed, and how long the oldest has waited.
func (s *Database) OutboxLag(ctx context.Context) (rows int64, age time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	lag, err := db.New(s.pool).GetOutboxLag(ctx)
	return lag.Waiting, time.Duration(lag.Seconds * float64(time.Second)), err
}
