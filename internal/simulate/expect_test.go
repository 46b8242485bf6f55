package simulate

import (
	"math/rand/v2"
	"testing"
	"time"
)

// story is one friend of one referrer, with payments, and what must come of them.
type story struct {
	name     string
	payments []Payment
	same     bool
	rules    func(*Rules)
	without  Kind // events of this kind were not taken; SignUp: all were
	want     Standing
}

// TestTheModel goes through the rules, one story each.
func TestTheModel(t *testing.T) {
	paid := func(amount int64, back ...int64) Payment {
		p := Payment{User: 1, Way: Direct, Amount: amount, After: 1}
		copy(p.Back[:], back)
		return p
	}
	at := func(after int32, p Payment) Payment { p.After = after; return p }
	fails := func(p Payment) Payment { p.Fails = true; return p }
	policy := func(p string) func(*Rules) { return func(r *Rules) { r.Refunds = p } }
	early := -int32(time.Hour/time.Second) - 1
	var (
		waits, earned = Standing{pending, ""}, Standing{rewarded, ""}
		gone          = Standing{cancelled, refunded}
	)
	for _, s := range []story{
		{name: "nothing paid", want: waits},
		{name: "just enough", payments: []Payment{paid(1000)}, want: earned},
		{name: "too little", payments: []Payment{paid(999)}, want: waits},
		{name: "too little first", payments: []Payment{paid(999), at(20, paid(1000))}, want: earned},
		{name: "another currency", payments: []Payment{{User: 1, Way: Direct, Amount: 9999, After: 1, Currency: 1}}, want: waits},
		{name: "all back", payments: []Payment{paid(1000, 1000)}, want: gone},
		{name: "back below the minimum", payments: []Payment{paid(1500, 501)}, want: gone},
		{name: "back to the minimum", payments: []Payment{paid(1500, 500)}, want: earned},
		{name: "back in two parts", payments: []Payment{paid(1500, 300, 201)}, want: gone},
		{name: "any refund", payments: []Payment{paid(1500, 1)}, rules: policy(Any), want: gone},
		{name: "only a full one", payments: []Payment{paid(1500, 1499)}, rules: policy(Full), want: earned},
		{name: "a full one in two parts", payments: []Payment{paid(1500, 1499, 1)}, rules: policy(Full), want: gone},
		{name: "a refund that fails", payments: []Payment{fails(paid(1000, 1000))}, want: earned},
		{name: "its failure was not taken", payments: []Payment{fails(paid(1000, 1000))}, without: RefundFailed, want: gone},
		{name: "the charge's figure was not taken", payments: []Payment{paid(1000, 1000)}, without: Refunded, want: gone},
		{name: "the refund itself was not taken", payments: []Payment{paid(1000, 1000)}, without: RefundCreated, want: gone},
		{name: "the second purchase does not revive", payments: []Payment{paid(1000, 1000), at(20, paid(1000))}, want: gone},
		{name: "the payment was not taken", payments: []Payment{paid(1000)}, without: Intent, want: waits},
		{name: "the charge is no purchase", payments: []Payment{paid(1000)}, without: Charge, want: earned},
		{name: "the session was not taken", payments: []Payment{{User: 1, Amount: 1000, After: 1}}, without: Session, want: waits},
		{name: "an earlier customer", payments: []Payment{at(early, paid(1))}, want: Standing{cancelled, existingCustomer}},
		{name: "inside the grace", payments: []Payment{at(early+1, paid(1000))}, want: earned},
		{name: "oneself", payments: []Payment{paid(1000)}, same: true, want: Standing{cancelled, selfReferral}},
		{name: "held", payments: []Payment{paid(1000)}, rules: func(r *Rules) { r.Hold = time.Hour }, want: Standing{qualified, ""}},
		{name: "held and refunded", payments: []Payment{paid(1000, 1)}, rules: func(r *Rules) { r.Hold = time.Hour }, want: gone},
	} {
		p := s.plan()
		statuses := make([]Status, len(p.Facts))
		for i, f := range p.Facts {
			if statuses[i] = Accepted; s.without != SignUp && f.Kind == s.without {
				statuses[i] = NotSent
			}
		}
		x := Expect(p, statuses).People[1]
		wants := s.want.Status != pending && s.want.Reason != selfReferral && s.want.Reason != existingCustomer
		if !x.Referred || x.Stands != s.want || x.Wants != wants || x.Blurred {
			t.Errorf("%s: %+v, want %v", s.name, x, s.want)
		}
	}
}

// plan is the story as a plan, with the events that a teller would tell.
func (s story) plan() *Plan {
	rules := ours
	rules.Minimum = map[string]int64{"usd": 1000}
	if s.rules != nil {
		s.rules(&rules)
	}
	t := &teller{rand: rand.New(rand.NewPCG(1, 1)), Plan: &Plan{
		Config: Config{Rules: rules}, Currencies: []string{"usd", "nok"}, Payments: s.payments,
		People: []Person{{Referrer: Nobody, Invites: 1}, {Referrer: 0, Same: s.same}},
	}}
	t.tell(Fact{Kind: SignUp}, 0)
	t.tell(Fact{Kind: SignUp, User: 1}, 0)
	for n, p := range s.payments {
		t.tellPayment(int32(n), p, 0)
	}
	return t.Plan
}
