package fact

import (
	"slices"

	"github.com/plusone-dev/plusone/internal/payment"
)

// readSession reads a Checkout Session: who bought, which ids belong together, and what was paid.
// Source: https://docs.stripe.com/api/checkout/sessions/object
func readSession(env *envelope) (*payment.Sighting, *Tie) {
	if env.text("mode") == "setup" {
		env.err = ErrIgnored
		return nil, nil
	}
	ev := payment.Evidence{Kind: payment.Session, Customer: env.key("customer")}
	ev.User = env.claim("client_reference_id", "metadata.user_id")
	// A subscription's purchases are its invoices, which are not read yet: a refund would find its way to the invoice and
	// not to the session, and the reward would stay. Until then it only says who the customer is.
	if env.text("payment_status") == "paid" && env.text("mode") != "subscription" {
		ev.Paid = env.paid("amount_total")
	}
	var tie *Tie
	if ev.Customer != "" && ev.User.UserID != "" {
		tie = &Tie{Customer: ev.Customer, UserID: ev.User.UserID, At: env.event.At}
	}
	return env.sighting(ev, "payment_intent", "invoice"), tie
}

// readIntent reads a PaymentIntent. It is a purchase only where it names a buyer itself: the intents of Checkout and of
// invoices are seen a second time there.
func readIntent(env *envelope) (*payment.Sighting, *Tie) {
	ev := payment.Evidence{Kind: payment.Intent, Customer: env.key("customer")}
	ev.User = env.claim("metadata.user_id")
	if ev.User.UserID != "" {
		ev.Paid = env.paid("amount_received")
	}
	return env.sighting(ev, "latest_charge", "invoice"), nil
}

// readCharge reads a charge: never a purchase by itself, but what ties refunds to it, and how much has gone back.
func readCharge(env *envelope) (*payment.Sighting, *Tie) {
	if env.event.Type == "charge.refunded" {
		env.require("amount_refunded")
	}
	ev := payment.Evidence{Kind: payment.Charge, Customer: env.key("customer"), Refunded: env.minor("amount_refunded")}
	ev.User = env.claim("metadata.user_id")
	return env.sighting(ev, "payment_intent", "invoice"), nil
}

// readRefund reads one refund. Source of the statuses: https://docs.stripe.com/api/refunds/object
func readRefund(env *envelope) (*payment.Sighting, *Tie) {
	env.require("amount")
	status, ok := refundStatuses[env.text("status")]
	if !ok {
		env.fail("the refund's status %#.40q is unknown", env.text("status"))
	}
	ev := payment.Evidence{
		Kind:   payment.Refund,
		Refund: payment.RefundState{Minor: env.minor("amount"), Status: status, At: env.event.At},
	}
	return env.sighting(ev, "charge", "payment_intent"), nil
}

var refundStatuses = map[string]payment.RefundStatus{
	"pending":         payment.RefundPending,
	"requires_action": payment.RefundRequiresAction,
	"succeeded":       payment.RefundSucceeded,
	"failed":          payment.RefundFailed,
	"canceled":        payment.RefundCanceled,
}

// sighting states that the event's object and those it refers to are of one payment.
func (env *envelope) sighting(ev payment.Evidence, references ...string) *payment.Sighting {
	id := env.text("id")
	if !validID(id) {
		env.fail("data.object has no usable id")
	}
	reports := []payment.Report{{Key: env.scope.Key(id), Evidence: ev}}
	for _, name := range references {
		key := env.key(name)
		known := slices.ContainsFunc(reports, func(r payment.Report) bool { return r.Key == key })
		if key != "" && !known {
			reports = append(reports, payment.Report{Key: key})
		}
	}
	return &payment.Sighting{Reports: reports}
}
