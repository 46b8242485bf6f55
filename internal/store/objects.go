package store

import (
	"context"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// placeObjects finds or gives each object its payment, and locks the objects that were there before.
func (t *txn) placeObjects(b *books) error {
	b.known = make(map[string]int64)
	if len(t.in.objects) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(t.in.objects))
	found, err := t.q.FindObjects(t.ctx, keys)
	if err != nil {
		return err
	}
	for _, o := range found {
		b.known[o.Key] = o.PaymentID
		g := t.in.objects[o.Key].group.root()
		if g.payment == 0 || o.PaymentID < g.payment {
			g.payment = o.PaymentID
		}
	}
	if err := t.numberPayments(keys); err != nil {
		return err
	}
	if err := t.insertObjects(b, keys); err != nil || len(found) == 0 {
		return err
	}
	_, err = t.q.LockObjects(t.ctx, slices.Sorted(maps.Keys(b.known)))
	return err
}

// numberPayments gives a number to each group of objects of which none was known.
func (t *txn) numberPayments(keys []string) error {
	var unplaced []*group
	for _, key := range keys {
		if g := t.in.objects[key].group.root(); g.payment == 0 {
			g.payment = -1
			unplaced = append(unplaced, g)
		}
	}
	if len(unplaced) == 0 {
		return nil
	}
	ids, err := t.q.AllocatePayments(t.ctx, int32(len(unplaced)))
	for i, id := range ids {
		unplaced[i].payment = id
	}
	return err
}

func (t *txn) insertObjects(b *books, keys []string) error {
	var rows objectRows
	for _, key := range keys {
		if _, ok := b.known[key]; !ok {
			o := t.in.objects[key]
			rows.add(key, o.group.root().payment, o.evidence, t.names)
		}
	}
	if len(rows.Key) == 0 {
		return nil
	}
	made, err := t.q.InsertObjects(t.ctx, rows.InsertObjectsParams)
	if err == nil && len(made) < len(rows.Key) {
		return &grownError{why: "an object was recorded by somebody else just now"}
	}
	return err
}

// loadObjects reads all that was known of the payments, joins it with what the batch says, and saves what is new.
func (t *txn) loadObjects(b *books) error {
	root := make(map[int64]int64)
	for id, p := range b.payments {
		for _, other := range append(p.merged, id) {
			root[other] = id
		}
	}
	stored := slices.Collect(maps.Keys(b.rows))
	if len(stored) == 0 {
		return nil
	}
	rows, err := listObjects(t.ctx, t.q, stored, root)
	if err != nil {
		return err
	}
	var changed objectRows
	for _, r := range rows {
		p := b.payments[root[r.PaymentID]]
		known := t.names.evidence(r)
		joined := known.Join(p.objects[r.Key])
		p.objects[r.Key] = joined
		if _, before := b.known[r.Key]; before && joined != known {
			changed.add(r.Key, r.PaymentID, joined, t.names)
		}
	}
	if len(changed.Key) == 0 {
		return nil
	}
	return t.later.queries().UpdateObjects(t.ctx, changed.update())
}

// listObjects reads all objects of payments: their own, and those of what was merged into them. root is told the payment
// that each number stands for.
func listObjects(ctx context.Context, q *db.Queries, payments []int64, root map[int64]int64) ([]db.ListObjectsRow, error) {
	chained, err := q.ListMerged(ctx, payments)
	if err != nil {
		return nil, err
	}
	for _, c := range chained {
		root[c.ID] = root[deref(c.MergedInto)]
		payments = append(payments, c.ID)
	}
	return q.ListObjects(ctx, sortedUnique(payments))
}

// evidence reads a stored object, and learns the numbers of the names in it.
func (n *names) evidence(r db.ListObjectsRow) payment.Evidence {
	e := payment.Evidence{Kind: payment.Kind(r.Kind), Refunded: r.Refunded}
	if r.UserID != nil {
		e.User = payment.Claim{UserID: deref(r.UserExternalID), At: derefTime(r.UserAt)}
		n.addUser(*r.UserID, e.User.UserID)
	}
	if r.CustomerID != nil {
		e.Customer = deref(r.CustomerKey)
		n.customer[e.Customer] = *r.CustomerID
	}
	if r.Gross != nil {
		e.Paid = payment.Paid{Amount: money.New(money.Currency(deref(r.Currency)), *r.Gross), At: derefTime(r.PaidAt)}
	}
	if r.RefundStatus != 0 {
		e.Refund = payment.RefundState{Minor: r.RefundMinor, Status: payment.RefundStatus(r.RefundStatus), At: derefTime(r.RefundAt)}
	}
	return e
}
