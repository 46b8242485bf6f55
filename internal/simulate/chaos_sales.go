package simulate

import "time"

// What the sales of a chaotic business are like.
const (
	invoiced  = 0.25 // of those by Checkout
	onTrial   = 0.30 // of the subscriptions
	renews    = 0.40
	unbilled  = 0.15 // of the others: no invoice comes
	delays    = 0.25 // Checkout with a delayed method of payment
	bounces   = 0.25 // of these
	free      = 0.04 // Checkouts of 0
	setUps    = 0.04 // Checkouts that save a card
	guests    = 0.20 // sales without a Stripe customer
	nameless  = 0.25 // of the others: nothing but the customer says who bought
	quarrels  = 0.05 // another object names somebody else
	disagrees = 0.06 // objects of one sale state different amounts
	heldFirst = 0.10 // the card is charged later
	bare      = 0.10 // invoices paid by a charge without an intent
	inList    = 0.50 // new invoices that list how they were paid
	dated     = 0.70 // invoices that say when they were paid
	byHand    = 0.30 // of these: it is entered when the window has closed
	twins     = 0.15 // invoices of which a twin event tells
)

// sale is one payment in the making.
type sale struct {
	t          *teller
	number     int32
	user       int32
	at         int64
	amount     int64
	currency   uint8
	basil      bool
	guest      bool // there is no Stripe customer
	naming     Place
	other      int32 // whom another object names; Nobody: none does
	hasInvoice bool
	bare       bool
}

// sell makes up a sale, and what is taken back of it.
func (t *teller) sell(user int32, at int64) {
	s := &sale{
		t: t, number: t.sales, user: user, at: at, basil: t.chance(0.5), guest: t.chance(guests), other: Nobody,
	}
	t.sales++
	s.currency, s.amount = t.price()
	if t.chance(quarrels) {
		s.other = t.somebodyElse(user)
	}
	var sold bool
	switch n := t.rand.IntN(10); {
	case n < 5:
		sold = s.checkout()
	case n < 7:
		sold = s.direct()
	default:
		sold = s.subscription()
	}
	if sold {
		s.reversals()
	}
}

// say tells of an object of the sale. Each event of one has a second of its own.
func (s *sale) say(h Webhook) {
	h.Payment, h.Currency, h.Basil = s.number, s.currency, s.basil
	if h.Customer = s.user; s.guest || h.About >= FirstRefund {
		h.Customer = Nobody
	}
	if h.Opened == 0 {
		h.Opened = h.At - 7
	}
	s.t.hook(s.user, h)
}

// named is the claim of an object that has a place for one; unless that is the sale's, it names nobody.
func (s *sale) named(place Place) Claim {
	if s.naming == place {
		return Claim{s.user, place}
	}
	return Claim{Nobody, place}
}

// name draws where the buyer is named: in one of some places, or in none, so that only the customer says who it is.
func (s *sale) name(places ...Place) {
	chance := nameless
	if s.t.contested {
		chance = 1 - nameless // so that it matters
	}
	if s.naming = CustomerMetadata; s.guest || !s.t.chance(chance) {
		s.naming = places[s.t.rand.IntN(len(places))]
	}
}

// stated is the amount that one object states, which need not be what the others do.
func (s *sale) stated() int64 {
	if s.t.chance(disagrees) {
		return s.amount/2 + s.t.rand.Int64N(s.amount) + 1
	}
	return s.amount
}

// soon is a second that belongs to the sale.
func (s *sale) soon() int64 { return s.at + s.t.rand.Int64N(apart-2) }

// checkout is a one-off sale through Checkout, or a Payment Link, and says whether money moved.
func (s *sale) checkout() bool {
	s.name(Reference, SessionMetadata, PaymentMetadata)
	switch {
	case s.t.chance(setUps):
		s.session(Webhook{Type: "checkout.session.completed", At: s.at, Mode: "setup", Status: "no_payment_required"})
		return false
	case s.t.chance(free):
		s.session(Webhook{Type: "checkout.session.completed", At: s.at, Mode: "payment", Status: "no_payment_required"})
		return false
	}
	s.hasInvoice = s.t.chance(invoiced)
	names := several(PaymentIntent)
	if s.hasInvoice {
		names |= several(Invoice)
	}
	h := Webhook{Type: "checkout.session.completed", At: s.soon(), Mode: "payment", Status: "paid", Amount: s.stated(), Names: names}
	if s.t.chance(delays) {
		h.Status, h.At = "unpaid", s.at-3*day
		s.session(h)
		h.Type, h.Status, h.At = "checkout.session.async_payment_succeeded", "paid", s.soon()
		if s.t.chance(bounces) {
			h.Type, h.Status = "checkout.session.async_payment_failed", "unpaid"
			s.session(h)
			return false
		}
	}
	s.session(h)
	s.money("manual")
	return true
}

// session tells of a Checkout Session. What is in the session's metadata beside a reference is not believed.
func (s *sale) session(h Webhook) {
	h.About, h.Decoy = CheckoutSession, Nobody
	if h.Claim = s.named(Reference); h.Claim.User == Nobody {
		h.Claim = s.named(SessionMetadata)
	} else {
		h.Decoy = s.other
	}
	s.say(h)
}

// direct is a sale by a PaymentIntent of one's own, which counts where it names the buyer.
func (s *sale) direct() bool {
	s.name(PaymentMetadata)
	if s.t.chance(heldFirst) {
		s.say(Webhook{
			Type: "charge.succeeded", About: TheCharge, At: s.at - 5, Names: several(PaymentIntent), Held: true, Amount: s.amount,
			Claim: s.named(PaymentMetadata), Decoy: Nobody,
		})
	}
	s.money("")
	return true
}

// subscription is the first invoice of one, or a renewal: each is a sale by itself.
func (s *sale) subscription() bool {
	s.name(Reference, SubscriptionMetadata, InvoiceMetadata)
	s.hasInvoice, s.bare = true, s.t.chance(bare)
	reason, mode := "subscription_create", "subscription"
	switch {
	case s.t.chance(onTrial):
		s.session(Webhook{Type: "checkout.session.completed", At: s.at, Mode: mode, Status: "no_payment_required", Names: several(Invoice)})
		s.invoice("subscription_create", 0, 0)
		return false
	case s.t.chance(renews):
		reason = []string{"subscription_cycle", "subscription_update"}[s.t.rand.IntN(2)] // a renewal, or a proration
	default:
		h := Webhook{Type: "checkout.session.completed", At: s.soon(), Mode: mode, Status: "paid", Amount: s.stated(), Names: several(Invoice)}
		if s.t.chance(unbilled) {
			h.Names = 0 // and so it states no payment
			s.session(h)
			return false
		}
		s.session(h)
	}
	s.money(reason)
	return true
}

// money tells of what moves it: the intent, the charge and, where there is one, the invoice.
func (s *sale) money(reason string) {
	var above Objects // what an intent and a charge name beside each other
	if s.hasInvoice && !s.basil {
		above = several(Invoice)
	}
	claim := s.named(PaymentMetadata)
	if claim.User == Nobody && s.other != Nobody {
		claim.User = s.other
	}
	if !s.bare {
		s.say(Webhook{
			Type: "payment_intent.succeeded", About: PaymentIntent, At: s.soon(), Names: several(TheCharge) | above, Amount: s.stated(),
			Claim: claim, Decoy: Nobody,
		})
		above |= several(PaymentIntent)
	}
	s.say(Webhook{
		Type: "charge.succeeded", About: TheCharge, At: s.soon(), Names: above, Amount: s.amount, Claim: claim, Decoy: Nobody,
	})
	if s.hasInvoice {
		s.invoice(reason, s.stated(), above&^several(Invoice)|several(TheCharge))
	}
}

// invoice tells of an invoice, and, in the new shape, what paid it.
func (s *sale) invoice(reason string, amount int64, paidBy Objects) {
	h := Webhook{
		Type: "invoice.paid", About: Invoice, At: s.soon(), Amount: amount, Status: reason, Names: paidBy, Decoy: Nobody,
		Claim: s.named(SubscriptionMetadata),
	}
	if s.t.chance(dated) {
		h.PaidAt = s.soon()
		h.At += s.t.rand.Int64N(day)
		if s.t.chance(byHand) {
			h.At += int64(s.t.Rules.Within / time.Second)
		}
	}
	if h.Claim.User == Nobody {
		h.Claim = s.named(InvoiceMetadata)
	} else {
		h.Decoy = s.other
	}
	if s.basil && (paidBy == 0 || !s.t.chance(inList)) {
		h.Names = 0
	}
	if s.basil { // an intent, or else the charge
		h.Names = oneOf(h.Names)
	}
	s.say(h)
	if s.t.chance(twins) {
		h.Type = "invoice.payment_succeeded"
		s.say(h)
	}
	if s.basil && paidBy != 0 {
		s.say(Webhook{
			Type: "invoice_payment.paid", About: InvoicePayment, At: s.soon(), Amount: amount, Names: oneOf(paidBy) | several(Invoice),
			Claim: Claim{User: Nobody}, Decoy: Nobody,
		})
	}
}

// oneOf is the intent, if it is there, and else the charge.
func oneOf(paidBy Objects) Objects {
	if paidBy.has(PaymentIntent) {
		return several(PaymentIntent)
	}
	return paidBy & several(TheCharge)
}
