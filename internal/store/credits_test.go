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

// creditsPurchases are terms without a cap under which every purchase is credited.
const creditsPurchases = uncapped + "credit_purchases: true\n"

// disputeOf is what a report says of a dispute of a purchase.
func disputeOf(n int, status payment.DisputeStatus, at time.Time) fact.Event {
	return stripe(fmt.Sprintf("evt_dp_%d_%d_%d", n, status, at.Unix()), at, payment.Report{
		Key: live.Key(fmt.Sprintf("dp_%d", n)), Evidence: payment.Evidence{
			Kind: payment.Dispute, Dispute: payment.DisputeState{Minor: 1000, Status: status, At: at, Opened: hour},
		},
	}, fmt.Sprintf("pi_%d", n))
}

// one says that two purchases are one, by a charge that belongs to both.
func one(n, m int) fact.Event {
	return stripe(fmt.Sprintf("evt_one_%d_%d", n, m), hour, payment.Report{
		Key: live.Key(fmt.Sprintf("ch_%d", n)), Evidence: payment.Evidence{Kind: payment.Charge},
	}, fmt.Sprintf("pi_%d", n), fmt.Sprintf("pi_%d", m))
}

// joined is a sign-up in a program.
func joined(user, program string, at time.Time) fact.Event {
	e := registered(user, "", at)
	s := *e.SignUp
	s.Program = program
	e.SignUp = &s
	e.Key, e.Name = e.Key+program, e.Name+program
	return e
}

// paying is a sign-up that names the user's Stripe customer.
func paying(user, customer string, at time.Time) fact.Event {
	e := registered(user, "", at)
	s := *e.SignUp
	s.Customer = customer
	e.SignUp = &s
	e.Key, e.Name = e.Key+customer, e.Name+customer
	return e
}

// otherPrograms stand beside the default one, which credits purchases.
var otherPrograms = []string{
	"name: plain\nqualify: {minimum: {usd: \"10.00\"}}\n",
	"name: patient\nqualify: {minimum: {usd: \"10.00\"}, grace: 2d}\ncredit_purchases: true\n",
}

// Whoever is named is credited what is said, in whatever order the events come.
var creditStories = []struct {
	name   string
	events []fact.Event
	want   string
}{
	{
		name:   "a purchase and its buyer's sign-up",
		events: []fact.Event{registered("bob", "", noon), session(1, "bob", usd(1000), hour), charge(1, 0, hour)},
		want:   "bob has 10.00 usd",
	},
	{
		name:   "a purchase of somebody who never signs up",
		events: []fact.Event{session(1, "bob", usd(1000), hour), charge(1, 400, hour)},
	},
	{
		name: "several, long after the window as well",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour), session(2, "bob", usd(1), noon.Add(400*day)),
			session(3, "bob", money.New("jpy", 500), hour), session(4, "bob", money.New("xyz", 500), hour),
		},
		want: "bob has 10.01 usd\nbob has 500 jpy",
	},
	{
		name: "within the grace, and before it",
		events: []fact.Event{
			registered("bob", "", noon.Add(400*time.Millisecond)), session(1, "bob", usd(1000), noon.Add(-time.Hour)),
			session(2, "bob", usd(200), noon.Add(-time.Hour-time.Second)),
		},
		want: "bob has 10.00 usd",
	},
	{
		name: "beside the rewards of a referral",
		events: []fact.Event{
			registered("alice", "", noon), registered("bob", "C-ALICE", noon), session(1, "bob", usd(1000), hour), session(2, "alice", usd(1), hour),
			charge(1, 0, hour),
		},
		want: `alice has 10.01 usd
bob by alice (C-ALICE): rewarded  [referrer alice 10.00 usd] [referee bob 5.00 usd]
bob has 15.00 usd`,
	},
	{
		name: "a refund in part, which is told twice",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour), charge(1, 400, hour),
			refund(1, 1, 400, payment.RefundSucceeded, hour),
		},
		want: "bob has 6.00 usd",
	},
	{
		name:   "a refund of all",
		events: []fact.Event{registered("bob", "", noon), session(1, "bob", usd(1000), hour), charge(1, 400, hour), charge(1, 1000, hour.Add(time.Hour))},
	},
	{
		name: "a failed refund of 600 beside a good one of 400",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1400), hour), charge(1, 1000, hour),
			refund(1, 1, 600, payment.RefundFailed, hour.Add(time.Minute)), refund(1, 2, 400, payment.RefundSucceeded, hour),
		},
		want: "bob has 10.00 usd",
	},
	{
		name: "a dispute that was won",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour),
			disputeOf(1, payment.DisputeNeedsResponse, hour), disputeOf(1, payment.DisputeUnderReview, hour.Add(time.Minute)),
			disputeOf(1, payment.DisputeWon, hour.Add(time.Hour)),
		},
		want: "bob has 10.00 usd",
	},
	{
		name: "a dispute that is under review, beside a refund",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour), charge(1, 400, hour),
			disputeOf(1, payment.DisputeUnderReview, hour.Add(time.Minute)), session(2, "bob", usd(7), hour),
		},
		want: "bob has 0.07 usd",
	},
	{
		name: "a dispute that was lost",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour),
			disputeOf(1, payment.DisputeNeedsResponse, hour), disputeOf(1, payment.DisputeLost, hour.Add(time.Hour)),
		},
	},
	{
		name: "an inquiry",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour), disputeOf(1, payment.DisputeWarningNeedsResponse, hour),
		},
		want: "bob has 10.00 usd",
	},
	{
		name: "two purchases of two buyers that turn out to be one",
		events: []fact.Event{
			registered("bob", "", noon), registered("carol", "", noon), session(1, "bob", usd(1000), hour),
			session(2, "carol", usd(1000), hour.Add(time.Minute)), one(1, 2),
		},
		want: "bob has 10.00 usd",
	},
	{
		name: "three that turn out to be one",
		events: []fact.Event{
			registered("bob", "", noon), session(1, "bob", usd(1000), hour), session(2, "bob", usd(900), hour), session(3, "bob", usd(1100), hour.Add(time.Minute)),
			one(1, 2), one(3, 2),
		},
		want: "bob has 9.00 usd",
	},
	{
		name: "a customer tied by a sign-up, and by an earlier session to somebody else",
		events: []fact.Event{
			paying("bob", "cus_1", noon), registered("carol", "", noon), guest(1, "cus_1", usd(1000), hour),
			guest(2, "cus_1", usd(200), hour), tie("cus_1", "carol", noon.Add(-time.Minute)),
		},
		want: "carol has 12.00 usd",
	},
	{
		name: "an earlier sign-up, after which more was bought",
		events: []fact.Event{
			registered("bob", "", noon), registered("bob", "", noon.Add(-day)), session(1, "bob", usd(1000), noon.Add(-time.Hour*20)),
			session(2, "bob", usd(200), hour), charge(2, 50, hour),
		},
		want: "bob has 11.50 usd",
	},
	{
		name: "an earlier sign-up in a program that credits nothing",
		events: []fact.Event{
			joined("bob", "", noon), joined("bob", "plain", noon.Add(-time.Minute)), session(1, "bob", usd(1000), hour),
			session(2, "bob", usd(200), noon),
		},
	},
	{
		name: "an earlier sign-up in a program with an account of its own, and more grace",
		events: []fact.Event{
			joined("bob", "", noon), joined("bob", "patient", noon.Add(-time.Minute)), session(1, "bob", usd(1000), hour),
			session(2, "bob", usd(200), noon.Add(-day)), charge(1, 1, hour),
		},
		want: "bob has 11.99 usd",
	},
	{
		name: "an earlier sign-up in a program that credits",
		events: []fact.Event{
			joined("bob", "plain", noon), joined("bob", "", noon.Add(-time.Minute)), session(1, "bob", usd(1000), hour),
			session(2, "bob", usd(200), noon),
		},
		want: "bob has 12.00 usd",
	},
}

func creditWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, creditsPurchases)
	w.now = noon.Add(-1000 * day)
	for _, source := range otherPrograms {
		if _, err := w.tools.ApplyProgram(w.ctx, []byte(source)); err != nil {
			t.Fatal(err)
		}
	}
	w.now = noon.Add(day)
	return w
}

func TestCreditsInEveryOrder(t *testing.T) {
	for _, s := range creditStories {
		t.Run(s.name, func(t *testing.T) {
			w := creditWorld(t)
			orders := someOf(permutations(len(s.events)), 60)
			for n, order := range orders {
				for k, i := range order {
					w.apply(relabel(s.events[i], tag(n)))
					if n%8 == k { // the clock looks at one place or another
						w.tick()
					}
				}
			}
			w.becomes(s.want, len(orders))
		})
	}
}

// someOf are about so many of all, from the first to the last.
func someOf(all [][]int, most int) (some [][]int) {
	for n := 0; n < len(all); n += 1 + len(all)/most {
		some = append(some, all[n])
	}
	return some
}

func TestCreditsWithTwoWorkersAndAClock(t *testing.T) {
	const rounds = 12
	for _, s := range creditStories {
		t.Run(s.name, func(t *testing.T) {
			w := creditWorld(t)
			var batches [][]fact.Event
			for n := range rounds {
				for i := range s.events {
					first, last := s.events[(i+n)%len(s.events)], s.events[len(s.events)-1-i]
					batches = append(batches, []fact.Event{relabel(first, tag(n))}, []fact.Event{relabel(last, tag(n))})
				}
			}
			stop := w.clocks(2)
			w.deliver(batches, 2)
			stop()
			w.becomes(s.want, rounds)
		})
	}
}

// becomes holds what each run comes to, once the clock has gone through all that is left, against what is wanted.
func (w *world) becomes(want string, runs int) {
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
	w.caughtUp()
	w.lawful()
}

// clocks lets so many go at once, until they are stopped.
func (w *world) clocks(n int) (stop func()) {
	w.t.Helper()
	quit, failures := make(chan struct{}), make(chan error, n)
	for range n {
		go func() {
			for {
				select {
				case <-quit:
					failures <- nil
					return
				default:
				}
				if _, err := w.store.Tick(w.ctx, 2); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	return func() {
		w.t.Helper()
		close(quit)
		for range n {
			if err := <-failures; err != nil {
				w.t.Errorf("the clock: %v", err)
			}
		}
	}
}

// caughtUp fails the test while somebody's purchases are still to be credited.
func (w *world) caughtUp() {
	w.t.Helper()
	if n := w.count("select count(*) from credit_backlog"); n > 0 {
		w.t.Errorf("%d are behind", n)
	}
}

func (w *world) count(sql string) (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.ctx, sql).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// balances are the lines of the outcome that are about balances.
func (w *world) balances() string {
	w.t.Helper()
	var some []string
	for _, line := range strings.Split(w.outcome(), "\n") {
		if strings.Contains(line, " has ") {
			some = append(some, line)
		}
	}
	return strings.Join(some, "\n")
}

func (w *world) wantBalances(want string) {
	w.t.Helper()
	if got := w.balances(); got != want {
		w.t.Errorf("balances are\n%s\nand should be\n%s", got, want)
	}
}

// TestCreditsStepByStep: each transfer is numbered, and none is posted for nothing.
func TestCreditsStepByStep(t *testing.T) {
	w := creditWorld(t)
	w.apply(registered("bob", "", noon), registered("carol", "", noon))
	var log []string
	for _, e := range []fact.Event{
		session(1, "bob", usd(1000), hour), charge(1, 300, hour), charge(1, 300, hour.Add(time.Minute)),
		disputeOf(1, payment.DisputeNeedsResponse, hour.Add(time.Minute)), disputeOf(1, payment.DisputeWon, hour.Add(time.Hour)),
		session(2, "carol", usd(1000), hour.Add(time.Minute)), one(1, 2),
	} {
		for _, c := range w.apply(e).Credits {
			log = append(log, fmt.Sprintf("%s: %d %s %s", e.Name, c.N, c.Kind, c.Amount))
		}
		w.lawful()
	}
	want := `evt_cs_1: 1 credited 10.00 usd
evt_ch_1_300: 2 debited 3.00 usd
evt_dp_1_5_1772370060: 3 debited 7.00 usd
evt_dp_1_8_1772373600: 4 credited 7.00 usd
evt_cs_2: 1 credited 10.00 usd
evt_one_1_2: 2 debited 10.00 usd`
	if got := strings.Join(log, "\n"); got != want {
		t.Errorf("posted were\n%s\nand should be\n%s", got, want)
	}
	w.wantBalances("bob has 7.00 usd")
	if n := w.count("select count(*) from credits where cause in ('evt_one_1_2', 'evt_cs_2')"); n != 2 {
		t.Errorf("%d transfers name what they came of", n)
	}
}

// TestTheTermsOfTheSignUpCredit: those who signed up before the program credited purchases get nothing, and those who did
// while it did go on, also once it does not any more.
func TestTheTermsOfTheSignUpCredit(t *testing.T) {
	w := newWorld(t, uncapped)
	apply := func(source string) {
		t.Helper()
		if _, err := w.tools.ApplyProgram(w.ctx, []byte(source)); err != nil {
			t.Fatal(err)
		}
	}
	apply(creditsPurchases)
	w.now = noon.Add(10 * day)
	w.apply(registered("before", "", noon.Add(-time.Hour)), registered("bob", "", noon.Add(9*day)))
	w.now = noon.Add(20 * day)
	apply(uncapped)
	w.now = noon.Add(30 * day)
	w.apply(registered("after", "", noon.Add(25*day)))
	for i, who := range []string{"before", "bob", "after", "late"} {
		w.apply(session(i, who, usd(1000), noon.Add(26*day)), session(10+i, who, usd(500), noon.Add(9*day)), charge(i, 1, noon.Add(26*day)))
	}
	w.apply(registered("late", "", noon.Add(9*day)))
	w.tick()
	w.wantBalances("bob has 14.99 usd\nlate has 14.99 usd")
	w.apply(charge(1, 1000, noon.Add(27*day)))
	w.wantBalances("bob has 5.00 usd\nlate has 14.99 usd")
	w.apply(registered("bob", "", noon.Add(-time.Hour))) // which by now no terms credit
	w.tick()
	w.wantBalances("late has 14.99 usd")
	w.lawful()
	w.caughtUp()
}

// TestNothingIsAskedWhereNothingIsCredited: the statements of a batch are what they were before there were credits.
func TestNothingIsAskedWhereNothingIsCredited(t *testing.T) {
	w := newWorld(t, uncapped)
	l := w.listen(t)
	w.now = noon.Add(day)
	w.apply(registered("alice", "", noon))
	w.apply(session(1, "bob", usd(1000), hour))
	w.apply(registered("bob", "C-ALICE", noon))
	w.apply(charge(1, 400, hour), session(2, "carol", usd(1000), hour), one(1, 2))
	w.apply(registered("bob", "", noon.Add(-time.Hour)))
	if len(l.heard) < 40 {
		t.Errorf("only %d statements were heard", len(l.heard))
	}
	for _, s := range l.heard {
		if strings.Contains(s.sql, "credit_backlog") || strings.Contains(s.sql, " credits") {
			if !strings.Contains(s.sql, "ListMerged") {
				t.Errorf("asked was %s", s.sql)
			}
		}
	}
	w.lawful()
}
