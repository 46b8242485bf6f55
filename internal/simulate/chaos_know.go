package simulate

import (
	"cmp"
	"slices"
	"strconv"
)

// What follows from the events of a chaotic business, worked out anew from Stripe's documentation and the program's: which
// objects are one payment, who paid it, how much, and what became of it.

// learnChaos reads the events that were taken.
func (p *Plan) learnChaos(k *known, e *Expectation, statuses []Status) {
	whose := customers{}
	sales := map[int32][]*Webhook{}
	unsure := make([]bool, len(p.People)) // not every event of theirs is known to be taken or not
	for i, f := range p.Facts {
		switch {
		case statuses[i] == Unknown:
			unsure[f.User] = true
		case statuses[i] != Accepted:
		case f.Kind == SignUp:
			k.signedUp[f.User] = k.signedUp[f.User] || f.Part != Later
			p.tieBySignUp(whose, f)
		case f.Kind == Event:
			h := &p.Webhooks[f.Payment]
			if h.read() && h.Payment != Nobody {
				sales[h.Payment] = append(sales[h.Payment], h)
			}
			whose.learn(h)
		default: // a verified address, which no rule that is modelled asks for
		}
	}
	p.blur(e, unsure)
	for _, all := range sales {
		for _, one := range payments(all) {
			k.addPayment(one, whose)
		}
	}
}

// tieBySignUp notes the Stripe customer that a sign-up names.
func (p *Plan) tieBySignUp(whose customers, f Fact) {
	person := p.People[f.User]
	if !person.Known {
		return
	}
	at := -person.Age
	if f.Part == Later {
		at += laterBy
	}
	whose.tie(f.User, f.User, at)
}

// blur leaves out those of whom not everything is known, and whomever their events name.
func (p *Plan) blur(e *Expectation, unsure []bool) {
	for _, f := range p.Facts {
		if !unsure[f.User] {
			continue
		}
		e.People[f.User].Blurred = true
		if f.Kind != Event {
			continue
		}
		if named := p.Webhooks[f.Payment].Claim.User; named != Nobody {
			e.People[named].Blurred = true
		}
	}
}

// customers say whose each Stripe customer is said to be, the earliest first.
type customers map[int32][]tie

type tie struct {
	at   int64
	user int32
}

// learn notes whose customer a session, or the customer's own metadata, says it is.
func (c customers) learn(h *Webhook) {
	says := h.About == CheckoutSession || h.About == TheCustomer
	if says && h.read() && h.Customer != Nobody && h.Claim.User != Nobody {
		c.tie(h.Customer, h.Claim.User, h.At)
	}
}

// tie adds that a customer is somebody. Of two who are said to be it in one second, the smaller id is.
func (c customers) tie(customer, user int32, at int64) {
	c[customer] = append(c[customer], tie{at, user})
	slices.SortFunc(c[customer], func(a, b tie) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(strconv.Itoa(int(a.user)), strconv.Itoa(int(b.user))))
	})
}

// payments parts the events about what was one sale by what connects them: an object that one is about, or names, and
// another too. It is one payment when all were taken, and may be several when some were not.
func payments(all []*Webhook) [][]*Webhook {
	var parts []Objects
	for _, h := range all {
		touched := h.Names
		if h.About != InvoicePayment { // which has an id that nothing else names
			touched |= several(h.About)
		}
		for n := 0; n < len(parts); n++ {
			if parts[n]&touched != 0 {
				touched |= parts[n]
				parts = slices.Delete(parts, n, n+1)
				n--
			}
		}
		parts = append(parts, touched)
	}
	out := make([][]*Webhook, len(parts))
	for _, h := range all {
		for n, p := range parts {
			if (h.Names|several(h.About))&p != 0 {
				out[n] = append(out[n], h)
				break
			}
		}
	}
	return out
}

// addPayment adds what some events say of one payment to what is known of its buyer, and what they may have seemed to say
// of others.
func (k *known) addPayment(all []*Webhook, whose customers) {
	customer := int32(Nobody)
	var claims []*Webhook
	var paid []bill
	for _, h := range all {
		if h.Held { // it only says which objects belong together
			continue
		}
		customer = max(customer, h.Customer)
		if h.Claim.User != Nobody {
			claims = append(claims, h)
		}
		if b, ok := h.bill(); ok {
			paid = append(paid, b)
		}
	}
	if len(paid) == 0 {
		return
	}
	may := map[int32]bool{}
	slices.SortFunc(claims, func(a, b *Webhook) int {
		return cmp.Or(cmp.Compare(a.Claim.Place.believed(), b.Claim.Place.believed()), cmp.Compare(a.At, b.At))
	})
	for _, h := range claims {
		may[h.Claim.User] = true
	}
	for _, t := range whose[customer] {
		may[t.user] = true
	}
	for user := range may {
		for _, b := range paid {
			k.might[user] = append(k.might[user], purchase{at: b.at, amount: b.amount, currency: all[0].Currency})
		}
	}
	switch one := settle(all, paid); {
	case len(claims) > 0:
		k.purchases[claims[0].Claim.User] = append(k.purchases[claims[0].Claim.User], one)
	case len(whose[customer]) > 0:
		user := whose[customer][0].user
		k.purchases[user] = append(k.purchases[user], one)
	}
}

// bill is what one event says was paid, and how far that is believed: an invoice before a session before an intent.
type bill struct {
	belief     int
	at, amount int64
}

func (h *Webhook) bill() (b bill, ok bool) {
	b = bill{at: h.At, amount: h.Amount}
	switch {
	case h.Amount == 0:
	case h.About == Invoice:
		if h.PaidAt != 0 {
			b.at = h.PaidAt
		}
		return b, true
	case h.About == CheckoutSession:
		b.belief = 1
		return b, h.Status == "paid" && (h.Mode != "subscription" || h.Names.has(Invoice))
	case h.About == PaymentIntent:
		b.belief = 2
		return b, h.Claim.User != Nobody
	}
	return b, false
}

// settle puts a payment together from what was paid, and what became of it.
func settle(all []*Webhook, paid []bill) purchase {
	first := slices.MinFunc(paid, func(a, b bill) int { return cmp.Compare(a.at, b.at) })
	best := slices.MinFunc(paid, func(a, b bill) int {
		return cmp.Or(cmp.Compare(a.belief, b.belief), cmp.Compare(a.at, b.at), cmp.Compare(a.amount, b.amount))
	})
	one := purchase{at: first.at, amount: best.amount, currency: all[0].Currency}
	last := map[Object]*Webhook{} // what stands of each refund, dispute and warning
	shown, undone, succeeded := int64(0), int64(0), int64(0)
	for _, h := range all {
		shown = max(shown, h.Back)
		if old := last[h.About]; old == nil || cmp.Or(cmp.Compare(h.At, old.At), cmp.Compare(h.rank(), old.rank())) > 0 {
			last[h.About] = h
		}
	}
	for about, h := range last {
		switch about {
		case FirstRefund, SecondRefund:
			switch h.Status {
			case "succeeded":
				succeeded += h.Amount
			case "failed", "canceled":
				undone += h.Amount
			}
		case FirstDispute, SecondDispute:
			one.disputed = one.disputed || slices.Contains([]string{"needs_response", "under_review", "lost"}, h.Status)
			one.asked = one.asked || slices.Contains([]string{"warning_needs_response", "warning_under_review"}, h.Status)
		case FraudWarning:
			one.asked = one.asked || h.Actionable
		default:
		}
	}
	one.back = max(shown-undone, succeeded)
	return one
}

// course is the order in which the states of one thing follow each other: of two of one second, the further one is so.
var course = []string{
	"pending", "requires_action", "succeeded", "canceled", "failed",
	"warning_needs_response", "warning_under_review", "warning_closed", "prevented", "needs_response", "under_review", "lost", "won",
}

func (h *Webhook) rank() int {
	if h.About == FraudWarning && !h.Actionable {
		return 1
	}
	return slices.Index(course, h.Status)
}
