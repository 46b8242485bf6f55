package store

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/db"
	"github.com/plusone-dev/plusone/internal/payment"
)

// objectRows are objects as the arrays a statement takes. Zero values stand for null.
type objectRows struct{ db.InsertObjectsParams }

func (r *objectRows) add(key string, paymentID int64, e payment.Evidence, n names) {
	r.Key = append(r.Key, key)
	r.PaymentID = append(r.PaymentID, paymentID)
	r.Kind = append(r.Kind, int16(e.Kind))
	r.UserID = append(r.UserID, n.user[e.User.UserID])
	r.UserAt = append(r.UserAt, e.User.At)
	r.CustomerID = append(r.CustomerID, n.customer[e.Customer])
	r.Currency = append(r.Currency, string(e.Paid.Amount.Currency))
	r.Gross = append(r.Gross, e.Paid.Amount.Minor)
	r.PaidAt = append(r.PaidAt, e.Paid.At)
	r.Refunded = append(r.Refunded, e.Refunded)
	r.RefundMinor = append(r.RefundMinor, e.Refund.Minor)
	r.RefundStatus = append(r.RefundStatus, int16(e.Refund.Status))
	r.RefundAt = append(r.RefundAt, e.Refund.At)
	r.UserPlace = append(r.UserPlace, int16(e.User.Place))
	r.Card = append(r.Card, []byte(e.Card))
	r.DisputeMinor = append(r.DisputeMinor, e.Dispute.Minor)
	r.DisputeStatus = append(r.DisputeStatus, int16(e.Dispute.Status))
	r.DisputeAt = append(r.DisputeAt, e.Dispute.At)
	r.DisputeOpened = append(r.DisputeOpened, e.Dispute.Opened)
	r.Warning = append(r.Warning, warningCode(e.Warning))
	r.WarningAt = append(r.WarningAt, e.Warning.At)
	r.WarningOpened = append(r.WarningOpened, e.Warning.Opened)
}

// warningCode is how a statement is told of a warning: 0 for none, 1 for one that can not be acted on, 2 for one that can.
func warningCode(w payment.WarningState) int16 {
	switch {
	case !w.Known:
		return 0
	case !w.Actionable:
		return 1
	}
	return actionable
}

const actionable = 2

func (r *objectRows) update() db.UpdateObjectsParams {
	return db.UpdateObjectsParams{
		Key: r.Key, Kind: r.Kind, UserID: r.UserID, UserAt: r.UserAt, CustomerID: r.CustomerID,
		Currency: r.Currency, Gross: r.Gross, PaidAt: r.PaidAt, Refunded: r.Refunded,
		RefundMinor: r.RefundMinor, RefundStatus: r.RefundStatus, RefundAt: r.RefundAt,
		UserPlace: r.UserPlace, Card: r.Card, DisputeMinor: r.DisputeMinor, DisputeStatus: r.DisputeStatus,
		DisputeAt: r.DisputeAt, DisputeOpened: r.DisputeOpened, Warning: r.Warning, WarningAt: r.WarningAt,
		WarningOpened: r.WarningOpened,
	}
}

// paymentRows are payments as the arrays a statement takes.
type paymentRows struct{ db.InsertPaymentsParams }

func (r *paymentRows) add(id int64, p payment.Payment, n names) {
	r.ID = append(r.ID, id)
	r.Key = append(r.Key, p.Key)
	r.UserID = append(r.UserID, n.user[p.UserID])
	r.Named = append(r.Named, p.Named)
	r.CustomerID = append(r.CustomerID, n.customer[p.Customer])
	r.Currency = append(r.Currency, string(p.Paid.Amount.Currency))
	r.Gross = append(r.Gross, p.Paid.Amount.Minor)
	r.PaidAt = append(r.PaidAt, p.Paid.At)
	r.Refunded = append(r.Refunded, p.Refunded)
	r.Card = append(r.Card, []byte(p.Card))
	r.Disputed = append(r.Disputed, int16(p.Disputed))
	r.InquiryAt = append(r.InquiryAt, p.InquiryAt)
	r.WarnedAt = append(r.WarnedAt, p.WarnedAt)
}

func sortedUnique[T cmp.Ordered](all []T) []T {
	all = slices.Clone(all)
	slices.Sort(all)
	return slices.Compact(all)
}

func keysOf[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func valuesOf[K comparable, V cmp.Ordered](m map[K]V) []V { return slices.Sorted(maps.Values(m)) }

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func derefTime(p *time.Time) time.Time { return deref(p).UTC() }
