package fact

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// stripeEvent writes an event of test mode around an object.
func stripeEvent(kind, object string) string {
	return fmt.Sprintf(`{"id":"evt_1","object":"event","created":1777638000,"livemode":false,"type":%q,"data":{"object":%s}}`, kind, object)
}

const (
	paidSession = `{"id":"cs_1","mode":"payment","payment_status":"paid","amount_total":1000,"currency":"usd",` +
		`"client_reference_id":"bob","customer":"cus_1","payment_intent":"pi_1"}`
	directIntent   = `{"id":"pi_1","amount_received":1000,"currency":"usd","customer":"cus_1","latest_charge":"ch_1","metadata":{"user_id":"bob"}}`
	refundedCharge = `{"id":"ch_1","amount":1000,"amount_refunded":400,"currency":"usd","customer":"cus_1","payment_intent":"pi_1"}`
	paidInvoice    = `{"id":"in_1","status":"paid","amount_paid":1000,"currency":"usd","customer":"cus_1","payment_intent":"pi_1","charge":"ch_1",` +
		`"subscription":"sub_1","subscription_details":{"metadata":{"user_id":"bob"}},"status_transitions":{"paid_at":1777637000}}`
	newInvoice = `{"id":"in_1","status":"paid","amount_paid":1000,"currency":"usd","customer":"cus_1","metadata":{},"parent":` +
		`{"subscription_details":{"subscription":"sub_1","metadata":{"user_id":"bob"}}},"status_transitions":{"paid_at":1777637000},` +
		`"payments":{"data":[{"payment":{"type":"payment_intent","payment_intent":"pi_1"}},{"payment":{"type":"charge","charge":"ch_1"}}]}}`
	invoicePayment = `{"id":"inpay_1","invoice":"in_1","payment":{"type":"payment_intent","payment_intent":"pi_1"},"status":"paid"}`
	newCharge      = `{"id":"ch_1","amount":1000,"captured":true,"amount_refunded":0,"currency":"usd","customer":"cus_1","payment_intent":"pi_1",` +
		`"metadata":{"user_id":"bob"},"payment_method_details":{"type":"card","card":{"fingerprint":"fp_1"}}}`
	openDispute = `{"id":"dp_1","amount":1000,"created":1777637000,"currency":"usd","status":"needs_response","charge":"ch_1","payment_intent":"pi_1"}`
	openWarning = `{"id":"issfr_1","actionable":true,"created":1777637000,"charge":"ch_1","payment_intent":"pi_1"}`
	someone     = `{"id":"cus_1","email":"bob@example.com","metadata":{"user_id":"bob"}}`
	doneRefund  = `{"id":"re_1","amount":400,"currency":"usd","status":"succeeded","charge":"ch_1","payment_intent":"pi_1"}`
)

// examples are sound events, one of each way of reading; the tables below change one thing in one of them.
var examples = map[string]string{
	"session": stripeEvent("checkout.session.completed", paidSession),
	"intent":  stripeEvent("payment_intent.succeeded", directIntent),
	"charge":  stripeEvent("charge.refunded", refundedCharge),
	"refund":  stripeEvent("refund.updated", doneRefund),

	"invoice":         stripeEvent("invoice.paid", paidInvoice),
	"new invoice":     stripeEvent("invoice.paid", newInvoice),
	"invoice payment": stripeEvent("invoice_payment.paid", invoicePayment),
	"new charge":      stripeEvent("charge.succeeded", newCharge),
	"dispute":         stripeEvent("charge.dispute.updated", openDispute),
	"warning":         stripeEvent("radar.early_fraud_warning.created", openWarning),
	"customer":        stripeEvent("customer.updated", someone),
}

func mustParseStripe(t *testing.T, data string) Event {
	t.Helper()
	e, err := ParseStripe([]byte(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return e
}

// change replaces the one occurrence of a text in an example.
func change(t *testing.T, example, old, with string) string {
	t.Helper()
	if n := strings.Count(examples[example], old); n != 1 {
		t.Fatalf("%s stands %d times in the %s", old, n, example)
	}
	return strings.Replace(examples[example], old, with, 1)
}

func TestParseStripeReadsTheExamples(t *testing.T) {
	t.Parallel()
	for name, data := range examples {
		if e := mustParseStripe(t, data); (e.Sighting == nil && e.Tie == nil) || !Reads(e.Type) {
			t.Errorf("%s: states nothing", name)
		}
	}
	if !Reads(UserRegistered) || Reads("invoice.payment_succeeded") {
		t.Error("what is read is not what Reads says")
	}
}

func TestParseStripeIgnores(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"checkout.session.expired", "payment_intent.created", "payment_intent.payment_failed", "invoice.created", "invoice.payment_succeeded",
		"charge.captured", "charge.dispute", "customer.deleted", "customer.subscription.created", "a.type.of.tomorrow",
	} {
		e, err := ParseStripe([]byte(stripeEvent(kind, paidSession)))
		if !errors.Is(err, ErrIgnored) || e.Sighting != nil || e.Tie != nil || Reads(kind) {
			t.Errorf("%s: got %+v, %v; want it ignored", kind, e, err)
		}
		if e.Type != kind || e.Name != "evt_1" {
			t.Errorf("%s: is called %s %s", kind, e.Type, e.Name)
		}
	}
	if e, err := ParseStripe([]byte(change(t, "session", `"mode":"payment"`, `"mode":"setup"`))); !errors.Is(err, ErrIgnored) || e.Tie != nil {
		t.Errorf("a session that only saves a card: got %+v, %v; want it ignored", e, err)
	}
}

// What can not name a user names nobody: a business may keep other things in these fields.
func TestParseStripeNamesNobody(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"null":                   `null`,
		"empty":                  `""`,
		"a number":               `7`,
		"an object":              `{"id":"bob"}`,
		"a control character":    `"bo\nb"`,
		"U+0000":                 `"bob\u0000"`,
		"longer than 255":        `"` + strings.Repeat("é", 256) + `"`,
		"a list":                 `["bob"]`,
		"a text like an object":  `"{\"user_id\":\"bob\u0000\"}"`,
		"a delete character":     `"bob\u007f"`,
		"a C1 control character": `"bob\u0085"`,
		"half a surrogate pair":  `"bob\ud800"`,
		"the other half of one":  `"bob\udc00"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			session := mustParseStripe(t, change(t, "session", `"bob"`, value))
			intent := mustParseStripe(t, change(t, "intent", `"bob"`, value))
			if got := session.Sighting.Reports[0].Evidence; got.User != (payment.Claim{}) || got.Paid.Amount != money.New("usd", 1000) || session.Tie != nil {
				t.Errorf("the session: got %+v, %+v; want a payment by nobody", got, session.Tie)
			}
			if got := intent.Sighting.Reports[0].Evidence; got.User != (payment.Claim{}) || got.Paid != (payment.Paid{}) {
				t.Errorf("the intent: got %+v; want ids alone", got)
			}
			for _, example := range []string{"invoice", "new invoice"} {
				got := mustParseStripe(t, change(t, example, `"bob"`, value)).Sighting.Reports[0].Evidence
				if got.User != (payment.Claim{}) || got.Paid.Amount != money.New("usd", 1000) {
					t.Errorf("the %s: got %+v; want a payment by nobody", example, got)
				}
			}
			if e, err := ParseStripe([]byte(change(t, "customer", `{"user_id":"bob"}`, `{"user_id":`+value+`}`))); !errors.Is(err, ErrIgnored) || e.Tie != nil {
				t.Errorf("the customer: got %+v, %v; want it ignored", e.Tie, err)
			}
		})
	}
}

func TestParseStripeNamesTheBuyer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, want string }{
		"the reference before the metadata":          {`"bob","metadata":{"user_id":"carol"}`, "bob"},
		"the metadata without a reference":           {`null,"metadata":{"user_id":"carol"}`, "carol"},
		"the metadata, for a reference that is none": {`"\u0000","metadata":{"user_id":"carol"}`, "carol"},
		"255 characters":                             {`"` + strings.Repeat("é", 255) + `"`, strings.Repeat("é", 255)},
		"with blanks, as it was written":             {`" bob "`, " bob "},
		"with escapes, as they are meant":            {`"\u0062\ud83d\ude00"`, "b😀"},
		"the metadata, for half a surrogate pair":    {`"\ud800\u0041","metadata":{"user_id":"carol"}`, "carol"},
		"U+FFFD, where it was sent":                  {`"a\ufffd"`, "a\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, "session", `"bob"`, c.value))
			if got := e.Sighting.Reports[0].Evidence.User; got.UserID != c.want || !got.At.Equal(e.At) {
				t.Errorf("got %+v, want %q at %s", got, c.want, e.At)
			}
			if e.Tie == nil || e.Tie.UserID != c.want || e.Tie.Customer != "test:cus_1" {
				t.Errorf("got the tie %+v, want one to %q", e.Tie, c.want)
			}
		})
	}
}

// A session ties a customer only where there is one: a guest's purchase says nothing about anybody else.
func TestSessionWithoutACustomerTiesNobody(t *testing.T) {
	t.Parallel()
	for _, customer := range []string{`null`, `""`} {
		e := mustParseStripe(t, change(t, "session", `"cus_1"`, customer))
		if e.Tie != nil || e.Sighting.Reports[0].Evidence.User.UserID != "bob" {
			t.Errorf("the customer is %s: got the tie %+v and %+v", customer, e.Tie, e.Sighting)
		}
	}
}

// The id of a user may come from outside of any document, where nothing has seen to it that it is text.
func TestValidUserID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"bob": true, " ": true, "é": true, strings.Repeat("é", 255): true,
		"": false, strings.Repeat("é", 256): false, "bo\xff": false, "\xed\xa0\x80": false, "bo\nb": false, "bo\x00b": false, "\u0085": false,
	} {
		if got := ValidUserID(id); got != want {
			t.Errorf("%q: %t", id, got)
		}
	}
}

func TestParseStripeAmounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		want      money.Amount
	}{
		"one unit":                        {`1000`, `1`, money.New("usd", 1)},
		"the most there is":               {`1000`, strconv.Itoa(math.MaxInt64), money.New("usd", math.MaxInt64)},
		"nothing is no payment":           {`1000`, `0`, money.Amount{}},
		"null is no payment":              {`1000`, `null`, money.Amount{}},
		"not there is no payment":         {`"amount_total":1000,`, ``, money.Amount{}},
		"a currency that is not known":    {`"usd"`, `"xyz"`, money.New("xyz", 1000)},
		"not paid":                        {`"paid"`, `"unpaid"`, money.Amount{}},
		"paid, in a word nobody knows":    {`"paid"`, `"settled"`, money.Amount{}},
		"nothing to pay, with an amount":  {`"paid"`, `"no_payment_required"`, money.Amount{}},
		"not paid, with a broken amount":  {`"paid","amount_total":1000`, `"unpaid","amount_total":-1`, money.Amount{}},
		"nothing paid, in no currency":    {`1000,"currency":"usd"`, `0,"currency":null`, money.Amount{}},
		"mode of tomorrow, paid all same": {`"mode":"payment"`, `"mode":"other"`, money.New("usd", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := mustParseStripe(t, change(t, "session", c.old, c.with))
			if got := e.Sighting.Reports[0].Evidence.Paid; got.Amount != c.want || got.At.IsZero() == (c.want.Minor > 0) {
				t.Errorf("got %+v, want %v", got, c.want)
			}
		})
	}
}

// Each object is reported once, whatever it is named by.
func TestParseStripeReportsEachObjectOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		want      []string
	}{
		"charge and intent":             {`"ch_1"`, `"ch_1"`, []string{"test:re_1", "test:ch_1", "test:pi_1"}},
		"both the same":                 {`"ch_1"`, `"pi_1"`, []string{"test:re_1", "test:pi_1"}},
		"itself":                        {`"ch_1"`, `"re_1"`, []string{"test:re_1", "test:pi_1"}},
		"no charge":                     {`"charge":"ch_1",`, ``, []string{"test:re_1", "test:pi_1"}},
		"null":                          {`"ch_1"`, `null`, []string{"test:re_1", "test:pi_1"}},
		"empty":                         {`"ch_1"`, `""`, []string{"test:re_1", "test:pi_1"}},
		"an expanded charge":            {`"ch_1"`, `{"object":"charge","id":"ch_1"}`, []string{"test:re_1", "test:ch_1", "test:pi_1"}},
		"a charge of another kind's id": {`"ch_1"`, `"py_1"`, []string{"test:re_1", "test:py_1", "test:pi_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range mustParseStripe(t, change(t, "refund", c.old, c.with)).Sighting.Reports {
				got = append(got, r.Key)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// The README asks Stripe for all that is read and no more, and says what each type is for. An endpoint of the version it
// asks for can not have the type that came later.
func TestReadmeAsksForWhatIsRead(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, m := range regexp.MustCompile(`enabled_events\[\]=([a-z_.]+)`).FindAllSubmatch(readme, -1) {
		asked = append(asked, string(m[1]))
	}
	slices.Sort(asked)
	read := slices.DeleteFunc(slices.Sorted(maps.Keys(stripeReaders)), func(kind string) bool { return kind == "invoice_payment.paid" })
	if diff := cmp.Diff(read, asked); diff != "" {
		t.Errorf("(-read +asked)\n%s", diff)
	}
	if !strings.Contains(string(readme), "subscribe to `invoice_payment.paid` too") {
		t.Error("it does not say who needs invoice_payment.paid")
	}
}
