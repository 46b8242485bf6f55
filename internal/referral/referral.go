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
	Qualified Status = "qualified" // the conditions are met, and the hold is running
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
)

// History is every fact of one referral that can decide what it is worth.
type History struct {
	// SignedUpAt is when the referee signed up with this code.
	SignedUpAt time.Time
	// Standing says that this is the referee's sign-up that counts: their earliest.
	Standing bool
	// SamePerson says that referrer and referee are one, by user or by normalised e-mail.
	SamePerson bool
	// Slot is the referral's place on the code.
	Slot Slot
	// MaxUses is how many places the code has; 0 means no maximum.
	MaxUses int
	// Purchases are the referee's, in any order. Those that can not decide anything may be left out: a superset of the
	// earliest of all, and of the earliest of each currency that meets the minimum inside the window, is enough.
	Purchases []Purchase
}

// Purchase is one payment by the referee.
type Purchase struct {
	Key      string       // orders purchases of the same second
	Amount   money.Amount // gross, tax included
	Refunded int64        // in minor units of the amount's currency
	PaidAt   time.Time    // whole seconds, as Stripe counts
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
	Rewards  []Reward  // owed; empty unless rewarded
	Due      time.Time // when time alone will change the verdict; zero when it will not
	Purchase *Purchase // the purchase that decides, when there is one
	// WantsSlot says that a qualifying purchase exists and no place on the code was asked for yet: one must be granted
	// or refused, and the referral assessed again, before the verdict is anything to act on.
	WantsSlot bool
}

// Reward is an amount owed to one side.
type Reward struct {
	To     Party
	Amount money.Amount
}

// Check is one condition, for the people who ask why.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}
