package fact

import "github.com/plusone-dev/plusone/internal/payment"

// readDispute reads one dispute, or an inquiry that comes before one, in the state that its status says: the type of the
// event tells no more. Source of the statuses: https://docs.stripe.com/api/disputes/object
func readDispute(env *envelope) (*payment.Sighting, *Tie) {
	env.require("amount")
	status, ok := disputeStatuses[env.text("status")]
	if !ok {
		env.fail("the dispute's status %#.40q is unknown", env.text("status"))
	}
	ev := payment.Evidence{
		Kind:    payment.Dispute,
		Dispute: payment.DisputeState{Minor: env.minor("amount"), Status: status, At: env.event.At, Opened: env.when("created")},
	}
	return env.sighting(ev, "charge", "payment_intent"), nil
}

var disputeStatuses = map[string]payment.DisputeStatus{
	"warning_needs_response": payment.DisputeWarningNeedsResponse,
	"warning_under_review":   payment.DisputeWarningUnderReview,
	"warning_closed":         payment.DisputeWarningClosed,
	"prevented":              payment.DisputePrevented,
	"needs_response":         payment.DisputeNeedsResponse,
	"under_review":           payment.DisputeUnderReview,
	"won":                    payment.DisputeWon,
	"lost":                   payment.DisputeLost,
}

// readWarning reads an early fraud warning. While it can be acted on, the payment may well be disputed.
// Source: https://docs.stripe.com/api/radar/early_fraud_warnings/object
func readWarning(env *envelope) (*payment.Sighting, *Tie) {
	actionable := env.object.get("actionable")
	if !actionable.IsBool() {
		env.fail("actionable is %#.40q: neither true nor false", actionable.Raw)
	}
	ev := payment.Evidence{
		Kind: payment.Warning,
		Warning: payment.WarningState{
			Known: true, Actionable: actionable.Bool(), At: env.event.At, Opened: env.when("created"),
		},
	}
	return env.sighting(ev, "charge", "payment_intent"), nil
}
