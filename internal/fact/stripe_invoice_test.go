package fact

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// paidAt is when the invoices of the examples were paid: before the event was made.
var paidAt = time.Unix(1777637000, 0).UTC()

// The invoice of the examples, in the shape of an older and of a newer version of the API, states one thing.
func TestBothShapesOfAnInvoiceStateTheSame(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"invoice", "new invoice"} {
		e := mustParseStripe(t, examples[example])
		want := &payment.Sighting{Reports: []payment.Report{
			{Key: "test:in_1", Evidence: payment.Evidence{
				Kind: payment.Invoice, Customer: "test:cus_1",
				User: payment.Claim{UserID: "bob", At: e.At, Place: payment.OnSubscription},
				Paid: payment.Paid{Amount: money.New("usd", 1000), At: paidAt},
			}},
			{Key: "test:pi_1"}, {Key: "test:ch_1"},
		}}
		if diff := cmp.Diff(want, e.Sighting); diff != "" || e.Tie != nil {
			t.Errorf("%s: %+v (-want +got)\n%s", example, e.Tie, diff)
		}
	}
}

func TestInvoiceIsPaid(t *testing.T) {
	t.Parallel()
	event := mustParseStripe(t, examples["invoice"]).At
	for name, c := range map[string]struct {
		old, with string
		want      payment.Paid
	}{
		"when it says":                      {`"paid"`, `"paid"`, payment.Paid{Amount: money.New("usd", 1000), At: paidAt}},
		"at the event, where it is null":    {`1777637000`, `null`, payment.Paid{Amount: money.New("usd", 1000), At: event}},
		"at the event, where it says not":   {`,"status_transitions":{"paid_at":1777637000}`, ``, payment.Paid{Amount: money.New("usd", 1000), At: event}},
		"at the event, without transitions": {`{"paid_at":1777637000}`, `null`, payment.Paid{Amount: money.New("usd", 1000), At: event}},
		"not of nothing, as for a trial":    {`1000`, `0`, payment.Paid{}},
		"not of null":                       {`1000`, `null`, payment.Paid{}},
		"not while it is open":              {`"paid"`, `"open"`, payment.Paid{}},
		"not when it is void":               {`"paid"`, `"void"`, payment.Paid{}},
		"not in no state":                   {`"status":"paid",`, ``, payment.Paid{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, "invoice", c.old, c.with))
			if diff := cmp.Diff(c.want, e.Sighting.Reports[0].Evidence.Paid); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// An invoice names its buyer by its subscription before itself, in either shape.
func TestInvoiceNamesTheBuyer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		example, old, with string
		user               string
		place              payment.Place
	}{
		"the subscription":                    {"invoice", `"bob"`, `"bob"`, "bob", payment.OnSubscription},
		"the subscription, new":               {"new invoice", `"bob"`, `"bob"`, "bob", payment.OnSubscription},
		"the subscription before the invoice": {"invoice", `"subscription":`, `"metadata":{"user_id":"carol"},"subscription":`, "bob", payment.OnSubscription},
		"the same, new":                       {"new invoice", `"metadata":{},`, `"metadata":{"user_id":"carol"},`, "bob", payment.OnSubscription},
		"the invoice": {
			"invoice", `{"metadata":{"user_id":"bob"}}`, `{"metadata":null},"metadata":{"user_id":"carol"}`, "carol", payment.OnInvoice,
		},
		"the invoice, new": {
			"new invoice", `"metadata":{},"parent":{"subscription_details":{"subscription":"sub_1","metadata":{"user_id":"bob"}}}`,
			`"metadata":{"user_id":"carol"},"parent":null`, "carol", payment.OnInvoice,
		},
		"the invoice, for a subscription that names what is nobody": {
			"invoice", `{"metadata":{"user_id":"bob"}}`, `{"metadata":{"user_id":"\u0000"}},"metadata":{"user_id":"carol"}`, "carol", payment.OnInvoice,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, c.example, c.old, c.with))
			want := payment.Claim{UserID: c.user, At: e.At, Place: c.place}
			if got := e.Sighting.Reports[0].Evidence.User; got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// What an invoice was paid with may be told by the invoice or by its payment; by neither, it is alone.
func TestInvoiceIsTiedTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		example, old, with string
		want               []string
	}{
		"intent and charge":           {"invoice", `"pi_1"`, `"pi_1"`, []string{"test:in_1", "test:pi_1", "test:ch_1"}},
		"both expanded":               {"invoice", `"pi_1","charge":"ch_1"`, `{"id":"pi_1"},"charge":{"id":"ch_1"}`, []string{"test:in_1", "test:pi_1", "test:ch_1"}},
		"neither":                     {"invoice", `"pi_1","charge":"ch_1"`, `null,"charge":null`, []string{"test:in_1"}},
		"its payments":                {"new invoice", `"pi_1"`, `"pi_1"`, []string{"test:in_1", "test:pi_1", "test:ch_1"}},
		"its payments, expanded":      {"new invoice", `"payment_intent":"pi_1"`, `"payment_intent":{"id":"pi_1"}`, []string{"test:in_1", "test:pi_1", "test:ch_1"}},
		"two payments by one intent":  {"new invoice", `"charge":"ch_1"`, `"payment_intent":"pi_1"`, []string{"test:in_1", "test:pi_1"}},
		"no list of payments":         {"new invoice", `{"data":[{"payment":{"type":"payment_intent","payment_intent":"pi_1"}},{"payment":{"type":"charge","charge":"ch_1"}}]}`, `null`, []string{"test:in_1"}},
		"an invoice payment's intent": {"invoice payment", `"pi_1"`, `"pi_1"`, []string{"test:in_1", "test:pi_1"}},
		"an invoice payment's charge": {"invoice payment", `"payment_intent":"pi_1"`, `"charge":"py_1","payment_intent":null`, []string{"test:in_1", "test:py_1"}},
		"both expanded, new":          {"invoice payment", `"pi_1"`, `{"id":"pi_1","latest_charge":"ch_9"}`, []string{"test:in_1", "test:pi_1"}},
		"a payment of another kind":   {"invoice payment", `{"type":"payment_intent","payment_intent":"pi_1"}`, `{"type":"payment_record","payment_record":"pr_1"}`, []string{"test:in_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, c.example, c.old, c.with))
			var got []string
			for i, r := range e.Sighting.Reports {
				got = append(got, r.Key)
				if (i > 0 || c.example == "invoice payment") && r.Evidence != (payment.Evidence{}) {
					t.Errorf("%s: says more than its id: %+v", r.Key, r.Evidence)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A subscription's session is paid through its invoice, and pays nothing where it does not name it.
func TestSubscriptionSessionPaysThroughItsInvoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		paid      bool
	}{
		"an invoice":             {`"mode":"payment"`, `"mode":"subscription","invoice":"in_1"`, true},
		"an expanded invoice":    {`"mode":"payment"`, `"mode":"subscription","invoice":{"id":"in_1"}`, true},
		"none":                   {`"mode":"payment"`, `"mode":"subscription","invoice":null`, false},
		"no word of one":         {`"mode":"payment"`, `"mode":"subscription"`, false},
		"none, of one-off goods": {`"mode":"payment"`, `"mode":"payment","invoice":null`, true},
		"one, of one-off goods":  {`"mode":"payment"`, `"mode":"payment","invoice":"in_1"`, true},
		"a payment that failed":  {`checkout.session.completed`, `checkout.session.async_payment_failed`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, "session", c.old, c.with))
			ev := e.Sighting.Reports[0].Evidence
			if (ev.Paid.Amount.Minor > 0) != c.paid || ev.User.UserID != "bob" || e.Tie == nil {
				t.Errorf("got %+v, %+v; paid should be %t", ev, e.Tie, c.paid)
			}
		})
	}
}
