package fact

import (
	"maps"
	"slices"

	"github.com/plusone-dev/plusone/internal/payment"
)

// ParseStripe reads the bytes of a Stripe event, of any API version. Shapes are told apart by the fields that are
// there, never by the version. Errors: ErrIgnored for types that state nothing; *MalformedError for what can never
// be read. With an error, what the event says of itself is returned as far as it was read, and no fact.
func ParseStripe(data []byte) (Event, error) {
	outside, err := StripeEnvelope(data)
	if err != nil {
		return Event{Type: outside.Type}, err
	}
	env := envelope{
		event:  Event{Key: outside.Key, Name: outside.ID, Type: outside.Type, At: outside.At},
		scope:  payment.Scope{Account: outside.Account, Live: outside.Live},
		object: outside.object,
	}
	read, ok := stripeReaders[env.event.Type]
	if !ok {
		return env.event, ErrIgnored
	}
	fact := env.event
	fact.Sighting, fact.Tie = read(&env)
	if env.err != nil {
		return env.event, env.err
	}
	return fact, nil
}

// stripeReaders says which types are read, and how. Every other type is ignored: invoice.payment_succeeded too, which
// tells what invoice.paid tells.
var stripeReaders = map[string]func(*envelope) (*payment.Sighting, *Tie){
	"checkout.session.completed":               readSession,
	"checkout.session.async_payment_succeeded": readSession,
	"checkout.session.async_payment_failed":    readSession,
	"payment_intent.succeeded":                 readIntent,
	"invoice.paid":                             readInvoice,
	"invoice_payment.paid":                     readInvoicePayment,
	"charge.succeeded":                         readCharge,
	"charge.refunded":                          readCharge,
	"charge.refund.updated":                    readRefund,
	"refund.created":                           readRefund,
	"refund.updated":                           readRefund,
	"refund.failed":                            readRefund,
	"charge.dispute.created":                   readDispute,
	"charge.dispute.updated":                   readDispute,
	"charge.dispute.closed":                    readDispute,
	"charge.dispute.funds_withdrawn":           readDispute,
	"charge.dispute.funds_reinstated":          readDispute,
	"radar.early_fraud_warning.created":        readWarning,
	"radar.early_fraud_warning.updated":        readWarning,
	"customer.created":                         readCustomer,
	"customer.updated":                         readCustomer,
}

// Types are all types of events that are read, in order.
func Types() []string {
	return append(slices.Sorted(maps.Keys(stripeReaders)), slices.Sorted(maps.Keys(cloudReaders))...)
}

// Reads says whether events of a type are read, rather than ignored.
func Reads(kind string) bool {
	if _, ok := cloudReaders[kind]; ok {
		return true
	}
	_, ok := stripeReaders[kind]
	return ok
}

// envelope is the event around a Stripe object, and the first thing in the object that can not be read.
type envelope struct {
	event  Event
	scope  payment.Scope
	object value
	err    error
}
