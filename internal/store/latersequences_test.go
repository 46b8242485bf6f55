package store

import (
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// heldBob is a referral that awaits a person's decision.
const heldBob = "bob by alice (C-ALICE): qualified "

// bobBuys is a referral that is rewarded unless something else becomes known.
func bobBuys(more ...fact.Event) []fact.Event {
	return append([]fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour)}, more...)
}

func review(rule string) func(t *model.Terms) {
	return func(t *model.Terms) { t.Fraud = map[string]string{rule: "review"} }
}

func minutes(n int) time.Time { return hour.Add(time.Duration(n) * time.Minute) }

var laterSequences = []sequence{
	{
		name:   "session, invoice and intent of one purchase with different amounts: the invoice is believed",
		events: bobBuys(invoice(1, usd(999), minutes(1)), intent(1, "bob", usd(3000), minutes(2))),
		want:   "bob by alice (C-ALICE): pending ",
	},
	{
		name: "an invoice is enough, and the earliest of the times counts",
		now:  noon.Add(92 * day),
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), invoice(1, usd(1000), noon.Add(91*day)), session(1, "bob", usd(1), noon.Add(89*day)),
		},
		want: rewardedBob,
	},
	{
		name: "a review opened by a charge that arrives after the reward", terms: review("same_card"),
		events: bobBuys(paidBy(1, "card_1", minutes(1)), session(2, "alice", usd(1000), noon), paidBy(2, "card_1", hour)),
		want:   heldBob,
	},
	{
		name: "a card seen first at the referee, later at the referrer", terms: review("same_card"),
		events: bobBuys(paidBy(1, "card_1", hour), session(2, "alice", usd(1000), minutes(9)), paidBy(2, "card_1", minutes(9))),
		want:   heldBob,
	},
	{
		name: "a card of another referee of the code", terms: review("same_card"),
		events: bobBuys(paidBy(1, "card_1", hour), registered("carol", "C-ALICE", noon), session(2, "carol", usd(1000), minutes(9)), paidBy(2, "card_1", minutes(9))),
		want:   heldBob + "\ncarol by alice (C-ALICE): qualified ",
	},
	{
		name:   "a dispute won, then a late under_review",
		events: bobBuys(dispute(1, 1, payment.DisputeWon, minutes(9)), dispute(1, 1, payment.DisputeUnderReview, minutes(5)), charge(1, 0, hour)),
		want:   rewardedBob,
	},
	{
		name:   "a dispute lost and won within one second",
		events: bobBuys(dispute(1, 1, payment.DisputeLost, minutes(9)), dispute(1, 1, payment.DisputeWon, minutes(9)), charge(1, 0, hour)),
		want:   rewardedBob,
	},
	{
		name: "grant, reverse, win, reverse, win",
		events: bobBuys(
			dispute(1, 1, payment.DisputeNeedsResponse, minutes(1)), dispute(1, 1, payment.DisputeWon, minutes(2)),
			dispute(1, 2, payment.DisputeNeedsResponse, minutes(3)), dispute(1, 2, payment.DisputeWon, minutes(4)), charge(1, 0, hour),
		),
		want: rewardedBob,
	},
	{
		name:   "one dispute won, another lost",
		events: bobBuys(dispute(1, 1, payment.DisputeWon, minutes(9)), dispute(1, 2, payment.DisputeLost, minutes(5)), charge(1, 0, hour)),
		want:   "bob by alice (C-ALICE): cancelled disputed",
	},
	{
		name:   "an inquiry holds",
		events: bobBuys(dispute(1, 1, payment.DisputeWarningNeedsResponse, minutes(1)), charge(1, 0, hour)),
		want:   heldBob,
	},
	{
		name:   "an inquiry that is closed holds nothing",
		events: bobBuys(dispute(1, 1, payment.DisputeWarningNeedsResponse, minutes(1)), dispute(1, 1, payment.DisputeWarningClosed, minutes(9)), charge(1, 0, hour)),
		want:   rewardedBob,
	},
	{
		name:   "a fraud warning holds",
		events: bobBuys(warning(1, true, minutes(1)), charge(1, 0, hour)),
		want:   heldBob,
	},
	{
		name:   "a fraud warning that is acted on within the same second",
		events: bobBuys(warning(1, true, minutes(1)), warning(1, false, minutes(1)), charge(1, 0, hour)),
		want:   rewardedBob,
	},
	{
		name: "a share follows the net, and is rounded down once",
		terms: func(t *model.Terms) {
			t.Rewards = []model.Promise{{To: "referrer", Millionths: 333_333}, {To: "referee", Millionths: 200_000, AtMost: map[money.Currency]int64{"usd": 250, "eur": 250}}}
		},
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(2000), hour), charge(1, 500, hour), refund(1, 1, 601, payment.RefundSucceeded, hour),
		},
		// 1399 are left: a third of it is 466.33…, a fifth 279.8.
		want: `alice has 4.66 usd
bob by alice (C-ALICE): rewarded  [referrer alice 4.66 usd] [referee bob 2.50 usd]
bob has 2.50 usd`,
	},
	{
		name: "a share in dinars ends with a zero",
		terms: func(t *model.Terms) {
			t.Minimum["kwd"] = 1000
			t.Rewards = []model.Promise{{To: "referrer", Millionths: 333_333}}
		},
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", money.New("kwd", 10_000), hour), charge(1, 0, hour)},
		want: `alice has 3.330 kwd
bob by alice (C-ALICE): rewarded  [referrer alice 3.330 kwd]`,
	},
	{
		name: "a reward for the sign-up, while it is live",
		terms: func(t *model.Terms) {
			t.Rewards = append(t.Rewards, model.Promise{To: "referee", SignUp: true, Fixed: map[money.Currency]int64{"eur": 100}})
		},
		events: []fact.Event{registered("bob", "C-ALICE", noon), registered("carol", "C-ALICE", noon), session(1, "carol", usd(1000), hour), charge(1, 1000, hour)},
		want: `bob by alice (C-ALICE): pending  [referee bob 1.00 eur]
bob has 1.00 eur
carol by alice (C-ALICE): cancelled refunded`,
	},
	{
		name: "points for every currency",
		terms: func(t *model.Terms) {
			t.Rewards = []model.Promise{{To: "referrer", Fixed: map[money.Currency]int64{money.Points: 10}}}
		},
		events: bobBuys(charge(1, 0, hour)),
		want: `alice has 10 points
bob by alice (C-ALICE): rewarded  [referrer alice 10 points]`,
	},
	{
		name: "the tier of the first use",
		terms: func(t *model.Terms) {
			t.Tiers = []model.Tier{
				{Name: "Bronze", From: 1, Rewards: []model.Promise{{To: "referrer", Fixed: map[money.Currency]int64{"usd": 100, "eur": 100}}}}, {Name: "Silver", From: 2},
			}
		},
		events: bobBuys(charge(1, 0, hour)),
		want: `alice has 1.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 1.00 usd]`,
	},
	{
		name: "a later purchase in place of one that went back", terms: func(t *model.Terms) { t.Requalify = true },
		events: bobBuys(charge(1, 1000, hour), session(2, "bob", usd(1000), minutes(9))),
		want:   rewardedBob,
	},
	{
		name:   "no later purchase in place of one that went back, unless the terms say so",
		events: bobBuys(charge(1, 1000, hour), session(2, "bob", usd(1000), minutes(9))),
		want:   "bob by alice (C-ALICE): cancelled refunded",
	},
	{
		name: "the first purchase is too small, where the first decides", terms: func(t *model.Terms) { t.First = true },
		events: bobBuys(session(2, "bob", usd(999), noon), charge(1, 0, hour)),
		want:   "bob by alice (C-ALICE): cancelled below_minimum",
	},
	{
		name:   "the first purchase is in a currency that is not listed, where the first decides",
		terms:  func(t *model.Terms) { t.First = true },
		events: bobBuys(session(2, "bob", money.New("gbp", 99_999), noon), charge(1, 0, hour)),
		want:   "bob by alice (C-ALICE): cancelled below_minimum",
	},
	{
		name: "an address verified within the window, after the purchase", terms: func(t *model.Terms) { t.VerifiedEmail = true },
		now: noon.Add(100 * day), events: bobBuys(verifiedBy("bob", noon.Add(90*day))), want: rewardedBob,
	},
	{
		name: "an address verified too late", terms: func(t *model.Terms) { t.VerifiedEmail = true },
		now: noon.Add(100 * day), events: bobBuys(verifiedBy("bob", noon.Add(90*day+time.Second))), want: "bob by alice (C-ALICE): cancelled expired",
	},
	{
		name: "an address that is not verified", terms: func(t *model.Terms) { t.VerifiedEmail = true },
		events: bobBuys(charge(1, 0, hour)), want: "bob by alice (C-ALICE): pending ",
	},
	{
		name:   "a rejection before anything is known of the referral",
		events: bobBuys(decided("bob", "C-ALICE", fact.Rejected, noon.Add(-day))), want: "bob by alice (C-ALICE): cancelled rejected",
	},
	{
		name:   "rejected, and taken back",
		events: bobBuys(decided("bob", "C-ALICE", fact.Rejected, minutes(1)), decided("bob", "C-ALICE", fact.Reopened, minutes(2))), want: rewardedBob,
	},
	{
		name:   "an approval covers the warning before it",
		events: bobBuys(warning(1, true, minutes(1)), charge(1, 0, hour), decided("bob", "C-ALICE", fact.Approved, minutes(1))), want: rewardedBob,
	},
	{
		name:   "an approval does not cover the warning after it",
		events: bobBuys(warning(1, true, minutes(2)), charge(1, 0, hour), decided("bob", "C-ALICE", fact.Approved, minutes(1))), want: heldBob,
	},
	{
		name: "an approval does not cover a card that is shared later", terms: review("same_card"),
		events: bobBuys(paidBy(1, "card_1", hour), decided("bob", "C-ALICE", fact.Approved, minutes(5)), session(2, "alice", usd(1000), minutes(9)), paidBy(2, "card_1", minutes(9))),
		want:   heldBob,
	},
	{
		name: "attributed by hand, in place of the sign-up's code",
		events: []fact.Event{
			registered("carol", "", noon), registered("bob", "C-ALICE", noon), attributed("bob", "C-CAROL", hour), session(1, "bob", usd(1000), hour),
		},
		want: `bob by alice (C-ALICE): cancelled superseded
bob by carol (C-CAROL): rewarded  [referrer carol 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol has 10.00 usd`,
	},
	{
		name:   "attributed by hand, without a code before: the window runs from the sign-up",
		now:    noon.Add(92 * day),
		events: []fact.Event{registered("bob", "", noon), attributed("bob", "C-ALICE", noon.Add(80*day)), session(1, "bob", usd(1000), noon.Add(91*day))},
		want:   "bob by alice (C-ALICE): cancelled expired",
	},
	{
		name:   "attributed by hand, to a code that gets its owner later",
		events: []fact.Event{registered("bob", "", noon), attributed("bob", "A-ALICE", noon), assigned("alice", "A-ALICE", "", hour), session(1, "bob", usd(1000), hour)},
		want: `alice has 10.00 usd
bob by alice (A-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd`,
	},
	{
		name:   "a sign-up and the vanity code that it names",
		events: []fact.Event{registered("bob", "V-CAROL", noon), withOwnCode(registered("carol", "", noon), "V-CAROL"), session(1, "bob", usd(1000), hour)},
		want: `bob by carol (V-CAROL): rewarded  [referrer carol 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol has 10.00 usd`,
	},
	{
		name: "one device, known first of the referee, then of the referrer", terms: review("same_device"),
		events: []fact.Event{
			from(registered("bob", "C-ALICE", noon), "", "device-1"), session(1, "bob", usd(1000), hour), from(registered("alice", "", noon.Add(-day)), "", "device-1"),
		},
		want: heldBob,
	},
	{
		name: "one mailbox for two who came with a code", terms: review("same_email"),
		events: bobBuys(withEmail(registered("carol", "C-ALICE", noon), "B.ob+2@example.com")),
		want:   heldBob + "\ncarol by alice (C-ALICE): pending ",
	},
	{
		name: "too many from one address: those before are not to blame",
		terms: func(t *model.Terms) {
			t.Fraud = map[string]string{"signups_per_ip": "cancel"}
			t.PerIPMax, t.PerIPWithin = 1, time.Minute
		},
		events: []fact.Event{
			from(registered("bob", "C-ALICE", noon), "10.0.0.7", ""), from(registered("carol", "C-ALICE", noon.Add(30*time.Second)), "10.0.0.7", ""),
			from(registered("dave", "C-ALICE", noon.Add(90*time.Second)), "10.0.0.7", ""),
		},
		want: `bob by alice (C-ALICE): pending 
carol by alice (C-ALICE): cancelled fraud
dave by alice (C-ALICE): pending `,
	},
	{
		name:   "an address to throw away",
		terms:  func(t *model.Terms) { t.Fraud = map[string]string{"disposable_email": "cancel"} },
		events: []fact.Event{withEmail(registered("bob", "C-ALICE", noon), "bob@mailinator.com"), session(1, "bob", usd(1000), hour)},
		want:   "bob by alice (C-ALICE): cancelled fraud",
	},
	{
		name: "an erased user's replayed registration", terms: referrerOnly,
		events: bobBuys(erased("bob", minutes(30)), again(registered("bob", "C-ALICE", noon))),
		want:   "(erased) by alice (C-ALICE): rewarded  [referrer alice 10.00 usd]\nalice has 10.00 usd",
	},
	{
		name:   "erased before they bought",
		events: []fact.Event{registered("bob", "C-ALICE", noon), erased("bob", noon.Add(time.Minute)), again(registered("bob", "C-ALICE", noon))},
		want:   "(erased) by alice (C-ALICE): cancelled erased",
	},
	{
		name: "whoever comes back under the same id is somebody new", terms: referrerOnly,
		events: []fact.Event{registered("bob", "C-ALICE", noon), erased("bob", noon.Add(time.Minute)), registered("bob", "C-ALICE", hour), session(1, "bob", usd(1000), hour)},
		want: `(erased) by alice (C-ALICE): cancelled erased
alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd]`,
	},
	{
		name:   "an erased referrer: those before count, those after do not",
		terms:  func(t *model.Terms) { t.Rewards = t.Rewards[1:] },
		events: []fact.Event{registered("carol", "", noon), registered("bob", "C-CAROL", noon), erased("carol", noon), registered("dave", "C-CAROL", hour), session(1, "bob", usd(1000), hour)},
		want: `bob by (erased) (C-CAROL): rewarded  [referee bob 10.00 usd]
bob has 10.00 usd
dave by (erased) (C-CAROL): cancelled erased`,
	},
	{
		name:   "what was bought is credited, less what went back",
		terms:  func(t *model.Terms) { t.CreditPurchases = true },
		events: []fact.Event{registered("bob", "", noon), session(1, "bob", usd(1000), hour), charge(1, 400, hour), session(2, "bob", usd(500), noon.Add(-2*time.Hour))},
		want:   "bob has 6.00 usd",
	},
}

// referrerOnly promises the referee nothing: the balance of whoever is forgotten has no name to go by.
func referrerOnly(t *model.Terms) { t.Rewards = t.Rewards[:1] }
