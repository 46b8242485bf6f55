package simulate

import (
	"cmp"
	"slices"
	"time"
)

// Standing is where a referral stands.
type Standing struct {
	Status, Reason string
}

// The words of the statuses and reasons that the model knows.
const (
	pending   = "pending"
	qualified = "qualified"
	rewarded  = "rewarded"
	cancelled = "cancelled"

	refunded         = "refunded"
	disputed         = "disputed"
	expired          = "expired"
	belowMinimum     = "below_minimum"
	codeExhausted    = "code_exhausted"
	selfReferral     = "self_referral"
	existingCustomer = "existing_customer"
)

var exhausted = Standing{cancelled, codeExhausted}

// Expected is what must come of one person's sign-up.
type Expected struct {
	Referred bool     // they have a referral
	Stands   Standing // it, if its code has a place for it
	Wants    bool     // it asks for a place
	Might    bool     // it does not, but may have before everything was known: what it got then it keeps
	Currency uint8    // of the purchase that counts
	Blurred  bool     // not every event of theirs is known to be taken or not: nothing can be said
}

// Expectation is what must come of the events that were taken: the model's opinion.
type Expectation struct {
	People []Expected
	wants  []int32 // of each person's code: how many referrals ask for a place on it
	blurs  []int32 // how many more may, of whom nothing can be said
	mights []int32 // how many more may have
}

// known is what the events that were taken say.
type known struct {
	signedUp  []bool       // with a code, where they have one
	purchases [][]purchase // of each person, in the order of time
	might     [][]purchase // what may have seemed to be theirs, or seemed otherwise, before everything was known
}

// purchase is one of them as the rules see it.
type purchase struct {
	at       int64 // in seconds after the run began
	amount   int64
	back     int64
	currency uint8
	disputed bool // a dispute has the money
	asked    bool // an inquiry or a fraud warning awaits a decision
}

// Expect says what must come of the facts that were accepted.
func Expect(p *Plan, statuses []Status) *Expectation {
	n := len(p.People)
	e := &Expectation{
		People: make([]Expected, n), wants: make([]int32, n), blurs: make([]int32, n), mights: make([]int32, n),
	}
	k := &known{
		signedUp: make([]bool, n), purchases: make([][]purchase, n), might: make([][]purchase, n),
	}
	if p.Chaos {
		p.learnChaos(k, e, statuses)
	} else {
		p.learn(k, e, statuses)
	}
	for i, person := range p.People {
		if person.Referrer == Nobody {
			continue
		}
		x := &e.People[i]
		if x.Referred = k.signedUp[i]; x.Referred {
			slices.SortFunc(k.purchases[i], func(a, b purchase) int { return cmp.Compare(a.at, b.at) })
			p.judge(x, person, k.purchases[i], k.might[i])
		}
		switch {
		case x.Blurred:
			e.blurs[person.Referrer]++
		case x.Wants:
			e.wants[person.Referrer]++
		case x.Might:
			e.mights[person.Referrer]++
		}
	}
	return e
}

// witness is what the events that were taken say of a payment.
type witness struct {
	paid                     bool
	shown, succeeded, undone int64 // of refunds: the charge's figure, those that succeeded, those that failed
}

// back is what went back: the larger of what the charge says, less what failed, and what succeeded.
func (w witness) back() int64 { return max(w.shown-w.undone, w.succeeded, 0) }

// learn reads the events of a business in which every payment is one person's, and seen as it is.
func (p *Plan) learn(k *known, e *Expectation, statuses []Status) {
	witnesses := make([]witness, len(p.Payments))
	for i, f := range p.Facts {
		switch {
		case statuses[i] == Unknown && f.Kind != Other:
			e.People[f.User].Blurred = true
		case statuses[i] != Accepted:
		case f.Kind == SignUp:
			k.signedUp[f.User] = true
		default:
			p.see(&witnesses[f.Payment], f)
		}
	}
	for n, pay := range p.Payments {
		if w := witnesses[n]; w.paid {
			k.purchases[pay.User] = append(k.purchases[pay.User],
				purchase{at: int64(pay.After), amount: pay.Amount, currency: pay.Currency, back: w.back()})
		}
	}
}

// see adds what one event says of a payment.
func (p *Plan) see(w *witness, f Fact) {
	pay := p.Payments[f.Payment]
	switch f.Kind {
	case Session:
		w.paid = true
	case Intent:
		w.paid = w.paid || pay.Way == Direct // the others name nobody: the session does
	case Refunded:
		w.shown = max(w.shown, pay.Back[0])
		if f.Part == 1 {
			w.shown = pay.Back[0] + pay.Back[1]
		}
	case RefundCreated:
		if w.undone == 0 {
			w.succeeded += pay.Back[f.Part]
		}
	case RefundFailed:
		w.undone, w.succeeded = pay.Back[0], 0 // who fails is the only one
	default:
	}
}

// judge is the model: the rules of the program, read off its documentation, for people who do only what a plan has them
// do. might is what may have been taken for their purchases.
func (p *Plan) judge(x *Expected, person Person, purchases, might []purchase) {
	opens, closes := p.window(person)
	if person.Same {
		x.Stands = Standing{cancelled, selfReferral}
		return
	}
	counts, ok := p.thatCounts(person, purchases)
	switch {
	case len(purchases) > 0 && purchases[0].at < opens:
		x.Stands = Standing{cancelled, existingCustomer}
	case ok:
		x.Wants, x.Currency, x.Stands = true, counts.currency, p.outcome(counts)
	case p.Rules.First && slices.ContainsFunc(purchases, func(b purchase) bool { return p.inWindow(person, b) }):
		x.Stands = Standing{cancelled, belowMinimum}
	case closes < 0:
		x.Stands = Standing{cancelled, expired}
	default:
		x.Stands = Standing{pending, ""}
	}
	x.Might = !x.Wants && slices.ContainsFunc(slices.Concat(purchases, might), func(b purchase) bool {
		return p.inWindow(person, b) && p.enough(b)
	})
}

// outcome is what a purchase that counts brings its referral to.
func (p *Plan) outcome(b purchase) Standing {
	switch {
	case p.takenBack(b):
		return Standing{cancelled, refunded}
	case b.disputed:
		return Standing{cancelled, disputed}
	case b.asked, p.Rules.Hold > 0 && b.at+int64(p.Rules.Hold/time.Second) > 0:
		return Standing{qualified, ""}
	}
	return Standing{rewarded, ""}
}

// window is the first and the last second in which a person's purchase counts.
func (p *Plan) window(person Person) (opens, closes int64) {
	return -person.Age - int64(p.Rules.Grace/time.Second), -person.Age + int64(p.Rules.Within/time.Second)
}

func (p *Plan) inWindow(person Person, b purchase) bool {
	opens, closes := p.window(person)
	return b.at >= opens && b.at <= closes
}

// enough says whether a purchase is of a listed currency, and of at least the minimum.
func (p *Plan) enough(b purchase) bool {
	least, listed := p.Rules.Minimum[p.Currencies[b.currency]]
	return listed && b.amount >= least
}

// thatCounts is the purchase that decides: the earliest of at least the minimum, or the first if it is. Where another one
// may stand in, the earliest of those whose money stands goes before.
func (p *Plan) thatCounts(person Person, purchases []purchase) (counts purchase, ok bool) {
	for _, b := range purchases {
		switch {
		case !p.inWindow(person, b):
		case p.enough(b):
			if !ok {
				counts, ok = b, true
			}
			if !p.Rules.Requalify || p.Rules.First {
				return counts, ok
			}
			if !p.takenBack(b) && !b.disputed {
				return b, true
			}
		case p.Rules.First:
			return purchase{}, false
		}
	}
	return counts, ok
}

func (p *Plan) takenBack(b purchase) bool {
	switch p.Rules.Refunds {
	case Any:
		return b.back > 0
	case Full:
		return b.back >= b.amount
	}
	return b.amount-b.back < p.Rules.Minimum[p.Currencies[b.currency]]
}
