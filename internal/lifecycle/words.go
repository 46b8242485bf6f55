package main

import "github.com/plusone-dev/plusone/internal/referral"

// What the page says of each status, in the order in which a referral comes to them.
var statuses = []struct {
	status referral.Status
	words  string
}{
	{referral.Pending, "Somebody signed up with the code. No purchase that qualifies is known, and the window for one is open."},
	{referral.Qualified, "A purchase qualifies, and the referral has a place on its code. The hold is running, or a person has to decide."},
	{referral.Rewarded, "The rewards for the purchase are posted to the ledger."},
	{referral.Cancelled, "There is no reward, for a reason. Whatever had been posted is reversed."},
}

// step is a move without its reason.
type step struct{ from, to referral.Status }

// What makes a referral go from one status to another.
var steps = map[step]string{
	{"", referral.Pending}: "A user signed up with the code. Every log begins with this, even where the facts already lead on.",
	{referral.Pending, referral.Qualified}: "A purchase inside the window meets the minimum, and a place on the code was granted. " +
		"Without a hold, the next move follows at once.",
	{referral.Pending, referral.Cancelled}:   "The window closed, or what is known by now rules a reward out.",
	{referral.Qualified, referral.Pending}:   "The purchase turned out not to qualify, such as by being another user's, and the window is open.",
	{referral.Qualified, referral.Rewarded}:  "The hold is over, or there is none, and nothing awaits a person's decision.",
	{referral.Qualified, referral.Cancelled}: "What came to light during the hold rules a reward out.",
	{referral.Rewarded, referral.Pending}:    "The purchase turned out not to qualify, such as by being another user's, and the window is open.",
	{referral.Rewarded, referral.Qualified}:  "A review opened: a signal, an inquiry or a fraud warning. Or an earlier sign-up came to light, under terms with a hold that is still running.",
	{referral.Rewarded, referral.Cancelled}:  "Too much of the purchase went back, a dispute has the money, or what came to light since rules the reward out.",
	{referral.Cancelled, referral.Pending}:   "What had cancelled it turned out not to be so, or a person decided otherwise, and the window is open.",
	{referral.Cancelled, referral.Qualified}: "A fact that came late restores it: a refund that failed after all, a dispute that was won, a purchase inside the window. Or a person did.",
	{referral.Cancelled, referral.Cancelled}: "Another reason holds now: the first does no longer, or comes after it.",
}

// What the page says of each reason, in the order in which Assess comes to them.
var reasons = []struct {
	reason referral.Reason
	words  string
}{
	{referral.CodeExhausted, "The code had been used as often as it may be when this referral qualified."},
	{referral.Superseded, "An earlier sign-up of the same user, with another code or none, stands, or an attribution by hand."},
	{referral.SelfReferral, "Referrer and referee are the same user, or have the same e-mail address."},
	{referral.Erased, "The referrer had been erased before the sign-up; or the referee was, before a purchase qualified."},
	{referral.ExistingCustomer, "The referee had bought something before the window opened."},
	{referral.Rejected, "A person decided so."},
	{referral.Fraud, "A signal was seen on which the program's terms cancel, and no person has approved."},
	{referral.BelowMinimum, "The first purchase decides, and it was too small, or of a currency that is not listed."},
	{referral.Expired, "The window closed without a purchase that qualifies."},
	{referral.Refunded, "More of the purchase went back than the program's terms allow."},
	{referral.Disputed, "A dispute has withdrawn the money of the purchase, for now or for good."},
}
