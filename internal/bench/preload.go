package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// filling is how one table is filled: rows 1 to n.
type filling struct {
	name    string
	columns []string
	n       int
	row     func(i int) []any
}

// preload fills the database with the population by COPY, as plusone would have written it.
func preload(ctx context.Context, pool *pgxpool.Pool, p population, progress io.Writer) error {
	for _, t := range p.tables() {
		began := time.Now()
		i := 0
		_, err := pool.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i > t.n {
				return nil, nil
			}
			return t.row(i), nil
		}))
		if err != nil {
			return fmt.Errorf("preload %s: %w", t.name, err)
		}
		fmt.Fprintf(progress, "  %-12s %9d rows, %s\n", t.name, t.n, time.Since(began).Round(100*time.Millisecond))
	}
	for _, statement := range []string{
		"select setval(pg_get_serial_sequence('users', 'id'), (select max(id) from users))",
		"select setval(pg_get_serial_sequence('codes', 'id'), (select max(id) from codes))",
		"select setval(pg_get_serial_sequence('customers', 'id'), (select max(id) from customers))",
		"select setval(pg_get_serial_sequence('payments', 'id'), (select max(id) from payments))",
		"select setval(pg_get_serial_sequence('referrals', 'id'), (select max(id) from referrals))",
		"vacuum (analyze)",
		"checkpoint",
	} {
		if _, err := pool.Exec(ctx, statement); err != nil {
			return fmt.Errorf("preload: %s: %w", statement, err)
		}
	}
	return nil
}

func (p population) tables() []filling {
	all, buyers := p.people+p.referrers, p.people/10
	at, paid := p.began, p.began.Add(24*time.Hour)
	buyer := func(i int) int { return p.pending() + i }
	return []filling{
		{"users", []string{"id", "external_id", "registered_at", "sign_up_event", "sign_up_code", "program_id", "username", "traced"}, all, func(i int) []any {
			var code any
			if i <= p.people {
				code = int64(p.referrer(i))
			}
			return []any{int64(i), userName(i), at, signUpEvent(i), code, int64(1), "person " + userName(i), false}
		}},
		{"codes", []string{"id", "code", "owner_id", "program_id", "max_uses", "granted"}, all, func(i int) []any {
			granted := int32(0)
			if i > p.people {
				granted = int32(buyers / p.referrers)
			}
			return []any{int64(i), codeName(i), int64(i), int64(1), int32(0), granted}
		}},
		{"sign_ups", []string{"user_id", "code_id", "registered_at", "event_key", "waiting"}, p.people, func(i int) []any {
			return []any{int64(i), int64(p.referrer(i)), at, signUpEvent(i), false}
		}},
		{"events", []string{"key", "recorded_at"}, all, func(i int) []any { return []any{signUpEvent(i), at} }},
		{"customers", []string{"id", "key", "user_id", "tied_at"}, buyers, func(i int) []any {
			return []any{int64(i), customerKey(i), int64(buyer(i)), paid}
		}},
		{"payments", []string{"id", "key", "user_id", "named", "customer_id", "currency", "gross", "paid_at"}, buyers, func(i int) []any {
			return []any{int64(i), sessionKey(i), int64(buyer(i)), true, int64(i), "usd", int64(price), paid}
		}},
		{"objects", []string{"key", "payment_id", "kind", "user_id", "user_at", "customer_id", "currency", "gross", "paid_at"}, buyers, func(i int) []any {
			return []any{sessionKey(i), int64(i), int16(1), int64(buyer(i)), paid, int64(i), "usd", int64(price), paid}
		}},
		{"objects", []string{"key", "payment_id", "kind"}, buyers, func(i int) []any { return []any{intentKey(i), int64(i), int16(0)} }},
		{"referrals", []string{"id", "program_id", "code_id", "referrer_id", "referee_id", "registered_at", "window_ends", "status", "slot",
			"payment_id", "transitions", "transfers", "changed_at"}, p.people, p.referralRow},
		{"transitions", []string{"referral_id", "n", "to_status", "at", "cause"}, p.people, func(i int) []any {
			return []any{int64(i), int32(1), "pending", at, signUpEvent(i)}
		}},
		{"transitions", []string{"referral_id", "n", "from_status", "to_status", "at", "cause"}, buyers, func(i int) []any {
			return []any{int64(buyer(i)), int32(2), "pending", "qualified", paid, "preloaded"}
		}},
		{"transitions", []string{"referral_id", "n", "from_status", "to_status", "at", "cause"}, buyers, func(i int) []any {
			return []any{int64(buyer(i)), int32(3), "qualified", "rewarded", paid, "preloaded"}
		}},
		{"transfers", transferColumns, buyers, func(i int) []any {
			return []any{int64(buyer(i)), int32(1), "granted", "referrer", int64(-1), int64(p.referrer(buyer(i))), "usd", int64(reward), paid, "preloaded"}
		}},
		{"transfers", transferColumns, buyers, func(i int) []any {
			return []any{int64(buyer(i)), int32(2), "granted", "referee", int64(-1), int64(buyer(i)), "usd", int64(reward), paid, "preloaded"}
		}},
		{"balances", []string{"user_id", "currency", "minor"}, buyers, func(i int) []any { return []any{int64(buyer(i)), "usd", int64(reward)} }},
		{"balances", []string{"user_id", "currency", "minor"}, p.referrers, func(i int) []any {
			return []any{int64(p.people + i), "usd", int64(reward * buyers / p.referrers)}
		}},
	}
}

var transferColumns = []string{"referral_id", "n", "kind", "leg", "debit", "credit", "currency", "minor", "at", "cause"}

// The price of everything that is bought here, and what each side is rewarded with, in cents: the default terms.
const (
	price  = 3000
	reward = 1000
)

func signUpEvent(i int) string { return "ce:6:/bench:" + userName(i) }

func (p population) referralRow(i int) []any {
	status, slot, transitions, transfers, changed := "pending", int32(0), int32(1), int32(0), p.began
	var payment any
	if p.bought(i) {
		status, slot, transitions, transfers, changed = "rewarded", int32((p.payment(i)-1)/p.referrers+1), 3, 2, p.began.Add(24*time.Hour)
		payment = int64(p.payment(i))
	}
	return []any{int64(i), int64(1), int64(p.referrer(i)), int64(p.referrer(i)), int64(i), p.began, p.windowEnds, status, slot,
		payment, transitions, transfers, changed}
}
