package store

import (
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// paymentState is one payment in the making: what the batch and the database know of it.
type paymentState struct {
	id      int64
	row     *db.Payment // as it is stored; nil for a new one
	objects map[string]payment.Evidence
	merged  []int64 // other payments that turned out to be this one
	users   []int64 // whose it was before
	cause   string
}

// books is what recordPayments works on.
type books struct {
	known     map[string]int64 // the payment of each object that was there before
	rows      map[int64]db.Payment
	payments  map[int64]*paymentState // by the root's number
	customers map[string]*customer
}

type customer struct {
	id    int64
	claim payment.Claim
}

// recordPayments records what the batch says of Stripe's objects, puts together what turns out to be one payment, ties
// customers to users, and derives every payment that is concerned anew.
func (t *txn) recordPayments() error {
	if len(t.in.objects) == 0 && len(t.in.ties) == 0 && len(t.also.payments) == 0 {
		return nil
	}
	b := &books{payments: make(map[int64]*paymentState), customers: make(map[string]*customer)}
	for _, step := range []func(*books) error{
		t.placeObjects, t.lockPayments, t.mergeGroups, t.loadObjects, t.lockCustomers, t.tieCustomers, t.derivePayments,
	} {
		if err := step(b); err != nil {
			return err
		}
	}
	return nil
}

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

// lockPayments locks the payments of the objects that were known, and those asked for by an earlier attempt.
func (t *txn) lockPayments(b *books) error {
	b.rows = make(map[int64]db.Payment)
	ids := append(slices.Collect(maps.Values(b.known)), t.also.payments...)
	if len(ids) == 0 {
		return nil
	}
	rows, err := t.q.LockPayments(t.ctx, sortedUnique(ids))
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
			b.payments[r.ID] = &paymentState{id: r.ID, row: &r, objects: make(map[string]payment.Evidence), users: []int64{deref(r.UserID)}}
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
			p = &paymentState{id: id, objects: make(map[string]payment.Evidence)}
			b.payments[id] = p
		}
		p.objects[key] = o.evidence
		p.cause = o.cause
	}
	return nil
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
	chained, err := t.q.ListMerged(t.ctx, stored)
	if err != nil {
		return err
	}
	for _, c := range chained {
		root[c.ID] = root[deref(c.MergedInto)]
		stored = append(stored, c.ID)
	}
	rows, err := t.q.ListObjects(t.ctx, sortedUnique(stored))
	if err != nil {
		return err
	}
	var changed objectRows
	for _, r := range rows {
		p := b.payments[root[r.PaymentID]]
		known := t.evidenceOf(r)
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

// lockCustomers locks the Stripe customers of the batch and of the payments.
func (t *txn) lockCustomers(b *books) error {
	ids := slices.Collect(maps.Values(t.names.customer))
	if len(ids) == 0 {
		return nil
	}
	if _, err := t.q.LockCustomers(t.ctx, sortedUnique(ids)); err != nil {
		return err
	}
	rows, err := t.q.GetCustomers(t.ctx, sortedUnique(ids))
	for _, r := range rows {
		c := &customer{id: r.ID}
		if r.UserID != nil {
			c.claim = payment.Claim{UserID: deref(r.ExternalID), At: derefTime(r.TiedAt)}
			t.names.addUser(*r.UserID, deref(r.ExternalID))
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
		case !t.same(*p.row, derived):
			update.add(id, derived, t.names)
		case len(p.merged) == 0:
			continue // nothing new
		}
		cause := p.cause
		if cause == "" {
			cause = t.in.ties[derived.Customer].cause
		}
		for _, user := range append(p.users, t.names.user[derived.UserID]) {
			t.touch(user, cause)
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
func (t *txn) same(r db.Payment, p payment.Payment) bool {
	return r.Key == p.Key && deref(r.UserID) == t.names.user[p.UserID] && r.Named == p.Named &&
		deref(r.CustomerID) == t.names.customer[p.Customer] && money.Currency(deref(r.Currency)) == p.Paid.Amount.Currency &&
		deref(r.Gross) == p.Paid.Amount.Minor && derefTime(r.PaidAt).Equal(p.Paid.At) && r.Refunded == p.Refunded
}

// evidenceOf reads a stored object, and learns the numbers of the names in it.
func (t *txn) evidenceOf(r db.ListObjectsRow) payment.Evidence {
	e := payment.Evidence{Kind: payment.Kind(r.Kind), Refunded: r.Refunded}
	if r.UserID != nil {
		e.User = payment.Claim{UserID: deref(r.UserExternalID), At: derefTime(r.UserAt)}
		t.names.addUser(*r.UserID, e.User.UserID)
	}
	if r.CustomerID != nil {
		e.Customer = deref(r.CustomerKey)
		t.names.customer[e.Customer] = *r.CustomerID
	}
	if r.Gross != nil {
		e.Paid = payment.Paid{Amount: money.New(money.Currency(deref(r.Currency)), *r.Gross), At: derefTime(r.PaidAt)}
	}
	if r.RefundStatus != 0 {
		e.Refund = payment.RefundState{Minor: r.RefundMinor, Status: payment.RefundStatus(r.RefundStatus), At: derefTime(r.RefundAt)}
	}
	return e
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func derefTime(p *time.Time) time.Time { return deref(p).UTC() }
