package shop_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v76"
)

// pay pays as a program does.
func (o *opened) pay(at, card string) (status int, answer map[string]any) {
	o.t.Helper()
	res, err := http.PostForm(at, url.Values{"card": {card}, "expires": {"12/34"}, "cvc": {"123"}})
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, answer
}

func TestCheckout(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	id, key := o.register("bob", "")
	status, answer := o.api("POST", "/api/stripe/checkout-session", key, `{"amount":1000,"currency":"usd"}`)
	at, _ := answer["url"].(string)
	if status != 200 || !strings.HasPrefix(at, o.URL+"/checkout/cs_test_") {
		t.Fatalf("%d %v", status, answer)
	}
	for card, why := range map[string]string{
		"4000 0000 0000 0002": "was declined", "4000 0000 0000 9995": "insufficient funds", "4242 4242 4242 4241": "number is incorrect",
		"": "number is incorrect", "5555 5555 5555 4444": "pretended", "drop table": "number is incorrect",
	} {
		status, answer := o.pay(at, card)
		if detail, _ := answer["detail"].(string); status != http.StatusPaymentRequired || !strings.Contains(detail, why) {
			t.Errorf("%q: %d %v", card, status, answer)
		}
	}
	if _, webhooks := f.told(); len(webhooks) != 0 {
		t.Errorf("nobody paid, and plusone heard %v", webhooks)
	}
	if status, answer = o.pay(at, "4242 4242 4242 4242"); status != 200 || answer["payment_status"] != "paid" || answer["amount_total"] != 1000. {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer = o.pay(at, "4242424242424242"); status != http.StatusConflict {
		t.Errorf("again: %d %v", status, answer)
	}
	if status, answer = o.pay(o.URL+"/checkout/cs_test_nobodys", "4242424242424242"); status != http.StatusNotFound {
		t.Errorf("another: %d %v", status, answer)
	}
	_, webhooks := f.told()
	mustBeOnePayment(t, webhooks, id)
}

// mustBeOnePayment reads the webhooks of a payment with Stripe's own types.
func mustBeOnePayment(t *testing.T, webhooks []map[string]any, user string) {
	t.Helper()
	kinds := map[string]json.RawMessage{}
	for _, w := range webhooks {
		object, err := json.Marshal(w["data"].(map[string]any)["object"])
		if err != nil {
			t.Fatal(err)
		}
		kinds[w["type"].(string)] = object
		if w["object"] != "event" || w["livemode"] != false || w["api_version"] != "2023-10-16" || w["created"].(float64) < 1e9 {
			t.Errorf("%v", w)
		}
	}
	var session stripe.CheckoutSession
	var charge stripe.Charge
	var intent stripe.PaymentIntent
	for kind, into := range map[string]any{"checkout.session.completed": &session, "charge.succeeded": &charge, "payment_intent.succeeded": &intent} {
		if err := json.Unmarshal(kinds[kind], into); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	if len(webhooks) != 3 || session.ClientReferenceID != user || session.AmountTotal != 1000 || session.Currency != "usd" ||
		session.PaymentStatus != "paid" || session.Mode != "payment" || session.PaymentIntent.ID != intent.ID {
		t.Errorf("%d webhooks, the session %+v", len(webhooks), session)
	}
	if charge.PaymentIntent.ID != intent.ID || intent.LatestCharge.ID != charge.ID || charge.Amount != 1000 || !charge.Paid ||
		charge.AmountRefunded != 0 || charge.PaymentMethodDetails.Card.Fingerprint == "" || intent.Status != "succeeded" {
		t.Errorf("the charge %+v, the intent %+v", charge, intent)
	}
}

func TestCheckoutRefuses(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	_, key := o.register("bob", "")
	for body, want := range map[string]string{
		`{"amount":49,"currency":"usd"}`: "amount", `{"amount":1000001,"currency":"usd"}`: "amount", `{"amount":-1000}`: "amount",
		`{"amount":10.5,"currency":"usd"}`: "minor units", `{"amount":1e400}`: "minor units", `{}`: "minor units",
		`{"amount":1000,"currency":"jpy"}`: "currency", `{"amount":1000,"currency":"USD"}`: "currency", `{`: "JSON",
	} {
		status, answer := o.api("POST", "/api/stripe/checkout-session", key, body)
		if detail, _ := answer["detail"].(string); status != 400 || !strings.Contains(detail, want) {
			t.Errorf("%s is answered %d %v", body, status, answer)
		}
	}
	if status, _ := o.api("POST", "/api/stripe/checkout-session", "", `{"amount":1000}`); status != 401 {
		t.Errorf("without a key: %d", status)
	}
	if status, answer := o.api("POST", "/api/stripe/checkout-session", key, `{"amount":1000}`); status != 200 {
		t.Errorf("without a currency: %d %v", status, answer)
	}
}

// TestRefunds gives back a part, then more than is left, then the rest.
func TestRefunds(t *testing.T) {
	f := newFake(t)
	o := open(t, f, "")
	o.join("bob", "")
	session := o.buy("night-owl")
	refund := func(amount string) (int, string) {
		status, _, page := o.visit("/account/orders/"+session+"/refund", url.Values{"amount": {amount}})
		return status, page
	}
	if status, page := refund("4.50"); status != 200 || !strings.Contains(page, "$4.50 refunded") {
		t.Errorf("%d %s", status, page)
	}
	for _, amount := range []string{"5.51", "10", "-1", "0", "1.234", "all", "1e2"} {
		if status, page := refund(amount); status != 400 || strings.Contains(page, "$10.00 refunded") {
			t.Errorf("%q more: %d %s", amount, status, page)
		}
	}
	if status, page := refund(""); status != 200 || !strings.Contains(page, "$10.00 refunded") {
		t.Errorf("%d %s", status, page)
	}
	if status, _ := refund(""); status != 400 {
		t.Errorf("of nothing: %d", status)
	}
	_, webhooks := f.told()
	var said []string
	for _, w := range webhooks[3:] {
		object := w["data"].(map[string]any)["object"].(map[string]any)
		switch w["type"] {
		case "charge.refunded":
			said = append(said, fmt.Sprint("so far ", object["amount_refunded"], " all: ", object["refunded"]))
		case "refund.created":
			said = append(said, fmt.Sprint(object["status"], " ", object["amount"]))
		}
	}
	if got, want := strings.Join(said, "; "), "so far 450 all: false; succeeded 450; so far 1000 all: true; succeeded 550"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	// Nobody refunds what is another's.
	o.browser = newBrowser(t)
	o.join("carol", "")
	if status, page := refund(""); status != 404 {
		t.Errorf("another's: %d %s", status, page)
	}
}
