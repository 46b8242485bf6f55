package simulate

import "time"

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
	Currency uint8    // of the purchase that counts
	Blurred  bool     // not every event of theirs is known to be taken or not: nothing can be said
}

// Expectation is what must come of the events that were taken: the model's opinion.
type Expectation struct {
	People []Expected
	wants  []int32 // of each person's code: how many referrals ask for a place on it
	blurs  []int32 // how many more may
}

// witness is what the events that were taken say of a payment.
type witness struct {
	paid                     bool
	shown, succeeded, undone int64 // of refunds: the charge's figure, those that succeeded, those that failed
}

// back is what went back: the larger of what the charge says, less what failed, and what succeeded.
func (w witness) back() int64 { return max(w.shown-w.undone, w.succeeded, 0) }

// Expect says what must come of the facts that were accepted.
func Expect(p *Plan, statuses []Status) *Expectation {
	e := &Expectation{
		People: make([]Expected, len(p.People)), wants: make([]int32, len(p.People)), blurs: make([]int32, len(p.People)),
	}
	witnesses := make([]witness, len(p.Payments))
	signedUp := make([]bool, len(p.People))
	for i, f := range p.Facts {
		switch {
		case statuses[i] == Unknown && f.Kind != Other:
			e.People[f.User].Blurred = true
		case statuses[i] != Accepted:
		case f.Kind == SignUp:
			signedUp[f.User] = true
		default:
			p.see(&witnesses[f.Payment], f)
		}
	}
	purchases := make([][]int32, len(p.People))
	for n, pay := range p.Payments {
		if witnesses[n].paid {
			purchases[pay.User] = append(purchases[pay.User], int32(n))
		}
	}
	for i, person := range p.People {
		if person.Referrer == Nobody {
			continue
		}
		x := &e.People[i]
		if x.Referred = signedUp[i]; x.Referred {
			p.judge(x, person, purchases[i], witnesses)
		}
		switch {
		case x.Blurred:
			e.blurs[person.Referrer]++
		case x.Wants:
			e.wants[person.Referrer]++
		}
	}
	return e
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

// judge is the model: the rules of the program, read off its documentation, for people who do only what a plan has them do.
func (p *Plan) judge(x *Expected, person Person, purchases []int32, witnesses []witness) {
	first, ok := p.firstThatCounts(purchases)
	opens := -int32(p.Rules.Grace / time.Second)
	switch {
	case person.Same:
		x.Stands = Standing{cancelled, selfReferral}
	case len(purchases) > 0 && p.Payments[purchases[0]].After < opens:
		x.Stands = Standing{cancelled, existingCustomer}
	case !ok:
		x.Stands = Standing{pending, ""}
	default:
		x.Wants, x.Currency = true, p.Payments[first].Currency
		x.Stands = Standing{rewarded, ""}
		switch {
		case p.takenBack(p.Payments[first], witnesses[first].back()):
			x.Stands = Standing{cancelled, refunded}
		case p.Rules.Hold > 0:
			x.Stands = Standing{qualified, ""}
		}
	}
}

// firstThatCounts is the earliest purchase of at least the minimum. A person's payments are in the order of their times.
func (p *Plan) firstThatCounts(purchases []int32) (number int32, ok bool) {
	for _, n := range purchases {
		pay := p.Payments[n]
		least, listed := p.Rules.Minimum[p.Currencies[pay.Currency]]
		if listed && pay.Amount >= least {
			return n, true
		}
	}
	return 0, false
}

func (p *Plan) takenBack(pay Payment, back int64) bool {
	switch p.Rules.Refunds {
	case Any:
		return back > 0
	case Full:
		return back >= pay.Amount
	}
	return pay.Amount-back < p.Rules.Minimum[p.Currencies[pay.Currency]]
}
