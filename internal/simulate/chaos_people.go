package simulate

import (
	"slices"
	"time"
)

// What the people of a chaotic business are like, beside what those of any are.
const (
	past        = 0.35 // signed up days ago
	longPast    = 0.15 // so long ago that the window has closed
	connected   = 0.10 // pay a connected account
	registers   = 0.15 // sign up a second time, later, with no code
	sameAgain   = 0.10 // of the sign-ups and webhooks: are told under another id as well
	verifies    = 0.50
	tied        = 0.35 // each: by customer.created, by customer.updated
	untold      = 0.20 // customers without a word about whose they are
	contested   = 0.12 // customers that somebody else is said to be
	straggles   = 0.06 // events that come when the others have long gone by
	backwards   = 0.35 // people whose events come last things first
	scrambled   = 0.35 // in any order
	tiesLast    = 0.40 // whose sign-up and ties come after all else
	edges       = 0.06 // purchases in the first or last second that counts, or beside it
	sellsInDays = 5    // the days after a sign-up in which most is bought
)

// day is in seconds.
const day = 24 * 60 * 60

// chaoticPerson makes up one person, with all that they do.
func (t *teller) chaoticPerson(i int32) {
	p := Person{Referrer: t.referrer(), Age: t.age(), Connected: t.chance(connected)}
	p.Same = t.chance(sameperson) && p.Referrer != Nobody
	p.Known = t.chance(0.2) && !p.Connected
	t.People = append(t.People, p)
	if p.Referrer != Nobody {
		t.People[p.Referrer].Invites++
	}
	first := len(t.Facts)
	t.clock = float64(i)
	t.next(Fact{Kind: SignUp, User: i})
	if p.Age > laterBy && t.chance(registers) {
		t.next(Fact{Kind: SignUp, Part: Later, User: i})
	}
	if t.Verified && t.chance(verifies) {
		t.next(Fact{Kind: Verified, User: i})
	}
	t.customer(i)
	t.purchases(i)
	t.sameUnderOtherIDs(first)
	t.disorder(first, float64(i))
	if i == 0 || t.chance(handsOut) {
		t.handOut(i)
	}
}

// age draws how many seconds ago somebody signed up. Windows that close within hours are nobody's.
func (t *teller) age() int64 {
	within := int64(t.Rules.Within / time.Second)
	switch {
	case t.Rules.Version > 1: // the terms of then were others
		return 0
	case t.chance(longPast):
		return within + day + t.rand.Int64N(30*day)
	case within > 2*day && t.chance(past):
		return day/4 + t.rand.Int64N(within-day)
	}
	if within > 2*day {
		return day / 4
	}
	return 0
}

// next tells of something that happens after what was told last.
func (t *teller) next(f Fact) {
	t.tell(f, t.clock)
	t.clock += t.rand.Float64() * 6
}

// customer says, or does not, whose somebody's Stripe customer is.
func (t *teller) customer(user int32) {
	born := -t.People[user].Age - t.rand.Int64N(day)
	say := func(kind string, at int64, whose int32) {
		t.hook(user, Webhook{
			Type: kind, About: TheCustomer, Payment: Nobody, At: at, Opened: born, Customer: user,
			Claim: Claim{whose, CustomerMetadata}, Decoy: Nobody, Basil: t.chance(0.5),
		})
	}
	if t.chance(untold) {
		say("customer.created", born, Nobody)
	}
	if t.chance(tied) {
		say("customer.created", born, user)
	}
	if t.chance(tied) {
		say("customer.updated", born+1000, user)
	}
	if t.contested = t.chance(contested); t.contested {
		if other := t.somebodyElse(user); other != Nobody {
			say("customer.updated", born+t.rand.Int64N(4)*600-300, other)
		}
	}
}

// somebodyElse is another person whose payments are of other seconds.
func (t *teller) somebodyElse(than int32) int32 {
	if other := t.rand.Int32N(than + 1); other%people != than%people {
		return other
	}
	return Nobody
}

// purchases makes up what somebody buys.
func (t *teller) purchases(user int32) {
	signedUp := -t.People[user].Age
	opens, closes := signedUp-int64(t.Rules.Grace/time.Second), signedUp+int64(t.Rules.Within/time.Second)
	if t.chance(early) {
		t.sell(user, t.instant(user, opens-2*day))
	}
	if t.Rules.Hold == 0 && t.chance(edges) {
		t.sell(user, []int64{opens - 1, opens, closes, closes + 1}[t.rand.IntN(4)])
	}
	at := signedUp
	for n := 0; n < 4 && t.chance(buys); n++ {
		at += 2000 + t.rand.Int64N(sellsInDays*day)
		t.sell(user, t.instant(user, at))
	}
}

// people is how many of them have seconds of their own, and apart how many each second that is theirs is from the next.
const (
	people = 97
	apart  = 10
)

// instant is a second near a time in which nobody else pays whom they may be confused with: what is paid in one second
// is put in order by the ids of the objects, of which the model knows nothing. No hold ends near it.
func (t *teller) instant(user int32, at int64) int64 {
	if ends := at + int64(t.Rules.Hold/time.Second); t.Rules.Hold > 0 && ends > -day && ends < day {
		at += 2 * day
	}
	const round = people * apart
	return at - ((at%round)+round)%round + int64(user%people)*apart
}

// sameUnderOtherIDs tells some of a person's events a second time, as others.
func (t *teller) sameUnderOtherIDs(first int) {
	for n := first; n < len(t.Facts); n++ {
		if f := t.Facts[n]; !f.Copy && t.chance(sameAgain) {
			f.Copy = true
			t.tell(f, t.when[n]+t.rand.Float64()*20)
		}
	}
}

// disorder has a person's events come in some order of their own.
func (t *teller) disorder(first int, now float64) {
	when := t.when[first:]
	last := slices.Max(when)
	switch order := t.rand.Float64(); {
	case order < backwards:
		for i := range when {
			when[i] = now + last - when[i]
		}
	case order < backwards+scrambled:
		for i := range when {
			when[i] = now + t.rand.Float64()*(last-now)
		}
	}
	late := t.chance(tiesLast)
	for i := range when {
		if late && t.ties(t.Facts[first+i]) {
			when[i] = last + 1 + t.rand.Float64()*20
		}
		if t.chance(straggles) {
			when[i] += t.rand.Float64() * max(float64(t.Users)/3, 20)
		}
	}
}

// ties says whether an event is one without which nobody knows whose the others are.
func (t *teller) ties(f Fact) bool {
	return f.Kind != Event || t.Webhooks[f.Payment].About == TheCustomer || t.Webhooks[f.Payment].About == InvoicePayment
}

// hook tells of one of Stripe's events.
func (t *teller) hook(user int32, h Webhook) {
	h.Connected = t.People[user].Connected
	h.Expanded = t.chance(0.3)
	t.Webhooks = append(t.Webhooks, h)
	t.next(Fact{Kind: Event, User: user, Payment: int32(len(t.Webhooks) - 1)})
}
