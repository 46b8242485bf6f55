package fact

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/plusone-dev/plusone/internal/payment"
)

// readSession reads a Checkout Session: who bought, which ids belong together, and what was paid.
// Source: https://docs.stripe.com/api/checkout/sessions/object
func readSession(env *envelope) (*payment.Sighting, *Tie) {
	mode := env.text("mode")
	if mode == "setup" {
		env.err = ErrIgnored
		return nil, nil
	}
	ev := payment.Evidence{Kind: payment.Session, Customer: env.key("customer")}
	ev.User = env.claim(payment.OnSession, "client_reference_id", "metadata.user_id")
	// What a subscription's session was paid for is an invoice. Without its id the two would be two purchases, so that the
	// invoice alone states it then.
	pays := mode != "subscription" || env.key("invoice") != ""
	if pays && env.text("payment_status") == "paid" && env.event.Type != "checkout.session.async_payment_failed" {
		ev.Paid = env.paid("amount_total", env.event.At)
	}
	var tie *Tie
	if ev.Customer != "" && ev.User.UserID != "" {
		tie = &Tie{Customer: ev.Customer, UserID: ev.User.UserID, At: env.event.At}
	}
	return env.sighting(ev, "payment_intent", "invoice"), tie
}

// readIntent reads a PaymentIntent. It is a purchase only where it names a buyer itself: the intents of Checkout and of
// invoices are seen a second time there, and newer versions do not say that they are.
// Source: https://docs.stripe.com/api/payment_intents/object
func readIntent(env *envelope) (*payment.Sighting, *Tie) {
	ev := payment.Evidence{Kind: payment.Intent, Customer: env.key("customer")}
	ev.User = env.claim(payment.OnPayment, "metadata.user_id")
	if ev.User.UserID != "" {
		ev.Paid = env.paid("amount_received", env.event.At)
	}
	return env.sighting(ev, "latest_charge", "invoice"), nil
}

// readCharge reads a charge: never a purchase by itself, but what ties refunds and disputes to it, which card was
// charged, and how much has gone back. One that only holds money on a card has charged nothing yet.
// Source: https://docs.stripe.com/api/charges/object
func readCharge(env *envelope) (*payment.Sighting, *Tie) {
	if env.event.Type == "charge.succeeded" && env.object.get("captured").Type == gjson.False {
		return env.sighting(payment.Evidence{Kind: payment.Charge}, "payment_intent", "invoice"), nil
	}
	if env.event.Type == "charge.refunded" {
		env.require("amount_refunded")
	}
	ev := payment.Evidence{Kind: payment.Charge, Customer: env.key("customer"), Refunded: env.minor("amount_refunded")}
	ev.User = env.claim(payment.OnPayment, "metadata.user_id")
	ev.Card = env.fingerprint()
	return env.sighting(ev, "payment_intent", "invoice"), nil
}

// fingerprint is that of the card, or of the bank account, that was charged; empty for any other way of payment. What is
// no fingerprint is no reason to refuse the charge.
func (env *envelope) fingerprint() string {
	for _, method := range []string{"card", "sepa_debit", "us_bank_account"} {
		if id := env.text("payment_method_details." + method + ".fingerprint"); validID(id) {
			return id
		}
	}
	return ""
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
	s := &payment.Sighting{Reports: []payment.Report{{Key: env.scope.Key(id), Evidence: ev}}}
	for _, name := range references {
		alias(s, env.key(name))
	}
	return s
}

// alias adds an object that is known by its key alone, unless it is there already, or none.
func alias(s *payment.Sighting, key string) {
	if key != "" && !slices.ContainsFunc(s.Reports, func(r payment.Report) bool { return r.Key == key }) {
		s.Reports = append(s.Reports, payment.Report{Key: key})
	}
}
