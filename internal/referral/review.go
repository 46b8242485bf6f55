package referral

import (
	"slices"
	"strings"
	"time"
)

// What a person has to decide, and has decided. An approval covers what was known when it was given: a signal of a later
// date needs another one.

// The names, beside those of the signals, of what may await a decision. They are no terms: they always do.
const (
	ReviewInquiry = "inquiry"       // the card's issuer asks about the purchase
	ReviewWarning = "fraud_warning" // the card's issuer warns that the purchase may be fraudulent
)

// signalKinds are all kinds, in the order in which they are shown.
var signalKinds = []SignalKind{
	SignalSameCard, SignalSameIP, SignalSameDevice, SignalSameEmail, SignalDisposableEmail, SignalSignUpsPerIP,
}

// action is what the terms make of a signal; empty when they ignore it.
func (f FraudTerms) action(s Signal) Action {
	switch s.Kind {
	case SignalSameCard:
		return f.SameCard
	case SignalSameIP:
		return f.SameIP
	case SignalSameDevice:
		return f.SameDevice
	case SignalSameEmail:
		return f.SameEmail
	case SignalDisposableEmail:
		return f.DisposableEmail
	case SignalSignUpsPerIP:
		if s.Count > f.SignUpsPerIP.Max {
			return f.SignUpsPerIP.Then
		}
	}
	return ""
}

// signals are those that the terms do not ignore, in one order always.
func (a *assessment) signals() []Signal {
	var all []Signal
	for _, kind := range signalKinds {
		for _, s := range a.history.Signals {
			if s.Kind == kind && a.terms.Fraud.action(s) != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

func (a *assessment) flags() []SignalKind {
	var kinds []SignalKind
	for _, s := range a.signals() {
		kinds = append(kinds, s.Kind)
	}
	return slices.Compact(kinds)
}

// approved says whether a person approved of what came to be at that time.
func (a *assessment) approved(at time.Time) bool {
	d := a.history.Decision
	return d.Verdict == Approve && !at.After(d.At)
}

// rejected is the decision of a person, whatever else is known.
func (a *assessment) rejected() bool {
	d := a.history.Decision
	if d.Verdict == Undecided {
		return false
	}
	a.check("decision", d.Verdict != Reject, "a person %s it at %s", d.Verdict, stamp(d.At))
	if d.Verdict == Reject {
		return a.cancel(Rejected)
	}
	return false
}

// fraudulent looks at the signals: it decides when the terms cancel on one of them, and notes those that a person has to
// decide about.
func (a *assessment) fraudulent() bool {
	for _, s := range a.signals() {
		switch action := a.terms.Fraud.action(s); {
		case action == Flag:
			a.check(string(s.Kind), true, "seen at %s, which the terms only show", stamp(s.At))
		case a.approved(s.At):
			a.check(string(s.Kind), true, "seen at %s, and approved of at %s", stamp(s.At), stamp(a.history.Decision.At))
		case action == Cancel:
			a.check(string(s.Kind), false, "seen at %s, on which the terms cancel", stamp(s.At))
			return a.cancel(Fraud)
		default: // terms are validated; an action nobody knows waits for a person as well
			a.check(string(s.Kind), false, "seen at %s, and nobody has approved", stamp(s.At))
			a.verdict.Reviewing = append(a.verdict.Reviewing, string(s.Kind))
		}
	}
	return false
}

// reviewed waits for a person where something of the referral or its purchase awaits a decision.
func (a *assessment) reviewed() bool {
	p := a.verdict.Purchase
	for _, open := range []struct {
		name string
		at   time.Time
	}{{ReviewInquiry, p.InquiryAt}, {ReviewWarning, p.WarnedAt}} {
		if !open.at.IsZero() && !a.approved(open.at) {
			a.verdict.Reviewing = append(a.verdict.Reviewing, open.name)
		}
	}
	if len(a.verdict.Reviewing) == 0 {
		return false
	}
	a.check("review", false, "awaits a decision about %s", strings.Join(a.verdict.Reviewing, ", "))
	a.verdict.Status = Qualified
	return true
}
