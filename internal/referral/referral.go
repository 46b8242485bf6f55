// Package referral says what a referral is worth: Assess looks at all the facts of one referral and gives a verdict.
// It never moves a referral from one status to another; it says which status the facts amount to, and the table of
// legal moves says how to get there. It is pure, and reaches nothing but money.
package referral

import (
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Status is where a referral stands.
type Status string

// The statuses. The empty Status is that of a referral which does not exist yet.
const (
	Pending   Status = "pending"   // signed up
	Qualified Status = "qualified" // the conditions are met; the hold is running, or a person has to decide
	Rewarded  Status = "rewarded"  // the rewards are posted
	Cancelled Status = "cancelled" // for a reason
)

// Reason says why a referral is cancelled. It is empty in every other status.
type Reason string

// The reasons.
const (
	Refunded         Reason = "refunded"          // too much of the purchase went back
	Expired          Reason = "expired"           // the window closed without a qualifying purchase
	CodeExhausted    Reason = "code_exhausted"    // the code was used up when this referral qualified
	SelfReferral     Reason = "self_referral"     // the referee is the referrer
	ExistingCustomer Reason = "existing_customer" // the referee had bought before they signed up
	Superseded       Reason = "superseded"        // an earlier sign-up with another code, or none, stands
	Disputed         Reason = "disputed"          // a dispute has withdrawn the money
	Rejected         Reason = "rejected"          // a person decided so
	BelowMinimum     Reason = "below_minimum"     // the first purchase was too small, where the first decides
	Fraud            Reason = "fraud"             // a signal that the program cancels on
	Erased           Reason = "erased"            // the referee, or before their sign-up the referrer, asked to be forgotten
)

// History is every fact of one referral that can decide what it is worth.
type History struct {
	// SignedUpAt is when the referee signed up: with this code, or with any where a person attributed them to it.
	SignedUpAt time.Time
	// NoSignUp says that nobody has told of a sign-up: SignedUpAt is when a person attributed the referee to the code.
	NoSignUp bool
	// Standing says that this is the referee's sign-up that counts: their earliest.
	Standing bool
	// SamePerson says that referrer and referee are one, by user or by normalised e-mail.
	SamePerson bool
	// Slot is the referral's place on the code.
	Slot Slot
	// MaxUses is how many places the code has; 0 means no maximum.
	MaxUses int
	// Purchases are the referee's, in any order. Those that can not decide anything may be left out. A superset of these is
	// enough: the earliest of all; of each currency, the earliest that meets the minimum inside the window; and where the
	// terms requalify, of each currency the earliest such whose money stands (not disputed, and not refunded too much).
	Purchases []Purchase
	// VerifiedAt is when the referee's e-mail address was first verified; zero when it was not.
	VerifiedAt time.Time
	// Signals are what may speak against the referral, each kind once, at its earliest.
	Signals []Signal
	// Decision is the latest that a person made; the zero Decision when nobody did.
	Decision Decision
	// RefereeErased and ReferrerErased are when they asked to be forgotten; zero when they did not.
	RefereeErased, ReferrerErased time.Time
}

// Signal is something that may speak against a referral, whatever the terms make of it.
type Signal struct {
	Kind SignalKind
	At   time.Time // when it came to be: what a person approves later covers it
	// Count is how many sign-ups came from the address, for SignalSignUpsPerIP; up to one more than the terms allow.
	Count int
}

// SignalKind is what a signal is about. It is also the name of the program's rule.
type SignalKind string

// The kinds of signals.
const (
	SignalSameCard        SignalKind = "same_card"
	SignalSameIP          SignalKind = "same_ip"
	SignalSameDevice      SignalKind = "same_device"
	SignalSameEmail       SignalKind = "same_email"
	SignalDisposableEmail SignalKind = "disposable_email"
	SignalSignUpsPerIP    SignalKind = "signups_per_ip"
)

// Decision is what a person decided about a referral.
type Decision struct {
	Verdict DecisionVerdict
	At      time.Time
}

// DecisionVerdict is what was decided.
type DecisionVerdict string

// The decisions.
const (
	Undecided DecisionVerdict = ""
	Approve   DecisionVerdict = "approved" // signals, inquiries and warnings dated up to then do not count
	Reject    DecisionVerdict = "rejected" // cancelled, whatever else is known
	Reopen    DecisionVerdict = "reopened" // as if nobody had decided before
)

// Purchase is one payment by the referee.
type Purchase struct {
	Key      string       // orders purchases of the same second
	Amount   money.Amount // gross, tax included
	Refunded int64        // in minor units of the amount's currency
	PaidAt   time.Time    // whole seconds, as Stripe counts
	// Disputed says that a dispute has withdrawn the money, DisputeLost that it did so for good.
	Disputed, DisputeLost bool
	// InquiryAt and WarnedAt are when the latest inquiry that is open, and the latest fraud warning that stands, were
	// made; zero when there is none.
	InquiryAt, WarnedAt time.Time
}

// Net is what is left of a purchase after its refunds, never less than nothing.
func (p Purchase) Net() money.Amount {
	return money.New(p.Amount.Currency, max(0, p.Amount.Minor-p.Refunded))
}

// Slot is a referral's place among the uses of its code. Grant and refusal are facts: recorded once, never turned.
type Slot int

// A Slot above zero is the ordinal that was granted: 1 for the code's first.
const (
	SlotRefused Slot = -1
	SlotUnasked Slot = 0
)

// Granted says whether the referral has a place on its code.
func (s Slot) Granted() bool { return s > 0 }

// Verdict is what a referral is worth now.
type Verdict struct {
	Status   Status
	Reason   Reason
	Checks   []Check
	Rewards  []Reward  // owed: for the purchase when rewarded, for the sign-up while the referral is live
	Due      time.Time // when time alone will change the verdict; zero when it will not
	Purchase *Purchase // the purchase that qualifies, when there is one
	// WantsSlot says that a qualifying purchase exists and no place on the code was asked for yet: one must be granted
	// or refused, and the referral assessed again, before the verdict is anything to act on.
	WantsSlot bool
	// Reviewing names what awaits a person's decision (signals, ReviewInquiry, ReviewWarning); empty when nothing does.
	// Nothing is owed meanwhile.
	Reviewing []string
	// Flags name the signals that were seen, whatever they lead to.
	Flags []SignalKind
	// Tier is the name of the tier that the place on the code falls into; empty when there is none.
	Tier string
}

// Reward is an amount owed to one side.
type Reward struct {
	To     Party
	On     Occasion
	Amount money.Amount
}

// Check is one condition, for the people who ask why.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}
