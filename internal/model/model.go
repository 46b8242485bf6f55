// Package model says what must come of a business: from everything that was ever said about it, all at hand and in no
// order, it works out each referral and each balance. It is the second opinion that the tests hold the store against. So
// it is written apart from the code that it judges, shares no rule with it, and is as simple as can be: plain loops over
// all events, again for every question, with no batch, no database and no thought of speed.
package model

import (
	"cmp"
	"slices"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
	"github.com/plusone-dev/plusone/internal/payment"
)

// Business is a whole business, up to a moment.
type Business struct {
	Programs map[string][]Version // by name, in order of From
	Events   []fact.Event         // in any order, and any of them several times
	Now      time.Time
	Scope    payment.Scope // of customers that the business names itself
	// Hashed is how a card is kept: of several the smallest counts, as it is kept.
	Hashed func(card string) string
	// Drawn is the code that somebody is given when they register.
	Drawn func(userID string) string
	// Slot is the place on its code that a referral was given: 0 for none, -1 when it was refused. Who gets which depends
	// on arrival, and so it is told. Nil where places decide nothing: no maximum, and no tiers.
	Slot func(referee, code string) int
}

// DefaultProgram is the program of those who name none.
const DefaultProgram = "default"

// Outcome is what the laws mean by it.
type Outcome struct {
	Referrals []Referral
	Balances  []Balance // none of nothing
}

// Referral is one referral, and how it stands.
type Referral struct {
	Referee, Referrer, Code string
	Status, Reason          string
	Rewards                 []Reward
}

// Reward is what one side has of a referral.
type Reward struct {
	To     string // referrer or referee
	SignUp bool   // for the sign-up, and not for a purchase
	UserID string
	Amount money.Amount
}

// Balance is what one account amounts to in one currency.
type Balance struct {
	UserID string
	Amount money.Amount
}

// Forgotten stands for the id of whoever was erased.
const Forgotten = "(erased)"

// Outcome works it out.
func (b Business) Outcome() Outcome {
	m := newModel(b)
	var out Outcome
	sums := make(map[account]int64)
	for _, r := range m.referrals() {
		v := m.assess(r)
		shown := Referral{Referee: r.referee.name(), Referrer: r.referrer.name(), Code: r.code, Status: v.status, Reason: v.reason}
		for _, w := range v.rewards {
			who := r.referee
			if w.To == referrer {
				who = r.referrer
			}
			w.UserID = who.name()
			shown.Rewards = append(shown.Rewards, w)
			sums[account{who, w.Amount.Currency}] += w.Amount.Minor
		}
		out.Referrals = append(out.Referrals, shown)
	}
	m.credit(sums)
	for of, minor := range sums {
		if minor != 0 {
			out.Balances = append(out.Balances, Balance{of.who.name(), money.New(of.currency, minor)})
		}
	}
	return out
}

type account struct {
	who      person
	currency money.Currency
}

// model is a business whose events are there once, and whose payments are worked out.
type model struct {
	Business
	events   []fact.Event
	payments []bought
}

func newModel(b Business) *model {
	m := &model{Business: b}
	seen := make(map[string]bool)
	for _, e := range b.Events {
		if !seen[e.Key] {
			seen[e.Key] = true
			m.events = append(m.events, e)
		}
	}
	slices.SortFunc(m.events, func(x, y fact.Event) int { return cmp.Compare(x.Key, y.Key) })
	m.payments = m.allPayments()
	return m
}

// program is the name of the program meant.
func program(name string) string { return cmp.Or(name, DefaultProgram) }

// terms are those of a program that were in force at a time; before all of them, the first.
func (m *model) terms(name string, at time.Time) Terms {
	versions := m.Programs[name]
	best := versions[0]
	for _, v := range versions {
		if !v.From.After(at) {
			best = v
		}
	}
	return best.Terms
}
