package fact

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// told are the events of a story: each object under its type, and the seconds after the first at which it was made.
type told struct {
	kind, object string
	second       int
}

// came is what a story amounts to: one line a payment.
type came struct {
	user     string
	paid     money.Amount
	second   int // when it was paid
	refunded int64
	disputed payment.Disputed
	held     bool // by an inquiry or a fraud warning
	card     string
}

// One purchase, seen through whatever objects and in whatever order, is one payment; two are two.
func TestStripeEventsMakePayments(t *testing.T) {
	t.Parallel()
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				again := rapid.SliceOfN(rapid.IntRange(0, len(story.told)-1), 0, 3).Draw(t, "again")
				events := make([]Event, 0, len(story.told)+len(again))
				for i := range story.told {
					events = append(events, tell(t, story.told[i], fmt.Sprintf("evt_%d", i)))
				}
				for _, i := range again {
					events = append(events, tell(t, story.told[i], fmt.Sprintf("evt_again_%d", i)))
				}
				got := amounts(rapid.Permutation(events).Draw(t, "order"))
				if diff := cmp.Diff(story.came, got, cmp.AllowUnexported(came{})); diff != "" {
					t.Fatalf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

const firstSecond = 1777638000

func tell(t *rapid.T, s told, id string) Event {
	data := fmt.Sprintf(`{"id":%q,"object":"event","created":%d,"livemode":true,"type":%q,"data":{"object":%s}}`,
		id, firstSecond+s.second, s.kind, s.object)
	e, err := ParseStripe([]byte(data))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return e
}

// amounts puts the objects of each payment together as the store does, and leaves out what nothing was paid for.
func amounts(events []Event) []came {
	into, known, ties := make(map[string]string), make(map[string]payment.Evidence), make(map[string]payment.Claim)
	root := func(key string) string {
		for into[key] != "" {
			key = into[key]
		}
		return key
	}
	for _, e := range events {
		if e.Tie != nil {
			ties[e.Tie.Customer] = payment.FirstClaim(ties[e.Tie.Customer], payment.Claim{UserID: e.Tie.UserID, At: e.Tie.At})
		}
		if e.Sighting == nil {
			continue
		}
		for _, r := range e.Sighting.Reports {
			known[r.Key] = known[r.Key].Join(r.Evidence)
			if a, b := root(e.Sighting.Reports[0].Key), root(r.Key); a != b {
				into[b] = a
			}
		}
	}
	groups := make(map[string][]payment.Object)
	for key, e := range known {
		groups[root(key)] = append(groups[root(key)], payment.Object{Key: key, Evidence: e})
	}
	var all []came
	for _, objects := range groups {
		p := payment.Derive(objects, func(customer string) string { return ties[customer].UserID })
		if p.Paid.Amount.Minor == 0 {
			continue
		}
		all = append(all, came{
			p.UserID, p.Paid.Amount, int(p.Paid.At.Unix() - firstSecond), p.Refunded, p.Disputed,
			!p.InquiryAt.IsZero() || !p.WarnedAt.IsZero(), p.Card,
		})
	}
	slices.SortFunc(all, func(a, b came) int { return a.second - b.second })
	return all
}

func usd(minor int64) money.Amount { return money.New("usd", minor) }

// Objects of the stories, with what is told of all of them.
func sessionOf(id, mode, rest string) string {
	return fmt.Sprintf(`{"id":%q,"mode":%q,"currency":"usd","client_reference_id":"bob","customer":"cus_1",%s}`, id, mode, rest)
}

func invoiceOf(id string, paid, second int, rest string) string {
	return fmt.Sprintf(`{"id":%q,"status":"paid","amount_paid":%d,"currency":"usd","customer":"cus_1","status_transitions":{"paid_at":%d}%s}`,
		id, paid, firstSecond+second, rest)
}

func chargeOf(id, intent string, refunded int) string {
	return fmt.Sprintf(`{"id":%q,"captured":true,"amount_refunded":%d,"customer":"cus_1","payment_intent":%s,`+
		`"payment_method_details":{"card":{"fingerprint":"fp_%s"}}}`, id, refunded, intent, id)
}

func refundOf(id, charge, status string, minor int) string {
	return fmt.Sprintf(`{"id":%q,"amount":%d,"status":%q,"charge":%q,"payment_intent":null}`, id, minor, status, charge)
}

func disputeOf(id, charge, status string) string {
	return fmt.Sprintf(`{"id":%q,"amount":1000,"created":%d,"status":%q,"charge":%q}`, id, firstSecond, status, charge)
}

func invoicePaymentOf(invoice, intent string) string {
	return fmt.Sprintf(`{"id":"inpay_%s","invoice":%[1]q,"payment":{"type":"payment_intent","payment_intent":%q}}`, invoice, intent)
}

// The purchases that the stories start with.
var (
	checkout = []told{
		{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"paid","amount_total":1000,"payment_intent":"pi_1"`), 1},
		{"payment_intent.succeeded", `{"id":"pi_1","amount_received":1000,"currency":"usd","customer":"cus_1","latest_charge":"ch_1"}`, 1},
		{"charge.succeeded", chargeOf("ch_1", `"pi_1"`, 0), 0},
	}
	subscribed = []told{
		{"checkout.session.completed", sessionOf("cs_1", "subscription", `"payment_status":"paid","amount_total":1500,"payment_intent":null,"invoice":"in_1","subscription":"sub_1"`), 2},
	}
	oldCycle = append([]told{
		{"invoice.paid", invoiceOf("in_1", 1500, 1, `,"payment_intent":"pi_1","charge":"ch_1","subscription":"sub_1"`), 2},
		{"charge.succeeded", chargeOf("ch_1", `"pi_1"`, 0), 1},
		{"invoice.paid", invoiceOf("in_2", 1600, 2000, `,"payment_intent":"pi_2","charge":"ch_2","subscription":"sub_1"`), 2001},
		{"charge.succeeded", chargeOf("ch_2", `"pi_2"`, 0), 2000},
	}, subscribed...)
	newCycle = append([]told{
		{"invoice.paid", invoiceOf("in_1", 1500, 1, `,"parent":{"subscription_details":{"subscription":"sub_1"}}`), 2},
		{"invoice_payment.paid", invoicePaymentOf("in_1", "pi_1"), 2},
		{"payment_intent.succeeded", `{"id":"pi_1","amount_received":1500,"currency":"usd","customer":"cus_1","latest_charge":"ch_1"}`, 1},
		{"charge.succeeded", chargeOf("ch_1", `"pi_1"`, 0), 1},
		{"invoice.paid", invoiceOf("in_2", 1600, 2000, `,"parent":{"subscription_details":{"subscription":"sub_1"}}`), 2001},
		{"invoice_payment.paid", invoicePaymentOf("in_2", "pi_2"), 2001},
		{"charge.succeeded", chargeOf("ch_2", `"pi_2"`, 0), 2000},
	}, subscribed...)
)

var stories = map[string]struct {
	told []told
	came []came
}{
	"a one-off purchase": {checkout, []came{{user: "bob", paid: usd(1000), second: 1, card: "fp_ch_1"}}},
	"an intent that names the user, seen as a session too": {
		slices.Concat(checkout, []told{
			{"payment_intent.succeeded", `{"id":"pi_1","amount_received":900,"currency":"usd","metadata":{"user_id":"carol"}}`, 0},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 0, card: "fp_ch_1"}},
	},
	"a direct intent": {
		[]told{{"payment_intent.succeeded", `{"id":"pi_1","amount_received":900,"currency":"usd","metadata":{"user_id":"bob"},"latest_charge":"ch_1"}`, 0}},
		[]came{{user: "bob", paid: usd(900)}},
	},
	"session, invoice and intent of different amounts, old": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"paid","amount_total":1000,"payment_intent":"pi_1","invoice":"in_1"`), 3},
			{"invoice.paid", invoiceOf("in_1", 1100, 2, `,"payment_intent":"pi_1","charge":"ch_1"`), 4},
			{"payment_intent.succeeded", `{"id":"pi_1","amount_received":900,"currency":"usd","metadata":{"user_id":"bob"},"invoice":"in_1","latest_charge":"ch_1"}`, 1},
		},
		[]came{{user: "bob", paid: usd(1100), second: 1}},
	},
	"the same, new, before a word ties the invoice to the session": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"paid","amount_total":1000,"payment_intent":"pi_1"`), 3},
			{"invoice.paid", invoiceOf("in_1", 1100, 2, ``), 4},
			{"payment_intent.succeeded", `{"id":"pi_1","amount_received":900,"currency":"usd","metadata":{"user_id":"bob"},"latest_charge":"ch_1"}`, 1},
		},
		[]came{{user: "bob", paid: usd(1000), second: 1}, {user: "bob", paid: usd(1100), second: 2}},
	},
	"the same, new, once a payment of the invoice does": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"paid","amount_total":1000,"payment_intent":"pi_1"`), 3},
			{"invoice.paid", invoiceOf("in_1", 1100, 2, ``), 4},
			{"payment_intent.succeeded", `{"id":"pi_1","amount_received":900,"currency":"usd","metadata":{"user_id":"bob"},"latest_charge":"ch_1"}`, 1},
			{"invoice_payment.paid", invoicePaymentOf("in_1", "pi_1"), 9},
		},
		[]came{{user: "bob", paid: usd(1100), second: 1}},
	},
	"a subscription and its renewal, old": {oldCycle, []came{
		{user: "bob", paid: usd(1500), second: 1, card: "fp_ch_1"}, {user: "bob", paid: usd(1600), second: 2000, card: "fp_ch_2"},
	}},
	"a subscription and its renewal, new": {newCycle, []came{
		{user: "bob", paid: usd(1500), second: 1, card: "fp_ch_1"}, {user: "bob", paid: usd(1600), second: 2000, card: "fp_ch_2"},
	}},
	"a renewal given back, old": {
		slices.Concat(oldCycle, []told{
			{"charge.refunded", chargeOf("ch_2", `"pi_2"`, 600), 3000}, {"refund.created", refundOf("re_1", "ch_2", "succeeded", 600), 3000},
		}),
		[]came{{user: "bob", paid: usd(1500), second: 1, card: "fp_ch_1"}, {user: "bob", paid: usd(1600), second: 2000, refunded: 600, card: "fp_ch_2"}},
	},
	"a renewal given back, new": {
		slices.Concat(newCycle, []told{
			{"charge.refunded", chargeOf("ch_2", `"pi_2"`, 600), 3000}, {"refund.created", refundOf("re_1", "ch_2", "succeeded", 600), 3000},
		}),
		[]came{{user: "bob", paid: usd(1500), second: 1, card: "fp_ch_1"}, {user: "bob", paid: usd(1600), second: 2000, refunded: 600, card: "fp_ch_2"}},
	},
	"a first invoice disputed and lost, the renewal disputed and won": {
		slices.Concat(newCycle, []told{
			{"charge.dispute.created", disputeOf("dp_1", "ch_1", "needs_response"), 3000}, {"charge.dispute.closed", disputeOf("dp_1", "ch_1", "lost"), 4000},
			{"charge.dispute.created", disputeOf("dp_2", "ch_2", "needs_response"), 3000}, {"charge.dispute.updated", disputeOf("dp_2", "ch_2", "under_review"), 3500},
			{"charge.dispute.closed", disputeOf("dp_2", "ch_2", "won"), 4000}, {"charge.dispute.funds_reinstated", disputeOf("dp_2", "ch_2", "won"), 4000},
		}),
		[]came{{user: "bob", paid: usd(1500), second: 1, disputed: payment.Lost, card: "fp_ch_1"}, {user: "bob", paid: usd(1600), second: 2000, card: "fp_ch_2"}},
	},
	"a trial, then the first invoice that costs something": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "subscription", `"payment_status":"no_payment_required","amount_total":0,"invoice":"in_0"`), 0},
			{"invoice.paid", invoiceOf("in_0", 0, 0, `,"payment_intent":null,"charge":null`), 0},
			{"invoice.paid", invoiceOf("in_1", 1500, 5000, `,"payment_intent":"pi_1","charge":"ch_1"`), 5001},
		},
		[]came{{user: "bob", paid: usd(1500), second: 5000}},
	},
	"a change of plan is an invoice of its own": {
		slices.Concat(oldCycle, []told{
			{"invoice.paid", invoiceOf("in_3", 733, 700, `,"payment_intent":"pi_3","billing_reason":"subscription_update","subscription":"sub_1"`), 701},
		}),
		[]came{
			{user: "bob", paid: usd(1500), second: 1, card: "fp_ch_1"}, {user: "bob", paid: usd(733), second: 700},
			{user: "bob", paid: usd(1600), second: 2000, card: "fp_ch_2"},
		},
	},
	"a debit that fails is nothing, whatever it was to cost": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"unpaid","amount_total":1000,"payment_intent":"pi_1"`), 0},
			{"checkout.session.async_payment_failed", sessionOf("cs_1", "payment", `"payment_status":"unpaid","amount_total":1000,"payment_intent":"pi_1"`), 900},
		},
		nil,
	},
	"a debit that succeeds is paid then": {
		[]told{
			{"checkout.session.completed", sessionOf("cs_1", "payment", `"payment_status":"unpaid","amount_total":1000,"payment_intent":"pi_1"`), 0},
			{"checkout.session.async_payment_succeeded", sessionOf("cs_1", "payment", `"payment_status":"paid","amount_total":1000,"payment_intent":"pi_1"`), 900},
		},
		[]came{{user: "bob", paid: usd(1000), second: 900}},
	},
	"a refund of 600 that fails beside one of 400": {
		slices.Concat(checkout, []told{
			{"charge.refunded", chargeOf("ch_1", `"pi_1"`, 600), 10}, {"charge.refunded", chargeOf("ch_1", `"pi_1"`, 1000), 11},
			{"refund.created", refundOf("re_1", "ch_1", "pending", 600), 10}, {"refund.created", refundOf("re_2", "ch_1", "succeeded", 400), 11},
			{"refund.failed", refundOf("re_1", "ch_1", "failed", 600), 90}, {"charge.refund.updated", refundOf("re_1", "ch_1", "failed", 600), 90},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, refunded: 400, card: "fp_ch_1"}},
	},
	"a refund that was canceled": {
		slices.Concat(checkout, []told{
			{"refund.created", refundOf("re_1", "ch_1", "requires_action", 1000), 10}, {"refund.updated", refundOf("re_1", "ch_1", "canceled", 1000), 90},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, card: "fp_ch_1"}},
	},
	"an inquiry": {
		slices.Concat(checkout, []told{{"charge.dispute.created", disputeOf("dp_1", "ch_1", "warning_needs_response"), 10}}),
		[]came{{user: "bob", paid: usd(1000), second: 1, held: true, card: "fp_ch_1"}},
	},
	"an inquiry that was closed": {
		slices.Concat(checkout, []told{
			{"charge.dispute.created", disputeOf("dp_1", "ch_1", "warning_needs_response"), 10}, {"charge.dispute.closed", disputeOf("dp_1", "ch_1", "warning_closed"), 90},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, card: "fp_ch_1"}},
	},
	"a dispute lost, then won": {
		slices.Concat(checkout, []told{
			{"charge.dispute.created", disputeOf("dp_1", "ch_1", "lost"), 10}, {"charge.dispute.updated", disputeOf("dp_1", "ch_1", "won"), 90},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, card: "fp_ch_1"}},
	},
	"a fraud warning": {
		slices.Concat(checkout, []told{
			{"radar.early_fraud_warning.created", `{"id":"issfr_1","actionable":true,"created":1777638005,"charge":"ch_1"}`, 5},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, held: true, card: "fp_ch_1"}},
	},
	"a fraud warning that can not be acted on any more": {
		slices.Concat(checkout, []told{
			{"radar.early_fraud_warning.created", `{"id":"issfr_1","actionable":true,"created":1777638005,"charge":"ch_1"}`, 5},
			{"radar.early_fraud_warning.updated", `{"id":"issfr_1","actionable":false,"created":1777638005,"charge":"ch_1"}`, 5},
		}),
		[]came{{user: "bob", paid: usd(1000), second: 1, card: "fp_ch_1"}},
	},
	"a customer who is tied by their metadata": {
		[]told{
			{"invoice.paid", invoiceOf("in_1", 1500, 1, ``), 2},
			{"customer.updated", `{"id":"cus_1","metadata":{"user_id":"bob"}}`, 8},
			{"customer.updated", `{"id":"cus_1","metadata":{"user_id":"carol"}}`, 9},
		},
		[]came{{user: "bob", paid: usd(1500), second: 1}},
	},
	"a subscription that names its user, however its customer is tied": {
		[]told{
			{"invoice.paid", invoiceOf("in_1", 1500, 1, `,"metadata":{"user_id":"dave"},"parent":{"subscription_details":{"metadata":{"user_id":"carol"}}}`), 2},
			{"customer.created", `{"id":"cus_1","metadata":{"user_id":"bob"}}`, 0},
		},
		[]came{{user: "carol", paid: usd(1500), second: 1}},
	},
	"an invoice whose session names the user beside its own word": {
		slices.Concat(subscribed, []told{
			{"invoice.paid", invoiceOf("in_1", 1500, 1, `,"parent":{"subscription_details":{"metadata":{"user_id":"carol"}}}`), 1},
		}),
		[]came{{user: "bob", paid: usd(1500), second: 1}},
	},
}
