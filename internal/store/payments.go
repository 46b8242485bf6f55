package store

import (
	"cmp"
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// paymentState is one payment in the making: what the batch and the database know of it.
type paymentState struct {
	row     *db.Payment // as it is stored; nil for a new one
	objects map[string]payment.Evidence
	merged  []int64 // other payments that turned out to be this one
	users   []int64 // whose it was before
	cause   string

	derived payment.Payment // what it amounts to now
	changed bool            // which is not what is stored
}

// books is what recordPayments works on.
type books struct {
	known     map[string]int64 // the payment of each object that was there before
	rows      map[int64]db.Payment
	payments  map[int64]*paymentState // by the root's number
	customers map[string]*customer
}

func newBooks() *books {
	return &books{
		known: make(map[string]int64), rows: make(map[int64]db.Payment), payments: make(map[int64]*paymentState),
		customers: make(map[string]*customer),
	}
}

// recordPayments records what the batch says of Stripe's objects, puts together what turns out to be one payment, ties
// customers to users, and derives every payment that is concerned anew.
func (t *txn) recordPayments() error {
	if len(t.in.objects) == 0 && len(t.in.ties) == 0 && len(t.also.payments) == 0 {
		return nil
	}
	b := t.books
	for _, step := range []func(*books) error{
		t.lockPayments, t.mergeGroups, t.loadObjects, t.lockCustomers, t.tieCustomers, t.derivePayments,
	} {
		if err := step(b); err != nil {
			return err
		}
	}
	return nil
}

// lockPayments locks the objects that were known, their payments, and those asked for by an earlier attempt.
func (t *txn) lockPayments(b *books) error {
	var rows []db.Payment
	err := t.together(
		ask(keysOf(b.known), func(q *db.Queries, keys []string) error {
			_, err := q.LockObjects(t.ctx, keys)
			return err
		}),
		ask(sortedUnique(append(valuesOf(b.known), t.also.payments...)), func(q *db.Queries, ids []int64) (err error) {
			rows, err = q.LockPayments(t.ctx, ids)
			return err
		}),
	)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.rows[r.ID] = r
	}
	for _, r := range rows {
		if _, ok := b.rows[deref(r.MergedInto)]; r.MergedInto != nil && !ok {
			return &grownError{why: "a payment was merged just now"}
		}
	}
	for _, r := range rows {
		if r.MergedInto == nil {
			b.payments[r.ID] = &paymentState{row: &r, objects: make(map[string]payment.Evidence), users: []int64{deref(r.UserID)}}
		}
	}
	return nil
}

// root is the payment that a number stands for today.
func (b *books) root(id int64) int64 {
	if r, ok := b.rows[id]; ok && r.MergedInto != nil {
		return *r.MergedInto
	}
	return id
}

// mergeGroups makes one payment of those that the batch ties together: the one with the smallest number.
func (t *txn) mergeGroups(b *books) error {
	into := make(map[int64]int64)
	find := func(id int64) int64 {
		for into[id] != 0 {
			id = into[id]
		}
		return id
	}
	for _, key := range slices.Sorted(maps.Keys(b.known)) {
		x, y := find(b.root(b.known[key])), find(b.root(t.in.objects[key].group.root().payment))
		if x != y {
			into[max(x, y)] = min(x, y)
		}
	}
	for id := range into {
		p, root := b.payments[id], b.payments[find(id)]
		root.merged = append(root.merged, id)
		root.users = append(root.users, p.users...)
		delete(b.payments, id)
	}
	for _, key := range slices.Sorted(maps.Keys(t.in.objects)) {
		o := t.in.objects[key]
		id := find(b.root(o.group.root().payment))
		p := b.payments[id]
		if p == nil {
			p = &paymentState{objects: make(map[string]payment.Evidence)}
			b.payments[id] = p
		}
		p.objects[key] = o.evidence
		p.cause = o.cause
	}
	return nil
}

// derivePayments says what each payment amounts to now, and notes whose referrals that may change.
func (t *txn) derivePayments(b *books) error {
	var insert, update paymentRows
	var merge db.MergePaymentsParams
	ties := func(key string) string {
		if c := b.customers[key]; c != nil {
			return c.claim.UserID
		}
		return ""
	}
	for _, id := range slices.Sorted(maps.Keys(b.payments)) {
		p := b.payments[id]
		derived := payment.Derive(p.list(), ties)
		for _, other := range p.merged {
			merge.ID, merge.IntoID = append(merge.ID, other), append(merge.IntoID, id)
		}
		switch {
		case p.row == nil:
			insert.add(id, derived, t.names)
		case !t.names.same(*p.row, derived):
			update.add(id, derived, t.names)
		case len(p.merged) == 0:
			continue // nothing new
		}
		t.noteCards(p, derived, b)
		p.derived, p.changed = derived, true
		p.cause = t.orLast(cmp.Or(p.cause, t.in.ties[derived.Customer].cause))
		for _, user := range append(p.users, t.names.user[derived.UserID]) {
			t.touch(user, p.cause)
			t.bought[user] = append(append(t.bought[user], id), p.merged...)
		}
	}
	return t.savePayments(insert, update, merge)
}

func (t *txn) savePayments(insert, update paymentRows, merge db.MergePaymentsParams) error {
	q := t.later.queries()
	if len(merge.ID) > 0 {
		if err := q.MergePayments(t.ctx, merge); err != nil {
			return err
		}
	}
	if len(insert.ID) > 0 {
		if err := q.InsertPayments(t.ctx, insert.InsertPaymentsParams); err != nil {
			return err
		}
	}
	if len(update.ID) > 0 {
		return q.UpdatePayments(t.ctx, db.UpdatePaymentsParams(update.InsertPaymentsParams))
	}
	return nil
}

func (p *paymentState) list() []payment.Object {
	all := make([]payment.Object, 0, len(p.objects))
	for _, key := range slices.Sorted(maps.Keys(p.objects)) {
		all = append(all, payment.Object{Key: key, Evidence: p.objects[key]})
	}
	return all
}

// same says whether a payment is stored just as it was derived.
func (n *names) same(r db.Payment, p payment.Payment) bool {
	return r.Key == p.Key && deref(r.UserID) == n.user[p.UserID] && r.Named == p.Named &&
		deref(r.CustomerID) == n.customer[p.Customer] && money.Currency(deref(r.Currency)) == p.Paid.Amount.Currency &&
		deref(r.Gross) == p.Paid.Amount.Minor && derefTime(r.PaidAt).Equal(p.Paid.At) && r.Refunded == p.Refunded &&
		string(r.Card) == p.Card && payment.Disputed(r.Disputed) == p.Disputed &&
		derefTime(r.InquiryAt).Equal(p.InquiryAt) && derefTime(r.WarnedAt).Equal(p.WarnedAt)
}
