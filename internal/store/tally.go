package store

// The names of the tallies by day.
const (
	tallySignUps   = "sign_ups"               // of people
	tallySources   = "sources"                // the same, by how they came
	tallyReferrals = "referrals"              // by status
	tallyFirst     = "first_purchases"        // referrals with a purchase that decides
	tallySeconds   = "first_purchase_seconds" // from their sign-ups to it
	tallyGranted   = "granted"                // by currency
	tallyRevoked   = "revoked"
	tallyVisits    = "visits" // by channel
)
