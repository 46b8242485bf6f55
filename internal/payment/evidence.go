package payment

import (
	"cmp"
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Scope is where a Stripe object lives. Ids are unique within one account and mode only.
type Scope struct {
	Account string // set for connected accounts
	Live    bool
}

// Key makes an id unique over all scopes: "pi_1", "test:pi_1", "acct_1:pi_1", "acct_1:test:pi_1".
// No Stripe id contains a colon, so no two pairs collide.
func (s Scope) Key(id string) string {
	if !s.Live {
		id = "test:" + id
	}
	if s.Account != "" {
		id = s.Account + ":" + id
	}
	return id
}

// Kind is what sort of Stripe object gives evidence.
type Kind int16

// The kinds, as they are stored. The order of belief in what was paid is that of Kind.believed.
const (
	Unseen  Kind = iota // known by its id alone, from another object that named it
	Session             // cs_
	Intent              // pi_
	Charge              // ch_, py_
	Refund              // re_, pyr_
	Invoice             // in_
	Dispute             // dp_, du_
	Warning             // issfr_
)

// believed puts the kinds in the order of belief in what was paid, the most believable first. An invoice says what was
// paid of it; a session what its customer saw; an intent what arrived. No other kind states a payment.
func (k Kind) believed() int {
	switch k {
	case Invoice:
		return 0
	case Session:
		return 1
	case Intent:
		return 2
	case Charge:
		return 3
	case Unseen, Refund, Dispute, Warning:
	}
	return 4
}

// statesPayment says whether objects of the kind are purchases. A charge is always seen a second time as one of these.
func (k Kind) statesPayment() bool { return k.believed() <= Intent.believed() }

// Sighting is what one event says: the objects it names are all of one payment, and the reports on them are evidence.
type Sighting struct {
	Reports []Report // at least one; each Key once
}

// Report is evidence about one object, by the object's key.
type Report struct {
	Key      string
	Evidence Evidence
}

// Evidence is all that is known of one object. The zero Evidence says nothing, and joining it changes nothing.
type Evidence struct {
	Kind     Kind
	User     Claim  // whom the object itself names as the buyer
	Customer string // the key of its Stripe customer
	Paid     Paid   // what it says was paid
	Refunded int64  // a charge's cumulative figure, in minor units
	Refund   RefundState
	Dispute  DisputeState
	Warning  WarningState
	// Card is the fingerprint of the card, or of the bank account, that was charged: as Stripe writes it in what an event
	// says, and as a keyed hash in what is stored.
	Card string
}

// Claim is a buyer named by an object. Of several claims the one of the most believable place stands, then the earliest,
// then the smaller id.
type Claim struct {
	UserID string
	At     time.Time
	Place  Place
}

// Place is where a buyer's name was found, the most believable first.
type Place int16

// The places. Source: the order in which Stripe's objects are told whom they are for, the Checkout's own fields first.
const (
	OnSession      Place = iota // client_reference_id, then metadata.user_id, of a Checkout Session; or a business's own word
	OnSubscription              // the subscription's metadata, as an invoice repeats it
	OnPayment                   // the metadata of a PaymentIntent or a charge
	OnInvoice                   // the invoice's own metadata
)

// Paid is a payment as one object reports it. The zero Paid is none.
type Paid struct {
	Amount money.Amount // gross, tax included; more than zero when there is one
	At     time.Time    // whole seconds, as Stripe counts
}

// RefundState is one refund in the latest state reported.
type RefundState struct {
	Minor  int64
	Status RefundStatus
	At     time.Time // when the event that reported it was created
}

// RefundStatus is a refund's status, in the order of rank: of reports of the same second the higher stands.
type RefundStatus int16

// The statuses of a refund.
const (
	NoRefund RefundStatus = iota
	RefundPending
	RefundRequiresAction
	RefundSucceeded
	RefundCanceled
	RefundFailed
)

// DisputeState is one dispute in the latest state reported.
type DisputeState struct {
	Minor  int64
	Status DisputeStatus
	At     time.Time // when the event that reported it was created
	Opened time.Time // when the dispute itself was created
}

// DisputeStatus is a dispute's status, in the order of rank: of reports of the same second the higher stands. An inquiry
// (warning_…) may become a dispute, a dispute may be lost, and a lost one still be won.
// Source: https://docs.stripe.com/api/disputes/object
type DisputeStatus int16

// The statuses of a dispute.
const (
	NoDispute                   DisputeStatus = iota
	DisputeWarningNeedsResponse               // an inquiry: no money has moved
	DisputeWarningUnderReview
	DisputeWarningClosed
	DisputePrevented
	DisputeNeedsResponse // money withdrawn
	DisputeUnderReview
	DisputeLost
	DisputeWon
)

// Inquiry says whether the bank asks, and has taken nothing yet.
func (s DisputeStatus) Inquiry() bool {
	return s == DisputeWarningNeedsResponse || s == DisputeWarningUnderReview
}

// Withdrawn says whether the money is gone, for now or for good.
func (s DisputeStatus) Withdrawn() bool {
	return s == DisputeNeedsResponse || s == DisputeUnderReview || s == DisputeLost
}

// WarningState is one early fraud warning in the latest state reported. It stands while Stripe says that it can be acted
// on. Source: https://docs.stripe.com/api/radar/early_fraud_warnings/object
type WarningState struct {
	Known      bool
	Actionable bool
	At         time.Time // when the event that reported it was created
	Opened     time.Time // when the warning itself was created
}

// Join puts two pieces of evidence about one object together. It is commutative, associative and idempotent, so that
// neither the order of events nor their repetition can be seen in the result. What only looks like a report (a time
// without a user, an amount or a status) is none, and comes out as the zero value.
func (e Evidence) Join(o Evidence) Evidence {
	return Evidence{
		Kind:     max(e.Kind, o.Kind),
		User:     FirstClaim(e.User, o.User),
		Customer: smaller(e.Customer, o.Customer),
		Paid:     firstPaid(e.Paid, o.Paid),
		Refunded: max(0, e.Refunded, o.Refunded),
		Refund:   lastRefund(e.Refund, o.Refund),
		Dispute:  lastDispute(e.Dispute, o.Dispute),
		Warning:  lastWarning(e.Warning, o.Warning),
		Card:     smaller(e.Card, o.Card),
	}
}

// FirstClaim says which of two claims stands: the one of the more believable place, the earlier, then the smaller id. A
// claim without a user is none.
func FirstClaim(a, b Claim) Claim {
	switch {
	case a.none() && b.none():
		return Claim{}
	case a.none():
		return b
	case b.none():
		return a
	case cmp.Or(cmp.Compare(a.Place, b.Place), a.At.Compare(b.At), cmp.Compare(a.UserID, b.UserID)) <= 0:
		return a
	}
	return b
}

func smaller(a, b string) string {
	if a == "" || (b != "" && b < a) {
		return b
	}
	return a
}

// firstPaid takes the earlier report; within one second the smaller amount, and then the currency, decide.
func firstPaid(a, b Paid) Paid {
	switch {
	case a.none() && b.none():
		return Paid{}
	case a.none():
		return b
	case b.none():
		return a
	case cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Amount.Minor, b.Amount.Minor),
		cmp.Compare(a.Amount.Currency, b.Amount.Currency)) <= 0:
		return a
	}
	return b
}

// lastRefund takes the later report; within one second the higher status, and then the larger amount, decide.
func lastRefund(a, b RefundState) RefundState {
	switch {
	case a.none() && b.none():
		return RefundState{}
	case a.none():
		return b
	case b.none():
		return a
	case cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Minor, b.Minor)) >= 0:
		return a
	}
	return b
}

// lastDispute takes the later report, as lastRefund does. When a dispute was opened is known from the earliest that any
// report says.
func lastDispute(a, b DisputeState) DisputeState {
	last := b
	switch {
	case a.none() && b.none():
		return DisputeState{}
	case a.none():
		return b
	case b.none():
		return a
	case cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Minor, b.Minor)) >= 0:
		last = a
	}
	last.Opened = earlier(a.Opened, b.Opened)
	return last
}

// lastWarning takes the later report; within one second one that says that there is nothing to act on any more.
func lastWarning(a, b WarningState) WarningState {
	last := b
	switch {
	case a.none() && b.none():
		return WarningState{}
	case a.none():
		return b
	case b.none():
		return a
	case a.At.After(b.At) || (a.At.Equal(b.At) && !a.Actionable):
		last = a
	}
	last.Opened = earlier(a.Opened, b.Opened)
	return last
}

// earlier is the smaller of two times that are there.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// What is absent. A time or a currency that stands beside nothing must not decide which of two reports stands.

func (c Claim) none() bool { return c.UserID == "" }

func (p Paid) none() bool { return p.Amount.Minor <= 0 }

func (r RefundState) none() bool { return r.Status == NoRefund }

func (d DisputeState) none() bool { return d.Status == NoDispute }

func (w WarningState) none() bool { return !w.Known }
