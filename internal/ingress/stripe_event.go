package ingress

import (
	"errors"

	"github.com/plusone-dev/plusone/internal/fact"
)

// readStripeEvent reads the outside of an event as the worker will, so that what is let in here can be read there. What
// is inside is the worker's to judge.
func readStripeEvent(body []byte) (fact.Envelope, error) {
	env, err := fact.StripeEnvelope(body)
	if bad, ok := errors.AsType[*fact.MalformedError](err); ok {
		return fact.Envelope{}, refuse(string(bad.Rule), stripeDetails[bad.Rule])
	}
	return env, err
}

// stripeDetails says what each rule wants. The words of package fact are not used: they repeat what was sent.
var stripeDetails = map[fact.Rule]string{
	fact.NotJSON: "the body is not one JSON document in UTF-8, of bearable depth",
	fact.ThinEvent: "this is a thin (v2) event: let the event destination send snapshot payloads, API version 2023-10-16, " +
		"whose created is a number",
	fact.NotAnEvent:  `the body is not a Stripe event: its object is not "event"`,
	fact.NoID:        "the event has no id",
	fact.BadID:       "the event's id is not 1 to 255 printable ASCII characters without blank or colon",
	fact.BadType:     "the event's type is not lower-case words joined by dots, of at most 200 characters",
	fact.BadAccount:  "the event's account is not an id",
	fact.BadLivemode: "the event's livemode is neither true nor false",
	fact.NoData:      "the event has no data.object",
	fact.BadCreated:  "the event's created is not a time in whole seconds since 1970, in the years 2000 to 2199",
}
