package payment

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Object is a Stripe object and all that is known of it.
type Object struct {
	Key      string
	Evidence Evidence
}

// Payment is what the objects of one payment amount to.
type Payment struct {
	// Key is the smallest key among the objects. It orders payments of the same second in a way that does not depend on
	// which of them arrived first.
	Key      string
	UserID   string // the buyer; empty while nobody is known to be
	Named    bool   // an object names the buyer itself; otherwise they are known by their Stripe customer, if at all
	Customer string // the key of the Stripe customer; empty for a guest
	Paid     Paid   // the gross amount and when it was paid; zero while nothing was
	Refunded int64  // so far, in minor units of Paid's currency; may exceed the gross when Stripe's reports disagree
	// Disputed says that a dispute has withdrawn the money: for now, or Lost for good. One that was won has not.
	Disputed Disputed
	// InquiryAt and WarnedAt are when the latest inquiry that is still open, and the latest fraud warning that still
	// stands, were made; zero when there is none.
	InquiryAt, WarnedAt time.Time
	Card                string // as in Evidence; of several the smallest
}

// Disputed says how disputes have left a payment.
type Disputed int16

// The states of a payment's disputes.
const (
	Undisputed Disputed = iota
	Withdrawn
	Lost
)

// Derive puts the witnesses of one payment together. ties says which user a Stripe customer is, or "".
//
// What was paid is taken from the invoice before the session before the intent; when, from whichever is earliest; by whom,
// from the claim that stands among all. The result does not depend on the order of the objects.
func Derive(objects []Object, ties func(customer string) string) Payment {
	objects = slices.Clone(objects)
	slices.SortFunc(objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Evidence.Kind.believed(), b.Evidence.Kind.believed()), cmp.Compare(a.Key, b.Key))
	})
	var p Payment
	for _, o := range objects {
		if p.Key == "" || o.Key < p.Key {
			p.Key = o.Key
		}
		if p.Customer == "" {
			p.Customer = o.Evidence.Customer
		}
		p.Card = smaller(p.Card, o.Evidence.Card)
	}
	p.UserID = buyer(objects)
	p.Named = p.UserID != ""
	if !p.Named && p.Customer != "" {
		p.UserID = ties(p.Customer)
	}
	p.Paid = paid(objects)
	p.Refunded = refunded(objects)
	p.Disputed, p.InquiryAt = disputed(objects)
	p.WarnedAt = warned(objects)
	return p
}

// buyer is whom the objects name.
func buyer(objects []Object) string {
	var best Claim
	for _, o := range objects {
		best = FirstClaim(best, o.Evidence.User)
	}
	return best.UserID
}

// paid is the amount of the most believable kind, at the earliest time that any kind gives.
func paid(sorted []Object) Paid {
	var best Paid
	var kind Kind
	for _, o := range sorted {
		report := o.Evidence.Paid
		if report.none() || !o.Evidence.Kind.statesPayment() {
			continue
		}
		at := best.At
		switch {
		case best.none():
			best, kind, at = report, o.Evidence.Kind, report.At
		case o.Evidence.Kind == kind:
			best = firstPaid(best, report)
		}
		best.At = earlier(at, report.At)
	}
	return best
}

// refunded is the larger of two ways to count: the charge's cumulative figure without the refunds that failed or were
// canceled, and the sum of the refunds that succeeded. Either family of events may be missing or late.
// Whether Stripe lowers a charge's figure when a refund fails is not documented; taking the larger serves both.
func refunded(objects []Object) int64 {
	var cumulative, undone, succeeded int64
	for _, o := range objects {
		cumulative = saturate(cumulative, o.Evidence.Refunded)
		switch o.Evidence.Refund.Status {
		case RefundSucceeded:
			succeeded = saturate(succeeded, o.Evidence.Refund.Minor)
		case RefundFailed, RefundCanceled:
			undone = saturate(undone, o.Evidence.Refund.Minor)
		case NoRefund, RefundPending, RefundRequiresAction:
		}
	}
	return max(cumulative-undone, succeeded)
}

// disputed says how its disputes have left a payment, and when the latest inquiry that is still open was made. One lost
// is lost, whatever became of the others; one that was won, or prevented, is as if it had never been.
func disputed(objects []Object) (state Disputed, inquiry time.Time) {
	for _, o := range objects {
		d := o.Evidence.Dispute
		switch {
		case d.Status == DisputeLost:
			state = Lost
		case d.Status.Withdrawn():
			state = max(state, Withdrawn)
		case d.Status.Inquiry():
			inquiry = later(inquiry, d.Opened)
		}
	}
	return state, inquiry
}

// warned is when the latest fraud warning that can be acted on was made.
func warned(objects []Object) (at time.Time) {
	for _, o := range objects {
		if w := o.Evidence.Warning; w.Known && w.Actionable {
			at = later(at, w.Opened)
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// saturate adds two amounts that are not negative; too much to count is as good as the largest number there is.
func saturate(a, b int64) int64 {
	sum, err := money.AddMinor(a, b)
	if err != nil {
		return math.MaxInt64
	}
	return sum
}
