package referral

import (
	"time"

	"github.com/plusone-dev/plusone/internal/money"
)

// Terms are the rules of a program in one version. Package program reads them from YAML.
type Terms struct {
	Program string
	Codes   CodeTerms
	Qualify QualifyTerms
	// Hold is how long a qualified referral waits, counted from the payment, before it is rewarded.
	Hold    time.Duration
	Refunds RefundPolicy
	Rewards []RewardTerms
	// Tiers are in rising order of From. One with rewards of its own grants those for a purchase in place of Rewards.
	Tiers []Tier
	// Badges are how many live referrals earn one each, rising. They are shown, and decide nothing.
	Badges []int
	// CreditPurchases has the net of each purchase credited to the buyer's own balance.
	CreditPurchases bool
	Links           LinkTerms
	Fraud           FraudTerms
}

// LinkTerms say what becomes of those who follow a link. They decide nothing about a referral.
type LinkTerms struct {
	Remember time.Duration // how long a browser keeps the first code that it came with; 0: not at all
}

// Tier is a rank of referrers, by the ordinal of the use of their code.
type Tier struct {
	Name    string
	From    int // the ordinal it begins with; the first tier's is 1
	Rewards []RewardTerms
}

// FraudTerms say what each signal leads to. An empty Action ignores it.
type FraudTerms struct {
	SameCard        Action // the referee paid with a card that the referrer, or another referee of the same code, paid with
	SameIP          Action // the referee signed up from the referrer's IP address
	SameDevice      Action // the referee signed up on the device of the referrer, or of another referee of the same code
	SameEmail       Action // the referee's normalised e-mail address is that of another referee of the same code
	DisposableEmail Action // the referee's e-mail address is of a domain that gives away addresses to throw away
	SignUpsPerIP    SignUpsPerIP
}

// SignUpsPerIP is the signal of many sign-ups from one IP address: more than Max within Per, the referee's own among them.
type SignUpsPerIP struct {
	Max  int
	Per  time.Duration
	Then Action
}

// Action is what follows from a signal.
type Action string

// The actions, the mildest first.
const (
	Flag   Action = "flag"   // it is shown, and changes nothing
	Review Action = "review" // nothing is granted until a person has approved
	Cancel Action = "cancel" // the referral is cancelled, unless a person approves
)

// CodeTerms say how codes are made and how often one may be used.
type CodeTerms struct {
	Length  int
	MaxUses int // 0 means no maximum
}

// QualifyTerms say which purchase makes a referral worth its reward.
type QualifyTerms struct {
	Purchase PurchaseMode
	// Minimum is the smallest gross amount that counts, in minor units, by currency. A currency that is not listed never qualifies.
	Minimum map[money.Currency]int64
	// Within is how long after the sign-up a purchase still counts.
	Within time.Duration
	// Grace is how long before the sign-up a purchase already counts.
	Grace time.Duration
	// VerifiedEmail lets a purchase qualify only once the referee's e-mail address was verified, inside the window.
	VerifiedEmail bool
	// Requalify lets a later purchase inside the window take the place of one whose money went back.
	Requalify bool
}

// PurchaseMode says which purchase decides.
type PurchaseMode string

// The modes.
const (
	FirstAtMinimum PurchaseMode = "first_at_minimum" // the earliest that meets the minimum; smaller ones are passed over
	First          PurchaseMode = "first"            // the earliest of all; if it does not meet the minimum, none does
)

// RefundPolicy says how much must go back for a referral to be cancelled.
type RefundPolicy string

// The refund policies.
const (
	RefundAny          RefundPolicy = "any"           // any refund cancels
	RefundBelowMinimum RefundPolicy = "below_minimum" // the net falling below the minimum cancels
	RefundFull         RefundPolicy = "full"          // only a full refund cancels
)

// Party is a side of a referral.
type Party string

// The two sides.
const (
	Referrer Party = "referrer"
	Referee  Party = "referee"
)

// Occasion is what a reward is for.
type Occasion string

// The occasions.
const (
	OnPurchase Occasion = "purchase" // the qualifying purchase
	OnSignUp   Occasion = "signup"   // the referral itself, while it is live
)

// RewardTerms promise one side an amount: a fixed one, by the currency of the purchase, or a share of the net purchase.
type RewardTerms struct {
	To Party
	On Occasion
	// Fixed is in minor units, by the currency of the purchase; points alone stand for every currency. For a sign-up there
	// is exactly one.
	Fixed map[money.Currency]int64
	// Percent is the share in millionths of the net purchase: "20" percent are 200 000. Zero where Fixed is set.
	Percent int64
	// AtMost bounds a share, in minor units; nil for no bound.
	AtMost map[money.Currency]int64
}
