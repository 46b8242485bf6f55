package model

import (
	"slices"
	"time"

	"github.com/plusone-dev/plusone/internal/fact"
)

// person is somebody. One id may have been several people's: each until they were erased.
type person struct {
	id     string
	erased time.Time // zero for never
}

func (p person) name() string {
	if !p.erased.IsZero() {
		return Forgotten
	}
	return p.id
}

// person is whom an id meant at a time: who is erased next, or else whoever has it today.
func (m *model) person(id string, at time.Time) person {
	p := person{id: id}
	for _, e := range m.events {
		x := e.Erased
		if x == nil || x.UserID != id || x.At.Before(at) {
			continue
		}
		if p.erased.IsZero() || x.At.Before(p.erased) {
			p.erased = x.At.UTC()
		}
	}
	return p
}

// signUp is the earliest sign-up of somebody, which stands.
func (m *model) signUp(p person) (s fact.SignUp, found bool) {
	for _, e := range m.events { // of one moment, the smaller key's
		if e.SignUp == nil || m.person(e.SignUp.UserID, e.SignUp.RegisteredAt) != p {
			continue
		}
		if !found || e.SignUp.RegisteredAt.Before(s.RegisteredAt) {
			s, found = *e.SignUp, true
		}
	}
	return s, found
}

// signedUp are all people who ever signed up.
func (m *model) signedUp() (all []person) {
	for _, e := range m.events {
		if e.SignUp == nil {
			continue
		}
		if p := m.person(e.SignUp.UserID, e.SignUp.RegisteredAt); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// owner is who has a code, and the program that it belongs to.
func (m *model) owner(code string) (who person, of string, found bool) {
	var since time.Time
	claim := func(id, name string, at time.Time) {
		if !found || at.Before(since) {
			who, of, since, found = m.person(id, at), program(name), at, true
		}
	}
	for _, e := range m.events {
		if s := e.SignUp; s != nil && (s.OwnCode == code || m.Drawn(s.UserID) == code) {
			claim(s.UserID, s.Program, s.RegisteredAt)
		}
		if a := e.Assignment; a != nil && a.Code == code {
			claim(a.UserID, a.Program, a.At)
		}
	}
	return who, of, found
}

// verified is when somebody first showed that the address is theirs; zero for never.
func (m *model) verified(p person) (first time.Time) {
	note := func(id string, at time.Time) {
		if m.person(id, at) == p && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, e := range m.events {
		if e.Verified != nil {
			note(e.Verified.UserID, e.Verified.At)
		}
		if e.SignUp != nil && e.SignUp.EmailVerified {
			note(e.SignUp.UserID, e.SignUp.RegisteredAt)
		}
	}
	return first
}

// decision is the last that a person decided about a referral.
func (m *model) decision(r referral) (d fact.Decision) {
	for _, e := range m.events { // of one moment, the greater key's
		x := e.Decision
		if x != nil && x.Code == r.code && m.person(x.UserID, x.At) == r.referee && !x.At.Before(d.At) {
			d = *x
		}
	}
	return d
}
