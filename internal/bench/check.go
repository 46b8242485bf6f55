package main

import (
	"context"
	"errors"
	"fmt"
)

var errMissing = errors.New("what was measured is not what was asked for")

// counts are how many rows there are of everything that a sign-up, a purchase or a refund writes.
type counts struct {
	Events, Users, Codes, SignUps, Customers, Payments, Objects    int64
	Referrals, Rewarded, Cancelled, Transitions, Transfers, Outbox int64
}

func (w *world) count(ctx context.Context) (c counts, err error) {
	err = w.pool.QueryRow(ctx, `select (select count(*) from events), (select count(*) from users), (select count(*) from codes),
		(select count(*) from sign_ups), (select count(*) from customers), (select count(*) from payments), (select count(*) from objects),
		count(*), count(*) filter (where status = 'rewarded'), count(*) filter (where status = 'cancelled'),
		(select count(*) from transitions), (select count(*) from transfers), (select coalesce(sum(count), 0) from outbox) from referrals`).
		Scan(&c.Events, &c.Users, &c.Codes, &c.SignUps, &c.Customers, &c.Payments, &c.Objects,
			&c.Referrals, &c.Rewarded, &c.Cancelled, &c.Transitions, &c.Transfers, &c.Outbox)
	return c, err
}

// after is what so many events make of the counts, each taken once.
func (c counts) after(of [kinds]int) counts {
	s, p, r := int64(of[signUp]), int64(of[purchase]), int64(of[refund])
	return counts{
		Events: c.Events + s + p + r, Users: c.Users + s, Codes: c.Codes + s, SignUps: c.SignUps + s,
		Customers: c.Customers + p, Payments: c.Payments + p, Objects: c.Objects + 2*p + r,
		Referrals: c.Referrals + s, Rewarded: c.Rewarded + p - r, Cancelled: c.Cancelled + r,
		Transitions: c.Transitions + s + 2*p + r, Transfers: c.Transfers + 2*p + 2*r, Outbox: c.Outbox + s + 4*p + 3*r,
	}
}

// checked measures, and fails unless everything was done, once, and in the same rows by whoever did it: a benchmark that
// loses half of its work is twice as fast. Without being told how many events of each kind there were, it goes by what
// only one kind does.
func (w *world) checked(ctx context.Context, of *[kinds]int, measure func(context.Context) (float64, error)) (float64, error) {
	before, err := w.count(ctx)
	if err != nil {
		return 0, err
	}
	rate, err := measure(ctx)
	if err != nil {
		return 0, err
	}
	have, err := w.count(ctx)
	if err != nil {
		return 0, err
	}
	if of == nil {
		of = &[kinds]int{
			signUp: int(have.Referrals - before.Referrals), purchase: int(have.Payments - before.Payments), refund: int(have.Cancelled - before.Cancelled),
		}
	}
	if want := before.after(*of); have != want {
		return 0, fmt.Errorf("%w: have %+v, want %+v", errMissing, have, want)
	}
	return rate, nil
}
