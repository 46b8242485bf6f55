package fact

import (
	"errors"
	"strings"
	"testing"
)

// malformedStripe is one thing changed in an example, and why it can never be read.
var malformedStripe = []struct{ name, example, old, with, why string }{
	{"negative", "session", `1000`, `-1`, "amount_total is -1: it must not be negative"},
	{"fractional", "session", `1000`, `10.5`, "amount_total is `10.5`: not a whole number of minor units that fits 64 bits"},
	{"whole, but written as a fraction", "session", `1000`, `1000.0`, "amount_total is `1000.0`: not a whole number of minor units that fits 64 bits"},
	{"exponent", "session", `1000`, `1e3`, "amount_total is `1e3`: not a whole number of minor units that fits 64 bits"},
	{"one more than the most", "session", `1000`, `9223372036854775808`, "amount_total is `9223372036854775808`: not a whole number of minor units that fits 64 bits"},
	{"endless digits", "session", `1000`, strings.Repeat("9", 5000), "amount_total is `" + strings.Repeat("9", 40) + "`: not a whole number of minor units that fits 64 bits"},
	{"amount as text", "session", `1000`, `"1000"`, "amount_total is `\"1000\"`: not a whole number of minor units that fits 64 bits"},
	{"amount as object", "session", `1000`, "{\n}", `amount_total is "{\n}": not a whole number of minor units that fits 64 bits`},
	{"amount as list", "session", `1000`, `[1000]`, "amount_total is `[1000]`: not a whole number of minor units that fits 64 bits"},
	{"amount as truth", "session", `1000`, `true`, "amount_total is `true`: not a whole number of minor units that fits 64 bits"},
	{"upper case currency", "session", `"usd"`, `"USD"`, "the currency `USD` is not a code of lower-case letters"},
	{"long currency", "session", `"usd"`, `"usdollars"`, "the currency `usdollars` is not a code of lower-case letters"},
	{"currency of another alphabet", "session", `"usd"`, `"üsd"`, "the currency `üsd` is not a code of lower-case letters"},
	{"currency with U+0000", "session", `"usd"`, `"us\u0000"`, `the currency "us\x00" is not a code of lower-case letters`},
	{"currency as number", "session", `"usd"`, `840`, "the currency `` is not a code of lower-case letters"},
	{"no currency", "session", `,"currency":"usd"`, ``, "the currency `` is not a code of lower-case letters"},
	{"customer as number", "session", `"cus_1"`, `7`, "customer is `7`: neither an id nor an object that has one"},
	{"customer as list", "session", `"cus_1"`, `["cus_1"]`, "customer is `[\"cus_1\"]`: neither an id nor an object that has one"},
	{"expanded customer without an id", "session", `"cus_1"`, `{"email":"b@x"}`, "customer is `{\"email\":\"b@x\"}`: neither an id nor an object that has one"},
	{"expanded customer with an object for an id", "session", `"cus_1"`, `{"id":{}}`, "customer is `{\"id\":{}}`: neither an id nor an object that has one"},
	{"intent with a colon", "session", `"pi_1"`, `"acct_1:pi_1"`, "payment_intent is `\"acct_1:pi_1\"`: neither an id nor an object that has one"},
	{"intent with U+0000", "session", `"pi_1"`, `"pi_\u0000"`, "payment_intent is `\"pi_\\u0000\"`: neither an id nor an object that has one"},
	{"session without an id", "session", `"id":"cs_1",`, ``, "data.object has no usable id"},
	{"session with a number for an id", "session", `"cs_1"`, `1`, "data.object has no usable id"},
	{"session with a blank in its id", "session", `"cs_1"`, `"cs 1"`, "data.object has no usable id"},
	{"session with an id of 256 characters", "session", `"cs_1"`, `"` + strings.Repeat("c", 256) + `"`, "data.object has no usable id"},

	{"intent, negative", "intent", `1000`, `-1000`, "amount_received is -1000: it must not be negative"},
	{"intent, as text", "intent", `1000`, `"ten"`, "amount_received is `\"ten\"`: not a whole number of minor units that fits 64 bits"},
	{"intent, charge as number", "intent", `"ch_1"`, `1`, "latest_charge is `1`: neither an id nor an object that has one"},

	{"charge, negative", "charge", `400`, `-400`, "amount_refunded is -400: it must not be negative"},
	{"charge, fractional", "charge", `400`, `0.4`, "amount_refunded is `0.4`: not a whole number of minor units that fits 64 bits"},
	{"refunded charge that says no figure", "charge", `,"amount_refunded":400`, ``, "amount_refunded is missing"},
	{"refunded charge whose figure is null", "charge", `400`, `null`, "amount_refunded is missing"},

	{"refund, negative", "refund", `400`, `-400`, "amount is -400: it must not be negative"},
	{"refund without an amount", "refund", `"amount":400,`, ``, "amount is missing"},
	{"refund whose amount is null", "refund", `400`, `null`, "amount is missing"},
	{"refund in a state nobody knows", "refund", `"succeeded"`, `"reversed"`, "the refund's status `reversed` is unknown"},
	{"refund in no state", "refund", `"succeeded"`, `null`, "the refund's status `` is unknown"},
	{"refund, charge as text like an object", "refund", `"ch_1"`, `"{\"id\":\"ch_1\"}"`, "charge is `\"{\\\"id\\\":\\\"ch_1\\\"}\"`: neither an id nor an object that has one"},

	{"invoice, negative", "invoice", `1000`, `-1`, "amount_paid is -1: it must not be negative"},
	{"invoice, as text", "invoice", `1000`, `"1000"`, "amount_paid is `\"1000\"`: not a whole number of minor units that fits 64 bits"},
	{"invoice, in no currency", "invoice", `"usd"`, `null`, "the currency `` is not a code of lower-case letters"},
	{"invoice without an id", "invoice", `"id":"in_1",`, ``, "data.object has no usable id"},
	{"invoice, paid at a text", "invoice", `1777637000`, `"2026-05-01"`, "status_transitions.paid_at is `\"2026-05-01\"`, not a time in whole seconds"},
	{"invoice, paid at milliseconds", "invoice", `1777637000`, `1777637000000`, "status_transitions.paid_at is 1777637000000: outside the years 2000 to 2199"},
	{"invoice, paid at nothing", "new invoice", `1777637000`, `0`, "status_transitions.paid_at is 0: outside the years 2000 to 2199"},
	{"invoice, intent as number", "invoice", `"pi_1"`, `1`, "payment_intent is `1`: neither an id nor an object that has one"},
	{"invoice, charge as list", "invoice", `"ch_1"`, `[]`, "charge is `[]`: neither an id nor an object that has one"},
	{"invoice, customer as truth", "new invoice", `"cus_1"`, `true`, "customer is `true`: neither an id nor an object that has one"},
	{"invoice, one payment's intent as number", "new invoice", `"payment_intent":"pi_1"`, `"payment_intent":1`, "payments.data[].payment.payment_intent is `1`: neither an id nor an object that has one"},
	{"invoice, one payment's charge with a colon", "new invoice", `"ch_1"`, `"a:ch_1"`, "payments.data[].payment.charge is `\"a:ch_1\"`: neither an id nor an object that has one"},

	{"invoice payment of no invoice", "invoice payment", `"invoice":"in_1",`, ``, "invoice is missing"},
	{"invoice payment whose invoice is null", "invoice payment", `"in_1"`, `null`, "invoice is missing"},
	{"invoice payment whose invoice is empty", "invoice payment", `"in_1"`, `""`, "invoice is missing"},
	{"invoice payment whose invoice is a number", "invoice payment", `"in_1"`, `1`, "invoice is `1`: neither an id nor an object that has one"},
	{"invoice payment by a number", "invoice payment", `"payment_intent":"pi_1"`, `"payment_intent":1`, "payment.payment_intent is `1`: neither an id nor an object that has one"},
	{"invoice payment by a charge that is a list", "invoice payment", `"payment_intent":"pi_1"`, `"charge":["ch_1"]`, "payment.charge is `[\"ch_1\"]`: neither an id nor an object that has one"},

	{"dispute, negative", "dispute", `1000`, `-1`, "amount is -1: it must not be negative"},
	{"dispute without an amount", "dispute", `"amount":1000,`, ``, "amount is missing"},
	{"dispute in a state nobody knows", "dispute", `"needs_response"`, `"escalated"`, "the dispute's status `escalated` is unknown"},
	{"dispute in no state", "dispute", `"needs_response"`, `null`, "the dispute's status `` is unknown"},
	{"dispute of two mistakes: the first is said", "dispute", `1777637000,"currency":"usd","status":"needs_response"`, `"now","status":"open"`, "the dispute's status `open` is unknown"},
	{"dispute without an id", "dispute", `"dp_1"`, `null`, "data.object has no usable id"},
	{"dispute that was never opened", "dispute", `"created":1777637000,`, ``, "created is ``, not a time in whole seconds"},
	{"dispute that was opened at a text", "dispute", `1777637000`, `"yesterday"`, "created is `\"yesterday\"`, not a time in whole seconds"},
	{"dispute that was opened before 2000", "dispute", `1777637000`, `1`, "created is 1: outside the years 2000 to 2199"},
	{"dispute of a charge that is a number", "dispute", `"ch_1"`, `1`, "charge is `1`: neither an id nor an object that has one"},

	{"warning that does not say whether it stands", "warning", `"actionable":true,`, ``, "actionable is ``: neither true nor false"},
	{"warning that stands in a text", "warning", `true`, `"true"`, "actionable is `\"true\"`: neither true nor false"},
	{"warning without a time", "warning", `1777637000`, `null`, "created is `null`, not a time in whole seconds"},
	{"warning without an id", "warning", `"id":"issfr_1",`, ``, "data.object has no usable id"},
	{"warning of an intent that is a number", "warning", `"pi_1"`, `1`, "payment_intent is `1`: neither an id nor an object that has one"},

	{"customer without an id", "customer", `"id":"cus_1",`, ``, "data.object has no usable id"},
	{"customer with a colon in its id", "customer", `"cus_1"`, `"a:cus_1"`, "data.object has no usable id"},

	{"created as text", "session", `1777638000`, `"2026-05-01T12:20:00Z"`, "the event's created is `\"2026-05-01T12:20:00Z\"`, not a time in whole seconds"},
	{"created in milliseconds", "session", `1777638000`, `1777638000000`, "the event's created is 1777638000000: outside the years 2000 to 2199"},
	{"created before 2000", "session", `1777638000`, `946684799`, "the event's created is 946684799: outside the years 2000 to 2199"},
	{"created after 2199", "session", `1777638000`, `7258118400`, "the event's created is 7258118400: outside the years 2000 to 2199"},
	{"created with a fraction", "session", `1777638000`, `1777638000.5`, "the event's created is `1777638000.5`, not a time in whole seconds"},
	{"not created", "session", `"created":1777638000,`, ``, "the event's created is ``, not a time in whole seconds"},
	{"no id", "session", `"id":"evt_1",`, ``, "the event has no usable id"},
	{"empty id", "session", `"evt_1"`, `""`, "the event has no usable id"},
	{"id with U+0000", "session", `"evt_1"`, `"evt_\u0000"`, "the event has no usable id"},
	{"id with a colon", "session", `"evt_1"`, `"evt:1"`, "the event has no usable id"},
	{"id with a letter that is not ASCII", "session", `"evt_1"`, `"évt_1"`, "the event has no usable id"},
	{"no type", "session", `"type":"checkout.session.completed",`, ``, "the event has no type"},
	{"type as number", "session", `"checkout.session.completed"`, `1`, "the event has no type"},
	{"type that is no subject", "session", `checkout.session.completed`, `checkout..completed`, "the event's type is not lower-case words joined by dots, of at most 200 characters"},
	{"long type", "session", `checkout.session.completed`, strings.Repeat("c", 201), "the event's type is not lower-case words joined by dots, of at most 200 characters"},
	{"thin event", "session", `"event"`, `"v2.core.event"`, "the message is not a Stripe event: its object is `v2.core.event`, not \"event\""},
	{"no object", "session", `"object":"event",`, ``, "the message is not a Stripe event: its object is ``, not \"event\""},
	{"account as number", "session", `"livemode"`, `"account":1,"livemode"`, "the event's account is not an id"},
	{"empty account", "session", `"livemode"`, `"account":"","livemode"`, "the event's account is not an id"},
	{"account with a colon", "session", `"livemode"`, `"account":"acct:1","livemode"`, "the event's account is not an id"},
	{"mode as text", "session", `"livemode":false`, `"livemode":"true"`, "the event's livemode is neither true nor false"},
	{"mode as number", "session", `"livemode":false`, `"livemode":1`, "the event's livemode is neither true nor false"},
	{"no data", "session", `"data":{"object":` + paidSession + `}`, `"data":null`, "the event has no data.object"},
	{"data as list", "session", `"data":{"object":` + paidSession + `}`, `"data":[` + paidSession + `]`, "the event has no data.object"},
	{"data as text", "session", `"data":{"object":` + paidSession + `}`, `"data":"{\"object\":{}}"`, "the event has no data.object"},
	{"data.object as text", "session", paidSession, `"cs_1"`, "the event has no data.object"},
	{"data.object as list", "session", paidSession, `[` + paidSession + `]`, "the event has no data.object"},
	{"cut off", "session", `"payment_intent":"pi_1"}}}`, ``, "the message is not JSON"},
	{"two documents", "session", `"payment_intent":"pi_1"}}}`, `"payment_intent":"pi_1"}}}{}`, "the message is not JSON"},
	{"invalid UTF-8 in an id", "session", `"cs_1"`, "\"cs_\xff\"", "the message is not valid UTF-8"},
	{"invalid UTF-8 in the user's id", "session", `"bob"`, "\"bo\xff\"", "the message is not valid UTF-8"},
	{"half a surrogate pair in UTF-8", "session", `"bob"`, "\"\xed\xa0\x80\"", "the message is not valid UTF-8"},
	{"invalid UTF-8 beside an escape", "session", `"bob"`, `"\u0062` + "\xff\"", "the message is not valid UTF-8"},
	{"nested beyond reason", "session", `"bob"`, strings.Repeat("[", maxNesting) + strings.Repeat("]", maxNesting), "the message is not JSON"},
}

func TestParseStripeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range malformedStripe {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ParseStripe([]byte(change(t, c.example, c.old, c.with)))
			var malformed *MalformedError
			if !errors.As(err, &malformed) {
				t.Fatalf("got %+v, %v; want it malformed", e, err)
			}
			if malformed.Why != c.why {
				t.Errorf("got  %s\nwant %s", malformed.Why, c.why)
			}
			if e.Sighting != nil || e.Tie != nil || e.SignUp != nil {
				t.Errorf("states %+v all the same", e)
			}
		})
	}
}

// What is no object at all has no members to be wrong.
func TestParseStripeRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, data := range []string{``, ` `, `null`, `7`, `"event"`, `[]`, `[{"object":"event"}]`, `{}`, `{"object":{"object":"event"}}`} {
		_, err := ParseStripe([]byte(data))
		var malformed *MalformedError
		if !errors.As(err, &malformed) {
			t.Errorf("%q: got %v; want it malformed", data, err)
		}
	}
}
