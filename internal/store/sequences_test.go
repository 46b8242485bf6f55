package store

import (
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/model"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// hour is an hour after the sign-ups.
var hour = noon.Add(time.Hour)

// guest is a session that names a customer and nobody else.
func guest(n int, customer string, amount money.Amount, at time.Time) fact.Event {
	e := session(n, "", amount, at)
	e.Sighting.Reports[0].Evidence.Customer = live.Key(customer)
	return e
}

// tie is an unpaid session that says who a customer is.
func tie(customer, user string, at time.Time) fact.Event {
	return fact.Event{
		Key: "stripe::tie-" + customer + user, Name: "evt_tie_" + customer, At: at,
		Tie: &fact.Tie{Customer: live.Key(customer), UserID: user, At: at},
	}
}

// sequence is a story that breaks designs which move a status from event to event. What must come of it is written out by
// hand. It is delivered in every order, and by two workers at once; and the model is held against it as well.
type sequence struct {
	name   string
	terms  func(t *model.Terms) // how they differ from the usual ones
	then   []model.Version      // later versions
	now    time.Time            // a day after the sign-ups, when it is not said
	events []fact.Event         // beside alice's registration
	want   string
}

var sequences = []sequence{
	{
		name:   "a refund and its purchase",
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 1000, hour)},
		want:   "bob by alice (C-ALICE): cancelled refunded",
	},
	{
		name:   "a sign-up and the registration that makes its code",
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour)},
		want:   rewardedBob,
	},
	{
		name:   "a payment of a customer and the event that says who it is",
		events: []fact.Event{registered("bob", "C-ALICE", noon), guest(1, "cus_1", usd(1000), hour), tie("cus_1", "bob", hour)},
		want:   rewardedBob,
	},
	{
		name: "a customer tied twice: the earlier tie stands",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), guest(1, "cus_1", usd(1000), hour), tie("cus_1", "bob", hour), tie("cus_1", "carol", hour.Add(time.Minute)),
		},
		want: rewardedBob,
	},
	{
		name: "a refund known by its charge, which is tied to the purchase by another event",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour),
			refund(1, 1, 1000, payment.RefundSucceeded, hour), charge(1, 0, hour),
		},
		want: "bob by alice (C-ALICE): cancelled refunded",
	},
	{
		name: "a failed refund of 600 beside a good one of 400",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(1400), hour), charge(1, 1000, hour),
			refund(1, 1, 600, payment.RefundFailed, hour.Add(time.Minute)), refund(1, 2, 400, payment.RefundSucceeded, hour),
		},
		want: rewardedBob,
	},
	{
		name: "a sign-up with another code, earlier than the first",
		events: []fact.Event{
			registered("carol", "", noon), registered("bob", "C-ALICE", noon), registered("bob", "C-CAROL", noon.Add(-time.Hour)), session(1, "bob", usd(1000), hour),
		},
		want: `bob by alice (C-ALICE): cancelled superseded
bob by carol (C-CAROL): rewarded  [referrer carol 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd
carol has 10.00 usd`,
	},
	{
		name: "an earlier sign-up without a code",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), registered("bob", "", noon.Add(-time.Hour)), session(1, "bob", usd(1000), hour),
		},
		want: "bob by alice (C-ALICE): cancelled superseded",
	},
	{
		name:   "one's own code",
		events: []fact.Event{registered("bob", "C-BOB", noon), session(1, "bob", usd(1000), hour)},
		want:   "bob by bob (C-BOB): cancelled self_referral",
	},
	{
		name: "one's own e-mail address, spelt otherwise, in a registration of the referrer that comes to light late",
		events: []fact.Event{
			withEmail(registered("alice", "", noon.Add(-day)), "B.o.b+shop@Example.com"), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour),
		},
		want: "bob by alice (C-ALICE): cancelled self_referral",
	},
	{
		name: "an earlier registration of the referrer clears the suspicion",
		events: []fact.Event{
			withEmail(registered("alice", "", noon.Add(-day)), "alice@example.org"), withEmail(registered("alice", "", noon.Add(-time.Hour)), "bob@example.com"),
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour),
		},
		want: rewardedBob,
	},
	{
		name: "a purchase before the sign-up",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), session(2, "bob", usd(1), noon.Add(-2*time.Hour)),
		},
		want: "bob by alice (C-ALICE): cancelled existing_customer",
	},
	{
		name:   "a purchase within the grace",
		events: []fact.Event{registered("bob", "C-ALICE", noon.Add(400*time.Millisecond)), session(1, "bob", usd(1000), noon.Add(-time.Hour))},
		want:   rewardedBob,
	},
	{
		name: "a smaller purchase first",
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(999), hour), session(2, "bob", usd(1000), hour.Add(time.Minute)), charge(1, 999, hour),
		},
		want: rewardedBob,
	},
	{
		name:   "a payment of day 89 that arrives on day 91",
		now:    noon.Add(91 * day),
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), noon.Add(89*day))},
		want:   rewardedBob,
	},
	{
		name:   "a payment of day 91",
		now:    noon.Add(92 * day),
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), noon.Add(91*day))},
		want:   "bob by alice (C-ALICE): cancelled expired",
	},
	{
		name:   "a currency that is not listed, and one that does not exist",
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", money.New("gbp", 99999), hour), session(2, "bob", money.New("xyz", 99999), hour)},
		want:   "bob by alice (C-ALICE): pending ",
	},
	{
		name: "a code that nobody has",
		events: []fact.Event{
			registered("bob", "C-NOBODY", noon), session(1, "bob", usd(1000), hour),
		},
		want: "",
	},
	{
		name:   "two buyers of one second and a code for one: the refund of the first frees nothing",
		terms:  func(t *model.Terms) { t.MaxUses = 1 },
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 1000, hour)},
		want:   "bob by alice (C-ALICE): cancelled refunded",
	},
	{
		name:   "a session and an intent of one purchase with different amounts: the session is believed",
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(999), hour), intent(1, "bob", usd(1000), hour.Add(time.Second))},
		want:   "bob by alice (C-ALICE): pending ",
	},
	{
		name:   "an earlier sign-up with the same code moves the window",
		now:    noon.Add(91 * day),
		events: []fact.Event{registered("bob", "C-ALICE", noon), registered("bob", "C-ALICE", noon.Add(-day)), session(1, "bob", usd(1000), noon.Add(90*day))},
		want:   "bob by alice (C-ALICE): cancelled expired",
	},
	{
		name:  "terms changed between the sign-up and the payment",
		terms: func(t *model.Terms) { t.Minimum["usd"] = 1000 },
		then:  []model.Version{{From: noon.Add(30 * time.Minute), Terms: usual(func(t *model.Terms) { t.Minimum["usd"] = 5000 })}},
		events: []fact.Event{
			registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), registered("carol", "C-ALICE", hour), session(2, "carol", usd(1000), hour),
		},
		want: rewardedBob + "\ncarol by alice (C-ALICE): pending ",
	},
	{
		name:   "under a hold",
		terms:  func(t *model.Terms) { t.Hold = 30 * day },
		now:    noon.Add(31 * day),
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 0, hour)},
		want:   rewardedBob,
	},
}

const rewardedBob = `alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd`
