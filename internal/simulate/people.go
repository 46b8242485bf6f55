package simulate

import "math/rand/v2"

// teller makes up one person after the other.
type teller struct {
	*Plan

	rand      *rand.Rand
	when      []float64 // of each fact, in sign-ups since the first
	referrers []int32   // who hands out a code
	stars     []int32   // those of them whom many follow

	// Of a chaotic business:
	clock float64 // when the next thing happens, in sign-ups
	sales int32   // how many there are so far
	// contested says that the customer of who is being made up is also said to be somebody else.
	contested bool
}

// What the made-up business is like.
const (
	referred   = 0.65 // came with somebody's code
	follows    = 0.12 // of these: that of a star
	handsOut   = 0.25 // hands out a code
	starEvery  = 40   // of these every so manieth is a star
	recent     = 100  // the others' friends come soon: among so many who handed out theirs last
	sameperson = 0.02 // refer themselves
	early      = 0.03 // are customers already
	buys       = 0.65 // pay at all
	buysAgain  = 0.25
	tooSmall   = 0.15
	justEnough = 0.10
	elsewhere  = 0.02 // pay in a currency that is not listed
	twoParts   = 0.20 // of the refunds, go back in two parts
	inFull     = 0.50 // of the others
	fail       = 0.10 // of these: the money comes back
	unread     = 0.40 // cause an event that nobody reads
)

func (t *teller) chance(p float64) bool { return t.rand.Float64() < p }

// person makes up one person, with all that they do.
func (t *teller) person(i int32) {
	p := Person{Referrer: t.referrer()}
	p.Same = t.chance(sameperson) && p.Referrer != Nobody
	p.Known = t.chance(0.2)
	t.People = append(t.People, p)
	if p.Referrer != Nobody {
		t.People[p.Referrer].Invites++
	}
	now := float64(i)
	t.tell(Fact{Kind: SignUp, User: i}, now)
	if t.chance(unread) {
		t.tell(Fact{Kind: Other, Part: uint8(t.rand.IntN(others)), User: i}, now+t.rand.Float64()*10)
	}
	switch {
	case t.chance(early):
		t.payment(i, -int32(t.Rules.Grace.Seconds())-86_400, now) // and never again: they may take nobody's place on a code
	case t.chance(buys):
		t.payments(i, now)
	}
	if i == 0 || t.chance(handsOut) {
		t.handOut(i)
	}
}

func (t *teller) handOut(i int32) {
	if len(t.referrers)%starEvery == 0 {
		t.stars = append(t.stars, i)
	}
	t.referrers = append(t.referrers, i)
}

// referrer draws whose code somebody uses.
func (t *teller) referrer() int32 {
	switch {
	case len(t.referrers) == 0 || !t.chance(referred):
		return Nobody
	case t.chance(follows):
		return t.stars[t.rand.IntN(len(t.stars))]
	}
	last := t.referrers[max(0, len(t.referrers)-recent):]
	return last[t.rand.IntN(len(last))]
}

// payments makes up one to three of them. Of one person no two have the same time.
func (t *teller) payments(user int32, now float64) {
	for n := int32(0); n < 3 && (n == 0 || t.chance(buysAgain)); n++ {
		now += t.rand.Float64() * 30
		t.payment(user, 1+n*20+t.rand.Int32N(5), now)
	}
}

func (t *teller) payment(user, after int32, now float64) {
	n := int32(len(t.Payments))
	p := Payment{User: user, After: after, Way: Way(t.rand.IntN(3))}
	if p.Way == Customer && !t.People[user].Known {
		p.Way = Checkout
	}
	p.Currency, p.Amount = t.price()
	if t.chance(t.Refunds) {
		t.refund(&p)
	}
	t.Payments = append(t.Payments, p)
	t.tellPayment(n, p, now)
}

// price draws an amount: below the minimum, just the minimum, or more; or a currency in which no amount will do.
func (t *teller) price() (currency uint8, amount int64) {
	listed := len(t.Currencies) - 1
	if listed == 0 || t.chance(elsewhere) {
		return uint8(listed), 1000 + t.rand.Int64N(9000)
	}
	currency = uint8(t.rand.IntN(listed))
	least := t.Rules.Minimum[t.Currencies[currency]]
	switch {
	case least > 1 && t.chance(tooSmall):
		return currency, 1 + t.rand.Int64N(least-1)
	case t.chance(justEnough):
		return currency, least
	}
	return currency, least + t.rand.Int64N(3*least+1)
}

func (t *teller) refund(p *Payment) {
	switch {
	case p.Amount > 2 && t.chance(twoParts):
		p.Back[0] = 1 + t.rand.Int64N(p.Amount-2)
		p.Back[1] = 1 + t.rand.Int64N(p.Amount-p.Back[0])
		return
	case p.Amount == 1 || t.chance(inFull):
		p.Back[0] = p.Amount
	default:
		p.Back[0] = 1 + t.rand.Int64N(p.Amount-1)
	}
	p.Fails = t.chance(fail)
}

// tellPayment tells all of Stripe's events about one: also both families of those about refunds.
func (t *teller) tellPayment(number int32, p Payment, now float64) {
	tell := func(k Kind, part int, when float64) {
		t.tell(Fact{Kind: k, Part: uint8(part), User: p.User, Payment: number}, when)
	}
	if p.Way != Direct {
		tell(Session, 0, now)
	}
	tell(Intent, 0, now+t.rand.Float64())
	tell(Charge, 0, now+t.rand.Float64())
	for part, amount := range p.Back {
		if amount == 0 {
			break
		}
		now += 1 + t.rand.Float64()*40
		tell(RefundCreated, part, now)
		tell(Refunded, part, now+t.rand.Float64())
	}
	if p.Fails {
		tell(RefundFailed, 0, now+1+t.rand.Float64()*20)
	}
}

func (t *teller) tell(f Fact, when float64) {
	t.Facts, t.when = append(t.Facts, f), append(t.when, when)
}
