package fact

import (
	"github.com/tidwall/gjson"

	"github.com/plusone-dev/plusone/internal/payment"
)

// readInvoice reads an invoice: a purchase once it is paid, with its time of its own. One of 0, as of a trial, is none.
// Which subscription it is of says nothing about which payment: all its invoices would be one.
// Source: https://docs.stripe.com/api/invoices/object
func readInvoice(env *envelope) (*payment.Sighting, *Tie) {
	ev := payment.Evidence{Kind: payment.Invoice, Customer: env.key("customer")}
	ev.User = payment.FirstClaim(
		env.claim(payment.OnSubscription, "subscription_details.metadata.user_id", "parent.subscription_details.metadata.user_id"),
		env.claim(payment.OnInvoice, "metadata.user_id"),
	)
	if env.text("status") == "paid" {
		at := env.event.At
		if paidAt := "status_transitions.paid_at"; env.object.get(paidAt).Type != gjson.Null {
			at = env.when(paidAt)
		}
		ev.Paid = env.paid("amount_paid", at)
	}
	s := env.sighting(ev, "payment_intent", "charge") // gone from 2025-03-31.basil on, where payments may stand in their place
	env.object.get("payments.data").ForEach(func(_, p gjson.Result) bool {
		alias(s, env.reference("payments.data[].payment.payment_intent", p.Get("payment.payment_intent")))
		alias(s, env.reference("payments.data[].payment.charge", p.Get("payment.charge")))
		return true
	})
	return s, nil
}

// readInvoicePayment reads what ties an invoice to the intent, or the charge, that paid it. It is nothing by itself.
// Source: https://docs.stripe.com/api/invoice-payment/object
func readInvoicePayment(env *envelope) (*payment.Sighting, *Tie) {
	invoice := env.key("invoice")
	if invoice == "" {
		env.fail("invoice is missing")
	}
	s := &payment.Sighting{Reports: []payment.Report{{Key: invoice}}}
	alias(s, env.key("payment.payment_intent"))
	alias(s, env.key("payment.charge"))
	return s, nil
}
