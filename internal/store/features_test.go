package store

import (
	"slices"

	"pgregory.net/rapid"
)

// feature is a kind of fact, or of rule, that a business may have to do with.
type feature string

const (
	disputes    feature = "disputes"    // and inquiries
	warnings    feature = "warnings"    // early fraud warnings
	cards       feature = "cards"       // fingerprints on charges, and the signal of a shared one
	invoices    feature = "invoices"    // seen beside, or in place of, a session
	percent     feature = "percent"     // of the net purchase
	forSignUps  feature = "sign-up"     // rewards for the sign-up itself
	points      feature = "points"      // in place of money
	tiers       feature = "tiers"       // and their own rewards
	requalify   feature = "requalify"   // a later purchase in place of one whose money went back
	firstOnly   feature = "first"       // the first purchase decides
	verified    feature = "verified"    // only who has shown the address to be theirs qualifies
	decisions   feature = "decisions"   // approved, rejected, reopened
	attribution feature = "attribution" // by hand
	vanity      feature = "vanity"      // codes of the business's own choice
	programs    feature = "programs"    // several
	signals     feature = "signals"     // of sign-ups: address, device, mailbox, domain, how many
	erasure     feature = "erasure"     // and who registers anew
	crediting   feature = "crediting"   // of the purchases themselves

)

// all are in the order in which the store learns them.
var all = []feature{
	disputes, warnings, cards, invoices, percent, forSignUps, points, tiers, requalify, firstOnly, verified, decisions,
	attribution, vanity, programs, signals, erasure, crediting,
}

// features are those that one business has to do with.
type features []feature

func (all features) has(f feature) bool { return slices.Contains(all, f) }

// drawFeatures lets each business have to do with some, so that what goes wrong is easy to see.
func drawFeatures(t *rapid.T) (some features) {
	for _, f := range all {
		if rapid.IntRange(0, 2).Draw(t, string(f)) > 0 {
			some = append(some, f)
		}
	}
	return some
}
