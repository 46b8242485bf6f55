package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Config says what to make up. One Config makes one Plan.
type Config struct {
	Users int
	// Fractions from 0 to 1: of the events that are sent a second time, of those that are sent late, so that they
	// change places with others, and of the payments that go back, in part or in full.
	Duplicates, Shuffle, Refunds float64
	Seed                         uint64
	// Chaos has everything happen, in every order. Then Verified says that there are events of verified addresses.
	Chaos, Verified bool
	Rules           Rules
}

// Limits of a Config: a plan is held in memory.
const maxUsers = 10_000_000

// Check says what is wrong with a configuration.
func (c Config) Check() error {
	var errs []error
	if c.Users < 1 || c.Users > maxUsers {
		errs = append(errs, fmt.Errorf("there must be from 1 to %d users", maxUsers))
	}
	for name, f := range map[string]float64{"duplicates": c.Duplicates, "shuffle": c.Shuffle, "refunds": c.Refunds} {
		if !(f >= 0 && f <= 1) { // so that NaN is refused too
			errs = append(errs, fmt.Errorf("%s must be a fraction from 0 to 1", name))
		}
	}
	return errors.Join(errs...)
}

// Plan is all that happens, and in which order it is told. It is a function of its Config alone: it knows no time and no
// ids, which a Run adds.
type Plan struct {
	Config

	Currencies []string // the listed ones, and last one that is not
	People     []Person
	Payments   []Payment
	Webhooks   []Webhook // those of a chaotic business, which has no Payments
	Facts      []Fact
	Order      []int32 // what to send, as numbers of Facts; a number that is there twice is a duplicate
}

// Nobody is the referrer of whoever came by themselves.
const Nobody = -1

// Person is somebody who signs up.
type Person struct {
	Referrer int32 // whose code they use
	Invites  int32 // how many use theirs
	Same     bool  // their e-mail address is the referrer's, but for a tag: they are one
	Known    bool  // their sign-up names their Stripe customer

	// In a chaotic business:
	Age       int64 // how many seconds before the run they signed up
	Connected bool  // they pay a connected account
}

// Way is how a payment comes in.
type Way uint8

// The ways.
const (
	Checkout Way = iota // a session that names the user
	Customer            // a session that names nobody but the Stripe customer
	Direct              // a PaymentIntent that names the user
)

// Payment is one purchase, and what went back of it.
type Payment struct {
	User     int32
	Way      Way
	Currency uint8    // in Plan.Currencies
	Amount   int64    // minor units
	After    int32    // seconds after the sign-up; negative: before
	Back     [2]int64 // the refunds, one after the other; 0: none
	Fails    bool     // the first refund, the only one, fails later
}

// Kind is what an event says.
type Kind uint8

// The kinds.
const (
	SignUp        Kind = iota
	Session            // checkout.session.completed
	Intent             // payment_intent.succeeded
	Charge             // charge.succeeded
	Refunded           // charge.refunded, after the refund Part
	RefundCreated      // refund.created, of the refund Part
	RefundFailed       // refund.failed, of the refund Part
	Other              // of a type that nobody reads; Part says which
	Verified           // user.verified
	Event              // one of Plan.Webhooks, whose number is in Payment
)

// byTheBusiness says whether it is an event of the business's own, and not one of Stripe's.
func (k Kind) byTheBusiness() bool { return k == SignUp || k == Verified }

// Later is the Part of a second sign-up of one person, which names no code. The first is the one that counts.
const Later = 1

// laterBy is how many seconds later it is.
const laterBy = 600

// Fact is one event: it is sent once, or more often, and never changes.
type Fact struct {
	Kind    Kind
	Part    uint8
	User    int32
	Payment int32 // the number of it, where it is about one
	Copy    bool  // it says what another event says, under another id
}

// The sources of chance are apart, so that what happens does not change with how it is told.
const (
	chanceOfEvents = iota + 1
	chanceOfOrder
)

// New makes a plan.
func New(cfg Config) *Plan {
	p := &Plan{Config: cfg, Currencies: append(cfg.Rules.currencies(), unlisted(cfg.Rules.Minimum))}
	t := &teller{Plan: p, rand: rand.New(rand.NewPCG(cfg.Seed, chanceOfEvents))} //nolint:gosec // a seed is wanted
	tell := t.person
	if cfg.Chaos {
		tell = t.chaoticPerson
	}
	for i := range cfg.Users {
		tell(int32(i))
	}
	p.order(t.when, rand.New(rand.NewPCG(cfg.Seed, chanceOfOrder))) //nolint:gosec // as above
	return p
}

// unlisted is a currency in which nothing qualifies.
func unlisted(minimum map[string]int64) string {
	for _, c := range []string{"nok", "dkk", "sek", "chf"} {
		if _, listed := minimum[c]; !listed {
			return c
		}
	}
	return "xof"
}

// order puts the facts in the order of their times, some of them late, and some a second time.
func (p *Plan) order(when []float64, r *rand.Rand) {
	type telling struct {
		fact int32
		at   float64
	}
	late := max(float64(p.Users)/4, 20) // in sign-ups
	all := make([]telling, 0, len(p.Facts))
	for i, at := range when {
		shuffled, by := r.Float64() < p.Shuffle, r.Float64()*late
		again, later := r.Float64() < p.Duplicates, r.Float64()*late
		if r.IntN(2) == 0 {
			later = 0 // the copy comes at once, and may overtake
		}
		if shuffled {
			at += by
		}
		all = append(all, telling{int32(i), at})
		if again {
			all = append(all, telling{int32(i), at + later})
		}
	}
	slices.SortStableFunc(all, func(a, b telling) int { return cmp.Compare(a.at, b.at) })
	p.Order = make([]int32, len(all))
	for i, t := range all {
		p.Order[i] = t.fact
	}
}
