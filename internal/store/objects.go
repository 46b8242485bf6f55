package store

import (
	"context"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// findObjects asks which payments the objects belong to that are known.
func (t *txn) findObjects(q *db.Queries, keys []string) error {
	rows, err := q.FindObjects(t.ctx, keys)
	for _, o := range rows {
		t.books.known[o.Key] = o.PaymentID
		g := t.in.objects[o.Key].group.root()
		if g.payment == 0 || o.PaymentID < g.payment {
			g.payment = o.PaymentID
		}
	}
	return err
}

// newPayments are the groups of objects of which none is known.
func (t *txn) newPayments() (all []*group) {
	seen := make(map[*group]bool)
	for _, key := range keysOf(t.in.objects) {
		if g := t.in.objects[key].group.root(); g.payment == 0 && !seen[g] {
			seen[g] = true
			all = append(all, g)
		}
	}
	return all
}

// numberPayments gives each of them a number.
func (t *txn) numberPayments(q *db.Queries, groups []*group) error {
	ids, err := q.AllocatePayments(t.ctx, int32(len(groups)))
	for i, id := range ids {
		groups[i].payment = id
	}
	return err
}

// objectRows are the objects that are new.
func (t *txn) objectRows() (rows objectRows) {
	for _, key := range keysOf(t.in.objects) {
		if _, ok := t.books.known[key]; !ok {
			o := t.in.objects[key]
			rows.add(key, o.group.root().payment, o.evidence, t.names)
		}
	}
	return rows
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
		e.User = claimOf(r)
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
	if r.DisputeStatus != nil {
		e.Dispute = payment.DisputeState{
			Minor: deref(r.DisputeMinor), Status: payment.DisputeStatus(*r.DisputeStatus),
			At: derefTime(r.DisputeAt), Opened: derefTime(r.DisputeOpened),
		}
	}
	if r.Warning != nil {
		e.Warning = payment.WarningState{
			Known: true, Actionable: *r.Warning == actionable, At: derefTime(r.WarningAt), Opened: derefTime(r.WarningOpened),
		}
	}
	e.Card = string(r.Card)
	return e
}
