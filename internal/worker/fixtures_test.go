package worker

import (
	"fmt"
	"time"
)

// message is one message as its source publishes it.
type message struct {
	subject, name, body string
}

func stripe(kind, event, object string, at time.Time) message {
	body := fmt.Sprintf(`{"id": %q, "object": "event", "api_version": "2023-10-16", "created": %d, "livemode": true,
		"type": %q, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "data": {"object": %s}}`,
		event, at.Unix(), kind, object)
	return message{"plusone.in.stripe." + kind, event, body}
}

// session is a completed Checkout of API versions old and new alike: n is the purchase's number.
func session(n int, user string, cents int, at time.Time) message {
	return stripe("checkout.session.completed", fmt.Sprintf("evt_session_%d", n), fmt.Sprintf(`{
		"id": "cs_%d", "object": "checkout.session", "mode": "payment", "payment_status": "paid", "status": "complete",
		"client_reference_id": %q, "customer": "cus_%s", "customer_details": {"email": "%[2]s@example.com"},
		"payment_intent": "pi_%[1]d", "invoice": null, "subscription": null, "amount_total": %[4]d, "currency": "usd",
		"metadata": {}}`, n, user, user, cents), at)
}

// oldCharge is a charge of API versions up to acacia: it names its intent by its id, and carries its refunds.
func oldCharge(kind string, n, cents, refunded int, at time.Time) message {
	return stripe(kind, fmt.Sprintf("evt_charge_%d_%d", n, refunded), fmt.Sprintf(`{
		"id": "ch_%d", "object": "charge", "amount": %d, "amount_captured": %[2]d, "amount_refunded": %[3]d,
		"billing_details": {"email": "card-%[1]d@example.com"}, "captured": true, "invoice": null, "paid": true,
		"payment_intent": "pi_%[1]d", "refunded": %[4]t, "refunds": {"object": "list", "data": []}}`, n, cents, refunded, refunded == cents), at)
}

// newCharge is a charge of API versions from basil on: no invoice, no refunds, and the intent as the whole object.
func newCharge(kind string, n, cents, refunded int, at time.Time) message {
	return stripe(kind, fmt.Sprintf("evt_charge_%d_%d", n, refunded), fmt.Sprintf(`{
		"id": "py_%d", "object": "charge", "amount": %d, "amount_captured": %[2]d, "amount_refunded": %[3]d, "captured": true,
		"payment_intent": {"id": "pi_%[1]d", "object": "payment_intent"}, "refunded": %[4]t}`, n, cents, refunded, refunded == cents), at)
}

// newRefund is one refund, which names the charge of newCharge alone.
func newRefund(kind string, n, cents int, status string, at time.Time) message {
	return stripe(kind, fmt.Sprintf("evt_refund_%d_%s", n, status), fmt.Sprintf(`{
		"id": "re_%d", "object": "refund", "amount": %d, "charge": "py_%[1]d", "currency": "usd", "payment_intent": null,
		"status": %[3]q}`, n, cents, status), at)
}

// signUp is a CloudEvent as the business's own service publishes it.
func signUp(user, code string, at time.Time) message {
	body := fmt.Sprintf(`{"specversion": "1.0", "id": "signup-%s", "source": "/signup", "type": "user.registered", "time": %q,
		"data": {"user_id": %[1]q, "username": "Mx %[1]s", "email": "%[1]s@example.com", "email_verified": true,
		"referral_code": %[3]q, "ip": "203.0.113.7", "device_id": "device-of-%[1]s"}}`, user, at.Format(time.RFC3339), code)
	return message{"plusone.in.user.registered", "signup-" + user, body}
}

// visit is a CloudEvent as what serves the links publishes it.
func visit(id, code string, at time.Time) message {
	body := fmt.Sprintf(`{"specversion": "1.0", "id": "visit-%s", "source": "/links", "type": "link.visited", "time": %q,
		"data": {"code": %q, "via": "x"}}`, id, at.Format(time.RFC3339), code)
	return message{"plusone.in.link.visited", "visit-" + id, body}
}

// story is what the sample plays: Alice's code is used by Bob, who buys for $10 (old shapes), by Carol, who buys for $5,
// and by Dave, who buys for $30 and gets all of it back (new shapes).
func story() []message {
	at := noon.Add(-30 * time.Minute)
	return []message{
		signUp("alice", "", at.Add(-24*time.Hour)),
		signUp("bob", "C-ALICE", at), signUp("carol", "c-alice", at), signUp("dave", " C-ALICE ", at),
		session(1, "bob", 1000, at.Add(time.Minute)), oldCharge("charge.succeeded", 1, 1000, 0, at.Add(time.Minute)),
		session(2, "carol", 500, at.Add(time.Minute)),
		session(3, "dave", 3000, at.Add(time.Minute)), newCharge("charge.succeeded", 3, 3000, 0, at.Add(time.Minute)),
		newRefund("refund.created", 3, 3000, "pending", at.Add(2*time.Minute)),
		newRefund("refund.updated", 3, 3000, "succeeded", at.Add(3*time.Minute)),
		newCharge("charge.refunded", 3, 3000, 3000, at.Add(3*time.Minute)),
	}
}

// storyOutcome is how it ends, in whatever order it is told.
const storyOutcome = `alice has 10.00 usd
bob by alice: rewarded, referrer 10.00 usd, referee 10.00 usd
bob has 10.00 usd
carol by alice: pending
dave by alice: cancelled refunded`
