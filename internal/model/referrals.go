package model

import (
	"slices"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// referral is somebody who came with somebody else's code.
type referral struct {
	referee, referrer person
	code, program     string
	at                time.Time // of the sign-up
	stands            bool      // no earlier sign-up, and no word of a person, says otherwise
	terms             Terms
}

// referrals are all pairs of a person and a code that they came with, by their own word or by that of another, where
// somebody has the code.
func (m *model) referrals() (all []referral) {
	note := func(id, code string, at time.Time) {
		who := m.person(id, at)
		known := slices.ContainsFunc(all, func(r referral) bool { return r.referee == who && r.code == code })
		if code == "" || known {
			return
		}
		if owner, of, found := m.owner(code); found {
			all = append(all, m.refer(who, owner, code, of))
		}
	}
	for _, e := range m.events {
		if s := e.SignUp; s != nil {
			note(s.UserID, s.Code, s.RegisteredAt)
		}
		if a := e.Attribution; a != nil {
			note(a.UserID, a.Code, a.At)
		}
	}
	return all
}

func (m *model) refer(who, owner person, code, of string) referral {
	r := referral{referee: who, referrer: owner, code: code, program: of}
	first, signedUp := m.signUp(who)
	byHand, said := m.byHand(who, of)
	switch {
	case said:
		r.stands, r.at = byHand.Code == code, byHand.At
	case signedUp:
		r.stands = first.Code == code
	}
	if signedUp {
		r.at = first.RegisteredAt
	}
	r.terms = m.terms(of, r.at)
	return r
}

// byHand is the last word of a person on the code that somebody came with, in one program.
func (m *model) byHand(who person, of string) (last fact.Attribution, found bool) {
	for _, e := range m.events { // of one moment, the greater key's
		a := e.Attribution
		if a == nil || m.person(a.UserID, a.At) != who || a.At.Before(last.At) {
			continue
		}
		if _, its, owned := m.owner(a.Code); owned && its == of {
			last, found = *a, true
		}
	}
	return last, found
}
