package store

import (
	"context"
	"fmt"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/payment"
)

// payments derives a page of payments anew from their objects, and holds what they are credited against what they are worth.
func (v *verifier) payments(ctx context.Context, q *db.Queries, after int64) (last int64, rows int, err error) {
	page, err := q.ListPaymentsAfter(ctx, db.ListPaymentsAfterParams{AfterID: after, Most: v.most})
	if err != nil || len(page) == 0 {
		return after, 0, err
	}
	known := newNames()
	objects, ties, err := witnesses(ctx, q, &known, page)
	if err != nil {
		return after, 0, err
	}
	for _, r := range page {
		derived := payment.Derive(objects[r.ID], func(key string) string { return ties[key] })
		if !known.same(r, derived) {
			v.report(Finding{
				CheckPayments, fmt.Sprintf("payment %d (%s)", r.ID, r.Key),
				fmt.Sprintf("stored as %s, but its objects amount to %+v", storedPayment(r), derived),
			})
		}
	}
	return page[len(page)-1].ID, len(page), v.credits(ctx, q, page)
}

// witnesses reads all objects of payments, and the users that their customers are.
func witnesses(ctx context.Context, q *db.Queries, known *names, page []db.Payment) (map[int64][]payment.Object, map[string]string, error) {
	root := make(map[int64]int64, len(page))
	for _, r := range page {
		root[r.ID] = r.ID
	}
	rows, err := listObjects(ctx, q, keysOf(root), root)
	if err != nil {
		return nil, nil, err
	}
	objects := make(map[int64][]payment.Object)
	for _, r := range rows {
		id := root[r.PaymentID]
		objects[id] = append(objects[id], payment.Object{Key: r.Key, Evidence: known.evidence(r)})
	}
	customers, err := q.GetCustomers(ctx, valuesOf(known.customer))
	ties := make(map[string]string)
	for _, c := range customers {
		if c.UserID != nil {
			ties[c.Key] = nameOf(*c.UserID, c.ExternalID)
			known.addUser(*c.UserID, ties[c.Key])
		}
	}
	return objects, ties, err
}

func storedPayment(r db.Payment) string {
	return fmt.Sprintf("{user %d named %t customer %d gross %d %s at %s refunded %d disputed %d inquiry %s warned %s}", deref(r.UserID), r.Named,
		deref(r.CustomerID), deref(r.Gross), deref(r.Currency), derefTime(r.PaidAt), r.Refunded, r.Disputed,
		derefTime(r.InquiryAt), derefTime(r.WarnedAt))
}
