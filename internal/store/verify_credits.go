package store

import (
	"context"
	"fmt"

	"github.com/plusone-dev/plusone/db"
)

// credits holds what is posted for a page of payments, and for those that were merged into them, against what each is worth.
func (v *verifier) credits(ctx context.Context, q *db.Queries, page []db.Payment) error {
	buyers, places, err := buyersOf(ctx, q, page)
	if err != nil {
		return err
	}
	book, err := v.reader.book(ctx, q)
	if err != nil {
		return err
	}
	now, err := v.reader.now(ctx, q)
	if err != nil {
		return err
	}
	var all []*credited
	var ids []int64
	late := make(map[int64]bool)
	for _, r := range page {
		ids = append(ids, r.ID)
		all = append(all, &credited{payment: r.ID, count: r.Credits, worth: book.worth(buyers[deref(r.UserID)], storedPurchase(r))})
		if place, behind := places[deref(r.UserID)]; behind {
			late[r.ID] = place.before(r) && now.Sub(place.Since) <= clockMayLag
		}
	}
	merged, err := q.ListMerged(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range merged {
		all = append(all, &credited{payment: r.ID, count: r.Credits})
	}
	if err := loadCredits(ctx, q, all); err != nil {
		return err
	}
	for _, c := range all {
		c.verify(late[c.payment], v.report)
	}
	return nil
}

// buyersOf reads who bought, and how far the clock has come with those who are behind.
func buyersOf(ctx context.Context, q *db.Queries, page []db.Payment) (map[int64]*user, map[int64]place, error) {
	buyers, places := make(map[int64]*user), make(map[int64]place)
	for _, r := range page {
		if r.UserID != nil {
			buyers[*r.UserID] = nil
		}
	}
	ids := keysOf(buyers)
	users, err := q.GetUsers(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, u := range users {
		buyers[u.ID] = readUser(u)
	}
	rows, err := q.ListPlaces(ctx, ids)
	for _, r := range rows {
		places[r.UserID] = place(r)
	}
	return buyers, places, err
}

// place is how far the clock has come with the purchases of somebody who is behind.
type place db.CreditBacklog

// before says whether a payment is still to come.
func (p place) before(r db.Payment) bool {
	at := derefTime(r.PaidAt)
	return at.After(p.PaidAt) || (at.Equal(p.PaidAt) && r.Key > p.Key)
}

// verify holds what is posted against what is owed, unless the clock is on its way to it.
func (c *credited) verify(late bool, report func(Finding)) {
	subject := fmt.Sprintf("payment %d", c.payment)
	if int(c.count) != len(c.posted) {
		report(Finding{CheckPosted, subject, fmt.Sprintf("counts %d transfers, has %d", c.count, len(c.posted))})
	}
	for i, p := range c.posted {
		if p.N != i+1 {
			report(Finding{CheckPosted, subject, fmt.Sprintf("transfer %d is missing", i+1)})
			break
		}
	}
	if late {
		return
	}
	if err := c.settle(); err != nil || len(c.post) > 0 {
		report(Finding{CheckPosted, subject, fmt.Sprintf("still to post: %+v %v", c.post, err)})
	}
}
