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
}

// CodeTerms say how codes are made and how often one may be used.
type CodeTerms struct {
	Length  int
	MaxUses int // 0 means no maximum
}

// QualifyTerms say which purchase makes a referral worth its reward.
type QualifyTerms struct {
	// Minimum is the smallest gross amount that counts, in minor units, by currency. A currency that is not listed never qualifies.
	Minimum map[money.Currency]int64
	// Within is how long after the sign-up a purchase still counts.
	Within time.Duration
	// Grace is how long before the sign-up a purchase already counts.
	Grace time.Duration
}

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

// RewardTerms promise one side a fixed amount, by the currency of the purchase, in minor units.
type RewardTerms struct {
	To    Party
	Fixed map[money.Currency]int64
}
