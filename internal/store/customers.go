package store

import (
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/payment"
)

type customer struct {
	id    int64
	claim payment.Claim
}

// lockCustomers locks the Stripe customers of the batch and of the payments.
func (t *txn) lockCustomers(b *books) error {
	var known []int64
	for key, id := range t.names.customer {
		if t.names.newCustomer[id] {
			b.customers[key] = &customer{id: id, claim: t.in.ties[key].Claim}
			continue
		}
		known = append(known, id)
	}
	return t.together(
		ask(sortedUnique(known), func(q *db.Queries, ids []int64) error {
			_, err := q.LockCustomers(t.ctx, ids)
			return err
		}),
		ask(sortedUnique(known), func(q *db.Queries, ids []int64) error { return t.readCustomers(q, ids, b) }),
	)
}

func (t *txn) readCustomers(q *db.Queries, ids []int64, b *books) error {
	rows, err := q.GetCustomers(t.ctx, ids)
	for _, r := range rows {
		c := &customer{id: r.ID}
		if r.UserID != nil {
			c.claim = payment.Claim{UserID: nameOf(*r.UserID, r.ExternalID), At: derefTime(r.TiedAt)}
			t.names.addUser(*r.UserID, c.claim.UserID)
		}
		b.customers[r.Key] = c
	}
	return err
}

// tieCustomers records who the customers are. Payments that are somebody's only by such a tie must all be locked.
func (t *txn) tieCustomers(b *books) error {
	var save db.SaveTiesParams
	for _, key := range slices.Sorted(maps.Keys(t.in.ties)) {
		c, tie := b.customers[key], t.in.ties[key]
		if payment.FirstClaim(c.claim, tie.Claim) == c.claim {
			continue
		}
		c.claim = tie.Claim
		save.Ids = append(save.Ids, c.id)
		save.UserID = append(save.UserID, t.names.user[tie.UserID])
		save.TiedAt = append(save.TiedAt, tie.At)
	}
	if len(save.Ids) == 0 {
		return nil
	}
	concerned, err := t.q.ListPaymentsByTie(t.ctx, save.Ids)
	if err != nil {
		return err
	}
	var missing []int64
	for _, id := range concerned {
		if _, locked := b.rows[id]; !locked {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		return &grownError{more: extra{payments: missing}, why: "payments of a customer who is now known"}
	}
	return t.later.queries().SaveTies(t.ctx, save)
}
