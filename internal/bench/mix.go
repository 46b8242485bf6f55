package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/plusone-dev/plusone/internal/stream"
)

// kind is what an event of the mix is about.
type kind int

const (
	signUp kind = iota
	purchase
	refund
	ignored
	kinds
)

// mix makes the events of a business: 40 % sign-ups, 45 % purchases, 5 % refunds and 10 % of types that nobody reads.
type mix struct {
	people    population
	buyers    share
	returners share
	random    *rand.Rand
	made      [kinds]int // so far, of each
	now       time.Time
}

func newMix(p population, now time.Time) *mix {
	m := &mix{people: p, random: rand.New(rand.NewPCG(1, 2)), now: now} //nolint:gosec // the same on every run
	m.buyers, _ = p.buyers()
	m.returners, _ = p.returners()
	return m
}

// kindOf is the kind of the i-th event: exact shares in every hundred, in an order that mixes them.
func kindOf(i int) kind {
	switch place := i * 37 % 100; {
	case place < 40:
		return signUp
	case place < 85:
		return purchase
	case place < 90:
		return refund
	default:
		return ignored
	}
}

// next makes n events, and counts how many there are of each kind.
func (m *mix) next(n int) (msgs []stream.Msg, of [kinds]int) {
	msgs = make([]stream.Msg, n)
	for i := range msgs {
		k := kindOf(i)
		msgs[i] = m.event(k, m.made[k])
		m.made[k]++
		of[k]++
	}
	return msgs, of
}

func (m *mix) event(k kind, n int) stream.Msg {
	switch k {
	case signUp:
		referrer := m.people.people + 1 + m.random.IntN(m.people.referrers)
		return m.signUp(n, codeName(referrer))
	case purchase:
		return m.purchase(m.buyers.person(n))
	case refund:
		return m.refund(m.returners.person(n))
	default:
		id := "evt_i" + strconv.Itoa(scatter(n))
		return stripeMsg("customer.subscription.updated", id, m.now, fmt.Sprintf(subscription, id, scatter(n)))
	}
}

func (m *mix) signUp(n int, code string) stream.Msg {
	id := "n-" + strconv.Itoa(scatter(n))
	at := m.now.UTC().Format(time.RFC3339Nano)
	body := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/bench","type":"user.registered","time":%q,"datacontenttype":"application/json",`+
		`"data":{"user_id":%q,"username":%q,"email":"%s@example.com","email_verified":true,"referral_code":%q,"registered_at":%q,`+
		`"ip":"203.0.113.%d","device_id":"d-%d","context":%q}}`, id, at, id, id, id, code, at, n%250, scatter(n), filler(2500))
	return stream.Msg{Subject: "plusone.in.user.registered", ID: "ce:6:/bench:" + id, Data: []byte(body)}
}

// purchase is the session of a person's first checkout.
func (m *mix) purchase(person int) stream.Msg {
	name := strconv.Itoa(scatter(person))
	return stripeMsg("checkout.session.completed", "evt_p"+name, m.now, fmt.Sprintf(session, "b"+name, userName(person), price, m.now.Unix(), "b"+name, "b"+name))
}

// refund is the whole charge going back to a person who was rewarded.
func (m *mix) refund(person int) stream.Msg {
	name := strconv.Itoa(scatter(m.people.payment(person)))
	return stripeMsg("charge.refunded", "evt_r"+name, m.now, fmt.Sprintf(charge, name, price, price, m.now.Unix(), name, name))
}

// bodySize is how large the events are, in bytes.
const bodySize = 3000

func stripeMsg(kind, id string, at time.Time, object string) stream.Msg {
	const form = `{"id":%q,"object":"event","api_version":"2024-06-20","created":%d,"data":{"object":%s},"livemode":false,` +
		`"pending_webhooks":1,"request":{"id":"req_9eTvMpXdN5Yk2a","idempotency_key":"%s"},"type":%q}`
	room := bodySize - len(form) - len(id) - len(object) - len(kind)
	body := fmt.Sprintf(form, id, at.Unix(), object, filler(room), kind)
	return stream.Msg{Subject: "plusone.in.stripe." + kind, ID: "stripe::" + id, Data: []byte(body)}
}

var padding = strings.Repeat("3f9c1b7e-5a2d-4c88-b1e6-7d04a9c2e5f1/", bodySize/36)

func filler(n int) string { return padding[:max(n, 0)] }

// What Stripe sends, with most of its members.
const (
	session = `{"id":"cs_%s","object":"checkout.session","adaptive_pricing":{"enabled":false},"after_expiration":null,"allow_promotion_codes":null,` +
		`"amount_subtotal":3000,"automatic_tax":{"enabled":false,"liability":null,"status":null},"billing_address_collection":null,` +
		`"cancel_url":"https://shop.example.com/cart","client_reference_id":%q,"amount_total":%d,"consent":null,"consent_collection":null,"created":%d,"currency":"usd",` +
		`"currency_conversion":null,"custom_fields":[],"custom_text":{"after_submit":null,"shipping_address":null,"submit":null,"terms_of_service_acceptance":null},` +
		`"customer":"cus_%s","customer_creation":"always","customer_details":{"address":{"city":"Lyon","country":"FR","line1":"1 rue de la Paix","line2":null,"postal_code":"69001","state":null},` +
		`"email":"buyer@example.com","name":"A Buyer","phone":null,"tax_exempt":"none","tax_ids":[]},"customer_email":null,"expires_at":1893456000,"invoice":null,` +
		`"invoice_creation":{"enabled":false},"livemode":false,"locale":null,"metadata":{"cart":"c-118","channel":"web"},"mode":"payment","payment_intent":"pi_%s",` +
		`"payment_link":null,"payment_method_collection":"if_required","payment_method_types":["card"],"payment_status":"paid","phone_number_collection":{"enabled":false},` +
		`"recovered_from":null,"setup_intent":null,"shipping_address_collection":null,"status":"complete","submit_type":null,"subscription":null,` +
		`"success_url":"https://shop.example.com/thanks","total_details":{"amount_discount":0,"amount_shipping":0,"amount_tax":0},"ui_mode":"hosted","url":null}`
	charge = `{"id":"ch_%s","object":"charge","amount":%d,"amount_captured":3000,"amount_refunded":%d,"application":null,"application_fee":null,` +
		`"balance_transaction":"txn_3P","billing_details":{"address":{"city":"Lyon","country":"FR","line1":null,"line2":null,"postal_code":"69001","state":null},"email":null,"name":"A Buyer","phone":null},` +
		`"calculated_statement_descriptor":"SHOP","captured":true,"created":%d,"currency":"usd","customer":"cus_%s","description":null,"dispute":null,"disputed":false,` +
		`"failure_code":null,"failure_message":null,"fraud_details":{},"invoice":null,"livemode":false,"metadata":{},"on_behalf_of":null,"order":null,` +
		`"outcome":{"network_status":"approved_by_network","reason":null,"risk_level":"normal","risk_score":22,"seller_message":"Payment complete.","type":"authorized"},` +
		`"paid":true,"payment_intent":"pi_%s","payment_method":"pm_1P","payment_method_details":{"card":{"brand":"visa","checks":{"address_line1_check":null,"address_postal_code_check":"pass","cvc_check":"pass"},` +
		`"country":"FR","exp_month":8,"exp_year":2030,"fingerprint":"Xt5EWLLDS7FJjR1c","funding":"credit","last4":"4242","network":"visa"},"type":"card"},"receipt_email":null,"receipt_number":null,` +
		`"refunded":true,"review":null,"shipping":null,"source":null,"statement_descriptor":null,"status":"succeeded","transfer_data":null,"transfer_group":null}`
	subscription = `{"id":"sub_%s","object":"subscription","application":null,"billing_cycle_anchor":1718000000,"cancel_at":null,"collection_method":"charge_automatically",` +
		`"currency":"usd","customer":"cus_%d","items":{"object":"list","data":[{"id":"si_1","object":"subscription_item","price":{"id":"price_1","currency":"usd","unit_amount":3000},"quantity":1}]},"status":"active"}`
)
