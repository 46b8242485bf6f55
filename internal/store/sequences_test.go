package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/plusone-dev/plusone/internal/fact"
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

// Sequences that break designs which move a status from event to event. Each is delivered in every order, and by two
// workers at once.
var sequences = []struct {
	name   string
	terms  string
	now    time.Time
	events []fact.Event
	want   string
}{
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
		name: "two buyers of one second and a code for one: the refund of the first frees nothing",
		terms: `
codes: {max_uses: 1}
qualify: {minimum: {usd: "10.00"}}`,
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 1000, hour)},
		want:   "bob by alice (C-ALICE): cancelled refunded",
	},
	{
		name:   "under a hold",
		terms:  withHold,
		now:    noon.Add(31 * day),
		events: []fact.Event{registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), charge(1, 0, hour)},
		want: `alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 5.00 usd]
bob has 5.00 usd`,
	},
}

const rewardedBob = `alice has 10.00 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 10.00 usd]
bob has 10.00 usd`

// Every order is lived through by people of its own, in one database.
func TestSequencesInEveryOrder(t *testing.T) {
	for _, s := range sequences {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t, s.terms)
			w.now = later(s.now)
			events := append([]fact.Event{registered("alice", "", noon)}, s.events...)
			orders := permutations(len(events))
			for n, order := range orders {
				for _, i := range order {
					w.apply(relabel(events[i], tag(n)))
				}
			}
			w.expectEach(s.want, len(orders))
		})
	}
}

func TestSequencesWithTwoWorkers(t *testing.T) {
	const rounds = 12
	for _, s := range sequences {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t, s.terms)
			w.now = later(s.now)
			events := append([]fact.Event{registered("alice", "", noon)}, s.events...)
			var batches [][]fact.Event
			for n := range rounds {
				for i := range events {
					first, last := events[(i+n)%len(events)], events[len(events)-1-i]
					batches = append(batches, []fact.Event{relabel(first, tag(n))}, []fact.Event{relabel(last, tag(n))})
				}
			}
			w.deliver(batches, 2)
			w.expectEach(s.want, rounds)
		})
	}
}

// tag marks the people of one run.
func tag(n int) string { return fmt.Sprintf("~%d~", n) }

// relabel makes an event that of other people, customers, codes and payments.
func relabel(e fact.Event, tag string) fact.Event {
	e.Key, e.Name = e.Key+tag, e.Name+tag
	if e.SignUp != nil {
		s := *e.SignUp
		s.UserID += tag
		s.Email += tag
		if s.Code != "" {
			s.Code += tag
		}
		e.SignUp = &s
	}
	if e.Tie != nil {
		e.Tie = &fact.Tie{Customer: e.Tie.Customer + tag, UserID: e.Tie.UserID + tag, At: e.Tie.At}
	}
	if e.Sighting != nil {
		e.Sighting = &payment.Sighting{Reports: slices.Clone(e.Sighting.Reports)}
		for i := range e.Sighting.Reports {
			r := &e.Sighting.Reports[i]
			r.Key += tag
			if r.Evidence.Customer != "" {
				r.Evidence.Customer += tag
			}
			if r.Evidence.User.UserID != "" {
				r.Evidence.User.UserID += tag
			}
		}
	}
	return e
}

// expectEach holds each run's outcome against what is wanted.
func (w *world) expectEach(want string, runs int) {
	w.t.Helper()
	w.tick()
	lines := strings.Split(w.outcome(), "\n")
	for n := range runs {
		var mine []string
		for _, line := range lines {
			if strings.Contains(line, tag(n)) {
				mine = append(mine, strings.ReplaceAll(line, tag(n), ""))
			}
		}
		slices.Sort(mine)
		if diff := cmp.Diff(want, strings.Join(mine, "\n")); diff != "" {
			w.t.Fatalf("run %d:\n%s", n, diff)
		}
	}
	w.lawful()
}

func later(now time.Time) time.Time {
	if now.IsZero() {
		return noon.Add(day)
	}
	return now
}

// permutations are all orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, rest := range permutations(n - 1) {
		for at := range n {
			p := append(append(append([]int{}, rest[:at]...), n-1), rest[at:]...)
			all = append(all, p)
		}
	}
	return all
}
