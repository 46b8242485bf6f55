package shop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What may be bought for. Stripe takes no less than fifty cents, and a pretend shop needs no more than this.
const (
	leastAmount = 50
	mostAmount  = 1_000_000
)

// symbols are of the currencies the shop sells in. Both have two decimals.
var symbols = map[string]string{"usd": "$", "eur": "€"}

// display is an amount as people write it.
func display(amount int64, currency string) string {
	return fmt.Sprintf("%s%d.%02d", symbols[currency], amount/100, amount%100)
}

// begin makes an order, and says where it can be paid.
func (s *Shop) begin(ctx context.Context, p person, item string, amount int64, currency string) (o order, at string, err error) {
	if currency == "" {
		currency = "usd"
	}
	if symbols[currency] == "" {
		return o, "", refuse(http.StatusBadRequest, "currency must be usd or eur: this shop sells in no other")
	}
	if amount < leastAmount || amount > mostAmount {
		return o, "", refuse(http.StatusBadRequest, fmt.Sprintf("amount must be from %d to %d, in minor units: 1000 is ten dollars", leastAmount, mostAmount))
	}
	o = order{Person: p.ID, Item: item, Amount: amount, Currency: currency, Made: time.Now().UTC()}
	if s.stripe != nil {
		o.Real = true
		if o.ID, at, err = s.stripe.session(ctx, p, o); err != nil {
			return o, "", err
		}
	} else {
		o.ID = "cs_test_" + rand.Text()
		at = s.URL + "/checkout/" + o.ID
	}
	return o, at, s.book.addOrder(o)
}

// card is what somebody typed in at the checkout.
type card struct{ number, expires, code string }

// The cards of Stripe's test mode that the pretended checkout knows.
const (
	goodCard      = "4242424242424242"
	declinedCard  = "4000000000000002"
	emptiedCard   = "4000000000009995"
	cardIncorrect = "Your card number is incorrect."
)

// refusedFor is why a card is not taken, in Stripe's words where Stripe has any. Empty: it is.
func (c card) refusedFor(now time.Time) string {
	number := strings.NewReplacer(" ", "", "-", "").Replace(c.number)
	switch {
	case number == declinedCard:
		return "Your card was declined."
	case number == emptiedCard:
		return "Your card has insufficient funds."
	case !luhn(number):
		return cardIncorrect
	case number != goodCard:
		return "This checkout is pretended: it takes the test card 4242 4242 4242 4242, and no real one."
	case c.expires != "" && !c.lasts(now):
		return "Your card's expiration date must be a month and a year to come, such as 12/34."
	case c.code != "" && (len(c.code) < 3 || len(c.code) > 4 || !digits(c.code)):
		return "Your card's security code is incomplete."
	}
	return ""
}

func (c card) lasts(now time.Time) bool {
	end, err := time.Parse("01/06", strings.ReplaceAll(c.expires, " ", ""))
	return err == nil && end.AddDate(0, 1, 0).After(now)
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// luhn says whether the check digit of a card's number is right.
func luhn(number string) bool {
	if !digits(number) || len(number) < 12 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return sum%10 == 0
}

// pay takes a card for an order, and tells of the payment as Stripe would. It waits for a moment until the buyer's balance
// shows it, so that the page after it can.
func (s *Shop) pay(ctx context.Context, id string, c card) (o order, err error) {
	o, ok := s.book.order(id)
	if !ok || o.Real {
		return o, refuse(http.StatusNotFound, "there is no such checkout session here")
	}
	if o.Paid {
		return o, errPaid
	}
	if why := c.refusedFor(time.Now()); why != "" {
		return o, refuse(http.StatusPaymentRequired, why)
	}
	before, _ := s.plusone.balance(ctx, o.Person) // without it nobody waits
	o.Paid, o.Intent, o.Charge = true, "pi_shop_"+rand.Text(), "ch_shop_"+rand.Text()
	messages, err := s.paidMessages(o)
	if err != nil {
		return o, err
	}
	told, err := s.courier.send(ctx, func(r *records) error {
		kept := find(r.Orders, func(k *order) bool { return k.ID == id })
		if kept == nil || kept.Paid {
			return errPaid
		}
		*kept = o
		return nil
	}, messages...)
	if told && err == nil {
		s.awaitBalance(ctx, o.Person, before)
	}
	return o, err
}

var errPaid = refuse(http.StatusConflict, "this checkout session is complete: it was paid before")

// processing is how much longer the pretended checkout takes than it has to, as any does. What plusone adds up for the
// buyer's friend follows the credit within that.
const processing = 250 * time.Millisecond

// awaitBalance waits for a moment until somebody's balance is another.
func (s *Shop) awaitBalance(ctx context.Context, id string, before balance) {
	eventually(ctx, func(ctx context.Context) bool {
		now, err := s.plusone.balance(ctx, id)
		return err != nil || now.Credits != before.Credits
	})
	rest(ctx, processing)
}

// refund gives back some of an order, or what is left of it when the amount is zero.
func (s *Shop) refund(ctx context.Context, p person, id string, amount int64) (o order, err error) {
	o, ok := s.book.order(id)
	if !ok || o.Person != p.ID || !o.Paid {
		return o, refuse(http.StatusNotFound, "you have no such order")
	}
	if amount == 0 {
		amount = o.Amount - o.Back
	}
	if amount <= 0 || amount > o.Amount-o.Back {
		return o, refuse(http.StatusBadRequest, "of this order "+display(o.Amount-o.Back, o.Currency)+" can be refunded")
	}
	if o.Real {
		return o, s.refundReal(ctx, o, amount)
	}
	before, _ := s.plusone.balance(ctx, o.Person) // without it nobody waits
	o.Back += amount
	messages, err := s.refundMessages(o, amount)
	if err != nil {
		return o, err
	}
	told, err := s.courier.send(ctx, givenBack(o.ID, o.Back-amount, amount), messages...)
	if told && err == nil {
		s.awaitBalance(ctx, o.Person, before)
	}
	return o, err
}

// givenBack notes a refund, unless there was another meanwhile.
func givenBack(id string, before, amount int64) func(*records) error {
	return func(r *records) error {
		kept := find(r.Orders, func(k *order) bool { return k.ID == id })
		if kept == nil || kept.Back != before {
			return refuse(http.StatusConflict, "this order was refunded meanwhile: look at it again")
		}
		kept.Back += amount
		return nil
	}
}

func (s *Shop) refundReal(ctx context.Context, o order, amount int64) error {
	if s.stripe == nil {
		return refuse(http.StatusConflict, "this order was paid with Stripe: start the shop with a Stripe key to refund it")
	}
	if err := s.stripe.refund(ctx, o, amount); err != nil {
		return err
	}
	return s.book.change(givenBack(o.ID, o.Back, amount))
}

// minor reads an amount that somebody typed in: 4, 4.5 or 4.50.
func minor(text string) (amount int64, ok bool) {
	whole, decimals, _ := strings.Cut(strings.TrimSpace(text), ".")
	if !digits(whole) || len(whole) > 6 || decimals != "" && !digits(decimals) || len(decimals) > 2 {
		return 0, false
	}
	amount, err := strconv.ParseInt(whole+(decimals + "00")[:2], 10, 64)
	return amount, err == nil && amount > 0
}

// paidMessages are what Stripe tells of a payment. It promises no order, and any will do.
func (s *Shop) paidMessages(o order) ([]message, error) {
	p, _ := s.book.person(func(p *person) bool { return p.ID == o.Person })
	now := time.Now().Unix()
	return s.webhooks(now,
		spoken{"charge.succeeded", charge(o, p, now)},
		spoken{"payment_intent.succeeded", map[string]any{
			"id": o.Intent, "object": "payment_intent", "amount": o.Amount, "amount_received": o.Amount, "currency": o.Currency,
			"created": now, "customer": nil, "invoice": nil, "latest_charge": o.Charge, "livemode": s.Live,
			"metadata": map[string]string{}, "payment_method_types": []string{"card"}, "status": "succeeded",
		}},
		spoken{"checkout.session.completed", map[string]any{
			"id": o.ID, "object": "checkout.session", "amount_subtotal": o.Amount, "amount_total": o.Amount, "currency": o.Currency,
			"client_reference_id": o.Person, "created": o.Made.Unix(), "customer": nil, "invoice": nil, "livemode": s.Live,
			"customer_details": map[string]any{"email": p.Email, "name": p.Username}, "metadata": map[string]string{}, "mode": "payment",
			"payment_intent": o.Intent, "payment_method_types": []string{"card"}, "payment_status": "paid", "status": "complete",
			"subscription": nil,
		}},
	)
}

// refundMessages are what Stripe tells of a refund: the charge, of which now so much is back, and the refund itself.
func (s *Shop) refundMessages(o order, amount int64) ([]message, error) {
	p, _ := s.book.person(func(p *person) bool { return p.ID == o.Person })
	now := time.Now().Unix()
	return s.webhooks(now,
		spoken{"charge.refunded", charge(o, p, now)},
		spoken{"refund.created", map[string]any{
			"id": "re_shop_" + rand.Text(), "object": "refund", "amount": amount, "charge": o.Charge, "created": now,
			"currency": o.Currency, "metadata": map[string]string{}, "payment_intent": o.Intent,
			"reason": "requested_by_customer", "status": "succeeded",
		}},
	)
}

func charge(o order, p person, now int64) map[string]any {
	return map[string]any{
		"id": o.Charge, "object": "charge", "amount": o.Amount, "amount_captured": o.Amount, "amount_refunded": o.Back,
		"billing_details": map[string]any{"email": p.Email, "name": p.Username}, "captured": true, "created": now,
		"currency": o.Currency, "customer": nil, "disputed": false, "invoice": nil, "metadata": map[string]string{}, "paid": true,
		"payment_intent": o.Intent, "refunded": o.Back == o.Amount, "status": "succeeded",
		"payment_method_details": map[string]any{
			"type": "card", "card": map[string]any{"brand": "visa", "last4": "4242", "fingerprint": "shop" + hashed(goodCard)[:12]},
		},
	}
}

// spoken is an event of Stripe's: its type, and the object it is about.
type spoken struct {
	kind   string
	object map[string]any
}

func (s *Shop) webhooks(now int64, all ...spoken) (messages []message, err error) {
	for _, e := range all {
		id := "evt_shop_" + rand.Text()
		body, err := json.Marshal(map[string]any{
			"id": id, "object": "event", "api_version": "2023-10-16", "created": now, "livemode": s.Live, "type": e.kind,
			"pending_webhooks": 1, "data": map[string]any{"object": e.object},
		})
		if err != nil {
			return nil, err
		}
		messages = append(messages, message{ID: id, Kind: payment, Body: body})
	}
	return messages, nil
}
