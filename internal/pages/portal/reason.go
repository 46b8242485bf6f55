package portal

import (
	"github.com/plusone-dev/plusone/internal/referral"
	"github.com/plusone-dev/plusone/internal/store"
)

// explain says in plain words how a referral stands, and why.
func explain(b store.Brought, t referral.Terms) (word, because string) {
	switch b.Status {
	case referral.Rewarded:
		return "Rewarded", ""
	case referral.Qualified:
		if b.Reviewing {
			return "In review", "Someone is having a look at it before the reward is granted."
		}
		return "On its way", "They have bought something. The reward follows once the time for refunds is over."
	case referral.Pending:
		return "Signed up", "No purchase that counts yet. There is time until " + day(t.Closes(b.AttributedAt)) + "."
	case referral.Cancelled:
	}
	return "Not counted", reasons[b.Reason]
}

// reasons say why a referral does not count, to the referrer. None of them accuses anybody.
var reasons = map[referral.Reason]string{
	referral.Refunded:         "Their purchase was refunded.",
	referral.Expired:          "They made no purchase that counts in time.",
	referral.CodeExhausted:    "Your link had no places left when they bought.",
	referral.SelfReferral:     "Referring yourself does not count.",
	referral.ExistingCustomer: "They had been a customer before.",
	referral.Superseded:       "They had signed up another way before.",
	referral.Disputed:         "Their payment was disputed.",
	referral.Rejected:         "It was reviewed and not accepted.",
	referral.BelowMinimum:     "Their first purchase was too small.",
	referral.Fraud:            "It does not meet the terms of the program.",
	referral.Erased:           "The account was deleted.",
}
