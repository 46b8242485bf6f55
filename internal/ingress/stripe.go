package ingress

import (
	"net/http"
	"time"
)

// stripeSubject is what the type of Stripe's event is appended to.
const stripeSubject = "plusone.in.stripe."

// stripeDoor takes Stripe's webhooks.
type stripeDoor struct {
	secrets []string
	live    bool
	now     func() time.Time
	out     publishing
}

// take verifies a webhook and publishes its bytes as they were received: a re-marshal would lose what this version of
// plusone does not know yet. Types nobody reads are published like all others, so that a later version can replay them.
func (d *stripeDoor) take(r *http.Request, body []byte) (outcome, error) {
	if err := d.verify(r.Header.Values("Stripe-Signature"), body); err != nil {
		return outcome{}, err
	}
	ev, err := readStripeEvent(body)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{
		status: http.StatusOK, body: map[string]bool{"received": true}, result: resultAccepted,
		events: 1, names: []named{{ev.ID, stripeSubject + ev.Type}},
	}
	if ev.Live != d.live {
		// A Connect endpoint in live mode is sent test events too; refusing them would have Stripe repeat them for days.
		out.result, out.reason = resultDropped, reasonOtherMode
		return out, nil
	}
	return out, d.out.all(r.Context(), []message{{
		subject: stripeSubject + ev.Type, id: ev.Key, contentType: "application/json", data: body,
	}})
}
