package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// bought is one payment, as far as it was paid and the buyer is known.
type bought struct {
	key             string
	who             person
	amount          money.Amount
	at              time.Time
	back            int64 // what was refunded
	disputed        bool
	inquiry, warned time.Time // zero for none
	card            string
}

func (p bought) net() int64 { return max(0, p.amount.Minor-p.back) }

// before says which of two payments was first.
func (p bought) before(o bought) bool {
	return cmp.Or(p.at.Compare(o.at), cmp.Compare(p.key, o.key)) < 0
}

// purchases are somebody's, the earliest first.
func (m *model) purchases(who person) (all []bought) {
	for _, p := range m.payments {
		if p.who == who {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(x, y bought) int {
		if x.before(y) {
			return -1
		}
		return 1
	})
	return all
}

// allPayments puts the objects together that any event names in one breath, and reads each payment from all that was
// reported of its objects.
func (m *model) allPayments() (all []bought) {
	group := make(map[string]string) // the smallest key that an object is known to be one with
	for again := true; again; {
		again = false
		for _, e := range m.events {
			if e.Sighting == nil {
				continue
			}
			least := ""
			for _, r := range e.Sighting.Reports {
				least = smallest(least, cmp.Or(group[r.Key], r.Key))
			}
			for _, r := range e.Sighting.Reports {
				if group[r.Key] != least {
					group[r.Key], again = least, true
				}
			}
		}
	}
	reports := make(map[string][]payment.Report)
	for _, e := range m.events {
		if e.Sighting != nil {
			for _, r := range e.Sighting.Reports {
				reports[group[r.Key]] = append(reports[group[r.Key]], r)
			}
		}
	}
	for key, about := range reports {
		if p, ok := m.read(about); ok {
			p.key = key
			all = append(all, p)
		}
	}
	return all
}

// read is what the reports on one payment come to.
func (m *model) read(about []payment.Report) (p bought, ok bool) {
	paid, ok := paidOf(about)
	if !ok {
		return p, false
	}
	p.amount, p.at = paid.Amount, paid.At
	if p.who, ok = m.buyer(about); !ok {
		return p, false
	}
	p.back = refundedOf(about)
	for _, r := range about {
		p.card = smallest(p.card, m.hashed(r.Evidence.Card))
	}
	p.disputed, p.inquiry = disputesOf(about)
	p.warned = warnedOf(about)
	return p, true
}

// believed are the objects whose amounts count, the most believable first. A charge's never does.
var believed = []payment.Kind{payment.Invoice, payment.Session, payment.Intent}

func paidOf(about []payment.Report) (paid payment.Paid, ok bool) {
	for _, kind := range slices.Backward(believed) {
		var first payment.Paid
		for _, r := range about {
			said := r.Evidence.Paid
			if r.Evidence.Kind != kind || said.Amount.Minor <= 0 {
				continue
			}
			earlier := cmp.Or(said.At.Compare(first.At), cmp.Compare(said.Amount.Minor, first.Amount.Minor),
				cmp.Compare(said.Amount.Currency, first.Amount.Currency)) < 0
			if first.Amount.Minor == 0 || earlier {
				first = said
			}
		}
		if first.Amount.Minor == 0 {
			continue
		}
		if ok && paid.At.Before(first.At) {
			first.At = paid.At
		}
		paid, ok = first, true
	}
	return paid, ok
}

// buyer is whom an object names, or else whom the customer is said to be.
func (m *model) buyer(about []payment.Report) (who person, known bool) {
	var best payment.Claim
	for _, r := range about {
		c := r.Evidence.User
		better := cmp.Or(cmp.Compare(c.Place, best.Place), c.At.Compare(best.At), cmp.Compare(c.UserID, best.UserID)) < 0
		if c.UserID != "" && (best.UserID == "" || better) {
			best = c
		}
	}
	if best.UserID != "" {
		return m.person(best.UserID, best.At), true
	}
	return m.tied(customerOf(about))
}

// customerOf is the payment's customer: the session's before the intent's, and so on.
func customerOf(about []payment.Report) (customer string) {
	var best payment.Report
	for _, r := range about {
		e := r.Evidence
		first := cmp.Or(cmp.Compare(e.Kind, best.Evidence.Kind), cmp.Compare(r.Key, best.Key), cmp.Compare(e.Customer, best.Evidence.Customer)) < 0
		if e.Customer != "" && (best.Evidence.Customer == "" || first) {
			best = r
		}
	}
	return best.Evidence.Customer
}

// tied is who a customer was first said to be.
func (m *model) tied(customer string) (who person, known bool) {
	var best payment.Claim
	note := func(said payment.Claim) {
		if best.UserID == "" || cmp.Or(said.At.Compare(best.At), cmp.Compare(said.UserID, best.UserID)) < 0 {
			best = said
		}
	}
	for _, e := range m.events {
		if e.Tie != nil && e.Tie.Customer == customer {
			note(payment.Claim{UserID: e.Tie.UserID, At: e.Tie.At})
		}
		if s := e.SignUp; s != nil && s.Customer != "" && m.Scope.Key(s.Customer) == customer {
			note(payment.Claim{UserID: s.UserID, At: s.RegisteredAt})
		}
	}
	if customer == "" || best.UserID == "" {
		return person{}, false
	}
	return m.person(best.UserID, best.At), true
}

// refundedOf is how much went back: by the charges' own count, less what failed to; or by the refunds that came through.
func refundedOf(about []payment.Report) int64 {
	counted := make(map[string]int64)
	last := make(map[string]payment.RefundState)
	for _, r := range about {
		counted[r.Key] = max(counted[r.Key], r.Evidence.Refunded)
		said, old := r.Evidence.Refund, last[r.Key]
		if cmp.Or(said.At.Compare(old.At), cmp.Compare(said.Status, old.Status), cmp.Compare(said.Minor, old.Minor)) > 0 {
			last[r.Key] = said
		}
	}
	var byCharge, byRefunds int64
	for _, minor := range counted {
		byCharge += minor
	}
	for _, s := range last {
		switch s.Status {
		case payment.RefundFailed, payment.RefundCanceled:
			byCharge -= s.Minor
		case payment.RefundSucceeded:
			byRefunds += s.Minor
		case payment.NoRefund, payment.RefundPending, payment.RefundRequiresAction:
		}
	}
	return max(byCharge, byRefunds)
}

// disputesOf says whether a dispute has the money, and when the latest inquiry was opened that is open.
func disputesOf(about []payment.Report) (disputed bool, inquiry time.Time) {
	last, opened := make(map[string]payment.DisputeState), make(map[string]time.Time)
	for _, r := range about {
		said, old := r.Evidence.Dispute, last[r.Key]
		if said.Status == payment.NoDispute {
			continue
		}
		if cmp.Or(said.At.Compare(old.At), cmp.Compare(said.Status, old.Status)) > 0 {
			last[r.Key] = said
		}
		opened[r.Key] = earlier(opened[r.Key], said.Opened)
	}
	for key, s := range last {
		switch s.Status {
		case payment.DisputeNeedsResponse, payment.DisputeUnderReview, payment.DisputeLost:
			disputed = true
		case payment.DisputeWarningNeedsResponse, payment.DisputeWarningUnderReview:
			inquiry = later(inquiry, opened[key])
		case payment.NoDispute, payment.DisputeWarningClosed, payment.DisputePrevented, payment.DisputeWon:
		}
	}
	return disputed, inquiry
}

// warnedOf is when the latest fraud warning was made that stands.
func warnedOf(about []payment.Report) (warned time.Time) {
	last, opened := make(map[string]payment.WarningState), make(map[string]time.Time)
	for _, r := range about {
		said, old := r.Evidence.Warning, last[r.Key]
		if !said.Known {
			continue
		}
		if !old.Known || said.At.After(old.At) || said.At.Equal(old.At) && !said.Actionable {
			last[r.Key] = said
		}
		opened[r.Key] = earlier(opened[r.Key], said.Opened)
	}
	for key, s := range last {
		if s.Actionable {
			warned = later(warned, opened[key])
		}
	}
	return warned
}

// smallest is the smaller of two texts, where an empty one is none.
func smallest(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// earlier and later choose between two times, where the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (m *model) hashed(card string) string {
	if card == "" {
		return ""
	}
	return m.Hashed(card)
}
