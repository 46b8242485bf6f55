package fact

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/payment"
)

func TestChargeSaysWhichCard(t *testing.T) {
	t.Parallel()
	const details = `{"type":"card","card":{"fingerprint":"fp_1"}}`
	for name, c := range map[string]struct{ with, want string }{
		"a card":                          {details, "fp_1"},
		"a European account":              {`{"type":"sepa_debit","sepa_debit":{"fingerprint":"fp_2"}}`, "fp_2"},
		"an American account":             {`{"type":"us_bank_account","us_bank_account":{"fingerprint":"fp_3"}}`, "fp_3"},
		"a card without one":              {`{"type":"card","card":{"fingerprint":null}}`, ""},
		"another way of payment":          {`{"type":"klarna","klarna":{}}`, ""},
		"nothing of how it was paid":      {`null`, ""},
		"what is no fingerprint":          {`{"card":{"fingerprint":7}}`, ""},
		"what no column takes":            {`{"card":{"fingerprint":"fp\u0000"}}`, ""},
		"a fingerprint on what was not":   {`{"type":"klarna","klarna":{"fingerprint":"fp_4"}}`, ""},
		"a card that is not an object":    {`{"card":"fp_1"}`, ""},
		"one beside what is no card's id": {`{"card":{"fingerprint":""},"sepa_debit":{"fingerprint":"fp_2"}}`, "fp_2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, "new charge", details, c.with))
			if got := e.Sighting.Reports[0].Evidence; got.Card != c.want || got.User.UserID != "bob" {
				t.Errorf("got %+v, want the card %q", got, c.want)
			}
		})
	}
}

// A charge that was not captured has charged nobody: it says only which ids belong together.
func TestChargeThatWasNotCaptured(t *testing.T) {
	t.Parallel()
	e := mustParseStripe(t, change(t, "new charge", `"captured":true`, `"captured":false`))
	want := &payment.Sighting{Reports: []payment.Report{
		{Key: "test:ch_1", Evidence: payment.Evidence{Kind: payment.Charge}}, {Key: "test:pi_1"},
	}}
	if diff := cmp.Diff(want, e.Sighting); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Only a refund has to say how much has gone back.
func TestChargeThatDoesNotSayWhatWentBack(t *testing.T) {
	t.Parallel()
	e := mustParseStripe(t, change(t, "new charge", `"amount_refunded":0,`, ``))
	if got := e.Sighting.Reports[0].Evidence; got.Refunded != 0 || got.User.UserID != "bob" {
		t.Errorf("got %+v, want a charge of which nothing went back", got)
	}
}

// What is said to have gone back of one is kept all the same: only Stripe knows what a refund of it was.
func TestRefundOfAChargeThatWasNotCaptured(t *testing.T) {
	t.Parallel()
	e := mustParseStripe(t, change(t, "charge", `"amount":1000`, `"amount":1000,"captured":false`))
	want := payment.Evidence{Kind: payment.Charge, Customer: "test:cus_1", Refunded: 400}
	if got := e.Sighting.Reports[0].Evidence; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDisputeStatuses(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]payment.DisputeStatus{
		"warning_needs_response": payment.DisputeWarningNeedsResponse,
		"warning_under_review":   payment.DisputeWarningUnderReview,
		"warning_closed":         payment.DisputeWarningClosed,
		"prevented":              payment.DisputePrevented,
		"needs_response":         payment.DisputeNeedsResponse,
		"under_review":           payment.DisputeUnderReview,
		"won":                    payment.DisputeWon,
		"lost":                   payment.DisputeLost,
	} {
		e := mustParseStripe(t, change(t, "dispute", "needs_response", status))
		got := e.Sighting.Reports[0].Evidence
		if got.Kind != payment.Dispute || got.Dispute.Status != want || !got.Dispute.At.Equal(e.At) || !got.Dispute.Opened.Equal(time.Unix(1777637000, 0)) {
			t.Errorf("%s: got %+v", status, got)
		}
	}
}

// Without a charge or without an intent, what there is ties a dispute or a warning to its payment.
func TestDisputesAndWarningsFindTheirPayment(t *testing.T) {
	t.Parallel()
	own := map[string]string{"dispute": "test:dp_1", "warning": "test:issfr_1"}
	for example, id := range own {
		for name, c := range map[string]struct {
			old, with string
			want      []string
		}{
			"both":                {`"ch_1"`, `"ch_1"`, []string{id, "test:ch_1", "test:pi_1"}},
			"no intent":           {`"pi_1"`, `null`, []string{id, "test:ch_1"}},
			"no word of one":      {`,"payment_intent":"pi_1"`, ``, []string{id, "test:ch_1"}},
			"no charge":           {`"ch_1"`, `null`, []string{id, "test:pi_1"}},
			"an expanded charge":  {`"ch_1"`, `{"id":"py_1","customer":"cus_1"}`, []string{id, "test:py_1", "test:pi_1"}},
			"another account's":   {`"created":1777638000,`, `"created":1777638000,"account":"acct_1",`, []string{"acct_1:" + id, "acct_1:test:ch_1", "acct_1:test:pi_1"}},
			"live":                {`"livemode":false`, `"livemode":true`, []string{id[len("test:"):], "ch_1", "pi_1"}},
			"an expanded intent":  {`"pi_1"`, `{"id":"pi_1"}`, []string{id, "test:ch_1", "test:pi_1"}},
			"of nothing it names": {`"ch_1","payment_intent":"pi_1"`, `null,"payment_intent":null`, []string{id}},
		} {
			t.Run(example+", "+name, func(t *testing.T) {
				t.Parallel()
				var got []string
				for _, r := range mustParseStripe(t, change(t, example, c.old, c.with)).Sighting.Reports {
					got = append(got, r.Key)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestCustomerIsTiedByItsMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, with, want string }{
		"test mode":         {`"livemode":false`, `"livemode":false`, "test:cus_1"},
		"live mode":         {`"livemode":false`, `"livemode":true`, "cus_1"},
		"another account's": {`"livemode":false`, `"livemode":true,"account":"acct_1"`, "acct_1:cus_1"},
		"a new one":         {`customer.updated`, `customer.created`, "test:cus_1"},
	} {
		e := mustParseStripe(t, change(t, "customer", c.old, c.with))
		want := &Tie{Customer: c.want, UserID: "bob", At: e.At}
		if diff := cmp.Diff(want, e.Tie); diff != "" || e.Sighting != nil {
			t.Errorf("%s: sees %+v (-want +got)\n%s", name, e.Sighting, diff)
		}
	}
}
