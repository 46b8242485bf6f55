package shop_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plusone-dev/plusone/internal/shop"
	"github.com/plusone-dev/plusone/internal/testkit"
)

// stripeMock runs Stripe's own stand-in for its API, which knows its shapes and refuses what Stripe would.
func stripeMock(t *testing.T) (at string) {
	t.Helper()
	path, err := filepath.Abs("../../bin/stripe-mock")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: `make deps` builds it", err)
	}
	p := testkit.StartProcess(t, testkit.ProcessConfig{Path: path, Args: []string{"-http-addr", "127.0.0.1:0"}})
	line := p.WaitLine(patience, "Listening for HTTP at address:")
	_, address, _ := strings.Cut(line, "address: ")
	if _, _, err := net.SplitHostPort(address); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return "http://" + address
}

// TestWithStripe has sessions made, looked at and refunded through Stripe's library, as with a key of its test mode.
func TestWithStripe(t *testing.T) {
	mock := stripeMock(t)
	f := newFake(t)
	asked := record(t, mock)
	o := open(t, f, "", func(c *shop.Config) { c.StripeKey, c.StripeURL = "sk_test_123", asked.URL })
	id, key := o.register("bob", "")
	status, answer := o.api("POST", "/api/stripe/checkout-session", key, `{"amount":1000,"currency":"usd"}`)
	session, _ := answer["id"].(string)
	if status != 200 || session == "" || answer["url"] == "" || strings.HasPrefix(answer["url"].(string), o.URL) {
		t.Fatalf("%d %v", status, answer)
	}
	form := asked.form("POST /v1/checkout/sessions")
	for name, want := range map[string]string{
		"mode": "payment", "client_reference_id": id, "line_items[0][price_data][unit_amount]": "1000", "line_items[0][price_data][currency]": "usd",
		"line_items[0][quantity]": "1", "success_url": o.URL + "/thanks?session_id={CHECKOUT_SESSION_ID}", "cancel_url": o.URL + "/",
		"customer_email": "bob@example.com",
	} {
		if form.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, form.Get(name), want)
		}
	}
	// Nobody pays such a session with the pretended checkout.
	if status, answer := o.pay(o.URL+"/checkout/"+session, "4242424242424242"); status != http.StatusNotFound {
		t.Errorf("%d %v", status, answer)
	}
	o.signIn(key)
	if _, _, page := o.visit("/thanks?session_id="+url.QueryEscape(session), nil); !strings.Contains(page, "Not paid yet") {
		t.Errorf("before it is paid: %s", page)
	}
	asked.paid.Store(true)
	if _, _, page := o.visit("/thanks?session_id="+url.QueryEscape(session), nil); !strings.Contains(page, "is paid") {
		t.Errorf("paid: %s", page)
	}
	if status, _, page := o.visit("/account/orders/"+session+"/refund", url.Values{"amount": {"4"}}); status != 200 || !strings.Contains(page, "$4.00 refunded") {
		t.Errorf("refunded: %d %s", status, page)
	}
	if form := asked.form("POST /v1/refunds"); form.Get("amount") != "400" || form.Get("payment_intent") != "pi_paid" {
		t.Errorf("refunded: %v", form)
	}
	if _, webhooks := f.told(); len(webhooks) != 0 {
		t.Errorf("it is Stripe who tells, and the shop told %v", webhooks)
	}
	asked.Close()
	if status, answer := o.api("POST", "/api/stripe/checkout-session", key, `{"amount":1000}`); status != http.StatusBadGateway {
		t.Errorf("without Stripe: %d %v", status, answer)
	}
}

func (o *opened) signIn(key string) {
	o.t.Helper()
	if _, at, page := o.visit("/signin", url.Values{"api_key": {key}}); at != "/account" {
		o.t.Fatalf("at %s: %s", at, page)
	}
}
