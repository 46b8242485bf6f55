package model

import (
	"math/big"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
	"github.com/plusone-dev/plusone/internal/money"
)

type verdict struct {
	status, reason string
	rewards        []Reward
}

func cancel(reason string) verdict { return verdict{status: cancelled, reason: reason} }

// assess says how a referral stands. The first thing that applies decides.
func (m *model) assess(r referral) verdict {
	slot := 1
	if m.Slot != nil {
		slot = m.Slot(r.referee.name(), r.code)
	}
	from := r.at.Add(-r.terms.Grace).Truncate(time.Second)
	purchases := m.purchases(r.referee)
	switch {
	case slot < 0:
		return cancel("code_exhausted")
	case !r.stands:
		return cancel("superseded")
	case m.samePerson(r):
		return cancel("self_referral")
	case !r.referrer.erased.IsZero() && r.at.After(r.referrer.erased):
		return cancel("erased")
	case len(purchases) > 0 && purchases[0].at.Before(from):
		return cancel("existing_customer")
	}

	p, tooSmall := r.terms.deciding(purchases, from, m.until(r))
	if r.terms.VerifiedEmail && !m.verifiedInTime(r) {
		p = nil
	}
	if p != nil && slot == 0 {
		return cancel("no place was asked for, though a purchase qualifies")
	}
	signals, decided := m.signals(r), m.decision(r)
	covered := func(since time.Time) bool {
		return decided.Verdict == fact.Approved && !since.After(decided.At)
	}
	review := false
	for name, since := range signals {
		switch {
		case covered(since):
		case decided.Verdict != fact.Rejected && r.terms.Fraud[name] == "cancel":
			return cancel("fraud")
		case r.terms.Fraud[name] == "review":
			review = true
		}
	}
	switch {
	case decided.Verdict == fact.Rejected:
		return cancel("rejected")
	case p == nil && tooSmall:
		return cancel("below_minimum")
	case p == nil && !r.referee.erased.IsZero():
		return cancel("erased")
	case p == nil && m.Now.Before(m.until(r).Add(time.Second)):
		return verdict{pending, "", r.terms.forSignUp(!review)}
	case p == nil:
		return cancel("expired")
	case r.terms.brokenBy(*p):
		return cancel("refunded")
	case p.disputed:
		return cancel("disputed")
	}
	if !p.inquiry.IsZero() && !covered(p.inquiry) || !p.warned.IsZero() && !covered(p.warned) {
		review = true
	}
	held := r.terms.Hold > 0 && m.Now.Before(p.at.Add(r.terms.Hold))
	if review || held {
		return verdict{qualified, "", r.terms.forSignUp(!review)}
	}
	return verdict{rewarded, "", append(r.terms.forSignUp(true), r.terms.forPurchase(*p, slot)...)}
}

func (m *model) samePerson(r referral) bool {
	a, _ := m.signUp(r.referrer)
	b, _ := m.signUp(r.referee)
	return r.referrer == r.referee || mailbox(a.Email) != "" && mailbox(a.Email) == mailbox(b.Email)
}

// until is the last second in which a purchase counts.
func (m *model) until(r referral) time.Time {
	end := r.at.Add(r.terms.Within).Truncate(time.Second)
	if gone := r.referee.erased; !gone.IsZero() && gone.Before(end) {
		return gone
	}
	return end
}

func (m *model) verifiedInTime(r referral) bool {
	at := m.verified(r.referee)
	return !at.IsZero() && !at.After(m.until(r))
}

// deciding is the purchase that decides, if there is one; tooSmall says that there will never be one. The purchases are
// in order.
func (t Terms) deciding(purchases []bought, from, until time.Time) (p *bought, tooSmall bool) {
	for i := range purchases {
		x := &purchases[i]
		least, listed := t.Minimum[x.amount.Currency]
		enough := listed && x.amount.Currency.Paid() && x.amount.Minor >= least
		switch {
		case x.at.Before(from) || x.at.After(until):
		case t.First && !enough:
			return nil, true
		case t.First:
			return x, false
		case !enough:
		case !t.Requalify:
			return x, false
		case !t.brokenBy(*x) && !x.disputed:
			return x, false
		case p == nil:
			p = x
		}
	}
	return p, false
}

// brokenBy says whether too much of a purchase went back.
func (t Terms) brokenBy(p bought) bool {
	switch t.Refunds {
	case "any":
		return p.back > 0
	case "full":
		return p.net() == 0
	}
	return p.net() < t.Minimum[p.amount.Currency]
}

func (t Terms) forSignUp(owed bool) (all []Reward) {
	for _, r := range t.Rewards {
		for c, minor := range r.Fixed {
			if owed && r.SignUp {
				all = append(all, Reward{To: r.To, SignUp: true, Amount: money.New(c, minor)})
			}
		}
	}
	return all
}

func (t Terms) forPurchase(p bought, slot int) (all []Reward) {
	promised := t.Rewards
	for _, tier := range t.Tiers {
		if slot >= tier.From {
			promised = t.Rewards
			if len(tier.Rewards) > 0 {
				promised = tier.Rewards
			}
		}
	}
	for _, r := range promised {
		if amount := r.amount(p); !r.SignUp && amount.Minor > 0 {
			all = append(all, Reward{To: r.To, Amount: amount})
		}
	}
	return all
}

// amount is what a promise for a purchase comes to.
func (r Promise) amount(p bought) money.Amount {
	c := p.amount.Currency
	if points, ok := r.Fixed[money.Points]; ok {
		return money.New(money.Points, points)
	}
	if r.Millionths == 0 {
		return money.New(c, r.Fixed[c])
	}
	share := new(big.Int).Mul(big.NewInt(p.net()), big.NewInt(r.Millionths))
	minor := share.Div(share, big.NewInt(1_000_000)).Int64()
	if most, ok := r.AtMost[c]; ok {
		minor = min(minor, most)
	}
	return money.New(c, minor-minor%c.Step())
}

// credit adds what buyers are credited for the purchases themselves.
func (m *model) credit(sums map[account]int64) {
	for _, p := range m.payments {
		s, ok := m.signUp(p.who)
		if !ok || p.disputed || !p.amount.Currency.Paid() {
			continue
		}
		t := m.terms(program(s.Program), s.RegisteredAt)
		if t.CreditPurchases && !p.at.Before(s.RegisteredAt.Add(-t.Grace).Truncate(time.Second)) {
			sums[account{p.who, p.amount.Currency}] += p.net()
		}
	}
}
