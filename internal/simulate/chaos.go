package simulate

// A chaotic business: what a Config with Chaos makes up. Its people pay in every way there is, in both shapes of Stripe's
// API, and everything that can be taken back is; what they do is told forwards, backwards or scrambled, much of it twice,
// under the same id or another.

// Webhook is what one of Stripe's events says there. Times are in seconds after the run began.
type Webhook struct {
	Type    string
	About   Object // which object of the payment it is about
	Payment int32  // the number of the payment; Nobody: it is about a customer alone
	Names   Objects
	At      int64 // when the event was made
	Opened  int64 // when its object was made
	PaidAt  int64 // when an invoice says it was paid; 0: it does not say
	Amount  int64 // in minor units; of a charge, what was charged
	Back    int64 // of a charge: what has gone back so far
	Status  string
	Mode    string // of a session
	Claim   Claim
	Decoy   int32 // whom a less believable member of the same object names; Nobody: there is none
	// Customer is whose Stripe customer it names, by the person it was made for; Nobody: none.
	Customer   int32
	Currency   uint8
	Actionable bool // of a fraud warning
	Held       bool // of a charge: nothing is charged yet
	Basil      bool // in the shape of 2025-03-31.basil and later
	Expanded   bool // objects are named by objects, and not by their ids alone
	Connected  bool // it is of a connected account
}

// Claim is whom an object names as the buyer, and where.
type Claim struct {
	User  int32 // Nobody: none
	Place Place
}

// Place is a member that names the buyer, the most believable first.
type Place uint8

// The places.
const (
	Reference       Place = iota // a session's client_reference_id
	SessionMetadata              // as believable as the reference of another session
	SubscriptionMetadata
	PaymentMetadata // of an intent or a charge
	InvoiceMetadata
	CustomerMetadata // ties the customer to the buyer, and names nobody itself
)

// believed puts the places in the order of belief.
func (p Place) believed() int { return int(max(p, SessionMetadata)) }

// Object is one of the objects that a payment may have.
type Object uint8

// Objects are several of them.
type Objects uint16

// The objects. Those from InvoicePayment on are nobody's evidence: they only tie others.
const (
	CheckoutSession Object = iota
	PaymentIntent
	TheCharge
	Invoice
	FirstRefund
	SecondRefund
	FirstDispute
	SecondDispute
	FraudWarning
	InvoicePayment
	TheCustomer
	objects
)

// prefixes are what the ids of the objects begin with.
var prefixes = [objects]string{"cs", "pi", "ch", "in", "re", "pyr", "dp", "du", "issfr", "inpay", "cus"}

func several(all ...Object) (set Objects) {
	for _, o := range all {
		set |= 1 << o
	}
	return set
}

func (s Objects) has(o Object) bool { return s&(1<<o) != 0 }

// account is the connected account that the event is of; empty for one's own.
func (h *Webhook) account() string {
	if h.Connected {
		return "acct_simulated"
	}
	return ""
}

// inAccount is the number of an object among those of its account. One of a connected account has the id that something
// else has in one's own: ids mean nothing outside of their account.
func (h *Webhook) inAccount(number int32) int32 {
	if h.Connected {
		return number ^ 1
	}
	return number
}

// read says whether plusone reads such an event. What is well formed and says nothing is not recorded.
func (h *Webhook) read() bool {
	switch {
	case h.Type == "invoice.payment_succeeded": // the twin of invoice.paid
		return false
	case h.About == CheckoutSession:
		return h.Mode != "setup"
	case h.About == TheCustomer:
		return h.Claim.User != Nobody
	}
	return true
}
